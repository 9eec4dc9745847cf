"""Mail boxes: taken apart into mails; read as one text where nobody took it apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.errors import UnreadableFile
from index.load import eml
from index.load.compose import Composition
from index.load.formats import MBOX, shown
from index.records import Metadata, Reading

_BEGIN = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\n]*\n")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


def mails_in(content: bytes) -> Iterator[bytes]:
    """Give the mails of a box, each as it would stand in a file of its own."""
    starts = list(_BEGIN.finditer(content))
    ends = (*(found.start() for found in starts[1:]), len(content))
    for found, end in zip(starts, ends, strict=False):
        yield _ESCAPED.sub(rb"\1", content[found.end() : end])


def read(name: str, content: bytes) -> Reading:
    """Read all mails of a box, their subjects as headings. Raises UnreadableFile for what is no box."""
    composition = Composition()
    for mail in mails_in(content):
        reading = eml.read(name, mail)
        composition.heading(reading.metadata.title or "")
        composition.block(reading.text)
    if not len(composition):
        raise UnreadableFile(f"{shown(name)} is no box of mails: it does not begin with 'From '.", "Check its format.")
    return Reading(composition.text, MBOX.reader, composition.marks, Metadata(), MBOX.media_type)
