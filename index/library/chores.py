"""Looking after the library, as durable jobs: what was begun, and what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from index.library.database import Database
from index.library.rows import new_id, now, sound_row
from index.records import Job, JobKind, JobState, Trouble

KEPT = 100
"""How many ended chores are remembered."""
STOPPED = Trouble("cancelled", "Dossier was stopped before this was done.", "Begin it again.")
SELECT = "SELECT id, kind, started, ended, cancelled, result, error FROM chores"


class ChoreLog:
    """Keeps chores; those of a process that is gone have ended with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, kind: JobKind) -> str:
        """Write down that a chore begins; give its id."""
        id = new_id("j")
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO chores (id, kind, created, started) VALUES (?, ?, ?, ?)", (id, kind, now(), now())
            )
            connection.execute(
                "DELETE FROM chores WHERE ended IS NOT NULL"
                " AND key NOT IN (SELECT key FROM chores ORDER BY key DESC LIMIT ?)",
                (KEPT,),
            )
        return id

    def end(self, id: str, result: str | None = None, error: Trouble | None = None, *, cancelled: bool = False) -> None:
        """Write down what came of a chore, unless that is known already."""
        told = None if error is None else json.dumps(asdict(error), ensure_ascii=False)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE chores SET ended = ?, cancelled = ?, result = ?, error = ? WHERE id = ? AND ended IS NULL",
                (now(), int(cancelled), result, told, id),
            )

    def end_abandoned(self) -> None:
        """End what an earlier process began and did not finish."""
        for job in self.all():
            if not job.finished:
                self.end(job.id, error=STOPPED)

    def find(self, id: str) -> Job | None:
        """Give a chore as it was written down, None where there is none of that id."""
        with self._database.read() as connection:
            row = connection.execute(SELECT + " WHERE id = ?", (id,)).fetchone()
        return None if row is None else _job(row)

    def all(self) -> tuple[Job, ...]:
        """Give every chore, newest first."""
        with self._database.read() as connection:
            return tuple(map(_job, connection.execute(SELECT + " ORDER BY key DESC").fetchall()))

    def forget_ended(self) -> int:
        """Forget what has ended; give how many."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM chores WHERE ended IS NOT NULL").rowcount


def _job(row: tuple[Any, ...]) -> Job:
    id, kind, started, ended, cancelled, result, error = row
    with sound_row("chores"):
        trouble = Trouble(**json.loads(error)) if error else None
    ending: JobState = "cancelled" if cancelled else "failed" if trouble else "done"
    state: JobState = ending if ended else "running"
    return Job(id, state, 0, started=started, ended=ended, kind=kind, result=result, error=trouble)
