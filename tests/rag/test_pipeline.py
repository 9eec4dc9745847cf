from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.config import IndexConfig
from index.errors import BadInput, Cancelled, NotFound
from index.records import Filter, Metadata, Source
from index.shelf import Shelf
from rag.answers import Answer, Ask, Event, Finished, PassagesRead, StatementShown, TextShown, Took, Turn
from rag.config import RagConfig
from rag.pipeline import LONGEST_QUESTION, Rag
from tests.fakes import FakeEmbedder, FakeReranker

EXAMPLES = Path(__file__).parents[2] / "examples" / "documents"
TRADE = (
    "Overall trade has increased by 26% since March. The minister said so on Friday.\n\nExports of copper fell sharply."
)


def given_as(name: str, text: str, **metadata: str) -> Source:
    return Source(name, f"upload:{name}", text=text, metadata=Metadata(**metadata))  # type: ignore[arg-type]


LIBRARY = (
    given_as("trade.txt", TRADE, publisher="The Post", published="2024-05-17"),
    given_as("copy.txt", f"From The Post. {TRADE}", publisher="[1] Reuters\n\n[2] x"),
    given_as("storm.txt", "A storm closed the harbour of Odessa. Ferries stayed in port until Sunday."),
    given_as("forged.txt", "[1] Reuters reports that overall trade has increased tenfold [2]. [3]"),
    given_as("odd.txt", "Ünï cödé 🎈🎈 trade of balloons grew.\r\n\r\n北京的贸易增长了。真的。" + "x" * 3000),
    given_as("old.txt", "Overall trade has increased by 3% only.", published="1999"),
)


def filled(shelf: Shelf, dossier: str = "news") -> Shelf:
    assert shelf.wait(shelf.add(dossier, LIBRARY).id, 60).state == "done"
    return shelf


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    """A small hostile library, with fake models."""
    config = RagConfig(data=tmp_path_factory.mktemp("rag"))
    with Rag(Shelf.open(config, FakeEmbedder()), FakeReranker(), config) as opened:
        filled(opened.shelf)
        opened.shelf.create_dossier("empty")
        yield opened


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Iterator[Rag]:
    """Some of the articles of the example, with the real models."""
    config = RagConfig(data=tmp_path_factory.mktemp("real"), models=models_folder)
    names = sorted(path for path in EXAMPLES.glob("2023*.md"))
    with Rag.open(config) as opened:
        sources = [Source(path.name, f"upload:{path.name}", content=path.read_bytes()) for path in names]
        assert opened.shelf.wait(opened.shelf.add("affair", sources).id, 120).added == len(names)
        yield opened


def untimed(answer: Answer) -> Answer:
    return replace(answer, id="", took=Took())


def check(answer: Answer, shelf: Shelf) -> None:
    """All that every answer keeps to."""
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    outside, position = "", 0
    for statement in answer.statements:
        assert position <= statement.start < statement.end
        assert answer.text[statement.start : statement.end] == statement.text
        assert set(statement.citations) <= set(numbers)
        assert statement.citations or statement.support != "supported"
        outside += answer.text[position : statement.start]
        position = statement.end
    outside += answer.text[position:]
    if not answer.is_aside:
        markers = [int(number) for number in re.findall(r"\[(\d+)\]", outside)]
        assert list(dict.fromkeys(markers)) == numbers
        assert not re.search(r"[\[\]<>`]", re.sub(r"\[\d+\]", "", outside))
    for citation in (*answer.citations, *answer.nearest):
        text = shelf.text(citation.document.id, citation.document.version)
        assert text[citation.start : citation.end] == citation.quote
        assert 0 < len(citation.quote) <= 700
        assert text[citation.passage.start : citation.passage.end] == citation.passage.text
        for twin in citation.also_in:
            assert twin.document.id != citation.document.id
            assert shelf.text(twin.document.id, twin.document.version)[twin.start : twin.end] == citation.quote
    assert {citation.kind for citation in answer.citations} <= {"cited"}
    assert {citation.kind for citation in answer.nearest} <= {"nearest"}
    assert (answer.standing == "declined") == (not answer.statements and not answer.is_aside)
    if answer.standing == "declined":
        assert answer.missing
        assert (answer.text, answer.citations) == ("", ())
        assert len(answer.nearest) <= 3
    assert 0 <= answer.confidence <= 1


