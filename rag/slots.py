"""Read the one name with which a sentence fills the place that a question leaves open: who founded it, where it stands.

Only for what has one answer at a time. Many may have criticised a plan, and two names are no disagreement then; one
alone founded the firm, and two names are.
"""

from __future__ import annotations

import re

from rag.answers import Window
from rag.question import Question, subjects_of
from rag.terms import FUNCTION_WORDS, MONTHS, WEEKDAYS, stem, stems_of, terms_of
from rag.when import earlier

_ONE_AT_A_TIME = re.compile(
    r"\b(?:won|wins?|winner|founded|founder|invented|inventor|discovered|designed|designer|architect|wrote|author|"
    r"composed|painted|directed|killed|assassinated|owns?|owned|owner|bought|acquired|leads?|led|leader|"
    r"heads?|headed|chairs?|chaired|chair(?:man|woman|person)?|president|(?:prime|)?minister|chancellor|mayor|"
    r"governor|king|queen|director|chief executive|ceo|captain|commander|successor|succeed(?:ed|s)?|replaced?|"
    r"elected|appointed|ordered|signed|married|husband|wife|father|mother|awarded|banned|forb(?:ids?|ade)|"
    r"approved|stopped|halted|suspended|first|last|largest|biggest|smallest|oldest|youngest|highest|lowest|"
    r"best|worst|most|least|born|buried|based|located|headquarter\w*|capital|built|made|manufactured|"
    r"(?:takes?|took) place|held|began)\b",
    re.IGNORECASE,
)
"""Deeds, offices and ranks that one name fills at a time, and places where a thing is."""
_CALENDAR = re.compile(
    rf"(?:{WEEKDAYS}|{MONTHS}|spring|summer|autumn|winter|[\s\d])+",
    re.IGNORECASE,
)
_SPEAKS = r"(?:said|says|told|wrote|writes|added|argued|reported|reports|according to|announced|claimed|claims)"
_CHANGES_IN = 366
"""In days: what two sources told further apart than this may both have been true."""


def name_in(question: Question, window: Window) -> str | None:
    """Give the one name that the judged sentence has beyond the question's own; None where that is not sure.

    The sentence has at least half of the question's words, denies nothing, and names nobody else but who says it.
    """
    if question.expects not in ("person", "place") or not _ONE_AT_A_TIME.search(question.text):
        return None
    focus = window.text[window.focus - window.start :]
    held, asked = terms_of(focus), question.terms.words
    if held.negated or len(asked & held.words) < max(2, len(asked) / 2):
        return None
    named = [name for name in subjects_of(focus) if _is_another(name, question, window, focus)]
    return named[0] if len(named) == 1 else None


def may_be_one_time(one: Window, other: Window) -> bool:
    """Whether two sources are near enough in time that one of their names must be wrong."""
    told = [window.hit.document.metadata.published or "" for window in (one, other)]
    return not any(earlier(first, _CHANGES_IN, second) for first, second in (told, told[::-1]))


def is_same_name(one: str, other: str) -> bool:
    """Whether two names may be of the same: `Bell` and `Anna Bell`."""
    return bool(_parts(one) & _parts(other))


def _is_another(name: str, question: Question, window: Window, focus: str) -> bool:
    """Whether a name is neither the question's, nor the paper's, nor a date, nor the one of who says it."""
    metadata = window.hit.document.metadata
    known = question.text, metadata.publisher or "", metadata.author or ""
    if any(_parts(name) & set(stems_of(text)) for text in known) or _CALENDAR.fullmatch(name):
        return False
    if " " not in name and (name.casefold() in FUNCTION_WORDS or focus.lstrip("“\"'").startswith(name)):
        return False  # the word that opens a sentence is mostly none
    spoken = rf"{_SPEAKS}\s+(?:\w+\s+){{0,3}}{re.escape(name)}|{re.escape(name)}[^.]{{0,40}}\b{_SPEAKS}\b"
    return re.search(spoken, focus) is None


def _parts(name: str) -> set[str]:
    return {stem(word) for word in name.split() if word.casefold() not in FUNCTION_WORDS}
