from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Filter
from index.shelf import Shelf
from rag import mentions
from rag.answers import Answer, Ask, Turn
from rag.config import RagConfig
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.test_pipeline import check, check_events, given_as

STRIKE = "The crane drivers of Oldport went on strike on Monday. Anna Bell leads the strike. Nobody was at the quay."
LIBRARY = (
    given_as("a.txt", STRIKE, title="Cranes stand still", publisher="Harbour Post", published="2024-03-04"),
    given_as("b.txt", f"{STRIKE} It rained.", title="Strike", publisher="Kolm Ledger", published="2024-03-05"),
    given_as(
        "c.txt",
        "The strike is over, the port said. Anna Bell called the result fair. The drivers get four per cent more.",
        title="Strike ends",
        publisher="Harbour Post",
        author="Jo Lind",
        published="2024-04-02",
    ),
    given_as("d.txt", "A whale swam past the pier. It was seen by Annabel Lee.", title="Whale [1]", published="2023"),
    given_as("e.txt", "Tickets for the ferry are sold on the quay. Dogs travel free."),
)
TODAY = date(2024, 4, 10)


class Exacting(FakeEmbedder):
    """Knows a few words; all others fall into pieces."""

    def count_tokens(self, text: str) -> int:
        return super().count_tokens(text) + (text.casefold() in ("annebel", "whalle"))


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    config = RagConfig(data=tmp_path_factory.mktemp("survey"))
    with Rag(Shelf.open(config, Exacting()), FakeReranker(), config, today=lambda: TODAY) as opened:
        assert opened.shelf.wait(opened.shelf.add("port", LIBRARY).id, 60).state == "done"
        yield opened


def ask(rag: Rag, question: str, **more: object) -> Answer:
    answer = check_events(list(rag.stream(replace(Ask(question, "port"), **more))))  # type: ignore[arg-type]
    check(answer, rag.shelf)
    return answer


def names(answer: Answer) -> list[str]:
    return [citation.document.name for citation in answer.citations]


def test_every_document_that_mentions_it_is_counted_newest_first_and_copies_share_a_quote(rag: Rag) -> None:
    answer = ask(rag, "Which articles mention Anna Bell?")
    assert answer.text.startswith("3 of the 5 documents mention “Anna Bell”, 1 of them in the same words as others:")
    assert names(answer) == ["c.txt", "b.txt"]
    assert [twin.document.name for twin in answer.citations[1].also_in] == ["a.txt"]
    assert "Strike ends (Harbour Post, 2024-04-02): Anna Bell called the result fair. [1]" in answer.text


def test_a_count_rests_on_a_quote_of_each_document(rag: Rag) -> None:
    answer = ask(rag, "How many documents mention the quay?")
    assert answer.text.startswith("3 of the 5 documents mention “the quay”")
    assert answer.standing == "grounded"
    assert all("quay" in citation.quote for citation in answer.citations)


