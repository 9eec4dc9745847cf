"""What has to be done so that a dossier equals a folder: found without changing anything."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from threading import Event

from index.errors import Conflict, NotFound, UnreadableFile
from index.load.beside import Beside, beside
from index.load.files import Skipped, files_of
from index.records import Document, Metadata

ALWAYS_IGNORED = ("~$*", "*.part", "*.tmp", "*.crdownload")
"""Locks of open files and files on their way."""
QUIET_SECONDS = 1.0
"""How long size and time of a file must not have changed before it is read."""
LONGEST_WAIT = 30.0
WORRYING = 0.5
"""The share of documents from which on their loss is asked about."""
WATCH_MILLISECONDS = 1000
LOOK_MILLISECONDS = 10_000
"""After this time one looks without being told: network disks do not tell, and changes may fall between."""

UNSAID = Metadata()


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was found."""

    path: Path
    state: tuple[int, int, int]
    """Size, time of the last change in nanoseconds, and inode: the same as before means the same bytes."""
    sha256: str
    """Empty where it was not read yet."""
    said: Metadata = UNSAID
    """What a metadata file of the folder says about it."""


@dataclass(slots=True)
class Folder:
    """A folder with what was found in it the last time, so that only what changed is read again."""

    root: Path
    ignored: Sequence[str] = ()
    seen: dict[str, Seen] = field(default_factory=dict)
    """By address: `file:/absolute/path`."""
    skipped: list[Skipped] = field(default_factory=list)
    """What is not read, and why."""
    notes: list[str] = field(default_factory=list)
    """What in a metadata file could not be used."""

    def look(self, go_on: Callable[[], None] = lambda: None) -> None:
        """Walk the folder; `go_on` is called at every file and may raise.

        Raises NotFound where there is no folder, since an unmounted disk must not empty a dossier, and BadInput for
        a metadata file that cannot be read.
        """
        root = self._root()
        self.skipped, known = [], beside(root)
        self.notes = list(known.troubles) if known else []
        before, self.seen = self.seen, {}
        unsettled: list[Path] = []
        for path in self._files(root):
            go_on()
            if known and path == known.path:
                continue
            if _is_fresh(path):
                unsettled.append(path)
            else:
                self._take(path, before, known)
        for path in _settled(unsettled, self.skipped, go_on):
            self._take(path, before, known)

    def glance(self) -> None:
        """Walk the folder without reading any file: enough to see whether it was wiped. Raises NotFound."""
        self.skipped = []
        self.seen = {}
        for path in self._files(self._root()):
            self.seen[f"file:{path.resolve()}"] = Seen(path, (0, 0, 0), "")

    def _root(self) -> Path:
        root = self.root.resolve()
        if not root.is_dir():
            raise NotFound(f"There is no folder {root}.", "Mount or make it; the dossier was left as it is.")
        return root

    def _files(self, root: Path) -> Iterator[Path]:
        for found in files_of([root]):
            path = found.path if isinstance(found, Skipped) else found
            inside = path.relative_to(root)
            if any(fnmatch(part, glob) for glob in ALWAYS_IGNORED for part in inside.parts):
                continue
            if any(fnmatch(part, glob) for glob in self.ignored for part in (*inside.parts, str(inside))):
                continue
            if isinstance(found, Skipped):
                self.skipped.append(found)
            elif path.exists():
                yield path

    def _take(self, path: Path, before: dict[str, Seen], told: Beside | None) -> None:
        address = f"file:{path.resolve()}"
        try:
            state = _state(path)
            known = before.get(address)
            proof = known.sha256 if known and known.state == state else _sha256(path)
        except FileNotFoundError:  # gone since the walk
            return
        except OSError as error:
            self.skipped.append(Skipped(path, error.strerror or str(error)))
            return
        self.seen[address] = Seen(path, state, proof, told.of(path) if told else UNSAID)


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes the dossier equal the folder; done in this order."""

    move: tuple[tuple[Document, Seen], ...]
    """Documents whose file lies elsewhere now, with the same bytes."""
    add: tuple[Seen, ...]
    """New and changed files."""
    remove: tuple[Document, ...]
    of: int
    """How many documents of the folder the dossier has."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.move or self.add or self.remove)

    @property
    def loses_much(self) -> bool:
        """Whether most of the documents would go: a wiped folder looks like this."""
        return bool(self.remove) and len(self.remove) > WORRYING * self.of

    def refuse_a_loss(self, root: Path) -> None:
        """Raise Conflict where most of the documents would go."""
        if self.loses_much:
            raise Conflict(
                f"{len(self.remove)} of {self.of} documents are not in {root} any more; nothing was changed.",
                f'If that is right, run `dossier sync {root} --yes`; over HTTP, send "yes": true.',
            )


