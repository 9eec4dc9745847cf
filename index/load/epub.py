"""Books: the chapters in the order of the spine, read as web pages; their headings are marked."""

from __future__ import annotations

import posixpath
import zipfile
from io import BytesIO
from urllib.parse import unquote

from lxml import etree

from index.errors import UnreadableFile
from index.load.compose import Composition, one_line
from index.load.dates import stated
from index.load.decode import sound
from index.load.formats import EPUB, shown
from index.load.html import chapter
from index.load.package import BOOK, inspect, opened, parsed
from index.records import Metadata, Reading

_CHAPTERS = frozenset(("application/xhtml+xml", "text/html"))
_MOST_CHAPTERS = 5000


def read(name: str, content: bytes) -> Reading:
    """Read a book. Raises UnreadableFile for what is none, is locked, or is built to do harm."""
    inspect(name, content, BOOK)
    composition = Composition()
    with opened(name, BOOK), zipfile.ZipFile(BytesIO(content)) as package:
        parts = set(package.namelist())
        if "META-INF/encryption.xml" in parts and b"xmlenc#aes" in package.read("META-INF/encryption.xml"):
            raise UnreadableFile(f"{shown(name)} is locked (DRM).", "Dossier reads books without a lock only.")
        root = _path_of_book(name, package)
        if root not in parts:
            raise UnreadableFile(f"{shown(name)} is a damaged book: it has no table of parts.", "Export it again.")
        book = parsed(name, root, package.read(root))
        for path in _spine(book, root)[:_MOST_CHAPTERS]:
            if path in parts:
                composition.append(chapter(name, package.read(path)))
    return Reading(composition.text, EPUB.reader, composition.marks, _metadata(book), EPUB.media_type)


def _path_of_book(name: str, package: zipfile.ZipFile) -> str:
    container = parsed(name, "container.xml", package.read("META-INF/container.xml"))
    found = next(iter(container.iter("{*}rootfile")), None)
    return "" if found is None else unquote(found.get("full-path") or "")


def _spine(book: etree._Element, root: str) -> list[str]:
    """Give the paths of the chapters in their order; a path is only ever compared with the package's own names."""
    kinds = {item.get("id"): (item.get("href") or "", item.get("media-type")) for item in book.iter("{*}item")}
    folder = posixpath.dirname(root)
    found = (kinds.get(reference.get("idref"), ("", None)) for reference in book.iter("{*}itemref"))
    paths = (posixpath.normpath(posixpath.join(folder, unquote(href))) for href, kind in found if kind in _CHAPTERS)
    return list(dict.fromkeys(paths))


def _metadata(book: etree._Element) -> Metadata:
    def word(tag: str) -> str | None:
        values = [
            one_line("".join(found.itertext())) for found in book.iter(f"{{http://purl.org/dc/elements/1.1/}}{tag}")
        ]
        return sound(", ".join(value for value in values if value))[:500] or None

    published = stated((word("date") or "").partition(",")[0])
    return Metadata(
        title=word("title"),
        publisher=word("publisher"),
        author=word("creator"),
        published=published,
        published_from="metadata" if published else None,
        language=(word("language") or "")[:2].lower() or None,
    )
