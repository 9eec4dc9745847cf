"""Looks after the library in the background: each chore in a thread of its own, told of and stopped like any job."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from index.errors import Cancelled, DossierError, Overloaded
from index.library import ChoreLog
from index.records import Estimate, Job, JobKind, Progress, Step, Trouble

MOST = 8
"""How many chores may be under way or wait at a time."""
PATIENCE_SECONDS = 3.0
"""How long closing waits for chores to stop."""


@dataclass(slots=True)
class Chore:
    """What a chore's work is given: where it tells how far it is, and learns that it shall stop."""

    kind: JobKind
    about: str
    id: str = ""
    progress: Progress = field(default_factory=Progress)
    estimate: Estimate | None = None
    """What it was judged to take, where that was judged."""
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(default_factory=threading.Thread)

    def look(self) -> None:
        """Raise Cancelled when asked to stop; called between small steps."""
        if self.stop.is_set():
            raise Cancelled("It was cancelled.")

    def tell(self, done: int, total: int, current: str | None = None, doing: Step | None = None) -> None:
        """Say how far it is, and stop here when asked to."""
        self.progress = Progress(done, total, current, doing)
        self.look()

    def expect(self, estimate: Estimate) -> None:
        """Say what it will take."""
        self.estimate = estimate


Work = Callable[[Chore], dict[str, Any]]
"""Does a chore and gives what came of it, fit for JSON."""


class Chores:
    """Begins chores, knows how far they are, and stops them."""

    def __init__(self, log: ChoreLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._open: dict[str, Chore] = {}

    def begin(self, kind: JobKind, work: Work, about: str = "") -> Job:
        """Begin a chore; the same one (same `kind` and `about`) that is under way is given instead of a second.

        Raises Overloaded.
        """
        with self._lock:
            for chore in self._open.values():
                if (chore.kind, chore.about) == (kind, about):
                    return self._now(chore)
            if len(self._open) >= MOST:
                raise Overloaded(f"{MOST} chores are under way already.", "Wait for one to end.", retry_after=10)
            chore = Chore(kind, about)
            chore.id = self._log.begin(kind)
            chore.thread = threading.Thread(target=self._run, args=(chore, work), name=kind, daemon=True)
            self._open[chore.id] = chore
            chore.thread.start()
            return self._now(chore)

    def find(self, id: str) -> Job | None:
        """Give a chore as it stands, None where there is none of that id."""
        job = self._log.find(id)
        chore = self._open.get(id)
        return job if job is None or chore is None or job.finished else _shown(job, chore)

    def all(self) -> tuple[Job, ...]:
        """Give every chore, newest first."""
        return tuple(found for job in self._log.all() if (found := self.find(job.id)))

    def cancel(self, id: str, seconds: float) -> None:
        """Ask a chore to stop, and wait a while for it."""
        if chore := self._open.get(id):
            chore.stop.set()
            chore.thread.join(seconds)

    def wait(self, id: str, seconds: float | None) -> None:
        """Wait until a chore has ended, or the time is over."""
        if chore := self._open.get(id):
            chore.thread.join(seconds)

    def close(self) -> None:
        """Stop everything; what does not stop in time is ended by the next opening."""
        chores = list(self._open.values())
        for chore in chores:
            chore.stop.set()
        until = time.monotonic() + PATIENCE_SECONDS
        for chore in chores:
            chore.thread.join(max(0.0, until - time.monotonic()))

    def _run(self, chore: Chore, work: Work) -> None:
        try:
            try:
                result = json.dumps(work(chore), ensure_ascii=False)
                self._log.end(chore.id, result)
            except Cancelled:
                self._log.end(chore.id, cancelled=True)
            except DossierError as error:
                self._log.end(chore.id, error=Trouble(error.type, error.message, error.hint))
            except Exception as error:  # a chore must end, whatever happened
                told = f"Something inside Dossier failed ({type(error).__name__}: {error})."
                self._log.end(chore.id, error=Trouble("internal", told, "Please report it."))
        except DossierError:  # even the end could not be written: the next opening writes it
            pass
        finally:
            with self._lock:
                self._open.pop(chore.id, None)

    def _now(self, chore: Chore) -> Job:
        found = self._log.find(chore.id)
        return _shown(found or Job(chore.id, "running", 0, kind=chore.kind), chore)


def _shown(job: Job, chore: Chore) -> Job:
    progress = chore.progress
    return replace(
        job,
        total=progress.total,
        done=progress.done,
        current=progress.current,
        doing=progress.doing,
        part_done=progress.part_done,
        part_total=progress.part_total,
        estimate=chore.estimate,
    )
