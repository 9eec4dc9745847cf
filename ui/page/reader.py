"""A document as the reader shows it: paragraphs, headings, tables, or the pages of a PDF; pure but for looking up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.errors import DossierError, NotFound
from index.pages import MEDIA_TYPE, Box, Size
from index.records import Document, Mark
from index.shelf import Shelf
from ui.page.markup import about, escape, notice
from ui.page.texts import Texts

READING_MARGIN = 30_000
"""How many characters before and after a quote are shown."""
PICTURE_WIDTH = 1000
_LINE = re.compile(r"[^\n]+")
_CELL = " | "


@dataclass(frozen=True, slots=True)
class Spot:
    """What is to be read, and where in it."""

    document: str
    version: str | None = None
    """The current one if None."""
    start: int = 0
    end: int = 0
    """No quote where both are 0."""
    around: tuple[int, int] = (0, 0)
    """The passage around the quote."""
    begin: int | None = None
    """From where on the text is shown; around the quote if None."""

    @property
    def has_quote(self) -> bool:
        """Whether anything is to be marked."""
        return self.end > self.start


def reading(t: Texts, shelf: Shelf, spot: Spot, *, as_text: bool = False) -> str:
    """Give a document, with a quote marked; where it is gone or has changed, say so in its place."""
    try:
        document = shelf.document(spot.document)
    except NotFound:
        return f'<div class="reading" id="reading">{notice(t.deleted)}</div>'
    told = ""
    version = spot.version or document.version
    if version != document.version:
        told = notice(t.changed)
        try:
            shelf.text(document.id, version)
        except NotFound:
            told, spot, version = notice(t.no_version), Spot(document.id), document.version
    paged = document.media_type == MEDIA_TYPE and version == document.version
    body = _pages(t, shelf, document, spot) if paged and not as_text else ""
    paged_now = bool(body)
    body = body or _text(t, shelf, spot, document.id, version)
    return (
        f'<div class="reading" id="reading"><h2 tabindex="-1" id="reading-title">{escape(document.title)}</h2>'
        f'<p class="about">{about(t, document)}</p>{_acts(t, document, spot, paged=paged, paged_now=paged_now)}{told}'
        f"{body}</div>"
    )


def removing(t: Texts, document: Document) -> str:
    """Ask whether a document is to be removed."""
    id = escape(document.id)
    return (
        f'<div class="reading" id="reading"><h2 tabindex="-1" id="reading-title">'
        f"{escape(t.remove_sure.replace('{title}', document.title))}</h2><p>{t.remove_more}</p>"
        f'<p class="choice"><a class="button danger" href="#removed-{id}">{t.remove}</a> '
        f'<a class="button" href="#document-{id}">{t.keep}</a></p></div>'
    )


def correcting(t: Texts, document: Document) -> str:
    """Give a form with what is known about a document; the page's script sends it."""
    metadata = document.metadata
    fields = "".join(
        f'<label>{escape(words)}<input name="{name}" value="{escape(value or "")}" maxlength="300"></label>'
        for name, words, value in (
            ("title", t.title, metadata.title),
            ("publisher", t.publisher, metadata.publisher),
            ("author", t.author, metadata.author),
            ("published", t.published, metadata.published),
        )
    )
    return (
        f'<div class="reading" id="reading"><h2 tabindex="-1" id="reading-title">{t.correct}</h2>'
        f'<p class="about">{escape(document.name)}</p><div class="fields" id="correcting">{fields}</div>'
        f'<p class="choice"><a class="button main" href="#corrected-{escape(document.id)}">{t.save}</a> '
        f'<a class="button" href="#document-{escape(document.id)}">{t.cancel}</a></p></div>'
    )


def _acts(t: Texts, document: Document, spot: Spot, *, paged: bool, paged_now: bool) -> str:
    id = escape(document.id)
    acts = [(f"/v1/documents/{id}/file", t.open_original), (f"#only-{id}", t.ask_only)]
    if paged:
        acts.insert(0, ("#as-text", t.text_view) if paged_now else ("#as-pages", t.pages_view))
    acts += [(f"#correct-{id}", t.correct), (f"#remove-{id}", t.remove)]
    rows = "".join(f'<li><a class="act" href="{href}">{words}</a></li>' for href, words in acts)
    length = f"{t.count(('1', '{n}'), document.characters)} {t.characters}"
    source = document.source if document.source.startswith(("http://", "https://")) else document.name
    return f'<p class="file">{escape(source)} · {length}</p><ul class="acts">{rows}</ul>'


def _pages(t: Texts, shelf: Shelf, document: Document, spot: Spot) -> str:
    """Give the pages as pictures with the quote's rectangles over them; nothing where they cannot be drawn."""
    try:
        sizes = shelf.pages.sizes(document.id)
        boxes = shelf.pages.boxes(document.id, spot.start, spot.end) if spot.has_quote else ()
    except DossierError:  # the text is shown instead
        return ""
    if spot.has_quote and not boxes:
        return ""
    first = boxes[0].page if boxes else 1
    sheets = "".join(_sheet(t, document, number, size, boxes, first) for number, size in enumerate(sizes, 1))
    return f'<div class="sheets">{sheets}</div>'


