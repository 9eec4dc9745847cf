"""From a question to a checked answer: the staircase."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from threading import Event as Flag
from types import TracebackType
from typing import Self

from index.errors import BadInput, Cancelled, NotFound
from index.records import Document, Filter, Hit
from index.shelf import Shelf
from rag import cite, compare, decline, extract, probe, retrieve, verify
from rag.answers import (
    Answer,
    Ask,
    Citation,
    Disagreement,
    Draft,
    Event,
    Finished,
    PassagesRead,
    Took,
    Value,
    Window,
)
from rag.answers import Warning as AnswerWarning
from rag.collection import request_of
from rag.config import RagConfig
from rag.follow_up import in_conversation, is_first, standalone
from rag.question import Question, aside, understand
from rag.rerank import Reranker, open_reranker
from rag.survey import Survey, Surveyor

LONGEST_QUESTION = 8000
"""In characters."""
_READ = 8
"""How many passages are read for an answer."""
_JUDGED = 16
"""How many of their windows the cross-encoder judges."""
_FOUND = 50
"""How many passages each search gives."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for a question and how well it fits."""

    question: Question
    found: tuple[Hit, ...]
    """All passages that the searches gave, best first."""
    judged: tuple[Window, ...]
    """The windows that the cross-encoder judged, best first."""
    unheard: probe.Unheard


@dataclass
class _Clock:
    """Milliseconds of each step."""

    begun: float
    marks: dict[str, int]

    def mark(self, step: str, since: float) -> float:
        """Add the time since a moment to a step and give the moment now."""
        now = time.perf_counter()
        self.marks[step] = self.marks.get(step, 0) + round(1000 * (now - since))
        return now

    def took(self) -> Took:
        """Give all steps and the total."""
        total = round(1000 * (time.perf_counter() - self.begun))
        return Took(total_ms=total, **self.marks)


