"""The list of a dossier's documents: searched, filtered, sorted, a hundred at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from index.errors import NotFound
from index.records import Document, Filter
from index.shelf import Shelf
from ui.page.markup import about, escape
from ui.page.texts import Texts

STEP = 100
"""How many documents are listed at a time."""
AT_ONCE = 500

_ORDERS: dict[str, tuple[Callable[[Document], Any], bool]] = {
    "newest": (lambda document: document.metadata.published or "", True),
    "oldest": (lambda document: document.metadata.published or "9", False),
    "title": (lambda document: document.title.casefold(), False),
    "publisher": (lambda document: (document.metadata.publisher or "\uffff").casefold(), False),
    "longest": (lambda document: document.characters, True),
}
"""How the list is sorted, and whether the greatest comes first; anything else: the last added first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What someone wants to see of a dossier."""

    dossier: str
    search: str = ""
    """Words of which all must stand in title, publisher, author or name."""
    sort: str = "added"
    filter: Filter = field(default_factory=Filter)
    offset: int = 0

    def passes(self, document: Document) -> bool:
        """Whether the document is to be listed."""
        metadata = document.metadata
        told = " ".join((document.title, metadata.publisher or "", metadata.author or "", document.name)).casefold()
        return self.filter.passes(document) and all(word in told for word in self.search.casefold().split())


def every(shelf: Shelf, dossier: str) -> Iterator[Document]:
    """Give all documents of a dossier; none of one that is not there yet."""
    cursor: str | None = None
    while True:
        try:
            page, cursor = shelf.documents(dossier, cursor, AT_ONCE)
        except NotFound:  # the dossier that the first upload will create
            return
        yield from page
        if cursor is None:
            return


def listing(t: Texts, shelf: Shelf, wanted: Wanted) -> dict[str, object]:
    """Give a step of the list as HTML, with what the page's controls need to know."""
    documents = list(every(shelf, wanted.dossier))
    fitting = [document for document in documents if wanted.passes(document)]
    key, greatest_first = _ORDERS.get(wanted.sort, (None, True))
    fitting = sorted(fitting, key=key, reverse=greatest_first) if key else fitting[::-1]
    shown = fitting[wanted.offset : wanted.offset + STEP]
    publishers = sorted({d.metadata.publisher for d in documents if d.metadata.publisher}, key=str.casefold)
    return {
        "rows": "".join(_row(t, document) for document in shown) or _none(t, documents),
        "count": _count(t, len(fitting), len(documents)),
        "total": len(documents),
        "fitting": len(fitting),
        "following": wanted.offset + STEP if wanted.offset + STEP < len(fitting) else None,
        "publishers": publishers,
        "ids": [document.id for document in fitting[:1000]],
    }


def _row(t: Texts, document: Document) -> str:
    id, title = escape(document.id), escape(document.title)
    length = f"{t.count(('1', '{n}'), document.characters)} {t.letters}"
    told = about(t, document, author=False) or escape(document.name)
    return (
        f'<li id="row-{id}"><input type="checkbox" class="tick" value="{id}" '
        f'aria-label="{escape(t.tick.replace("{title}", document.title))}"><a href="#document-{id}">'
        f'<span class="title">{title}</span>'
        f'<span class="about">{told}<span class="dot"> · </span><span class="length">{length}</span></span></a></li>'
    )


def _none(t: Texts, documents: Sequence[Document]) -> str:
    return f'<li class="none">{t.nothing_found if documents else t.no_documents}</li>'


def _count(t: Texts, fitting: int, total: int) -> str:
    if fitting == total:
        return t.count(t.documents, total)
    return t.of_documents.format(n=fitting, total=total)
