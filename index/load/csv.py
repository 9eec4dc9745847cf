"""Tables of separated values: each row one line that can be quoted by itself, its values under their columns' names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO

from index.errors import UnreadableFile
from index.load.compose import as_statement, one_line
from index.load.decode import decode
from index.load.formats import CSV, shown
from index.records import Metadata, Reading

_DELIMITERS = ",;\t|"
_SAMPLE = 32_000
_ROWS_COMPARED = 20
_LARGEST_FIELD = 1_000_000
_NUMBER = re.compile(r"[-+\s\d.,:/%€$£]*")
_LONGEST_NAME = 80


def read(name: str, content: bytes) -> Reading:
    """Read a table. Raises UnreadableFile for what is none."""
    text = decode(name, content)
    csv.field_size_limit(_LARGEST_FIELD)
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(text[:_SAMPLE])
    try:
        rows = [row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise UnreadableFile(f"{shown(name)} is a damaged table ({error}).", "Save it again as CSV.") from error
    return Reading("\n".join(_lines(rows)), CSV.reader, (), Metadata(), CSV.media_type)


def _delimiter(sample: str) -> str:
    """Choose the separator that gives the first rows the same number of values, more than one."""

    def fitness(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        widths = [len(row) for row in rows[:_ROWS_COMPARED]]
        usual = max(set(widths), key=widths.count, default=0)
        return (widths.count(usual) if usual > 1 else 0), usual

    return max(_DELIMITERS, key=fitness)


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if len(rows) > 1 and _is_header(rows[0]):
        names = [one_line(name) for name in rows[0]]
        for row in rows[1:]:
            values = [one_line(value) for value in row]
            named = [f"{name}: {value}" for name, value in zip(names, values, strict=False) if value]
            if line := "; ".join([*named, *(value for value in values[len(names) :] if value)]):
                yield as_statement(line)
        return
    for row in rows:
        yield " | ".join(one_line(value) for value in row)


def _is_header(row: Sequence[str]) -> bool:
    """Whether a first row names its columns: short words, each once, no numbers."""
    names = [one_line(name).casefold() for name in row]
    if len(names) < 2 or len(set(names)) < len(names):
        return False
    return all(0 < len(name) <= _LONGEST_NAME and not _NUMBER.fullmatch(name) for name in names)
