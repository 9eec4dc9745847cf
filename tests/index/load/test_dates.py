from __future__ import annotations

import pytest

from index.load.dates import date_in_name, dated, dateline, stated
from index.records import Metadata


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024-05-17", "2024-05-17"), ("2024-05-17T10:00:00+02:00", "2024-05-17"), ("20240517", "2024-05-17"),
        ("2024/05/17 08:00", "2024-05-17"), ("2024-05", "2024-05"), (2024, "2024"), ("17 May 2024", "2024-05-17"),
        ("May 17, 2024", "2024-05-17"), ("Fri, 17 May 2024", "2024-05-17"), ("May 2024", "2024-05"),
        ("17.05.2024", "2024-05-17"), ("2024-13-01", None), ("2023-02-29", None), ("05/06/2024", None),
        ("yesterday", None), ("", None), (None, None), ("9999-01-01", None), ("2024-05-17x", None),
    ],
)  # fmt: skip
def test_stated(value: object, day: str | None) -> None:
    assert stated(value) == day


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-05-17-trade.txt", "2024-05-17"), ("20240517_trade.pdf", "2024-05-17"), ("2024_05_17.md", "2024-05-17"),
        ("folder/2024-05-17 trade.txt", "2024-05-17"), ("trade-2024-05-17.txt", None), ("2024-0517.txt", None),
        ("20241317.txt", None), ("202405171.txt", None), ("12345678.txt", None), ("2024 budget.txt", None), ("", None),
    ],
)  # fmt: skip
def test_date_in_name(name: str, day: str | None) -> None:
    assert date_in_name(name) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Trade grows\n\n17 May 2024\n\nOverall...", "2024-05-17"),
        ("Trade grows\nFriday, May 17, 2024\nOverall...", "2024-05-17"),
        ("Published on 3rd June 2024\nOverall...", "2024-06-03"),
        ("Published: 17 May 2024, 10:30 GMT", "2024-05-17"),
        ("LONDON, May 17, 2024 (Reuters) - Trade has grown.", "2024-05-17"),
        ("New York, 17 May 2024 — Trade has grown.", "2024-05-17"),
        ("Paris, France, 17 May 2024", "2024-05-17"),
        ("May 2024", "2024-05"),
        ("Updated 17 May 2024", None),
        ("On 17 May 2024 the ministry said that trade had grown.", None),
        ("The talks of May 17, 2024 failed.", None),
        ("31 February 2024", None),
        ("\n".join(["A line of the text."] * 10 + ["17 May 2024"]), None),
        ("established on April 14, 2005, is a company", None),
        ("", None),
    ],
)
def test_dateline(text: str, day: str | None) -> None:
    assert dateline(text) == day


def test_metadata_win_over_the_name_and_the_name_over_the_text() -> None:
    text = "17 May 2024\n\nText."
    assert dated(Metadata(published="2020"), "2021-01-01.txt", text) == Metadata(
        published="2020", published_from="metadata"
    )
    assert dated(Metadata(), "2021-01-01.txt", text) == Metadata(published="2021-01-01", published_from="file_name")
    assert dated(Metadata(), "a.txt", text) == Metadata(published="2024-05-17", published_from="text")
    assert dated(Metadata(), "a.txt", "Text.") == Metadata()
