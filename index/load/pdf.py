"""PDF: the text of each page in whole paragraphs, pages and headings marked.

Lines are joined to paragraphs by where they stand, words broken at a line's end are made whole, and running headers,
footers and page numbers are dropped. PDFium gives the text in the order in which the file holds it. Pages that show
something but hold no text are recognised from their pictures, where that is wished for and installed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence, Set
from threading import Lock

import pypdfium2
import pypdfium2.raw as pdfium

from index.errors import UnreadableFile
from index.load import recognise
from index.load.compose import one_line
from index.load.decode import sound
from index.load.formats import PDF, shown
from index.load.headings import title_in
from index.load.pdf_lines import Page, page_of, without_running_lines
from index.load.pdf_paragraphs import compose
from index.records import Mark, Metadata, Reading

_PDFIUM = Lock()
"""PDFium is not safe with threads."""
_RECOGNISE = "Run it through text recognition first, for example: ocrmypdf --force-ocr in.pdf out.pdf"
_INSTALL = "Install text recognition (`make ocr`) and add it again, or run: ocrmypdf --force-ocr in.pdf out.pdf"
_SAVE_AGAIN = "Fetch it again, or open it in a PDF viewer and print it to a new PDF."
_NO_TITLES = ("microsoft ", "untitled", "adobe ", "slide ", "powerpoint ", "(unspecified)", "(anonymous)", "unknown")
_NO_AUTHORS = frozenset(("(unspecified)", "(anonymous)", "anonymous", "unknown", "user", "admin", "administrator"))
_FILE_ENDINGS = (".doc", ".docx", ".pdf", ".indd", ".qxd", ".tex", ".dvi", ".odt", ".ppt", ".pptx", ".rtf")


def read(name: str, content: bytes, languages: str = "", granted: int = 0) -> Reading:
    """Read a PDF. Raises UnreadableFile for one that is encrypted, damaged, or without text.

    With languages (`eng+deu`) pages without text are recognised, where text recognition is installed; raises
    `recognise.Pictures` if they are more than `granted`.
    """
    if b"%PDF-" not in content[:1024]:
        raise UnreadableFile(f"{shown(name)} is not a PDF: %PDF does not stand at its beginning.", _SAVE_AGAIN)
    with _PDFIUM:
        stated, pages, pictures = _pages(name, content, languages, granted)
    _refuse_without_text(name, pages, tried=bool(pictures))
    composition = compose([line for page in without_running_lines(pages) for line in page.lines])
    title, author = one_line(sound(stated.get("Title", ""))), one_line(sound(stated.get("Author", "")))
    first = next((mark for mark in composition.marks if mark.kind == "heading"), None)
    opening = first.label if first and first.start == 0 else title_in(composition.text)
    metadata = Metadata(
        title=title if _is_title(title) else opening,
        author=author if author and author.lower() not in _NO_AUTHORS else None,
    )
    marks = _with_recognised(composition.marks, pictures)
    return Reading(composition.text, PDF.reader, marks, metadata, PDF.media_type)


def _pages(name: str, content: bytes, languages: str, granted: int) -> tuple[dict[str, str], list[Page], Set[int]]:
    """Give what the file states, its pages, and the numbers of those that were recognised."""
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
        pages = [page_of(document, number + 1) for number in range(len(document))]
        pictures = _pictures(document, pages) if languages and recognise.installed() else set()
        if pictures:
            recognise.refuse_too_many(name, len(pictures), granted)
            with recognise.recogniser(name, languages) as api:
                for number in pictures:
                    pages[number - 1] = recognise.recognised(document, number, api)
        return document.get_metadata_dict(), pages, pictures
    except pypdfium2.PdfiumError as error:
        raise _damaged(name, error) from error
    finally:
        document.close()


def _damaged(name: str, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{shown(name)} is a damaged PDF ({error}).", _SAVE_AGAIN)


def _pictures(document: pypdfium2.PdfDocument, pages: Sequence[Page]) -> set[int]:
    """Find the pages of which only the picture tells what is written."""
    if _nameless(pages):
        return {page.number for page in pages}
    found = set()
    for page in pages:
        if not page.lines:
            drawn = document[page.number - 1]
            if next(drawn.get_objects(max_depth=1), None) is not None:
                found.add(page.number)
            drawn.close()
    return found


def _with_recognised(marks: Sequence[Mark], pictures: Set[int]) -> tuple[Mark, ...]:
    """Mark from where on the text was recognised (with the page's number), and from where on it is text again (0)."""

    def told() -> Iterator[Mark]:
        on = False
        for mark in marks:
            if mark.kind == "page" and (on or int(mark.label) in pictures):
                on = int(mark.label) in pictures
                yield Mark(mark.start, "recognised", mark.label if on else "0")
            yield mark

    return tuple(told())


def _refuse_without_text(name: str, pages: Sequence[Page], *, tried: bool) -> None:
    if not any(line.text.strip() for page in pages for line in page.lines):
        told = "text recognition found none in its pictures" if tried else "most likely scanned pictures"
        hint = "Scan it again, larger and upright." if tried else _RECOGNISE if recognise.installed() else _INSTALL
        raise UnreadableFile(f"{shown(name)} is a PDF of {len(pages)} page(s) without text: {told}.", hint)
    if _nameless(pages):
        raise UnreadableFile(
            f"{shown(name)} is a PDF whose fonts do not say which letters they show: its text is unreadable.",
            _RECOGNISE if recognise.installed() else _INSTALL,
        )


def _nameless(pages: Sequence[Page]) -> bool:
    """Whether the fonts do not say which letters they show."""
    letters = "".join(line.text for page in pages for line in page.lines)
    nameless = sum(1 for letter in letters if unicodedata.category(letter) in ("Co", "Cn") or letter == "\ufffd")
    return nameless * 3 > len(letters)


def _is_title(title: str) -> bool:
    folded = title.lower()
    return len(title) > 2 and not folded.startswith(_NO_TITLES) and not folded.endswith(_FILE_ENDINGS)
