"""Waiting for a job that looks after the library: with progress, stopped by Ctrl-C, its error raised."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import Cancelled
from index.records import Job
from ui.show import visible
from ui.unwire import error_of

if TYPE_CHECKING:
    from ui.desk import Desk

POLL = 0.1
LONGEST_POLL = 1.0


def outcome(desk: Desk, job: Job, what: str) -> dict[str, Any]:
    """Wait for a job, showing how far it is, and give its result.

    Raises the error that ended it, Cancelled where someone else cancelled it, and KeyboardInterrupt after Ctrl-C,
    which cancels it.
    """
    pause = POLL / 10
    try:
        with showing(what) as tell:
            while not job.finished:
                tell(job)
                time.sleep(pause)
                pause = min(pause * 1.5, LONGEST_POLL)
                job = desk.job(job.id)
    except KeyboardInterrupt:
        desk.cancel(job.id)
        raise
    if job.error is not None:
        told = {"type": job.error.type, "message": job.error.message, "hint": job.error.hint}
        raise error_of({"error": told})
    if job.result is None:
        raise Cancelled(f"{what} was cancelled.", "Begin it again.")
    result: dict[str, Any] = json.loads(job.result)
    return result


@contextmanager
def showing(what: str) -> Iterator[Callable[[Job], None]]:
    """Show a bar while standard error is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda job: None
        return
    from rich.console import Console  # only where it is seen
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(job: Job) -> None:
            now = " ".join(filter(None, (job.doing, visible(job.current or ""))))
            bar.update(task, completed=job.done, total=job.total or None, description=now)

        yield tell