class Rag:
    """Answers questions over a shelf."""

    def __init__(
        self, shelf: Shelf, reranker: Reranker, config: RagConfig, today: Callable[[], date] = date.today
    ) -> None:
        self.shelf = shelf
        self.config = config
        self._reranker = reranker
        self._today = today
        self._surveyor = Surveyor(shelf, self._search_and_judge, reranker)

    @classmethod
    def open(cls, config: RagConfig | None = None, address: str | None = None) -> Rag:
        """Open the data folder and the models. Raises ModelMissing, LibraryBusy and the shelf's other errors."""
        config = config or RagConfig()
        reranker = open_reranker(config)
        return cls(Shelf.open(config, address=address), reranker, config)

    def close(self) -> None:
        """Give the data folder free."""
        self.shelf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, ask: Ask | str) -> Answer:
        """Answer a question. Raises BadInput, NotFound for an unknown dossier."""
        for event in self.stream(Ask(ask) if isinstance(ask, str) else ask):
            if isinstance(event, Finished):
                return event.answer
        raise Cancelled("The question was cancelled.")

    def stream(self, ask: Ask, cancel: Flag | None = None) -> Iterator[Event]:
        """Answer step by step; the last event holds the whole answer, equal to what the events add up to."""
        asked = _checked(ask, self.config)
        clock = _Clock(time.perf_counter(), {})
        if reply := aside(asked.question, first=is_first(asked.history)):
            yield Finished(_aside(asked, reply, clock))
            return
        question = _understood(asked)
        if survey := self._survey(asked, question):
            yield from self._told(asked, question, survey, clock)
            return
        since = time.perf_counter()
        found = self._found(question, asked)
        since = clock.mark("retrieve_ms", since)
        yield PassagesRead(found[:_READ])
        _stop_if(cancel)
        evidence = self._weighed(question, found)
        since = clock.mark("rerank_ms", since)
        _stop_if(cancel)
        yield from self._answered(asked, evidence, clock, since)

    def evidence(self, ask: Ask) -> Evidence:
        """Find and judge what there is for a question, without answering it: for measuring and fitting."""
        asked = _checked(ask, self.config)
        question = _understood(asked)
        return self._weighed(question, self._found(question, asked))

    def search(
        self,
        question: str,
        dossier: str,
        filter: Filter | None = None,
        limit: int = 10,
        per_document: int | None = None,
        rerank: bool = False,
    ) -> tuple[Hit, ...]:
        """Find passages, best first, without an answer."""
        text = _question_text(question)
        reach = max(_FOUND, limit * (4 if per_document else 1))
        found = retrieve.fuse(self.shelf.search(dossier, text, filter=filter or Filter(), limit=reach))
        ranked = extract.rerank_passages(text, found, self._reranker) if rerank else found
        return retrieve.best_per_document(ranked, per_document)[:limit]

    def _survey(self, ask: Ask, question: Question) -> Survey | None:
        """Answer a question about the collection from the library's records; None for every other question."""
        for text in dict.fromkeys((ask.standalone_question or ask.question, question.text)):
            if request := request_of(text, self._today()):
                return self._surveyor.survey(request, text, ask, ask.max_citations or self.config.max_citations)
        return None

    def _search_and_judge(self, ask: Ask, text: str) -> Sequence[Window]:
        question = understand(text)
        return self._weighed(question, self._found(question, ask)).judged

    def _told(self, ask: Ask, question: Question, survey: Survey, clock: _Clock) -> Iterator[Event]:
        """Show what the records say, every quote proved as in any answer."""
        since = clock.mark("retrieve_ms", clock.begun)
        yield PassagesRead(tuple(line.window.hit for line in survey.lines)[:_READ])
        proved = [(line.label, self._proved([Draft(line.window.text, (line.window,))])) for line in survey.lines]
        shown = [(label, verdict) for label, verdicts in proved for verdict in verdicts]
        clock.mark("verify_ms", since)
        composition = cite.Composition(self._still_there(survey.hits))
        if shown:
            yield from composition.listed(survey.opening, shown, survey.closing)
        answer = Answer(
            id=_new_id(),
            question=ask.question,
            standalone_question=question.text,
            dossier=ask.dossier,
            model="extractive",
            confidence=1.0,
            text=composition.text,
            statements=tuple(composition.statements),
            citations=tuple(composition.citations),
            nearest=()
            if shown
            else _nearest(survey.nearest, self._still_there([window.hit for window in survey.nearest])),
            missing=() if shown else survey.missing or ("The documents that tell it were removed meanwhile.",),
            warnings=tuple(AnswerWarning(*warning) for warning in survey.warnings),
            took=clock.took(),
            conversation_id=ask.conversation_id,
        )
        yield Finished(answer)

    def _found(self, question: Question, ask: Ask) -> tuple[Hit, ...]:
        """Search for the whole question, and for each part where it has several."""
        texts = list(dict.fromkeys(filter(None, (question.text, *question.parts, question.context))))
        rankings = [
            retrieve.fuse(self.shelf.search(ask.dossier, text, filter=ask.filter, limit=_FOUND)) for text in texts
        ]
        return rankings[0] if len(rankings) == 1 else retrieve.merge(rankings, _FOUND)

    def _weighed(self, question: Question, found: tuple[Hit, ...]) -> Evidence:
        """Judge the best passages' windows, and look for the word that they do not speak to."""
        windows = extract.shortlist(question, extract.windows_of(found[:_READ]), _JUDGED)
        judged = tuple(extract.judge(question, windows, self._reranker))
        if question.context:
            judged = extract.lift(question.context, judged, self._reranker)
        return Evidence(question, found, judged, probe.unheard(question.text, judged, self._reranker))

    def _answered(self, ask: Ask, evidence: Evidence, clock: _Clock, since: float) -> Iterator[Event]:
        question, judged = evidence.question, evidence.judged
        decision = decline.decide(question, judged, evidence.unheard)
        missing = decision.missing if judged else (self._nothing_to_read(ask) or decision.missing[0],)
        composition = cite.Composition(self._still_there(evidence.found))
        sides: tuple[compare.Side, ...] = ()
        if decision.answers:
            sides, drafts = self._drafted(question, judged, ask.max_citations or self.config.max_citations)
            since = clock.mark("answer_ms", since)
            proved = self._proved(drafts)
            clock.mark("verify_ms", since)
            documents = {window.hit.document.id for verdict in proved for window in verdict.draft.evidence}
            yield from composition.add(proved, name_sources=len(documents) > 1)
            if not proved:
                missing = (decline.missing_in(question, judged, evidence.unheard),)
        answer = Answer(
            id=_new_id(),
            question=ask.question,
            standalone_question=question.text,
            dossier=ask.dossier,
            model="extractive",
            confidence=decision.confidence,
            text=composition.text,
            statements=tuple(composition.statements),
            citations=tuple(composition.citations),
            nearest=() if composition.statements else _nearest(judged, composition.hits),
            missing=missing,
            disagreements=_disagreements(question, sides, composition.citations),
            took=clock.took(),
            conversation_id=ask.conversation_id,
        )
        yield Finished(answer)

    def _drafted(
        self, question: Question, judged: Sequence[Window], limit: int
    ) -> tuple[tuple[compare.Side, ...], list[Draft]]:
        """Choose what to quote: every side where sources give different figures, else the fewest windows."""
        chosen = extract.choose(question, judged, limit)
        sides = compare.sides(question, chosen, judged)[:limit]
        return sides, extract.trim(question, [side.window for side in sides] or chosen, self._reranker)

    def _proved(self, drafts: Sequence[Draft]) -> list[verify.Checked]:
        checked = [verify.check_quotes(draft, self._text_of) for draft in drafts]
        return [verdict for verdict in checked if verdict.support == "supported"]

    def _still_there(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Leave out the hits of documents that were removed since they were found."""
        there: dict[str, bool] = {}
        for hit in hits:
            if hit.document.id not in there:
                try:
                    there[hit.document.id] = self.shelf.document(hit.document.id).id == hit.document.id
                except NotFound:
                    there[hit.document.id] = False
        return tuple(hit for hit in hits if there[hit.document.id])

    def _nothing_to_read(self, ask: Ask) -> str:
        """Say why nothing was found, where it is not the question's doing."""
        if not self.shelf.dossier(ask.dossier).documents:
            return f"The dossier “{ask.dossier}” has no documents yet: add some, then ask again."
        if not ask.filter.is_open:
            return "No passage of the documents that pass the filter fits this question."
        return ""

    def _text_of(self, document: Document) -> str:
        return self.shelf.text(document.id, document.version)


def _understood(ask: Ask) -> Question:
    """Make a follow-up stand alone, unless the caller said how it is to be searched."""
    if ask.standalone_question is not None:
        return understand(ask.standalone_question)
    text = standalone(ask.question, ask.history)
    return understand(text, in_conversation(ask.question, ask.history) if text != ask.question else "")


def _checked(ask: Ask, config: RagConfig) -> Ask:
    """Refuse what cannot be asked."""
    model = ask.model or config.model
    if model != "extractive":
        raise BadInput(f"No model is called {model!r} here.", "Use the model `extractive`.")
    standalone_question = None if ask.standalone_question is None else _question_text(ask.standalone_question)
    return replace(ask, question=_question_text(ask.question), standalone_question=standalone_question)


def _question_text(question: str) -> str:
    """Clean a question of what no text may hold. Raises BadInput when it is empty or too long."""
    text = "".join("\ufffd" if letter == "\0" or "\ud800" <= letter <= "\udfff" else letter for letter in question)
    if not text.strip():
        raise BadInput("The question is empty.", "Ask something, for example “What changed in 2024?”.")
    if len(text) > LONGEST_QUESTION:
        raise BadInput(
            f"The question has {len(text):,} characters; at most {LONGEST_QUESTION:,} are read.",
            "Ask a shorter question, or add the long text as a document.",
        )
    return text.strip()


def _aside(ask: Ask, reply: str, clock: _Clock) -> Answer:
    return Answer(
        id=_new_id(),
        question=ask.question,
        standalone_question=ask.question,
        dossier=ask.dossier,
        model="extractive",
        confidence=1.0,
        text=reply,
        took=clock.took(),
        conversation_id=ask.conversation_id,
        is_aside=True,
    )


def _nearest(judged: Sequence[Window], found: Sequence[Hit]) -> tuple[Citation, ...]:
    """Cite the best window of the three nearest passages, marked as not answering."""
    there = {hit.document.id for hit in found}
    judged = [window for window in judged if window.hit.document.id in there]
    best = list({window.hit.passage.id: window for window in reversed(judged)}.values())[::-1]
    best.sort(key=lambda window: -window.logit)
    return tuple(cite.cite(window, number, "nearest", found) for number, window in enumerate(best[:3], start=1))


def _disagreements(
    question: Question, sides: Sequence[compare.Side], citations: Sequence[Citation]
) -> tuple[Disagreement, ...]:
    """Name the sides by the citations that prove them."""
    values = []
    for side in sides:
        numbers = tuple(citation.number for citation in citations if _covers(citation, side.window))
        if numbers:
            values.append(Value(side.figure.written, numbers))
    if len(values) < 2 or not compare.disagree(sides):
        return ()
    return (Disagreement(compare.about(question), tuple(values)),)


def _covers(citation: Citation, window: Window) -> bool:
    same = citation.document.id == window.hit.document.id
    return same and citation.start < window.end and window.start < citation.end


def _stop_if(cancel: Flag | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("The question was cancelled.")


def _new_id() -> str:
    return f"a_{secrets.token_hex(8)}"
