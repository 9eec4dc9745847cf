"""Gather the evidence for a question: search, read, judge, and look for each of several things by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.records import Filter, Hit
from index.shelf import Shelf
from rag import extract, parts, retrieve, subject, timely
from rag.answers import Ask, Window
from rag.events import Dated, dated_event
from rag.language import language_of
from rag.probe import Probe, probe
from rag.question import Question, understand
from rag.reading import worth_reading
from rag.recipe import Recipe
from rag.rerank import Reranker
from rag.when import period_of

_MOST_FOUND = 400
"""How many passages are searched for, where copies of one text take most of the places."""
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for a question and how well it fits."""

    question: Question
    found: tuple[Hit, ...]
    """All passages that the searches gave, best first."""
    judged: tuple[Window, ...]
    """The windows that the cross-encoder judged, best first."""
    probe: Probe
    read: tuple[Window, ...] = ()
    """All windows of the passages that were read."""
    event: Dated | None = None
    """The event that the question dates itself by, where the documents date it."""


class Gatherer:
    """Finds and judges passages of a shelf, as a recipe says."""

    def __init__(self, shelf: Shelf, reranker: Reranker, recipe: Recipe, today: Callable[[], date]) -> None:
        self._shelf = shelf
        self._reranker = reranker
        self._recipe = recipe
        self._today = today

    def spelled(self, question: Question, ask: Ask) -> Question:
        """Mend words that stand nowhere in the documents, unless the caller said how the question is to be searched."""
        if ask.standalone_question is not None or language_of(question.text):
            return question
        found = self._shelf.spelled(ask.dossier, _LETTERS.findall(question.text))
        if not found:
            return question
        text = _LETTERS.sub(lambda word: found.get(word.group(), word.group()), question.text)
        return replace(understand(text, question.context), written=question.text, spelled=tuple(found.items()))

    def found(self, question: Question, ask: Ask) -> tuple[Hit, ...]:
        """Search for a question; also in its conversation, and as it was written where its words were mended."""
        texts = list(dict.fromkeys(filter(None, (question.text, question.context, question.written))))
        rankings = [self._ranked(text, ask) for text in texts]
        return rankings[0] if len(rankings) == 1 else retrieve.merge(rankings, self._recipe.found)

    def _ranked(self, text: str, ask: Ask) -> tuple[Hit, ...]:
        """Search for one text; further, where copies of the same passages leave too little to read."""
        ranked = self.fused(text, ask.dossier, ask.filter, self._recipe.found)
        if len(ranked) >= self._recipe.found and len(worth_reading(ranked, self._recipe.read)) < self._recipe.read:
            return self.fused(text, ask.dossier, ask.filter, _MOST_FOUND)
        return ranked

    def fused(self, text: str, dossier: str, filter: Filter, limit: int) -> tuple[Hit, ...]:
        """Search for one text by meaning and by words, and fuse what both find."""
        return retrieve.fuse(self._shelf.search(dossier, text, filter=filter, limit=limit), self._recipe.by_meaning)

    def weighed_all(self, ask: Ask, questions: Sequence[Question], found: Sequence[tuple[Hit, ...]]) -> list[Evidence]:
        """Judge what was found for each question; for one alone about several things, also what each of them has."""
        if len(questions) == 1 and (each := self._of_each(ask, questions[0], found[0])):
            return each
        return [self.weighed(ask, question, hits) for question, hits in zip(questions, found, strict=True)]

    def weighed(self, ask: Ask, question: Question, found: tuple[Hit, ...]) -> Evidence:
        """Judge the best passages' windows, and look for the word that they do not speak to; adding waits meanwhile."""
        with self._shelf.asking():
            return self._weighed(ask, question, found)

    def _weighed(self, ask: Ask, question: Question, found: tuple[Hit, ...]) -> Evidence:
        reading = worth_reading(found, self._recipe.read)
        read = extract.windows_of(reading, paired=self._recipe.sentence_before)
        if self._recipe.elsewhere:
            off = subject.elsewhere(question, reading, self._shelf, ask.dossier)
            read = [replace(window, elsewhere=window.hit.document.id in off) for window in read]
        period = period_of(question.text, self._today())
        event = dated_event(question, found) if period is None else None
        judged = timely.in_time(question, self._judged(question, read), event.period if event else period)
        if question.context:
            judged = extract.lift(question.context, judged, self._reranker)
        probed = probe(question, judged, self._reranker, self._recipe.clear)
        return Evidence(question, found, judged, probed, tuple(read), event)

    def _judged(self, question: Question, read: Sequence[Window]) -> list[Window]:
        """Judge the likeliest windows, and more of them where none is clearly the answer; best first."""
        short = extract.shortlist(question, read, max(self._recipe.judged_most, self._recipe.differing), self._recipe)
        first = self._recipe.judged_most if extract.is_broad(question) else self._recipe.judged
        judged = extract.judge(question, short[:first], self._reranker, self._recipe)
        clear = bool(judged) and judged[0].logit >= self._recipe.clear
        further = [] if clear else short[first : self._recipe.judged_most]
        rest = short[first + len(further) :]
        further += [window for window in rest if extract.may_differ(question, judged[0], window)]
        more = extract.judge(question, further, self._reranker, self._recipe)
        return extract.in_order(question, [*judged, *more], self._recipe)

    def _of_each(self, ask: Ask, question: Question, found: Sequence[Hit]) -> list[Evidence]:
        """Look for each of several things that are asked about; nothing where one window speaks of them all."""
        facets = parts.facets_of(question) if self._recipe.each else ()
        windows = extract.windows_of(found[: self._recipe.read]) if facets else []
        if any(all(extract.names(window, name) for name, _ in facets) for window in windows):
            return []
        return [self._about(name, self.weighed(ask, facet, self.found(facet, ask))) for name, facet in facets]

    @staticmethod
    def _about(name: str, evidence: Evidence) -> Evidence:
        """Keep what speaks of a thing."""
        return replace(evidence, judged=tuple(window for window in evidence.judged if extract.names(window, name)))
