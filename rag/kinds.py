"""Whether a text holds something of the kind that a question asks for: a time, a number, a name."""

from __future__ import annotations

import re

from rag.figures import figures_of
from rag.question import Question
from rag.terms import number_of, stem

_TIME = re.compile(
    r"\b(?:1\d|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|decade|today|yesterday|"
    r"tomorrow|noon|midnight|o’?'?clock|(?:last|next|this) (?:year|month|week|spring|summer|autumn|fall|winter)|"
    r"(?:years?|months?|weeks?|days?|hours?) (?:ago|later|earlier|before|after))\b|\b\d{1,2}(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\b(?:hundreds?|thousands?|millions?|billions?|dozens?|half|third|quarters?|double[ds]?|tripled?|twice|"
    r"majority|all|none|nobody|no|several|many|few)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Z][\w’'-]+")


def holds_kind(question: Question, text: str) -> bool:
    """Whether the text has what the question asks for, beyond what the question itself says."""
    if question.expects == "time":
        return any(match.group() not in question.terms.years for match in _TIME.finditer(text))
    if question.expects == "number":
        given = {number_of(f"{figure.amount:.10g}") for figure in figures_of(text) if figure.unit != "clock"}
        return bool(given - question.terms.numbers) or bool(_AMOUNT.search(text))
    if question.expects in ("person", "place"):
        return any(stem(match.group()) not in question.terms.words for match in _NAME.finditer(text))
    return True
