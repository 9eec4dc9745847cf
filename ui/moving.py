"""Whole dossiers and backups on their way out of a library and into one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import Conflict, StorageFull, UnreadableFile
from index.records import Document, Failure, Metadata, Source
from ui import conversations_moving

if TYPE_CHECKING:
    from ui.desk import Desk

FORMAT = "dossier-export-1"
MANIFEST = "manifest.json"
HISTORY = "history.json"
FILES_AT_ONCE = 50
BYTES_AT_ONCE = 32_000_000
POLL = 0.1
FIELDS = ("title", "publisher", "author", "published", "url")


def move_out(made: Path, file: Path) -> Path:
    """Move a backup to where the person wants it, also onto another disk; never over an existing file."""
    target = file / made.name if file.is_dir() else file
    _refuse_existing(target)
    with _writing(target):
        unfinished = target.with_name(target.name + ".part")
        shutil.copyfile(made, unfinished)
        unfinished.chmod(0o600)
        _finish(unfinished, target)
    made.unlink()
    return target


def write_new(file: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises Conflict for an existing one, StorageFull."""
    _refuse_existing(file)
    with _writing(file):
        unfinished = file.with_name(file.name + ".part")
        unfinished.write_bytes(content)
        _finish(unfinished, file)


def export_dossier(desk: Desk, name: str, file: Path) -> int:
    """Write the documents of a dossier, as they were added, with what is known and was asked of them; give how many."""
    _refuse_existing(file)
    entries: list[dict[str, Any]] = []
    with _writing(file):
        unfinished = file.with_name(file.name + ".part")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, document in enumerate(desk.documents(name), 1):
                content = desk.original(document.id)
                member = f"documents/{number:06}{Path(document.name).suffix[:10]}"
                archive.writestr(member, content)
                entries.append(_entry(document, member, content))
            asked = conversations_moving.packed(desk.history, name)
            archive.writestr(HISTORY, asked)
            manifest = {
                "format": FORMAT,
                "dossier": name,
                "documents": entries,
                "history": {"file": HISTORY, "sha256": hashlib.sha256(asked).hexdigest()},
            }
            archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        _finish(unfinished, file)
    return len(entries)


def import_dossier(desk: Desk, file: Path, name: str | None) -> tuple[str, int, int, list[Failure]]:
    """Make a dossier of an exported one; give its name, how many documents and answers it has now, and what failed.

    Raises UnreadableFile, and Conflict for a dossier that has documents already.
    """
    with _reading(file), zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise UnreadableFile(f"{file} is no exported dossier.", "Name a file that `dossier export` made.")
        name = name or str(manifest["dossier"])
        taken = [one.name for one in desk.dossiers() if one.name.casefold() == name.casefold() and one.documents]
        if taken:
            raise Conflict(f"The dossier {taken[0]!r} has documents already.", "Name another: --dossier NAME")
        desk.create_dossier(name)
        entries: list[dict[str, Any]] = manifest["documents"]
        failed = [failure for batch in _batches(archive, entries) for failure in _added(desk, name, batch)]
        known = {
            entry["source"]: Metadata(**{field: entry["metadata"].get(field) for field in FIELDS}) for entry in entries
        }
        asked = _history(archive, manifest)
    there = list(desk.documents(name))
    for document in there:
        _correct(desk, document, known[document.source])
    now = {document.source: (document.id, document.version) for document in there}
    places = {
        (entry["id"], entry["version"]): now[entry["source"]]
        for entry in entries
        if "id" in entry and entry["source"] in now
    }
    answers = conversations_moving.unpacked(desk.history, asked, name, places) if asked else 0
    return name, len(there), answers, failed


def _history(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> bytes:
    """Give what was asked; nothing where the file is from before that was exported."""
    if "history" not in manifest:
        return b""
    content = archive.read(manifest["history"]["file"])
    if hashlib.sha256(content).hexdigest() != manifest["history"]["sha256"]:
        raise UnreadableFile(f"What was asked in {archive.filename} is not what was exported.", "Export again.")
    return content


def _entry(document: Document, member: str, content: bytes) -> dict[str, Any]:
    return {
        "id": document.id,
        "version": document.version,
        "name": document.name,
        "source": document.source,
        "media_type": document.media_type,
        "file": member,
        "sha256": hashlib.sha256(content).hexdigest(),
        "metadata": {field: asdict(document.metadata)[field] for field in FIELDS},
    }


def _batches(archive: zipfile.ZipFile, entries: list[dict[str, Any]]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for entry in entries:
        content = archive.read(entry["file"])
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise UnreadableFile(f"{entry['name']!r} in {archive.filename} is not what was exported.", "Export again.")
        batch.append(_source(entry, content))
        size += len(content)
        if len(batch) >= FILES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _source(entry: dict[str, Any], content: bytes) -> Source:
    """Give a file as a file, and plain text as text where it is kept character for character."""
    if entry["media_type"] == "text/plain":
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return Source(entry["name"], entry["source"], content=content)
        if not text.startswith("\ufeff") and "\r" not in text:  # a reader would change these
            return Source(entry["name"], entry["source"], text=text)
    return Source(entry["name"], entry["source"], content=content)


def _added(desk: Desk, name: str, batch: list[Source]) -> tuple[Failure, ...]:
    """Add files and texts, each in one job, and wait for them."""
    failed: tuple[Failure, ...] = ()
    for sources in ([one for one in batch if one.text is None], [one for one in batch if one.text is not None]):
        if not sources:
            continue
        job = desk.add(name, sources, "replace")
        while not job.finished:
            time.sleep(POLL)
            job = desk.job(job.id)
        failed += job.failed
    return failed


def _correct(desk: Desk, document: Document, known: Metadata) -> None:
    """Set what people had corrected: what is not found again by reading."""
    changed: dict[str, Any] = {
        field: getattr(known, field) or ""
        for field in FIELDS
        if (getattr(known, field) or "") != (getattr(document.metadata, field) or "")
    }
    if changed:
        desk.correct(document.id, Metadata(**changed))


def _finish(unfinished: Path, file: Path) -> None:
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.rename(file)


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise Conflict(f"There is a file {file} already.", "Name another, or remove it first.")


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(
            f"{file} could not be written ({error}).", "Free some space, or name another place."
        ) from error


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{file} is no exported dossier, or damaged ({error}).", "Export it again.") from error


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while standard error is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda done, all: None
        return
    from rich.console import Console  # only where it is seen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, all: bar.update(task, completed=done, total=all)
