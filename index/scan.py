"""Exact search: every vector of a dossier against the question, with scores that depend on nothing else."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

SLACK = 1e-4
"""More than the rounding of an fp32 product differs between two shapes of a matrix."""
Ranked = list[tuple[int, float]]
"""Keys of passages with their cosines, best first; equal scores in order of the keys."""


class Scan:
    """The fp32 image of a dossier's vectors, changed row by row."""

    def __init__(self, dimensions: int, seq: int = 0) -> None:
        self.seq = seq
        """The last change of the library that this image shows."""
        self.lock = threading.RLock()
        self._dimensions = dimensions
        self._count = 0
        self._rows: dict[int, int] = {}
        self._keys = np.empty(0, np.int64)
        self._documents = np.empty(0, np.int64)
        self._matrix = np.empty((0, dimensions), np.float32)

    def __len__(self) -> int:
        return self._count

    def keys(self) -> set[int]:
        """Give the keys of all passages in the image."""
        with self.lock:
            return set(self._rows)

    def put(self, keys: NDArray[np.int64], documents: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        """Add or overwrite vectors: shapes (n,), (n,), (n, dimensions)."""
        with self.lock:
            self._grow(self._count + len(keys))
            for place, key in enumerate(keys.tolist()):
                row = self._rows.setdefault(key, self._count)
                self._count += row == self._count
                self._keys[row] = key
                self._documents[row] = documents[place]
                self._matrix[row] = matrix[place]

    def remove(self, keys: Iterable[int]) -> None:
        """Drop vectors; the last row takes each one's place."""
        with self.lock:
            for key in keys:
                row = self._rows.pop(key, None)
                if row is None:
                    continue
                self._count -= 1
                last = self._count
                if row != last:
                    self._keys[row] = self._keys[last]
                    self._documents[row] = self._documents[last]
                    self._matrix[row] = self._matrix[last]
                    self._rows[int(self._keys[row])] = row
                self._matrix[last] = 0

    def nearest(self, query: NDArray[np.float32], limit: int, documents: Collection[int] | None = None) -> Ranked:
        """Find the passages nearest to the query, of these documents only (None: of all)."""
        with self.lock:
            keys, matrix = self._keys[: self._count], self._matrix[: self._count]
            if documents is not None:
                chosen = np.isin(self._documents[: self._count], np.fromiter(documents, np.int64, len(documents)))
                keys, matrix = keys[chosen], matrix[chosen]
            if not len(keys):
                return []
            scores = matrix @ query
            if limit < len(keys):
                close = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit] - SLACK)
                keys, matrix = keys[close], matrix[close]
            return ranked(keys, matrix, query, limit)

    def _grow(self, count: int) -> None:
        if count <= len(self._keys):
            return
        room = max(count, len(self._keys) * 3 // 2, 256)
        self._keys = np.concatenate([self._keys, np.zeros(room - len(self._keys), np.int64)])
        self._documents = np.concatenate([self._documents, np.zeros(room - len(self._documents), np.int64)])
        more = np.zeros((room - len(self._matrix), self._dimensions), np.float32)
        self._matrix = np.concatenate([self._matrix, more])


def ranked(keys: NDArray[np.int64], matrix: NDArray[np.float32], query: NDArray[np.float32], limit: int) -> Ranked:
    """Score rows one by one in fp64, so that a score is the same in any company, and give the best.

    A product of matrix and vector rounds by the shape of the matrix; a sum along each row does not.
    """
    scores = (matrix.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    best = np.lexsort((keys, -scores))[:limit]
    return [(int(keys[place]), float(scores[place])) for place in best]
