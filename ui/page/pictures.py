"""Pictures to look at instead of reading, drawn here by matplotlib as SVG: timeline, map, coverage of an answer.

Colours are written as names of the page's own, so that a picture follows light and dark; points are links.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from threading import Lock
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from index.records import Document
from ui.page.markup import escape
from ui.page.texts import Texts

WIDTH = 5.8
"""In inches of 72 points; the page scales it to the reader's width."""
MOST_ROWS = 14
MOST_LABELS = 14
TITLE = 34
FEW = 60
"""Up to how many points each is reached by the tabulator; of more, only those that the answer cites."""
_INK, _FAINT, _LINE, _ACCENT, _MARK, _PAPER = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
_NAMES = {
    _INK: "ink", _FAINT: "faint", _LINE: "line", _ACCENT: "accent", _MARK: "mark", _PAPER: "card",
}  # fmt: skip
_STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dossier",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": _INK,
    "text.parse_math": False,  # a publisher may have a dollar in its name
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _FAINT,
    "xtick.color": _FAINT,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}
_DRAWING = Lock()
"""Matplotlib's settings are the process's."""


def timeline(t: Texts, documents: Sequence[Document], cited: frozenset[str]) -> str:
    """Draw documents by date and publisher; what an answer cites is filled. Empty where nothing has a date."""
    dated = [(document, _day(document.metadata.published)) for document in documents if document.metadata.published]
    placed = [(document, day) for document, day in dated if day is not None]
    if not placed:
        return ""
    named = Counter(document.metadata.publisher or t.no_publisher for document, _ in placed)
    rows = [name for name, _ in named.most_common(MOST_ROWS)]
    height = 0.9 + 0.34 * min(len(named), MOST_ROWS + 1)
    others = len(rows)
    level = {name: number for number, name in enumerate(rows)}
    stacked: Counter[tuple[int, int]] = Counter()
    points = []
    for document, day in placed:
        row = level.get(document.metadata.publisher or t.no_publisher, others)
        points.append((day.toordinal(), row - 0.13 * (stacked[row, day.toordinal() // 12] % 4)))
        stacked[row, day.toordinal() // 12] += 1
    with _DRAWING, mpl.rc_context(_STYLE):  # type: ignore[arg-type] # its names are many literals
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        labels = [_short(name, 22) for name in rows] + [t.other_documents] * (len(named) > MOST_ROWS)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.8)
        axes.tick_params(length=0)
        axes.grid(axis="x", color=_LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.xaxis_date()
        _by_years(axes, [day for _, day in placed])
        _dots(axes, np.array(points, float), [document for document, _ in placed], cited)
        return _svg(figure, t.timeline, [document for document, _ in placed], cited)


def likeness_map(t: Texts, documents: Sequence[Document], vectors: NDArray[np.float32], cited: frozenset[str]) -> str:
    """Draw documents so that those alike stand close together: the two main directions of their vectors.

    `vectors`: shape (n, dimensions), a row for each document. Empty for fewer than three documents.
    """
    if len(documents) < 3:
        return ""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    points = left[:, :2] * strength[:2]
    points *= np.where(points[np.abs(points).argmax(axis=0), (0, 1)] < 0, -1, 1)  # a direction has no sign of its own
    points = points / np.maximum(np.abs(points).max(axis=0), 1e-9)
    with _DRAWING, mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, WIDTH * 0.9), layout="constrained")
        axes = figure.add_subplot()
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_xlim(-1.15, 1.75)
        axes.set_ylim(-1.15, 1.15)
        _dots(axes, points, documents, cited)
        _labels(axes, points, documents, cited)
        return _svg(figure, t.map, documents, cited)


def coverage(t: Texts, rests: Sequence[Sequence[str]], documents: Mapping[str, Document]) -> str:
    """Draw which sentence rests on which source; `rests` holds the ids of the sources, sentence by sentence."""
    rows = list(dict.fromkeys(id for sentence in rests for id in sentence))
    if not rows:
        return ""
    with _DRAWING, mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, 0.9 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_yticks(range(len(rows)), [_named(t, documents.get(id)) for id in rows])
        axes.set_xticks(range(1, len(rests) + 1))
        axes.set_xlabel(t.statement)
        axes.tick_params(length=0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0.4, max(len(rests), 4) + 0.6)
        axes.grid(color=_LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        spots = [(number, rows.index(id), id) for number, ids in enumerate(rests, 1) for id in ids]
        dots = axes.scatter(
            [spot[0] for spot in spots], [spot[1] for spot in spots], s=110, c=_ACCENT, edgecolors=_PAPER, linewidths=1
        )
        dots.set_urls([f"#document-{id}" for *_, id in spots])
        return _svg(figure, t.coverage, [documents[id] for id in rows if id in documents], frozenset(rows))


def _dots(axes: Any, points: NDArray[Any], documents: Sequence[Document], cited: frozenset[str]) -> None:  # noqa: ANN401  # matplotlib's axes are untyped
    """Draw points as links; the cited ones last, so that nothing lies over them."""
    chosen = np.array([document.id in cited for document in documents], bool)
    for which, size, fill, edge, width in ((~chosen, 42, _LINE, _FAINT, 1.0), (chosen, 95, _ACCENT, _MARK, 2.4)):
        if which.any():
            dots = axes.scatter(points[which, 0], points[which, 1], s=size, c=fill, edgecolors=edge, linewidths=width)
            dots.set_urls([f"#document-{d.id}" for d, here in zip(documents, which, strict=True) if here])


def _labels(axes: Any, points: NDArray[Any], documents: Sequence[Document], cited: frozenset[str]) -> None:  # noqa: ANN401
    """Write titles where they do not lie over one another, those of cited documents first."""
    taken: list[tuple[float, float]] = []
    for index in sorted(range(len(documents)), key=lambda index: documents[index].id not in cited):
        x, y = points[index]
        if len(taken) >= MOST_LABELS:
            return
        free = all(abs(y - other_y) > 0.09 or abs(x - other_x) > 1.25 for other_x, other_y in taken)
        over = any(0 < other_x - x < 1.1 and abs(y - other_y) < 0.05 for other_x, other_y in points)
        if free and (not over or documents[index].id in cited):
            taken.append((x, y))
            ink = _INK if documents[index].id in cited else _FAINT
            axes.annotate(_short(documents[index].title, TITLE), (x, y), (7, -3), textcoords="offset points", color=ink)


def _by_years(axes: Any, days: Sequence[date]) -> None:  # noqa: ANN401
    """Name the years, and the quarters where there are few years."""
    first, last = min(days), max(days)
    span = max((last - first).days, 30)
    axes.set_xlim(first.toordinal() - span * 0.06, last.toordinal() + span * 0.06)
    years = range(first.year, last.year + 2)
    step = max(1, len(years) // 6)
    starts = [date(year, 1, 1) for year in years][::step]
    if span < 500:
        starts = [date(year, month, 1) for year in years for month in (1, 4, 7, 10)]
    starts = [
        day for day in starts if first.toordinal() - span * 0.06 <= day.toordinal() <= last.toordinal() + span * 0.06
    ]
    axes.set_xticks(
        [day.toordinal() for day in starts], [f"{day:%Y}" if day.month == 1 else f"{day:%Y-%m}" for day in starts]
    )


def _day(published: str | None) -> date | None:
    """Give the day, or the middle of the month or year."""
    year, month, day = ([*(published or "").split("-"), "", ""])[:3]
    try:
        return date(int(year), int(month or 7), int(day or (15 if month else 1)))
    except ValueError:
        return None


def _named(t: Texts, document: Document | None) -> str:
    if document is None:
        return "–"
    told = [document.metadata.publisher, document.metadata.published and t.date(document.metadata.published)]
    return _short(document.title, TITLE) + "\n" + _short(" · ".join(part for part in told if part), TITLE + 4)


def _short(text: str, most: int) -> str:
    plain = " ".join(char for char in text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def _svg(figure: Figure, name: str, documents: Sequence[Document], cited: frozenset[str]) -> str:
    """Write the picture for the page: colours by name, links with the documents' titles."""
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    written = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for colour, meaning in _NAMES.items():
        svg = svg.replace(colour, f"var(--{meaning})")
    titles = {document.id: document.title for document in documents}
    few = len(documents) <= FEW

    def link(found: re.Match[str]) -> str:
        id = found[1]
        stop = "0" if few or id in cited else "-1"
        title = escape(titles.get(id, ""))
        return f'<a href="#document-{id}" tabindex="{stop}" aria-label="{title}"><title>{title}</title>'

    svg = re.sub(r'<a xlink:href="#document-([\w-]+)"[^>]*>', link, svg)
    return svg.replace("<svg", f'<svg class="picture" role="group" aria-label="{escape(name)}"', 1)
