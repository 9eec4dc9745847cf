"""From text to vectors: one tiny protocol, two embedders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index import models
from index.config import IndexConfig
from index.errors import NotInstalled
from index.onnx import OnnxModel, Remembered, open_tokenizer

Vector = NDArray[np.float32]
QUESTIONS = 1000
"""How many questions' vectors are remembered: 1.5 MB."""

_QUERY_PREFIX = "Represent this sentence for searching relevant passages: "


class Embedder(Protocol):
    """Makes unit vectors of texts; a text's vector never depends on what else is embedded."""

    fingerprint: str
    """Name, sha256, quantisation, pooling, prefixes, maximum length: another one means other vectors."""
    dimensions: int
    name: str
    max_tokens: int

    def embed_query(self, text: str) -> Vector:
        """Embed a question: shape (dimensions,), fp32, length 1."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: shape (len(texts), dimensions), fp32, each row of length 1."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens of the model's limit the text takes."""
        ...


class OnnxEmbedder:
    """bge-small-en-v1.5 in int8 through onnxruntime: CLS pooling, unit length.

    The model quantises its activations once per run, so texts are run one at a time, unpadded: that makes a
    vector independent of its neighbours, and is also the fastest on a CPU. Cores work on several texts side by side.
    """

    dimensions = 384
    max_tokens = 512

    def __init__(self, name: str, model: Path, tokenizer: Path, sha256: str, threads: int) -> None:
        self.name = name
        self.fingerprint = f"{name}|{sha256}|int8|cls|{_QUERY_PREFIX}|{self.max_tokens}"
        self._model = OnnxModel(model)
        self._tokenizer = open_tokenizer(tokenizer)
        self._tokenizer.enable_truncation(self.max_tokens)
        self._counter = open_tokenizer(tokenizer)
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")
        self.remembered = Remembered[Vector](QUESTIONS)

    def embed_query(self, text: str) -> Vector:
        """Embed a question: shape (384,); one that was asked lately is not embedded again."""
        return self.remembered.of(lambda: self._embed(_QUERY_PREFIX + text), text).copy()

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: shape (len(texts), 384)."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        return np.stack(list(self._pool.map(self._embed, texts)))

    def count_tokens(self, text: str) -> int:
        """Count with the model's own tokenizer, special tokens included."""
        return len(self._counter.encode(text).ids)

    def _embed(self, text: str) -> Vector:
        vector = np.asarray(self._model.run(self._tokenizer.encode(text))[0, 0], np.float32)
        return vector / np.linalg.norm(vector)


class SentenceTransformersEmbedder:
    """Any sentence-transformers model, by name or by path; torch is imported only here."""

    def __init__(self, name: str, path: str, threads: int) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise NotInstalled(
                f"The embedder {name!r} needs sentence-transformers, which is not installed.",
                "Run `make sentence-transformers`, or set DOSSIER_EMBEDDER back to bge-small-en-v1.5.",
            ) from error
        torch.set_num_threads(threads or os.cpu_count() or 1)
        self._model = SentenceTransformer(path, device="cpu", trust_remote_code=False)
        self.name = name
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self.fingerprint = f"{name}|{models.sha256_of_folder(path)}|fp32|sentence-transformers|{self.max_tokens}"

    def embed_query(self, text: str) -> Vector:
        """Embed a question with the model's own query prompt."""
        vectors = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        vector: Vector = np.asarray(vectors, np.float32)[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages one by one, so that no vector depends on padding."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        vectors = self._model.encode_document(
            list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)

    def count_tokens(self, text: str) -> int:
        """Count with the model's own tokenizer, special tokens included."""
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])


def open_embedder(config: IndexConfig) -> Embedder:
    """Open the configured embedder; the built-in one's files are checked against the manifest first."""
    if config.embedder == models.EMBEDDER.name:
        files = models.require(config, models.EMBEDDER)
        sha256 = models.EMBEDDER.file("model.onnx").sha256
        return OnnxEmbedder(config.embedder, files["model.onnx"], files["tokenizer.json"], sha256, config.threads)
    known = next((model for model in models.MANIFEST if model.name == config.embedder), None)
    path = str(models.require(config, known)["config.json"].parent) if known else config.embedder
    return SentenceTransformersEmbedder(config.embedder, path, config.threads)
