"""Statements in a passage's own words that it does not bear out: who and whom swapped, dates moved, limits lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.verify import Verifier
from rag.verify.roles import roles_agree
from tests.rag.made import hit

TRAPS = Path(__file__).with_name("traps.txt")


class Agreeing:
    """A cross-encoder that finds everything relevant: what is refused is refused by the rules."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [11.0 for _ in texts]

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [11.0 for _ in pairs]


def cases() -> Iterator[tuple[str, str, str]]:
    """Give each passage's statements with their mark."""
    passage = ""
    for line in TRAPS.read_text(encoding="utf-8").splitlines():
        mark, _, text = line.partition(" ")
        if mark == "P":
            passage = text
        elif mark in "-+?!":
            yield passage, mark, text


def shown(passage: str, statement: str) -> bool:
    checked = Verifier(Agreeing(), lambda document: passage).check(statement, [hit(passage)])
    return checked.support == "supported"


def test_nothing_is_shown_that_the_passage_does_not_say() -> None:
    traps = [(passage, text) for passage, mark, text in cases() if mark == "-"]
    assert len(traps) > 1000
    assert [text for passage, text in traps if shown(passage, text)] == []


def test_what_the_passage_says_is_shown() -> None:
    true = [(passage, text) for passage, mark, text in cases() if mark == "+"]
    assert len(true) > 300
    assert [text for passage, text in true if not shown(passage, text)] == []


def test_what_is_shown_wrongly_is_known_and_little() -> None:
    every = list(cases())
    holes = [(passage, text) for passage, mark, text in every if mark == "!"]
    false = sum(mark in "-!" for _, mark, _ in every)
    assert [text for passage, text in holes if not shown(passage, text)] == [], "mended: mark it with -"
    assert len(holes) <= 0.02 * false


@pytest.mark.parametrize("words", ["ann bob " * 40, "Ann sued Bob " * 15, "Ann, who " * 100, "x" * 20_000])
def test_repeated_words_take_no_time_without_end(words: str) -> None:
    assert not roles_agree(f"The {words} met Eve", f"Eve met {words} and {words}.", words)
