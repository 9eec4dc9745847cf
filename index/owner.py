"""One owner of a data folder: a lock that dies with its process, and a note of who holds it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import LibraryBusy, StorageFull

LOCK = "owner.lock"
NOTE = "owner.json"


class Owner:
    """Holds a data folder until it is released; the system releases it when the process is killed."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self._folder = folder
        self._lock = lock

    @classmethod
    def take(cls, folder: Path, address: str | None = None) -> Owner:
        """Become the owner, at once or not at all. Raises LibraryBusy with the owner's pid and address."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A soft lock, a mere file, would outlive a killed process.
            lock = FileLock(folder / LOCK, timeout=0, thread_local=False, fallback_to_soft=False)
            lock.acquire()
        except Timeout:
            raise _busy(folder) from None
        except OSError as error:
            raise StorageFull(
                f"{folder} cannot be used ({error}).", "Make the folder writable, or set DOSSIER_DATA to another one."
            ) from error
        owner = cls(folder, lock)
        owner.note(address)
        return owner

    def note(self, address: str | None) -> None:
        """Write down who holds the folder and where it can be talked to."""
        beside = self._folder / (NOTE + ".new")
        try:
            beside.write_text(json.dumps({"pid": os.getpid(), "address": address}))
            beside.rename(self._folder / NOTE)
        except OSError as error:
            self._lock.release()
            raise StorageFull(
                f"{self._folder} could not be written ({error}).", "Free some space, or make the folder writable."
            ) from error

    def release(self) -> None:
        """Give the folder up."""
        with suppress(OSError):  # a note that stays is not believed once the lock is free
            (self._folder / NOTE).unlink(missing_ok=True)
        self._lock.release()


def _busy(folder: Path) -> LibraryBusy:
    pid: int | None = None
    address: str | None = None
    try:
        note = json.loads((folder / NOTE).read_text())
        pid, address = int(note["pid"]), note["address"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # the owner is just writing its note
    who = f"process {pid}" if pid else "another process"
    where = f" at {address}" if address else ""
    mend = f"Talk to it at {address}" if address else f"Stop it with `kill {pid}`" if pid else "Stop it"
    return LibraryBusy(
        f"{folder} is in use by {who}{where}.",
        f"{mend}, or set DOSSIER_DATA to another folder.",
        pid=pid,
        address=address,
    )
