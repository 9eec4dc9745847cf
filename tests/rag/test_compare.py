from __future__ import annotations

from dataclasses import replace

import pytest

from index.records import Document, Metadata
from rag.answers import Window
from rag.compare import disagree, sides
from rag.figures import figures_of
from rag.question import understand
from tests.rag.made import document, window

QUESTION = understand("How many workers were hurt in the accident on the bridge?")


def said(text: str, publisher: str, published: str, logit: float = 5.0) -> Window:
    of: Document = replace(
        document(f"d_{publisher}_{published}"), metadata=Metadata(publisher=publisher, published=published)
    )
    return window(text, of, logit)


COURIER = said("Two workers were hurt in the accident on the bridge on Tuesday.", "Courier", "2024-09-18")
POST = said("Four workers were hurt in the bridge accident, the union said on Wednesday.", "Post", "2024-09-19", 4.0)


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("Four workers were hurt at 11:20.", [(11.2, "clock"), (4, "worker")]),
        ("It rose by 26% to $3.5 billion in 2023.", [(26, "%"), (3.5e9, "$")]),
        ("534 million crowns, 37 welds and 14.5m euros", [(534e6, "crown"), (37, "weld"), (14.5e6, "euro")]),
        ("between 2021 and 2023, the 43rd meeting", []),
        ("1.3 The accident of 17 September 2024, on May 4, is the subject of three inquiries.", [(3, "inquiri")]),
        ("", []),
    ],
)
def test_figures_are_read_with_their_units(text: str, figures: list[tuple[float, str]]) -> None:
    assert [(figure.amount, figure.unit) for figure in figures_of(text)] == figures


def test_sources_that_differ_are_sides_newest_first() -> None:
    found = sides(QUESTION, [COURIER], [COURIER, POST])
    assert [side.figure.written for side in found] == ["Four workers", "Two workers"]
    assert disagree(found)


def test_a_later_figure_of_the_same_publisher_is_an_update() -> None:
    later = said("Three workers were hurt in the accident on the bridge.", "Courier", "2024-09-20", 4.5)
    found = sides(QUESTION, [COURIER], [COURIER, later])
    assert [side.figure.written for side in found] == ["Three workers", "Two workers"]
    assert not disagree(found)


@pytest.mark.parametrize(
    "other",
    [
        said("Two workers were hurt in the bridge accident.", "Post", "2024-09-19"),
        said("Four ferries were late because of the accident on the bridge.", "Post", "2024-09-19"),
        said("Four workers were hurt in the accident on the bridge.", "Post", "2024-09-19", -9.0),
        said("Four workers of nine workers were hurt in the accident on the bridge.", "Post", "2024-09-19"),
        said("Four workers sing.", "Post", "2024-09-19"),
    ],
    ids=["the same figure", "another unit", "far behind", "several figures", "another matter"],
)
def test_what_is_not_about_the_same_thing_is_no_side(other: Window) -> None:
    assert sides(QUESTION, [COURIER], [COURIER, other]) == ()


def test_the_time_of_day_and_a_part_do_not_hide_the_asked_figure() -> None:
    courier = said("Two workers were injured, one of them seriously, in the bridge accident.", "Courier", "2024-09-18")
    post = said("Four workers were hurt in the accident on the bridge shortly after 11:20.", "Post", "2024-09-18", 6.0)
    assert {side.figure.written for side in sides(QUESTION, [post], [post, courier])} == {"Four workers", "Two workers"}


def test_a_question_that_asks_for_no_figure_has_no_sides() -> None:
    assert sides(understand("Who was hurt in the accident?"), [COURIER], [COURIER, POST]) == ()
