"""Adding files, folders and web pages from the command line: in small jobs, with progress, and cancellable."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DossierError
from index.records import Conflict, Failure, Job, Metadata, Source
from ui.estimating import Say, judge, unsaid
from ui.show import visible

if TYPE_CHECKING:
    from ui.config import Config
    from ui.desk import Desk

FILES_AT_ONCE = 50
BYTES_AT_ONCE = 32_000_000
POLL = 0.1
Tell = Callable[[int, int, str], None]
"""Takes how many files are done, of how many, and the name of the current one."""


@dataclass
class Sum:
    """What became of all files."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    """Files inside a folder or archive that no reader knows."""
    notes: list[str] = field(default_factory=list)
    """What in a metadata file could not be used."""
    cancelled: bool = False

    @property
    def done(self) -> int:
        """How many files are behind us."""
        return self.added + self.replaced + self.unchanged + len(self.failed)

    def count(self, job: Job) -> None:
        """Count what a job did."""
        self.added += job.added
        self.replaced += job.replaced
        self.unchanged += job.unchanged
        self.failed += job.failed

    def lines(self) -> Iterator[str]:
        """Say it."""
        for failure in self.failed:
            yield f"{visible(failure.name)}: {visible(failure.error)}"
        for note in self.notes:
            yield visible(note)
        if self.skipped:
            names = ", ".join(visible(failure.name) for failure in self.skipped[:5])
            yield f"Skipped {len(self.skipped)} that no reader takes: {names}{'...' if len(self.skipped) > 5 else ''}"
        kept = "Stopped; kept what was done: " if self.cancelled else ""
        told = f"{self.added} added, {self.replaced} replaced, {self.unchanged} unchanged, {len(self.failed)} failed"
        yield f"{kept}{told}"


def add_paths(
    desk: Desk,
    config: Config,
    paths: Sequence[Path | str],
    dossier: str,
    on_conflict: Conflict,
    tell: Tell,
    say: Say = unsaid,
    *,
    yes: bool = False,
) -> Sum:
    """Add files, everything readable in folders, and web pages (given as `http` addresses, not as paths).

    Where they are many, `say` is told what they will take. Ctrl-C cancels the job at hand and returns what was kept.
    Raises StorageFull where the disk has no room for them, unless `yes`.
    """
    total = Sum()
    pages = [path for path in paths if isinstance(path, str)]
    files = list(_files([path for path in paths if isinstance(path, Path)], total))
    judge(desk, (path for path, _ in files), say, yes=yes)
    for batch in chain(_pages(pages), _batches(files, config, total)):
        job = desk.add(dossier, batch, on_conflict)
        known = len(pages) + len(files)
        try:
            while not job.finished:
                done = total.done + job.added + job.replaced + job.unchanged
                tell(done, max(known, total.done + job.total), job.current or "")
                time.sleep(POLL)
                job = desk.job(job.id)
        except KeyboardInterrupt:
            total.count(_cancelled(desk, job))
            total.cancelled = True
            return total
        total.count(job)
        total.cancelled = job.state == "cancelled"
        tell(total.done, max(known, total.done), "")
        if total.cancelled:
            return total
    return total


def _cancelled(desk: Desk, job: Job) -> Job:
    job = desk.cancel(job.id)
    until = time.monotonic() + 3
    while not job.finished and time.monotonic() < until:
        time.sleep(POLL)
        job = desk.job(job.id)
    return job


def _pages(addresses: Sequence[str]) -> Iterator[list[Source]]:
    from index.load.fetch import page_of  # only addresses need the network

    for start in range(0, len(addresses), FILES_AT_ONCE):
        yield [page_of(address) for address in addresses[start : start + FILES_AT_ONCE]]


def _files(paths: Sequence[Path], total: Sum) -> Iterator[tuple[Path, Metadata]]:
    """Walk the folders. What was named itself and cannot be read is a failure; inside a folder it is skipped."""
    from index.load.beside import beside  # only adding needs it
    from index.load.files import Skipped, files_of

    for path in paths:
        known = beside(path) if path.is_dir() else None
        found: list[Path] = []
        for file in files_of([path]):
            if isinstance(file, Skipped):
                named = file.path == path
                (total.failed if named else total.skipped).append(Failure(str(file.path), file.reason))
            elif known is None or file != known.path:
                found.append(file)
                yield file, known.of(file) if known else Metadata()
        if known:
            unknown = known.unknown(iter(found))
            total.notes += known.troubles
            total.notes += [f"{known.path.name} names {name}, which is not here" for name in unknown]


def _batches(files: Iterable[tuple[Path, Metadata]], config: Config, total: Sum) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for source in _sources(files, config, total):
        length = len(source.content or b"")
        if batch and (len(batch) >= FILES_AT_ONCE or size + length > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(source)
        size += length
    if batch:
        yield batch


def _sources(files: Iterable[tuple[Path, Metadata]], config: Config, total: Sum) -> Iterator[Source]:
    from index.load import expand  # only adding needs them
    from index.load.files import Skipped, source_of

    for path, metadata in files:
        try:
            source = replace(source_of(path, config), metadata=metadata)
        except DossierError as error:
            total.failed.append(Failure(str(path), str(error)))
            continue
        for document in expand(source, config):
            if isinstance(document, Skipped):
                total.skipped.append(Failure(str(document.path), document.reason))
            else:
                yield document


@contextmanager
def progress() -> Iterator[Tell]:
    """Show a bar while standard error is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda done, all, name: None
        return
    from rich.console import Console  # only where it is seen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("Adding"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, all, name: bar.update(task, completed=done, total=all, description=visible(name))
