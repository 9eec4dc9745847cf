"""A page of a PDF as people see it: its picture, and where on it a quote stands. Runs in the child process."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2

MOST_PIXELS = 6_000_000
"""Of a page's picture: a page may claim to be as large as a house."""
LARGEST_SCALE = 4.0
MOST_PAGES = 5000
_SHORTEST_PART = 12
"""How many letters of a quote that goes on over a page's end must stand on one page to be marked there."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a page, folded, with the index of each among the page's characters."""

    folded: str
    indexes: tuple[int, ...]


def sizes(content: bytes) -> list[list[float]]:
    """Give width and height of each page, in points."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [list(document.get_page_size(number)) for number in range(min(len(document), MOST_PAGES))]
    finally:
        document.close()


def picture(content: bytes, number: int, width: int) -> bytes:
    """Draw a page, counted from 1, about `width` pixels wide, as PNG."""
    document = pypdfium2.PdfDocument(content)
    try:
        page = document[number - 1]
        across, down = page.get_size()
        scale = min(width / max(across, 1), LARGEST_SCALE, (MOST_PIXELS / max(across * down, 1)) ** 0.5)
        image = page.render(scale=max(scale, 0.01)).to_pil()
        drawn = io.BytesIO()
        image.convert("RGB").save(drawn, "PNG", compress_level=1)  # it travels to a browser nearby
        return drawn.getvalue()
    finally:
        document.close()


def boxes(content: bytes, numbers: Sequence[int], quote: str, before: str) -> list[list[float]]:
    """Give the rectangles of a quote as page, left, top, width, height, in points from the page's upper left corner.

    Letters and digits alone are compared: spaces, hyphens and ligatures are set differently from line to line.
    `before`: the text of these pages before the quote, which may hold the same words. Nothing found: no rectangles.
    """
    wanted = "".join(letter for _, letter in _letters(quote))
    if not wanted:
        return []
    occurrence = "".join(letter for _, letter in _letters(before)).count(wanted)
    document = pypdfium2.PdfDocument(content)
    try:
        pages = [number for number in numbers if 1 <= number <= len(document)]
        return [box for number in pages for box in _on_page(document, number, wanted, occurrence, numbers)]
    finally:
        document.close()


def _on_page(
    document: pypdfium2.PdfDocument, number: int, wanted: str, occurrence: int, numbers: Sequence[int]
) -> Iterator[list[float]]:
    page = document[number - 1]
    text_page = page.get_textpage()
    try:
        pairs = list(_letters(text_page.get_text_range()))
        letters = _Letters("".join(letter for _, letter in pairs), tuple(index for index, _ in pairs))
        span = _span(letters.folded, wanted, occurrence, first=number == numbers[0], last=number == numbers[-1])
        if span is None:
            return
        start, end = letters.indexes[span[0]], letters.indexes[span[1] - 1] + 1
        left_edge, low, _, high = page.get_bbox()
        for which in range(text_page.count_rects(start, end - start)):
            left, bottom, right, top = text_page.get_rect(which)
            if right - left > 0 and top > low:
                yield [number, left - left_edge, high - top, right - left, top - bottom]
    finally:
        text_page.close()
        page.close()


def _span(letters: str, wanted: str, occurrence: int, *, first: bool, last: bool) -> tuple[int, int] | None:
    """Find the quote among a page's letters, or the part of it that stands there."""
    at = -1
    for _ in range(occurrence + 1):
        following = letters.find(wanted, at + 1)
        if following < 0:
            break
        at = following
    if at >= 0:
        return at, at + len(wanted)
    if not first:
        return _beginning(letters, wanted)
    return None if last else _end(letters, wanted)


def _end(letters: str, wanted: str) -> tuple[int, int] | None:
    """Find where the quote begins that goes on on the next page: the last place where enough of it stands."""
    at = letters.rfind(wanted[:_SHORTEST_PART])
    if at < 0:
        return None
    length = _common(letters[at:], wanted)
    return at, at + length


def _beginning(letters: str, wanted: str) -> tuple[int, int] | None:
    """Find the end of a quote that began on the page before."""
    at = letters.find(wanted[-_SHORTEST_PART:])
    if at < 0:
        return None
    end = at + _SHORTEST_PART
    length = _common(letters[:end][::-1], wanted[::-1])
    return end - length, end


def _common(one: str, other: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """Give each letter or digit, folded, with its index."""
    for index, char in enumerate(text):
        for letter in unicodedata.normalize("NFKC", char).casefold():
            if letter.isalnum():
                yield index, letter
