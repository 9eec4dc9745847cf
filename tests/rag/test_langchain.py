from __future__ import annotations

import pytest

from index.errors import NotFound
from index.records import Filter, Metadata, Source
from index.shelf import Shelf
from rag.config import RagConfig
from rag.langchain import DossierRetriever
from rag.pipeline import Rag
from tests.awaited import awaited
from tests.fakes import FakeReranker

TRADE = "Overall trade has increased by 26%. The minister said so on Friday."
STORM = "A storm closed the harbour of Odessa. Ferries stayed in port until Sunday."


@pytest.fixture
def rag(shelf: Shelf) -> Rag:
    given = Metadata(title="Trade grows", publisher="The Post", published="2024-05-17")
    sources = [
        Source("trade.txt", "upload:trade.txt", text=TRADE, metadata=given),
        Source("storm.txt", "upload:storm.txt", text=STORM),
    ]
    shelf.wait(shelf.add("news", sources).id, 30)
    return Rag(shelf, FakeReranker(), RagConfig())


def test_passages_come_as_langchain_documents(rag: Rag) -> None:
    found = DossierRetriever(rag=rag, dossier="news").invoke("How much has trade increased?")
    assert len(found) == 2
    first = found[0]
    assert set(first.metadata) == set("document name title publisher published start end score source".split())
    text = rag.shelf.text(first.metadata["document"])
    assert text[first.metadata["start"] : first.metadata["end"]] == first.page_content
    assert first.metadata["name"] == "trade.txt"
    assert first.metadata["title"] == "Trade grows"
    assert (first.metadata["publisher"], first.metadata["published"]) == ("The Post", "2024-05-17")
    assert first.metadata["source"] == "upload:trade.txt"
    assert first.metadata["score"] >= found[1].metadata["score"]


def test_waiting_for_it_gives_the_same(rag: Rag) -> None:
    retriever = DossierRetriever(rag=rag, dossier="news")
    assert awaited(retriever.ainvoke("storm")) == retriever.invoke("storm")


def test_how_many_and_which_are_limited(rag: Rag) -> None:
    assert len(DossierRetriever(rag=rag, dossier="news", k=1).invoke("trade")) == 1
    only = DossierRetriever(rag=rag, dossier="news", filter=Filter(publishers=("the post",)))
    assert {one.metadata["name"] for one in only.invoke("storm harbour")} == {"trade.txt"}


def test_our_errors_come_through(rag: Rag) -> None:
    with pytest.raises(NotFound):
        DossierRetriever(rag=rag, dossier="unknown").invoke("trade")
