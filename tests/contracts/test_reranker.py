"""What every reranker keeps to, the fake one too."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.config import IndexConfig
from index.onnx import Remembered
from rag.rerank import Reranker, open_reranker
from tests.fakes import FakeReranker

QUESTION = "How much did overall trade grow?"
TEXTS = [
    "The minister said that overall trade had grown by 26%.",
    "Ferries stayed in port until Sunday.",
    "",
    "北京的贸易增长了。",
    "🎈 \n \u2028 \ufffd",
    "Copper fell. " * 60,
    "word " * 2000,
]


@pytest.fixture(scope="module", params=["fake", pytest.param("onnx", marks=pytest.mark.models)])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "fake":
        return FakeReranker()
    opened = open_reranker(IndexConfig(models=request.getfixturevalue("models_folder")))
    opened.remembered = Remembered(0)  # the model itself is tried, every time
    return opened


def test_one_finite_logit_a_text_in_the_order_given(reranker: Reranker) -> None:
    scores = reranker.score(QUESTION, TEXTS)
    assert len(scores) == len(TEXTS)
    assert all(isinstance(score, float) and math.isfinite(score) for score in scores)
    assert reranker.score(QUESTION, []) == []


def test_the_text_that_answers_wins(reranker: Reranker) -> None:
    scores = reranker.score(QUESTION, TEXTS)
    assert scores[0] == max(scores)
    assert scores[0] > 0 > scores[1]


def test_a_score_is_the_same_alone_and_in_any_company(reranker: Reranker) -> None:
    together = reranker.score(QUESTION, TEXTS)
    assert [reranker.score(QUESTION, [text])[0] for text in TEXTS[:-1]] == together[:-1]
    assert reranker.score(QUESTION, TEXTS[-2::-1])[::-1] == together[:-1]


def test_threads_change_nothing(reranker: Reranker) -> None:
    together = reranker.score(QUESTION, TEXTS[:5])
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: reranker.score(QUESTION, TEXTS[:5]), range(8))) == [together] * 8


@pytest.mark.parametrize("question", ["", "x" * 8000, "why " * 2000, "🎈" * 3000, "北京" * 2000])
def test_no_question_is_too_long_or_odd(reranker: Reranker, question: str) -> None:
    assert all(math.isfinite(score) for score in reranker.score(question, TEXTS[:3]))
