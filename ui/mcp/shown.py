"""What a language model reads of a result; programs find the same, whole, in the structured content."""

from __future__ import annotations

from collections.abc import Sequence

from index.records import Document, Hit
from rag.answers import Answer, Citation
from ui.openai.wire import content_of
from ui.show import about, visible


def answer_shown(answer: Answer) -> str:
    """Give the answer, what is missing, and each quote with the place where it can be read on."""
    heading = "Sources:" if answer.citations else "The nearest passages, which do not answer it:"
    cited = answer.citations or answer.nearest
    return "\n".join([content_of(answer), *(["", heading] if cited else []), *(_cited(one) for one in cited)])


def hits_shown(hits: Sequence[Hit]) -> str:
    """Give the passages, best first, each with its place."""
    found = []
    for number, hit in enumerate(hits, start=1):
        start, end = hit.passage.start, hit.passage.end
        found.append(f"{number}. {_place(hit.document, start, end)}\n{hit.passage.text}")
    return "\n\n".join(found) or "Nothing was found."


def document_line(document: Document) -> str:
    """Give a document as one line."""
    known = (document.metadata.publisher, document.metadata.published, document.title)
    told = visible(", ".join(part for part in known if part))
    return f"{document.id}: {told} ({document.characters} characters)"


def _cited(citation: Citation) -> str:
    place = _place(citation.document, citation.start, citation.end)
    return f"[{citation.number}] {visible(about(citation))}; {place}\n    “{citation.quote}”"


def _place(document: Document, start: int, end: int) -> str:
    return f"document {document.id}, version {document.version}, characters {start}-{end}: {visible(document.title)}"
