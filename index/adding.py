"""The worker that adds documents: works off the queue and lets questions pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from index.errors import Cancelled, DossierError, LibraryBusy
from index.library import Item, Library
from index.records import Handled, Job, Lap, Progress, Step
from index.storing import Craft, Outrun, Storing

RETRY_SECONDS = 10
NOTED_FROM = 20
"""Passages by which it is learnt how long adding takes; those of few take longer, for what they have in common."""
PATIENCE_SECONDS = 0.25
"""How long one step waits for questions under way."""


class Adding:
    """Works off the queue in one thread of its own, and lets questions pass."""

    def __init__(self, library: Library, craft: Craft, searchable: Callable[[int], object]) -> None:
        self._library = library
        self._storing = Storing(library, craft, self._let_pass, self._note)
        self._searchable = searchable
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._asking = 0
        self._trouble = ""
        self._added = 0
        """Passages since the last job ended, and how many seconds they took."""
        self._seconds = 0.0
        self._at = Progress()
        """How far the file at hand is."""
        self._steps: list[tuple[Step, float]] = []
        """Its steps, and when each began."""
        self.handled: Callable[[Handled], object] = lambda handled: None
        """Told of every file that is done with."""
        self._thread = threading.Thread(target=self._run, name="adding", daemon=True)

    def start(self) -> None:
        """Begin with what is left of earlier jobs."""
        self._wake.set()
        self._thread.start()

    def notice(self) -> None:
        """Tell that something was queued or cancelled."""
        self._wake.set()

    def close(self) -> None:
        """Stop at the next small step; what is left is done after the next start."""
        self._stop.set()
        self._wake.set()
        self._tell()
        if self._thread.is_alive():
            self._thread.join()

    def trouble(self) -> str:
        """Say what keeps the worker from going on, nothing when all is well."""
        return self._trouble

    def shown(self, job: Job) -> Job:
        """Give a job with how far its current file is."""
        now = self._at
        if job.current is None or job.current != now.current:
            return job
        return replace(job, doing=now.doing, part_done=now.part_done, part_total=now.part_total)

    def wait_for(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until something is so, looking whenever the worker got on."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stop.is_set() or done(), timeout)

    def asking(self, change: Literal[1, -1]) -> None:
        """Count the questions under way; the worker lets them pass between two steps."""
        with self._changed:
            self._asking += change
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work_off()
                self._trouble = ""
                self._wake.wait()
            except Cancelled:
                continue
            except Exception as error:  # no room, a damaged file: say so, and try again
                self._trouble = str(error)
                self._wake.wait(RETRY_SECONDS)
            self._wake.clear()

    def _work_off(self) -> None:
        while not self._stop.is_set():
            self._end_jobs()
            item = self._library.jobs.next()
            if item is None:
                return
            self._library.jobs.start(item.job)
            try:
                with self._timed(item):
                    item = self._storing.fetched(item)
                    began = time.perf_counter()
                    self._added += self._storing.do(item)
                    self._seconds += time.perf_counter() - began
            except Cancelled:
                pass  # settled as cancelled already, or left for the next start
            except Outrun:
                continue
            except LibraryBusy:
                raise
            except DossierError as error:
                self._settle_failure(item, str(error))
            except Exception as error:  # one bad file must not stop the others
                self._settle_failure(item, f"{type(error).__name__}: {error}")
            self._tell()

    def _end_jobs(self) -> None:
        """End the jobs of which everything is settled, once it can be found by words too."""
        for job, dossier in self._library.jobs.all_settled():
            self._searchable(dossier)
            self._library.jobs.end(job)
            self._tell()
        if self._added >= NOTED_FROM:
            self._library.rates.note(self._added, self._seconds)
            self._added, self._seconds = 0, 0.0

    def _settle_failure(self, item: Item, error: str) -> None:
        self._library.jobs.settle(item, "failed", error=error)
        if item.original:
            self._library.forget_originals({item.original})

    @contextmanager
    def _timed(self, item: Item) -> Iterator[None]:
        """Tell afterwards how long each step took, and what kind of error ended the last."""
        began, wrong = time.perf_counter(), None
        self._steps.clear()
        try:
            yield
        except Exception as error:
            wrong = type(error).__name__
            raise
        finally:
            moments = [*(moment for _, moment in self._steps), time.perf_counter()]
            names = [step for step, _ in self._steps]
            laps = tuple(map(Lap, names, moments, moments[1:]))
            self.handled(Handled(item.kind, began, moments[-1], laps, wrong))

    def _note(self, item: Item, doing: Step, done: int, of: int) -> None:
        if not self._steps or self._steps[-1][0] != doing:
            self._steps.append((doing, time.perf_counter()))
        self._at = Progress(current=item.name, doing=doing, part_done=done, part_total=of)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _let_pass(self, item: Item) -> None:
        """Wait a moment for questions under way; stop when asked to."""
        with self._changed:
            self._changed.wait_for(lambda: self._asking == 0 or self._stop.is_set(), PATIENCE_SECONDS)
        if self._stop.is_set() or not self._library.jobs.open(item):
            raise Cancelled("The job was cancelled.")
