"""One file that holds several documents, taken apart: archives, JSON records and mail boxes."""

from __future__ import annotations

import json
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UnknownFormat, UnreadableFile
from index.load.decode import decode, sound
from index.load.files import Skipped
from index.load.formats import format_of, reader_of, refuse_other_formats
from index.load.json import body_of, lowered
from index.load.mbox import mails_in
from index.load.package import ARCHIVE, inspect
from index.records import Source

if TYPE_CHECKING:
    from index.config import IndexConfig

MOST_RECORDS = 10_000
"""Documents that one file may become."""
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LISTS = ("articles", "documents", "records", "items", "entries", "results", "data", "posts")


def expand(source: Source, config: IndexConfig) -> Iterator[Source | Skipped]:
    """Give the documents of a file, each named `FILE/RECORD` with the address `SOURCE#RECORD`.

    A file that holds one document, or that cannot be taken apart, comes as it is: reading it says what is wrong.
    """
    limit = config.max_file_mb * 1_000_000
    if source.content is None or not 0 < len(source.content) <= limit:
        yield source
        return
    try:
        yield from _taken_apart(source, source.content, limit)
    except (UnreadableFile, UnknownFormat):
        yield source


def _taken_apart(source: Source, content: bytes, limit: int) -> Iterator[Source | Skipped]:
    known = format_of(source.name)
    refuse_other_formats(source.name, content, known)
    if known.name == "zip":
        yield from _members(source, content, limit)
        return
    records: Iterator[bytes] = iter(())
    if known.name == "jsonl":
        records = _lines(source.name, content)
    elif known.name == "json":
        records = _entries(source.name, content)
    elif known.name == "mbox":
        records = mails_in(content)
    ending = ".eml" if known.name == "mbox" else ".json"
    number = 0
    for number, record in enumerate(records, 1):
        if number > MOST_RECORDS:
            yield Skipped(Path(f"{source.name}/{number}{ending}"), f"only {MOST_RECORDS:,} records of a file are read")
            return
        yield _record(source, str(number), f"{number}{ending}", record)
    if not number:
        yield source


def _record(source: Source, record: str, name: str, content: bytes) -> Source:
    return Source(f"{source.name}/{name}", f"{source.address}#{record}", content=content, metadata=source.metadata)


def _lines(name: str, content: bytes) -> Iterator[bytes]:
    for line in decode(name, content).split("\n"):
        if line.strip():
            yield line.encode()


def _entries(name: str, content: bytes) -> Iterator[bytes]:
    """Give the records of a list of them, or of an object with one such list; of any other JSON nothing."""
    try:
        value = json.loads(decode(name, content))
    except (ValueError, RecursionError):  # reading it says why
        return
    if isinstance(value, dict) and body_of(lowered(value)) is None:
        value = next((found for key in _LISTS if isinstance(found := lowered(value).get(key), list)), None)
    if isinstance(value, list) and value and all(body_of(lowered(entry)) is not None for entry in value):
        for entry in value:
            yield json.dumps(entry).encode()


def _members(source: Source, content: bytes, limit: int) -> Iterator[Source | Skipped]:
    inspect(source.name, content, ARCHIVE)
    number = 0
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for entry in archive.infolist():
            name = _label(entry.filename)
            parts = name.split("/")
            if entry.is_dir() or not name or parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts):
                continue
            number += 1
            yield from _member(source, archive, entry, name, limit)
    if not number:
        yield source


def _member(
    source: Source, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, limit: int
) -> Iterator[Source | Skipped]:
    path = Path(f"{source.name}/{name}")
    try:
        if reader_of(name).startswith("zip-"):
            yield Skipped(path, "an archive inside an archive")
            return
    except UnknownFormat as error:
        yield Skipped(path, str(error))
        return
    if entry.file_size > limit:
        yield Skipped(path, f"it has {entry.file_size:,} bytes; at most {limit:,} are read")
        return
    try:
        content = archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        yield Skipped(path, f"a damaged member ({str(error)[:100]})")
        return
    member = _record(source, sound(entry.filename), name, content)
    try:
        yield from _taken_apart(member, content, limit)
    except UnreadableFile:
        yield member


def _label(name: str) -> str:
    """Make a label of a member's name: a relative path without `..` or invisible characters; it is never a path."""
    visible = "".join(letter for letter in sound(name) if unicodedata.category(letter) not in _INVISIBLE)
    parts = [part.strip() for part in visible.replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part not in ("", ".", ".."))[-300:].strip("/")
