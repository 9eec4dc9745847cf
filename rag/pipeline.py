"""From a question to a checked answer: the staircase."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from threading import Event as Flag
from types import TracebackType
from typing import Self

from index.errors import BadInput, Cancelled, NotFound
from index.finding import MOST_HITS
from index.records import Document, Filter, Hit, Lap
from index.shelf import Shelf
from rag import cite, compare, decline, extract, parts, retrieve, timely, verify, warn
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
    Twin,
    Value,
    Window,
)
from rag.answers import Warning as AnswerWarning
from rag.collection import request_of
from rag.config import RagConfig
from rag.follow_up import in_conversation, is_first, standalone
from rag.gather import Evidence, Gatherer
from rag.question import Question, aside, understand
from rag.recipe import AS_BUILT, Recipe
from rag.rerank import Reranker, open_reranker
from rag.survey import Survey, Surveyor
from rag.when import wants_sequence
from rag.write import Chat
from rag.writing import EXTRACTIVE, Material, Writing, Written

LONGEST_QUESTION = 8000
"""In characters."""
_TWINS = 50
"""Among how many passages with the same words a quote is looked for."""


@dataclass
class _Clock:
    """Milliseconds of each step."""

    begun: float
    marks: dict[str, int]
    laps: list[Lap] = field(default_factory=list)

    def mark(self, step: str, since: float) -> float:
        """Add the time since a moment to a step and give the moment now."""
        now = time.perf_counter()
        self.marks[step] = self.marks.get(step, 0) + round(1000 * (now - since))
        self.laps.append(Lap(step.removesuffix("_ms"), since, now))
        return now

    def written(self, since: float, verifying: float) -> float:
        """Share the time since a moment between a language model and the checks of what it wrote."""
        self.marks["verify_ms"] = self.marks.get("verify_ms", 0) + round(1000 * verifying)
        self.laps.append(Lap("verify", since, since + verifying))  # shown as one, though it comes in between
        return self.mark("answer_ms", since + verifying)

    def took(self) -> Took:
        """Give all steps and the total."""
        total = round(1000 * (time.perf_counter() - self.begun))
        return Took(total_ms=total, **self.marks)


class Rag:
    """Answers questions over a shelf."""

    def __init__(
        self,
        shelf: Shelf,
        reranker: Reranker,
        config: RagConfig,
        recipe: Recipe = AS_BUILT,
        today: Callable[[], date] = date.today,
        chats: Mapping[str, Chat] | None = None,
    ) -> None:
        self.shelf = shelf
        self.config = config
        self.recipe = recipe
        self._reranker = reranker
        self._today = today
        self._gatherer = Gatherer(shelf, reranker, recipe, today)
        self._surveyor = Surveyor(shelf, self._search_and_judge, reranker)
        self.writing = Writing(config, reranker, self._text_of, chats)

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
        asked = _checked(ask)
        self.writing.check(_model(ask, self.config))
        clock = _Clock(time.perf_counter(), {})
        if reply := aside(asked.question, first=is_first(asked.history)):
            yield Finished(_aside(asked, reply, clock))
            return
        written = Written(self.writing.budget(cancel))
        heard = self._understood(asked, written)
        found_from = time.perf_counter()
        whole = self._gatherer.spelled(heard, asked)
        if survey := self._survey(asked, whole):
            yield from self._told(asked, whole, survey, clock)
            return
        questions = parts.questions_in(whole) or (whole,)
        since = time.perf_counter()
        found = [self._gatherer.found(question, asked) for question in questions]
        since = clock.mark("retrieve_ms", since)
        yield PassagesRead(retrieve.merge(found, self.recipe.read))
        _stop_if(cancel)
        evidence = self._gatherer.weighed_all(asked, questions, found)
        since = clock.mark("rerank_ms", since)
        _stop_if(cancel)
        written.budget.until += since - found_from  # finding takes none of the model's time
        yield from self._answered(asked, whole, evidence, clock, since, written)

    def evidence(self, ask: Ask) -> tuple[Evidence, ...]:
        """Find and judge what there is for each part of a question, without answering it: for measuring and fitting."""
        asked = _checked(ask)
        whole = self._gatherer.spelled(_understood(asked), asked)
        questions = parts.questions_in(whole) or (whole,)
        found = [self._gatherer.found(question, asked) for question in questions]
        return tuple(self._gatherer.weighed_all(asked, questions, found))

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
        reach = min(MOST_HITS, max(self.recipe.found, limit * (4 if per_document else 1)))
        found = self._gatherer.fused(text, dossier, filter or Filter(), reach)
        ranked = extract.rerank_passages(text, found, self._reranker, self.recipe) if rerank else found
        return retrieve.best_per_document(ranked, per_document)[:limit]

    def _understood(self, ask: Ask, written: Written) -> Question:
        """Make a follow-up stand alone: by the language model where that is set, by rules where it fails."""
        if self.config.follow_ups == "model" and ask.standalone_question is None and not is_first(ask.history):
            by_model = _model(ask, self.config) != EXTRACTIVE
            if by_model and (text := self.writing.standalone(ask, written.budget)) is not None:
                return understand(text, in_conversation(ask.question, ask.history))
        return _understood(ask)

    def _survey(self, ask: Ask, question: Question) -> Survey | None:
        """Answer a question about the collection from the library's records; None for every other question."""
        for text in dict.fromkeys((ask.standalone_question or ask.question, question.text)):
            if request := request_of(text, self._today(), first=not ask.history):
                return self._surveyor.survey(request, text, ask, ask.max_citations or self.config.max_citations)
        return None

    def _search_and_judge(self, ask: Ask, text: str) -> Sequence[Window]:
        question = understand(text)
        return self._gatherer.weighed(ask, question, self._gatherer.found(question, ask)).judged

    def _told(self, ask: Ask, question: Question, survey: Survey, clock: _Clock) -> Iterator[Event]:
        """Show what the records say, every quote proved as in any answer."""
        since = clock.mark("retrieve_ms", clock.begun)
        yield PassagesRead(tuple(line.window.hit for line in survey.lines)[: self.recipe.read])
        proved = [(line.label, self._proved([Draft(line.window.text, (line.window,))])) for line in survey.lines]
        shown = [(label, verdict) for label, verdicts in proved for verdict in verdicts]
        clock.mark("verify_ms", since)
        composition = cite.Composition(self._still_there(survey.hits), elsewhere=self._elsewhere(ask))
        if shown:
            yield from composition.listed(survey.opening, shown, survey.closing)
        answer = Answer(
            id=_new_id(),
            question=ask.question,
            standalone_question=question.text,
            dossier=ask.dossier,
            model=EXTRACTIVE,
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
        yield Finished(answer, tuple(clock.laps))

    def _answered(
        self,
        ask: Ask,
        whole: Question,
        evidence: Sequence[Evidence],
        clock: _Clock,
        since: float,
        written: Written,
    ) -> Iterator[Event]:
        decisions = [decline.decide(each.question, each.judged, each.probe) for each in evidence]
        answers = any(decision.answers for decision in decisions)
        if parts.needs_all(whole) and not all(decision.answers for decision in decisions):
            answers = False
        missing = [part for decision in decisions if not decision.answers for part in decision.missing]
        judged = [window for each in evidence for window in each.judged]
        if not judged:
            missing = [self._nothing_to_read(ask) or missing[0]]
        found = self._still_there([hit for each in evidence for hit in each.found])
        composition = cite.Composition(found, elsewhere=self._elsewhere(ask))
        sided: list[tuple[Question, tuple[compare.Side, ...]]] = []
        dropped = 0
        if answers:
            answering = [each for each, decision in zip(evidence, decisions, strict=True) if decision.answers]
            if _model(ask, self.config) != EXTRACTIVE:
                yield from self._written(ask, whole, answering, composition, written)
                since = clock.written(since, written.verify_seconds)
            limit = ask.max_citations or self.config.max_citations
            sided, drafts = self._drafted(answering, limit, composition.citations)
            since = clock.mark("answer_ms", since)
            proved = self._proved(drafts)
            dropped = len(drafts) - len(proved)
            clock.mark("verify_ms", since)
            documents = {window.hit.document.id for verdict in proved for window in verdict.draft.evidence}
            yield from composition.add(proved, name_sources=len(documents) > 1 or bool(written.shown))
            if not composition.statements:
                missing = [decline.missing_in(each.question, each.judged, each.probe) for each in answering]
        answer = Answer(
            id=_new_id(),
            question=ask.question,
            standalone_question=whole.text,
            dossier=ask.dossier,
            model=_model(ask, self.config) if written.shown else EXTRACTIVE,
            confidence=_confidence(decisions, answers),
            text=composition.text,
            statements=tuple(composition.statements),
            citations=tuple(composition.citations),
            nearest=() if composition.statements else _nearest(judged, composition.hits),
            missing=tuple(dict.fromkeys(missing)),
            disagreements=tuple(
                found for question, sides in sided for found in _disagreements(question, sides, composition.citations)
            ),
            warnings=(*self._warnings(whole, evidence, composition.citations), *written.warnings),
            took=clock.took(),
            usage=written.budget.usage,
            conversation_id=ask.conversation_id,
            dropped=dropped + len(written.refused),
        )
        yield Finished(answer, tuple(clock.laps))

    def _written(
        self,
        ask: Ask,
        whole: Question,
        evidence: Sequence[Evidence],
        composition: cite.Composition,
        written: Written,
    ) -> Iterator[Event]:
        """Let a language model write from what was judged, the best for each question first."""
        ranks = zip_longest(*(each.judged for each in evidence))
        judged = [window for rank in ranks for window in rank if window is not None]
        read = {window.hit.passage.id: window.hit for each in evidence for window in (*each.read, *each.judged)}
        yield from self.writing.write(ask, Material(whole, judged, list(read.values())), composition, written)

    def _drafted(
        self, evidence: Sequence[Evidence], limit: int, written: Sequence[Citation]
    ) -> tuple[list[tuple[Question, tuple[compare.Side, ...]]], list[Draft]]:
        """Choose what to quote for each question: every side where sources differ, else the fewest windows.

        Where a language model wrote already, only what it left out: sides, and questions that it did not answer.
        """
        share = max(1, limit // len(evidence))
        sided: list[tuple[Question, tuple[compare.Side, ...]]] = []
        drafts: dict[tuple[str, int, int], Draft] = {}
        for each in evidence:
            chosen = extract.choose(each.question, each.judged, share, self.recipe)
            sides = compare.sides(each.question, chosen, each.judged, each.read)[:share]
            chosen = timely.in_order(chosen) if wants_sequence(each.question.text) else chosen
            sided.append((each.question, sides))
            quoted = extract.trim(each.question, [s.window for s in sides] or chosen, self._reranker, self.recipe)
            if written:
                quoted = _left_out(quoted, written, all_sides=compare.disagree(sides))
            for draft in quoted:
                window = draft.evidence[0]
                drafts.setdefault((window.hit.document.id, window.start, window.end), draft)
        return sided, list(drafts.values())[: max(0, limit - len(written))]

    def _warnings(
        self, whole: Question, evidence: Sequence[Evidence], citations: Sequence[Citation]
    ) -> tuple[AnswerWarning, ...]:
        """What the reader should know beside the answer."""
        warnings = list(warn.about_question(whole, self.shelf.embedder))
        for each in evidence:
            cited = [window for window in each.judged if any(_covers(citation, window) for citation in citations)]
            warnings += warn.about_event(each.event)
            warnings += warn.about_evidence(each.question, cited, each.judged)
        warnings += warn.about_pictures(citations)
        return tuple(dict.fromkeys(warnings))

    def _elsewhere(self, ask: Ask) -> Callable[[Window], Iterator[Twin]]:
        """Look for a quote's very words in other documents, however those were cut into passages."""

        def twins(window: Window) -> Iterator[Twin]:
            focus = window.text[window.focus - window.start :]
            for hit in self.shelf.holding(ask.dossier, focus, filter=ask.filter, limit=_TWINS):
                start, text = hit.passage.start, hit.passage.text
                if window.text not in text:
                    try:
                        start, text = 0, self.shelf.text(hit.document.id, hit.document.version)
                    except NotFound:  # removed meanwhile
                        continue
                if (place := text.find(window.text)) >= 0:
                    yield Twin(hit.document, start + place, start + place + len(window.text))

        return twins

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


def _model(ask: Ask, config: RagConfig) -> str:
    return ask.model or config.model


def _checked(ask: Ask) -> Ask:
    """Refuse what cannot be asked."""
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
        model=EXTRACTIVE,
        confidence=1.0,
        text=reply,
        took=clock.took(),
        conversation_id=ask.conversation_id,
        is_aside=True,
    )


def _confidence(decisions: Sequence[decline.Decision], answers: bool) -> float:
    """How surely what is answered is answered; where nothing is, how near the nearest part came."""
    return (min if answers else max)(decision.confidence for decision in decisions if decision.answers or not answers)


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
            values.append(Value(side.value, numbers))
    if len(values) < 2 or not compare.disagree(sides):
        return ()
    return (Disagreement(compare.about(question), tuple(values)),)


def _left_out(drafts: Sequence[Draft], written: Sequence[Citation], *, all_sides: bool) -> list[Draft]:
    """Give the sides that nothing written cites; where there are none, what is not cited of the best quote."""
    if all_sides:
        return [draft for draft in drafts if not any(_covers(citation, draft.evidence[0]) for citation in written)]
    best = max((draft.evidence[0] for draft in drafts), key=lambda window: window.logit, default=None)
    rest = best and extract.without(best, [(one.document.id, one.start, one.end) for one in written])
    return [Draft(rest.text, (rest,))] if rest else []


def _covers(citation: Citation, window: Window) -> bool:
    same = citation.document.id == window.hit.document.id
    return same and citation.start < window.end and window.start < citation.end


def _stop_if(cancel: Flag | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("The question was cancelled.")


def _new_id() -> str:
    return f"a_{secrets.token_hex(8)}"
