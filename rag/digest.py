"""Choose the sentences that stand for a document or for many, verbatim and in order."""

from __future__ import annotations

from collections.abc import Sequence

from index.errors import NotFound
from index.records import Document, Hit, Passage
from index.shelf import Shelf
from index.split import readable_name
from rag.answers import Window
from rag.extract import leans_back
from rag.mentions import SHORT, prose, sentence_of
from rag.summary import central
from rag.terms import stems_of

_SENTENCES = 5
"""In the summary of one document."""
_LEADING = 6
"""Among how many first sentences the one is sought that says what a document is about."""
_LATER = 0.34
"""How many common words with the title a place further down costs."""


def summarised(shelf: Shelf, document: Document, limit: int) -> list[Window]:
    """Choose a document's central sentences, in their order; the beginning counts more."""
    windows = [
        sentence_of(Hit(passage, document, 1.0, "words"), sentence)
        for passage in _passages(shelf, document)
        for sentence in prose(passage)
        if sentence.end - sentence.start >= SHORT
    ]
    favour = [_weight(window) * (1.5 if place < 2 else 1.0) for place, window in enumerate(windows)]
    places = central([window.text for window in windows], min(_SENTENCES, limit), favour)
    return [windows[place] for place in sorted(places)]


def digest(windows: Sequence[Window], limit: int) -> list[Window]:
    """Choose the central ones of many sentences, in order of their documents' dates."""
    chosen = central([window.text for window in windows], limit, [_weight(window) for window in windows])
    dated = [windows[place] for place in chosen]
    return sorted(dated, key=lambda w: (w.hit.document.metadata.published or "9999", w.hit.document.id, w.start))


def lead_of(shelf: Shelf, document: Document) -> Window | None:
    """Give the sentence near a document's beginning that says what its title says; None where it has no sentence."""
    title = set(stems_of(document.metadata.title or readable_name(document.name)))
    first = [
        sentence_of(Hit(passage, document, 1.0, "words"), sentence)
        for passage in _passages(shelf, document)[:3]
        for sentence in prose(passage)
    ][:_LEADING]
    good = [window for window in first if len(window.text) >= SHORT and not leans_back(window.text)] or first
    fits = [len(title & set(stems_of(window.text))) - _LATER * place for place, window in enumerate(good)]
    return good[max(range(len(good)), key=lambda place: (fits[place], -place))] if good else None


def _passages(shelf: Shelf, document: Document) -> tuple[Passage, ...]:
    try:
        return shelf.passages(document.id)
    except NotFound:  # removed meanwhile
        return ()


def _weight(window: Window) -> float:
    return 0.5 if leans_back(window.text) else 1.0
