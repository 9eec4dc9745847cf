"""Where a command's work is done: in this process, or by the server that owns the data folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from index.errors import DossierError, LibraryBusy, ModelMissing
from index.records import Conflict, Document, Dossier, Estimate, Filter, Hit, Job, JobKind, Metadata, Source

if TYPE_CHECKING:
    from index.shelf import Shelf
    from rag.answers import Answer, Ask
    from rag.pipeline import Rag
    from ui.config import Config
    from ui.conversations import Conversations
    from ui.conversations_desk import HistoryDesk, OwnHistory

T = TypeVar("T")


class Desk(Protocol):
    """What commands need, wherever it is done."""

    @property
    def history(self) -> HistoryDesk:
        """The conversations and answers of whoever runs the command."""
        ...

    def ask(self, ask: Ask) -> Answer:
        """Answer a question."""
        ...

    def search(
        self,
        question: str,
        dossier: str,
        filter: Filter,
        limit: int,
        rerank: bool,
        per_document: int | None = None,
    ) -> tuple[Hit, ...]:
        """Find passages, all of a document's or its best `per_document`."""
        ...

    def dossiers(self) -> tuple[Dossier, ...]:
        """Give all dossiers."""
        ...

    def create_dossier(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not."""
        ...

    def rename_dossier(self, name: str, new_name: str) -> Dossier:
        """Give a dossier another name."""
        ...

    def remove_dossier(self, name: str) -> None:
        """Delete a dossier."""
        ...

    def documents(self, dossier: str) -> Iterator[Document]:
        """Give all documents of a dossier."""
        ...

    def document(self, id: str) -> Document:
        """Give a document."""
        ...

    def text(self, document: str, version: str | None = None) -> str:
        """Give the stored text of a version of a document, of the current one if None."""
        ...

    def remove_document(self, id: str) -> None:
        """Delete a document."""
        ...

    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict) -> Job:
        """Queue documents."""
        ...

    def estimate(self, sizes: Mapping[str, int]) -> Estimate:
        """Judge what adding files will take, given how many bytes there are of each ending."""
        ...

    def job(self, id: str) -> Job:
        """Tell how far a job is."""
        ...

    def cancel(self, id: str) -> Job:
        """Stop a job."""
        ...

    def begin(self, kind: JobKind, embedder: str | None = None) -> Job:
        """Begin to look after the library; `embedder` is the one that re-indexing expects."""
        ...

    def original(self, id: str) -> bytes:
        """Give the file of a document as it was added."""
        ...

    def correct(self, id: str, metadata: Metadata) -> Document:
        """Correct what is known about a document."""
        ...

    def move(self, id: str, name: str, source: str) -> Document:
        """Tell that a document's file has another name or place."""
        ...


class OwnDesk:
    """Does the work here; opens the shelf, and the models for asking, when they are first needed."""

    def __init__(self, config: Config, shelf: Shelf) -> None:
        self.shelf = shelf
        self._config = config

    @cached_property
    def rag(self) -> Rag:
        """The pipeline over the shelf."""
        from rag.pipeline import Rag  # the models take a moment that other commands need not wait
        from rag.rerank import open_reranker

        return Rag(self.shelf, with_models(self._config, lambda: open_reranker(self._config)), self._config)

    @property
    def history(self) -> OwnHistory:
        """The conversations and answers of whoever runs the command."""
        from ui.conversations_desk import OwnHistory

        return OwnHistory(self._mine)

    @property
    def _mine(self) -> Conversations:
        from ui.conversations import Conversations
        from ui.owner import owner_with_key

        return Conversations(self.shelf, owner_with_key(self._config.key, self._config.data))

    def ask(self, ask: Ask) -> Answer:
        """Answer a question, and keep the answer as a server does."""
        answer = self.rag.ask(self._mine.prepared(ask))
        return self._mine.kept(answer) if ask.keep else answer

    def search(
        self,
        question: str,
        dossier: str,
        filter: Filter,
        limit: int,
        rerank: bool,
        per_document: int | None = None,
    ) -> tuple[Hit, ...]:
        """Find passages, all of a document's or its best `per_document`."""
        return self.rag.search(question, dossier, filter, limit, per_document, rerank)

    def dossiers(self) -> tuple[Dossier, ...]:
        """Give all dossiers."""
        return self.shelf.dossiers()

    def create_dossier(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not."""
        return self.shelf.create_dossier(name)

    def rename_dossier(self, name: str, new_name: str) -> Dossier:
        """Give a dossier another name."""
        return self.shelf.rename_dossier(name, new_name)

    def remove_dossier(self, name: str) -> None:
        """Delete a dossier."""
        self.shelf.remove_dossier(name)

    def documents(self, dossier: str) -> Iterator[Document]:
        """Give all documents of a dossier."""
        return documents_of(self.shelf, dossier)

    def document(self, id: str) -> Document:
        """Give a document."""
        return self.shelf.document(id)

    def text(self, document: str, version: str | None = None) -> str:
        """Give the stored text of a version of a document, of the current one if None."""
        return self.shelf.text(document, version)

    def remove_document(self, id: str) -> None:
        """Delete a document."""
        self.shelf.remove_document(id)

    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict) -> Job:
        """Queue documents."""
        return self.shelf.add(dossier, sources, on_conflict)

    def estimate(self, sizes: Mapping[str, int]) -> Estimate:
        """Judge what adding files will take, given how many bytes there are of each ending."""
        return self.shelf.estimate(sizes)

    def job(self, id: str) -> Job:
        """Tell how far a job is."""
        return self.shelf.job(id)

    def cancel(self, id: str) -> Job:
        """Stop a job."""
        return self.shelf.cancel(id)

    def begin(self, kind: JobKind, embedder: str | None = None) -> Job:
        """Begin to look after the library; opening it has refused another embedder."""
        return self.shelf.begin(kind)

    def original(self, id: str) -> bytes:
        """Give the file of a document as it was added."""
        return self.shelf.original(id)[0]

    def correct(self, id: str, metadata: Metadata) -> Document:
        """Correct what is known about a document."""
        return self.shelf.correct(id, metadata)

    def move(self, id: str, name: str, source: str) -> Document:
        """Tell that a document's file has another name or place."""
        return self.shelf.move(id, name, source)


@contextlib.contextmanager
def open_desk(config: Config, *, fetch: bool = False) -> Iterator[Desk]:
    """Open the data folder, or talk to the server that has it; `fetch` fetches a missing model first.

    Raises LibraryBusy for an owner without an address, ModelMissing.
    """
    from index.shelf import Shelf  # after the arguments were understood

    try:
        shelf = with_models(config, lambda: Shelf.open(config)) if fetch else Shelf.open(config)
    except LibraryBusy as busy:
        if busy.address is None:
            raise
        from ui.client import Client

        with contextlib.closing(Client(busy.address, config.key)) as client:
            yield client
        return
    with contextlib.closing(shelf):
        yield OwnDesk(config, shelf)


def with_models(config: Config, opening: Callable[[], T]) -> T:
    """Open something; where its model was never fetched, fetch it first and say so."""
    try:
        return opening()
    except ModelMissing:
        from index import models

        for needed in models.status(config):
            if needed.state == "missing" and not needed.model.optional:
                models.fetch(config, needed.model.name, lambda line: print(line, file=sys.stderr))  # noqa: T201
        return opening()


def documents_of(shelf: Shelf, dossier: str) -> Iterator[Document]:
    """Give all documents of a dossier of a shelf."""
    cursor = None
    while True:
        page, cursor = shelf.documents(dossier, cursor, 500)
        yield from page
        if cursor is None:
            return


def choose_dossier(desk: Desk, wanted: str | None) -> str:
    """Choose what to ask: what is named, else `default`, else the only one there is. Raises DossierError."""
    if wanted is not None:
        return wanted
    names = [dossier.name for dossier in desk.dossiers()]
    if "default" in [name.casefold() for name in names]:
        return "default"
    if len(names) == 1:
        return names[0]
    raise _undecided(names)


def _undecided(names: list[str]) -> DossierError:
    from index.errors import NotFound

    if not names:
        return NotFound("There are no documents yet.", "Add some: dossier add PATH")
    return NotFound(f"There are {len(names)} dossiers.", f"Name one: --dossier {names[0]!r} ({', '.join(names)})")
