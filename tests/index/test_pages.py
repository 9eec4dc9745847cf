"""Pages of stored PDFs: their pictures, and quotes found on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import NotFound
from index.records import Source
from index.shelf import Shelf

REPORT = Path(__file__).parents[2] / "examples" / "documents" / "2025-01-20_interim-report.pdf"


@pytest.fixture
def report(shelf: Shelf) -> str:
    job = shelf.add("default", [Source("report.pdf", "upload:report.pdf", content=REPORT.read_bytes())])
    assert shelf.wait(job.id, 60).state == "done"
    return shelf.documents("default")[0][0].id


def test_every_sentence_is_found_on_its_page(shelf: Shelf, report: str) -> None:
    sizes = shelf.pages.sizes(report)
    spans = [(s.start, s.end, p.place.page) for p in shelf.passages(report) for s in p.sentences]
    assert len(spans) > 20
    for start, end, _ in spans[::4]:
        boxes = shelf.pages.boxes(report, start, end)
        assert boxes, shelf.text(report)[start:end]
        for box in boxes:
            assert 0 <= box.left < box.left + box.width <= sizes[box.page - 1].width
            assert 0 <= box.top < box.top + box.height <= sizes[box.page - 1].height


def test_quote_that_goes_over_the_end_of_a_page_is_marked_on_both(shelf: Shelf, report: str) -> None:
    second = next(mark.start for mark in shelf.marks(report) if mark.kind == "page" and mark.label == "2")
    boxes = shelf.pages.boxes(report, second - 60, second + 60)
    assert {box.page for box in boxes} == {1, 2}


def test_same_words_twice_are_marked_where_they_are_meant(shelf: Shelf, report: str) -> None:
    text = shelf.text(report)
    first = text.index("the Agency")
    second = text.index("the Agency", first + 1)
    assert shelf.pages.boxes(report, first, first + 10) != shelf.pages.boxes(report, second, second + 10)


def test_page_is_drawn_and_another_one_is_refused(shelf: Shelf, report: str) -> None:
    assert shelf.pages.picture(report, 1, 300).startswith(b"\x89PNG")
    with pytest.raises(NotFound, match="no page 99"):
        shelf.pages.picture(report, 99, 300)
    job = shelf.add("default", [Source("a.txt", "upload:a.txt", text="Words.")])
    shelf.wait(job.id, 20)
    with pytest.raises(NotFound, match="no pages"):
        shelf.pages.sizes(shelf.documents("default")[0][1].id)
    assert shelf.pages.boxes(report, 0, 10**9) == ()
