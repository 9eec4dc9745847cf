"""Durable jobs: what is to be added is stored before it is acknowledged, and survives a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from index.errors import NotFound
from index.library.database import Database
from index.library.rows import new_id, now, pack_metadata, unpack_metadata
from index.records import Conflict, Failure, Job, JobState, Metadata, Outcome

SELECT = """
SELECT j.key, j.id, j.cancelled, j.started, j.ended, count(i.ordinal),
       sum(i.outcome = 'added'), sum(i.outcome = 'replaced'), sum(i.outcome = 'unchanged'), sum(i.outcome = 'failed'),
       coalesce(sum(i.passages), 0)
FROM jobs j LEFT JOIN job_items i ON i.job = j.key
"""
INSERT = """
INSERT INTO job_items (job, ordinal, name, source, given, text, original, outcome, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One source of a job, waiting to be added (or one document, waiting to be embedded anew)."""

    job: int
    ordinal: int
    kind: Literal["add", "refresh"]
    dossier: int
    on_conflict: Conflict
    name: str
    source: str
    """The source's address; of a refresh, the document's id."""
    given: Metadata
    text: str | None
    original: str | None
    """The name of its file in the folder of originals."""


@dataclass(frozen=True, slots=True)
class Order:
    """One source about to be queued: text, an original, or neither where its address is to be fetched."""

    name: str
    source: str
    given: Metadata
    text: str | None
    original: str | None
    refused: str | None = None
    """Why it is not added, where that is known already."""


class Jobs:
    """Keeps the queue; whether a job is running, done or failed is derived from its items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(
        self, kind: Literal["add", "refresh"], dossier: int, on_conflict: Conflict, orders: Sequence[Order]
    ) -> str:
        """Store a job with all its sources; it is durable when this returns. Give its id."""
        id = new_id("j")
        with self._database.write() as connection:
            (key,) = connection.execute(
                "INSERT INTO jobs (id, kind, dossier, on_conflict, created) VALUES (?, ?, ?, ?, ?) RETURNING key",
                (id, kind, dossier, on_conflict, now()),
            ).fetchone()
            connection.executemany(INSERT, _rows(key, orders, 0))
        return id

    def find(self, id: str) -> Job:
        """Give a job as it stands. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(SELECT + " WHERE j.id = ? GROUP BY j.key", (id,)).fetchone()
            if row is None:
                raise NotFound(f"There is no job {id!r}.", "It may have gone with its dossier.")
            return self._job(row)

    def all(self) -> tuple[Job, ...]:
        """Give every job of adding, newest first."""
        with self._database.read() as connection:
            rows = connection.execute(SELECT + " WHERE j.kind = 'add' GROUP BY j.key ORDER BY j.key DESC").fetchall()
            return tuple(self._job(row) for row in rows)

    def waiting(self) -> int:
        """Count the jobs that have not ended."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT count(*) FROM jobs WHERE ended IS NULL").fetchone()[0])

    def left(self, id: str) -> list[tuple[str, int, str | None]]:
        """Give the name, the bytes of its text and the original file of everything that a job has not done yet."""
        with self._database.read() as connection:
            return connection.execute(
                "SELECT i.name, coalesce(length(CAST(i.text AS BLOB)), 0), i.original"
                " FROM jobs j JOIN job_items i ON i.job = j.key WHERE j.id = ? AND i.outcome IS NULL",
                (id,),
            ).fetchall()

    def refreshes(self, document: str) -> bool:
        """Say whether a document, by its id, waits to be embedded anew."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM jobs j JOIN job_items i ON i.job = j.key"
                " WHERE j.ended IS NULL AND j.kind = 'refresh' AND i.outcome IS NULL AND i.source = ?",
                (document,),
            ).fetchone()
        return row is not None

    def next(self) -> Item | None:
        """Give the first item of the oldest job that has items left."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT j.key, i.ordinal, j.kind, j.dossier, j.on_conflict, i.name, i.source, i.given, i.text,"
                " i.original FROM jobs j JOIN job_items i ON i.job = j.key"
                " WHERE j.ended IS NULL AND i.outcome IS NULL ORDER BY j.key, i.ordinal LIMIT 1"
            ).fetchone()
        if row is None:
            return None
        job, ordinal, kind, dossier, on_conflict, name, source, given, text, original = row
        return Item(job, ordinal, kind, dossier, on_conflict, name, source, unpack_metadata(given), text, original)

    def start(self, job: int) -> None:
        """Note that work on a job has begun."""
        with self._database.write() as connection:
            connection.execute("UPDATE jobs SET started = ? WHERE key = ? AND started IS NULL", (now(), job))

    def settle(self, item: Item, outcome: Outcome | Literal["failed"], passages: int = 0, error: str = "") -> bool:
        """Note what became of an item and drop its text, unless it was cancelled meanwhile; give whether."""
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE job_items SET outcome = ?, passages = ?, error = ?, text = NULL"
                " WHERE job = ? AND ordinal = ? AND outcome IS NULL",
                (outcome, passages, error or None, item.job, item.ordinal),
            )
            return done.rowcount == 1

    def attach(self, item: Item, name: str, original: str) -> bool:
        """Note what was fetched for an item, unless it was cancelled meanwhile; give whether."""
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE job_items SET name = ?, original = ? WHERE job = ? AND ordinal = ? AND outcome IS NULL",
                (name, original, item.job, item.ordinal),
            )
            return done.rowcount == 1

    def unfold(self, item: Item, orders: Sequence[Order]) -> bool:
        """Put what a feed lists in the place of its item, unless it was cancelled meanwhile; give whether."""
        with self._database.write() as connection:
            done = connection.execute(
                "DELETE FROM job_items WHERE job = ? AND ordinal = ? AND outcome IS NULL", (item.job, item.ordinal)
            )
            (last,) = connection.execute(
                "SELECT coalesce(max(ordinal), -1) FROM job_items WHERE job = ?", (item.job,)
            ).fetchone()
            if done.rowcount == 1:
                connection.executemany(INSERT, _rows(item.job, orders, max(last, item.ordinal) + 1))
            return done.rowcount == 1

    def open(self, item: Item) -> bool:
        """Say whether the item is still to be done."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM job_items WHERE job = ? AND ordinal = ? AND outcome IS NULL", (item.job, item.ordinal)
            ).fetchone()
        return row is not None

    def cancel(self, id: str) -> set[str]:
        """Cancel what is left of a job; give the original files of what will not be added."""
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (id,)).fetchone() is None:
                raise NotFound(f"There is no job {id!r}.", "It may have gone with its dossier.")
            rows = connection.execute(
                "UPDATE job_items SET outcome = 'cancelled', text = NULL WHERE outcome IS NULL"
                " AND job = (SELECT key FROM jobs WHERE id = ? AND ended IS NULL) RETURNING original",
                (id,),
            ).fetchall()
            if rows:
                connection.execute("UPDATE jobs SET cancelled = 1 WHERE id = ?", (id,))
            return {row[0] for row in rows if row[0]}

    def originals_of_dossier(self, dossier: int) -> set[str]:
        """Give the original files that wait in the jobs of a dossier."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT original FROM job_items WHERE job IN (SELECT key FROM jobs WHERE dossier = ?)", (dossier,)
            )
            return {row[0] for row in rows if row[0]}

    def all_settled(self) -> list[tuple[int, int]]:
        """Give job and dossier of the jobs that have nothing left to do but to end."""
        with self._database.read() as connection:
            return connection.execute(
                "SELECT key, dossier FROM jobs WHERE ended IS NULL AND NOT EXISTS"
                " (SELECT 1 FROM job_items WHERE job = jobs.key AND outcome IS NULL) ORDER BY key"
            ).fetchall()

    def end(self, job: int) -> None:
        """Note that everything of a job is durable and searchable; a refresh is forgotten."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM jobs WHERE key = ? AND kind = 'refresh'", (job,))
            connection.execute(
                "UPDATE jobs SET ended = ?, started = coalesce(started, created) WHERE key = ?", (now(), job)
            )

    def forget_ended(self) -> int:
        """Forget the jobs that have ended; give how many."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM jobs WHERE ended IS NOT NULL").rowcount

    def _job(self, row: tuple[Any, ...]) -> Job:
        key, id, cancelled, started, ended, total, added, replaced, unchanged, failed, passages = row
        failures: list[tuple[str, str]] = []
        current = None
        with self._database.read() as connection:
            if failed:
                failures = connection.execute(
                    "SELECT name, error FROM job_items WHERE job = ? AND outcome = 'failed' ORDER BY ordinal", (key,)
                ).fetchall()
            if started and not ended:
                current = connection.execute(
                    "SELECT name FROM job_items WHERE job = ? AND outcome IS NULL ORDER BY ordinal LIMIT 1", (key,)
                ).fetchone()
        return Job(
            id,
            _state(bool(started), bool(ended), bool(cancelled), total > 0 and failed == total),
            total,
            added or 0,
            replaced or 0,
            unchanged or 0,
            tuple(Failure(name, error) for name, error in failures),
            passages,
            current[0] if current else None,
            started,
            ended,
            done=total if ended else sum(count or 0 for count in (added, replaced, unchanged, failed)),
        )


def _rows(job: int, orders: Sequence[Order], first: int) -> Iterator[tuple[object, ...]]:
    for ordinal, order in enumerate(orders, first):
        outcome = None if order.refused is None else "failed"
        said = (order.name, order.source, pack_metadata(order.given), order.text, order.original)
        yield (job, ordinal, *said, outcome, order.refused)


def _state(started: bool, ended: bool, cancelled: bool, all_failed: bool) -> JobState:
    if not ended:
        return "running" if started else "queued"
    if cancelled:
        return "cancelled"
    return "failed" if all_failed else "done"
