"""Keeping a dossier equal to a folder, here or through a running server."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.chores import Chore
from index.errors import Cancelled, DossierError, NotFound, Refused
from index.load.files import source_of
from index.records import Failure, Job, Source
from index.sync import Folder, Plan, Seen, changes_in, plan
from ui.desk import OwnDesk, documents_of
from ui.estimating import Expect, Say, judge, unasked, unsaid
from ui.show import visible

if TYPE_CHECKING:
    from index.shelf import Shelf
    from ui.config import Config
    from ui.desk import Desk

FILES_AT_ONCE = 50
BYTES_AT_ONCE = 32_000_000
POLL = 0.1
FOLDERS_NAMED = 200
Tell = Callable[[int, int, str], None]
"""Takes how many files are done, of how many, and the name of the current one; may raise Cancelled."""


def quietly(done: int, of: int, name: str) -> None:
    """Tell nobody."""


@dataclass
class Synced:
    """What was done."""

    added: int = 0
    replaced: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What in a metadata file could not be used."""

    @property
    def behind(self) -> int:
        """How many files are behind us."""
        return self.added + self.replaced + self.unchanged + self.moved + self.removed + len(self.failed)

    def lines(self) -> Iterator[str]:
        """Say it; the last line sums up."""
        for failure in self.failed:
            yield f"{visible(failure.name)}: {visible(failure.error)}"
        yield from map(visible, self.notes)
        counts = f"{self.added} added, {self.replaced} replaced, {self.moved} moved, {self.removed} removed"
        yield f"{counts}, {len(self.failed)} failed"


def sync(
    desk: Desk,
    config: Config,
    folder: Folder,
    dossier: str,
    *,
    yes: bool,
    tell: Tell = quietly,
    say: Say = unsaid,
    expect: Expect = unasked,
) -> Synced:
    """Make the dossier equal the folder, which was looked at.

    Raises Conflict for a likely loss and StorageFull where the disk has no room, unless `yes`, and what `tell` does.

    A file that holds several documents (an archive, a mail box) is one document here, and read as such.
    """
    desk.create_dossier(dossier)
    wanted = plan(folder, desk.documents(dossier))
    if not yes:
        wanted.refuse_a_loss(folder.root)
    judge(desk, (seen.path for seen in wanted.add), say, yes=yes, expect=expect)
    done = Synced(failed=[Failure(str(one.path), one.reason) for one in folder.skipped if "link" in one.reason])
    done.notes += folder.notes
    _do(desk, config, folder, dossier, wanted, done, tell)
    return done


def begin_sync(
    shelf: Shelf, config: Config, path: Path, dossier: str, ignored: Sequence[str], *, yes: bool = False
) -> Job:
    """Begin to make a dossier equal a folder of this machine, for a caller that may not read every folder.

    Raises Refused for a folder that the settings do not allow, NotFound where there is none, and Conflict where most
    of the documents would go, unless `yes`.
    """
    folder = folder_of(allowed(config.folders, path), ignored)
    if not yes:
        _refuse_a_loss(shelf, folder, dossier)
    else:
        folder.glance()  # there is such a folder
    desk = OwnDesk(config, shelf)

    def work(chore: Chore) -> dict[str, Any]:
        chore.tell(0, 0, str(folder.root), "looking")
        folder.look(chore.look)
        done = sync(desk, config, folder, dossier, yes=yes, tell=chore.tell, expect=chore.expect)
        return {"synced": asdict(done)}

    return shelf.begin("sync", work, f"{dossier.casefold()} {folder.root}")


def allowed(roots: Sequence[Path], path: Path) -> Path:
    """Give the real path of a folder, if it lies under one of the roots. Raises Refused."""
    if not roots:
        raise Refused(
            "This server may not read any folder.", 'Name some in its settings: folders = ["/home/me/articles"]'
        )
    real = path.resolve()  # wherever links lead
    if not path.is_absolute() or not any(real.is_relative_to(root.resolve()) for root in roots):
        raise Refused(f"{path} is not in a folder that this server may read.", "Add it to the setting `folders`.")
    return real


def within(roots: Sequence[Path]) -> list[Path]:
    """Name the allowed folders and those right inside them, to choose from; what cannot be read is left out."""
    found: list[Path] = []
    for root in roots:
        found.append(root.resolve())
        with contextlib.suppress(OSError):
            inside = (one for one in sorted(root.resolve().iterdir()) if one.is_dir() and not one.is_symlink())
            found += [one for one in inside if not one.name.startswith(".")][:FOLDERS_NAMED]
    return list(dict.fromkeys(found))


def _refuse_a_loss(shelf: Shelf, folder: Folder, dossier: str) -> None:
    """Compare by names alone, and by content only where much seems to be gone: it may have been moved."""
    try:
        documents = list(documents_of(shelf, dossier))
    except NotFound:
        documents = []
    folder.glance()
    if plan(folder, documents).loses_much:
        folder.look()
        plan(folder, documents).refuse_a_loss(folder.root)


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


def _do(desk: Desk, config: Config, folder: Folder, dossier: str, wanted: Plan, done: Synced, tell: Tell) -> None:
    total = len(wanted.move) + len(wanted.add) + len(wanted.remove)
    for document, seen in wanted.move:
        tell(done.behind, total, document.name)
        desk.move(document.id, seen.path.name, f"file:{seen.path.resolve()}")
        done.moved += 1
    for batch in _batches(wanted.add, config, folder, done):
        _add(desk, dossier, batch, done, total, tell)
    for document in wanted.remove:
        tell(done.behind, total, document.name)
        try:
            desk.remove_document(document.id)
            done.removed += 1
        except NotFound:  # someone else was quicker
            continue
    tell(total, total, "")


def _add(desk: Desk, dossier: str, batch: list[Source], done: Synced, total: int, tell: Tell) -> None:
    job = desk.add(dossier, batch, "replace")
    try:
        while not job.finished:
            tell(done.behind + job.done, total, job.current or "")
            time.sleep(POLL)
            job = desk.job(job.id)
    except (Cancelled, KeyboardInterrupt):
        desk.cancel(job.id)
        raise
    done.added += job.added
    done.replaced += job.replaced
    done.unchanged += job.unchanged
    done.failed += job.failed


def _batches(files: Sequence[Seen], config: Config, folder: Folder, done: Synced) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for seen in files:
        try:
            source = replace(source_of(seen.path, config), metadata=seen.said)
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
