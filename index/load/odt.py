"""OpenDocument texts: paragraphs, headings, lists, tables as lines; notes, comments and deleted text are not read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from index.load.compose import Composition, one_line
from index.load.decode import sound
from index.load.formats import ODT
from index.load.headings import title_in
from index.load.package import OPEN_TEXT, inspect, parsed
from index.records import Metadata, Reading

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_LEFT_OUT = frozenset(
    (f"{_TEXT}tracked-changes", f"{_TEXT}note", f"{_OFFICE}annotation", f"{_OFFICE}forms", f"{_TEXT}sequence-decls")
)
_LONGEST_GAP = 100


def read(name: str, content: bytes) -> Reading:
    """Read an OpenDocument text. Raises UnreadableFile for what is none, or is built to do harm."""
    inspect(name, content, OPEN_TEXT)
    with zipfile.ZipFile(BytesIO(content)) as package:
        body = parsed(name, "content.xml", package.read("content.xml"))
        known = parsed(name, "meta.xml", package.read("meta.xml")) if "meta.xml" in package.namelist() else None
    composition = Composition()
    in_list = False
    for block in _blocks(body):
        if block.tag == f"{_TABLE}table":
            for number, row in enumerate(_rows(block)):
                composition.block(row, gap="\n" if number else "\n\n")
            in_list = False
            continue
        text = _text_of(block)
        listed = next(block.iterancestors(f"{_TEXT}list-item"), None) is not None
        if block.tag == f"{_TEXT}h":
            composition.heading(text)
        elif text:
            composition.block(f"- {text}" if listed else text, gap="\n" if listed and in_list else "\n\n")
        in_list = listed
    return Reading(composition.text, ODT.reader, composition.marks, _metadata(known, composition), ODT.media_type)


def _blocks(body: etree._Element) -> Iterator[etree._Element]:
    """Give headings, paragraphs and tables in their order, a table as a whole."""
    walk = etree.iterwalk(body, events=("start",))
    for _, element in walk:
        if element.tag in _LEFT_OUT:
            walk.skip_subtree()
        elif element.tag in (f"{_TEXT}p", f"{_TEXT}h", f"{_TABLE}table"):
            yield element
            walk.skip_subtree()


def _rows(table: etree._Element) -> Iterator[str]:
    for row in table.iter(f"{_TABLE}table-row"):
        cells = [
            one_line(" ".join(_text_of(paragraph) for paragraph in cell.iter(f"{_TEXT}p", f"{_TEXT}h")))
            for cell in row.iterchildren(f"{_TABLE}table-cell")
        ]
        if any(cells):
            yield " | ".join(cells)


def _text_of(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start", "end"))
    skipped: etree._Element | None = None
    for event, element in walk:
        if skipped is not None:
            if event == "end" and element is skipped:
                skipped = None
                pieces.append(_collapsed(element.tail))
        elif event == "start" and element.tag in _LEFT_OUT:
            skipped = element
        elif event == "start":
            pieces.append(_begun(element))
        elif element is not paragraph:
            pieces.append(_collapsed(element.tail))
    return "\n".join(line.strip() for line in "".join(pieces).split("\n") if line.strip())


def _begun(element: etree._Element) -> str:
    if element.tag == f"{_TEXT}s":
        count = element.get(f"{_TEXT}c") or "1"
        return " " * min(int(count) if count.isdecimal() and len(count) < 5 else 1, _LONGEST_GAP)
    if element.tag == f"{_TEXT}tab":
        return "\t"
    return "\n" if element.tag == f"{_TEXT}line-break" else _collapsed(element.text)


def _collapsed(text: str | None) -> str:
    """White space of the markup counts as one space."""
    if not text:
        return ""
    words = one_line(text)
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if words and text[-1].isspace() else ''}"


def _metadata(known: etree._Element | None, composition: Composition) -> Metadata:
    """Take title and author; the day a file was made is not the day its text was published."""

    def word(tag: str) -> str | None:
        found = None if known is None else next(known.iter(tag), None)
        return sound(one_line("".join(found.itertext())))[:500] or None if found is not None else None

    first = composition.marks[0] if composition.marks else None
    opening = first.label if first and first.start == 0 else title_in(composition.text)
    author = word(f"{_DC}creator") or word("{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}initial-creator")
    return Metadata(title=word(f"{_DC}title") or opening, author=author)
