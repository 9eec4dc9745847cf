from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.decline import USED, decide, features, fitted, missing_in
from rag.probe import Probe
from rag.question import understand
from tests.rag.made import document, window

TEXTS = [
    "Trade grew by 26% in 2024.",
    "The mayor did not resign.",
    "Doran Pell spoke on Friday.",
    "北京的贸易增长了。真的。",
]
QUESTIONS = [
    "How much did trade grow?",
    "Who is Doran Pell?",
    "When did the mayor resign?",
    "Compare Orrin and Castell.",
    "?",
]


@given(
    st.sampled_from(QUESTIONS),
    st.lists(st.tuples(st.sampled_from(TEXTS), st.floats(-12, 12)), min_size=1, max_size=4),
    st.floats(0, 10),
)
def test_better_evidence_is_never_trusted_less(asked: str, given_: list[tuple[str, float]], better: float) -> None:
    question = understand(asked)
    ordered = sorted(given_, key=lambda pair: -pair[1])
    judged = [window(text, document(f"d_{n}"), logit) for n, (text, logit) in enumerate(ordered)]
    raised = [replace(one, logit=one.logit + better) for one in judged]
    before, after = decide(question, judged, Probe()), decide(question, raised, Probe())
    assert 0 <= before.confidence <= after.confidence + 1e-9 <= 1 + 1e-9
    assert after.answers or not before.answers
    for decision in (before, after):
        assert decision.answers or decision.missing


def test_nothing_found_is_no_answer() -> None:
    decision = decide(understand("Who is the mayor?"), [], Probe())
    assert (decision.answers, decision.confidence) == (False, 0.0)
    assert "Who is the mayor?" in decision.missing[0]


def test_clear_evidence_answers_and_none_does_not() -> None:
    question = understand("How much did trade grow in 2024?")
    assert decide(question, [window(TEXTS[0], logit=9.0)], Probe()).answers
    assert not decide(question, [window(TEXTS[1], logit=-10.0)], Probe()).answers


@pytest.mark.parametrize(
    ("question", "named", "unnamed"),
    [
        ("What did Anna Rusk say about Odessa?", ["Anna Rusk", "Odessa"], ["Doran Pell"]),
        ("What did Doran Pell say in 2019?", ["2019"], ["Doran Pell"]),
        ("What did Doran Pell say in Kolmere?", ["Kolmere"], ["Pell"]),
    ],
)
def test_what_is_missing_is_named(question: str, named: list[str], unnamed: list[str]) -> None:
    sentence = missing_in(understand(question), [window(TEXTS[2])], Probe())
    told = sentence.removesuffix(question)
    assert sentence.endswith(question)
    assert all(f"“{name}”" in told for name in named)
    assert not any(name in told for name in unnamed)


def test_without_a_name_to_miss_the_question_itself_is_named() -> None:
    assert missing_in(understand("Why did it fall?"), [], Probe()) == "The documents do not tell: Why did it fall?"


def test_a_word_that_the_evidence_does_not_speak_to_is_named_and_lowers_the_confidence() -> None:
    question, judged = understand("How much did trade grow in spring?"), [window(TEXTS[0], logit=4.0)]
    heard, unheard = decide(question, judged, Probe()), decide(question, judged, Probe("spring", 6.0))
    assert unheard.confidence < heard.confidence
    assert "spring" in missing_in(question, judged, Probe("spring", 6.0))
    assert "spring" not in missing_in(question, judged, Probe("spring", 0.2)).split(":")[0]


def test_every_fitted_weight_is_of_a_feature_that_is_measured() -> None:
    question, judged = understand("How much did trade grow?"), [window(TEXTS[0])]
    assert set(fitted().weights) <= set(features(question, judged, Probe()))
    assert set(USED) == set(features(question, judged, Probe()))


@pytest.mark.parametrize("asked", ["Why? " * 1600, "A" * 8000, "Who is " + "Anna " * 1000 + "?"])
def test_a_long_question_is_not_repeated_whole(asked: str) -> None:
    question = understand(asked)
    for judged in ([], [window(TEXTS[0])]):
        assert len(missing_in(question, judged, Probe())) < 1200


def test_evidence_of_the_opposite_is_trusted_less_and_said() -> None:
    judged = [window(TEXTS[0], logit=2.0)]
    asked = understand("Which trade shrank or grew by 26% in 2019?")
    assert features(asked, judged, Probe())["contrasted"] == 1
    assert features(understand("How much did trade grow in 2024?"), judged, Probe())["contrasted"] == 0
    assert missing_in(understand("What did not rise?"), judged, Probe()) == (
        "The passages found do not tell with “not”: What did not rise?"
    )
    assert missing_in(understand("What shrank?"), judged, Probe()) == (
        "The passages found speak of “grew”, not of “shrank”: What shrank?"
    )
