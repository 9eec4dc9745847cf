"""Keeps the keyword index of one dossier in step with the library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from index.errors import IndexDamaged
from index.keywords import Entry, Keywords
from index.library import Kept, Library

AT_ONCE = 2000
"""How many passages are loaded at a time while an index is built."""
AtWork = Callable[[str], AbstractContextManager[None]]
"""Says what is being done while a block runs."""


class WordsKeeper:
    """The keyword index of one dossier: proved when it is opened, replayed before it is asked."""

    def __init__(self, library: Library, dossier: int, folder: Path, at_work: AtWork) -> None:
        self._library = library
        self._dossier = dossier
        self._folder = folder
        self._at_work = at_work
        self._index: Keywords | None = None
        self._lock = threading.RLock()
        self.builds = 0
        """How often the index was built."""

    def in_step(self) -> Keywords:
        """Give the index as of the library's last commit; built anew if it cannot be trusted."""
        with self._lock:
            try:
                if self._index is None:
                    self._index = self._proved()
                self._replay(self._index)
            except IndexDamaged:  # missing, torn or of another recipe: all mended in the same way
                self._index = self._built()
            return self._index

    @property
    def seq(self) -> int | None:
        """The change of the library that the open index shows, None where none is open."""
        index = self._index
        return None if index is None else index.seq

    def anew(self) -> Keywords:
        """Build the index again: a search failed on it, or nothing removed may be left in it."""
        with self._lock:
            with suppress(IndexDamaged):
                self.close()  # its merging threads must not write beside the new one
            self._index = None
            self._index = self._built()
            return self._index

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    def _proved(self) -> Keywords:
        index = Keywords.open(self._folder)
        self._replay(index)
        if index.keys() != self._library.passages.keys_of_dossier(self._dossier):
            raise IndexDamaged(f"The keyword index {self._folder} has not the passages of the library.")
        return index

    def _replay(self, index: Keywords) -> None:
        if index.seq == self._library.changes.last(self._dossier):
            return
        replay = self._library.changes.since(self._dossier, index.seq)
        index.apply(replay.removed, self._entries(replay.put), replay.seq)

    def _built(self) -> Keywords:
        self.builds += 1
        with self._at_work(f"building the keyword index {self._folder.parent.name}"):
            with self._library.database.read():
                seq = self._library.changes.last(self._dossier)
                keys = sorted(self._library.passages.keys_of_dossier(self._dossier))
            return Keywords.build(self._folder, self._entries(keys), seq)

    def _entries(self, keys: Iterable[int]) -> Iterable[Entry]:
        wanted = list(keys)
        for start in range(0, len(wanted), AT_ONCE):
            kept = self._library.passages.load(wanted[start : start + AT_ONCE], self._dossier)
            yield from (entry_of(kept[key]) for key in wanted[start : start + AT_ONCE] if key in kept)


def entry_of(kept: Kept) -> Entry:
    """Give a passage as the words see it."""
    title = " ".join(filter(None, (kept.document.title, kept.passage.place.heading)))
    return Entry(kept.key, kept.document_key, kept.passage.text, title)
