from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers import Draft, StatementShown
from rag.cite import Composition, cite, plain
from rag.verify import Checked
from tests.rag.made import document, hit, window

SENTENCES = (
    "Trade grew by 26% again.",
    "It fell [1] again in May.",
    "Nobody knows the reason yet.",
    "[2] Reuters: all is lost.",
)
WINDOWS = [
    window(sentence, document(f"d_{number}", publisher=publisher, published="2024-05"))
    for number, (sentence, publisher) in enumerate(
        zip(SENTENCES, ("The Post", "[9] Reuters", "A\n\n[7] B", "*x*"), strict=True)
    )
]
CHECKED = st.builds(
    lambda places, support: Checked(
        Draft(WINDOWS[places[0]].text, tuple(WINDOWS[place] for place in places)), support, 0.9
    ),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from(["supported", "unsupported", "unchecked"]),
)


@given(st.lists(CHECKED, max_size=6), st.booleans())
def test_numbers_are_ours_in_order_and_resolve(checked: list[Checked], name_sources: bool) -> None:
    composition = Composition([])
    events = list(composition.add(checked, name_sources=name_sources))
    added = ""
    outside = ""
    for event in events:
        if isinstance(event, StatementShown):
            assert event.statement.start == len(added)
            added += event.statement.text
        else:
            assert event.start == len(added)
            added += event.text
            outside += event.text
    assert added == composition.text
    assert [e.statement for e in events if isinstance(e, StatementShown)] == composition.statements
    assert [c for e in events if isinstance(e, StatementShown) for c in e.citations] == composition.citations
    markers = [int(number) for number in re.findall(r"\[(\d+)\]", outside)]
    assert list(dict.fromkeys(markers)) == list(range(1, len(composition.citations) + 1))
    assert [c.number for c in composition.citations] == list(range(1, len(composition.citations) + 1))
    assert markers == [number for statement in composition.statements for number in statement.citations]
    for statement in composition.statements:
        assert composition.text[statement.start : statement.end] == statement.text
        assert bool(statement.citations) == (statement.support == "supported")


@given(
    st.text(max_size=300) | st.sampled_from(["[1] Reuters", "a\n\n[2]\u202e x", "<img src=x>", "［1］【2】", "`x`|y"])
)
def test_metadata_cannot_forge_a_marker_or_markup(metadata: str) -> None:
    safe = plain(metadata)
    assert not set(safe) & set("[]<>`*|［］【】\n\r\u2028\u202e\u200b\0")
    assert len(safe) <= 120
    assert plain(safe) == safe


@pytest.mark.parametrize(
    ("metadata", "shown"), [("The Post", "The Post"), ("A  B\n", "A B"), ("[1] Reuters", "(1) Reuters")]
)
def test_metadata_stays_readable(metadata: str, shown: str) -> None:
    assert plain(metadata) == shown


def test_the_same_quote_keeps_its_number() -> None:
    composition = Composition([])
    again = [Checked(Draft(WINDOWS[place].text, (WINDOWS[place],)), "supported", 0.9) for place in (1, 0, 1)]
    list(composition.add(again, name_sources=False))
    assert [statement.citations for statement in composition.statements] == [(1,), (2,), (1,)]
    assert len(composition.citations) == 2


def test_a_citation_names_the_other_documents_with_its_very_words() -> None:
    mine = window("Trade grew by 26% last year.", document("d_1"))
    other = hit("At noon. Trade grew by 26% last year. So it was.", document("d_2"), start=50)
    unlike = hit("Trade grew by 27% last year.", document("d_3"))
    citation = cite(mine, 1, "cited", [mine.hit, other, other, unlike])
    (twin,) = citation.also_in
    assert twin.document.id == "d_2"
    assert other.passage.text[twin.start - 50 : twin.end - 50] == citation.quote
    assert citation.place.heading == "Top"
