"""Mutated files of every format: a reading or a typed error, and the next file is read as if nothing had been."""

from __future__ import annotations

import json
import random
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import Skipped, expand, read
from index.records import Source
from tests.index.load.made import (
    ARTICLE,
    BOX,
    MAIL,
    MARKDOWN,
    RECORD,
    RTF,
    book,
    open_text,
    packed,
    pdf_of_lines,
    repacked,
    simple_word,
    slides,
    workbook,
)

TABLE = b'Year,Growth,Note\n2023,26%,"a, b"\n2024,24%,c\n'
LINES = b"\n".join(json.dumps(RECORD).encode() for _ in range(3))
ROUNDS = 50
PLAIN = {
    "a.csv": TABLE, "a.tsv": TABLE.replace(b",", b"\t"), "a.json": json.dumps([RECORD, {"a": [RECORD]}]).encode(),
    "a.jsonl": LINES, "a.eml": MAIL, "a.mbox": BOX, "a.rtf": RTF, "a.html": ARTICLE.encode(),
    "a.md": MARKDOWN.encode(), "a.txt": MARKDOWN.encode("utf-16"),
}  # fmt: skip
PACKAGES = {"a.pptx": slides, "a.xlsx": workbook, "a.odt": open_text, "a.epub": book, "a.docx": simple_word}


def _paper() -> bytes:
    return pdf_of_lines(["# Trade", "Overall trade grew by 26%.", "", "It fell later."], ["More."], title="Trade")


def _box() -> bytes:
    return packed({"a.txt": "one", "b/c.jsonl": LINES, "d.csv": TABLE, "e.md": "# two"})


SEEDS: dict[str, Callable[[], bytes]] = {
    **{name: partial(bytes, content) for name, content in PLAIN.items()},
    **PACKAGES,
    "a.pdf": _paper,
    "a.zip": _box,
}
"""A sound file of every format."""
TOKENS = (
    b"\0", b"\xff\xfe", b"\x1b$B", b"%s%n", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"&x;", b"9" * 400, b"-1", b'"',
    b"{" * 50, b"}" * 50, b"\r\n\r\n", b"\\bin99999999 ", b"\\u-70000?", b"\\ucx", b"\\ansicpg99999", b"=?x?q?=ff?=",
    b"Content-Type: multipart/mixed; boundary=\n", b"charset=\"\xff\"", b"\xed\xa0\x80", b"1e999", b"]]>", b"<a><b>",
)  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Cut, repeat, flip, drop and plant a few times."""
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) + 1)
        to = min(len(content), at + chance.choice((1, 4, 40)))
        match chance.randrange(5):
            case 0:
                content = content[:at] + chance.choice(TOKENS) + content[at:]
            case 1:
                content = content[:at] + content[to:]
            case 2:
                content = content[:at] + content[at:to] * chance.choice((2, 50)) + content[to:]
            case 3:
                content = content[:at] + chance.randbytes(to - at) + content[to:]
            case _:
                content = content[: max(at, 1)]
    return content


def harmed(name: str, content: bytes, chance: random.Random) -> bytes:
    """Mutate a file: of a package most often its parts, or no reader would get beyond its directory."""
    if name not in PACKAGES or chance.random() < 0.3:
        return mutated(content, chance)
    with zipfile.ZipFile(BytesIO(content)) as opened:
        parts = [part for part in opened.namelist() if part.endswith(("xml", "rels", "opf", "xhtml"))]
    chosen = chance.sample(parts, min(2, len(parts)))
    return repacked(content, lambda part, inside: mutated(inside, chance) if part in chosen else inside)


def outcome(name: str, content: bytes, config: IndexConfig) -> str:
    """Say what became of a file; anything but readings and errors that name it fails the test."""
    ends = []
    for one in expand(Source(name, f"upload:{name}", content=content), config):
        if isinstance(one, Skipped):
            ends.append("skipped")
            continue
        try:
            read(one.name, one.content or b"", config)
            ends.append("read")
        except UnreadableFile as error:
            ends.append("refused" if name in str(error) else f"does not name the file: {error}")
    return min(ends, default="empty")


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files(name: str, config: IndexConfig) -> None:
    good = SEEDS[name]()
    chance = random.Random(name)  # noqa: S311 - a seed
    ends = [outcome(name, harmed(name, good, chance), config) for _ in range(ROUNDS)]
    assert set(ends) <= {"read", "refused", "skipped", "empty"}
    if name != "a.zip":
        assert read(name, good, config).text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.rtf", b"{\\rtf1 " + b"{" * 300_000),
        ("a.rtf", b"{\\rtf1 " + b"\\'" * 200_000),
        ("a.rtf", b"{\\rtf1 " + b"\\" * 300_001),
        ("a.csv", b'"' * 300_000),
        ("a.csv", b"," * 1_000_000),
        ("a.json", b'{"a":' * 5000 + b"1" + b"}" * 5000),
        ("a.json", b"9" * 100_000),
        ("a.eml", b"Subject: a\n" + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" * 2000),
        ("a.eml", b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nx"),
        ("a.eml", b"From: " + b"(" * 20_000 + b"\n\nx"),
        ("a.mbox", b"From \n\n" * 30_000),
    ],
)
def test_files_built_to_take_long_end(name: str, content: bytes, config: IndexConfig) -> None:
    began = time.monotonic()
    with suppress(UnreadableFile):
        read(name, content, config)
    assert time.monotonic() - began < 15


def test_a_book_that_is_damaged_inside_is_called_so(config: IndexConfig) -> None:
    content = book()
    at = content.index(b"OPS/book.opf") + 40  # in the packed bytes of a part that only the reader opens
    with pytest.raises(UnreadableFile, match=r"'a\.epub' is a damaged package"):
        read("a.epub", content[:at] + bytes(8) + content[at + 8 :], config)
