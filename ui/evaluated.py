"""What an evaluation found, for the terminal and for programs. Names and ids steer nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.evaluate.figures import Figure, Figures
from rag.evaluate.marks import Measure
from rag.evaluate.report import Outcome
from ui.evaluating import Run
from ui.show import visible


def lines(run: Run) -> Iterator[str]:
    """Say it in the terminal."""
    outcome = run.outcome
    asked = max((figure.count for figure in outcome.overall.values()), default=0)
    yield f"{visible(outcome.name)} over {visible(outcome.dossier)}: {asked} of {run.total} questions"
    yield from _table(outcome.measures, outcome.overall)
    if len(outcome.by_kind) > 1:
        yield ""
        yield from _by_kind(outcome)
    if outcome.comparison is not None:
        found = outcome.comparison
        yield f"\nCompared with before, over the {found.shared} questions that are the same (later minus earlier):"
        yield from _table(outcome.measures, found.differences)
        for title, changes in (("better", found.better), ("worse", found.worse)):
            names = ", ".join(visible(change.id) for change in changes[:20])
            yield f"{title}: {len(changes)}{' (' if changes else ''}{names}{')' if changes else ''}"


def _table(measures: Sequence[Measure], found: Figures) -> Iterator[str]:
    yield f"{'':18}{'mean':>8}   {'95% interval':18}{'median':>8}{'p95':>8}{'count':>7}"
    for measure in measures:
        one = found.get(measure.name)
        if one is not None:
            interval = f"{one.low:.3f} to {one.high:.3f}"
            yield f"{measure.name:18}{one.mean:8.3f}   {interval:18}{one.median:8.3f}{one.p95:8.3f}{one.count:7}"


def _by_kind(outcome: Outcome) -> Iterator[str]:
    shares = [measure.name for measure in outcome.measures if measure.is_share and measure.name in outcome.overall]
    yield f"{'':18}" + "".join(f"{name:>{len(name) + 2}}" for name in shares)
    for kind, found in outcome.by_kind.items():
        cells = (
            f"{found[name].mean:.3f}".rjust(len(name) + 2) if name in found else "–".rjust(len(name) + 2)
            for name in shares
        )
        yield f"{visible(kind)[:17]:18}" + "".join(cells)


def as_json(run: Run) -> dict[str, object]:
    """Give what a program would read."""
    outcome = run.outcome
    told: dict[str, object] = {
        "questions": outcome.name,
        "dossier": outcome.dossier,
        "total": run.total,
        "stopped": run.stopped,
        "overall": _figures_json(outcome.overall),
        "by_kind": {kind: _figures_json(found) for kind, found in outcome.by_kind.items()},
        "bars": [
            {"measure": b.measure, "direction": b.direction, "value": b.value, "cleared": b.cleared(outcome.overall)}
            for b in outcome.bars
        ],
    }
    if outcome.comparison is not None:
        found = outcome.comparison
        told["comparison"] = {
            "shared": found.shared,
            "differences": _figures_json(found.differences),
            "better": [change.id for change in found.better],
            "worse": [change.id for change in found.worse],
        }
    return told


def _figures_json(found: Figures) -> dict[str, object]:
    return {name: _figure_json(figure) for name, figure in found.items()}


def _figure_json(figure: Figure) -> dict[str, float]:
    return {
        "count": figure.count,
        "mean": figure.mean,
        "low": figure.low,
        "high": figure.high,
        "median": figure.median,
        "p95": figure.p95,
    }
