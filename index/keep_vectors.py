"""Keeps the vector index of one dossier near the library, and searches what it does not show yet beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged, IndexUnreachable
from index.library import Library, Replay
from index.scan import Scan
from index.vectors import Place, VectorIndex

AT_ONCE = 100
"""How many vectors are written at a time, which can be stopped in between: nothing else in this process runs meanwhile,
since Chroma keeps Python's lock."""
PAUSE_SECONDS = 0.05
"""How long questions have the lock for themselves after so many."""
WORTH_REBUILDING = 0.2
"""The share of removed vectors from which Chroma is built anew, which is faster than deleting and erases them."""
STRIDE = 0.05
"""The share of a dossier's passages that may have changed before the index is brought along."""
MOST_BEHIND = 20_000
"""How many changes are searched beside the index at most: an exact scan of so many takes a few milliseconds."""
SPARE = 50
"""How many more passages the index is asked for at first, where some of its own do not count any more."""
BUSY_SECONDS = 2.0
"""How long a question waits for an index that is being written; then the exact scan answers."""
UNUSABLE = -1


@dataclass(slots=True)
class _Since:
    """What happened since the change that the index shows, brought along with the library."""

    fresh: Scan
    """The vectors that are new or changed."""
    stale: set[int]
    """The passages of which the index's own vectors do not count any more."""


