"""Documents, passages, hits and windows made by hand."""

from __future__ import annotations

from dataclasses import replace

from index.records import Document, Hit, Metadata, Passage, Place
from index.split import sentences_of
from rag.answers import Window
from rag.extract import windows_of


def document(id: str = "d_1", **metadata: str) -> Document:
    return Document(
        id=id,
        version=f"v_{id}",
        dossier="x_1",
        name=f"{id}.txt",
        source=f"upload:{id}.txt",
        metadata=Metadata(**metadata),  # type: ignore[arg-type]
        media_type="text/plain",
        characters=1000,
        passages=1,
        added="2026-01-01T00:00:00Z",
    )


def hit(text: str, of: Document | None = None, start: int = 0, score: float = 1.0) -> Hit:
    of = of or document()
    sentences = tuple(replace(s, start=s.start + start, end=s.end + start) for s in sentences_of(text))
    passage = Passage(
        f"p_{of.id}_{start}", of.id, of.version, 0, start, start + len(text), text, Place(heading="Top"), sentences
    )
    return Hit(passage, of, score, "fused")


def window(text: str, of: Document | None = None, logit: float = 5.0, start: int = 0) -> Window:
    return replace(windows_of([hit(text, of, start)])[-1], logit=logit)
