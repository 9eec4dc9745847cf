"""Measure what a language model adds to the rules that make follow-ups stand alone.

Each folder that is named holds `documents/` and `questions.jsonl` (see examples/README.md); questions with a history
are asked twice, with the question that the rules make and with the one that the model makes, and answered in the
sources' own words both times, so that nothing else differs. `--out FILE` keeps what came of each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.ablations import Keeping, add
from benchmarks.writing import keep, rows_of
from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.evaluate.marks import mark
from rag.evaluate.questions import Case, read_cases
from rag.pipeline import Rag
from rag.rerank import open_reranker
from rag.writing import EXTRACTIVE


def both(rag: Rag, dossier: str, case: Case, model: str) -> dict[str, Any]:
    """Ask one follow-up both ways."""
    text_of = cache(rag.shelf.text)
    budget = rag.writing.budget(None)
    since = time.perf_counter()
    text = rag.writing.standalone(Ask(case.question, dossier, history=case.history, model=model), budget)
    seconds = time.perf_counter() - since
    row: dict[str, Any] = {"set": dossier, "id": case.id, "question": case.question, "by_model": text}
    row |= {"seconds": round(seconds, 2), "tokens": budget.usage.input_tokens + budget.usage.output_tokens}
    for way, question in (("rules", None), ("model", text)):
        asked = Ask(case.question, dossier, history=case.history, model=EXTRACTIVE, standalone_question=question)
        answer = rag.ask(asked)
        row[way] = {"question": answer.standalone_question} | dict(mark(case, answer, 0.0, text_of))
    return row


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write what came of it, in Markdown."""
    yield "| set | follow-ups | made by the model | proved, by rules | by the model | tokens | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for name in dict.fromkeys(row["set"] for row in rows):
        of_set = [row for row in rows if row["set"] == name]
        made = sum(row["by_model"] is not None for row in of_set)
        rules, model = (sum(row[way].get("proved", 0.0) for row in of_set) for way in ("rules", "model"))
        tokens, seconds = (sum(row[one] for row in of_set) / len(of_set) for one in ("tokens", "seconds"))
        yield f"| {name} | {len(of_set)} | {made} | {rules:.0f} | {model:.0f} | {tokens:.0f} | {seconds:.1f} |"


def run(folders: Sequence[Path], name: str, out: Path, data: Path) -> None:
    """Ask what has not been asked yet."""
    done = {(row["set"], row["id"]) for row in rows_of(out)}
    config = RagConfig(data=data, model=name, model_seconds=3600.0)
    with Shelf.open(config) as shelf:
        rag = Rag(shelf, open_reranker(config), config)
        for folder in folders:
            if folder.name not in [dossier.name for dossier in shelf.dossiers()]:
                add(shelf, folder, Keeping())
            for case in read_cases(folder / "questions.jsonl"):
                if case.history and (folder.name, case.id) not in done:
                    keep(out, both(rag, folder.name, case, name))


def main() -> None:
    """Ask, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=lambda given: Path(given).resolve(), metavar="FOLDER")
    parser.add_argument("--model", default="local:qwen2.5-1.5b")
    parser.add_argument("--data", type=Path, help="keep the prepared documents here")
    parser.add_argument("--out", type=Path, help="keep what came of each follow-up here, and go on from what is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch) / "follow-ups.jsonl"
        run(options.folders, options.model, out, options.data or Path(scratch) / "data")
        print("\n".join(table(rows_of(out))))


if __name__ == "__main__":
    main()
