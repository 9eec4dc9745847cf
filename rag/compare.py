"""Find sources that give different figures for the same thing.

Two windows disagree when both are close to the best answer, they speak of the same matter, and each gives one figure of
the asked unit, and not the same one. Copies are one voice. A later figure by the same publisher is an update.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers import Window
from rag.figures import Figure, figures_of
from rag.question import Question
from rag.terms import number_of, terms_of

_GAP = 3.0
"""How far behind the best window another side may be, in logits of the cross-encoder."""
_MATTER = 0.12
"""The least share of common words in two sentences about the same matter."""


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
        side = _side(question, window, first.figure.unit)
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


def _side(question: Question, window: Window, unit: str | None = None) -> Side | None:
    """The one figure that the judged sentence gives beyond the question's own; None where there are several.

    With a `unit` only its figures count; without one, those of a thing that the question names, then all with a unit.
    """
    clock = question.expects == "time"
    given = [
        figure
        for figure in figures_of(window.text[window.focus - window.start :])
        if (figure.unit == "clock") == clock and number_of(f"{figure.amount:.10g}") not in question.terms.numbers
    ]
    if unit is not None:
        given = [figure for figure in given if figure.unit == unit]
    for preferred in (
        [figure for figure in given if figure.unit in question.terms.words],
        [figure for figure in given if figure.unit],
    ):
        if preferred:
            same = len({figure.amount for figure in preferred}) == 1
            return Side(preferred[0], window) if same else None
    return None


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
