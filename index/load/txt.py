"""Plain text: decoded, newlines normalised, and otherwise as it stands."""

from __future__ import annotations

from index.load.decode import decode
from index.load.formats import TXT
from index.load.headings import headings_in, title_in
from index.records import Metadata, Reading


def read(name: str, content: bytes) -> Reading:
    """Read a text file of any encoding. Raises UnreadableFile for binary data."""
    text = decode(name, content)
    return Reading(text, TXT.reader, headings_in(text), Metadata(title=title_in(text)), TXT.media_type)
