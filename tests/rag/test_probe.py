from __future__ import annotations

from rag.probe import Unheard, unheard
from tests.fakes import FakeReranker
from tests.rag.made import document, window


def test_the_word_that_the_evidence_lacks_is_found() -> None:
    question, reranker = "Which budget did the council approve for the harbour tunnel?", FakeReranker()
    text = "The council approved the harbour bridge in March."
    judged = [window(text, document("d_1"), reranker.score(question, [text])[0])]
    found = unheard(question, judged, reranker, 7.0)
    assert found.word in ("tunnel", "budget")
    assert found.gain > 0


def test_nothing_is_tried_without_evidence_with_clear_evidence_or_with_one_word() -> None:
    reranker = FakeReranker()
    assert unheard("Which budget was approved?", [], reranker, 7.0) == Unheard()
    assert unheard("Which budget was approved?", [window("Trade grew.", logit=9.0)], reranker, 7.0) == Unheard()
    assert unheard("Why?", [window("Trade grew by 26%.", document("d_1"))], reranker, 7.0) == Unheard()
    assert reranker.scored == 0


def test_a_long_question_costs_a_bounded_number_of_runs() -> None:
    reranker = FakeReranker()
    unheard(" ".join(f"word{n}" for n in range(200)), [window("Trade grew by 26%.", document("d_1"))], reranker, 7.0)
    assert 0 < reranker.scored <= 8
