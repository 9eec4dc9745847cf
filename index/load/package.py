"""A Word document's ZIP package looked through before anything opens it: no bombs, no XML entities."""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO

from index.errors import UnreadableFile
from index.load.formats import shown

_MOST_ENTRIES = 10_000
_LARGEST_DIRECTORY = 2_000_000
_LARGEST_PART = 100_000_000
_LARGEST_TOTAL = 300_000_000
_TIGHTEST = 200
"""XML shrinks to a tenth or a thirtieth; a hundredth is seen in long tables; a bomb makes a thousandth."""
_SMALL = 5_000_000
_END = b"PK\x05\x06"
_HEADER = 30
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([^"']*)""", re.IGNORECASE)
_ENCODINGS = frozenset((b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"))


def inspect(name: str, content: bytes) -> None:
    """Refuse a package that is damaged, encrypted, a bomb, or whose XML declares entities. Raises UnreadableFile."""
    _inspect_directory(name, content)
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            entries = package.infolist()
            _inspect_sizes(name, entries)
            _inspect_places(name, entries)
            for entry in entries:
                _inspect_part(name, entry.filename, package.read(entry))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        raise _refused(name, f"is a damaged package ({str(error)[:100]})") from error
    if "[Content_Types].xml" not in {entry.filename for entry in entries}:
        raise _refused(name, "is a ZIP archive, but not a Word document")


def _inspect_directory(name: str, content: bytes) -> None:
    """Look at the end record first: reading a directory of a million entries costs half a gigabyte."""
    at = content.rfind(_END, -65_557)
    if not content.startswith(b"PK") or at < 0 or len(content) < at + 22:
        raise _refused(name, "is not a Word document (a .docx is a ZIP package, and this is none, or is cut off)")
    if int.from_bytes(content[at + 12 : at + 16], "little") > _LARGEST_DIRECTORY:
        raise _refused(name, f"is a package of more than {_MOST_ENTRIES} parts")


def _inspect_sizes(name: str, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise _refused(name, f"is a package of more than {_MOST_ENTRIES} parts")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _refused(name, "is a password-protected package")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if unpacked > _LARGEST_TOTAL or largest > _LARGEST_PART or unpacked > max(_SMALL, _TIGHTEST * packed):
        raise _refused(name, f"unpacks from {packed:,} to {unpacked:,} bytes, as a ZIP bomb does")


def _inspect_places(name: str, entries: list[zipfile.ZipInfo]) -> None:
    if len({entry.filename for entry in entries}) < len(entries):
        raise _refused(name, "is a package that holds one part twice")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise _refused(name, "is a package whose parts overlap, as in a ZIP bomb")
        end = entry.header_offset + _HEADER + len(entry.filename.encode()) + entry.compress_size


def _inspect_part(name: str, part: str, content: bytes) -> None:
    plain = content.replace(b"\0", b"")  # UTF-16 markup looks like this too
    if not plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return
    if _DECLARATION.search(plain):
        raise _refused(name, f"declares XML entities or a document type in its part {shown(part)}, as an attack does")
    encoding = _ENCODING.match(plain.lstrip(b"\xef\xbb\xbf\xff\xfe"))
    if encoding and encoding.group(1).lower() not in _ENCODINGS:
        raise _refused(name, f"has a part in an encoding that Word does not write: {shown(part)}")


def _refused(name: str, found: str) -> UnreadableFile:
    return UnreadableFile(f"{shown(name)} {found}.", "Open it in a word processor and save it again as .docx.")
