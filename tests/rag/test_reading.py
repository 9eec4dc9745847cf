from __future__ import annotations

from rag.extract import windows_of
from rag.reading import worth_reading
from tests.rag.made import document, hit

BOX = "Read all about the harbour in our Friday letter."
NEWS = (
    "A whale swam past the pier at noon on Monday, and the ferry had to wait for it.",
    "The mayor has bought a boat for the school, with money that a fisherman left to the town.",
    "Tickets for the ferry will cost four crowns from the first of May, the company said.",
)


def test_copies_are_read_once_and_another_source_gets_the_last_place() -> None:
    one = document("d_1")
    own = [hit(f"{text} Number {place}.", one, start=1000 * place) for place, text in enumerate(NEWS)]
    other = hit("The pier was closed.", document("d_2"))
    assert worth_reading([*own, other], 3) == (own[0], own[1], other)
    assert worth_reading(own, 3) == tuple(own), "alone it may fill the list"
    assert worth_reading([own[0], hit(own[0].passage.text, document("d_3")), other], 2) == (own[0], other)


def test_what_a_publisher_sets_under_everything_is_no_evidence() -> None:
    hits = [hit(f"{text}\n{BOX}", document(f"d_{place}", publisher="The Post")) for place, text in enumerate(NEWS)]
    assert any(window.text == BOX for window in windows_of(hits))
    assert not any(BOX in window.text for window in windows_of(worth_reading(hits, 3)))
    assert [one.passage.text for one in worth_reading(hits, 3)] == [one.passage.text for one in hits]
