"""Keeps the Chroma index of one dossier in step with the library, and out of use while it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import vectors
from index.errors import IndexDamaged
from index.library import Library, Replay
from index.vectors import Approximate

AT_ONCE = 500
"""How many vectors are loaded at a time while an index is built, which can be stopped in between."""
WORTH_REBUILDING = 0.2
"""The share of removed vectors from which Chroma is built anew, which is faster than deleting and erases them."""
UNUSABLE = -1


class VectorsKeeper:
    """The vector index of one dossier: checked before it is trusted, rebuilt when it cannot be."""

    def __init__(
        self,
        library: Library,
        dossier: int,
        folder: Path,
        dimensions: int,
        fingerprint: str,
        in_doubt: Callable[[], None],
    ) -> None:
        self._library = library
        self._dossier = dossier
        self._folder = folder
        self._dimensions = dimensions
        self._fingerprint = fingerprint
        self._in_doubt = in_doubt
        """Called when the index failed and has to be looked after."""
        self._index: Approximate | None = None
        self._seq = UNUSABLE
        """The change of the library that the index shows."""
        self._checked = False
        """Whether what is on the disk was looked at."""
        self._changing = threading.Lock()
        """Held while the index is checked, changed or built."""
        self._using = threading.Lock()
        """Held while the index is asked, opened or closed."""
        self.builds = 0
        """How often the index was built."""

    def in_step(self) -> bool:
        """Whether the index can be asked: it is open and shows the library's last commit."""
        return self._index is not None and self._seq == self._library.changes.last(self._dossier)

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int] | None:
        """Find passages that are likely the nearest; None when the index cannot be asked now."""
        if not self.in_step():
            return None
        with self._using:
            try:
                if self._index is not None:
                    return self._index.nearest(query, limit)
            except IndexDamaged:
                self._seq = UNUSABLE
        self._in_doubt()
        return None

    def keys(self) -> set[int] | None:
        """Give the keys of the passages in the index; None when it cannot be asked now."""
        with self._using:
            return self._index.keys() if self._index is not None and self.in_step() else None

    @property
    def seq(self) -> int:
        """The change of the library that the open index shows, 0 where none is open."""
        return max(self._seq, 0)

    def anew(self, stop: threading.Event) -> None:
        """Build the index again from the library."""
        with self._changing:
            self._checked = True
            self._build(stop)

    def look_after(self, stop: threading.Event) -> None:
        """Bring the index up to date: check it once, then replay what happened, or build it anew."""
        with self._changing:
            if self.in_step():
                return
            if not self._checked:
                self._seq = self._trusted(stop)
                self._checked = True
            replay = self._behind()
            if replay is None:
                self._build(stop)
            else:
                self._replay(replay)

    def throw_away(self) -> None:
        """Do without an index; one that is not kept in step would keep what was removed."""
        with self._changing:
            self._close()
            self._checked = True
            vectors.discard(self._folder)

    def close(self) -> None:
        """Close the index when no one changes it any more."""
        with self._changing:
            self._close()

    def _behind(self) -> Replay | None:
        """Give what the index has to replay; None when it is better built anew."""
        try:
            replay = None if self._seq == UNUSABLE else self._library.changes.since(self._dossier, self._seq)
        except IndexDamaged:  # the changes since then were trimmed
            return None
        if replay and len(replay.removed) > WORTH_REBUILDING * self._library.passages.count(self._dossier):
            return None
        return replay

    def _close(self) -> None:
        with self._using:
            index, self._index, self._seq = self._index, None, UNUSABLE
            if index is not None:
                index.close()

    def _use(self, index: Approximate, seq: int) -> None:
        with self._using:
            self._index, self._seq = index, seq

    def _trusted(self, stop: threading.Event) -> int:
        """Give the change that the index on the disk shows; stamp, sample and id sets must all agree."""
        try:
            seq = vectors.stamped(self._folder, self._fingerprint)
            found = vectors.probe(self._folder, stop)
            with self._library.database.read():
                expected = self._library.passages.keys_of_dossier(self._dossier)
                replay = self._library.changes.since(self._dossier, seq)
        except IndexDamaged:
            return UNUSABLE
        kept = self._library.embeddings.of_passages(list(found.sample), self._dimensions)
        same = all(
            np.allclose(found.sample[int(key)], vector, atol=1e-5)
            for key, vector in zip(kept.keys, kept.matrix, strict=True)
            if int(key) in found.sample
        )
        after = (found.keys | set(replay.put)) - set(replay.removed)
        return seq if (same or replay.put) and after == expected else UNUSABLE

    def _replay(self, replay: Replay) -> None:
        with self._using:
            index = self._index or Approximate.open(self._folder)
            self._index, self._seq = None, UNUSABLE
        if not replay.empty:
            with closing(index):
                vectors.unstamp(self._folder)
                index.remove(replay.removed)
                fresh = self._library.embeddings.of_passages(replay.put, self._dimensions)
                index.put(fresh.keys, fresh.matrix)
            vectors.stamp(self._folder, replay.seq, self._fingerprint)
            index = Approximate.open(self._folder)
        self._use(index, replay.seq)

    def _build(self, stop: threading.Event) -> None:
        self.builds += 1
        self._close()
        beside = self._folder.with_name(self._folder.name + ".new")
        vectors.discard(beside)
        with self._library.database.read():
            seq = self._library.changes.last(self._dossier)
            keys = sorted(self._library.passages.keys_of_dossier(self._dossier))
        with closing(Approximate.open(beside)) as index:  # one that stays open would be in the way of the next try
            for start in range(0, len(keys), AT_ONCE):
                if stop.is_set():
                    break
                part = self._library.embeddings.of_passages(keys[start : start + AT_ONCE], self._dimensions)
                index.put(part.keys, part.matrix)
        if stop.is_set():
            return
        vectors.stamp(beside, seq, self._fingerprint)
        vectors.swap_in(beside, self._folder)
        self._use(Approximate.open(self._folder), seq)
