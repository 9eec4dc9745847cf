"""Whether a text holds something of the kind that a question asks for: a time, a number of some unit, a name."""

from __future__ import annotations

import re

from rag.figures import figures_of
from rag.question import Question
from rag.terms import MONTHS, WEEKDAYS, number_of, stem

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b"
)
_TIME = re.compile(
    r"\b(?:1\d|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|"
    rf"\b(?:{MONTHS}|{WEEKDAYS}|"
    r"century|decade|today|yesterday|"
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
_UNITS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(held, re.IGNORECASE))
    for asked, held in (
        (
            r"\b(?:what|which) (?:percent|percentage|proportion|share|fraction)\b|\bhow many per ?cent\b",
            r"%|\bper ?cent|\b(?:half|thirds?|quarters?|fifths?|tenths?|majority|all|none|double[ds]?|one in)\b|\d/\d",
        ),
        (
            r"\bhow (?:much|many) (?:money|dollars|euros|pounds|yuan|yen)\b|"
            r"\b(?:dollar|euro|monetary) (?:value|amount)\b",
            r"[$€£¥]|\b(?:dollars?|euros?|pounds?|yuan|yen|roubles?|rubles?|francs?|crowns?|million|billion|trillion)\b",
        ),
        (
            r"\b(?:what|which|exact) (?:date|day)\b",
            rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{_MONTHS}|{_MONTHS}\.? \d{{1,2}}\b|\b\d{{4}}-\d\d-\d\d\b|"
            rf"\b(?:{WEEKDAYS})\b|"
            r"\b(?:yesterday|today|tomorrow)\b|\b\d{1,2}\.\d{1,2}\.|"
            r"\b\d{1,2}(?:st|nd|rd|th)\b",
        ),
        (r"\b(?:what|which) years?\b", r"\b(?:1\d|20|[5-9])\d\d\b|\b(?:last|this|next) year\b|\byears? (?:ago|later)"),
        (
            r"\bhow often\b",
            r"\b(?:every|each|per|annual\w*|dai?ly|weekly|monthly|yearly|quarterly|biennial\w*|regular\w*|once|twice|times|"
            r"often|frequent\w*|never|rare\w*|always|sometimes)\b",
        ),
    )
)
"""Questions that name the unit of what they ask for, and what an answer then holds."""


def holds_kind(question: Question, text: str) -> bool:
    """Whether the text has what the question asks for, beyond what the question itself says."""
    wanted = [held for asked, held in _UNITS if asked.search(question.text)]
    if wanted and question.expects != "time":
        return all(held.search(text) for held in wanted)
    if not all(held.search(text) for held in wanted):
        return False
    if question.expects == "time":
        return any(match.group() not in question.terms.years for match in _TIME.finditer(text))
    if question.expects == "number":
        given = {number_of(f"{figure.amount:.10g}") for figure in figures_of(text) if figure.unit != "clock"}
        return bool(given - question.terms.numbers) or bool(_AMOUNT.search(text))
    if question.expects == "person" and not question.beside_names:  # `Who is Anna Bell?` wants no other name
        return True
    if question.expects in ("person", "place"):
        return any(stem(match.group()) not in question.terms.words for match in _NAME.finditer(text))
    return True
