"""Judge how well a text answers a question, with a cross-encoder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from index import models
from index.config import IndexConfig
from index.onnx import OnnxModel, Remembered, open_tokenizer

SCORES = 20_000
"""How many pairs' logits are remembered: about 4 MB, the pairs of some hundred questions."""
MAX_TOKENS = 512
"""Of question and text together; only the text is cut."""


class Reranker(Protocol):
    """Scores texts for a question; a score never depends on what else is scored."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Give one logit a text, in the order given: above 0 means likelier than not that it answers."""
        ...

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Give one logit a pair of question and text, in the order given."""
        ...


class CrossEncoder:
    """ms-marco-MiniLM-L-12-v2 in int8 through onnxruntime.

    One pair a run, unpadded: the model quantises its activations per run, so a batch would move a logit by up to 0.3.
    So a pair always has the same logit, and one that was scored lately is not scored again.
    """

    def __init__(self, model: Path, tokenizer: Path, threads: int) -> None:
        self._model = OnnxModel(model)
        self._tokenizer = open_tokenizer(tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._measure = open_tokenizer(tokenizer)
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="rerank")
        self.remembered = Remembered[float](SCORES)

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Give one logit a text; a question longer than a quarter of the model's limit is cut there."""
        short = self._shortened(question)
        return list(self._pool.map(lambda text: self._score_one(short, text), texts))

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Give one logit a pair; long questions are cut as in `score`."""
        return list(self._pool.map(lambda pair: self._score_one(self._shortened(pair[0]), pair[1]), pairs))

    def _shortened(self, question: str) -> str:
        encoding = self._measure.encode(question, add_special_tokens=False)
        limit = MAX_TOKENS // 4
        return question if len(encoding.ids) <= limit else question[: encoding.offsets[limit - 1][1]]

    def _score_one(self, question: str, text: str) -> float:
        return self.remembered.of(
            lambda: float(self._model.run(self._tokenizer.encode(question, text)).reshape(-1)[0]), question, text
        )


def open_reranker(config: IndexConfig) -> CrossEncoder:
    """Open the cross-encoder; its files are checked against the manifest first."""
    files = models.require(config, models.RERANKER)
    return CrossEncoder(files["model.onnx"], files["tokenizer.json"], config.threads)
