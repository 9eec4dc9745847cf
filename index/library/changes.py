"""The change log: what every index replays from its own stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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

    def since(self, dossier: int, seq: int) -> Replay:
        """Give what happened after the change `seq`."""
        last: dict[int, str] = {}
        with self._database.read() as connection:
            for number, operation, passage in connection.execute(
                "SELECT seq, operation, passage FROM changes WHERE dossier = ? AND seq > ? ORDER BY seq", (dossier, seq)
            ):
                last[passage] = operation
                seq = number
        put = tuple(key for key, operation in last.items() if operation == "put")
        return Replay(seq, put, tuple(key for key, operation in last.items() if operation == "remove"))
