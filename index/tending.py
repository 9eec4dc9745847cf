"""Looking after an open shelf: compacting, mending, embedding again, backing up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from index import checkup
from index.config import IndexConfig
from index.errors import Conflict
from index.library import Library
from index.library.backup import Backup, back_up, sweep
from index.records import Compacted
from index.reindex import embed_again
from index.storing import Craft
from index.upkeep import Upkeep

BACKUPS = "backups"


class Tending:
    """Does one such thing at a time; questions are answered and documents added meanwhile."""

    def __init__(self, config: IndexConfig, library: Library, upkeep: Upkeep, craft: Craft) -> None:
        self._data = config.data
        self._history_days = config.history_days
        self._library = library
        self._upkeep = upkeep
        self._craft = craft
        self._lock = threading.Lock()

    def back_up(self) -> Backup:
        """Write the library and the original files of this moment into an archive in `backups`."""
        with self._alone():
            return back_up(self._library, self._data / BACKUPS)

    def reindex(self) -> int:
        """Embed every passage again, mend the vectors that differ, and build both indexes anew; give how many."""
        with self._alone():
            mended = embed_again(self._library, self._craft)
            self._upkeep.build_anew()
            return mended

    def mend(self) -> tuple[str, ...]:
        """Mend what can be mended from the library itself; say what was done."""
        with self._alone():
            odd = checkup.odd_vectors(self._library, self._craft.embedder.dimensions)
            mended = embed_again(self._library, self._craft, odd) if odd else 0
            self._upkeep.build_anew()
            self._library.originals.keep_only(self._library.documents.originals())
            sweep(self._data / BACKUPS)
        return (*((f"Embedded {mended} passages again.",) if mended else ()), "Built every index anew.")

    def compact(self) -> Compacted:
        """Drop what nobody may cite or needs any more, from every file of the data folder but backups."""
        library = self._library
        with self._alone():
            before = _size(self._data)
            history = self.forget_old_history()
            with library.database.write():
                versions = library.documents.forget_superseded()
                vectors = library.embeddings.forget_unused()
                jobs = library.jobs.forget_ended()
            library.passages.forget()
            with library.originals.lock:
                library.originals.keep_only(library.documents.originals())
            self._upkeep.build_anew()
            changes = sum(
                library.changes.trim(dossier, self._upkeep.passed(dossier)) for dossier in library.dossiers.ids()
            )
            sweep(self._data / BACKUPS)
            library.database.shrink()
            return Compacted(versions, vectors, changes, jobs, before, _size(self._data), history)

    def forget_old_history(self) -> int:
        """Forget conversations and single answers that were not used for `history_days`; give how many."""
        if not self._history_days:
            return 0
        return self._library.history.forget_before(datetime.now(UTC) - timedelta(days=self._history_days))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise Conflict("The library is being looked after already.", "Try again when that has ended.")
        try:
            yield
        finally:
            self._lock.release()


def _size(data: Path) -> int:
    """Count the bytes of library, indexes and original files."""
    rooms = [data / "indexes", data / "originals"]
    files = [*data.glob("library.sqlite*"), *(path for room in rooms for path in room.rglob("*"))]
    return sum(path.stat().st_size for path in files if path.is_file())
