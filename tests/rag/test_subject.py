from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import pytest

from index.records import Hit, Source
from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.pipeline import Rag
from rag.question import understand
from rag.subject import elsewhere
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.made import document, hit

REPORTS = {
    "orrin.txt": "Orrin Heavy Lift repaid debts of 15 million crowns in July. Its debts had grown for years.",
    "castell.txt": "Castell & Brane repaid debts of 40 million crowns in July. Its debts had grown for years.",
    "unions.txt": "The Union of Dock Workers, known as the UDW, has debts. It repaid 2 million crowns in July.",
}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    config = RagConfig(data=tmp_path_factory.mktemp("subject"))
    with Rag(Shelf.open(config, FakeEmbedder()), FakeReranker(), config) as opened:
        sources = [Source(name, f"upload:{name}", text=text) for name, text in REPORTS.items()]
        assert opened.shelf.wait(opened.shelf.add("reports", sources).id, 60).state == "done"
        yield opened


def hits(rag: Rag) -> list[Hit]:
    return [hit(REPORTS[one.name], one) for one in rag.shelf.catalogue("reports")]


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("Which debts did Orrin Heavy Lift repay?", {"castell.txt", "unions.txt"}),
        ("Which debts did Orrin repay in July 2024?", {"castell.txt", "unions.txt"}),
        ("Which debts did Orrin and Castell repay?", {"unions.txt"}),
        ("Which debts did the Union of Dock Workers repay?", {"castell.txt", "orrin.txt"}),
        ("Which debts did the Union Dock Workers League repay?", {"castell.txt", "orrin.txt"}),
        ("Which debts did Kolmere Bank repay?", set()),
        ("Which debts did the UDW repay?", set()),
        ("Which debts were repaid in July?", set()),
        ("Orrin Repaid Debts of Crowns", set()),
        ("Known debts that were repaid?", set()),
        ("Show Orrin's debts that were repaid.", {"castell.txt", "unions.txt"}),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_documents_that_have_the_name_nowhere_are_known(rag: Rag, question: str, others: set[str]) -> None:
    found = elsewhere(understand(question), hits(rag), rag.shelf, "reports")
    assert {one.name for one in rag.shelf.catalogue("reports") if one.id in found} == others


def test_what_is_told_of_another_firm_is_no_answer_while_the_right_one_is_there(rag: Rag) -> None:
    (evidence,) = rag.evidence(Ask("How many crowns of debts did Castell & Brane repay in July?", "reports"))
    assert evidence.judged[0].hit.document.name == "castell.txt"
    apart = {window.hit.document.name: window.elsewhere for window in evidence.judged}
    assert apart["castell.txt"] is False
    assert all(apart[name] for name in apart if name != "castell.txt")


def test_one_document_alone_is_not_asked_about() -> None:
    class Silent:
        def naming(
            self, dossier: str, names: Iterable[Sequence[str]], documents: Collection[str]
        ) -> frozenset[str] | None:
            raise AssertionError

    question = understand("Which debts did Orrin repay?")
    assert elsewhere(question, [hit("Debts.", document("d_1"))], Silent(), "reports") == frozenset()
