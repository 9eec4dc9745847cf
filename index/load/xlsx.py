"""Workbooks: the visible sheets, each row one line of the values that its formulas had when it was saved."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from io import BytesIO
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from index.errors import UnreadableFile
from index.load.compose import Composition, one_line
from index.load.decode import sound
from index.load.formats import XLSX, shown
from index.load.package import WORKBOOK, inspect
from index.records import Metadata, Reading

_BROKEN = (
    KeyError, ValueError, AttributeError, TypeError, IndexError, OverflowError, OSError, SyntaxError, ParseError,
    zipfile.BadZipFile, InvalidFileException,
)  # fmt: skip


def read(name: str, content: bytes) -> Reading:
    """Read a workbook. Raises UnreadableFile for what is none, or is built to do harm."""
    inspect(name, content, WORKBOOK)
    composition = Composition()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which do not matter here
            workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            for sheet in workbook.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # what a sheet claims about its size is not believed
                    _add(composition, sheet.title, sheet.iter_rows(values_only=True))
            title, author = workbook.properties.title, workbook.properties.creator
    except _BROKEN as error:
        raise UnreadableFile(
            f"{shown(name)} is a damaged workbook ({type(error).__name__}: {str(error)[:100]}).",
            "Open it in the program that made it and save it again as .xlsx.",
        ) from error
    metadata = Metadata(
        title=one_line(sound(title or "")) or None,
        author=one_line(sound(author or "")) if author not in (None, "", "openpyxl") else None,
    )
    return Reading(composition.text, XLSX.reader, composition.marks, metadata, XLSX.media_type)


def _add(composition: Composition, title: str, rows: Iterable[tuple[object, ...]]) -> None:
    is_new, apart = True, True
    for row in rows:
        cells = [_shown(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            apart = True
            continue
        if is_new:
            composition.mark("sheet", one_line(title) or "?")
        composition.block(" | ".join(cells), gap="\n\n" if apart else "\n")
        is_new = apart = False


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat().replace("T", " ")
    if isinstance(value, float):
        return f"{value:.15g}"
    return one_line(str(value))
