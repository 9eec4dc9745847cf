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
        ("The granary cost 1518 crowns and employs 2000 people.", [(1518, "crown"), (2000, "peopl")]),
        ("In 1518 crowns were scarce; the 2019 elections and its 2020 results were late.", []),
        ("2019 sales fell, since May 2018 workers left.", []),
        ("1.3 The accident of 17 September 2024, on May 4, is the subject of three inquiries.", [(3, "inquiri")]),
        ("", []),
    ],
)
def test_figures_are_read_with_their_units(text: str, figures: list[tuple[float, str]]) -> None:
    assert [(figure.amount, figure.unit) for figure in figures_of(text)] == figures


def test_sources_that_differ_are_sides_newest_first() -> None:
    found = sides(QUESTION, [COURIER], [COURIER, POST])
    assert [side.value for side in found] == ["Four workers", "Two workers"]
    assert disagree(found)


def test_a_later_figure_of_the_same_publisher_is_an_update() -> None:
    later = said("Three workers were hurt in the accident on the bridge.", "Courier", "2024-09-20", 4.5)
    found = sides(QUESTION, [COURIER], [COURIER, later])
    assert [side.value for side in found] == ["Three workers", "Two workers"]
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
    assert {side.value for side in sides(QUESTION, [post], [post, courier])} == {"Four workers", "Two workers"}


def test_a_window_without_a_figure_does_not_hide_the_sides() -> None:
    none = said("The block fell on the bridge, and it was loud.", "Post", "2024-09-18", 6.0)
    assert len(sides(QUESTION, [none, COURIER], [none, COURIER, POST])) == 2


def test_a_question_that_asks_for_no_figure_has_no_sides() -> None:
    assert sides(understand("Who was hurt in the accident?"), [COURIER], [COURIER, POST]) == ()


OPENED = understand("When was the bridge over the Wend opened to traffic?")


@pytest.mark.parametrize(
    ("one", "other", "values"),
    [
        ("in May 2021", "in June 2021", {"May 2021", "June 2021"}),
        ("on 3 May 2021", "in May 2021", set()),
        ("on 3 May 2021", "on 4 May 2021", {"3 May 2021", "4 May 2021"}),
        ("in May 2021", "long ago", set()),
    ],
)
def test_dates_disagree_where_both_cannot_be_true(one: str, other: str, values: set[str]) -> None:
    courier = said(f"The bridge over the Wend was opened to traffic {one}.", "Courier", "2024-09-18")
    post = said(f"The Wend bridge has been open to traffic since it was opened {other}.", "Post", "2024-09-19")
    assert {side.value for side in sides(OPENED, [courier], [courier, post])} == values


FOUNDED = understand("Who founded the ferry company of Oldport?")


@pytest.mark.parametrize(
    ("one", "other", "values"),
    [
        (
            "Anna Bell founded the ferry company",
            "The ferry company was founded by Carl Dunn",
            {"Anna Bell", "Carl Dunn"},
        ),
        ("Anna Bell founded the ferry company", "The ferry company was founded by old Mrs Bell", set()),
        ("Anna Bell founded the ferry company", "The ferry company, said Carl Dunn, was founded in haste", set()),
        ("Anna Bell founded the ferry company", "The ferry company was founded by Carl Dunn and Eva Frey", set()),
        ("Anna Bell founded the ferry company", "Carl Dunn sold the tram", set()),
        ("Anna Bell founded the ferry company", "The ferry company was not founded by Carl Dunn", set()),
    ],
)
def test_names_disagree_where_one_alone_can_be_right(one: str, other: str, values: set[str]) -> None:
    courier = said(f"{one} in Oldport on Tuesday.", "Courier", "2024-09-18")
    post = said(f"{other} in Oldport on Monday.", "Post", "2024-09-19")
    assert {side.value for side in sides(FOUNDED, [courier], [courier, post])} == values


def test_names_that_may_all_be_right_do_not_disagree() -> None:
    praised = understand("Who praised the ferry company of Oldport?")
    bell = said("Anna Bell praised the ferry company in Oldport.", "Courier", "2024-09-18")
    dunn = said("Carl Dunn praised the ferry company in Oldport.", "Post", "2024-09-19")
    assert sides(praised, [bell], [bell, dunn]) == ()
    heads = understand("Who leads the ferry company of Oldport?")
    then = said("Anna Bell leads the ferry company in Oldport.", "Courier", "2021-09-18")
    now = said("Carl Dunn leads the ferry company in Oldport.", "Post", "2024-09-19")
    assert sides(heads, [then], [then, now]) == (), "offices change hands"


ALARM = understand("Did a siren sound before the block fell?")
SOUNDED = said("A siren sounded before the block fell, the agency said.", "Courier", "2024-09-18")


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("No siren sounded.", True),
        ("The siren did not sound before the block fell, five workers said.", True),
        ("A siren sounded.", False),
        ("No block fell on the second day.", False),
        ("Nobody heard anything.", False),
    ],
)
def test_what_one_source_says_and_another_denies_are_yes_and_no(text: str, denied: bool) -> None:
    denial = said(text, "Post", "2024-09-19", -4.0)
    found = sides(ALARM, [SOUNDED], [SOUNDED], [denial])
    assert [side.value for side in found] == (["no", "yes"] if denied else [])
    assert sides(ALARM, [SOUNDED], [SOUNDED], [said(text, "Courier", "2024-09-19")]) == (), "that is an update"


def test_different_years_and_different_companies_do_not_disagree() -> None:
    question = understand("How much did the ferry company pay as dividends?")
    may = said("In May 2021 the ferry company paid 5 million crowns as dividends.", "Post", "2021-06-01")
    june = said("In June 2022 the ferry company paid 7 million crowns as dividends.", "Courier", "2022-07-01")
    assert sides(question, [may], [may, june]) == ()
    two = understand("How much did Alba Ferries and Brent Lines pay as dividends?")
    assert sides(two, [may], [may, replace(june, text=june.text.replace("June 2022", "May 2021"))]) == ()
