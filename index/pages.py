"""The pages of stored PDFs: their pictures, and where on them a quote stands, found when someone looks."""

from __future__ import annotations

from dataclasses import dataclass

from index.errors import NotFound, UnreadableFile
from index.library import Library
from index.load.sandbox import VIEWER
from index.records import place_of

MEDIA_TYPE = "application/pdf"
WIDEST = 2000
"""In pixels, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a page, in points."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points from the page's upper left corner."""

    page: int
    left: float
    top: float
    width: float
    height: float


class Pages:
    """Looks at stored PDFs in a child process."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def sizes(self, document: str) -> tuple[Size, ...]:
        """Give the size of each page. Raises NotFound for a document without pages, UnreadableFile."""
        found = VIEWER.view(*self._wish(document, {"what": "sizes"}))
        return tuple(Size(float(width), float(height)) for width, height in _list(found))

    def picture(self, document: str, number: int, width: int) -> bytes:
        """Draw a page, counted from 1, as PNG, about `width` pixels wide. Raises NotFound, UnreadableFile."""
        wish: dict[str, object] = {"what": "picture", "page": number, "width": max(50, min(width, WIDEST))}
        name, _, content = self._wish(document, wish)
        try:
            drawn = VIEWER.view(name, wish, content)
        except UnreadableFile:
            count = len(_list(VIEWER.view(name, {"what": "sizes"}, content)))
            if not 1 <= number <= count:
                raise NotFound(f"{name!r} has no page {number}.", f"It has {count} pages, counted from 1.") from None
            raise
        return bytes.fromhex(str(drawn))

    def boxes(self, document: str, start: int, end: int) -> tuple[Box, ...]:
        """Find the rectangles of `text[start:end]` of the current version. Raises NotFound, UnreadableFile."""
        text, marks = self._library.documents.text(document, None), self._library.documents.marks(document, None)
        place = place_of(marks, start, end)
        if place.page is None or not 0 <= start < end <= len(text):
            return ()
        begins = max((m.start for m in marks if m.kind == "page" and m.start <= start), default=0)
        pages = list(range(place.page, (place.page_end or place.page) + 1))
        wish: dict[str, object] = {
            "what": "boxes",
            "pages": pages,
            "quote": text[start:end],
            "before": text[begins:start],
        }
        found = VIEWER.view(*self._wish(document, wish))
        return tuple(Box(int(box[0]), *(float(side) for side in box[1:5])) for box in _list(found))

    def _wish(self, document: str, wish: dict[str, object]) -> tuple[str, dict[str, object], bytes]:
        original, _, media_type, name = self._library.documents.original(document)
        if media_type != MEDIA_TYPE or original is None:
            raise NotFound(f"{name!r} has no pages that can be shown.", "Pages are shown of PDF files.")
        return name, wish, self._library.originals.get(original)


def _list(found: object) -> list[list[float]]:
    if not isinstance(found, list):
        raise UnreadableFile("What was found on the pages is unsound.", "Open the original instead.")
    return found