def plan(folder: Folder, documents: Iterable[Document]) -> Plan:
    """Compare a folder that was looked at with the documents of the dossier; others than its own are left alone."""
    root = f"file:{folder.root.resolve()}"
    mine = {one.source: one for one in documents if one.source == root or one.source.startswith(root.rstrip("/") + "/")}
    kept = tuple(f"file:{one.path.resolve()}" for one in folder.skipped)  # what cannot be read now is not lost
    gone = {
        source: document
        for source, document in mine.items()
        if source not in folder.seen and not any(source == one or source.startswith(one + "/") for one in kept)
    }
    moved: list[tuple[Document, Seen]] = []
    added: list[Seen] = []
    by_proof = {document.sha256: document for document in gone.values()}
    for source, seen in folder.seen.items():
        document = mine.get(source)
        if document is not None and document.sha256 == seen.sha256 and not _says_more(seen.said, document.metadata):
            continue
        if document is None and (old := by_proof.pop(seen.sha256, None)) is not None:
            moved.append((old, seen))
            del gone[old.source]
        else:
            added.append(seen)
    return Plan(tuple(moved), tuple(added), tuple(gone.values()), len(mine))


def _says_more(said: Metadata, known: Metadata) -> bool:
    """Whether a metadata file says something that the dossier does not know, or knows otherwise."""
    return any(said_so and said_so != known_so for said_so, known_so in zip(astuple(said), astuple(known), strict=True))


def changes_in(root: Path, stop: Event) -> Iterator[None]:
    """Wait for changes in the folder, or some seconds, until asked to stop.

    Raises UnreadableFile when the folder cannot be watched.
    """
    from watchfiles import watch  # only --watch needs it

    try:
        for _ in watch(
            root,
            stop_event=stop,
            step=100,
            debounce=WATCH_MILLISECONDS,
            rust_timeout=LOOK_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=True,
        ):
            yield
    except (OSError, RuntimeError) as error:
        raise UnreadableFile(f"{root} cannot be watched ({error}).", "Run `dossier sync` from time to time.") from error


def _settled(paths: Sequence[Path], skipped: list[Skipped], go_on: Callable[[], None]) -> Iterator[Path]:
    """Wait for files that were just written until they stay as they are."""
    waiting = dict.fromkeys(paths, (0, 0, 0))
    deadline = time.monotonic() + LONGEST_WAIT
    while waiting and time.monotonic() < deadline:
        for path, before in list(waiting.items()):
            try:
                state = _state(path)
            except OSError:  # gone, or renamed to what it is called in the end
                del waiting[path]
                continue
            if state == before:
                del waiting[path]
                yield path
            else:
                waiting[path] = state
        if waiting:
            go_on()
            time.sleep(QUIET_SECONDS)
    skipped += [Skipped(path, "still being written") for path in waiting]


def _is_fresh(path: Path) -> bool:
    """Whether a file may still be being written; one that is gone since the walk is not."""
    with suppress(OSError):
        return time.time() - path.stat().st_mtime < QUIET_SECONDS
    return False


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
