"""Lists for the terminal: documents, dossiers, hits, models, health. Titles and names steer nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from index.errors import NotFound
from index.records import Conversation, Document, Dossier, Health, Hit
from ui.show import visible

if TYPE_CHECKING:
    from index.models import ModelStatus
    from ui.desk import Desk


def document_lines(documents: Sequence[Document]) -> Iterator[str]:
    """Give a line a document."""
    if not documents:
        yield "There are no documents here. Add some: dossier add PATH"
    for document in documents:
        known = (document.metadata.published, document.metadata.publisher, document.title)
        told = ", ".join(visible(part) for part in known if part)
        name = "" if document.title == document.name else f" ({visible(document.name)})"
        yield f"{document.id}  {told}{name}, {document.passages} passages"


def dossier_lines(dossiers: Sequence[Dossier]) -> Iterator[str]:
    """Give a line a dossier."""
    if not dossiers:
        yield "There are no dossiers yet. Make one by adding documents: dossier add PATH"
    for dossier in dossiers:
        yield f"{visible(dossier.name)}: {dossier.documents} documents, {dossier.passages} passages"


def conversation_lines(conversations: Sequence[Conversation]) -> Iterator[str]:
    """Give a line a conversation."""
    if not conversations:
        yield "There are no conversations of yours."
    for one in conversations:
        where = f" about {visible(one.dossier)}" if one.dossier else ""
        turns = f"{one.turns} {'question' if one.turns == 1 else 'questions'}"
        yield f"{one.id}  {one.updated[:10]}  {visible(one.title) or '(no title)'}  ({turns}{where})"


def hit_lines(hits: Sequence[Hit]) -> Iterator[str]:
    """Give two lines a hit."""
    if not hits:
        yield "Nothing was found."
    for position, hit in enumerate(hits, start=1):
        document, place = hit.document, hit.passage.place
        page = f"page {place.page}" if place.page is not None else place.slide and f"slide {place.slide}"
        page = page or (place.sheet and f"sheet {place.sheet}")
        known = (document.metadata.publisher, document.metadata.published, document.title, page, place.heading)
        yield f"{position}. {', '.join(visible(part) for part in known if part)}  ({hit.score:.3f})"
        yield f"   {visible(hit.passage.text)}"


def model_lines(found: Iterable[ModelStatus]) -> Iterator[str]:
    """Give what is here of each model, its files with their sha256, and where they come from."""
    for status in found:
        model = status.model
        needed = ", optional" if model.optional else ""
        yield f"{model.name}: {status.state}{needed}, {model.purpose}, {model.licence}"
        yield f"  in {status.folder}"
        hub = f", or the hub's {model.hub}" if model.hub else ""
        yield f"  from the package {model.wheel}{hub}"
        for file in model.files:
            yield f"  {file.sha256}  {file.name}  {file.size:,} bytes"


def model_json(status: ModelStatus) -> dict[str, Any]:
    """Give the same for programs."""
    model = status.model
    return {
        "name": model.name,
        "state": status.state,
        "optional": model.optional,
        "purpose": model.purpose,
        "licence": model.licence,
        "folder": str(status.folder),
        "wheel": model.wheel,
        "hub": model.hub,
        "files": [{"name": file.name, "sha256": file.sha256, "size": file.size} for file in model.files],
    }


def health_lines(checks: Iterable[Health]) -> Iterator[str]:
    """Give a line a part, and what mends it."""
    for health in checks:
        yield f"{'ok  ' if health.well else 'BAD '} {health.part}: {visible(health.message)}"
        if not health.well and health.mend:
            yield f"     {health.mend}"


def find_documents(desk: Desk, wanted: Sequence[str], dossier: str | None) -> list[Document]:
    """Find documents by id, name or source, all before any is removed. Raises NotFound for what is not there."""
    names = [one.name for one in desk.dossiers()] if dossier is None else [dossier]
    known = [document for name in names for document in desk.documents(name)]
    found: dict[str, Document] = {}
    for name in wanted:
        meant = [document for document in known if name in (document.id, document.name, document.source)]
        if not meant:
            raise NotFound(f"There is no document {name!r}; nothing was done.", "See: dossier list")
        if len(meant) > 1:
            ids = ", ".join(document.id for document in meant)
            raise NotFound(f"{name!r} names {len(meant)} documents; nothing was done.", f"Give an id: {ids}")
        found[meant[0].id] = meant[0]
    return list(found.values())
