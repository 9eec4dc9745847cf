from __future__ import annotations

import random

import pytest

from index.config import IndexConfig
from index.errors import TooLarge, UnknownFormat, UnreadableFile, UsageError
from index.load import read, reader_of, supported
from index.records import Reading
from tests.index.load.made import ARTICLE, MARKDOWN, pdf_of_lines, simple_word

WHOLE = {
    "txt": "Trade grows\n\nOverall trade has “grown” by 26%.\n\nTit for tat\n\nTariffs rose.\n".encode(),
    "md": MARKDOWN.encode(),
    "html": ARTICLE.encode(),
    "pdf": pdf_of_lines(["# Trade grows", "Overall trade has grown by 26%."], ["# Tit for tat", "Tariffs rose."]),
    "docx": simple_word(),
}


def _check(reading: Reading) -> None:
    starts = [mark.start for mark in reading.marks]
    assert starts == sorted(starts)
    assert all(0 <= start < len(reading.text) for start in starts)
    assert all(reading.text.startswith(mark.label, mark.start) for mark in reading.marks if mark.kind == "heading")
    assert not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in reading.text)
    assert "\r" not in reading.text
    assert reading.text.strip()


@pytest.mark.parametrize("ending", WHOLE)
def test_every_format_keeps_the_promises_of_a_reading(ending: str, config: IndexConfig) -> None:
    reading = read(f"a.{ending}", WHOLE[ending], config)
    _check(reading)
    assert reading.reader == reader_of(f"A.{ending.upper()}") == f"{ending}-1"
    assert read(f"a.{ending}", WHOLE[ending], config) == reading


@pytest.mark.parametrize("ending", WHOLE)
def test_mutated_files_give_text_or_a_clear_error(ending: str, config: IndexConfig) -> None:
    chance = random.Random(ending)  # noqa: S311 - the same forty files every time
    read_well = 0
    for _ in range(40):
        content = bytearray(WHOLE[ending])
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(len(content))
            match chance.randrange(4):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    del content[at : at + chance.randrange(1, 40)]
                case 2:
                    content[at:at] = content[: chance.randrange(1, 200)]
                case _:
                    content[at:at] = chance.choice((b"\0", b"<", b"&#0;", b"\xff\xfe", b"\xed\xa0\x80", b"-" * 9))
        if chance.random() < 0.2:
            del content[chance.randrange(1, len(content)) :]
        try:
            _check(read(f"a.{ending}", bytes(content), config))
            read_well += 1
        except UsageError as error:
            assert f"'a.{ending}'" in error.message  # noqa: PT017 - either outcome is right
            assert error.hint  # noqa: PT017
    assert read_well or ending == "docx"


@pytest.mark.parametrize("ending", WHOLE)
def test_an_empty_file_is_refused(ending: str, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match="is empty"):
        read(f"a.{ending}", b"", config)


@pytest.mark.parametrize("ending", ["txt", "md", "html"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (WHOLE["pdf"], "a PDF"),
        (WHOLE["docx"], "a ZIP archive"),
        (b"\x89PNG\r\n\x1a\n", "a PNG"),
        (b"\x1f\x8b\x08a", "gzip"),
    ],
)
def test_another_format_under_a_wrong_name(ending: str, content: bytes, what: str, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match=rf"is named \.{ending} but holds {what}"):
        read(f"a.{ending}", content, config)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.doc", "", "a.txt.exe", ".txt"])
def test_unknown_formats_name_the_known_ones(name: str, config: IndexConfig) -> None:
    with pytest.raises(UnknownFormat) as caught:
        read(name, b"text", config)
    assert ", ".join(supported()) in caught.value.hint


@pytest.mark.parametrize(
    "name", ["../../etc/x.txt", "a\0b.md", "\u202egpj.html", "x" * 4096 + ".md", "CON.txt", "a\n.md"]
)
def test_odd_names_are_only_names_and_shown_escaped(name: str, config: IndexConfig) -> None:
    assert read(name, b"Some text.", config).text == "Some text."
    with pytest.raises(UnreadableFile) as caught:
        read(name, b"", config)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


def test_the_size_limit(config: IndexConfig) -> None:
    with pytest.raises(TooLarge, match="at most 1,000,000 are read"):
        read("a.txt", b"x" * 1_000_001, config.model_copy(update={"max_file_mb": 1}))


@pytest.mark.parametrize("content", [b" \n\t ", b"\xef\xbb\xbf"])
def test_white_space_is_no_text(content: bytes, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match="holds no text"):
        read("a.txt", content, config)
