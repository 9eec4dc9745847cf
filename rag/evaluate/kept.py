"""What was asked and how it went, kept one JSON object a line, so that a run can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from index.errors import BadInput, Conflict, StorageFull
from rag.answers import Answer
from rag.evaluate.marks import Marks
from rag.evaluate.questions import Case, Faults, case_json, case_of, lines_of
from rag.evaluate.ranking import Query


@dataclass(frozen=True, slots=True)
class Quote:
    """What an answer cited, or showed as nearest."""

    document: str
    """The document's name."""
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A question that was asked, what was answered, and its marks."""

    case: Case
    dossier: str
    marks: Marks
    standing: str
    confidence: float
    text: str
    quotes: tuple[Quote, ...]
    nearest: tuple[Quote, ...]
    missing: tuple[str, ...]

    @property
    def declined(self) -> bool:
        """Whether no answer was given."""
        return self.standing == "declined"


class _GivenDocument(BaseModel):
    name: str


class _GivenQuote(BaseModel):
    document: _GivenDocument
    quote: str


class _GivenAnswer(BaseModel):
    dossier: str
    standing: str
    confidence: float
    text: str
    citations: list[_GivenQuote]
    nearest: list[_GivenQuote]
    missing: list[str]


class _GivenRow(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    question: dict[str, Any]
    answer: _GivenAnswer
    marks: dict[str, float]


def row_json(case: Case, answer: Answer, marks: Marks) -> dict[str, Any]:
    """Give a line of the file: the question as asked, the answer as the HTTP interface gives it, its marks."""
    return {"question": case_json(case), "answer": answer.to_json(), "marks": dict(marks)}


def row_of(given: object, line: int = 1) -> Row:
    """Read a line again. Raises ValueError."""
    row = _GivenRow.model_validate(given)
    answer = row.answer
    return Row(
        case=case_of(row.question, line),
        dossier=answer.dossier,
        marks=row.marks,
        standing=answer.standing,
        confidence=answer.confidence,
        text=answer.text,
        quotes=tuple(Quote(quote.document.name, quote.quote) for quote in answer.citations),
        nearest=tuple(Quote(quote.document.name, quote.quote) for quote in answer.nearest),
        missing=tuple(answer.missing),
    )


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read what was kept; a last line that was cut off while it was written counts as not asked."""
    lines = list(lines_of(path))
    faults, rows = Faults(path), []
    for number, line in lines:
        try:
            rows.append(row_of(json.loads(line), number))
        except (ValidationError, ValueError, RecursionError) as error:
            cut_off = isinstance(error, json.JSONDecodeError) and number == lines[-1][0]
            if not cut_off:
                faults.add(number, f"is not what an evaluation writes ({str(error).splitlines()[0]})")
    faults.tell()
    return tuple(rows)


def ranking_json(query: Query, marks: Marks) -> dict[str, Any]:
    """Give a line for a query whose search was measured."""
    return {"question": {"id": query.id, "question": query.text}, "marks": dict(marks)}


class _GivenMarked(BaseModel):
    """What a line of either sort has."""

    model_config = ConfigDict(allow_inf_nan=False)
    question: dict[str, Any]
    marks: dict[str, float]


def read_marks(path: Path, questions: Mapping[str, str]) -> dict[str, Marks]:
    """Read an earlier file's marks, by id, of those `questions` (texts by id) that are the same now."""
    faults, found = Faults(path), dict[str, Marks]()
    for number, line in lines_of(path):
        try:
            given = _GivenMarked.model_validate_json(line)
        except ValidationError:
            faults.add(number, "is not what an evaluation writes with --out")
            continue
        id = given.question.get("id")
        if isinstance(id, str) and given.question.get("question") == questions.get(id):
            found[id] = given.marks
    faults.tell()
    return found


class Keeper:
    """Appends rows to a file, each whole and at once; without a file it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @classmethod
    def begin(cls, path: Path | None, *, resume: bool) -> tuple[Keeper, tuple[Row, ...]]:
        """Take a new file, or with `resume` go on with one. Raises Conflict for a file that is there otherwise."""
        if path is None or not path.exists() or not path.stat().st_size:
            return cls(path), ()
        if not resume:
            raise Conflict(f"{path} is there already.", "Go on with it: --resume; or name another file.")
        rows = read_rows(path)
        _drop_torn_end(path)
        return cls(path), rows

    def keep(self, row: dict[str, Any]) -> None:
        """Write a row down. Raises StorageFull."""
        if self._path is None:
            return
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        except OSError as error:
            raise StorageFull(f"{self._path} cannot be written ({error}).", "Name another file: --out FILE") from None


def still_to_ask(cases: Sequence[Case], rows: Iterable[Row], dossier: str, path: Path) -> list[Case]:
    """Give the cases that are not among the rows. Raises BadInput where the rows are of other questions."""
    by_id = {case.id: case for case in cases}
    asked = set()
    for row in rows:
        known = by_id.get(row.case.id)
        if known is None or case_json(known) != case_json(row.case) or row.dossier.casefold() != dossier.casefold():
            reason = f"{path} holds {row.case.id!r}, which is another question or was asked of another dossier."
            raise BadInput(reason, "Name another file: --out FILE")
        asked.add(row.case.id)
    return [case for case in cases if case.id not in asked]


def _drop_torn_end(path: Path) -> None:
    """Cut off what follows the last line break."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