def _sheet(t: Texts, document: Document, number: int, size: Size, boxes: Sequence[Box], first: int) -> str:
    here = [box for box in boxes if box.page == number]
    marks = "".join(
        f'<rect class="box" x="{b.left - 2:.1f}" y="{b.top - 2:.1f}" width="{b.width + 4:.1f}" '
        f'height="{b.height + 4:.1f}" rx="2"></rect>'
        for b in here
    )
    view = f'viewBox="0 0 {size.width:.1f} {size.height:.1f}"'
    over = f'<svg {view} aria-hidden="true">{marks}</svg>'
    mark = ' id="quote-mark" tabindex="-1"' if here and number == first else ""
    alt = escape(t.page_picture.replace("{n}", str(number)).replace("{title}", document.title))
    eager = "eager" if number == first else "lazy"  # the page that is meant is drawn first
    address = (
        f"/v1/documents/{escape(document.id)}/pages/{number}?width={PICTURE_WIDTH}&amp;of={escape(document.version)}"
    )
    return (
        f'<div class="sheet"{mark}><img src="{address}" alt="{alt}" loading="{eager}" width="{size.width:.0f}" '
        f'height="{size.height:.0f}">{over}<span class="page-number">{number}</span></div>'
    )


def _text(t: Texts, shelf: Shelf, spot: Spot, id: str, version: str) -> str:
    text, marks = shelf.text(id, version), shelf.marks(id, version)
    centre = (spot.start, spot.end) if spot.begin is None else (spot.begin, spot.begin + READING_MARGIN)
    low, high = max(0, centre[0] - READING_MARGIN), min(len(text), centre[1] + READING_MARGIN)
    low, high = _at_line(text, low, 0), _at_line(text, high, len(text))
    body = "".join(_blocks(text, (low, high), marks, spot))
    key = f"{escape(id)}-{escape(version)}"
    before = f'<p class="cut"><a class="act" href="#from-{key}-{max(0, low - READING_MARGIN)}">{t.text_before}</a></p>'
    after = f'<p class="cut"><a class="act" href="#from-{key}-{high}">{t.text_after}</a></p>'
    return f'{before if low else ""}<div class="text">{body}</div>{after if high < len(text) else ""}'


def _at_line(text: str, offset: int, edge: int) -> int:
    """Move an offset to the beginning of its line, so that no word is cut."""
    return offset if offset == edge else text.rfind("\n", 0, offset) + 1


def _blocks(text: str, span: tuple[int, int], marks: Sequence[Mark], spot: Spot) -> Iterator[str]:
    """Give paragraphs, headings and tables, in order."""
    headings = {mark.start for mark in marks if mark.kind == "heading"}
    pen = _Pen(text, spot)
    lines = [found.span() for found in _LINE.finditer(text, *span)]
    at = 0
    while at < len(lines):
        start, end = lines[at]
        if start in headings:
            yield f"<h3>{pen.ink(start, end)}</h3>"
            at += 1
            continue
        rows = 0
        while at + rows < len(lines) and _CELL in text[slice(*lines[at + rows])]:
            rows += 1
        if rows > 1:
            yield _table(pen, lines[at : at + rows])
            at += rows
            continue
        last = at
        while last + 1 < len(lines) and lines[last + 1][0] == lines[last][1] + 1 and lines[last + 1][0] not in headings:
            last += 1
        yield f"<p>{pen.ink(start, lines[last][1])}</p>"
        at = last + 1


def _table(pen: _Pen, lines: Sequence[tuple[int, int]]) -> str:
    rows = []
    for number, (start, end) in enumerate(lines):
        tag = "td" if number else "th"
        cells, at = [], start
        for cell in pen.text[start:end].split(_CELL):
            cells.append(f"<{tag}>{pen.ink(at, at + len(cell))}</{tag}>")
            at += len(cell) + len(_CELL)
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="table" tabindex="0"><table>{"".join(rows)}</table></div>'


class _Pen:
    """Writes spans of a text, marking what lies in the quote and faintly what lies in the passage around it."""

    def __init__(self, text: str, spot: Spot) -> None:
        self.text = text
        self._quote = (spot.start, spot.end) if spot.has_quote else (-1, -1)
        self._around = spot.around
        self._marked = False

    def ink(self, start: int, end: int) -> str:
        """Give a span as HTML."""
        edges = sorted({start, end, *(edge for edge in (*self._quote, *self._around) if start < edge < end)})
        return "".join(self._piece(one, other) for one, other in pairwise(edges))

    def _piece(self, start: int, end: int) -> str:
        words = escape(self.text[start:end])
        if self._quote[0] <= start and end <= self._quote[1]:
            first, self._marked = not self._marked, True
            name = ' id="quote-mark" tabindex="-1"' if first else ""
            return f"<mark{name}>{words}</mark>"
        if self._around[0] <= start and end <= self._around[1]:
            return f'<span class="around">{words}</span>'
        return words
