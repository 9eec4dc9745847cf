"""The one door to SQLite: a single writer, readers with their own snapshots, foreign errors translated."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from index.errors import DossierError, LibraryBusy, LibraryDamaged, ProgrammingError, StorageFull
from index.library.schema import migrate, proof

BUSY_SECONDS = 5.0
DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ"}
UNWRITABLE = {"SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"}


class Database:
    """The connections to one library file. Transactions nest: an inner one is part of the outer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.RLock()
        self._mine = threading.local()
        self._idle: list[sqlite3.Connection] = []
        self._open = True
        self.commits = 0
        """How many transactions were committed: what was read before and after the same number is the same."""
        with translated(path):
            self._writer = self._connect()
            try:
                self._writer.execute("PRAGMA synchronous = FULL")
                self._writer.execute("PRAGMA secure_delete = ON")
                migrate(self._writer, str(path))
            except BaseException:
                self._writer.close()  # what cannot be opened is left without a file beside it
                raise

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction of the one writer: all of the block becomes visible and durable, or nothing.

        Raises LibraryBusy where others write for longer than `patience` (in seconds).
        """
        with self._alone(patience):
            if getattr(self._mine, "writing", False):
                yield self._writer
                return
            with translated(self.path):
                self._writer.execute("BEGIN IMMEDIATE")
            self._mine.writing = True
            try:
                with translated(self.path):
                    yield self._writer
                    self._writer.execute("COMMIT")
                    self.commits += 1
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            finally:
                self._mine.writing = False

    @contextmanager
    def _alone(self, patience: float | None) -> Iterator[None]:
        if not self._writing.acquire(timeout=-1 if patience is None else patience):
            raise LibraryBusy("The library is being written by another task for long.", "Try again in a moment.")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: every query of the block sees the same committed state (or the open write's own)."""
        if getattr(self._mine, "writing", False):
            yield self._writer
            return
        if (mine := getattr(self._mine, "reading", None)) is not None:
            yield mine
            return
        with translated(self.path):
            connection = self._take()
            self._mine.reading = connection
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._mine.reading = None
                self._give_back(connection)

    def empty_log(self) -> None:
        """Write the log back into the file and cut it to nothing, so that what was deleted is gone from it too."""
        with self._writing, translated(self.path):
            self._writer.execute("PRAGMA busy_timeout = 200")  # a reader that stays on must not hold up the writer
            try:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self._writer.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def shrink(self) -> None:
        """Write the file anew without free pages, and cut the log to nothing."""
        with self._writing:
            with translated(self.path):
                self._writer.execute("VACUUM")
            self.empty_log()

    def copy(self, target: Path) -> None:
        """Copy what the open read, or the last commit, sees into a new file."""
        with self.read() as connection, translated(target), closing(sqlite3.connect(target)) as other:
            connection.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it

    def close(self) -> None:
        """Close every connection; a read that still runs closes its own when it ends."""
        with self._writing, translated(self.path):
            self._open = False
            while self._idle:
                self._idle.pop().close()
            self._writer.close()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if self._open:
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._open:
            raise ProgrammingError("The library was used after it was closed.")
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")
        connection.create_function("proof", -1, proof, deterministic=True)
        connection.create_function("sha256", 1, _sha256, deterministic=True)
        return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one of ours that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error, path) from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _ours(error: sqlite3.Error, path: Path) -> DossierError:
    name = getattr(error, "sqlite_errorname", None) or ""
    family = "_".join(name.split("_")[:2])
    if (
        "decode to UTF-8" in str(error)
        or name in DAMAGED
        or family in DAMAGED
        or (not name and type(error) is sqlite3.DatabaseError)
    ):
        return LibraryDamaged(
            f"{path} cannot be read as a library ({error}). Nothing in it was changed.",
            "Run `dossier restore BACKUP --data NEW_FOLDER`, or add the documents again to another data folder.",
        )
    if family in UNWRITABLE:
        return StorageFull(
            f"{path} could not be written ({error}). What was acknowledged before is kept.",
            "Free some space on this disk, or make the folder writable, and try again.",
        )
    if family in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return LibraryBusy(f"{path} is in use by another program ({error}).", "Close that program and try again.")
    return ProgrammingError(f"The library refused a statement: {error}.")
