"""Measure what a language model adds to the rules that read a question: to search, in parts, and as a follow-up.

Each folder that is named holds `documents/` and `questions.jsonl` (see examples/README.md); `FOLDER:30` takes 30 of its
questions at even distances. Every question is asked as it is, read by the rules, and then as the model words it: one
with a history made to stand alone (`follow-up`); every other once as the words to search for (`query`) and once cut
into questions that are asked one after the other (`parts`). All are answered in the sources' own words, so that nothing
else differs. `--out FILE` keeps what came of each, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.ablations import Keeping, add, sample
from benchmarks.writing import folder_of, keep, rows_of
from index.errors import ModelFailed
from index.shelf import Shelf
from rag.answers import Answer, Ask
from rag.config import RagConfig
from rag.evaluate.marks import mark
from rag.evaluate.questions import Case, read_cases
from rag.pipeline import Rag
from rag.rerank import open_reranker
from rag.write import Budget, Chat
from rag.writing import EXTRACTIVE

QUERY = (
    "Write the words to search a collection of documents for, so that the passages that answer the question are found. "
    "Write one line of words, and nothing else.\n\nQuestion: {question}"
)
PARTS = (
    "If the question asks for several things, write each as a question that can be understood by itself, one a line. "
    "If it asks for one thing, write it unchanged. Write the questions only.\n\nQuestion: {question}"
)
MOST_PARTS = 4
JUDGED = ("proved", "evidence", "declined_rightly")
"""What is compared: each question has one or two of these."""


class Wording:
    """A language model that words questions."""

    def __init__(self, rag: Rag, model: str) -> None:
        self._rag = rag
        self._model = model
        self._chat: Chat = rag.writing.chat(model)

    def ways(self, ask: Ask) -> Iterator[tuple[str, list[str], Budget]]:
        """Give each way to word a question: its name, the questions that it makes, and what that cost."""
        budget = self._rag.writing.budget(None)
        if ask.history:
            text = self._rag.writing.standalone(replace(ask, model=self._model), budget)
            yield "follow-up", [text] if text else [], budget
            return
        for way, prompt in (("query", QUERY), ("parts", PARTS)):
            budget = self._rag.writing.budget(None)
            asked = prompt.format(question=ask.question)
            try:
                said = "".join(self._chat.stream("You prepare a search.", asked, budget))
            except ModelFailed:  # as in answering: the rules do it
                said = ""
            lines = [line.strip(' -*•\t0123456789.)"') for line in said.splitlines()]
            yield way, [line for line in lines if line][: MOST_PARTS if way == "parts" else 1], budget


def asked_in(rag: Rag, dossier: str, case: Case, wording: Wording) -> Iterator[dict[str, Any]]:
    """Ask one question in every way; give a line for each way that the model words it."""
    text_of = cache(rag.shelf.text)
    ask = Ask(case.question, dossier, history=case.history, model=EXTRACTIVE)
    by_rules = dict(mark(case, rag.ask(ask), 0.0, text_of))
    since = time.perf_counter()
    for way, questions, budget in wording.ways(ask):
        seconds, tokens = time.perf_counter() - since, budget.usage.input_tokens + budget.usage.output_tokens
        answers = [rag.ask(replace(ask, history=(), standalone_question=text)) for text in questions]
        marks = dict(mark(case, joined(answers), 0.0, text_of)) if answers else by_rules
        yield {
            "set": dossier,
            "id": f"{case.id}/{way}",
            "way": way,
            "questions": questions,
            "rules": by_rules,
            "model": marks,
            "tokens": tokens,
            "seconds": round(seconds, 2),
        }
        since = time.perf_counter()


def joined(answers: Sequence[Answer]) -> Answer:
    """Put answers one behind the other, as one: declined where all are."""
    given = [answer for answer in answers if answer.standing != "declined"] or list(answers[:1])
    first, *others = given
    for answer in others:
        by, shift = len(first.citations), len(first.text) + 1
        statements = [
            replace(
                one,
                start=one.start + shift,
                end=one.end + shift,
                citations=tuple(number + by for number in one.citations),
            )
            for one in answer.statements
        ]
        citations = [replace(citation, number=citation.number + by) for citation in answer.citations]
        first = replace(
            first,
            text=f"{first.text}\n{answer.text}",
            statements=(*first.statements, *statements),
            citations=(*first.citations, *citations),
        )
    return first


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write what came of it, in Markdown."""
    yield "| set | way | questions | worded anew | rules | model | better | worse | tokens | seconds |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, way in dict.fromkeys((row["set"], row["way"]) for row in rows):
        of_way = [row for row in rows if (row["set"], row["way"]) == (name, way)]
        pairs = [(_worth(row["rules"]), _worth(row["model"])) for row in of_way]
        rules, model = (sum(worths) / len(pairs) for worths in zip(*pairs, strict=True))
        better, worse = sum(b > a for a, b in pairs), sum(b < a for a, b in pairs)
        tokens, seconds = (sum(row[one] for row in of_way) / len(of_way) for one in ("tokens", "seconds"))
        made = sum(bool(row["questions"]) for row in of_way)
        figures = f"{rules:.3f} | {model:.3f} | {better} | {worse} | {tokens:.0f} | {seconds:.1f}"
        yield f"| {name} | {way} | {len(of_way)} | {made} | {figures} |"


def _worth(marks: Mapping[str, float]) -> float:
    found = [marks[name] for name in JUDGED if name in marks]
    return sum(found) / len(found) if found else 0.0


def run(folders: Sequence[tuple[Path, int]], name: str, out: Path, data: Path) -> None:
    """Ask what has not been asked yet."""
    done = {(row["set"], row["id"].rpartition("/")[0]) for row in rows_of(out)}
    config = RagConfig(data=data, model=name, model_seconds=3600.0)
    with Shelf.open(config) as shelf:
        rag = Rag(shelf, open_reranker(config), config)
        wording = Wording(rag, name)
        for folder, count in folders:
            if folder.name not in [dossier.name for dossier in shelf.dossiers()]:
                add(shelf, folder, Keeping())
            cases = sample(read_cases(folder / "questions.jsonl"), count)
            for case in track(cases, folder.name):
                if (folder.name, case.id) not in done:
                    for row in asked_in(rag, folder.name, case, wording):
                        keep(out, row)


def main() -> None:
    """Ask, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=folder_of, metavar="FOLDER[:COUNT]")
    parser.add_argument("--model", default="local:qwen2.5-1.5b")
    parser.add_argument("--data", type=Path, help="keep the prepared documents here")
    parser.add_argument("--out", type=Path, help="keep what came of each question here, and go on from what is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch) / "rewording.jsonl"
        run(options.folders, options.model, out, options.data or Path(scratch) / "data")
        print("\n".join(table(rows_of(out))))


if __name__ == "__main__":
    main()
