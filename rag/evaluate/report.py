"""The report of an evaluation: one page that asks nothing of any other host. Everything in it is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rag.evaluate import plots
from rag.evaluate.bars import Bar
from rag.evaluate.figures import Comparison, Figure, Figures
from rag.evaluate.kept import Quote, Row
from rag.evaluate.marks import Measure

WORST = 30
"""How many of the worst questions are shown."""
_LOOKS = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that an evaluation found."""

    name: str
    """The file or folder of questions."""
    dossier: str
    measures: tuple[Measure, ...]
    overall: Figures
    by_kind: Mapping[str, Figures]
    rows: tuple[Row, ...]
    """Empty for a ranking."""
    bars: tuple[Bar, ...] = ()
    comparison: Comparison | None = None
    date: str = ""


def report(outcome: Outcome) -> str:
    """Write the page. Raises NotInstalled."""
    parts = [
        f"<h1>Evaluation of “{escape(outcome.dossier)}”</h1>",
        f"<p>{_asked(outcome)} from {escape(outcome.name)}, {escape(outcome.date)}. "
        "Intervals are 95%, from 2000 bootstrap resamples of the questions; few questions give wide ones.</p>",
        *(_bars(outcome) if outcome.bars else ()),
        "<h2>Summary</h2>",
        _summary(outcome.measures, outcome.overall),
        *(_compared(outcome.comparison, outcome) if outcome.comparison else ()),
        *(_pictures(outcome) if outcome.rows else ()),
        *(["<h2>By kind</h2>", _kinds(outcome)] if len(outcome.by_kind) > 1 else ()),
        *(_worst(outcome.rows) if outcome.rows else ()),
    ]
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>Evaluation of {escape(outcome.dossier)}</title>"
        f"<style>{_LOOKS.read_text(encoding='utf-8')}</style></head><body>"
    )
    return head + "\n".join(parts) + "</body></html>\n"


def _asked(outcome: Outcome) -> str:
    count = max((figure.count for figure in outcome.overall.values()), default=0)
    return f"{count} {'questions' if count != 1 else 'question'}"


def _bars(outcome: Outcome) -> Iterator[str]:
    yield "<ul class=bars>"
    for bar in outcome.bars:
        state = "cleared" if bar.cleared(outcome.overall) else "missed"
        yield f'<li class="{state}">{escape(bar.line(outcome.overall))}</li>'
    yield "</ul>"


def _summary(measures: Iterable[Measure], found: Figures) -> str:
    rows = (
        f"<tr><th>{escape(measure.name)}<td class=n>{_number(figure.mean)}"
        f"<td class=n>{_number(figure.low)} to {_number(figure.high)}<td class=n>{_number(figure.median)}"
        f"<td class=n>{_number(figure.p95)}<td class=n>{figure.count}<td>{escape(measure.told)}"
        for measure in measures
        if (figure := found.get(measure.name))
    )
    head = "<tr><th>measure<th>mean<th>95% interval<th>median<th>p95<th>questions<th>what it tells"
    return f"<div class=wide><table><thead>{head}<tbody>{''.join(rows)}</table></div>"


def _kinds(outcome: Outcome) -> str:
    names = [measure.name for measure in outcome.measures if measure.name in outcome.overall]
    head = "".join(f"<th>{escape(name)}" for name in names)
    rows = (
        f"<tr><th>{escape(kind)}" + "".join(f"<td class=n>{_cell(found.get(name))}" for name in names)
        for kind, found in outcome.by_kind.items()
    )
    return f"<div class=wide><table><thead><tr><th>kind{head}<tbody>{''.join(rows)}</table></div>"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    interval = f"{_number(figure.low)} to {_number(figure.high)}, {figure.count} questions"
    return f'<span title="{interval}">{_number(figure.mean)}</span>'


def _compared(comparison: Comparison, outcome: Outcome) -> Iterator[str]:
    yield "<h2>Compared with before</h2>"
    yield f"<p>{comparison.shared} questions were asked both times; differences are later minus earlier, paired.</p>"
    yield _summary(outcome.measures, comparison.differences)
    questions = {row.case.id: row.case.question for row in outcome.rows}
    for title, changes in (("Better", comparison.better), ("Worse", comparison.worse)):
        listed = "".join(
            f"<li>{escape(change.id)}: {change.before:.2f} → {change.after:.2f} {escape(questions.get(change.id, ''))}"
            for change in changes
        )
        yield f"<details><summary>{title}: {len(changes)}</summary><ul>{listed}</ul></details>"


def _pictures(outcome: Outcome) -> Iterator[str]:
    by_kind = {kind: found["quality"] for kind, found in outcome.by_kind.items() if "quality" in found}
    drawn = (
        ("Quality against answered share", "Were only the surest answered.", plots.draw_risk_coverage(outcome.rows)),
        (
            "Reliability of the confidence",
            "On the dotted line a confidence of 0.8 is right in 8 of 10; figures count questions.",
            plots.draw_reliability(outcome.rows),
        ),
        ("By kind", "Quality of each kind of question.", plots.draw_kinds(by_kind)),
        ("Times", "From question to answer.", plots.draw_times([row.marks["seconds"] for row in outcome.rows])),
    )
    yield "<div class=pictures>"
    for title, told, picture in drawn:
        yield f"<figure><figcaption><b>{title}</b> {told}</figcaption>{picture}</figure>"
    yield "</div>"


def _worst(rows: Sequence[Row]) -> Iterator[str]:
    worst = sorted((row for row in rows if row.marks["quality"] < 1), key=lambda r: (r.marks["quality"], r.case.id))
    yield f"<h2>Worst questions</h2><p>{len(worst)} of {len(rows)} are not all right"
    yield f"; the first {WORST} are shown.</p>" if len(worst) > WORST else ".</p>"
    for row in worst[:WORST]:
        case = row.case
        yield (
            f"<details><summary><b>{row.marks['quality']:.2f}</b> {escape(case.question)} "
            f"<small>{escape(case.id)}, {escape(case.kind)}, line {case.line}, {escape(row.standing)}, "
            f"confidence {row.confidence:.2f}</small></summary>"
        )
        told = row.text or " ".join(row.missing) or "(nothing)"
        yield f"<p>{escape(told)}</p><h4>{'Nearest' if row.declined else 'Cited'}</h4>"
        yield _quotes(row.nearest if row.declined else row.quotes)
        yield "<h4>Wanted</h4>" + _wanted(row) + "</details>"


def _wanted(row: Row) -> str:
    case = row.case
    if case.abstain:
        return "<p>To be declined: the documents do not answer it.</p>"
    accepted = ", ".join(f"<code>{escape(one)}</code>" for one in (*case.patterns, *case.strings))
    groups = [[Quote(piece.document, piece.quote) for piece in group] for group in case.evidence]
    pieces = "".join("<p>one of</p>" * (len(group) > 1) + _quotes(group) for group in groups)
    return f"<p>{accepted}</p>{pieces}"


def _quotes(quotes: Sequence[Quote]) -> str:
    listed = "".join(
        f"<li><q>{escape(quote.text)}</q> <small>{escape(quote.document)}</small></li>" for quote in quotes
    )
    return f"<ul>{listed or '<li>nothing</li>'}</ul>"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
