"""The lines of a PDF page, with where they stand and how large their letters are."""

from __future__ import annotations

import ctypes
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

_LINE = re.compile("[^\r\n\ufffe]*\ufffe?")
_BROKEN = "\ufffe"
"""PDFium's sign for a hyphen that breaks a word at the line's end."""
_UNPRINTED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff]")
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xad": "", "\u200b": ""}
)
_NUMBER = re.compile(r"[0-9]{1,9}")
_ROMAN_NUMBER = "(roman)"
_ROMAN = re.compile(r"[ivxlc]{1,7}")
_MARGIN = 0.15
_OUTERMOST = 2
_SHARE_OF_PAGES = 0.4
_BOLD = re.compile(rb"bold|black|heavy", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, in points from the page's lower left corner."""

    page: int
    text: str
    left: float
    right: float
    top: float
    bottom: float
    bold: bool
    broken: bool
    """Whether its last word goes on in the next line; the hyphen is then the last character."""

    @property
    def size(self) -> float:
        """The height of its letters' boxes."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Page:
    """A page's lines in the order of the file, and its lower and upper edge."""

    number: int
    lines: tuple[Line, ...]
    low: float
    high: float


def page_of(document: pypdfium2.PdfDocument, number: int) -> Page:
    """Read the lines of a page, counted from 1."""
    page = document[number - 1]
    try:
        _, low, _, high = page.get_mediabox()
        text_page = page.get_textpage()
        try:
            return Page(number, tuple(_lines(text_page, number)), low, high)
        finally:
            text_page.close()
    finally:
        page.close()


def _lines(text_page: pypdfium2.PdfTextPage, number: int) -> Iterator[Line]:
    whole = text_page.get_text_range()
    last_index = text_page.count_chars() - 1
    for found in _LINE.finditer(whole):
        raw = found.group()
        text = one_spaced(raw)
        if not text:
            continue
        first = min(found.start() + len(raw) - len(raw.lstrip()), last_index)
        last = min(found.start() + len(raw.rstrip(_BROKEN).rstrip()) - 1, last_index)
        left, bottom, _, top = text_page.get_charbox(first, loose=True)
        _, _, right, _ = text_page.get_charbox(max(first, last), loose=True)
        broken = raw.endswith(_BROKEN)
        bold = _is_bold(text_page, (first + last) // 2)
        yield Line(number, text + "-" * broken, left, right, top, bottom, bold, broken)


def one_spaced(raw: str) -> str:
    """Clean a line: ligatures spelt out, what is not printed left out, one space between words."""
    return " ".join(_UNPRINTED.sub("", raw).translate(_LIGATURES).split())


def _is_bold(text_page: pypdfium2.PdfTextPage, index: int) -> bool:
    name = ctypes.create_string_buffer(128)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.c_int())
    return bool(_BOLD.search(name.value))


def without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """Drop headers, footers and page numbers: lines at a page's edge that many pages have alike."""
    alike: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for page in pages:
        for edge, line in _outermost(page):
            alike[edge, _pattern(line.text)].append(line)
    filled = sum(1 for page in pages if page.lines)
    running = {id(line) for lines in alike.values() if _is_running(lines, filled) for line in lines}
    return [
        Page(page.number, tuple(line for line in page.lines if id(line) not in running), page.low, page.high)
        for page in pages
    ]


def _outermost(page: Page) -> Iterator[tuple[str, Line]]:
    from_top = sorted(page.lines, key=lambda line: -line.top)
    margin = (page.high - page.low) * _MARGIN
    yield from (("top", line) for line in from_top[:_OUTERMOST] if line.top > page.high - margin)
    yield from (("bottom", line) for line in from_top[-_OUTERMOST:] if line.bottom < page.low + margin)


def _pattern(text: str) -> str:
    """What is alike in `Page 3 of 9` and `Page 4 of 9`."""
    folded = text.casefold()
    return _ROMAN_NUMBER if _ROMAN.fullmatch(folded) else _NUMBER.sub("#", folded)


def _is_running(lines: Sequence[Line], pages: int) -> bool:
    if len({line.page for line in lines}) < max(2, pages * _SHARE_OF_PAGES):
        return False
    if _pattern(lines[0].text) == _ROMAN_NUMBER:
        return True
    # every number stands still, but for one that counts the pages: others are a table's
    columns = list(zip(*([int(number) for number in _NUMBER.findall(line.text)] for line in lines), strict=True))
    moving = [column for column in columns if len(set(column)) > 1]
    ahead = {number - line.page for column in moving for number, line in zip(column, lines, strict=True)}
    return len(ahead) <= 1
