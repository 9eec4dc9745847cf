"""Between the rows of the library and the nouns of the index."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import cast

from index.errors import LibraryDamaged
from index.records import Mark, MarkKind, Metadata, Place, PublishedFrom, Sentence, SentenceKind

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
KINDS: tuple[SentenceKind, ...] = ("prose", "heading", "boilerplate")
FIELDS = ("title", "publisher", "author", "published", "language", "url")


def new_id(prefix: str) -> str:
    """Draw an opaque id, such as `d_3k9x0m2q7r5t`: 60 random bits."""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(12))


def now() -> str:
    """Give the time in UTC, to the microsecond."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def sound_row(table: str) -> Iterator[None]:
    """Tell of a row that cannot have been written so."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise LibraryDamaged(
            f"library.sqlite is damaged: a row of {table} cannot be read ({error}).",
            "Run `dossier restore BACKUP --data NEW_FOLDER`, or add the documents again to another data folder.",
        ) from error


def pack_metadata(metadata: Metadata) -> str:
    """Write down what is known; an empty string is kept, for it clears."""
    known = {name: value for name, value in asdict(metadata).items() if value is not None}
    return json.dumps(known, ensure_ascii=False, sort_keys=True)


def unpack_metadata(packed: str) -> Metadata:
    """Read what was written down."""
    return Metadata(**json.loads(packed)) if packed != "{}" else Metadata()


def merged(found: Metadata, given: Metadata, corrections: Metadata) -> Metadata:
    """What people corrected wins over what the caller gave, which wins over what the reader found."""
    values: dict[str, str | None] = {}
    published_from: PublishedFrom | None = None
    for layer, origin in ((found, None), (given, "given"), (corrections, "given")):
        for name in FIELDS:
            value = getattr(layer, name)
            if value is None:
                continue
            values[name] = value or None
            if name == "published":
                published_from = cast(PublishedFrom | None, layer.published_from or origin)
    if values.get("published") is None:
        published_from = None
    return replace(Metadata(**values), published_from=published_from)  # type: ignore[arg-type] # names are FIELDS


def pack_marks(marks: Iterable[Mark]) -> str:
    """Write down the map to pages and headings."""
    return json.dumps([[mark.start, mark.kind, mark.label] for mark in marks], ensure_ascii=False)


def unpack_marks(packed: str) -> tuple[Mark, ...]:
    """Read the map to pages and headings."""
    return tuple(Mark(start, cast(MarkKind, kind), label) for start, kind, label in json.loads(packed))


def pack_place(place: Place) -> str:
    """Write down where a passage lies."""
    parts = [place.page, place.page_end, place.heading, place.slide, place.sheet, place.recognised]
    count = 6 if place.recognised else 5 if place.slide or place.sheet else 3
    return json.dumps(parts[:count], ensure_ascii=False)


def unpack_place(packed: str) -> Place:
    """Read where a passage lies."""
    return Place(*json.loads(packed))


def pack_sentences(sentences: Iterable[Sentence]) -> str:
    """Write down sentences as a flat list of start, end, kind."""
    return json.dumps(
        [number for one in sentences for number in (one.start, one.end, KINDS.index(one.kind))], separators=(",", ":")
    )


def unpack_sentences(packed: str) -> tuple[Sentence, ...]:
    """Read sentences from their flat list."""
    flat = json.loads(packed)
    return tuple(map(Sentence, flat[::3], flat[1::3], [KINDS[kind] for kind in flat[2::3]]))
