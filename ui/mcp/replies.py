"""What the tools give besides what the HTTP interface has names for."""

from __future__ import annotations

from ui.api.replies import DocumentReply, DossierBody, Reply


class ListReply(Reply):
    """The dossiers, and the documents of one of them."""

    dossiers: list[DossierBody]
    dossier: str | None
    """Whose documents these are; none where there are several dossiers and none was named."""
    documents: list[DocumentReply]
    next: int | None
    """The `first` of the next call."""


class ReadReply(Reply):
    """A stretch of a document's text: `text` is what stands there from `start` to `end`."""

    document: DocumentReply
    start: int
    end: int
    characters: int
    """How long the whole text is."""
    text: str
