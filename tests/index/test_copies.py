from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.copies import distinct, furniture, voices
from index.records import Hit
from tests.rag.made import document, hit

LOAN = (
    "The town of Oldport has agreed to lend the ferry company 14 million crowns, the mayor said on Monday after a long "
    "meeting of the council. The money is to be paid in three parts."
)


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (LOAN, True),
        (LOAN.upper(), True),
        (f"{LOAN} More follows later today.", True),
        (LOAN[: LOAN.index(" The money")], True),
        (LOAN.replace("14", "19"), False),
        (LOAN.replace("has agreed", "has not agreed"), False),
        (LOAN.replace("three parts", "two parts"), False),
        ("Sitting late on Monday, Oldport's council gave the ferry firm a loan of 14 million in three parts.", False),
        ("", False),
    ],
    ids=["same", "shouted", "more", "less", "other figure", "denied", "other word for a number", "paraphrase", "empty"],
)
def test_a_copy_has_nearly_the_same_words_and_the_same_figures(text: str, copy: bool) -> None:
    assert voices([LOAN, text]) == ((0, 0) if copy else (0, 1))


@given(
    st.lists(st.sampled_from([LOAN, LOAN + " So it is.", "A whale.", "A whale swam by.", ""]) | st.text(), max_size=8)
)
def test_every_text_has_the_voice_of_an_earlier_or_its_own(texts: list[str]) -> None:
    found = voices(texts)
    assert all(voice <= place and found[voice] == voice for place, voice in enumerate(found))
    assert voices(texts) == found


def test_copies_in_other_documents_are_left_out_and_the_next_ones_take_their_place() -> None:
    first, copy, other = (
        hit(LOAN, document("d_1")),
        hit(LOAN, document("d_2")),
        hit("A whale swam by.", document("d_3")),
    )
    assert distinct([first, copy, other], 2) == (first, other)
    same = replace(copy, document=first.document)
    assert distinct([first, same], 2) == (first, same), "a document may repeat itself"


BOX = "Read all about the harbour in our Friday letter."


def standing(number: int, rest: str, publisher: str = "The Post") -> Hit:
    return hit(f"{rest}\n{BOX}", document(f"d_{number}", publisher=publisher))


def test_a_line_that_a_publisher_repeats_is_its_furniture() -> None:
    rests = ["A whale swam by the pier at noon.", "The mayor has bought a boat.", "Tickets cost four crowns."]
    hits = [standing(number, rest) for number, rest in enumerate(rests)]
    assert furniture(hits) == {BOX}
    assert furniture(hits[:2]) == frozenset()
    assert furniture([standing(number, rest, f"P{number}") for number, rest in enumerate(rests)]) == frozenset()


def test_what_many_papers_copied_is_no_furniture() -> None:
    assert furniture([standing(number, LOAN) for number in range(4)]) == frozenset()


def test_what_is_kept_of_a_text_is_small() -> None:
    texts = [" ".join(f"w{n * number}" for n in range(1, 150)) for number in range(1, 200)]
    voices(texts[:1])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        voices(texts)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 6_000 * len(texts)
