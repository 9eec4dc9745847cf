from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.errors import BadInput
from index.load.beside import beside
from index.records import Metadata

ROWS = [
    {
        "name": "a.txt",
        "title": "Trade grows",
        "publisher": "The Post",
        "published": "17 May 2024",
        "url": "https://x.org",
    },
    {"name": "sub\\b.txt", "author": "Jane Doe"},
]
TABLE = (
    "name;Title;publisher;author;published;url\na.txt;Trade grows;The Post;;17 May 2024;https://x.org\n"
    "./sub/b.txt;;;Jane Doe;;\n"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", TABLE),
        ("metadata.csv", TABLE.replace(";", ",")),
        ("metadata.json", json.dumps(ROWS)),
        ("metadata.json", json.dumps({row["name"]: {key: row[key] for key in row if key != "name"} for row in ROWS})),
        ("metadata.jsonl", "\n".join(json.dumps(row) for row in ROWS)),
    ],
)  # fmt: skip
def test_every_form_says_the_same(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    known = beside(tmp_path)
    assert known is not None
    assert known.path == tmp_path / name
    assert known.of(tmp_path / "a.txt") == Metadata(
        "Trade grows", "The Post", None, "2024-05-17", "given", url="https://x.org"
    )
    assert known.of(tmp_path / "sub" / "b.txt") == Metadata(author="Jane Doe")
    assert known.of(tmp_path / "c.txt") == Metadata()
    assert known.unknown(iter([tmp_path / "a.txt"])) == ("sub/b.txt",)


def test_without_one_there_is_none(tmp_path: Path) -> None:
    assert beside(tmp_path) is None


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("name,published,url\na.txt,soon,x.org\n,2024,\n")
    known = beside(tmp_path)
    assert known is not None
    assert known.said == {"a.txt": Metadata()}
    first, address, second = known.troubles
    assert "'soon' of a.txt is no date" in first
    assert "'x.org' of a.txt is no address" in address
    assert "entry 2 has no name" in second


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("metadata.csv", "name,titel\na.txt,x\n", "unknown column 'titel'"),
        ("metadata.csv", "name,title\na.txt,x,y\n", "unknown column 'too many values'"),
        ("metadata.json", "{", "cannot be read"),
        ("metadata.json", "[1]", "a list of objects"),
        ("metadata.json", "[" * 100_000, "cannot be read"),
        ("metadata.jsonl", '{"name": "a"}\n{', "cannot be read"),
        ("metadata.csv", "\0\1\2" * 100, "cannot be read"),
    ],
)
def test_a_damaged_one_is_refused(name: str, content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=told):
        beside(tmp_path)
