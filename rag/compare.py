"""Find sources that give different values for the same thing: figures, times of day, dates, names, yes and no.

Two windows disagree when both are close to the best answer, they speak of the same matter, and each gives one value of
the asked kind, and not the same one. Copies are one voice. A later value by the same publisher is an update.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.answers import Window
from rag.figures import Figure, figures_of
from rag.question import Expects, Question
from rag.slots import is_same_name, may_be_one_time, name_in
from rag.terms import number_of, stems_of, terms_of
from rag.when import dates_in

_GAP = 3.0
"""How far behind the best window another side may be, in logits of the cross-encoder."""
_AS_GOOD = 1.0
"""How far behind the best window one may be that gives the value for it, where what is quoted has none."""
_MATTER = 0.12
"""The least share of common words in two sentences about the same matter."""
_DENIED = 0.75
"""The share of the shorter sentence's words that the other one has where one denies what the other says."""
_ALTERNATIVE = re.compile(r"\bor\b|\boder\b", re.IGNORECASE)
_DENYING = frozenset(stems_of("denied denies fails failed refused refuses lacks lacked unable hardly"))


@dataclass(frozen=True, slots=True)
class Side:
    """A window and the value it gives."""

    value: str
    """As the sentence writes it; `yes` or `no` where it affirms or denies."""
    key: str
    """Equal for equal values; of dates, the one that tells less begins the one that tells more."""
    window: Window
    unit: str = ""

    def says_the_same(self, other: Side) -> bool:
        """Whether the two values can both be true."""
        if self.unit == "date":
            return self.key.startswith(other.key) or other.key.startswith(self.key)
        if self.unit == "name":
            return is_same_name(self.key, other.key)
        return self.key == other.key


def sides(
    question: Question, chosen: Sequence[Window], judged: Sequence[Window], read: Iterable[Window] = ()
) -> tuple[Side, ...]:
    """Give one side for each differing value, newest first; none where the sources agree or one alone speaks.

    `read` are all windows of the passages that were read: among them is looked for what denies the best one.
    """
    if not chosen or len(question.subjects) > 1:
        return ()
    if question.expects == "yes_no":
        return _newest_first(_denials(question, chosen[0], (*judged, *read)))
    for give in _GIVING.get(question.expects, ()):
        best = [window for window in judged if window.logit >= chosen[0].logit - _AS_GOOD]
        first = next((side for window in (*chosen, *best) if (side := give(question, window, None))), None)
        if first is None:
            continue
        found = [first]
        for window in judged:
            side = give(question, window, first.unit) if window.logit >= chosen[0].logit - _GAP else None
            if side and _same_matter(question, first, side) and not any(_same_voice(side, other) for other in found):
                found.append(side)
        return _newest_first(found) if len(found) > 1 and not all(first.says_the_same(side) for side in found) else ()
    return ()


_Give = Callable[[Question, Window, str | None], Side | None]
"""Gives a window's value: of the unit, where one is named."""


def disagree(found: Sequence[Side]) -> bool:
    """Whether different publishers stand behind the values; one publisher's own are updates."""
    return len({_publisher(side) for side in found}) > 1


def about(question: Question) -> str:
    """Name what the sides disagree about: the question without its mark."""
    return question.text.rstrip("? ").strip()


def _figure(question: Question, window: Window, unit: str | None) -> Side | None:
    """The one figure that the judged sentence gives beyond the question's own; None where there are several.

    With a `unit` only its figures count; without one, those of a thing that the question names, then all with a unit.
    """
    clock = question.expects == "time"
    given = [
        figure
        for figure in figures_of(_focus(window))
        if (figure.unit == "clock") == clock and _written(figure) not in question.terms.numbers
    ]
    if unit is not None:
        given = [figure for figure in given if figure.unit == unit]
    for preferred in (
        [figure for figure in given if figure.unit in question.terms.words],
        [figure for figure in given if figure.unit],
    ):
        if preferred:
            same = len({figure.amount for figure in preferred}) == 1
            return Side(preferred[0].written, _written(preferred[0]), window, preferred[0].unit) if same else None
    return None


