from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.people import is_firm, may_be, people_in


@pytest.mark.parametrize(
    ("texts", "people"),
    [
        (["Yes. Agathe Rusk resigned in January 2025."], {"Agathe Rusk": ""}),
        (["Agathe Rusk resigned.", "Ms Rusk gave no reason."], {"Agathe Rusk": "she"}),
        (["The prime minister, Anna Bell, met Mr Doran Pell in New York."], {"Anna Bell": "", "Doran Pell": "he"}),
        (["Prime Minister Anna Bell said that she would stay."], {"Anna Bell": "she"}),
        (["Anna Bell met Doran Pell, and she said no."], {"Anna Bell": "", "Doran Pell": ""}),
        (["It went to Varnholt Bridgeworks and the Harbour Authority."], {}),
        (["Nobody spoke."], {}),
    ],
)
def test_people_are_known_by_name_and_title(texts: list[str], people: dict[str, str]) -> None:
    assert people_in(texts) == people


def test_who_is_named_last_stands_last() -> None:
    assert list(people_in(["Anna Bell met Doran Pell.", "Then Anna Bell left."])) == ["Doran Pell", "Anna Bell"]


def test_a_pronoun_means_nobody_of_whom_another_is_used() -> None:
    people = people_in(["Ms Anna Bell met Doran Pell."])
    assert may_be("her", "Anna Bell", people)
    assert not may_be("his", "Anna Bell", people)
    assert may_be("his", "Doran Pell", people)
    assert not may_be("he", "Ms Bell", people)
    assert may_be("they", "Anna Bell", people)


def test_firms_are_no_people() -> None:
    assert all(map(is_firm, ("Orrin Ltd", "Castell & Brane", "Harbour Authority", "The Kolmere Ledger")))
    assert not is_firm("Anna Bell")


@given(st.lists(st.text(max_size=60), max_size=3))
def test_no_text_is_too_odd(texts: list[str]) -> None:
    assert all(name.strip() for name in people_in(texts))