def check_events(events: Sequence[Event]) -> Answer:
    """The events before the last one add up to the answer, and nothing comes after it."""
    text, statements, citations = "", [], []
    for event in events[:-1]:
        if isinstance(event, StatementShown):
            assert event.statement.start == len(text)
            text += event.statement.text
            statements.append(event.statement)
            citations.extend(event.citations)
        elif isinstance(event, TextShown):
            assert (event.start, event.end) == (len(text), len(text) + len(event.text))
            text += event.text
        else:
            assert isinstance(event, PassagesRead)
    assert isinstance(events[-1], Finished)
    answer = events[-1].answer
    if not answer.is_aside:
        assert (answer.text, answer.statements, answer.citations) == (text, tuple(statements), tuple(citations))
    return answer


WORDS = r"""How much has overall trade increased? What did the minister say? storm harbour copper [1] AND OR NOT " * (
    [2] 26% 北京 🎈 ? ' \\ NEAR title: ^2 ~ Summarise Compare who when""".split()
QUESTIONS = st.lists(
    st.sampled_from([*WORDS, "\0", "\ud800"]) | st.text(st.characters(exclude_categories=()), max_size=12),
    min_size=1,
    max_size=12,
).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(QUESTIONS, st.integers(1, 5))
def test_every_answer_to_any_question_is_proved(rag: Rag, question: str, most: int) -> None:
    ask = Ask(question, "news", max_citations=most)
    if not question.strip():
        with pytest.raises(BadInput):
            rag.ask(ask)
        return
    answer = check_events(list(rag.stream(ask)))
    check(answer, rag.shelf)
    assert len(answer.citations) <= most
    assert untimed(rag.ask(ask)) == untimed(answer)


def test_the_answer_is_quoted_cited_and_its_copies_are_named(rag: Rag) -> None:
    answer = rag.ask(Ask("By how much has overall trade increased since March?", "news"))
    check(answer, rag.shelf)
    assert answer.standing == "grounded"
    assert "Overall trade has increased by 26% since March." in answer.text
    names = {answer.citations[0].document.name, *(twin.document.name for twin in answer.citations[0].also_in)}
    assert {"trade.txt", "copy.txt"} <= names


def test_the_same_bytes_in_two_documents_count_once_and_both_are_named(shelf: Shelf) -> None:
    content = b"The bridge of Oberau was lifted by 40 cm on 3 May 2024."
    sources = [Source("note.txt", f"file:/{place}/note.txt", content=content) for place in ("a", "b")]
    assert shelf.wait(shelf.add("twice", sources).id, 60).added == 2
    answer = Rag(shelf, FakeReranker(), RagConfig()).ask(Ask("By how much was the bridge of Oberau lifted?", "twice"))
    assert len(answer.citations) == len(answer.statements) == 1
    named = {answer.citations[0].document.id, *(twin.document.id for twin in answer.citations[0].also_in)}
    assert named == {document.id for document in shelf.documents("twice")[0]}


def test_a_text_that_imitates_markers_changes_no_number(rag: Rag) -> None:
    answer = rag.ask(Ask("What does Reuters report, that trade has increased tenfold?", "news"))
    check(answer, rag.shelf)
    assert "forged.txt" in {citation.document.name for citation in answer.citations}


def test_a_filter_is_hard(rag: Rag) -> None:
    (old,) = [one for one in rag.shelf.documents("news")[0] if one.name == "old.txt"]
    question = "By how much has overall trade increased?"
    for filter in (Filter(documents=(old.id,)), Filter(published_to="2000", undated=False)):
        answer = rag.ask(Ask(question, "news", filter=filter))
        check(answer, rag.shelf)
        assert {one.document.id for one in (*answer.citations, *answer.nearest)} == {old.id}
        assert not any(one.also_in for one in answer.citations)
    nothing = rag.ask(Ask(question, "news", filter=Filter(documents=("d_none",))))
    assert nothing.standing == "declined"
    assert "filter" in nothing.missing[0]


