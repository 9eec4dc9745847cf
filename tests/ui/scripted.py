"""An answerer that follows a script over a real shelf, for trying the page without models."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.errors import LibraryDamaged, Overloaded
from index.records import Filter, Hit, Metadata, Passage, Place, Source, place_of
from index.shelf import Shelf
from rag.answers import (
    Answer,
    Ask,
    Citation,
    Disagreement,
    Event,
    Finished,
    PassagesRead,
    Statement,
    StatementShown,
    TextShown,
    Took,
    Twin,
    Value,
)
from rag.answers import Warning as Caution

WORDS = re.compile(r"\w{4,}")
LINES = re.compile(r"[^\n]+")


def put(shelf: Shelf, dossier: str, name: str, text: str, metadata: Metadata | None = None) -> None:
    """Add a text and wait until it can be found."""
    shelf.create_dossier(dossier)
    source = Source(name, f"upload:{name}", text=text, metadata=metadata or Metadata())
    job = shelf.wait(shelf.add(dossier, [source]).id, 20)
    assert job.state == "done", job


def put_file(shelf: Shelf, dossier: str, name: str, content: bytes) -> None:
    """Add a file and wait until it can be found."""
    shelf.create_dossier(dossier)
    job = shelf.wait(shelf.add(dossier, [Source(name, f"upload:{name}", content=content)]).id, 60)
    assert job.state == "done", job


class ScriptedRag:
    """Quotes each document's line that shares most words with the question, if at least two.

    Some words in a question make something else happen: slow, gated, overload, damaged, explode, doubtful, disagree.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.asked: list[Ask] = []
        self.cancelled = threading.Event()
        self.gate = threading.Event()
        """Until it is set, gated questions wait."""
        self._ids = itertools.count(1)

    def close(self) -> None:
        return

    def search(
        self, question: str, dossier: str, filter: Filter, limit: int, per_document: int | None, rerank: bool
    ) -> tuple[Hit, ...]:
        return ()

    def stream(self, ask: Ask, cancel: threading.Event | None = None) -> Iterator[Event]:
        self.asked.append(ask)
        found = sorted(self._citations(ask), key=lambda scored: -scored[0])
        _misbehave(ask.question)
        yield PassagesRead(tuple(Hit(c.passage, c.document, score, "reranked") for score, c in found[:8]))
        if "slow" in ask.question and cancel is not None and cancel.wait(8):
            self.cancelled.set()
            return
        if "gated" in ask.question:
            self.gate.wait(120)
        answer = self._answer(ask, [c for score, c in found if score >= 2], [c for _, c in found[:3]])
        for statement in answer.statements:
            introduced = tuple(c for c in answer.citations if c.number in statement.citations)
            yield StatementShown(statement, introduced)
            following = min((s.start for s in answer.statements if s.start > statement.end), default=len(answer.text))
            yield TextShown(answer.text[statement.end : following], statement.end, following)
            threading.Event().wait(0.02)
        yield Finished(answer)

    def _citations(self, ask: Ask) -> Iterator[tuple[int, Citation]]:
        wanted = {word.casefold() for word in WORDS.findall(ask.question)}
        for document in self.shelf.documents(ask.dossier, None, 1000)[0]:
            if not ask.filter.passes(document):
                continue
            text = self.shelf.text(document.id)
            shared = {
                line.span(): len(wanted & {word.casefold() for word in WORDS.findall(line[0])})
                for line in LINES.finditer(text)
            }
            start, end = max(shared, key=lambda span: shared[span])
            passage = Passage(f"p_{document.id}", document.id, document.version, 0, 0, len(text), text, Place(), ())
            marks = self.shelf.marks(document.id)
            place = place_of(marks, start, end) if marks else Place(page=2, heading="What was said")
            yield shared[start, end], Citation(1, "cited", text[start:end], start, end, place, document, passage)

    def _answer(self, ask: Ask, cited: Sequence[Citation], near: Sequence[Citation]) -> Answer:
        standalone = f"{ask.question} (after: {ask.history[0].content})" if ask.history else ask.question
        id = f"a_{next(self._ids)}"
        standalone = ask.standalone_question or standalone
        took, conversation = Took(total_ms=140), ask.conversation_id
        blank = Answer(
            id,
            ask.question,
            standalone,
            ask.dossier,
            ask.model or "extractive",
            0.9,
            "",
            took=took,
            conversation_id=conversation,
        )
        if not cited:
            nearest = tuple(replace(citation, number=n, kind="nearest") for n, citation in enumerate(near, 1))
            return replace(blank, missing=("who or what is meant",), nearest=nearest)
        support = "unsupported" if "doubtful" in ask.question else "supported"
        text, statements = "", []
        citations = tuple(replace(citation, number=n) for n, citation in enumerate(cited, 1))
        for citation in citations:
            text += "\n" if text else ""
            span = len(text), len(text) + len(citation.quote)
            statements.append(Statement(citation.quote, *span, (citation.number,), support, 0.9))
            text += f"{citation.quote} [{citation.number}]"
        first = replace(citations[0], also_in=(Twin(citations[0].document, citations[0].start, citations[0].end),))
        answer = replace(blank, text=text, statements=tuple(statements), citations=(first, *citations[1:]))
        if "disagree" not in ask.question:
            return answer
        values = tuple(Value(percent(citation.quote), (citation.number,)) for citation in citations[:2])
        warning = Caution("old_evidence", "The newest source is two years old.")
        return replace(answer, disagreements=(Disagreement("the growth of trade", values),), warnings=(warning,))


def percent(quote: str) -> str:
    """Give the first percentage of a quote."""
    found = re.search(r"\d+%", quote)
    return found[0] if found else quote[:20]


def _misbehave(question: str) -> None:
    if "overload" in question:
        raise Overloaded("64 questions are waiting already.", "Ask again in 3 s.", retry_after=3)
    if "damaged" in question:
        raise LibraryDamaged("The library file cannot be trusted.", "Run: dossier restore BACKUP")
    if "explode" in question:
        raise ZeroDivisionError("an inner secret")
