"""Looking after an open shelf: compacting, mending, embedding again, backing up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from index import checkup
from index.chores import Chore
from index.config import IndexConfig
from index.errors import Conflict
from index.library import Library
from index.library.backup import Backup, back_up, sweep
from index.records import Compacted, Health, JobKind, Reindexed
from index.reindex import embed_again, read_again, split_again
from index.storing import Craft
from index.upkeep import Upkeep

BACKUPS = "backups"
WAIT_SECONDS = 0.2


class Tending:
    """Does one such thing at a time; questions are answered and documents added meanwhile.

    With a chore, a method tells how far it is, stops when that is asked to, and waits for its turn; without one it
    raises Conflict while another is at work.
    """

    def __init__(self, config: IndexConfig, library: Library, upkeep: Upkeep, craft: Craft) -> None:
        self._config = config
        self._data = config.data
        self._history_days = config.history_days
        self._library = library
        self._upkeep = upkeep
        self._craft = craft
        self._lock = Lock()

    def work(self, kind: JobKind) -> Callable[[Chore], dict[str, Any]]:
        """Give what does a chore of this kind, with its outcome fit for JSON."""
        return {
            "backup": lambda chore: {"backup": asdict(self.back_up(chore))},
            "reindex": lambda chore: asdict(self.reindex(chore)),
            "compact": lambda chore: {"compacted": asdict(self.compact(chore))},
            "mend": lambda chore: {"done": list(self.mend(chore))},
            "doctor": lambda chore: {"checks": [asdict(health) for health in self.doctor(chore)]},
        }[kind]

    def doctor(self, chore: Chore | None = None) -> tuple[Health, ...]:
        """Look over every part; others may work meanwhile."""
        chore = chore or Chore("doctor", "", stop=self._upkeep.stopping)
        return checkup.of(self._config, self._library, self._upkeep, self._craft, chore.tell)

    def back_up(self, chore: Chore | None = None) -> Backup:
        """Write the library and the original files of this moment into an archive in `backups`."""
        with self._alone("backup", chore) as chore:
            return back_up(self._library, self._data / BACKUPS, chore.tell)

    def reindex(self, chore: Chore | None = None) -> Reindexed:
        """Split what another splitter cut, embed every passage again, mend the vectors that differ, build all anew."""
        with self._alone("reindex", chore) as chore:
            split = split_again(self._library, self._craft, partial(chore.tell, doing="splitting"))
            mended = embed_again(self._library, self._craft, partial(chore.tell, doing="embedding"))
            self._build_anew(chore)
            return Reindexed(split, mended)

    def mend(self, chore: Chore | None = None) -> tuple[str, ...]:
        """Mend what can be mended from the library itself; say what was done."""
        library = self._library
        with self._alone("mend", chore) as chore:
            _, unread = library.documents.changed_rows()
            read = read_again(library, self._craft, [key for key, _ in unread])
            library.passages.forget()
            odd = checkup.odd_vectors(library, self._craft)
            mended = embed_again(library, self._craft, chore.tell, odd) if odd else 0
            self._build_anew(chore)
            library.originals.keep_only(library.documents.originals())
            sweep(self._data / BACKUPS)
        return (
            *((f"Read {len(read)} documents again.",) if read else ()),
            *((f"Embedded {mended} passages again.",) if mended else ()),
            "Built every index anew.",
        )

    def compact(self, chore: Chore | None = None) -> Compacted:
        """Drop what nobody may cite or needs any more, from every file of the data folder but backups."""
        library = self._library
        with self._alone("compact", chore) as chore:
            before = _size(self._data)
            history = self.forget_old_history()
            with library.database.write():
                versions = library.documents.forget_superseded()
                vectors = library.embeddings.forget_unused()
                jobs = library.jobs.forget_ended() + library.chores.forget_ended()
            library.passages.forget()
            with library.originals.lock:
                library.originals.keep_only(library.documents.originals())
            self._build_anew(chore)
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

    def _build_anew(self, chore: Chore) -> None:
        chore.tell(0, 1, "indexes", "storing")
        self._upkeep.build_anew(chore.stop)
        chore.tell(1, 1, "indexes", "storing")

    @contextmanager
    def _alone(self, kind: JobKind, chore: Chore | None) -> Iterator[Chore]:
        mine = chore or Chore(kind, "", stop=self._upkeep.stopping)
        while not self._lock.acquire(timeout=WAIT_SECONDS if chore else 0):
            if chore is None:
                raise Conflict("The library is being looked after already.", "Try again when that has ended.")
            mine.tell(0, 0, doing="waiting")
        try:
            yield mine
        finally:
            self._lock.release()


def _size(data: Path) -> int:
    """Count the bytes of library, indexes and original files."""
    rooms = [data / "indexes", data / "originals"]
    files = [*data.glob("library.sqlite*"), *(path for room in rooms for path in room.rglob("*"))]
    return sum(path.stat().st_size for path in files if path.is_file())
