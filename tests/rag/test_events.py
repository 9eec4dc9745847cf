from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Hit
from rag.events import dated_event
from rag.question import understand
from tests.rag.made import document, hit

TOLD = (
    "The war began on 24 February 2022. Prices had been low.",
    "Since the war of February 2022 grain has been dear.",
    "The tower accident of 17 September 2024 hurt four people.",
    "The court met on 3 May 2023.",
    "The merger was agreed in 2019.",
    "The election of 2021 was close. The election of 2017 was not.",
)
FOUND = [hit(text, document(f"d_{n}")) for n, text in enumerate(TOLD)]


@pytest.mark.parametrize(
    ("question", "start", "end", "words"),
    [
        ("What did grain cost before the war?", None, "2022-02-23", "before the war"),
        ("What has grain cost since the war?", "2022-02-24", None, "since the war"),
        ("Who spoke after the accident in the tower?", "2024-09-18", None, "after the accident in the tower"),
        ("Which firms were there before their merger?", None, "2018-12-31", "before their merger"),
    ],
)
def test_an_event_is_a_time_where_the_documents_date_it(
    question: str, start: str | None, end: str | None, words: str
) -> None:
    event = dated_event(understand(question), FOUND)
    assert event
    assert (event.period.start, event.period.end, event.period.words) == (start, end, words)


@pytest.mark.parametrize(
    "question",
    [
        "What was said before the court?",
        "What happened after the election?",
        "What happened after the flood?",
        "What did the mayor do before the meeting of 3 May 2023?",
        "Who won the war?",
        "Why did prices rise after that?",
    ],
)
def test_what_is_no_event_or_has_no_one_date_is_no_time(question: str) -> None:
    assert dated_event(understand(question), FOUND) is None


def test_a_second_document_decides_between_two_dates() -> None:
    texts = (
        "The vote was held on 3 May 2023.",
        "The vote was on 4 May 2023.",
        "Before the vote of 4 May 2023 all slept.",
    )
    found = [hit(text, document(f"d_{n}")) for n, text in enumerate(texts)]
    event = dated_event(understand("What was promised before the vote?"), found)
    assert event
    assert event.date == "2023-05-04"
    assert dated_event(understand("What was promised before the vote?"), found[:2]) is None


@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=80), max_size=3))
def test_no_text_is_too_odd(question: str, texts: list[str]) -> None:
    found: list[Hit] = [hit(text, document(f"d_{n}")) for n, text in enumerate(texts)]
    dated_event(understand(f"What was before the war? {question}"), found)
