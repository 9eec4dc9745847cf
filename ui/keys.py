"""Named keys: a file in the data folder that holds their hashes and limits, and can change while a server runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.errors import BadInput, BadSettings, Conflict, NotFound, StorageFull

FILE = "keys.json"
MOST_KEYS = 1000
NAME = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody's key: what is known of it, which is not the key itself."""

    name: str
    """What it is called by whoever gave it out."""
    identity: str
    """What it owns things by; random, never reused, and tells nothing about the key."""
    digest: str
    """The key's sha256 in hexadecimal: enough for a random key of 192 bits, which nobody can guess."""
    created: str
    """When it was made, in UTC."""
    per_minute: int | None = None
    """How many requests other than reading it may send in a minute; None leaves the server's own limit."""
    uploads_mb: int | None = None
    """How many megabytes one upload may have; None leaves the server's own limit."""
    revoked: str | None = None
    """When it stopped being valid, in UTC."""

    @property
    def valid(self) -> bool:
        """Whether it lets anybody in."""
        return self.revoked is None


def digest_of(key: str) -> str:
    """Give the hash under which a key is kept and compared."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class KeyFile:
    """The keys of a data folder. A server that reads them sees every change at its next request."""

    def __init__(self, data: Path) -> None:
        self.path = data / FILE
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Give all keys, revoked ones too, in the order they were made. Raises BadSettings for a damaged file."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, ()
            return ()
        except OSError as error:
            raise _damaged(self.path, error) from error
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            self._keys = _read(self.path)
            self._seen = seen
        return self._keys

    def add(self, name: str, per_minute: int | None = None, uploads_mb: int | None = None) -> tuple[Key, str]:
        """Make a key; give it with its words, which are kept nowhere. Raises BadInput, Conflict, StorageFull."""
        if not NAME.fullmatch(name):
            raise BadInput(f"A key cannot be called {name[:80]!r}.", "Use 1 to 64 letters, digits, '.', '_' or '-'.")
        words = f"dk_{secrets.token_urlsafe(24)}"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = Key(name, f"k_{secrets.token_hex(8)}", digest_of(words), now, per_minute, uploads_mb)
        with self._changing() as keys:
            if any(other.valid and other.name == name for other in keys):
                raise Conflict(f"There is a key {name!r} already.", f"Revoke it first: dossier keys revoke {name}")
            if len(keys) >= MOST_KEYS:
                raise Conflict(f"There are {len(keys)} keys.", f"Take old ones out of {self.path}.")
            self._write((*keys, key))
        return key, words

    def revoke(self, name: str) -> Key:
        """End a key; it stays in the list, so that the last one's end opens nothing. Raises NotFound."""
        with self._changing() as keys:
            found = next((key for key in keys if key.valid and key.name == name), None)
            if found is None:
                known = ", ".join(key.name for key in keys if key.valid) or "none"
                raise NotFound(f"There is no valid key {name[:80]!r}.", f"There are: {known}.")
            ended = replace(found, revoked=datetime.now(UTC).isoformat(timespec="seconds"))
            self._write(tuple(ended if key is found else key for key in keys))
        return ended

    @contextmanager
    def _changing(self) -> Iterator[tuple[Key, ...]]:
        """Hold off everybody else who changes the file. Raises StorageFull."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.all()
        finally:
            os.close(lock)

    def _write(self, keys: tuple[Key, ...]) -> None:
        beside = self.path.with_suffix(".new")
        content = json.dumps({"version": 1, "keys": [asdict(key) for key in keys]}, indent=2).encode()
        try:
            with suppress(FileNotFoundError):
                beside.unlink()
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _read(path: Path) -> tuple[Key, ...]:
    try:
        kept: dict[str, Any] = json.loads(path.read_bytes())
        keys = tuple(Key(**key) for key in kept["keys"])
        sound = all(re.fullmatch("[0-9a-f]{64}", key.digest) and key.identity for key in keys)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    if not sound:
        raise _damaged(path, "a key without its hash")
    return keys


def _damaged(path: Path, error: object) -> BadSettings:
    return BadSettings(
        f"The keys in {path} cannot be read ({error}).", "Put a sound copy there; nobody is let in by it."
    )


def _unwritable(path: Path, error: OSError) -> StorageFull:
    return StorageFull(f"{path} could not be written ({error}).", "Free some space, or make the folder writable.")
