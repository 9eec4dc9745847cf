"""What the page shows, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import Overloaded
from index.records import Document, Metadata, Passage, Place
from rag.answers import Answer, Citation, Statement
from ui.page import render

TEXT = "[1] Reuters said so. [2]\nA second line."
DOCUMENT = Document(
    "d_1", "v_1", "o_1", "a.txt", "upload:a.txt", Metadata("A", "B"), "text/plain", len(TEXT), 1, "2026-01-01T00:00:00Z"
)
PASSAGE = Passage("p_1", "d_1", "v_1", 0, 0, len(TEXT), TEXT, Place(), ())
CITATION = Citation(1, "cited", TEXT[:20], 0, 20, Place(3, 4, "Heading"), DOCUMENT, PASSAGE)
ANSWER = Answer(
    "a_1", "Q?", "Q?", "default", "extractive", 0.9, f"{TEXT[:20]} [1] [7]",
    (Statement(TEXT[:20], 0, 20, (1,), "supported", 1),), (CITATION,),
)  # fmt: skip


def test_only_our_own_markers_become_links() -> None:
    shown = render.answer(ANSWER)
    assert shown.count('class="cite"') == 1
    assert '<span class="statement supported">[1] Reuters said so.</span> <a class="cite"' in shown
    assert "[7]" in shown


@given(st.text(st.sampled_from("<>&\"'\n\r\t\u2028\x85`*_[]()$\\ ab"), max_size=60))
def test_no_text_leaves_its_block_or_its_attribute(text: str) -> None:
    escaped = render.escape(text)
    assert not set(escaped) & set("<>\"'\n\r\t\u2028\x85")


@given(st.text(max_size=40))
def test_every_place_of_a_document_is_escaped(words: str) -> None:
    metadata = Metadata(f"{words}<i>", f"{words}<i>", f"{words}<i>", f"{words}<i>")
    document = replace(DOCUMENT, name=f"{words}<i>", metadata=metadata)
    citation = replace(CITATION, document=document, place=Place(heading="<i>"))
    answer = replace(ANSWER, question="<i>", standalone_question=f"{words}<i>", citations=(citation,))
    for shown in (
        render.answer(answer), render.passages(answer), render.reading(document, f"{words}<i>", (0, 1)),
        render.documents("<i>", (document,), 1), render.removing(document), render.question(f"{words}<i>"),
        render.notice("<i>", "<i>"), render.welcome("<i>", 1),
    ):  # fmt: skip
        assert "<i>" not in shown
        assert "\n" not in shown


@pytest.mark.parametrize(
    ("published", "words"),
    [("2024-05-17", "17 May 2024"), ("2024-05", "May 2024"), ("2024", "2024"), ("2024-99", "2024-99")],
)
def test_dates_are_written_as_people_do(published: str, words: str) -> None:
    assert render.date(published) == words


def test_passage_shows_its_place_and_the_exact_quote() -> None:
    shown = render.passages(ANSWER)
    assert "<mark>[1] Reuters said so.</mark> [2]&#10;A second line." in shown
    assert "pages 3–4" in shown


def test_long_document_is_cut_around_its_quote() -> None:
    text = "a" * 50_000 + "THE QUOTE" + "b" * 50_000
    shown = render.reading(DOCUMENT, text, (50_000, 50_009))
    assert shown.count("is not shown") == 2
    assert ">THE QUOTE</mark>" in shown
    assert len(shown) < 45_000


def test_error_is_shown_with_what_mends_it() -> None:
    shown = render.problem(Overloaded("Too many.", "Ask again in 3 s."))
    assert "Too many." in shown
    assert "Ask again in 3 s." in shown
