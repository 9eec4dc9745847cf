"""The door for LangChain: passages of a dossier as a LangChain retriever."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from index.records import Filter, Hit
from rag.pipeline import Rag


class DossierRetriever(BaseRetriever):
    """Finds passages of a dossier; `document.text[start:end]` is each one's `page_content`."""

    rag: Rag
    dossier: str = "default"
    k: int = 10
    """How many passages are given, best first."""
    filter: Filter = Filter()
    """A hard restriction of what may be found."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        """Search by meaning and by words. Raises BadInput, NotFound for an unknown dossier."""
        return [_document(hit) for hit in self.rag.search(query, self.dossier, self.filter, limit=self.k)]


def _document(hit: Hit) -> Document:
    metadata = hit.document.metadata
    return Document(
        id=hit.passage.id,
        page_content=hit.passage.text,
        metadata={
            "document": hit.document.id,
            "name": hit.document.name,
            "title": hit.document.title,
            "publisher": metadata.publisher,
            "published": metadata.published,
            "start": hit.passage.start,
            "end": hit.passage.end,
            "score": hit.score,
            "source": hit.document.source,
        },
    )
