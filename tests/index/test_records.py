from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Document, Filter, Job, JobState, Mark, Metadata, Place, place_of

DOCUMENT = Document(
    "d_1", "v_1", "x_1", "a.txt", "upload:a.txt", Metadata(publisher="The Post", published="2024-05-17"),
    "text/plain", 10, 1, "2026-01-01T00:00:00Z",
)  # fmt: skip
DATES = st.dates().map(str).flatmap(lambda date: st.sampled_from([date, date[:7], date[:4]]))


def published(date: str | None) -> Document:
    return replace(DOCUMENT, metadata=Metadata(published=date))


@pytest.mark.parametrize(
    ("filter", "passes"),
    [
        (Filter(), True),
        (Filter(documents=("d_1",)), True),
        (Filter(documents=("d_2",)), False),
        (Filter(publishers=("the post",)), True),
        (Filter(publishers=("The Ledger",)), False),
        (Filter(published_from="2024"), True),
        (Filter(published_from="2024-05-17"), True),
        (Filter(published_from="2024-05-18"), False),
        (Filter(published_from="2024-06"), False),
        (Filter(published_to="2024"), True),
        (Filter(published_to="2024-05"), True),
        (Filter(published_to="2024-05-16"), False),
        (Filter(published_to="2023"), False),
    ],
)
def test_a_filter_is_hard_and_inclusive(filter: Filter, passes: bool) -> None:
    assert filter.passes(DOCUMENT) is passes
    assert filter.is_open is (filter == Filter())


def test_what_has_no_date_or_publisher() -> None:
    assert Filter(published_from="2024").passes(published(None))
    assert not Filter(published_from="2024", undated=False).passes(published(None))
    assert not Filter(publishers=("The Post",)).passes(published(None))


def test_a_year_covers_all_of_it_at_both_ends() -> None:
    for bound in ("2024-06", "2024-06-15"):
        assert Filter(published_from=bound, published_to=bound).passes(published("2024"))


@given(DATES, DATES)
def test_a_date_passes_its_own_bounds_and_no_contradiction(date: str, bound: str) -> None:
    assert Filter(published_from=date, published_to=date).passes(published(date))
    after = Filter(published_from=bound).passes(published(date))
    before = Filter(published_to=bound).passes(published(date))
    assert after or before
    if len(date) == len(bound):
        assert (after, before) == (date >= bound, date <= bound)


def test_a_document_without_a_title_is_called_by_its_name() -> None:
    assert DOCUMENT.title == "a.txt"
    assert replace(DOCUMENT, metadata=Metadata(title="Trade")).title == "Trade"


MARKS = (
    Mark(0, "page", "1"),
    Mark(5, "heading", "A"),
    Mark(10, "page", "2"),
    Mark(15, "heading", "B"),
    Mark(20, "page", "3"),
)


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (0, 4, Place(1, 1, None)),
        (6, 9, Place(1, 1, "A")),
        (6, 11, Place(1, 2, "A")),
        (10, 20, Place(2, 2, "A")),
        (15, 40, Place(2, 3, "B")),
        (0, 40, Place(1, 3, None)),
        (30, 40, Place(3, 3, "B")),
    ],
)
def test_the_place_of_a_span(start: int, end: int, place: Place) -> None:
    assert place_of(MARKS, start, end) == place


def test_slides_and_sheets_go_on_until_the_next_of_their_kind() -> None:
    marks = (Mark(0, "slide", "1"), Mark(0, "heading", "A"), Mark(10, "slide", "3"), Mark(20, "sheet", "Trade"))
    assert place_of(marks, 5, 30) == Place(None, None, "A", "1")
    assert place_of(marks, 12, 15) == Place(None, None, "A", "3")
    assert place_of(marks, 25, 26) == Place(None, None, "A", "3", "Trade")


def test_without_marks_there_is_no_place() -> None:
    assert place_of((), 0, 10) == Place()


@pytest.mark.parametrize(
    ("state", "finished"),
    [("queued", False), ("running", False), ("done", True), ("failed", True), ("cancelled", True)],
)
def test_a_job_that_ended_changes_no_more(state: JobState, finished: bool) -> None:
    assert Job("j_1", state, 1).finished is finished
