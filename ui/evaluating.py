"""Measure answers, or the search alone, at the desk that other commands use: with progress, and resumable."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.errors import BadInput, Overloaded, StorageFull
from index.records import Filter
from rag.answers import Ask
from rag.evaluate.bars import Bar, bar_of
from rag.evaluate.figures import compare, figures
from rag.evaluate.kept import Keeper, ranking_json, read_marks, row_json, row_of, still_to_ask
from rag.evaluate.marks import MEASURES, Marks, Measure, mark
from rag.evaluate.questions import Case, check_against, read_cases
from rag.evaluate.ranking import (
    DEPTH,
    RANKING_MEASURES,
    Query,
    is_ranking,
    mark_ranking,
    read_queries,
    require_library,
)
from rag.evaluate.report import Outcome, report

if TYPE_CHECKING:
    from ui.desk import Desk

PATIENCE = 60
"""How often a question is asked again that found the server too busy."""
T = TypeVar("T")
Tell = Callable[[int, int], None]
"""Takes how many questions are done, of how many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be evaluated, and what becomes of it."""

    questions: Path
    """A file of questions, or a folder of queries and judgements."""
    model: str | None = None
    """What words the answers; the desk's own choice where not given."""
    bars: tuple[str, ...] = ()
    compare: Path | None = None
    report: Path | None = None
    out: Path | None = None
    resume: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is measured."""
        return RANKING_MEASURES if is_ranking(self.questions) else MEASURES

    def checked(self) -> tuple[Bar, ...]:
        """Read the bars, and refuse before anything is asked what could only fail afterwards."""
        if self.resume and (self.out is None or is_ranking(self.questions)):
            raise BadInput("--resume goes on with a file of answers.", "Name the file: --out FILE --resume")
        if is_ranking(self.questions):
            require_library()
        if self.report is not None:
            from rag.evaluate.plots import require_library as require_drawing

            require_drawing()
            if not self.report.parent.is_dir():
                raise BadInput(f"There is no folder {self.report.parent} for the report.", "Make it first.")
        if self.compare is not None:
            read_marks(self.compare, {})
        return tuple(bar_of(bar, (measure.name for measure in self.measures)) for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Run:
    """What was found, and whether all was asked."""

    outcome: Outcome
    stopped: bool
    total: int
    """How many questions there are."""

    @property
    def cleared(self) -> bool:
        """Whether no bar was missed."""
        return all(bar.cleared(self.outcome.overall) for bar in self.outcome.bars)


def evaluate(desk: Desk, dossier: str, wish: Wish, tell: Tell) -> Run:
    """Ask everything and sum it up; Ctrl-C ends the asking, and what was asked until then is summed up."""
    bars = wish.checked()
    outcome = Outcome(wish.questions.name, dossier, wish.measures, {}, {}, (), bars, None, date.today().isoformat())
    run = _ranked(desk, outcome, wish, tell) if is_ranking(wish.questions) else _answered(desk, outcome, wish, tell)
    if wish.report is not None:
        try:
            wish.report.write_text(report(run.outcome), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise StorageFull(f"{wish.report} cannot be written ({error}).", "Name another: --report FILE") from None
    return run


def _answered(desk: Desk, outcome: Outcome, wish: Wish, tell: Tell) -> Run:
    cases = read_cases(wish.questions)
    ids: dict[str, list[str]] = {}
    for document in desk.documents(outcome.dossier):
        ids.setdefault(document.name, []).append(document.id)
    text_of = cache(desk.text)
    check_against(wish.questions, cases, ids, lambda name: [text_of(id, None) for id in ids[name]])
    keeper, kept = Keeper.begin(wish.out, resume=wish.resume)
    asked = {row.case.id: row for row in kept}
    left = still_to_ask(cases, kept, outcome.dossier, wish.out) if wish.out else list(cases)

    def ask(case: Case) -> None:
        wanted = Ask(case.question, outcome.dossier, history=case.history, model=wish.model, keep=False)
        answer, seconds = _timed(lambda: desk.ask(wanted))
        line = row_json(case, answer, mark(case, answer, seconds, text_of))
        keeper.keep(line)
        asked[case.id] = row_of(line, case.line)

    stopped = _each(left, ask, len(cases), tell)
    rows = tuple(replace(asked[case.id], case=case) for case in cases if case.id in asked)
    by_kind: dict[str, list[Marks]] = {}
    for row in rows:
        by_kind.setdefault(row.case.kind, []).append(row.marks)
    found = replace(
        outcome,
        rows=rows,
        overall=figures(row.marks for row in rows),
        by_kind={kind: figures(marked) for kind, marked in sorted(by_kind.items())},
    )
    marked = {row.case.id: row.marks for row in rows}
    questions = {row.case.id: row.case.question for row in rows}
    return Run(_compared(found, wish, questions, marked), stopped, len(cases))


def _ranked(desk: Desk, outcome: Outcome, wish: Wish, tell: Tell) -> Run:
    queries = read_queries(wish.questions, (document.name for document in desk.documents(outcome.dossier)))
    keeper, _ = Keeper.begin(wish.out, resume=False)
    marked: dict[str, Marks] = {}

    def search(query: Query) -> None:
        hits, seconds = _timed(lambda: desk.search(query.text, outcome.dossier, Filter(), DEPTH, True, 1))
        marks = {**mark_ranking(query, [hit.document.name for hit in hits]), "seconds": seconds}
        keeper.keep(ranking_json(query, marks))
        marked[query.id] = marks

    stopped = _each(queries, search, len(queries), tell)
    found = replace(outcome, overall=figures(marked.values()))
    return Run(_compared(found, wish, {query.id: query.text for query in queries}, marked), stopped, len(queries))


def _compared(outcome: Outcome, wish: Wish, questions: Mapping[str, str], marked: Mapping[str, Marks]) -> Outcome:
    if wish.compare is None:
        return outcome
    return replace(outcome, comparison=compare(read_marks(wish.compare, questions), marked))


def _each(left: Sequence[T], do: Callable[[T], None], total: int, tell: Tell) -> bool:
    """Do one after the other; give whether Ctrl-C ended it."""
    try:
        for done, one in enumerate(left, start=total - len(left)):
            tell(done, total)
            do(one)
        tell(total, total)
    except KeyboardInterrupt:
        return True
    return False


def _timed(asking: Callable[[], T]) -> tuple[T, float]:
    """Do it, again where the server is too busy, and give the seconds that the last time took."""
    for _ in range(PATIENCE):
        begun = time.perf_counter()
        try:
            return asking(), time.perf_counter() - begun
        except Overloaded as busy:
            time.sleep(busy.retry_after)
    begun = time.perf_counter()
    return asking(), time.perf_counter() - begun


@contextmanager
def progress() -> Iterator[Tell]:
    """Show a bar while standard error is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console  # only where it is seen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
