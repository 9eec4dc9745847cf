"""Presentations: the slides' text in their order, titles as headings, tables as lines. Notes are not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from lxml import etree
from pptx import Presentation

from index.errors import UnreadableFile
from index.load.compose import Composition, one_line
from index.load.decode import sound
from index.load.formats import PPTX, shown
from index.load.package import PRESENTATION, inspect
from index.records import Metadata, Reading

_MOST_NESTED = 20
_BROKEN = (KeyError, ValueError, AttributeError, TypeError, IndexError, etree.XMLSyntaxError, OSError)


def read(name: str, content: bytes) -> Reading:
    """Read a presentation. Raises UnreadableFile for what is none, or is built to do harm."""
    inspect(name, content, PRESENTATION)
    composition = Composition()
    try:
        presentation = Presentation(BytesIO(content))
        for number, slide in enumerate(presentation.slides, 1):
            if slide._element.get("show") not in ("0", "false"):
                _add(composition, str(number), slide)
        core = presentation.core_properties
        stated = one_line(sound(core.title or "")), one_line(sound(core.author or ""))
    except _BROKEN as error:
        raise UnreadableFile(
            f"{shown(name)} is a damaged presentation ({type(error).__name__}: {str(error)[:100]}).",
            "Open it in the program that made it and save it again as .pptx.",
        ) from error
    first = next((mark.label for mark in composition.marks if mark.kind == "heading"), None)
    title = stated[0] if stated[0].lower() not in ("", "powerpoint presentation") else first
    metadata = Metadata(title=title, author=stated[1] or None)
    return Reading(composition.text, PPTX.reader, composition.marks, metadata, PPTX.media_type)


def _add(composition: Composition, number: str, slide: Any) -> None:  # noqa: ANN401 - python-pptx brings no types
    title = slide.shapes.title
    heading = one_line(title.text_frame.text) if title is not None else ""
    blocks = [text for text in _texts(slide.shapes, None if title is None else title.shape_id, 0) if text.strip()]
    if heading or blocks:
        composition.mark("slide", number)
    composition.heading(heading)
    for block in blocks:
        composition.block(block)


def _texts(shapes: Iterable[Any], title: int | None, depth: int) -> Iterator[str]:
    for shape in shapes:
        if shape.shape_id == title:
            continue
        if hasattr(shape, "shapes") and depth < _MOST_NESTED:
            yield from _texts(shape.shapes, title, depth + 1)
        elif getattr(shape, "has_table", False):
            rows = ([one_line(cell.text) for cell in row.cells] for row in shape.table.rows)
            yield "\n".join(" | ".join(cells) for cells in rows if any(cells))
        elif getattr(shape, "has_text_frame", False):
            lines = (paragraph.text.replace("\v", "\n").strip() for paragraph in shape.text_frame.paragraphs)
            yield "\n".join(line for line in lines if line)
