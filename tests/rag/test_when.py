from __future__ import annotations

from datetime import date

import pytest

from rag.when import Period, earlier, period_of, wants_latest, wants_sequence

TODAY = date(2025, 4, 20)
"""A Sunday."""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("What was decided in 2024?", "2024-01-01", "2024-12-31"),
        ("What is new since March 2024?", "2024-03-01", None),
        ("What is new since Monday?", "2025-04-14", None),
        ("What happened last May?", "2024-05-01", "2024-05-31"),
        ("What was said on 17 May 2024?", "2024-05-17", "2024-05-17"),
        ("What was said on May 17, 2024?", "2024-05-17", "2024-05-17"),
        ("What was planned before June 2023?", None, "2023-05-31"),
        ("How much was it as of March 2024?", None, "2024-03-31"),
        ("What changed after 2 January 2025?", "2025-01-03", None),
        ("What was built between 2022 and March 2024?", "2022-01-01", "2024-03-31"),
        ("What happened in the last three weeks?", "2025-03-30", "2025-04-20"),
        ("What happened last week?", "2025-04-07", "2025-04-13"),
        ("What was said this month?", "2025-04-01", "2025-04-30"),
        ("What was said yesterday?", "2025-04-19", "2025-04-19"),
        ("And two weeks ago?", "2025-04-06", "2025-04-06"),
        ("Was ist neu seit Montag?", "2025-04-14", None),
        ("Was geschah im März 2024?", "2024-03-01", "2024-03-31"),
        ("Was geschah letzte Woche?", "2025-04-07", "2025-04-13"),
    ],
)
def test_the_time_in_a_question_is_read(text: str, start: str | None, end: str | None) -> None:
    period = period_of(text, TODAY)
    assert period
    assert (period.start, period.end) == (start, end)
    assert period.words in text


@pytest.mark.parametrize(
    "text",
    """What was decided before the war?|May I bring my moped?|Who may enter?|How long are the 318 metres?|Who won?|
    What happened on 31 February 2024?|Is it in?""".split("|"),
)
def test_what_names_no_time_has_none(text: str) -> None:
    assert period_of(text.strip(), TODAY) is None


def test_a_date_of_a_month_or_year_lies_in_a_period_where_it_may() -> None:
    spring = Period("2024-03-15", "2024-05-31", "")
    assert all(map(spring.holds, ("2024", "2024-03", "2024-03-15", "2024-05-31")))
    assert not any(map(spring.holds, ("2023", "2024-06", "2024-03-14", "2025")))


def test_now_and_over_time_are_seen() -> None:
    assert wants_latest("What is the latest estimate?")
    assert not wants_latest("What was the first estimate?")
    assert wants_sequence("How has the budget changed?")
    assert wants_sequence("Give me a timeline of the affair.")
    assert not wants_sequence("How was the budget made?")


def test_earlier_counts_from_the_last_day_to_the_first() -> None:
    assert earlier("2024-01-01", 90, "2024-06-01")
    assert not earlier("2024-01-01", 90, "2024-03-01")
    assert not earlier("2024", 90, "2024-06-01")
