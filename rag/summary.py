"""Choose the sentences that stand for many: central, diverse, in the sources' own words.

LexRank (Erkan and Radev, 2004) over stems weighted by rarity, then maximal marginal relevance (Carbonell and
Goldstein, 1998), so that no chosen sentence says again what another one says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.terms import rarity, stems_of

MOST = 600
"""Of more sentences an even sample is compared."""
_DAMPING = 0.85
_ROUNDS = 40
_REPEATING = 0.7
"""How much likeness to a chosen sentence counts against another one."""


def central(texts: Sequence[str], wanted: int, favour: Sequence[float] | None = None) -> list[int]:
    """Give the places of the most central texts, the best first; `favour` multiplies each one's weight."""
    places = list(range(len(texts)))
    if len(places) > MOST:
        places = sorted({round(step * (len(texts) - 1) / (MOST - 1)) for step in range(MOST)})
    if not places:
        return []
    alike = _likeness([texts[place] for place in places])
    weights = _ranks(alike) * np.array([favour[place] if favour else 1.0 for place in places])
    weights = weights / (weights.max() or 1.0)
    chosen: list[int] = []
    left = list(range(len(places)))
    while left and len(chosen) < wanted:
        best = max(
            left, key=lambda row: (weights[row] - _REPEATING * max((alike[row, c] for c in chosen), default=0), -row)
        )
        chosen.append(best)
        left.remove(best)
    return [places[row] for row in chosen]


def _likeness(texts: Sequence[str]) -> NDArray[np.float64]:
    """Cosines of the texts' stems, weighted by rarity: shape (n, n)."""
    stems = [Counter(stems_of(text)) for text in texts]
    words = sorted(set().union(*stems))
    weights = rarity(words, texts)
    column = {word: number for number, word in enumerate(words)}
    matrix = np.zeros((len(texts), max(1, len(words))))
    for row, counted in enumerate(stems):
        for word, often in counted.items():
            matrix[row, column[word]] = often * weights[word]
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix = matrix / np.where(lengths == 0, 1.0, lengths)
    likeness: NDArray[np.float64] = matrix @ matrix.T
    return likeness


def _ranks(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    """How central each text is: the stationary distribution of a walk from like to like."""
    count = len(alike)
    links = alike.copy()
    np.fill_diagonal(links, 0.0)
    totals = links.sum(axis=1, keepdims=True)
    links = np.where(totals > 0, links / np.where(totals == 0, 1.0, totals), 1.0 / count)
    ranks = np.full(count, 1.0 / count)
    for _ in range(_ROUNDS):
        ranks = (1 - _DAMPING) / count + _DAMPING * (links.T @ ranks)
    return ranks
