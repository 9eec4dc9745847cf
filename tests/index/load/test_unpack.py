from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import Skipped, expand, read
from index.records import Metadata, Source
from tests.index.load.made import BOX, RECORD, packed

SAID = Metadata(publisher="The Post")


def _parts(name: str, content: bytes, config: IndexConfig) -> list[tuple[str, str]]:
    """Give names with their addresses, or with why they are skipped."""
    found = expand(Source(name, f"file:/x/{name}", content=content, metadata=SAID), config)
    return [(str(one.path), one.reason) if isinstance(one, Skipped) else (one.name, one.address) for one in found]


def test_each_member_of_an_archive_is_a_document(config: IndexConfig) -> None:
    box = packed({"a.txt": "one", "sub/b.md": "# two", "sub/": "", ".hidden.txt": "x", "__MACOSX/c.txt": "x"})
    assert _parts("all.zip", box, config) == [
        ("all.zip/a.txt", "file:/x/all.zip#a.txt"),
        ("all.zip/sub/b.md", "file:/x/all.zip#sub/b.md"),
    ]
    first, _ = expand(Source("all.zip", "upload:all.zip", content=box, metadata=SAID), config)
    assert isinstance(first, Source)
    assert (first.content, first.metadata) == (b"one", SAID)


def test_what_no_reader_takes_is_skipped_with_its_reason(config: IndexConfig) -> None:
    box = packed({"p.png": "x", "inner.zip": packed({"a.txt": "x"}), "a.txt": "x"})
    (picture, why), (inner, nested), _ = _parts("all.zip", box, config)
    assert (picture, inner) == ("all.zip/p.png", "all.zip/inner.zip")
    assert "'.png'" in why
    assert nested == "an archive inside an archive"


def test_a_file_of_records_inside_an_archive_is_taken_apart_too(config: IndexConfig) -> None:
    assert _parts("all.zip", packed({"r.jsonl": '{"text": "a"}\n\n{"text": "b"}\n'}), config) == [
        ("all.zip/r.jsonl/1.json", "file:/x/all.zip#r.jsonl#1"),
        ("all.zip/r.jsonl/2.json", "file:/x/all.zip#r.jsonl#2"),
    ]


@pytest.mark.parametrize(
    "member",
    ["../../etc/cron.d/a.txt", "/etc/a.txt", "C:\\x\\a.txt", "..\\..\\a.txt", "a\n\u202eb.txt", "x/" * 400 + "a.txt"],
)
def test_names_of_members_are_labels_only(member: str, config: IndexConfig, tmp_path: Path) -> None:
    ((name, address),) = _parts("all.zip", packed({member: "x"}), config)
    assert name.startswith("all.zip/")
    assert not {"..", "", "."} & set(name.split("/"))
    assert name.isprintable()
    assert len(name) < 400
    assert address.startswith("file:/x/all.zip#")
    assert list(tmp_path.rglob("*.txt")) == []


def test_records_of_a_list_or_of_an_object_with_a_list(config: IndexConfig) -> None:
    for value in ([RECORD, RECORD], {"status": "ok", "articles": [RECORD, RECORD]}):
        first, second = expand(Source("r.json", "upload:r.json", content=json.dumps(value).encode()), config)
        assert isinstance(first, Source)
        assert isinstance(second, Source)
        assert (first.name, second.address) == ("r.json/1.json", "upload:r.json#2")
        assert read(first.name, first.content or b"", config).metadata.publisher == "The Post"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.json", b'{"text": "one document"}'),
        ("r.json", b'[{"text": "a"}, {"no": "body"}]'),
        ("r.json", b"[]"),
        ("r.json", b"[" * 100_000),
        ("r.json", b"{"),
        ("r.json", b"\0\1\2\3" * 100),
        ("r.jsonl", b"\n\n"),
        ("m.mbox", b"no box"),
        ("a.zip", b"no archive"),
        ("a.zip", b"PK\x03\x04 cut off"),
        ("a.zip", packed({})),
        ("a.zip", packed({".hidden": "x"})),
        ("a.zip", packed({"bomb.txt": b"\0" * 30_000_000})),
        ("a.txt", b"plain"),
        ("a.xyz", b"unknown"),
        ("a.jsonl", b""),
    ],
)
def test_what_cannot_be_taken_apart_comes_as_it_is(name: str, content: bytes, config: IndexConfig) -> None:
    assert _parts(name, content, config) == [(name, f"file:/x/{name}")]
    if name == "a.zip":
        with pytest.raises(UnreadableFile):
            read(name, content, config)


def test_a_box_becomes_mails(config: IndexConfig) -> None:
    first, second = expand(Source("m.mbox", "upload:m.mbox", content=BOX), config)
    assert isinstance(first, Source)
    assert isinstance(second, Source)
    assert (first.name, second.name) == ("m.mbox/1.eml", "m.mbox/2.eml")
    reading = read(second.name, second.content or b"", config)
    assert (reading.metadata.title, reading.text) == ("Two", "From the harbour.\n>From x")


def test_a_record_that_is_no_json_fails_by_itself(config: IndexConfig) -> None:
    good, bad = expand(Source("r.jsonl", "upload:r.jsonl", content=b'{"text": "a"}\n{broken\n'), config)
    assert isinstance(good, Source)
    assert isinstance(bad, Source)
    assert read(good.name, good.content or b"", config).text == "a"
    with pytest.raises(UnreadableFile, match=r"'r\.jsonl/2\.json' is not JSON"):
        read(bad.name, bad.content or b"", config)


def test_records_are_counted(config: IndexConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.load.unpack.MOST_RECORDS", 2)
    *_, (name, why) = _parts("r.jsonl", b'{"text": "a"}\n' * 4, config)
    assert (name, why) == ("r.jsonl/3.json", "only 2 records of a file are read")


def _encrypted(box: bytes) -> bytes:
    at = box.rfind(b"PK\x01\x02")
    return box[: at + 8] + b"\x01\x00" + box[at + 10 :]


def _overlapping(box: bytes) -> bytes:
    at = box.rfind(b"PK\x01\x02")
    return box[: at + 42] + struct.pack("<I", 5) + box[at + 46 :]


def _twice(box: bytes) -> bytes:
    buffer = BytesIO(box)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a.txt", "again")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_encrypted, "password"),
        (_overlapping, "overlap|damaged"),
        (_twice, "twice"),
        (lambda box: box[:-30], "cut off"),
    ],
)
def test_harmful_archives_are_refused_whole(harm: Callable[[bytes], bytes], told: str, config: IndexConfig) -> None:
    box = harm(packed({"a.txt": "one", "b.txt": "two" * 50}))
    assert _parts("a.zip", box, config) == [("a.zip", "file:/x/a.zip")]
    with pytest.raises(UnreadableFile, match=told):
        read("a.zip", box, config)


def test_a_damaged_or_large_member_is_skipped_alone() -> None:
    config = IndexConfig(max_file_mb=1)
    box = packed({"a.txt": "one", "large.txt": bytes(range(256)) * 5000})
    (_, _), (name, why) = _parts("a.zip", box, config)
    assert (name, "at most 1,000,000" in why) == ("a.zip/large.txt", True)
    stored = BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a.txt", "the first text")
        archive.writestr("b.txt", "the second text")
    (name, why), (kept, _) = _parts("a.zip", stored.getvalue().replace(b"the first", b"the f1rst"), config)
    assert (name, kept) == ("a.zip/a.txt", "a.zip/b.txt")
    assert "damaged member" in why
