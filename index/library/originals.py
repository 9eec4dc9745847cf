"""The original files, each stored once under the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import LibraryDamaged, StorageFull


class Originals:
    """A folder of files named by their content; whoever adds or removes some holds the lock meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()

    def put(self, content: bytes) -> str:
        """Store the bytes durably and give their name."""
        name = hashlib.sha256(content).hexdigest()
        path = self.folder / name
        with _writing(path):
            if not _holds(path, content):
                self.folder.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_suffix(".part")
                with unfinished.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.rename(path)
        return name

    def settle(self) -> None:
        """Make the names of the files durable too."""
        if self.folder.is_dir():
            with _writing(self.folder):
                handle = os.open(self.folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def get(self, name: str) -> bytes:
        """Give the bytes of that name. Raises LibraryDamaged when they are gone or changed."""
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LibraryDamaged(
                f"The original file {path} cannot be read ({error}).", "Add the document again."
            ) from error
        if hashlib.sha256(content).hexdigest() != name:
            raise LibraryDamaged(f"The original file {path} was changed.", "Add the document again.")
        return content

    def size(self, name: str) -> int:
        """Give how many bytes are there under that name."""
        with suppress(OSError):
            return (self.folder / name).stat().st_size
        return 0

    def remove(self, names: Iterable[str]) -> None:
        """Delete the files of those names."""
        for name in names:
            with _writing(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)

    def keep_only(self, names: set[str]) -> None:
        """Delete what an interrupted addition or removal left behind."""
        if self.folder.is_dir():
            self.remove(path.name for path in self.folder.iterdir() if path.name not in names)


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file is there and sound: adding a document again mends one that is not."""
    return path.exists() and path.stat().st_size == len(content) and path.read_bytes() == content


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(
            f"{path} could not be written ({error}).", "Free some space on this disk and try again."
        ) from error