def _date(question: Question, window: Window, unit: str | None) -> Side | None:
    """The one date that a sentence gives which has at least half of the question's words; None where it is not sure."""
    if unit not in (None, "date"):
        return None
    asked, held = question.terms.words, terms_of(_focus(window)).words
    dates = {key: written for key, written in dates_in(_focus(window)) if written not in question.text}
    if len(dates) != 1 or len(asked & held) < max(2, len(asked) / 2) or terms_of(_focus(window)).negated:
        return None
    ((key, written),) = dates.items()
    return Side(written, key, window, "date")


def _name(question: Question, window: Window, unit: str | None) -> Side | None:
    """The one name that fills the place the question leaves open."""
    name = name_in(question, window) if unit in (None, "name") else None
    return Side(name, name, window, "name") if name else None


_GIVING: dict[Expects, tuple[_Give, ...]] = {
    "number": (_figure,),
    "time": (_figure, _date),
    "person": (_name,),
    "place": (_name,),
}


def _denials(question: Question, best: Window, windows: Iterable[Window]) -> list[Side]:
    """The best sentence and one of another publisher that denies it, or affirms what it denies, in nearly its words."""
    said = terms_of(_focus(best))
    words = said.words - _DENYING
    if question.terms.negated or _ALTERNATIVE.search(question.text):
        return []
    first = Side("no" if said.negated else "yes", str(said.negated), best)
    for window in windows:
        other = terms_of(_focus(window))
        others = other.words - _DENYING
        few = min(len(words), len(others))
        if other.negated == said.negated or few < 2 or len(words & others) < max(2, _DENIED * few):
            continue
        side = Side("no" if other.negated else "yes", str(other.negated), window)
        if window.hit.document.id != best.hit.document.id and disagree([first, side]):
            return [first, side]
    return []


def _same_matter(question: Question, first: Side, other: Side) -> bool:
    """Whether two sides may be held against each other: another document, the same unit and time, common words."""
    if first.window.hit.document.id == other.window.hit.document.id or first.unit != other.unit:
        return False
    unit = {first.unit}
    focus, others = terms_of(_focus(first.window)), terms_of(_focus(other.window))
    if first.unit == "name" and not may_be_one_time(first.window, other.window):
        return False
    if first.unit != "date" and focus.years and others.years and not focus.years & others.years:
        return False
    if not all(_speaks_of(side.window, name) for side in (first, other) for name in question.subjects):
        return False
    pairs = [(focus.words - unit, others.words - unit)]
    pairs.append((terms_of(first.window.text).words - unit, terms_of(other.window.text).words - unit))
    asked = question.terms.words - unit
    common = asked & pairs[1][0] & pairs[1][1]
    alike = any(len(a & b) >= max(1, _MATTER * len(a | b)) for a, b in pairs)
    return alike or len(common) >= max(2, len(asked) / 2)


def _speaks_of(window: Window, name: str) -> bool:
    document = window.hit.document
    return set(stems_of(name)) <= set(stems_of(f"{document.title} {document.name} {window.hit.passage.text}"))


def _same_voice(side: Side, other: Side) -> bool:
    if side.says_the_same(other):
        return True
    return _publisher(side) == _publisher(other) and side.window.hit.document.id == other.window.hit.document.id


def _newest_first(found: Sequence[Side]) -> tuple[Side, ...]:
    return tuple(sorted(found, key=lambda side: side.window.hit.document.metadata.published or "", reverse=True))


def _focus(window: Window) -> str:
    return window.text[window.focus - window.start :]


def _written(figure: Figure) -> str:
    return number_of(f"{figure.amount:.10g}")


def _publisher(side: Side) -> str:
    document = side.window.hit.document
    return (document.metadata.publisher or document.id).casefold()
