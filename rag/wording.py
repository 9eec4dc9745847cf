"""The fixed forms in which an answer speaks of documents: counts, dates and names, all of it escaped metadata."""

from __future__ import annotations

from collections.abc import Sequence

from index.records import Document
from index.split import readable_name
from rag.cite import plain
from rag.when import Period

_NAMED = 20
"""How many further documents are named without a quote."""


def about(document: Document) -> str:
    """Name a document: `Trade grows (The Post, 2024-05-17)`."""
    metadata = document.metadata
    source = ", ".join(plain(part) for part in (metadata.publisher, metadata.published) if part)
    title = plain(metadata.title or readable_name(document.name))
    return f"{title} ({source})" if source else title


def label(document: Document) -> str:
    """Name the document that the next sentence is of."""
    return f"{about(document)}: "


def also(documents: Sequence[Document]) -> str:
    """Name further documents that are not quoted; nothing where there are none."""
    if not documents:
        return ""
    more = len(documents) - _NAMED
    return f"\n\nAlso: {'; '.join(map(about, documents[:_NAMED]))}{f'; and {more} more' if more > 0 else ''}."


def counted(number: int) -> str:
    """Say how many documents: `1 document`, `7 documents`."""
    return f"{number} document{'' if number == 1 else 's'}"


def mention(number: int) -> str:
    """Give the verb that goes with a number."""
    return "mentions" if number == 1 else "mention"


def by(publisher: str) -> str:
    """Say who published; nothing where nobody is named."""
    return f" by {plain(publisher)}" if publisher else ""


def from_to(documents: Sequence[Document]) -> str:
    """Say from when to when documents were published; nothing where no date is known."""
    dates = sorted(one.metadata.published for one in documents if one.metadata.published)
    if not dates:
        return ""
    return f", {dates[0]}" if dates[0] == dates[-1] else f", {dates[0]} to {dates[-1]}"


def without(documents: Sequence[Document], kind: str) -> str:
    """Say how many documents lack a publisher, an author or a date; nothing where none does."""
    number = sum(not getattr(one.metadata, kind) for one in documents)
    named = {"publisher": "a publisher", "author": "an author", "published": "a date"}[kind]
    return f"\n\n{counted(number)} without {named}." if number else ""


def within(period: Period | None) -> str:
    """Say in which time: `from 2024-01-01 on`."""
    if period is None:
        return ""
    if period.start and period.end:
        return f"on {period.start}" if period.start == period.end else f"from {period.start} to {period.end}"
    return f"from {period.start} on" if period.start else f"until {period.end}"


def capitalised(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]
