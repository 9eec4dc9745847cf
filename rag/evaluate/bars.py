"""Bars that an evaluation has to clear, such as `proved>=0.9`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from index.errors import BadInput
from rag.evaluate.figures import Figures

_ROUNDING = 1e-9
"""A mean of 0.9 may come out as 0.8999999999999999."""
_BAR = re.compile(r"\s*([\w@]+)\s*(>=|<=)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Bar:
    """A measure's mean has to reach a value, or to stay below it."""

    measure: str
    direction: Literal[">=", "<="]
    value: float

    def cleared(self, figures: Figures) -> bool:
        """Whether it is; a measure that could not be judged clears nothing."""
        if self.measure not in figures:
            return False
        mean = figures[self.measure].mean
        return mean >= self.value - _ROUNDING if self.direction == ">=" else mean <= self.value + _ROUNDING

    def line(self, figures: Figures) -> str:
        """Say how it went."""
        outcome = "cleared" if self.cleared(figures) else "MISSED"
        found = figures.get(self.measure)
        told = "could not be judged" if found is None else f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"
        return f"bar {self.measure} {self.direction} {self.value:g}: {outcome}, {told}"


def bar_of(text: str, measures: Iterable[str]) -> Bar:
    """Read a bar. Raises BadInput."""
    names = list(measures)
    match = _BAR.fullmatch(text)
    if match is None or match[1] not in names:
        raise BadInput(f"{text!r} is not a bar.", f"Write NAME>=VALUE or NAME<=VALUE; names are {', '.join(names)}.")
    try:
        value = float(match[3])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{match[3]!r} in the bar {text!r} is not a number.", "Write for example proved>=0.9.")
    return Bar(match[1], ">=" if match[2] == ">=" else "<=", value)
