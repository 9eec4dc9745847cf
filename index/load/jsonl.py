"""JSON lines read as one text, where nobody took the records apart: each record a block."""

from __future__ import annotations

import json

from index.errors import UnreadableFile
from index.load.compose import Composition
from index.load.decode import decode
from index.load.formats import JSONL, shown
from index.load.json import reading_of
from index.records import Metadata, Reading


def read(name: str, content: bytes) -> Reading:
    """Read a file of JSON lines. Raises UnreadableFile, naming the line that is no JSON."""
    composition = Composition()
    for number, line in enumerate(decode(name, content).split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UnreadableFile(f"{shown(name)} is no JSON in line {number}.", "Mend that line.") from error
            composition.block(reading_of(name, record).text)
    return Reading(composition.text, JSONL.reader, (), Metadata(), JSONL.media_type)
