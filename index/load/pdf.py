"""PDF: the text of each page in whole paragraphs, pages and headings marked.

Lines are joined to paragraphs by where they stand, words broken at a line's end are made whole, and running headers,
footers and page numbers are dropped. PDFium gives the text in the order in which the file holds it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from threading import Lock

import pypdfium2
import pypdfium2.raw as pdfium

from index.errors import UnreadableFile
from index.load.compose import one_line
from index.load.decode import sound
from index.load.formats import PDF, shown
from index.load.headings import title_in
from index.load.pdf_lines import Page, page_of, without_running_lines
from index.load.pdf_paragraphs import compose
from index.records import Metadata, Reading

_PDFIUM = Lock()
"""PDFium is not safe with threads."""
_RECOGNISE = "Run it through text recognition first, for example: ocrmypdf --force-ocr in.pdf out.pdf"
_SAVE_AGAIN = "Fetch it again, or open it in a PDF viewer and print it to a new PDF."
_NO_TITLES = ("microsoft ", "untitled", "adobe ", "slide ", "powerpoint ", "(unspecified)", "(anonymous)", "unknown")
_NO_AUTHORS = frozenset(("(unspecified)", "(anonymous)", "anonymous", "unknown", "user", "admin", "administrator"))
_FILE_ENDINGS = (".doc", ".docx", ".pdf", ".indd", ".qxd", ".tex", ".dvi", ".odt", ".ppt", ".pptx", ".rtf")


def read(name: str, content: bytes) -> Reading:
    """Read a PDF. Raises UnreadableFile for one that is encrypted, damaged, or without text."""
    if b"%PDF-" not in content[:1024]:
        raise UnreadableFile(f"{shown(name)} is not a PDF: %PDF does not stand at its beginning.", _SAVE_AGAIN)
    with _PDFIUM:
        stated, pages = _pages(name, content)
    _refuse_without_text(name, pages)
    composition = compose([line for page in without_running_lines(pages) for line in page.lines])
    title, author = one_line(sound(stated.get("Title", ""))), one_line(sound(stated.get("Author", "")))
    first = next((mark for mark in composition.marks if mark.kind == "heading"), None)
    opening = first.label if first and first.start == 0 else title_in(composition.text)
    metadata = Metadata(
        title=title if _is_title(title) else opening,
        author=author if author and author.lower() not in _NO_AUTHORS else None,
    )
    return Reading(composition.text, PDF.reader, composition.marks, metadata, PDF.media_type)


def _pages(name: str, content: bytes) -> tuple[dict[str, str], list[Page]]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise UnreadableFile(
                f"{shown(name)} is an encrypted PDF that needs a password.",
                "Save it without a password, for example: qpdf --decrypt --password=... in.pdf out.pdf",
            ) from error
        raise _damaged(name, error) from error
    try:
        return document.get_metadata_dict(), [page_of(document, number + 1) for number in range(len(document))]
    except pypdfium2.PdfiumError as error:
        raise _damaged(name, error) from error
    finally:
        document.close()


def _damaged(name: str, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{shown(name)} is a damaged PDF ({error}).", _SAVE_AGAIN)


def _refuse_without_text(name: str, pages: Sequence[Page]) -> None:
    letters = "".join(line.text for page in pages for line in page.lines)
    if not letters.strip():
        raise UnreadableFile(
            f"{shown(name)} is a PDF of {len(pages)} page(s) without text: most likely scanned pictures.", _RECOGNISE
        )
    nameless = sum(1 for letter in letters if unicodedata.category(letter) in ("Co", "Cn") or letter == "\ufffd")
    if nameless * 3 > len(letters):
        raise UnreadableFile(
            f"{shown(name)} is a PDF whose fonts do not say which letters they show: its text is unreadable.",
            _RECOGNISE,
        )


def _is_title(title: str) -> bool:
    folded = title.lower()
    return len(title) > 2 and not folded.startswith(_NO_TITLES) and not folded.endswith(_FILE_ENDINGS)
