"""Word documents: paragraphs, headings by their style, lists, tables as lines, core properties.

Inserted text of tracked changes is read; deleted and hidden text, headers, footers, notes, comments and text boxes are
not. The package is looked through before it is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

from docx import Document
from docx.document import Document as WordDocument
from lxml import etree

from index.errors import UnreadableFile
from index.load.compose import Composition, one_line
from index.load.decode import sound
from index.load.formats import DOCX, shown
from index.load.headings import title_in
from index.load.package import inspect
from index.records import Metadata, Reading

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = frozenset((*(f"{_W}{tag}" for tag in ("del", "moveFrom", "txbxContent", "pict", "object")), _FALLBACK))
_WRAPPERS = frozenset(f"{_W}{tag}" for tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_CHARACTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_HEADING = re.compile(r"(heading|title)\b", re.IGNORECASE)
_LIST = re.compile(r"list\b", re.IGNORECASE)
_OFF = frozenset(("0", "false", "off"))
_NOT_AUTHORS = frozenset(("python-docx", "microsoft office user", "user", "admin", "administrator"))
_NOT_TITLES = frozenset(("word document", "untitled", "document"))
_LONGEST_HEADING = 300


def read(name: str, content: bytes) -> Reading:
    """Read a Word document. Raises UnreadableFile for what is none, or is built to do harm."""
    inspect(name, content)
    try:
        document = Document(BytesIO(content))
    except (KeyError, ValueError, AttributeError, TypeError, IndexError, etree.XMLSyntaxError, OSError) as error:
        raise UnreadableFile(
            f"{shown(name)} is a damaged Word document ({type(error).__name__}: {str(error)[:100]}).",
            "Open it in a word processor and save it again as .docx.",
        ) from error
    composition = _composed(document)
    metadata = _metadata(document, composition)
    return Reading(composition.text, DOCX.reader, composition.marks, metadata, DOCX.media_type)


def _composed(document: WordDocument) -> Composition:
    composition = Composition()
    styles = _styles(document)
    in_list = False
    for block in _blocks(document.element.body):
        if block.tag == f"{_W}tbl":
            for number, row in enumerate(_rows(block)):
                composition.block(row, gap="\n" if number else "\n\n")
            in_list = False
            continue
        text, style = _text_of(block), styles.get(_style_id(block), "")
        if _HEADING.match(style) and len(text) <= _LONGEST_HEADING:
            composition.heading(text)
            in_list = False
        elif text:
            listed = bool(_LIST.match(style)) or block.find(f"{_W}pPr/{_W}numPr") is not None
            composition.block(f"- {text}" if listed else text, gap="\n" if listed and in_list else "\n\n")
            in_list = listed
    return composition


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Give paragraphs and tables in order, also those inside content controls and tracked insertions."""
    for child in parent:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child)


def _rows(table: etree._Element) -> Iterator[str]:
    inner = {row for nested in table.iter(f"{_W}tbl") if nested is not table for row in nested.iter(f"{_W}tr")}
    for row in table.iter(f"{_W}tr"):
        if row in inner:
            continue
        cells = [
            one_line(" ".join(_text_of(paragraph) for paragraph in cell.iter(f"{_W}p")))
            for cell in row.iter(f"{_W}tc")
            if next(cell.iterancestors(f"{_W}tr")) is row
        ]
        if any(cells):
            yield " | ".join(cells)


def _text_of(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        if element.tag in _LEFT_OUT or (element.tag == f"{_W}r" and _is_hidden(element)):
            walk.skip_subtree()
        elif element.tag == f"{_W}pPr":
            walk.skip_subtree()  # its tab stops are no tabs
        elif element.tag == f"{_W}t":
            pieces.append(element.text or "")
        else:
            pieces.append(_CHARACTERS.get(str(element.tag), ""))
    return "\n".join(line.strip() for line in "".join(pieces).split("\n") if line.strip())


def _is_hidden(run: etree._Element) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and (vanish.get(f"{_W}val") or "").lower() not in _OFF


def _style_id(paragraph: etree._Element) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return "" if style is None else style.get(f"{_W}val") or ""


def _styles(document: WordDocument) -> dict[str, str]:
    """Name the built-in style behind each style: Word keeps its English name in every language."""
    own: dict[str, str] = {}
    based: dict[str, str] = {}
    for style in document.part._styles_part.element.iter(f"{_W}style"):
        names = [style.find(f"{_W}{tag}") for tag in ("name", "basedOn")]
        name, base = ("" if found is None else found.get(f"{_W}val") or "" for found in names)
        identity = style.get(f"{_W}styleId") or ""
        own[identity], based[identity] = name, base
    return {identity: _built_in(identity, own, based) for identity in own}


def _built_in(identity: str, own: dict[str, str], based: dict[str, str]) -> str:
    seen: set[str] = set()
    at = identity
    while at in own and at not in seen:
        if _HEADING.match(own[at]) or _LIST.match(own[at]):
            return own[at]
        seen.add(at)
        at = based[at]
    return own[identity]


def _metadata(document: WordDocument, composition: Composition) -> Metadata:
    """Take title and author; the day a file was made is not the day its text was published."""
    core = document.core_properties
    title, author = one_line(sound(core.title or "")), one_line(sound(core.author or ""))
    first = composition.marks[0] if composition.marks else None
    opening = first.label if first and first.start == 0 else title_in(composition.text)
    return Metadata(
        title=title if title and title.lower() not in _NOT_TITLES else opening,
        author=author if author and author.lower() not in _NOT_AUTHORS else None,
        language=(core.language or "")[:2].lower() or None,
    )
