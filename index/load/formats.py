"""Which formats can be read, by which reader, and how a file's first bytes betray another format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from index.errors import UnknownFormat, UnreadableFile

TEXT_READER = "text-1"
MOST_PICTURES = 1000
"""Of how many pages of a file, at most, the text is recognised from their pictures."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file and its reader: the module of this name in `index.load`, with a function `read(name, content)`."""

    name: str
    version: int
    """Raised whenever the reader makes another text of the same bytes, so that files are read again."""
    endings: tuple[str, ...]
    media_type: str
    apart: bool
    """Whether it is parsed in the child process."""

    @property
    def reader(self) -> str:
        """The reader's name and version."""
        return f"{self.name}-{self.version}"


TXT = Format("txt", 1, (".txt", ".text"), "text/plain", apart=False)
MD = Format("md", 1, (".md", ".markdown"), "text/markdown", apart=True)
HTML = Format("html", 1, (".html", ".htm", ".xhtml"), "text/html", apart=True)
PDF = Format("pdf", 1, (".pdf",), "application/pdf", apart=True)
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCX = Format("docx", 1, (".docx",), _WORD, apart=True)
_OFFICE = "application/vnd.openxmlformats-officedocument"
PPTX = Format("pptx", 1, (".pptx",), f"{_OFFICE}.presentationml.presentation", apart=True)
XLSX = Format("xlsx", 1, (".xlsx",), f"{_OFFICE}.spreadsheetml.sheet", apart=True)
CSV = Format("csv", 1, (".csv", ".tsv"), "text/csv", apart=True)
JSON = Format("json", 1, (".json",), "application/json", apart=True)
JSONL = Format("jsonl", 1, (".jsonl", ".ndjson"), "application/jsonl", apart=True)
EML = Format("eml", 1, (".eml",), "message/rfc822", apart=True)
MBOX = Format("mbox", 1, (".mbox",), "application/mbox", apart=True)
EPUB = Format("epub", 1, (".epub",), "application/epub+zip", apart=True)
RTF = Format("rtf", 1, (".rtf",), "application/rtf", apart=True)
ODT = Format("odt", 1, (".odt",), "application/vnd.oasis.opendocument.text", apart=True)
ZIP = Format("zip", 1, (".zip",), "application/zip", apart=True)
FORMATS = (TXT, MD, HTML, PDF, DOCX, PPTX, XLSX, ODT, RTF, EPUB, CSV, JSON, JSONL, EML, MBOX, ZIP)

_PACKAGES = ("zip", "docx", "pptx", "xlsx", "odt", "epub")

# First bytes that no text begins with: what the file is, and the formats it may rightly have.
_SIGNATURES: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "a PDF", ("pdf",)),
    (b"PK\x03\x04", "a ZIP archive (Word, Excel, EPUB and others are such)", _PACKAGES),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file", ()),
    (b"\x89PNG\r\n", "a PNG picture", ()),
    (b"\xff\xd8\xff", "a JPEG picture", ()),
    (b"GIF8", "a GIF picture", ()),
    (b"\x1f\x8b\x08", "gzip-compressed data", ()),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", ()),
    (b"Rar!\x1a\x07", "a RAR archive", ()),
    (b"\x7fELF", "a program", ()),
    (b"SQLite format 3\x00", "an SQLite database", ()),
    (b"{\\rtf", "a Rich Text file", ("rtf",)),
)


def supported() -> tuple[str, ...]:
    """The endings of the files that can be read."""
    return tuple(ending for known in FORMATS for ending in known.endings)


def format_of(name: str) -> Format:
    """Choose a file's format by its name's ending. Raises UnknownFormat."""
    ending = PurePath(name.replace("\0", "")).suffix.lower()
    for known in FORMATS:
        if ending in known.endings:
            return known
    found = f"the ending {ending!r}" if ending else "no ending"
    raise UnknownFormat(
        f"{shown(name)} has {found}, and no reader knows it.",
        f"Supported are {', '.join(supported())}: save or export it as one of these.",
    )


def reader_of(name: str) -> str:
    """Name the reader and its version that would read the file, without reading it. Raises UnknownFormat."""
    return format_of(name).reader


def shown(name: str) -> str:
    """Make a file's name safe for a message: what cannot be printed is escaped, and it is not endless."""
    return repr(name if len(name) <= 120 else f"{name[:80]}...{name[-37:]}")


def refuse_other_formats(name: str, content: bytes, known: Format) -> None:
    """Refuse an empty file, and content that begins as another format does. Raises UnreadableFile."""
    if not content:
        raise UnreadableFile(f"{shown(name)} is empty (0 bytes).", "Save it again, or leave it out.")
    for signature, what, formats in _SIGNATURES:
        if content.startswith(signature) and known.name not in formats:
            raise UnreadableFile(
                f"{shown(name)} is named {known.endings[0]} but holds {what}.", _way_out(formats, known)
            )


def _way_out(formats: tuple[str, ...], known: Format) -> str:
    if formats:
        return f"Name it {' or '.join(f'.{name}' for name in formats)}, whichever it is."
    if known.name in ("docx", "pptx", "xlsx"):
        program = "a word processor" if known.name == "docx" else "the program that made it"
        return f"Open it in {program}, remove the password if it has one, and save it as {known.endings[0]}."
    return f"Export its text as one of {', '.join(supported())}."
