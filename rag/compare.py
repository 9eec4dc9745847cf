"""Find sources that give different figures for the same thing.

Two windows disagree when both are close to the best answer, they speak of the same matter, and each gives one figure of
the asked unit, and not the same one. Copies are one voice. A later figure by the same publisher is an update.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.answers import Window
from rag.question import Question
from rag.terms import FUNCTION_WORDS, NUMBER_WORDS, number_of, stem, terms_of

_GAP = 3.0
"""How far behind the best window another side may be, in logits of the cross-encoder."""
_MATTER = 0.12
"""The least share of common words in two sentences about the same matter."""
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SCALE_SIGNS = {"k": 1e3, "m": 1e6, "bn": 1e9}
_FIGURE = re.compile(
    r"(?P<money>[$€£¥]\s?)?(?<![\w.,:/-])(?P<figure>\d+(?:[.,]\d+)*|"
    + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
    + r")(?P<sign>k|m|bn)?(?![\w/-])(?:\s(?P<scale>hundred|thousand|million|billion|trillion))?\s?"
    r"(?P<unit>%|per\s?cent\b|(?:[\w’'-]+)(?=\W|$))?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:.])(?:[01]?\d|2[0-3])[:.][0-5]\d(?![\d:.]\d)")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as a sentence gives it."""

    written: str
    amount: float
    unit: str
    """A stem, `%`, a sign of money, or `clock`; empty where the sentence names none."""


@dataclass(frozen=True, slots=True)
class Side:
    """A window and the figure it gives."""

    figure: Figure
    window: Window


def sides(question: Question, chosen: Sequence[Window], judged: Sequence[Window]) -> tuple[Side, ...]:
    """Give one side for each differing figure, newest first; none where the sources agree or one alone speaks."""
    if question.expects not in ("number", "time") or not chosen:
        return ()
    first = _side(question, chosen[0])
    if first is None:
        return ()
    found = [first]
    for window in judged:
        if window.logit < chosen[0].logit - _GAP:
            break
        side = _side(question, window)
        if side and _same_matter(first, side) and not any(_same_voice(side, other) for other in found):
            found.append(side)
    if len({side.figure.amount for side in found}) < 2:
        return ()
    return tuple(sorted(found, key=lambda side: side.window.hit.document.metadata.published or "", reverse=True))


def disagree(found: Sequence[Side]) -> bool:
    """Whether different publishers stand behind the figures; one publisher's own are updates."""
    return len({_publisher(side) for side in found}) > 1


def about(question: Question) -> str:
    """Name what the sides disagree about: the question without its mark."""
    return question.text.rstrip("? ").strip()


def figures_of(text: str) -> list[Figure]:
    """Read the figures of a text with their units; years and ordinals are none."""
    found = [Figure(match.group(), float(match.group().replace(":", ".")), "clock") for match in _CLOCK.finditer(text)]
    clocks = [match.span() for match in _CLOCK.finditer(text)]
    for match in _FIGURE.finditer(text):
        inside = any(start <= match.start("figure") < end for start, end in clocks)
        if inside or (_YEAR.fullmatch(match.group("figure")) and not match.group("scale")):
            continue
        found.append(_figure(match))
    return found


def _figure(match: re.Match[str]) -> Figure:
    plain = match.group("figure").casefold()
    amount = float(NUMBER_WORDS.get(plain) or number_of(plain))
    amount *= _SCALES.get((match.group("scale") or "").casefold(), 1.0)
    amount *= _SCALE_SIGNS.get((match.group("sign") or "").casefold(), 1.0)
    unit = (match.group("unit") or "").casefold()
    if unit.startswith("per"):
        unit = "%"
    elif unit in FUNCTION_WORDS:
        unit = ""
    elif unit != "%":
        unit = stem(unit)
    end = match.end("unit") if unit else max(match.end("scale"), match.end("sign"), match.end("figure"))
    written = match.string[match.start() : end].strip()
    return Figure(written, amount, (match.group("money") or "").strip() or unit)


def _side(question: Question, window: Window) -> Side | None:
    """The one figure that the judged sentence gives beyond the question's own; None where there are several."""
    sentence = window.text[window.focus - window.start :]
    asked = question.terms.numbers
    given = [figure for figure in figures_of(sentence) if number_of(f"{figure.amount:.10g}") not in asked]
    if question.expects == "time":
        given = [figure for figure in given if figure.unit == "clock"]
    wanted = [figure for figure in given if figure.unit in question.terms.words] or given
    by_amount = [next(same) for _, same in groupby(sorted(wanted, key=lambda f: f.amount), key=lambda f: f.amount)]
    return Side(by_amount[0], window) if len(by_amount) == 1 else None


def _same_matter(first: Side, other: Side) -> bool:
    """Whether two sides may be held against each other: another document, the same unit, common words."""
    if first.window.hit.document.id == other.window.hit.document.id or first.figure.unit != other.figure.unit:
        return False
    unit = {first.figure.unit}
    words, others = terms_of(first.window.text).words - unit, terms_of(other.window.text).words - unit
    return len(words & others) >= _MATTER * len(words | others)


def _same_voice(side: Side, other: Side) -> bool:
    if side.figure.amount == other.figure.amount:
        return True
    return _publisher(side) == _publisher(other) and side.window.hit.document.id == other.window.hit.document.id


def _publisher(side: Side) -> str:
    document = side.window.hit.document
    return (document.metadata.publisher or document.id).casefold()
