"""Parts that stand in for slow ones: deterministic, small, shipped with the tests."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence

import numpy as np

from index.embed import Vector


class FakeEmbedder:
    """A hashed bag of words in 32 dimensions: texts that share words lie near each other."""

    fingerprint = "fake-32"
    dimensions = 32
    name = "fake"
    max_tokens = 512

    def __init__(self, fingerprint: str = "fake-32", seconds_a_passage: float = 0.0) -> None:
        self.fingerprint = fingerprint
        self.seconds_a_passage = seconds_a_passage
        self.embedded = 0
        """How many passages were embedded."""

    def embed_query(self, text: str) -> Vector:
        return self._vector(text)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.embedded += len(texts)
        if self.seconds_a_passage:
            threading.Event().wait(self.seconds_a_passage * len(texts))
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, 32), np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def _vector(self, text: str) -> Vector:
        vector = np.full(self.dimensions, 1e-3, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.blake2b(word.encode(), digest_size=3).digest()
            vector[digest[0] % self.dimensions] += 1 if digest[1] % 2 else -1
            vector[digest[2] % self.dimensions] += 0.5
        return vector / np.float32(np.linalg.norm(vector))


class FakeReranker:
    """Scores a text by the share of the question's words that it has."""

    def __init__(self) -> None:
        self.scored = 0
        """How many pairs were scored."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        self.scored += len(texts)
        wanted = _content_words(question)
        return [14 * len(wanted & _content_words(text)) / (len(wanted) or 1) - 5 for text in texts]

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [self.score(question, [text])[0] for question, text in pairs]


def _content_words(text: str) -> set[str]:
    return {word[:6] for word in re.findall(r"\w+", text.lower()) if len(word) > 3 or word.isdigit()}
