"""Questions to measure by, read from a file whose every fault is told with its line before anything is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from index.errors import BadInput, NotFound
from rag.answers import Turn

SHOWN_FAULTS = 20
"""More faults of a file than these are only counted."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence: words of a document that prove an answer."""

    document: str
    """The document's name."""
    quote: str
    within: bool = False
    """Whether the quote is a whole paragraph, of which a citation inside it that holds an accepted answer is enough."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what a right answer says and cites."""

    id: str
    kind: str
    question: str
    line: int
    """Where it stands in its file, from 1."""
    patterns: tuple[str, ...] = ()
    """Regular expressions over folded text, any of which marks a right answer."""
    strings: tuple[str, ...] = ()
    """Accepted answers as they are, where there are no patterns."""
    evidence: tuple[tuple[Piece, ...], ...] = ()
    """A full answer cites one piece of each group."""
    documents: tuple[str, ...] = ()
    """Names of the documents that the question is about."""
    abstain: bool = False
    """Whether the documents do not answer it."""
    history: tuple[Turn, ...] = ()

    @property
    def has_answers(self) -> bool:
        """Whether a right answer can be told from a wrong one by its words."""
        return bool(self.patterns or self.strings)

    def accepts(self, text: str) -> bool:
        """Whether an accepted answer stands in the text."""
        folded = fold(re.sub(r"\[\d+\]", " ", text))
        if self.patterns:
            return any(re.search(pattern, folded) for pattern in self.patterns)
        return any(fold(answer) in folded for answer in self.strings)


def fold(text: str) -> str:
    """Lower the case and make one space of every run of other characters than letters, digits and `_%.,/-`."""
    return re.sub(r"[^\w%.,/-]+", " ", text.lower()).strip()


class _GivenTurn(BaseModel):
    model_config = ConfigDict(strict=True)
    role: Literal["user", "assistant"]
    content: str


class _GivenPiece(BaseModel):
    model_config = ConfigDict(strict=True)
    document: str
    quote: str
    within: bool = False


class _GivenCase(BaseModel):
    """A line of the file; what else stands there is left alone."""

    model_config = ConfigDict(strict=True)
    id: str | None = None
    kind: str = "question"
    question: str
    answer: list[str] | None = None
    answers: list[str] | None = None
    evidence: list[list[_GivenPiece]] | None = None
    documents: list[str] | None = None
    abstain: bool = False
    history: list[_GivenTurn] | None = None


@dataclass
class Faults:
    """What is wrong with a file, line by line."""

    path: Path
    found: list[str] = field(default_factory=list)

    def add(self, line: int, told: str) -> None:
        """Note a fault."""
        self.found.append(f"line {line}: {told}")

    def tell(self) -> None:
        """Raise BadInput with all of them, if there are any."""
        if not self.found:
            return
        rest = len(self.found) - SHOWN_FAULTS
        shown = [*self.found[:SHOWN_FAULTS], *([f"... and {rest} more"] if rest > 0 else [])]
        raise BadInput(f"{self.path} cannot be asked:\n  " + "\n  ".join(shown), "\nNothing was asked; mend the file.")


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines of a file that hold something, with their numbers. Raises NotFound, BadInput."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error}).", "It has to be a text file in UTF-8.") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def read_cases(path: Path) -> tuple[Case, ...]:
    """Read a file of questions, one JSON object a line. Raises BadInput with every fault and its line."""
    faults = Faults(path)
    cases: dict[str, Case] = {}
    for number, line in lines_of(path):
        try:
            case = case_of(json.loads(line), number)
        except (ValueError, RecursionError) as error:
            faults.add(number, _told(error))
            continue
        if case.id in cases:
            faults.add(number, f"the id {case.id!r} was used in line {cases[case.id].line} already")
        cases[case.id] = case
    if not cases:
        faults.add(1, "there is no question")
    faults.tell()
    return tuple(cases.values())


def case_of(given: object, line: int) -> Case:
    """Make a case of what stands in a line. Raises ValueError."""
    checked = _GivenCase.model_validate(given)
    if not checked.question.strip():
        raise ValueError("question: is empty")
    for pattern in checked.answer or ():
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"answer: {pattern!r} is not a regular expression ({error})") from None
    groups = tuple(
        tuple(Piece(piece.document, piece.quote, piece.within) for piece in group) for group in checked.evidence or ()
    )
    if any(not group or any(not piece.quote.strip() for piece in group) for group in groups):
        raise ValueError("evidence: a group or a quote is empty")
    return Case(
        id=checked.id or f"line {line}",
        kind=checked.kind,
        question=checked.question,
        line=line,
        patterns=tuple(checked.answer or ()),
        strings=tuple(checked.answers or ()),
        evidence=groups,
        documents=tuple(checked.documents or ()),
        abstain=checked.abstain,
        history=tuple(Turn(turn.role, turn.content) for turn in checked.history or ()),
    )


def case_json(case: Case) -> dict[str, Any]:
    """Give a case as a line of such a file has it."""
    return {
        "id": case.id,
        "kind": case.kind,
        "question": case.question,
        "answer": list(case.patterns),
        "answers": list(case.strings),
        "evidence": [
            [{"document": piece.document, "quote": piece.quote, "within": piece.within} for piece in group]
            for group in case.evidence
        ],
        "documents": list(case.documents),
        "abstain": case.abstain,
        "history": [{"role": turn.role, "content": turn.content} for turn in case.history],
    }


def check_against(
    path: Path, cases: Sequence[Case], names: Iterable[str], texts_of: Callable[[str], Sequence[str]]
) -> None:
    """Check that every document named is there, and every quote in a document of that name, word for word.

    `texts_of` gives the stored texts of all documents of a name. Raises BadInput with every fault and its line.
    """
    faults, there = Faults(path), frozenset(names)
    for case in cases:
        for name in dict.fromkeys((*case.documents, *(piece.document for group in case.evidence for piece in group))):
            if name not in there:
                faults.add(case.line, f"there is no document {name!r} in the dossier")
        for piece in (piece for group in case.evidence for piece in group):
            if piece.document in there and not any(piece.quote in text for text in texts_of(piece.document)):
                faults.add(case.line, f"{piece.document} does not hold the quote {piece.quote[:80]!r}")
    faults.tell()


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    if isinstance(error, json.JSONDecodeError):
        return f"not a JSON object ({error.msg} at character {error.colno})"
    return str(error)
