"""Files and texts become readings: their text, normalised once, with a map to pages and headings."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from index.errors import ProgrammingError, TooLarge, UnreadableFile
from index.load.dates import dated
from index.load.decode import sound
from index.load.files import Skipped, files_of, source_of
from index.load.formats import (
    TEXT_READER,
    format_of,
    reader_of,
    refuse_other_formats,
    shown,
    supported,
)
from index.load.headings import headings_in, title_in
from index.load.sandbox import SANDBOX
from index.load.unpack import expand
from index.records import Metadata, Reading, Source

if TYPE_CHECKING:  # the child process must not pay for the settings
    from index.config import IndexConfig

__all__ = [
    "TEXT_READER",
    "Skipped",
    "dated",
    "expand",
    "fetched",
    "files_of",
    "from_text",
    "read",
    "reader_of",
    "source_of",
    "supported",
]


def read(name: str, content: bytes, config: IndexConfig, look: Callable[[], None] | None = None) -> Reading:
    """Read a file of any supported format; the ending of its name says which.

    `look` is called while a long file is read, and ends the reading when it raises.
    Raises UnknownFormat, TooLarge, or UnreadableFile for what is damaged, protected, empty or without text.
    """
    known = format_of(name)
    limit = config.max_file_mb * 1_000_000
    if len(content) > limit:
        raise TooLarge(
            f"{shown(name)} has {len(content):,} bytes; at most {limit:,} are read.", "Split it, or raise max_file_mb."
        )
    refuse_other_formats(name, content, known)
    if known.apart:
        reading = SANDBOX.read(name, known, content, limit, look, config.ocr_languages)
    else:
        reading = importlib.import_module(f"index.load.{known.name}").read(name, content)
    if not reading.text.strip():
        raise UnreadableFile(f"{shown(name)} holds no text.", "Leave it out, or save it again with its text.")
    return _checked(replace(reading, metadata=dated(reading.metadata, name, reading.text)))


def fetched(url: str, config: IndexConfig) -> Source | tuple[str, ...]:
    """Fetch a page or file; of a feed or sitemap, give the addresses that it lists instead.

    Raises BadInput, Refused, TooLarge or UnreadableFile.
    """
    from index.load import feed, fetch  # only web addresses need the network

    source = fetch.fetch(url, config)
    content = source.content or b""
    return feed.entries(url, content, config.feed_entries) if feed.looks_like_feed(content) else source


def from_text(text: str, name: str = "") -> Reading:
    """Make a reading of text that comes as text: kept character for character, but for NUL and lone surrogates."""
    kept = sound(text)
    metadata = dated(Metadata(title=title_in(kept)), name, kept)
    return Reading(kept, TEXT_READER, headings_in(kept), metadata)


def _checked(reading: Reading) -> Reading:
    """Hold a reader to its promises: sound text, marks in order and inside it, headings where they say."""
    starts = [mark.start for mark in reading.marks]
    inside = not starts or (starts == sorted(starts) and starts[0] >= 0 and starts[-1] < len(reading.text))
    labelled = all(
        reading.text.startswith(mark.label, mark.start)
        if mark.kind == "heading"
        else mark.label.isdigit() or (mark.kind == "sheet" and mark.label)
        for mark in reading.marks
    )
    if not (inside and labelled) or sound(reading.text) != reading.text:
        raise ProgrammingError(f"The reader {reading.reader} broke its promises about marks or characters.")
    return reading
