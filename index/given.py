"""What callers give, made fit to be stored: texts, metadata, files."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

from index.errors import BadInput
from index.library import Order
from index.library.originals import Originals
from index.records import Metadata, Source

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
FIELDS = ("title", "publisher", "author", "published", "language", "url")
WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def storable(text: str) -> str:
    """Replace what no file of text can hold (NUL, lone surrogates) by U+FFFD, one for one."""
    return UNSTORABLE.sub("\ufffd", text)


def storable_metadata(metadata: Metadata) -> Metadata:
    """Give the metadata with storable texts. Raises BadInput for what is no date or no web address."""
    values = {name: getattr(metadata, name) for name in FIELDS}
    clean = {name: value if value is None else storable(value).strip() for name, value in values.items()}
    if clean["published"]:
        check_date(clean["published"])
    if clean["url"] and not WEB.fullmatch(clean["url"]):
        raise BadInput(f"{clean['url'][:80]!r} is no address of a page.", "Write it in full: https://...")
    return dataclasses.replace(metadata, **clean)  # type: ignore[arg-type] # none of them is published_from


def check_date(value: str) -> None:
    """Raise BadInput unless this is `YYYY`, `YYYY-MM` or `YYYY-MM-DD` and in the calendar."""
    parts = DATE.fullmatch(value)
    try:
        if parts:
            date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
            return
    except ValueError:
        pass
    raise BadInput(f"{value[:40]!r} is not a date.", "Write YYYY, YYYY-MM or YYYY-MM-DD.")


def order_of(source: Source, originals: Originals) -> Order:
    """Make a source fit to be queued, its bytes among the originals; the caller holds their lock."""
    if source.refused is not None:
        return Order(storable(source.name), storable(source.address), Metadata(), None, None, storable(source.refused))
    given_as = (source.content is not None) + (source.text is not None)
    if given_as > 1 or (given_as == 0 and not source.is_address):
        raise BadInput(f"{source.name!r} must come as bytes or as text, one of the two.")
    given = storable_metadata(source.metadata)
    text = None if source.text is None else storable(source.text)
    original = None if source.content is None else originals.put(source.content)
    return Order(storable(source.name), storable(source.address), given, text, original)