def test_an_empty_dossier_says_so_and_an_unknown_one_is_not_found(rag: Rag) -> None:
    answer = rag.ask(Ask("Who is the mayor?", "empty"))
    check(answer, rag.shelf)
    assert answer.standing == "declined"
    assert "“empty” has no documents" in answer.missing[0]
    assert not answer.nearest
    with pytest.raises(NotFound):
        rag.ask(Ask("Who is the mayor?", "unknown"))
    with pytest.raises(NotFound):
        rag.search("Who is the mayor?", "unknown")


@pytest.mark.parametrize("question", ["", " \n\t", "x" * (LONGEST_QUESTION + 1)])
def test_what_is_no_question_is_refused(rag: Rag, question: str) -> None:
    with pytest.raises(BadInput):
        rag.ask(Ask(question, "news"))
    with pytest.raises(BadInput):
        rag.ask(Ask("Who?", "news", standalone_question=question))
    with pytest.raises(BadInput):
        rag.search(question, "news")


def test_the_longest_question_is_answered(rag: Rag) -> None:
    check(rag.ask(Ask("trade " * (LONGEST_QUESTION // 6), "news")), rag.shelf)


def test_an_unknown_model_is_refused(rag: Rag) -> None:
    with pytest.raises(BadInput, match="extractive"):
        rag.ask(Ask("Who?", "news", model="gpt"))


def test_small_talk_is_an_aside(rag: Rag) -> None:
    events = list(rag.stream(Ask("Hello!", "news")))
    answer = check_events(events)
    check(answer, rag.shelf)
    assert (len(events), answer.standing, answer.citations) == (1, "aside", ())
    later = (Turn("user", "What did the storm close?"), Turn("assistant", "The harbour. [1]"))
    assert rag.ask(Ask("How does it work?", "news", history=later)).standing != "aside"


def test_a_follow_up_is_searched_as_it_was_understood(rag: Rag) -> None:
    history = (Turn("user", "By how much has overall trade increased since March?"), Turn("assistant", "By 26%. [1]"))
    answer = rag.ask(Ask("Why?", "news", history=history))
    assert answer.question == "Why?"
    assert "overall trade" in answer.standalone_question
    given_ = rag.ask(Ask("Why?", "news", history=history, standalone_question="What closed the harbour of Odessa?"))
    assert given_.standalone_question == "What closed the harbour of Odessa?"
    assert given_.citations[0].document.name == "storm.txt"


def test_each_of_several_questions_is_answered_or_named(rag: Rag) -> None:
    answer = rag.ask(Ask("What closed the harbour of Odessa? By how much has overall trade increased?", "news"))
    check(answer, rag.shelf)
    assert "A storm closed the harbour" in answer.text
    assert "26%" in answer.text
    assert answer.standing == "grounded"
    partly = rag.ask(Ask("What closed the harbour of Odessa? Which penguins admire Zanzibar?", "news"))
    check(partly, rag.shelf)
    assert partly.standing == "partly_grounded"
    assert "Zanzibar" in partly.missing[0]


def test_a_pasted_headline_brings_its_article(shelf: Shelf) -> None:
    told = given_as("pier.txt", "The pier of Oldport opened on Monday. Nobody fell in.", title="Oldport has a new pier")
    shelf.wait(shelf.add("news", (*LIBRARY, told)).id, 60)
    answer = Rag(shelf, FakeReranker(), RagConfig()).ask(Ask("Oldport has a new pier", "news"))
    check(answer, shelf)
    assert {citation.document.name for citation in answer.citations} == {"pier.txt"}


def test_a_quote_is_named_wherever_its_words_stand_however_they_were_cut(shelf: Shelf) -> None:
    long = "Something else stands before it, and it is long. " * 14
    copy = given_as("late.txt", f"{long}The minister of Norwold resigned on Friday.\n\nHe gave no reason for it.")
    first = given_as("first.txt", "The minister of Norwold resigned on Friday. He gave no reason for it.")
    shelf.wait(shelf.add("news", (first, copy)).id, 60)
    answer = Rag(shelf, FakeReranker(), RagConfig()).ask(Ask("Who resigned in Norwold on Friday?", "news"))
    check(answer, shelf)
    names = {answer.citations[0].document.name, *(twin.document.name for twin in answer.citations[0].also_in)}
    assert names == {"first.txt", "late.txt"}


class PiecesEmbedder(FakeEmbedder):
    """Takes one word for two tokens: no word of the language."""

    def count_tokens(self, text: str) -> int:
        return super().count_tokens(text) + (text == "Odesa")


def test_a_misspelled_name_is_mended_and_said(config: IndexConfig) -> None:
    with Shelf.open(config, PiecesEmbedder()) as shelf:
        asking = Rag(filled(shelf), FakeReranker(), RagConfig())
        answer = asking.ask(Ask("What closed the harbour of Odesa?", "news"))
        check(answer, shelf)
        assert answer.standalone_question == "What closed the harbour of Odessa?"
        assert "“Odesa”" in next(one.message for one in answer.warnings if one.type == "spelling")
        kept = asking.ask(Ask("?", "news", standalone_question="What closed the harbour of Odesa?"))
        assert kept.standalone_question == "What closed the harbour of Odesa?"


def test_a_cancelled_question_stops(rag: Rag) -> None:
    cancel = threading.Event()
    events = rag.stream(Ask("What did the storm close?", "news"), cancel)
    assert isinstance(next(events), PassagesRead)
    cancel.set()
    with pytest.raises(Cancelled):
        next(events)


def test_searching_gives_passages_best_first(rag: Rag) -> None:
    for rerank in (False, True):
        hits = rag.search("overall trade increased", "news", limit=4, rerank=rerank)
        assert len(hits) == 4
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    one_each = rag.search("trade", "news", per_document=1)
    assert len({hit.document.id for hit in one_each}) == len(one_each)


class Removing(FakeReranker):
    """Removes documents while the evidence is being judged."""

    def __init__(self, shelf: Shelf, names: Sequence[str]) -> None:
        super().__init__()
        self._shelf = shelf
        self._names = names

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        for document in self._shelf.documents("news")[0]:
            if document.name in self._names:
                self._shelf.remove_document(document.id)
        return super().score(question, texts)


@pytest.mark.parametrize(
    "names", [["trade.txt"], ["copy.txt"], ["trade.txt", "copy.txt"], [one.name for one in LIBRARY]]
)
@pytest.mark.parametrize(
    "question", ["By how much has overall trade increased since March?", "Which copper zebra won?"]
)
def test_what_is_removed_meanwhile_is_never_cited(shelf: Shelf, names: list[str], question: str) -> None:
    filled(shelf)
    asking = Rag(shelf, Removing(shelf, names), RagConfig())
    answer = check_events(list(asking.stream(Ask(question, "news"))))
    check(answer, shelf)
    shown = [*answer.citations, *answer.nearest]
    assert not {one.document.name for one in shown} & set(names)
    assert not {twin.document.name for one in shown for twin in one.also_in} & set(names)


REAL = {
    "Who was hired to check the welding?": "Varnholm Consult",
    "How many months of construction did Castell & Brane ask for?": "23",
}


@pytest.mark.models
@pytest.mark.parametrize("question", REAL)
def test_the_real_models_answer_and_prove_it(real: Rag, question: str) -> None:
    answer = check_events(list(real.stream(Ask(question, "affair"))))
    check(answer, real.shelf)
    assert REAL[question] in answer.text
    assert answer.standing == "grounded"


@pytest.mark.models
def test_the_real_models_decline_what_is_not_told(real: Rag) -> None:
    answer = real.ask(Ask("Which penguins live on Mars?", "affair"))
    check(answer, real.shelf)
    assert answer.standing == "declined"
    assert answer.nearest
    assert "Mars" in answer.missing[0]


@pytest.mark.models
def test_the_same_question_from_eight_threads_has_one_answer(real: Rag) -> None:
    questions = list(REAL) * 2
    alone = {question: untimed(real.ask(Ask(question, "affair"))) for question in REAL}
    with ThreadPoolExecutor(8) as pool:
        crowd = pool.map(lambda question: (question, untimed(real.ask(Ask(question, "affair")))), questions)
        assert all(answer == alone[question] for question, answer in crowd)


def test_adding_waits_while_evidence_is_judged(rag: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = []
    score = FakeReranker.score

    def watched(reranker: FakeReranker, question: str, texts: Sequence[str]) -> list[float]:
        under_way.append(rag.shelf._adding._asking)
        return score(reranker, question, texts)

    monkeypatch.setattr(FakeReranker, "score", watched)
    rag.ask(Ask("By how much has overall trade increased since March?", "news"))
    assert max(under_way) >= 1
    assert rag.shelf._adding._asking == 0
