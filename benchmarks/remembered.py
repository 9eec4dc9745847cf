"""A cross-encoder that judges a pair of texts once, however many variants ask, and counts what each asks for."""

from __future__ import annotations

from collections.abc import Sequence

from rag.rerank import Reranker


class Remembered:
    """Gives the reranker's own scores; a pair's score depends on nothing else."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker
        self._scores: dict[tuple[str, str], float] = {}
        self.asked = 0
        """How many pairs were asked for, judged before or not: the cost that no other load on the machine changes."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Score texts against one question."""
        return self.score_pairs([(question, text) for text in texts])

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Score pairs of a question and a text."""
        self.asked += len(pairs)
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._scores]
        self._scores.update(zip(new, self._reranker.score_pairs(new), strict=True))
        return [self._scores[pair] for pair in pairs]
