"""Sum marks up: means with bootstrap intervals, overall, by kind, and from one time to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.evaluate.marks import MEASURES, Marks

RESAMPLES = 2000
SEED = 20
LEVEL = 0.95
_DRAWN_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over many questions."""

    count: int
    """Of how many questions it could be judged."""
    mean: float
    low: float
    """The lower end of the 95% interval."""
    high: float
    median: float
    p95: float


Figures = Mapping[str, Figure]
"""By measure; a measure that could not be judged for any question is left out."""


@dataclass(frozen=True, slots=True)
class Change:
    """A question that became better or worse."""

    id: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed for the questions that both times were asked."""

    shared: int
    differences: Figures
    """Of each measure, later minus earlier, paired by question."""
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    """By quality; the largest changes first."""


def figure(values: Sequence[float]) -> Figure:
    """Give the mean with its percentile bootstrap interval (Efron 1979); the same values give the same figure."""
    array = np.asarray(values, np.float64)
    low, high = np.quantile(_means_of_resamples(array), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    median, p95 = np.quantile(array, [0.5, 0.95])
    mean = float(array.mean())
    return Figure(len(array), mean, min(float(low), mean), max(float(high), mean), float(median), float(p95))


def _means_of_resamples(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw as many values as there are, with repetition, again and again; in batches that stay small."""
    random, batch = np.random.default_rng(SEED), max(1, _DRAWN_AT_ONCE // len(array))
    sizes = [min(batch, RESAMPLES - begun) for begun in range(0, RESAMPLES, batch)]
    return np.concatenate([array[random.integers(0, len(array), (size, len(array)))].mean(axis=1) for size in sizes])


def figures(marked: Iterable[Marks]) -> dict[str, Figure]:
    """Give the figure of every measure that was judged, in the measures' order."""
    marked = list(marked)
    names = dict.fromkeys([measure.name for measure in MEASURES] + [name for marks in marked for name in marks])
    values = {name: [marks[name] for marks in marked if name in marks] for name in names}
    return {name: figure(listed) for name, listed in values.items() if listed}


def compare(before: Mapping[str, Marks], after: Mapping[str, Marks]) -> Comparison:
    """Compare marks by the questions' ids."""
    shared = [id for id in after if id in before]
    pairs = [{name: after[id][name] - before[id][name] for name in after[id] if name in before[id]} for id in shared]
    changes = [Change(id, before[id]["quality"], after[id]["quality"]) for id in shared if "quality" in after[id]]
    changes.sort(key=lambda change: (-abs(change.after - change.before), change.id))
    return Comparison(
        shared=len(shared),
        differences=figures(pairs),
        better=tuple(change for change in changes if change.after > change.before),
        worse=tuple(change for change in changes if change.after < change.before),
    )
