"""The change log: what every index replays from its own stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Literal

from index.errors import IndexDamaged
from index.library.database import Database


@dataclass(frozen=True, slots=True)
class Replay:
    """What happened to a dossier's passages since a stamp; the last operation on a passage counts."""

    seq: int
    """The stamp after it is applied."""
    put: tuple[int, ...]
    """Keys of passages that are new, or whose vector or title changed."""
    removed: tuple[int, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.put or self.removed)


class Changes:
    """Records operations on passages in the transaction that does them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, dossier: int, operation: Literal["put", "remove"], passages: Sequence[int]) -> None:
        """Note an operation on passages, as part of the open transaction."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO changes (dossier, operation, passage) VALUES (?, ?, ?)",
                [(dossier, operation, passage) for passage in passages],
            )

    def last(self, dossier: int) -> int:
        """Give the number of the last change of a dossier, 0 before the first."""
        with self._database.read() as connection:
            row = connection.execute("SELECT max(seq) FROM changes WHERE dossier = ?", (dossier,)).fetchone()
        return int(row[0] or 0)

    def count(self, dossier: int, seq: int) -> int:
        """Count the changes after the change `seq`."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT count(*) FROM changes WHERE dossier = ? AND seq > ?", (dossier, seq))
            return int(rows.fetchone()[0])

    def since(self, dossier: int, seq: int) -> Replay:
        """Give what happened after the change `seq`. Raises IndexDamaged where that was trimmed: build anew then."""
        last: dict[int, str] = {}
        with self._database.read() as connection:
            if seq < (trimmed := self._trimmed(connection, dossier)):
                raise IndexDamaged(f"What happened between the changes {seq} and {trimmed} is not kept any more.")
            for number, operation, passage in connection.execute(
                "SELECT seq, operation, passage FROM changes WHERE dossier = ? AND seq > ? ORDER BY seq", (dossier, seq)
            ):
                last[passage] = operation
                seq = number
        put = tuple(key for key, operation in last.items() if operation == "put")
        return Replay(seq, put, tuple(key for key, operation in last.items() if operation == "remove"))

    def trim(self, dossier: int, passed: int) -> int:
        """Forget the changes up to `passed`, which every index shows, but for the last one; give how many."""
        with self._database.write() as connection:
            upto = min(passed, self.last(dossier))
            if upto <= self._trimmed(connection, dossier):
                return 0
            connection.execute(
                "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                (_name(dossier), str(upto)),
            )
            return connection.execute(
                "DELETE FROM changes WHERE dossier = ?1 AND seq <= ?2"
                " AND seq < (SELECT max(seq) FROM changes WHERE dossier = ?1)",
                (dossier, upto),
            ).rowcount

    @staticmethod
    def _trimmed(connection: Connection, dossier: int) -> int:
        row = connection.execute("SELECT value FROM settings WHERE name = ?", (_name(dossier),)).fetchone()
        return int(row[0]) if row else 0


def _name(dossier: int) -> str:
    return f"changes of {dossier} trimmed up to"
