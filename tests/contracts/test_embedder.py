"""What every embedder keeps to, the fake one too."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from index import models
from index.config import IndexConfig
from index.embed import Embedder, OnnxEmbedder, open_embedder
from index.onnx import Remembered
from tests.fakes import FakeEmbedder

TEXTS = [
    "Trade grew by 26%.",
    "x",
    "",
    "北京的贸易增长了。",
    "🎈 \n\r\n \u2028 \ufffd",
    "A storm closed the harbour of Odessa. " * 12,
    "long " * 1500,
]


@pytest.fixture(
    scope="module",
    params=["fake", pytest.param("onnx", marks=pytest.mark.models), pytest.param("torch", marks=pytest.mark.models)],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return FakeEmbedder()
    config = IndexConfig(models=request.getfixturevalue("models_folder"))
    if request.param == "onnx":
        opened = open_embedder(config)
        assert isinstance(opened, OnnxEmbedder)
        opened.remembered = Remembered(0)  # the model itself is tried, every time
        return opened
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is an extra that is not installed here")
    models.fetch(config, models.MINILM.name)
    return open_embedder(config.model_copy(update={"embedder": models.MINILM.name}))


def test_vectors_have_one_shape_type_and_length(embedder: Embedder) -> None:
    matrix = embedder.embed_passages(TEXTS)
    assert matrix.shape == (len(TEXTS), embedder.dimensions)
    assert matrix.dtype == np.float32
    query = embedder.embed_query("How much did trade grow?")
    assert (query.shape, query.dtype) == ((embedder.dimensions,), np.float32)
    assert np.allclose(np.linalg.norm(np.vstack([matrix, query]), axis=1), 1, atol=1e-5)
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)


def test_a_text_has_the_same_vector_alone_and_in_any_company(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    backwards = embedder.embed_passages(TEXTS[-2::-1])[::-1]
    alone = np.vstack([embedder.embed_passages([text]) for text in TEXTS[:-1]])
    assert np.array_equal(together[:-1], alone)
    assert np.array_equal(together[:-1], backwards)


def test_threads_change_nothing(embedder: Embedder) -> None:
    short = TEXTS[:5]
    alone = [embedder.embed_query(text) for text in short]
    with ThreadPoolExecutor(8) as pool:
        for vector, again in zip(alone * 2, pool.map(embedder.embed_query, short * 2), strict=True):
            assert np.array_equal(vector, again)


def test_tokens_are_counted_without_a_limit(embedder: Embedder) -> None:
    assert embedder.count_tokens("one two three") < embedder.count_tokens("one two three " * 400)
    assert embedder.count_tokens("word " * 1500) >= 1500
    assert embedder.max_tokens >= 128


def test_it_is_named_and_has_a_fingerprint(embedder: Embedder) -> None:
    assert embedder.name in embedder.fingerprint
