"""ZIP packages (Word, Excel, EPUB...) looked through before anything opens them: no bombs, no XML entities."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from index.errors import UnreadableFile
from index.load.formats import shown

if TYPE_CHECKING:  # archives are taken apart where lxml is not needed
    from lxml import etree

_MOST_ENTRIES = 10_000
_LARGEST_DIRECTORY = 2_000_000
_LARGEST_PART = 100_000_000
_LARGEST_TOTAL = 300_000_000
_TIGHTEST = 200
"""XML shrinks to a tenth or a thirtieth; a hundredth is seen in long tables; a bomb makes a thousandth."""
_SMALL = 5_000_000
_END = b"PK\x05\x06"
_HEADER = 30
_IN_UTF_8 = 0x800
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([^"']*)""", re.IGNORECASE)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)
_ENCODINGS = frozenset((b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"))


@dataclass(frozen=True, slots=True)
class Package:
    """A kind of file that is a ZIP package."""

    what: str
    ending: str
    needs: str | None
    """A part without which it is something else."""
    strict: bool = True
    """Whether its parts are looked through for declarations of entities."""
    program: str = "the program that made it"
    """Where it is opened and saved again."""


WORD = Package("Word document", ".docx", "[Content_Types].xml", program="a word processor")
PRESENTATION = Package("presentation", ".pptx", "ppt/presentation.xml")
WORKBOOK = Package("workbook", ".xlsx", "[Content_Types].xml")
OPEN_TEXT = Package("OpenDocument text", ".odt", "content.xml", program="a word processor")
BOOK = Package("book", ".epub", "META-INF/container.xml", strict=False)  # its chapters may name a document type
ARCHIVE = Package("archive", ".zip", None, strict=False)


def inspect(name: str, content: bytes, kind: Package = WORD) -> None:
    """Refuse a package that is damaged, encrypted, a bomb, or whose XML declares entities. Raises UnreadableFile."""
    with opened(name, kind):
        _inspect(content, kind)


@contextmanager
def opened(name: str, kind: Package) -> Iterator[None]:
    """Tell of a package that is found to be damaged while it is read. Raises UnreadableFile."""
    try:
        try:
            yield
        except _DAMAGED as error:
            raise _Unfit(f"is a damaged package ({str(error)[:100]})") from error
    except _Unfit as found:
        raise UnreadableFile(
            f"{shown(name)} {found}.", f"Open it in {kind.program} and save it again as {kind.ending}."
        ) from None


class _Unfit(Exception):
    """What is wrong with a package."""


def parsed(name: str, part: str, content: bytes) -> etree._Element:
    """Parse a part of a package without entities, document types or the network. Raises UnreadableFile."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile(
            f"{shown(name)} has a damaged part {shown(part)} ({str(error)[:100]}).", "Save or export it again."
        ) from error


def _inspect(content: bytes, kind: Package) -> None:
    _inspect_directory(content, kind)
    with zipfile.ZipFile(BytesIO(content)) as package:
        entries = package.infolist()
        _inspect_sizes(entries)
        _inspect_places(entries)
        for entry in entries if kind.strict else ():
            _inspect_part(entry.filename, package.read(entry))
    if kind.needs and kind.needs not in {entry.filename for entry in entries}:
        raise _Unfit(f"is a ZIP archive, but not {_a(kind)}")


def _a(kind: Package) -> str:
    return f"{'an' if kind.what[0] in 'aeiouO' else 'a'} {kind.what}"


def _inspect_directory(content: bytes, kind: Package) -> None:
    """Look at the end record first: reading a directory of a million entries costs half a gigabyte."""
    at = content.rfind(_END, -65_557)
    if not content.startswith(b"PK") or at < 0 or len(content) < at + 22:
        raise _Unfit(f"is not {_a(kind)} (a {kind.ending} is a ZIP package, and this is none, or is cut off)")
    if int.from_bytes(content[at + 12 : at + 16], "little") > _LARGEST_DIRECTORY:
        raise _Unfit(f"is a package of more than {_MOST_ENTRIES} parts")


def _inspect_sizes(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise _Unfit(f"is a package of more than {_MOST_ENTRIES} parts")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _Unfit("is a password-protected package")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if unpacked > _LARGEST_TOTAL or largest > _LARGEST_PART or unpacked > max(_SMALL, _TIGHTEST * packed):
        raise _Unfit(f"unpacks from {packed:,} to {unpacked:,} bytes, as a ZIP bomb does")


def _inspect_places(entries: list[zipfile.ZipInfo]) -> None:
    if len({entry.filename for entry in entries}) < len(entries):
        raise _Unfit("is a package that holds one part twice")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise _Unfit("is a package whose parts overlap, as in a ZIP bomb")
        named = entry.orig_filename.encode("utf-8" if entry.flag_bits & _IN_UTF_8 else "cp437", "replace")
        end = entry.header_offset + _HEADER + len(named) + entry.compress_size


def _inspect_part(part: str, content: bytes) -> None:
    plain = content.replace(b"\0", b"")  # UTF-16 markup looks like this too
    if not plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return
    if _DECLARATION.search(plain):
        raise _Unfit(f"declares XML entities or a document type in its part {shown(part)}, as an attack does")
    encoding = _ENCODING.match(plain.lstrip(b"\xef\xbb\xbf\xff\xfe"))
    if encoding and encoding.group(1).lower() not in _ENCODINGS:
        raise _Unfit(f"has a part in an encoding that Office programs do not write: {shown(part)}")
