"""The files that a person names on the command line, and what lies in folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import NotFound, TooLarge, UnknownFormat, UnreadableFile
from index.load.formats import format_of, shown
from index.records import Source

if TYPE_CHECKING:
    from index.config import IndexConfig


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that is not read, and why."""

    path: Path
    reason: str


def files_of(paths: Iterable[Path]) -> Iterator[Path | Skipped]:
    """Walk files and folders, in order of their names; hidden files are passed over without a word.

    Links that lead outside the named folder, links to folders, devices, pipes and unknown formats are skipped.
    """
    for path in paths:
        try:
            if path.is_dir():
                yield from _walk(path, path.resolve())
            else:
                yield _judged(path)
        except OSError as error:
            yield Skipped(path, _why(error))


def source_of(path: Path, config: IndexConfig) -> Source:
    """Read a file's bytes. Raises NotFound, TooLarge, or UnreadableFile for what is no plain file."""
    limit = config.max_file_mb * 1_000_000
    try:
        # not blocking: opening a pipe that nobody writes to would wait for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile(f"{shown(str(path))} is {_kind(status.st_mode)}, not a file.", "Leave it out.")
            # not `limit` bytes at once: each would keep a mapping of its own, and 65,530 are all that a process has
            content = b"" if status.st_size > limit else file.read(status.st_size + 1)
            if status.st_size < len(content) <= limit:  # it is growing
                content += file.read(limit + 1 - len(content))
    except IsADirectoryError as error:
        raise UnreadableFile(f"{shown(str(path))} is a folder, not a file.", "Name the files in it.") from error
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {shown(str(path))}.", "Check its name.") from error
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{shown(str(path))} cannot be read: {_why(error)}.", "Check its permissions.") from error
    size = max(status.st_size, len(content))
    if size > limit:
        raise TooLarge(f"{shown(path.name)} has {size:,} bytes; at most {limit:,} are read.", "Raise max_file_mb.")
    return Source(name=path.name, address=f"file:{path.resolve()}", content=content)


def _walk(folder: Path, root: Path) -> Iterator[Path | Skipped]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        yield Skipped(folder, _why(error))
        return
    for path in inside:
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            yield _judged_link(path, root)
        elif path.is_dir():
            yield from _walk(path, root)
        else:
            yield _judged(path)


def _judged_link(path: Path, root: Path) -> Path | Skipped:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # Python 3.11 raises RuntimeError for a circle
        return Skipped(path, f"a link that leads nowhere ({error})")
    if not target.is_relative_to(root):
        return Skipped(path, f"a link that leads outside {root}")
    if target.is_dir():
        return Skipped(path, "a link to a folder")
    return _judged(path)


def _judged(path: Path) -> Path | Skipped:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return Skipped(path, f"{_kind(mode)}, not a file")
        format_of(path.name)
    except UnknownFormat as error:
        return Skipped(path, str(error))
    except (OSError, ValueError) as error:
        return Skipped(path, _why(error))
    return path


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
