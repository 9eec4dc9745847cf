from __future__ import annotations

import pytest

from rag.parts import facets_of, needs_all, questions_in
from rag.question import understand


def test_several_questions_stand_alone_one_by_one() -> None:
    found = questions_in(understand("Who is Doran Pell? When did he resign?"))
    assert found[0].text == "Who is Doran Pell?"
    assert "Doran Pell" in found[1].text
    assert questions_in(understand("Who is the mayor?")) == ()
    assert questions_in(understand("A? " * 20)) == ()


def test_the_conversation_belongs_to_the_first_of_several_questions() -> None:
    found = questions_in(understand("Why? When did it end?", "Did the ferry stop? Why? When did it end?"))
    assert found[0].context
    assert not found[1].context


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "Compare the profits of Castell Works Inc. in 2020 and Brane Shipping in 2021. Which company earned more?",
            {
                "Castell Works Inc": "the profits of Castell Works Inc. in 2020.",
                "Brane Shipping": "the profits of Brane Shipping in 2021.",
            },
        ),
        (
            "What did Orrin, Castell and Brane offer?",
            {"Orrin": "What did Orrin offer?", "Castell": "What did Castell offer?", "Brane": "What did Brane offer?"},
        ),
        (
            "Who led Castell and Brane in 2020 and 2021, respectively?",
            {"Castell": "Who led Castell in 2020?", "Brane": "Who led Brane in 2021?"},
        ),
    ],
)
def test_a_question_about_several_things_is_one_about_each(asked: str, expected: dict[str, str]) -> None:
    found = {name: facet.text for name, facet in facets_of(understand(asked))}
    assert {name: text.rstrip(".") for name, text in found.items()} == {
        name: text.rstrip(".") for name, text in expected.items()
    }


@pytest.mark.parametrize(
    "asked",
    [
        "What is the trade between Orrin and Castell?",
        "When did Anna Rusk and Doran Pell meet?",
        "Who is Doran Pell?",
        "What happened in January and March?",
        "What rose and fell?",
        "",
    ],
)
def test_what_several_things_have_in_common_is_one_question(asked: str) -> None:
    assert facets_of(understand(asked)) == ()


def test_a_comparison_needs_every_side() -> None:
    assert needs_all(understand("Compare the offers of Orrin and Castell."))
    assert not needs_all(understand("What did Orrin and Castell offer?"))


@pytest.mark.timeout(30)  # without a limit on their length this takes minutes, in which nobody else is answered
@pytest.mark.parametrize("word", ["OR", "Or ", "A, ", "A in 2020, ", "A of the ", "A and ", "A’s, "])
def test_a_very_long_question_is_looked_through_at_once(word: str) -> None:
    facets_of(understand((word * 4_000)[:8_000] + " and B"))
