"""Draw the report's pictures as SVG that stands inside a page, without a network and in the page's own colours."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import NotInstalled
from rag.evaluate.figures import Figure
from rag.evaluate.kept import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

INK, FIRST, SECOND = "#010203", "#3d7fd6", "#d9822b"
"""The first stands for the page's own text colour; the others can be seen on light and on dark."""
BINS = 10
"""Of the confidence, for its reliability."""


@contextmanager
def _drawing(pictures: list[str], width: float = 5.2, height: float = 3.4) -> Iterator[Axes]:
    """Give axes to draw on, and append the picture."""
    matplotlib = require_library()
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    looks = {
        "text.parse_math": False,  # a kind may be called `$x`
        "svg.fonttype": "none",
        "svg.hashsalt": "dossier",
        "font.size": 9,
        **dict.fromkeys(["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"], INK),
    }
    with matplotlib.rc_context(looks):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(canvas)
        canvas.patch.set_alpha(0)
        axes = canvas.add_subplot()
        axes.patch.set_alpha(0)
        axes.grid(alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        yield axes
        drawn = io.StringIO()
        canvas.savefig(drawn, format="svg", metadata=dict.fromkeys(["Date", "Creator", "Format", "Type"]))
    pictures.append(_inline(drawn.getvalue()))


def require_library() -> Any:  # noqa: ANN401  # a module
    """Give the drawing library. Raises NotInstalled."""
    try:
        import matplotlib
    except ImportError:
        raise NotInstalled("Drawing a report needs matplotlib.", "Install it: make evaluation") from None
    return matplotlib


def risk_coverage(rows: Sequence[Row]) -> tuple[Sequence[float], Sequence[float]]:
    """Give shares of all questions that would be answered, surest first, and the mean quality of those answers.

    An answer to a question that the documents do not answer is worth nothing (El-Yaniv and Wiener 2010, turned up).
    """
    answered = sorted((row for row in rows if not row.declined), key=lambda row: (-row.confidence, row.case.id))
    worth = [0.0 if row.case.abstain else row.marks["quality"] for row in answered]
    counts = np.arange(1, len(worth) + 1)
    return (counts / max(1, len(rows))).tolist(), (np.cumsum(worth) / counts).tolist()


def reliability(rows: Sequence[Row]) -> list[tuple[float, float, float, int]]:
    """Give for each bin of confidence: its mean, the share of answerable questions, their mean quality, how many."""
    bins: dict[int, list[Row]] = {}
    for row in rows:
        bins.setdefault(min(BINS - 1, int(row.confidence * BINS)), []).append(row)
    return [
        (
            float(np.mean([row.confidence for row in inside])),
            float(np.mean([not row.case.abstain for row in inside])),
            float(np.mean([0.0 if row.case.abstain or row.declined else row.marks["quality"] for row in inside])),
            len(inside),
        )
        for _, inside in sorted(bins.items())
    ]


def draw_risk_coverage(rows: Sequence[Row]) -> str:
    """Draw quality against the share of questions answered."""
    pictures: list[str] = []
    shares, worth = risk_coverage(rows)
    with _drawing(pictures) as axes:
        axes.plot(shares, worth, color=FIRST)
        if shares:
            axes.plot(shares[-1:], worth[-1:], "o", color=SECOND)
            axes.annotate("as it is", (shares[-1], worth[-1]), (-6, -12), textcoords="offset points", ha="right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="share of all questions answered", ylabel="quality")
    return pictures[0]


def draw_reliability(rows: Sequence[Row]) -> str:
    """Draw what the confidence promised against what was found."""
    pictures: list[str] = []
    bins = reliability(rows)
    with _drawing(pictures) as axes:
        axes.plot([0, 1], [0, 1], color=INK, alpha=0.4, linestyle=":")
        promised = [one[0] for one in bins]
        axes.plot(promised, [one[1] for one in bins], "o-", color=FIRST, label="the documents answer it")
        axes.plot(promised, [one[2] for one in bins], "s--", color=SECOND, label="quality of the answer")
        for mean, share, _, count in bins:
            axes.annotate(str(count), (mean, share), (0, 5), textcoords="offset points", ha="center", size=7)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.1), xlabel="confidence", ylabel="found")
        axes.legend(frameon=False, loc="lower right")
    return pictures[0]


def draw_kinds(by_kind: Mapping[str, Figure]) -> str:
    """Draw a mean with its interval for each kind of question."""
    pictures: list[str] = []
    names = list(by_kind)[::-1]
    with _drawing(pictures, height=1 + 0.3 * len(names)) as axes:
        means = [by_kind[name].mean for name in names]
        below = [by_kind[name].mean - by_kind[name].low for name in names]
        above = [by_kind[name].high - by_kind[name].mean for name in names]
        axes.errorbar(means, range(len(names)), xerr=[below, above], fmt="o", color=FIRST, capsize=3)
        axes.set_yticks(range(len(names)), [f"{_short(name)} ({by_kind[name].count})" for name in names])
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.6, len(names) - 0.4), xlabel="quality, with 95% interval")
    return pictures[0]


def draw_times(seconds: Sequence[float]) -> str:
    """Draw what share of questions was answered within which time."""
    pictures: list[str] = []
    with _drawing(pictures) as axes:
        axes.ecdf(seconds, color=FIRST)
        axes.set(xlabel="seconds", ylabel="share of questions answered by then", ylim=(0, 1.02))
        axes.set_xlim(left=0)
    return pictures[0]


def _short(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def _inline(svg: str) -> str:
    """Leave out what only a file of its own needs, and take the page's text colour."""
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL).replace(
        INK, "currentColor"
    )