class VectorsKeeper:
    """The vector index of one dossier: checked before it is trusted, rebuilt when it cannot be.

    Changing it costs Chroma work that grows with the index, so it follows the library in strides: what changed since
    the last one is searched exactly beside it, so that an answer always shows the last commit.
    """

    def __init__(
        self, library: Library, dossier: int, place: Place, dimensions: int, in_doubt: Callable[[], None]
    ) -> None:
        self._library = library
        self._dossier = dossier
        self._place = place
        self._dimensions = dimensions
        self._in_doubt = in_doubt
        """Called when the index failed and has to be looked after."""
        self._index: VectorIndex | None = None
        self._seq = UNUSABLE
        """The change of the library that the index shows."""
        self._since: _Since | None = None
        self._checked = False
        """Whether what is there was looked at."""
        self._thrown = False
        """Whether it was thrown away since."""
        self._changing = threading.Lock()
        """Held while the index is checked, changed or built."""
        self._using = threading.Lock()
        """Held while the index is asked, opened or closed."""
        self.builds = 0
        """How often the index was built."""

    def in_step(self) -> bool:
        """Whether the index can be asked: it is open, and what it does not show is little enough to be scanned."""
        return self._index is not None and self._behind() <= MOST_BEHIND

    def due(self) -> bool:
        """Whether the index is to be looked after."""
        if self._index is None:
            return True
        behind = self._behind()
        return behind > MOST_BEHIND or not self._library.passages.at_least(self._dossier, round(behind / STRIDE))

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int] | None:
        """Find passages that are likely the nearest, in any order; None when the index cannot be asked now."""
        if not self.in_step():
            return None
        if not self._using.acquire(timeout=BUSY_SECONDS):  # it is being written, and slowly, or never comes back
            return None
        try:
            if self._index is None:
                return None
            return self._asked(self._index, query, limit)
        except IndexDamaged:
            self._drop()
        except IndexUnreachable:
            self._drop()
            self._checked = False
        finally:
            self._using.release()
        self._in_doubt()
        return None

    def _drop(self) -> None:
        """Ask the index no more."""
        index, self._index, self._seq, self._since = self._index, None, UNUSABLE, None
        if index is not None:
            with suppress(IndexDamaged):
                index.close()

    def _asked(self, index: VectorIndex, query: NDArray[np.float32], limit: int) -> list[int]:
        """Ask the index for as many as it takes after what is stale is left out, and scan what is fresh."""
        since = self._brought_along()
        found = index.nearest(query, limit + min(len(since.stale), SPARE))
        kept = [key for key in found if key not in since.stale]
        if len(kept) < limit and len(found) - len(kept) >= SPARE:
            kept = [key for key in index.nearest(query, limit + len(since.stale)) if key not in since.stale]
        return kept[:limit] + [key for key, _ in since.fresh.nearest(query, limit)]

    def _brought_along(self) -> _Since:
        """Give what the index does not show, up to the last commit."""
        since = self._since or _Since(Scan(self._dimensions, self._seq), set())
        if since.fresh.seq != self._library.changes.last(self._dossier):
            with self._library.database.read():
                replay = self._library.changes.since(self._dossier, since.fresh.seq)
                fresh = self._library.embeddings.of_passages(replay.put, self._dimensions)
            since.fresh.remove(replay.removed)
            since.fresh.put(fresh.keys, fresh.documents, fresh.matrix)
            since.fresh.seq = replay.seq
            since.stale.update(replay.put, replay.removed)
        self._since = since
        return since

    def keys(self) -> set[int] | None:
        """Give the keys of the passages that a search sees; None when the index cannot be asked now."""
        with self._using:
            if self._index is None or not self.in_step():
                return None
            since = self._brought_along()
            return (self._index.keys() - since.stale) | since.fresh.keys()

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
            if not self.due():
                return
            if not self._checked:
                seq = self._trusted(stop)
                self._seq, self._checked, self._thrown = seq, True, False
            if self._index is None and self._seq != UNUSABLE:
                self._use(self._place.open(), self._seq)
                if not self.due():
                    return
            replay = self._missing()
            if replay is None:
                self._build(stop)
            else:
                self._replay(replay)

    def throw_away(self) -> None:
        """Do without an index; one that is not kept in step would keep what was removed."""
        with self._changing:
            if self._thrown:
                return
            self._close()
            self._checked = self._thrown = True
            self._place.discard()

    def close(self) -> None:
        """Close the index when no one changes it any more."""
        with self._changing:
            self._close()

    def _behind(self) -> int:
        """Count the changes that the index does not show."""
        return self._library.changes.count(self._dossier, self._seq)

    def _missing(self) -> Replay | None:
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
            self._drop()

    def _use(self, index: VectorIndex, seq: int) -> None:
        with self._using:
            self._index, self._seq, self._since = index, seq, None

    def _trusted(self, stop: threading.Event) -> int:
        """Give the change that the index that is there shows; note, sample and id sets must all agree."""
        try:
            seq, found = self._place.shown(stop)
            with self._library.database.read():
                expected = self._library.passages.keys_of_dossier(self._dossier)
                replay = self._library.changes.since(self._dossier, seq)
        except IndexDamaged:
            return UNUSABLE
        kept = self._library.embeddings.of_passages(list(found.sample), self._dimensions)
        put = set(replay.put)
        same = all(
            np.allclose(found.sample[int(key)], vector, atol=1e-5)
            for key, vector in zip(kept.keys, kept.matrix, strict=True)
            if int(key) in found.sample and int(key) not in put
        )
        after = (found.keys | put) - set(replay.removed)
        return seq if same and after == expected else UNUSABLE

    def _replay(self, replay: Replay) -> None:
        """Bring the index along; it is asked on between two parts, and closed only to be written."""
        index, before = self._index, self._seq
        if index is None:
            return
        try:
            with self._place.changing(index, before, replay.seq):
                for start in range(0, len(replay.removed), AT_ONCE):
                    with self._using:
                        index.remove(replay.removed[start : start + AT_ONCE])
                for start in range(0, len(replay.put), AT_ONCE):
                    fresh = self._library.embeddings.of_passages(replay.put[start : start + AT_ONCE], self._dimensions)
                    with self._using:
                        index.put(fresh.keys, fresh.matrix)
                    _let_pass(len(fresh.keys))
                with self._using:
                    self._index, self._seq, self._since = None, UNUSABLE, None
            self._use(self._place.open(), replay.seq)
        except BaseException:
            with self._using:
                self._index, self._seq, self._since, self._checked = None, UNUSABLE, None, False
            raise

    def _build(self, stop: threading.Event) -> None:
        self.builds += 1
        self._thrown = False
        self._close()
        with self._library.database.read():
            seq = self._library.changes.last(self._dossier)
            keys = sorted(self._library.passages.keys_of_dossier(self._dossier))
        with closing(self._place.begin()) as index:  # one that stays open would be in the way of the next try
            for start in range(0, len(keys), AT_ONCE):
                if stop.is_set():
                    break
                part = self._library.embeddings.of_passages(keys[start : start + AT_ONCE], self._dimensions)
                index.put(part.keys, part.matrix)
                _let_pass(len(part.keys))
        if stop.is_set():
            return
        self._place.finish(seq)
        self._use(self._place.open(), seq)


def _let_pass(written: int) -> None:
    """Let questions pass after many vectors were written."""
    if written >= AT_ONCE:
        time.sleep(PAUSE_SECONDS)
