"""Archives: their members are read as files of their own; an archive that comes here could not be taken apart."""

from __future__ import annotations

from index.errors import UnreadableFile
from index.load.formats import shown
from index.load.package import ARCHIVE, inspect
from index.records import Reading


def read(name: str, content: bytes) -> Reading:
    """Say why an archive could not be taken apart: always raises UnreadableFile."""
    inspect(name, content, ARCHIVE)
    raise UnreadableFile(
        f"{shown(name)} is an archive without files, or inside another archive.", "Unpack it, and add what is in it."
    )
