"""Keeping a dossier equal to a folder, here or through a running server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DossierError, NotFound
from index.load.files import source_of
from index.records import Failure, Source
from index.sync import Folder, Plan, Seen, changes_in, plan
from ui.show import visible

if TYPE_CHECKING:
    from ui.config import Config
    from ui.desk import Desk

FILES_AT_ONCE = 50
BYTES_AT_ONCE = 32_000_000
POLL = 0.1


@dataclass
class Synced:
    """What was done."""

    added: int = 0
    replaced: int = 0
    moved: int = 0
    removed: int = 0
    failed: list[Failure] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Say it; the last line sums up."""
        for failure in self.failed:
            yield f"{visible(failure.name)}: {visible(failure.error)}"
        counts = f"{self.added} added, {self.replaced} replaced, {self.moved} moved, {self.removed} removed"
        yield f"{counts}, {len(self.failed)} failed"


def sync(desk: Desk, config: Config, folder: Folder, dossier: str, *, yes: bool) -> Synced:
    """Make the dossier equal the folder, which was looked at. Raises Conflict for a likely loss."""
    desk.create_dossier(dossier)
    wanted = plan(folder, desk.documents(dossier))
    if not yes:
        wanted.refuse_a_loss(folder.root)
    done = Synced(failed=[Failure(str(one.path), one.reason) for one in folder.skipped if "link" in one.reason])
    _do(desk, config, folder, dossier, wanted, done)
    return done


def keep_in_step(
    opening: Callable[[], AbstractContextManager[Desk]],
    config: Config,
    folder: Folder,
    dossier: str,
    tell: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Sync whenever something changes in the folder; the data folder is open only meanwhile."""
    for _ in changes_in(folder.root, stop):
        try:
            before = folder.seen
            folder.look()
            if folder.seen == before:
                continue
            with opening() as desk:
                done = sync(desk, config, folder, dossier, yes=False)
        except DossierError as error:
            tell(str(error))
            continue
        if done.failed or done.added or done.replaced or done.moved or done.removed:
            for line in done.lines():
                tell(line)


def _do(desk: Desk, config: Config, folder: Folder, dossier: str, wanted: Plan, done: Synced) -> None:
    for document, seen in wanted.move:
        desk.move(document.id, seen.path.name, f"file:{seen.path.resolve()}")
        done.moved += 1
    for batch in _batches(wanted.add, config, folder, done):
        job = desk.add(dossier, batch, "replace")
        while not job.finished:
            time.sleep(POLL)
            job = desk.job(job.id)
        done.added += job.added
        done.replaced += job.replaced
        done.failed += job.failed
    for document in wanted.remove:
        try:
            desk.remove_document(document.id)
            done.removed += 1
        except NotFound:  # someone else was quicker
            continue


def _batches(files: Sequence[Seen], config: Config, folder: Folder, done: Synced) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for seen in files:
        try:
            source = source_of(seen.path, config)
        except DossierError as error:
            folder.seen.pop(f"file:{seen.path.resolve()}", None)
            done.failed.append(Failure(str(seen.path), str(error)))
            continue
        batch.append(source)
        size += len(source.content or b"")
        if len(batch) >= FILES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def folder_of(path: Path, ignored: Sequence[str]) -> Folder:
    """Give the folder to keep in step with."""
    return Folder(path.resolve(), tuple(ignored))
