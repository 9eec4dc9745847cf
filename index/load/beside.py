"""A file of metadata beside bare files: `metadata.csv`, `metadata.json` or `metadata.jsonl` in their folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath

from index.errors import BadInput, UnreadableFile
from index.load.compose import one_line, web_address
from index.load.dates import stated
from index.load.decode import decode, sound
from index.load.json import lowered
from index.records import Metadata

NAMES = ("metadata.csv", "metadata.json", "metadata.jsonl")
COLUMNS = ("name", "title", "publisher", "author", "published", "url", "language")
_LARGEST = 20_000_000
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Beside:
    """What a metadata file says about the files of its folder."""

    path: Path
    said: Mapping[str, Metadata]
    """By the file's path inside the folder, with slashes."""
    troubles: tuple[str, ...]
    """What in it could not be used."""

    def of(self, path: Path) -> Metadata:
        """Give what it says about a file, nothing where it does not name it."""
        return self.said.get(path.relative_to(self.path.parent).as_posix(), Metadata())

    def unknown(self, paths: Iterator[Path]) -> tuple[str, ...]:
        """Give the names in it of which there is no file."""
        here = {path.relative_to(self.path.parent).as_posix() for path in paths}
        return tuple(name for name in self.said if name not in here)


def beside(folder: Path) -> Beside | None:
    """Read the metadata file of a folder, where there is one. Raises BadInput for one that cannot be read."""
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        return None
    said: dict[str, Metadata] = {}
    troubles: list[str] = []
    for number, row in enumerate(_rows(path), 1):
        name = _name(row.get("name"))
        if not name:
            troubles.append(f"{path.name}: entry {number} has no name")
            continue
        values = {key: _word(row.get(key)) for key in ("title", "publisher", "author", "published", "language", "url")}
        if values["published"] is not None:
            day = stated(values["published"])
            if day is None:
                troubles.append(f"{path.name}: {values['published']!r} of {name} is no date: write YYYY-MM-DD")
            values["published"] = day
        if values["url"] is not None and web_address(values["url"]) is None:
            troubles.append(f"{path.name}: {values['url']!r} of {name} is no address: write https://...")
            values["url"] = None
        said[name] = Metadata(published_from="given" if values["published"] else None, **values)
    return Beside(path, said, tuple(troubles))


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise BadInput(f"{path} has more than {_LARGEST:,} bytes.", "Split the folder.")
        text = decode(path.name, content)
        rows = _table(text) if path.suffix == ".csv" else _records(text, lines=path.suffix == ".jsonl")
    except (OSError, ValueError, RecursionError, csv.Error, UnreadableFile) as error:
        raise BadInput(f"{path} cannot be read ({str(error)[:100]}).", "Mend it, or take it away.") from error
    for row in rows:
        if unknown := [key for key in row if key not in COLUMNS]:
            raise BadInput(
                f"{path} has the unknown column {str(unknown[0])[:60]!r}.", f"Known are {', '.join(COLUMNS)}."
            )
        yield row


def _table(text: str) -> list[Mapping[str, object]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, restkey="too many values")
    return [{(key or "").strip().lower(): value for key, value in row.items()} for row in rows]


def _records(text: str, *, lines: bool) -> list[Mapping[str, object]]:
    value = [json.loads(line) for line in text.split("\n") if line.strip()] if lines else json.loads(text)
    if isinstance(value, dict):  # by name
        value = [{"name": name, **fields} for name, fields in value.items() if isinstance(fields, dict)]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ValueError("a list of objects is expected")
    return [lowered(row) for row in value]


def _name(value: object) -> str:
    return str(PurePosixPath(value.strip().replace("\\", "/"))) if isinstance(value, str) and value.strip() else ""


def _word(value: object) -> str | None:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return sound(one_line(str(value)))[:_LONGEST] or None if value is not None else None
