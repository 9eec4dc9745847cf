from __future__ import annotations

from dataclasses import replace

import pytest

from index.errors import NotFound
from index.records import Document
from rag.answers import Draft
from rag.verify import Verifier, check_quotes
from tests.fakes import FakeReranker
from tests.rag.made import hit, window

TEXT = "The bridge costs 318 million crowns."
WINDOW = window(TEXT)
DRAFT = Draft(TEXT, (WINDOW,))


def test_a_quote_that_stands_is_supported() -> None:
    checked = check_quotes(DRAFT, lambda document: TEXT)
    assert (checked.support, checked.score, checked.draft) == ("supported", 1.0, DRAFT)


@pytest.mark.parametrize("stored", [TEXT.replace("318", "319"), TEXT.lower(), "", f" {TEXT}", TEXT[:-1]])
def test_one_other_character_is_enough_to_drop_it(stored: str) -> None:
    assert check_quotes(DRAFT, lambda document: stored).support == "unsupported"


def test_words_that_the_evidence_does_not_have_are_dropped() -> None:
    assert check_quotes(replace(DRAFT, text="The bridge is cheap."), lambda document: TEXT).support == "unsupported"


def test_every_piece_of_evidence_is_checked() -> None:
    two = replace(DRAFT, evidence=(WINDOW, replace(WINDOW, start=4)))
    assert check_quotes(two, lambda document: TEXT).support == "unsupported"


def test_a_deleted_document_proves_nothing() -> None:
    def gone(document: Document) -> str:
        raise NotFound(f"No document {document.id}.")

    checked = check_quotes(DRAFT, gone)
    assert (checked.support, checked.score) == ("unsupported", 0.0)


@pytest.mark.parametrize(
    ("statement", "support"),
    [
        ("Der Handel ist seit dem Abkommen um 26% gewachsen.", "supported"),
        ("Seit dem Abkommen ist der Handel um 26% gewachsen.", "unchecked"),
        ("Seit dem Abkommen ist der Handel um 62% gewachsen.", "unsupported"),
    ],
)
def test_what_the_rules_cannot_judge_is_unchecked(statement: str, support: str) -> None:
    told = "Der Handel ist seit dem Abkommen um 26% gewachsen."
    checked = Verifier(FakeReranker(), lambda document: told).check(statement, [hit(told)])
    assert checked.support == support
    assert bool(checked.draft.evidence) == (support != "unchecked")


def test_a_flood_of_words_is_not_even_looked_at() -> None:
    told = "Trade grew a lot, and so it went on and on. " * 40
    reranker = FakeReranker()
    checked = Verifier(reranker, lambda document: told).check(told.strip(), [hit(told)])
    assert (checked.support, checked.draft.evidence, reranker.scored) == ("unsupported", (), 0)
