"""Keeps the indexes of every dossier in step with the library, in the background and on demand."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import Cancelled, IndexDamaged, NotFound, StorageFull
from index.keep_vectors import VectorsKeeper
from index.keep_words import WordsKeeper
from index.keywords import Keywords
from index.library import Library
from index.memory import give_back
from index.records import InStep
from index.scan import Scan
from index.vectors import InFolder, Place
from index.vectors_served import OnServer, Server

DEBOUNCE_SECONDS = 1.0
RETRY_SECONDS = 10.0
"""After how long an index that could not be written is tried again."""


@dataclass(slots=True)
class _Room:
    """The indexes of one dossier."""

    folder: Path
    words: WordsKeeper
    vectors: VectorsKeeper
    scan: Scan | None = None
    scanning: threading.Lock = field(default_factory=threading.Lock)


class Upkeep:
    """The indexes of all dossiers. What a search gets from here shows the library's last commit."""

    def __init__(
        self,
        library: Library,
        folder: Path,
        dimensions: int,
        fingerprint: str,
        chroma_from: int,
        server: Server | None = None,
    ) -> None:
        self._library = library
        self._folder = folder
        self._dimensions = dimensions
        self._fingerprint = fingerprint
        self._chroma_from = max(chroma_from, 1)
        self._server = server
        """Where the vectors are kept, if not in the data folder."""
        self._swept = server is None
        """Whether what removed dossiers left on the server is gone."""
        self._rooms: dict[int, _Room] = {}
        self._rooms_lock = threading.Lock()
        self._busy: dict[int, str] = {}
        """What each thread is doing."""
        self._trouble = ""
        self._checked = threading.Event()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin to look after the indexes in the background."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFull(
                f"{self._folder} could not be made ({error}).", "Free some space, or make the data folder writable."
            ) from error
        self._thread.start()
        self._wake.set()

    def notice(self) -> None:
        """Tell that the library has changed."""
        self._wake.set()

    def close(self) -> None:
        """Stop and close every index."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for room in list(self._rooms.values()):
            room.words.close()
            room.vectors.close()
        if self._server is not None:
            self._server.close()

    @property
    def stopping(self) -> threading.Event:
        """Set when everything is to end."""
        return self._stop

    def doing(self) -> str:
        """Say what is being done or waits to be done, nothing when every index is in step."""
        if busy := next(iter(list(self._busy.values())), ""):
            return busy
        if not self._checked.is_set():
            return "checking the indexes"
        if self._trouble:
            return self._trouble
        for dossier, id in self._library.dossiers.ids().items():
            if self._wants_chroma(dossier) and not self._room(dossier).vectors.in_step():
                return f"the vector index of {id} waits to be brought up to date"
        return ""

    def scan(self, dossier: int) -> Scan:
        """Give the exact image of a dossier, in step."""
        room = self._room(dossier)
        with room.scanning:
            if room.scan is None:
                room.scan = self._image(dossier)
            try:
                with self._library.database.read():
                    replay = self._library.changes.since(dossier, room.scan.seq)
                    fresh = self._library.embeddings.of_passages(replay.put, self._dimensions)
            except IndexDamaged:  # the changes since then were trimmed
                room.scan = self._image(dossier)
                return room.scan
            if not replay.empty:
                with room.scan.lock:
                    room.scan.remove(replay.removed)
                    room.scan.put(fresh.keys, fresh.documents, fresh.matrix)
                    room.scan.seq = replay.seq
            return room.scan

    def nearest(self, dossier: int, query: NDArray[np.float32], limit: int) -> list[int] | None:
        """Ask the vector index of a large dossier, if there is one in step; else give None: then scan."""
        return self._room(dossier).vectors.nearest(query, limit)

    def words(self, dossier: int) -> Keywords:
        """Give the keyword index of a dossier, in step and committed."""
        return self._room(dossier).words.in_step()

    def words_anew(self, dossier: int) -> Keywords:
        """Give a keyword index built anew, because a search failed on the old one."""
        return self._room(dossier).words.anew()

    def settle(self, dossier: int) -> None:
        """Make all of a dossier searchable: by meaning it is already; Chroma follows in the background."""
        self.words(dossier)
        self.notice()

    def forget(self, dossier: int) -> None:
        """Throw away the indexes of a removed dossier."""
        with self._rooms_lock:
            room = self._rooms.pop(dossier, None)
        if room is not None:
            room.words.close()
            room.vectors.close()
            shutil.rmtree(room.folder, ignore_errors=True)
        self._swept = self._server is None
        self.notice()

    def build_anew(self, stop: threading.Event) -> None:
        """Build every index anew from the library, so that nothing removed is left in its files; end early on `stop`.

        An index that was not finished is built in the background.
        """
        for dossier in self._library.dossiers.ids():
            if stop.is_set():
                return
            try:
                room = self._room(dossier)
            except NotFound:  # removed meanwhile
                continue
            room.words.anew()
            with room.scanning:
                room.scan = None
            if self._wants_chroma(dossier):
                with self._at_work("building the vector indexes anew"):
                    room.vectors.anew(stop)
            else:
                room.vectors.throw_away()
        give_back()

    def passed(self, dossier: int) -> int:
        """Give the last change that every index of the dossier shows."""
        words = self.words(dossier).seq
        return min(words, self._room(dossier).vectors.seq) if self._wants_chroma(dossier) else words

    def in_step(self) -> InStep:
        """Tell how far the indexes are behind the library, without bringing them up to date."""
        lag = 0
        with self._rooms_lock:
            rooms = dict(self._rooms)
        for dossier, room in rooms.items():
            last = self._library.changes.last(dossier)
            words = room.words.seq
            lag = max(lag, 0 if words is None else last - words)
            if self._wants_chroma(dossier) and not room.vectors.in_step():
                lag = max(lag, last - room.vectors.seq)
        return InStep(lag, sum(room.words.builds + room.vectors.builds for room in rooms.values()))

    def states(self) -> Iterator[tuple[str, set[int], set[int]]]:
        """Give, for each index on the disk, its name, the passages it lacks and those it should not have."""
        for dossier, id in self._library.dossiers.ids().items():
            words = self.words(dossier).keys()
            expected = self._library.passages.keys_of_dossier(dossier)
            yield f"keywords of {id}", expected - words, words - expected
            found = self._room(dossier).vectors.keys()
            if found is not None:
                yield f"vectors of {id}", expected - found, found - expected

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(RETRY_SECONDS if self._trouble else None)
            self._wake.clear()
            try:
                self._sweep()
                self._look_after_all()
                self._trouble = ""
            except NotFound:  # a dossier was removed meanwhile
                self._wake.set()
            except Cancelled:
                return
            except Exception as error:
                self._trouble = f"an index could not be rebuilt: {error}"
            self._checked.set()
            give_back()
            self._stop.wait(DEBOUNCE_SECONDS)

    def _look_after_all(self) -> None:
        for dossier, id in self._library.dossiers.ids().items():
            if self._stop.is_set():
                return
            self.words(dossier)
            keeper = self._room(dossier).vectors
            if not self._wants_chroma(dossier):
                keeper.throw_away()
            elif keeper.due():
                with self._at_work(f"bringing the vector index of {id} up to date"):
                    keeper.look_after(self._stop)

    def _sweep(self) -> None:
        """Throw away what dossiers left that are gone."""
        known = self._library.dossiers.ids()
        for dossier in set(self._rooms) - set(known):
            self.forget(dossier)
        for path in self._folder.iterdir():
            if path.name not in known.values():
                shutil.rmtree(path, ignore_errors=True)
        if self._server is not None and not self._swept:
            self._server.sweep(known.values())
            self._swept = True

    def _wants_chroma(self, dossier: int) -> bool:
        return self._library.passages.at_least(dossier, self._chroma_from)

    def _image(self, dossier: int) -> Scan:
        with self._library.database.read():
            scan = Scan(self._dimensions, self._library.changes.last(dossier))
            for part in self._library.embeddings.halves_of_dossier(dossier, self._dimensions):
                scan.put(part.keys, part.documents, part.matrix)
        return scan

    def _room(self, dossier: int) -> _Room:
        with self._rooms_lock:
            if dossier not in self._rooms:
                id = self._library.dossiers.ids().get(dossier)
                if id is None:
                    raise NotFound("The dossier was removed meanwhile.")
                folder = self._folder / id
                self._rooms[dossier] = _Room(
                    folder,
                    WordsKeeper(self._library, dossier, folder / "words", self._at_work),
                    VectorsKeeper(self._library, dossier, self._place(folder), self._dimensions, self.notice),
                )
            return self._rooms[dossier]

    def _place(self, folder: Path) -> Place:
        if self._server is not None:
            return OnServer(self._server, folder.name, self._fingerprint)
        return InFolder(folder / "meaning", self._fingerprint)

    @contextmanager
    def _at_work(self, what: str) -> Iterator[None]:
        me = threading.get_ident()
        before = self._busy.get(me)
        self._busy[me] = what
        try:
            yield
        finally:
            if before is None:
                del self._busy[me]
            else:
                self._busy[me] = before