def test_a_count_of_more_than_is_read_says_so(rag: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(rag, "How many documents mention the quay?").warnings == ()
    monkeypatch.setattr(mentions, "MOST_READ", 2)
    told = ask(rag, "How many documents mention the quay?").warnings
    assert [warning.type for warning in told] == ["incomplete"]


def test_many_documents_are_counted_and_the_ends_speak_for_them(rag: Rag) -> None:
    answer = ask(rag, "How many documents are there?", max_citations=2)
    assert "There are 5 documents by 2 publishers, 2023 to 2024-04-02." in answer.text
    assert names(answer) == ["c.txt", "d.txt"]
    assert answer.text.endswith("1 document without a date.")


def test_what_is_nowhere_is_said_to_be_nowhere(rag: Rag) -> None:
    answer = ask(rag, "Which articles mention penguins?")
    assert answer.standing == "declined"
    assert answer.missing == ("None of the 5 documents mentions “penguins”.",)


def test_what_is_new_goes_by_dates_and_by_today(rag: Rag) -> None:
    assert names(ask(rag, "What is new since March 2024?")) == ["c.txt", "b.txt", "a.txt"]
    assert names(ask(rag, "What is new in the last two weeks?")) == ["c.txt"]
    nothing = ask(rag, "What is new since yesterday?")
    assert nothing.standing == "declined"
    assert "the newest of the 5 documents is Strike ends (Harbour Post, 2024-04-02)." in nothing.missing[0]
    assert len(names(ask(rag, "What was added since 1 January 2020?"))) == 5


def test_publishers_and_authors_are_listed_with_what_lacks_them(rag: Rag) -> None:
    answer = ask(rag, "List the publishers")
    assert answer.text.startswith("The 5 documents come from 2 publishers:")
    assert "Harbour Post (2 documents, 2024-03-04 to 2024-04-02): " in answer.text
    assert answer.text.endswith("2 documents without a publisher.")
    assert "Jo Lind (1 document, 2024-04-02): " in ask(rag, "Who are the authors?").text


def test_a_publisher_is_heard_alone(rag: Rag) -> None:
    answer = ask(rag, "What did the Harbour Post write about Anna Bell?")
    assert answer.text.startswith("2 documents by Harbour Post on “Anna Bell”, newest first:")
    assert names(answer) == ["c.txt", "a.txt"]
    assert ask(rag, "What did the Ledger write about the whale?").standing == "declined"


def test_the_ends_of_the_shelf(rag: Rag) -> None:
    assert names(ask(rag, "Which is the oldest document?")) == ["d.txt"]
    assert names(ask(rag, "What is the first article about the strike?")) == ["a.txt"]
    assert names(ask(rag, "What is the latest on Anna Bell?"))[0] == "c.txt"


def test_titles_and_publishers_cannot_imitate_a_marker(rag: Rag) -> None:
    assert "Whale (1) (2023): " in ask(rag, "Which is the oldest document?").text


def test_one_document_is_summarised_in_its_own_order(rag: Rag) -> None:
    (end,) = [one for one in rag.shelf.catalogue("port") if one.name == "c.txt"]
    before = (Turn("user", "Who?"), Turn("assistant", "Anna Bell called the result fair. [1]"))
    for answer in (
        ask(rag, "Summarise this document", filter=Filter(documents=(end.id,))),
        ask(rag, "Summarise “Strike ends”"),
        ask(rag, "Summarise this article", history=before),
    ):
        assert answer.text.startswith("Strike ends (Harbour Post, 2024-04-02):")
        assert set(names(answer)) == {"c.txt"}
        starts = [citation.start for citation in answer.citations]
        assert starts == sorted(starts)


def test_everything_is_summarised_in_order_of_time(rag: Rag) -> None:
    answer = ask(rag, "Summarise everything about the strike")
    dates = [citation.document.metadata.published or "9" for citation in answer.citations]
    assert dates == sorted(dates)
    assert len(ask(rag, "What is this dossier about?").citations) == 5
    unclear = ask(rag, "Summarise this document")
    assert [warning.type for warning in unclear.warnings] == ["which_document"]


def test_a_misspelled_name_is_looked_for_as_it_is_likely_meant(rag: Rag) -> None:
    answer = ask(rag, "Which articles mention Annebel Lee?")
    assert "mentions “Annabel Lee”" in answer.text
    assert [warning.type for warning in answer.warnings] == ["spelling"]


def test_a_filter_is_hard(rag: Rag) -> None:
    answer = ask(rag, "How many documents mention Anna Bell?", filter=Filter(publishers=("Kolm Ledger",)))
    assert answer.text.startswith("1 of the 1 document mentions “Anna Bell”:")
    assert not answer.citations[0].also_in


WORDS = """Which How many What is new since summarise list the publishers articles documents mention about Anna Bell
strike 2024 Harbour Post this everything latest on oldest [1] “whale” Whale?""".split()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), st.integers(1, 4))
def test_whatever_is_asked_about_the_collection_is_proved(rag: Rag, words: list[str], most: int) -> None:
    assert len(ask(rag, " ".join(words), max_citations=most).citations) <= most


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_subject_is_safe_in_the_text(rag: Rag, subject: str) -> None:
    ask(rag, f"Which documents mention {subject}")
