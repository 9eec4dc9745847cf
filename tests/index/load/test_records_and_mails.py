from __future__ import annotations

import json

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from tests.index.load.made import BOX, MAIL, RECORD


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", "Year,By,Note\n2023,26%,\n2024,,\"so,\nso\"\n", "Year: 2023; By: 26%.\nYear: 2024; Note: so, so."),
        ("a.csv", "Year;Growth\n2023;26,5\n", "Year: 2023; Growth: 26,5."),
        ("a.csv", "2023;26%\n2024;24%\n", "2023 | 26%\n2024 | 24%"),
        ("a.csv", "Name|Name\na|b\n", "Name | Name\na | b"),
        ("a.csv", "Year,Growth\n2023,26%,more\n2024\n", "Year: 2023; Growth: 26%; more.\nYear: 2024."),
        ("a.tsv", "Ort\tWert\nHafen\t5, 6\n", "Ort: Hafen; Wert: 5, 6."),
        ("a.csv", "just lines\nof text\n", "just lines\nof text"),
    ],
)  # fmt: skip
def test_rows_become_lines_that_can_be_quoted(name: str, content: str, text: str, config: IndexConfig) -> None:
    assert read(name, content.encode(), config).text == text


def test_a_field_over_the_limit_is_a_damaged_table(config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match="damaged table"):
        read("a.csv", b'a,b\n1,"' + b"x" * 1_100_000 + b'"\n', config)


def test_a_record_gives_text_and_metadata(config: IndexConfig) -> None:
    reading = read("a.json", json.dumps(RECORD).encode(), config)
    assert reading.text == RECORD["text"]
    known = reading.metadata
    assert (known.title, known.publisher, known.author, known.published, known.published_from) == (
        "Trade grows", "The Post", "Jane Doe, John Roe", "2024-05-17", "metadata",
    )  # fmt: skip


def test_a_record_that_holds_a_web_page(config: IndexConfig) -> None:
    record = {"headline": "A", "content": "<p>Trade &amp; more <b>grew</b>.</p><script>x</script><p>Again.</p>"}
    assert read("a.json", json.dumps(record).encode(), config).text == "Trade & more grew.\n\nAgain."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": [1, 2], "c": None}, "d": True, "e": " "}, "a, b: 1, 2.\nd: yes."),
        ([{"a": 1}, {"a": 2.5}], "a: 1.\n\na: 2.5."),
        (["one", "two"], "one\ntwo"),
        ("only a string", "only a string"),
        ({"text": 5, "body": "the body"}, "the body"),
        ({"rows": [{"x": 1}, [2, {"y": 3}]]}, "rows, x: 1.\nrows: 2.\nrows, y: 3."),
    ],
)
def test_other_json_becomes_its_values(value: object, text: str, config: IndexConfig) -> None:
    assert read("a.json", json.dumps(value).encode(), config).text == text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b"{", "not JSON .* in line 1"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"{}", "holds no text"),
        ("a.jsonl", b'{"text": "a"}\n{broken', "no JSON in line 2"),
        ("a.eml", b"just some text", "no headers of a mail"),
        ("a.eml", b"Subject: a\nContent-Type: image/png\n\nx", "a mail without text"),
        ("a.mbox", b"Subject: a\n\nx", "no box of mails"),
    ],
)
def test_what_is_something_else_says_so(name: str, content: bytes, told: str, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read(name, content, config)


def test_a_lone_surrogate_in_json_does_no_harm(config: IndexConfig) -> None:
    assert read("a.json", b'{"text": "a\\ud800b\\u0000c"}', config).text == "a\ufffdb\ufffdc"


def test_mails_have_subject_sender_and_their_own_day(config: IndexConfig) -> None:
    reading = read("a.eml", MAIL, config)
    assert reading.text == "The bridge opens in 2027.\n\nIt costs 534 million."
    known = reading.metadata
    assert (known.title, known.author, known.published) == ("The Brücke", "Jane Doe <jane@example.org>", "2024-05-17")


def test_of_a_mail_in_two_forms_the_plain_one_is_read(config: IndexConfig) -> None:
    parts = (
        b"Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n"
        b"--x\nContent-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: quoted-printable\n\nK=F6ln\n"
        b"--x\nContent-Type: text/html\n\n<p>the page</p>\n--x--\n"
    )
    assert read("a.eml", parts, config).text == "Köln"
    page = b"Subject: a\nContent-Type: text/html; charset=utf-8\n\n<h1>Br\xc3\xbccke</h1><p>It opens.</p>"
    reading = read("a.eml", page, config)
    assert (reading.text, [mark.label for mark in reading.marks]) == ("Brücke\n\nIt opens.", ["Brücke"])


@pytest.mark.parametrize("date", [b"nonsense", b"Fri, 99 May 2024 10:00:00", b"", b"\xff\xfe", b"17 May 99999"])
def test_a_broken_date_is_no_date(date: bytes, config: IndexConfig) -> None:
    assert read("a.eml", b"Subject: a\nDate: " + date + b"\n\nIt opens.", config).metadata.published is None


def test_a_box_by_itself_is_read_as_one_text(config: IndexConfig) -> None:
    assert "Two\n\nFrom the harbour.\n>From x" in read("a.mbox", BOX, config).text
