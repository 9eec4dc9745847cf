"""Rich Text: the text without its formatting; title and author as the file states them."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from index.errors import UnreadableFile
from index.load.compose import one_line
from index.load.decode import sound
from index.load.formats import RTF, shown
from index.load.headings import headings_in, title_in
from index.records import Metadata, Reading

_INFO = r"\{\\%s\s+([^{}\\]{1,500})\}"
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read(name: str, content: bytes) -> Reading:
    """Read a Rich Text file. Raises UnreadableFile for what is none."""
    if not content.lstrip().startswith(b"{\\rtf"):
        raise UnreadableFile(f"{shown(name)} is not Rich Text: it does not begin with '{{\\rtf'.", "Check its format.")
    source = content.decode("latin-1")  # Rich Text is ASCII; what is not, is written in escapes
    try:
        raw = rtf_to_text(source, errors="replace")
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise UnreadableFile(
            f"{shown(name)} is a damaged Rich Text file ({type(error).__name__}).", "Save it again, or as .docx."
        ) from error
    lines = "\n".join(line.strip() for line in raw.replace("\r", "\n").split("\n"))
    text = sound(_BLANK.sub("\n\n", lines).strip())
    metadata = Metadata(title=_stated(source, "title") or title_in(text), author=_stated(source, "author"))
    return Reading(text, RTF.reader, headings_in(text), metadata, RTF.media_type)


def _stated(source: str, key: str) -> str | None:
    found = re.search(_INFO % key, source)
    return sound(one_line(found.group(1))) or None if found else None
