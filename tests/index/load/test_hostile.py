"""Mutated files of every format: a reading or a typed error, and the next file is read as if nothing had been."""

from __future__ import annotations

import json
import random
import time
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import Skipped, expand, read
from index.records import Source
from tests.index.load.made import BOX, MAIL, RECORD, RTF, book, open_text, packed, repacked, slides, workbook

TABLE = b'Year,Growth,Note\n2023,26%,"a, b"\n2024,24%,c\n'
LINES = b"\n".join(json.dumps(RECORD).encode() for _ in range(3))
PLAIN = {
    "a.csv": TABLE, "a.tsv": TABLE.replace(b",", b"\t"), "a.json": json.dumps([RECORD, {"a": [RECORD]}]).encode(),
    "a.jsonl": LINES, "a.eml": MAIL, "a.mbox": BOX, "a.rtf": RTF,
}  # fmt: skip
PACKAGES = {"a.pptx": slides, "a.xlsx": workbook, "a.odt": open_text, "a.epub": book}
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


def _survives(name: str, content: bytes, config: IndexConfig) -> None:
    for one in expand(Source(name, f"upload:{name}", content=content), config):
        if not isinstance(one, Skipped):
            with suppress(UnreadableFile):  # anything else fails the test
                read(one.name, one.content or b"", config)


@pytest.mark.parametrize("name", PLAIN)
def test_mutated_texts(name: str, config: IndexConfig) -> None:
    chance = random.Random(name)  # noqa: S311 - a seed
    for _ in range(30):
        _survives(name, mutated(PLAIN[name], chance), config)
    assert read(name, PLAIN[name], config).text


@pytest.mark.parametrize("name", PACKAGES)
def test_mutated_packages_and_mutated_parts_of_them(name: str, config: IndexConfig) -> None:
    chance = random.Random(name)  # noqa: S311 - a seed
    package = PACKAGES[name]()
    with zipfile.ZipFile(BytesIO(package)) as opened:
        parts = [part for part in opened.namelist() if part.endswith(("xml", "rels", "opf"))]
    for number in range(30):
        if number % 3:
            chosen = chance.sample(parts, min(2, len(parts)))
            harmed = repacked(package, lambda part, content: mutated(content, chance) if part in chosen else content)  # noqa: B023
        else:
            harmed = mutated(package, chance)
        _survives(name, harmed, config)
    assert read(name, package, config).text


def test_mutated_archives(config: IndexConfig) -> None:
    chance = random.Random("zip")  # noqa: S311 - a seed
    box = packed({"a.txt": "one", "b/c.jsonl": LINES, "d.csv": TABLE, "e.md": "# two"})
    for _ in range(30):
        _survives("a.zip", mutated(box, chance), config)


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
