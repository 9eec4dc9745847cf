"""Text recognition of pages that are pictures, by Tesseract: lines with where they stand, as a page of text has them.

Tesseract comes with the optional package tesserocr; what it knows of a language, from the system (`eng.traineddata`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2

from index.errors import UnreadableFile
from index.load.formats import MOST_PICTURES, shown
from index.load.pdf_lines import Line, Page, one_spaced

if TYPE_CHECKING:
    from tesserocr import PyTessBaseAPI

MOST_PAGES = MOST_PICTURES
_DOTS_AN_INCH = 300
_POINTS_AN_INCH = 72
_MOST_DOTS = 20_000_000
"""A page of more is drawn coarser: A3 at 300 dots an inch has 17 million."""
_LEAST_SURE = 40
"""Percent of confidence; what is below is mostly dirt, a photograph or a stamp."""
_FOLDERS = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")


class Pictures(Exception):
    """So many pages are pictures, and reading them takes more time than was granted."""

    def __init__(self, pages: int) -> None:
        super().__init__(pages)
        self.pages = pages


def installed() -> bool:
    """Whether the optional package is there."""
    return find_spec("tesserocr") is not None


def refuse_too_many(name: str, pages: int, granted: int) -> None:
    """Raise UnreadableFile for more pages than are ever recognised, and Pictures for more than were granted."""
    if pages > MOST_PAGES:
        raise UnreadableFile(
            f"{shown(name)} has {pages:,} pages that are pictures; at most {MOST_PAGES:,} are recognised.", "Split it."
        )
    if pages > granted:
        raise Pictures(pages)


@contextmanager
def recogniser(name: str, languages: str) -> Iterator[PyTessBaseAPI]:
    """Begin to recognise languages, such as `eng+deu`. Raises UnreadableFile where one of them is not here."""
    from tesserocr import OEM, PyTessBaseAPI  # an optional package

    folder = _folder(name, languages)
    with PyTessBaseAPI(path=str(folder), lang=languages, oem=OEM.LSTM_ONLY) as api:
        yield api


def recognised(document: pypdfium2.PdfDocument, number: int, api: PyTessBaseAPI) -> Page:
    """Read the lines of a page, counted from 1, from its picture."""
    page = document[number - 1]
    try:
        left, low, right, high = page.get_mediabox()
        dots = (right - left) * (high - low) / _POINTS_AN_INCH**2
        scale = min(_DOTS_AN_INCH, math.sqrt(_MOST_DOTS / max(dots, 1e-6))) / _POINTS_AN_INCH
        drawn = page.render(scale=scale, grayscale=True)
        try:
            api.SetImageBytes(bytes(drawn.buffer), drawn.width, drawn.height, drawn.n_channels, drawn.stride)
            api.SetSourceResolution(round(scale * _POINTS_AN_INCH))
            top = drawn.height / scale
            return Page(number, tuple(_lines(api, number, scale, top)), 0.0, top)
        finally:
            drawn.close()
    finally:
        page.close()


def _lines(api: PyTessBaseAPI, number: int, scale: float, top: float) -> Iterator[Line]:
    from tesserocr import RIL, iterate_level

    api.Recognize()
    found = api.GetIterator()
    if found is None:
        return
    for line in iterate_level(found, RIL.TEXTLINE):
        if line.Empty(RIL.TEXTLINE) or line.Confidence(RIL.TEXTLINE) < _LEAST_SURE:
            continue
        text = one_spaced(line.GetUTF8Text(RIL.TEXTLINE))
        left, upper, right, _ = line.BoundingBox(RIL.TEXTLINE)
        size = line.RowAttributes()["row_height"] / scale
        high = top - upper / scale
        if text:
            yield Line(number, text, left / scale, right / scale, high, high - size, bold=False, broken=False)
    api.Clear()


def _folder(name: str, languages: str) -> Path:
    """Find where all of the languages are known."""
    given = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(given)] if given else [path for pattern in _FOLDERS for path in sorted(Path("/").glob(pattern[1:]))]
    wanted = languages.split("+")
    for folder in folders:
        if all((folder / f"{one}.traineddata").is_file() for one in wanted):
            return folder
    here = {path.stem for folder in folders for path in folder.glob("*.traineddata")}
    missing = [one for one in wanted if one not in here] or wanted
    packages = " ".join(f"tesseract-ocr-{one.replace('_', '-').lower()}" for one in missing)
    raise UnreadableFile(
        f"{shown(name)} has pages that are pictures, and text recognition does not know {' and '.join(missing)} here.",
        f"Run `apt-get install {packages}`, name a folder of .traineddata files in TESSDATA_PREFIX, or set"
        " ocr_languages to others.",
    )
