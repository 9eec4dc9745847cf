"""Exact search: every vector of a dossier against the question, with scores that depend on nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

ROWS = 65_536
"""How many rows a block has room for; what is not used of it takes no memory."""
SLACK = 2e-3
"""More than a product in half precision differs from the exact one, on any processor."""
WORTH_COPYING = 0.2
"""Up to this share of the rows it is quicker to copy them together than to read all of them."""
Ranked = list[tuple[int, float]]
"""Keys of passages with their cosines, best first; equal scores in order of the keys."""
Result = TypeVar("Result")
_SIDE_BY_SIDE = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="scan")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows to be searched, all of a block or those that were chosen of it."""

    keys: NDArray[np.int64]
    matrix: NDArray[np.float16]
    chosen: NDArray[np.bool_] | None
    """Which of the rows count; None: all."""

    def __len__(self) -> int:
        return len(self.keys) if self.chosen is None else int(self.chosen.sum())


class _Block:
    """So many rows of an image, side by side in memory."""

    def __init__(self, dimensions: int) -> None:
        self.keys = np.zeros(ROWS, np.int64)
        self.documents = np.zeros(ROWS, np.int64)
        self.matrix = np.zeros((ROWS, dimensions), np.float16)

    def rows(self, count: int, allowed: NDArray[np.bool_] | None) -> _Rows:
        """Give the first rows, of allowed documents only; `allowed` has a place for each document's key."""
        keys, matrix = self.keys[:count], self.matrix[:count]
        chosen = None if allowed is None else allowed[self.documents[:count]]
        if chosen is None or chosen.mean() >= WORTH_COPYING:
            return _Rows(keys, matrix, chosen)
        return _Rows(keys[chosen], matrix[chosen], None)


class Scan:
    """The image of a dossier's vectors as the library keeps them, in half precision, changed row by row.

    A first pass in half precision (77 MB for 100,000 vectors, read once a question, on several cores) finds what can be
    among the best, whose scores are then computed exactly.
    """

    def __init__(self, dimensions: int, seq: int = 0) -> None:
        self.seq = seq
        """The last change of the library that this image shows."""
        self.lock = threading.RLock()
        self._dimensions = dimensions
        self._count = 0
        self._rows: dict[int, int] = {}
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        return self._count

    def keys(self) -> set[int]:
        """Give the keys of all passages in the image."""
        with self.lock:
            return set(self._rows)

    def put(self, keys: NDArray[np.int64], documents: NDArray[np.int64], matrix: NDArray[np.floating[Any]]) -> None:
        """Add or overwrite vectors: shapes (n,), (n,), (n, dimensions); they are kept in fp16."""
        with self.lock:
            rows = np.empty(len(keys), np.int64)
            for place, key in enumerate(keys.tolist()):
                rows[place] = row = self._rows.setdefault(key, self._count)
                self._count += row == self._count
            while self._count > ROWS * len(self._blocks):
                self._blocks.append(_Block(self._dimensions))
            for number in np.unique(rows // ROWS).tolist():
                block, mine = self._blocks[number], rows // ROWS == number
                at = rows[mine] % ROWS
                block.keys[at], block.documents[at] = keys[mine], documents[mine]
                block.matrix[at] = matrix[mine]

    def remove(self, keys: Iterable[int]) -> None:
        """Drop vectors; the last row takes each one's place."""
        with self.lock:
            for key in keys:
                row = self._rows.pop(key, None)
                if row is None:
                    continue
                self._count -= 1
                (block, at), (end, last) = self._place(row), self._place(self._count)
                if row != self._count:
                    self._rows[int(end.keys[last])] = row
                for name in ("keys", "documents", "matrix"):
                    getattr(block, name)[at] = getattr(end, name)[last]
                    getattr(end, name)[last] = 0
                if last == 0:
                    self._blocks.pop()

    def nearest(self, query: NDArray[np.float32], limit: int, documents: Collection[int] | None = None) -> Ranked:
        """Find the passages nearest to the query, of these documents only (None: of all)."""
        with self.lock:
            allowed = self._allowed(documents)
            parts = [
                block.rows(min(ROWS, self._count - ROWS * number), allowed) for number, block in enumerate(self._blocks)
            ]
            keys, matrix = self._close([part for part in parts if len(part)], query, limit)
            return ranked(keys, matrix, query, limit)

    def _close(
        self, parts: Sequence[_Rows], query: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Give every row that can be among the best."""
        if sum(map(len, parts)) > limit:
            scores = _each(lambda part: _roughly(part, query), parts)
            least = _last_of_best(scores, limit) - SLACK
            close = [np.flatnonzero(score >= least) for score in scores]
        else:
            close = [
                np.arange(len(part.keys)) if part.chosen is None else np.flatnonzero(part.chosen) for part in parts
            ]
        keys = [part.keys[at] for part, at in zip(parts, close, strict=True)]
        matrix = [part.matrix[at] for part, at in zip(parts, close, strict=True)]
        nothing = np.empty((0, self._dimensions), np.float16)
        return np.concatenate([np.empty(0, np.int64), *keys]), np.concatenate([nothing, *matrix])

    def _allowed(self, documents: Collection[int] | None) -> NDArray[np.bool_] | None:
        """Mark these documents by their keys; None where it is all of them."""
        if documents is None:
            return None
        known = max((int(block.documents.max()) for block in self._blocks), default=0)
        wanted = np.fromiter(documents, np.int64, len(documents))
        allowed = np.zeros(known + 1, np.bool_)
        allowed[wanted[wanted <= known]] = True
        return allowed

    def _place(self, row: int) -> tuple[_Block, int]:
        number, at = divmod(row, ROWS)
        return self._blocks[number], at


def _roughly(part: _Rows, query: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the products of rows and query in half precision, by what the processor has for it.

    Of rows that do not count it is less than any product.
    """
    import simsimd

    half = np.ascontiguousarray(query, np.float16)[None]
    scores = np.asarray(simsimd.cdist(part.matrix, half, metric="dot"), np.float64)[:, 0]
    if part.chosen is not None:
        scores[~part.chosen] = -np.inf
    return scores


def _last_of_best(scores: Sequence[NDArray[Any]], limit: int) -> float:
    """Give the least of the `limit` highest scores."""
    best = np.concatenate([np.partition(some, -limit)[-limit:] if limit < len(some) else some for some in scores])
    return float(np.partition(best, -limit)[-limit])


def _each(work: Callable[[_Rows], Result], parts: Sequence[_Rows]) -> list[Result]:
    """Do the same with every part, on several cores where there are several."""
    return list(map(work, parts)) if len(parts) < 2 else list(_SIDE_BY_SIDE.map(work, parts))


def ranked(
    keys: NDArray[np.int64], matrix: NDArray[np.floating[Any]], query: NDArray[np.float32], limit: int
) -> Ranked:
    """Score rows one by one in fp64, so that a score is the same in any company, and give the best.

    A product of matrix and vector rounds by the shape of the matrix; a sum along each row does not.
    """
    scores = (matrix.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    best = np.lexsort((keys, -scores))[:limit]
    return [(int(keys[place]), float(scores[place])) for place in best]
