"""Exact search: every vector of a dossier against the question, with scores that depend on nothing else."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLACK = 2e-3
"""More than a product in half precision differs from the exact one, on any processor."""
WORTH_COPYING = 0.2
"""Up to this share of the rows it is quicker to copy them together than to read all of them."""
Ranked = list[tuple[int, float]]
"""Keys of passages with their cosines, best first; equal scores in order of the keys."""


class Scan:
    """The image of a dossier's vectors as the library keeps them, in half precision, changed row by row.

    A first pass in half precision (77 MB for 100,000 vectors, read once a question) finds what can be among the best,
    whose scores are then computed exactly.
    """

    def __init__(self, dimensions: int, seq: int = 0) -> None:
        self.seq = seq
        """The last change of the library that this image shows."""
        self.lock = threading.RLock()
        self._dimensions = dimensions
        self._count = 0
        self._rows: dict[int, int] = {}
        self._keys = np.empty(0, np.int64)
        self._documents = np.empty(0, np.int64)
        self._matrix = np.empty((0, dimensions), np.float16)

    def __len__(self) -> int:
        return self._count

    def keys(self) -> set[int]:
        """Give the keys of all passages in the image."""
        with self.lock:
            return set(self._rows)

    def put(self, keys: NDArray[np.int64], documents: NDArray[np.int64], matrix: NDArray[np.floating[Any]]) -> None:
        """Add or overwrite vectors: shapes (n,), (n,), (n, dimensions); they are kept in fp16."""
        with self.lock:
            self._grow(self._count + len(keys))
            rows = []
            for key in keys.tolist():
                row = self._rows.setdefault(key, self._count)
                self._count += row == self._count
                rows.append(row)
            self._keys[rows], self._documents[rows], self._matrix[rows] = keys, documents, matrix

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
            chosen = self._chosen(documents)
            if chosen is not None and chosen.mean() < WORTH_COPYING:
                keys, matrix, chosen = keys[chosen], matrix[chosen], None
            if limit < (len(keys) if chosen is None else int(chosen.sum())):
                scores = _roughly(matrix, query)
                if chosen is not None:
                    scores[~chosen] = -np.inf
                close = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit] - SLACK)
                return ranked(keys[close], matrix[close], query, limit)
            return ranked(*((keys, matrix) if chosen is None else (keys[chosen], matrix[chosen])), query, limit)

    def _chosen(self, documents: Collection[int] | None) -> NDArray[np.bool_] | None:
        """Mark the rows of these documents; None where it is all of them."""
        if documents is None:
            return None
        return np.isin(self._documents[: self._count], np.fromiter(documents, np.int64, len(documents)))

    def _grow(self, count: int) -> None:
        if count <= len(self._keys):
            return
        room = max(count, len(self._keys) * 3 // 2, 256)
        self._keys = np.concatenate([self._keys, np.zeros(room - len(self._keys), np.int64)])
        self._documents = np.concatenate([self._documents, np.zeros(room - len(self._documents), np.int64)])
        more = np.zeros((room - len(self._matrix), self._dimensions), np.float16)
        self._matrix = np.concatenate([self._matrix, more])


def _roughly(matrix: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the products of rows and query in half precision, by what the processor has for it."""
    import simsimd

    half = np.ascontiguousarray(query, np.float16)[None]
    return np.asarray(simsimd.cdist(matrix, half, metric="dot"), np.float64)[:, 0]


def ranked(
    keys: NDArray[np.int64], matrix: NDArray[np.floating[Any]], query: NDArray[np.float32], limit: int
) -> Ranked:
    """Score rows one by one in fp64, so that a score is the same in any company, and give the best.

    A product of matrix and vector rounds by the shape of the matrix; a sum along each row does not.
    """
    scores = (matrix.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    best = np.lexsort((keys, -scores))[:limit]
    return [(int(keys[place]), float(scores[place])) for place in best]
