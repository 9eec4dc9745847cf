"""From text to vectors: one tiny protocol, two embedders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


class Embedder(Protocol):
    """Makes unit vectors of texts; a text's vector never depends on what else is embedded."""

    fingerprint: str
    """Name, sha256, quantisation, pooling, prefixes, maximum length: another one means other vectors."""
    dimensions: int
    name: str

    def embed_query(self, text: str) -> Vector:
        """Embed a question: shape (dimensions,), fp32, length 1."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: shape (len(texts), dimensions), fp32, each row of length 1."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens of the model's limit the text takes."""
        ...

    max_tokens: int
