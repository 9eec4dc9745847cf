"""Mark one answer. A measure that cannot be judged for a question is left out, never zero."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.answers import Answer, Citation
from rag.evaluate.questions import Case, Piece

LONGEST_QUOTE = 700
"""In characters: a longer citation is no precise one."""
HALF = 0.5
"""The share of a piece that citations have to cover."""
INSIDE = 0.8
"""The share of a citation that has to lie in a whole paragraph that was wanted."""

Marks = Mapping[str, float]
"""By measure; a share is 0 to 1."""
TextOf = Callable[[str, str | None], str]
"""The stored text of a document's version, by its id."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a mark tells."""

    name: str
    told: str
    is_share: bool = True
    """Whether it lies between 0 and 1, and more is better."""


MEASURES = (
    Measure("answered", "answerable questions that were not declined"),
    Measure("correct", "an accepted answer stands in a supported statement that has a citation"),
    Measure("proved", "the same, and it stands in a quote that this statement cites"),
    Measure("evidence", "needed pieces of evidence that are cited"),
    Measure("precision", "citations that are needed evidence, at most 700 characters long"),
    Measure("right_document", "citations that are from a document the question is about"),
    Measure("exact", "spans of the answer that are the text at their offsets"),
    Measure("declined_rightly", "unanswerable questions that were declined"),
    Measure("decline_precision", "declined questions that are unanswerable"),
    Measure("quality", "one figure a question: proved and evidence where answerable, declined_rightly where not"),
    Measure("words", "length of an answer, in words", is_share=False),
    Measure("seconds", "time from question to answer", is_share=False),
)


def mark(case: Case, answer: Answer, seconds: float, text_of: TextOf) -> Marks:
    """Mark an answer by everything that can be judged."""
    declined = answer.standing == "declined"
    marks: dict[str, float] = {}
    if not case.abstain:
        marks["answered"] = float(not declined)
        marks |= _worded(case, answer) | _cited(case, answer, text_of)
    spans = _exactness(answer, text_of)
    if spans:
        marks["exact"] = _share(spans)
    if case.abstain:
        marks["declined_rightly"] = float(declined)
    if declined:
        marks["decline_precision"] = float(case.abstain)
    marks["quality"] = _quality(marks)
    if not declined and not case.abstain:
        marks["words"] = float(len(answer.text.split()))
    marks["seconds"] = seconds
    return marks


def _quality(marks: Marks) -> float:
    if "declined_rightly" in marks:
        return marks["declined_rightly"]
    judged = [marks[name] for name in ("proved", "evidence") if name in marks]
    return sum(judged) / len(judged) if judged else marks["answered"]


def _worded(case: Case, answer: Answer) -> dict[str, float]:
    if not case.has_answers:
        return {}
    quotes = {citation.number: citation.quote for citation in answer.citations}
    right = [s for s in answer.statements if s.support == "supported" and s.citations and case.accepts(s.text)]
    proved = any(case.accepts(quotes.get(number, "")) for statement in right for number in statement.citations)
    return {"correct": float(bool(right)), "proved": float(proved)}


def _cited(case: Case, answer: Answer, text_of: TextOf) -> dict[str, float]:
    marks: dict[str, float] = {}
    if case.evidence:
        shown = [any(_proves(case, piece, answer.citations, text_of) for piece in group) for group in case.evidence]
        marks["evidence"] = _share(shown)
    if case.evidence and answer.citations:
        pieces = [piece for group in case.evidence for piece in group]
        needed = [
            citation.end - citation.start <= LONGEST_QUOTE
            and any(_proves(case, piece, [citation], text_of) for piece in pieces)
            for citation in answer.citations
        ]
        marks["precision"] = _share(needed)
    if case.documents and answer.citations:
        marks["right_document"] = _share([citation.document.name in case.documents for citation in answer.citations])
    return marks


def _proves(case: Case, piece: Piece, citations: Sequence[Citation], text_of: TextOf) -> bool:
    """Whether citations, together within one document, show a piece of evidence."""
    by_document: dict[tuple[str, str], list[Citation]] = {}
    for citation in citations:
        if citation.document.name == piece.document:
            by_document.setdefault((citation.document.id, citation.document.version), []).append(citation)
    for (id, version), cited in by_document.items():
        for start, end in _places(piece.quote, text_of(id, version)):
            if piece.within:
                if any(_inside(citation, start, end) and _fits(case, citation) for citation in cited):
                    return True
            elif _covered(start, end, cited) >= HALF * (end - start):
                return True
    return False


def _places(quote: str, text: str) -> list[tuple[int, int]]:
    return [(found.start(), found.end()) for found in re.finditer(re.escape(quote), text)]


def _inside(citation: Citation, start: int, end: int) -> bool:
    return min(end, citation.end) - max(start, citation.start) >= INSIDE * (citation.end - citation.start)


def _fits(case: Case, citation: Citation) -> bool:
    return not case.has_answers or case.accepts(citation.quote)


def _covered(start: int, end: int, citations: Sequence[Citation]) -> int:
    """Count the characters from `start` to `end` that lie in a citation."""
    covered, reached = 0, start
    for first, last in sorted((citation.start, citation.end) for citation in citations):
        covered += max(0, min(last, end) - max(first, reached))
        reached = max(reached, last)
    return covered


def _exactness(answer: Answer, text_of: TextOf) -> list[bool]:
    spans: list[bool] = []
    for citation in (*answer.citations, *answer.nearest):
        stored = text_of(citation.document.id, citation.document.version)
        spans.append(bool(citation.quote) and stored[citation.start : citation.end] == citation.quote)
        for twin in citation.also_in:
            spans.append(0 <= twin.start < twin.end <= len(text_of(twin.document.id, twin.document.version)))
    for statement in answer.statements:
        spans.append(bool(statement.text) and answer.text[statement.start : statement.end] == statement.text)
    return spans


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes)
