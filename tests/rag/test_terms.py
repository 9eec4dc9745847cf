from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.terms import number_of, stem, stems_of, terms_of


@pytest.mark.parametrize(
    ("figure", "number"),
    [
        ("1,200", "1200"),
        ("1200.0", "1200"),
        ("26", "26"),
        ("100", "100"),
        ("0.50", "0.5"),
        ("1,5", "1.5"),
        ("0.0", "0"),
    ],
)
def test_numbers_are_compared_by_value(figure: str, number: str) -> None:
    assert number_of(figure) == number


def test_words_are_compared_without_case_accents_and_endings() -> None:
    assert stem("Béton") == stem("beton")
    assert stem("mayor’s") == stem("mayors") == stem("Mayor's") == stem("mayor")
    assert stem("injured") == stem("injuring")


def test_names_numbers_years_and_negation_are_read() -> None:
    terms = terms_of("In 2023 the Harbour Ledger did not print four of 1,200 letters.")
    assert terms.names == {stem("Harbour"), stem("Ledger")}
    assert terms.numbers == {"2023", "4", "1200"}
    assert terms.years == {"2023"}
    assert terms.negated
    assert not terms_of("The notice was printed.").negated


def test_words_of_asking_are_no_subject() -> None:
    assert terms_of("What do the documents say about copper?").words == {stem("copper")}


@given(st.text(max_size=200))
@example("ᴬᴮ and ＡＢ and ﷺ")
def test_any_text_can_be_read(text: str) -> None:
    terms = terms_of(text)
    assert terms.names <= terms.words
    assert terms_of(text) == terms
    assert not any(letter.isupper() for word in stems_of(text) for letter in word)
