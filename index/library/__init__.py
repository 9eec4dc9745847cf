"""The library: one SQLite file that is the truth about documents, passages, vectors and jobs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from index.errors import LibraryDamaged, StorageFull
from index.library.changes import Changes, Replay
from index.library.chores import ChoreLog
from index.library.database import Database, translated
from index.library.documents import Arrival, Documents, Stored
from index.library.dossiers import Dossiers
from index.library.embeddings import Embeddings, Vectors, digest_of
from index.library.erasing import Erasing
from index.library.history import History
from index.library.jobs import Item, Jobs, Order
from index.library.originals import Originals
from index.library.passages import Cut, Kept, Passages
from index.library.rates import Rates
from index.library.sweeping import Sweeper

__all__ = [
    "Arrival",
    "ChoreLog",
    "Cut",
    "History",
    "Item",
    "Kept",
    "Library",
    "Order",
    "Replay",
    "Stored",
    "Vectors",
    "digest_of",
]

FILE = "library.sqlite"


class Library:
    """The rooms of the library, over one database and one folder of original files."""

    def __init__(self, database: Database, originals: Originals) -> None:
        self.database = database
        self.originals = originals
        self.dossiers = Dossiers(database)
        self.documents = Documents(database)
        self.passages = Passages(database)
        self.embeddings = Embeddings(database)
        self.changes = Changes(database)
        self.jobs = Jobs(database)
        self.history = History(database)
        self._erasing = Erasing(database)
        self.chores = ChoreLog(database)
        self.rates = Rates(database, originals.folder)
        self.sweeper = Sweeper(self.forget_originals)

    @classmethod
    def open(cls, data: Path) -> Library:
        """Open the library of a data folder, or make one. Raises LibraryDamaged, StorageFull."""
        path = data / FILE
        _refuse_a_lost_library(path)
        library = cls(Database(path), Originals(data / "originals"))
        library.originals.keep_only(library.documents.originals())
        with suppress(LibraryDamaged):  # one answer that cannot be read keeps nobody out; the next removal tells of it
            library._finish_erasing()
        return library

    def remove_document(self, key: int, dossier: int) -> None:
        """Remove a document with its versions, passages, vectors that no one else uses, and original files."""
        with self.originals.lock:
            with self.database.write():
                originals = self.documents.originals_of("document", key)
                self.changes.record(dossier, "remove", self.passages.keys_of_document(key))
                self._erasing.note_document(key)
                embeddings = self.passages.remove(key)
                self.documents.remove(key)
                self.embeddings.forget_unused(embeddings)
            self._forget(originals)
        self._finish_erasing()

    def remove_dossier(self, key: int) -> None:
        """Remove a dossier with everything in it."""
        with self.originals.lock:
            originals = self.documents.originals_of("dossier", key) | self.jobs.originals_of_dossier(key)
            with self.database.write():
                self._erasing.note_dossier(key)
                self.dossiers.remove(key)
                self.embeddings.forget_unused()
            self._forget(originals)
        self._finish_erasing()

    def forget_originals(self, names: set[str]) -> None:
        """Delete those of the original files that nothing needs any more."""
        with self.originals.lock:
            self.originals.remove(self.documents.unneeded(names))

    def _forget(self, originals: set[str]) -> None:
        self.passages.forget()
        self.originals.remove(self.documents.unneeded(originals))

    def _finish_erasing(self) -> None:
        """Take what was removed out of every answer and out of the log."""
        self._erasing.finish()
        self.database.empty_log()

    def close(self) -> None:
        """Stop sweeping and close every connection."""
        self.sweeper.close()
        self.database.close()


def _refuse_a_lost_library(path: Path) -> None:
    """An empty or absent file beside indexes is a loss to be told of, not a library to begin."""
    try:
        lost = not path.exists() or path.stat().st_size == 0
        if lost and (path.parent / "indexes").is_dir():
            raise LibraryDamaged(
                f"{path} is {'empty' if path.exists() else 'missing'}, but the folder holds a library's indexes.",
                f"Run `dossier restore BACKUP --data {path.parent}`, or move {path.parent} away to begin anew.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFull(
            f"{path.parent} cannot be used ({error}).", "Make it writable, or set DOSSIER_DATA."
        ) from error


def sound(library: Library) -> list[str]:
    """Check the file's structure and every passage's text; give what is wrong, nothing when all is well."""
    with library.database.read() as connection, translated(library.database.path):
        wrong = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
        wrong += [f"a row of {row[0]} lacks its {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return wrong
