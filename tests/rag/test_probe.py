from __future__ import annotations

from collections.abc import Sequence

from rag.probe import Probe, probe
from rag.question import understand
from tests.fakes import FakeReranker
from tests.rag.made import document, window


def test_the_word_that_the_evidence_lacks_is_found() -> None:
    question, reranker = "Which budget did the council approve for the harbour tunnel?", FakeReranker()
    text = "The council approved the harbour bridge in March."
    judged = [window(text, document("d_1"), reranker.score(question, [text])[0])]
    found = probe(understand(question), judged, reranker, 7.0)
    assert found.unheard in ("tunnel", "budget")
    assert found.gain > 0


def test_no_word_is_tried_without_evidence_with_clear_evidence_or_with_one_word() -> None:
    reranker, asked = FakeReranker(), understand("Which budget was approved?")
    assert probe(asked, [], reranker, 7.0) == Probe()
    assert reranker.scored == 0
    clear = probe(asked, [window("Trade grew.", logit=9.0)], reranker, 7.0)
    assert (clear.unheard, clear.gain) == ("", 0.0)
    short = probe(understand("Why?"), [window("Trade grew by 26%.", document("d_1"))], reranker, 7.0)
    assert (short.unheard, short.gain) == ("", 0.0)
    assert reranker.scored == 2


def test_a_sentence_has_to_fit_what_is_asked_of_the_name_and_not_the_name_alone() -> None:
    question, reranker = understand("How much cash did Orrin Heavy Lift hold?"), FakeReranker()
    fits, named = (
        probe(question, [window(text, document("d_1"), 9.0)], reranker, 7.0).nameless
        for text in ("The firm did hold much cash, how it was found.", "Orrin Heavy Lift is a firm of Kolmere.")
    )
    assert fits > named


def test_a_question_for_a_name_alone_keeps_it() -> None:
    asked: list[str] = []

    class Heard(FakeReranker):
        def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
            asked.extend(question for question, _ in pairs)
            return super().score_pairs(pairs)

    for text in ("Who is Anna Bell?", "When did Anna Bell resign?"):
        probe(understand(text), [window("Anna Bell resigned in May.", document("d_1"), 9.0)], Heard(), 7.0)
    assert asked == ["Who is Anna Bell?", "When did they resign?"]


def test_a_long_question_costs_a_bounded_number_of_runs() -> None:
    reranker = FakeReranker()
    asked = understand(" ".join(f"word{n}" for n in range(200)))
    probe(asked, [window("Trade grew by 26%.", document("d_1"))], reranker, 7.0)
    assert 0 < reranker.scored <= 9
