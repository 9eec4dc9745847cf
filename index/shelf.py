"""The composer of the index: add, replace, remove and search documents in one data folder."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from index.config import IndexConfig
from index.embed import Embedder
from index.records import Conflict, Document, Dossier, Filter, Found, Health, Job, Metadata, Passage, Source


class Shelf:
    """Documents of one data folder, searchable by meaning and by words; owns the folder while it is open."""

    @classmethod
    def open(cls, config: IndexConfig, embedder: Embedder | None = None, address: str | None = None) -> Shelf:
        """Take the data folder, check its indexes, start what is needed to add documents.

        `address` (such as `http://127.0.0.1:7860`) is written beside the lock for commands that find it held.
        Raises LibraryBusy, LibraryDamaged, EmbedderChanged, StorageFull.
        """
        raise NotImplementedError

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    # dossiers; a name is compared case-folded
    def dossiers(self) -> tuple[Dossier, ...]: ...
    def dossier(self, name: str) -> Dossier:
        """Raises NotFound."""
    def create_dossier(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not. Raises BadInput for a name that is not allowed."""
    def rename_dossier(self, name: str, new_name: str) -> Dossier: ...
    def remove_dossier(self, name: str) -> None: ...

    # documents
    def documents(self, dossier: str, cursor: str | None = None, limit: int = 100) -> tuple[tuple[Document, ...], str | None]:
        """Give a page of a dossier's documents (by name of the dossier), in order of adding, and the next cursor."""
    def document(self, id: str) -> Document: ...
    def text(self, document: str, version: str | None = None) -> str: ...
    def original(self, document: str) -> tuple[bytes, str, str]:
        """Give the original bytes, the media type and the file name."""
    def passages(self, document: str) -> tuple[Passage, ...]:
        """All passages of the document's current version, in order."""
    def correct(self, document: str, metadata: Metadata) -> Document:
        """Set what is not None (an empty string clears); kept over replacements."""
    def remove_document(self, id: str) -> None: ...

    # adding: durable jobs, worked off by one thread of the shelf
    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict = "replace") -> Job:
        """Queue documents to be added; returns once the job and its sources are durable."""
    def job(self, id: str) -> Job: ...
    def jobs(self) -> tuple[Job, ...]: ...
    def cancel(self, id: str) -> Job: ...
    def wait(self, id: str, timeout: float | None = None) -> Job:
        """Wait until the job has ended."""

    # searching
    def search(
        self, dossier: str, question: str, *, words: str | None = None, filter: Filter = Filter(), limit: int = 50
    ) -> Found:
        """Find passages by meaning of `question` and by the words of `words` (or the question's own)."""

    # operations
    def ready(self) -> tuple[bool, str]:
        """Whether the indexes are in step with the library, and else what is being rebuilt."""
    def doctor(self) -> tuple[Health, ...]: ...
