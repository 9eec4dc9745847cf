"""Measure what a language model writes over sets of questions: alone, as Dossier prompts it, and what is shown of that.

Each folder that is named holds `documents/` and `questions.jsonl` (see examples/README.md); `FOLDER:30` takes 30 of its
questions at even distances. Every question is answered four ways in one run: in the sources' own words (`extractive`);
by the model with what Dossier gives it to read (`draft`, its raw words); what is shown of that (`checked`); and by the
model alone, with the plain recipe: the four nearest passages of 1,000 characters, and no check (`alone`).

`--out FILE` keeps a line for each question with all texts, so that a run that was stopped goes on where it was; the
texts of measured sets stay in that file. `--again FILE` lets no model write: what it wrote into that file is heard and
checked anew, as after a change of the checks. `python -m benchmarks.writing --table FILE` prints the figures again, and
`--sheet FILE` every statement with its evidence, to be judged by a reader and given to `fit_verifying.py --texts`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.ablations import Keeping, add, sample
from index.embed import open_embedder
from index.errors import ModelFailed
from index.records import Filter
from index.shelf import Shelf
from rag.answers import Answer, Ask
from rag.cite import Composition
from rag.config import RagConfig
from rag.evaluate.figures import figures
from rag.evaluate.marks import mark
from rag.evaluate.questions import Case, read_cases
from rag.pipeline import Rag
from rag.recipe import AS_BUILT
from rag.rerank import open_reranker
from rag.verify import Checked, Evidence, Verifier
from rag.write import Budget, Chat, Sentences
from rag.writing import EXTRACTIVE, Material, Shown, Writing, Written

PLAIN = (
    "Answer the question based only on the following context. If the context does not answer it, say that you do not "
    "know.\n\nContext:\n{context}\n\nQuestion: {question}\nAnswer:"
)
"""The prompt of the recipe that everybody begins with."""
NEAREST, CHARACTERS = 4, 1000
_DECLINES = re.compile(
    r"\b(?:do(?:es)? not|don[’']t|cannot|can[’']t|not) (?:know|mention|provide|specif|state|say|contain|answer|"
    r"determine|explicitly)|no (?:information|mention)",
    re.IGNORECASE,
)
"""How a model says that it does not know."""


class Heard:
    """A model's chat that keeps what was asked of it and what it wrote."""

    def __init__(self, chat: Chat) -> None:
        self.name = chat.name
        self.chat = chat
        self.begun = 0.0
        self.calls: list[dict[str, Any]] = []

    def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        """Pass the words on."""
        since, first = time.perf_counter(), 0.0
        before = budget.usage
        call: dict[str, Any] = {"before_ms": 1000 * (since - self.begun), "characters": len(system) + len(user)}
        pieces = []
        for piece in self.chat.stream(system, user, budget):
            first = first or time.perf_counter()
            pieces.append(piece)
            yield piece
        self.calls.append(
            call
            | {
                "text": "".join(pieces),
                "first_ms": 1000 * (first - since),
                "input_tokens": budget.usage.input_tokens - before.input_tokens,
                "output_tokens": budget.usage.output_tokens - before.output_tokens,
            }
        )

    def truth(self, prompt: str, budget: Budget) -> float | None:
        """Pass the opinion on."""
        return self.chat.truth(prompt, budget)


class Again:
    """A model's chat that says once more what it said, in a run that was kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[Mapping[str, Any]] = []

    def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        """Give the kept words, and count the kept tokens."""
        if not self.kept:
            raise ModelFailed("Nothing was kept of this question.")
        call = self.kept.pop(0)
        budget.begin()
        budget.count(call["input_tokens"], call["output_tokens"])
        yield call["text"]

    def truth(self, prompt: str, budget: Budget) -> float | None:
        """Have no opinion."""
        return None


class Watched(Writing):
    """Keeps what came of the last answer."""

    written: Written | None = None

    def write(self, ask: Ask, material: Material, composition: Composition, written: Written) -> Iterator[Shown]:
        """Write as ever."""
        self.written = written
        yield from super().write(ask, material, composition, written)


def statement_json(checked: Checked, *, shown: bool) -> dict[str, Any]:
    """Give a statement with the evidence that it was weighed against."""
    return {
        "text": checked.draft.text,
        "shown": shown,
        "score": round(checked.score, 4),
        "reason": checked.reason,
        "evidence": [
            {"document": w.hit.document.name, "start": w.start, "end": w.end, "text": w.text}
            for w in checked.draft.evidence
        ],
        "context": Evidence(checked.draft.evidence).context,
    }


class Run:
    """Asks one set's questions in every way."""

    def __init__(self, rag: Rag, plain: Shelf, name: str, chat: Heard, again: Path | None) -> None:
        self._rag = rag
        self.kept = {(row["set"], row["id"]): row for row in rows_of(again)} if again is not None else {}
        self._plain = plain
        self._name = name
        self._chat = chat
        self._text_of = cache(rag.shelf.text)

    def answer(self, dossier: str, case: Case) -> dict[str, Any]:
        """Give the line of one question."""
        row: dict[str, Any] = {"set": dossier, "id": case.id, "kind": case.kind, "question": case.question}
        row |= {"abstain": case.abstain, "extractive": self._asked(dossier, case, EXTRACTIVE)}
        self._say_again(self.kept.get((dossier, case.id), {}).get("checked", {}).get("calls", ()))
        row["checked"] = self._asked(dossier, case, self._name)
        return row

    def alone(self, dossier: str, case: Case, standalone: str) -> dict[str, Any]:
        """Give what the model says by itself, with the plain recipe, and what a check would have shown of that."""
        plainly = self._rag.config.model_copy(update={"model": EXTRACTIVE})
        hits = Rag(self._plain, self._rag._reranker, plainly, replace(AS_BUILT, by_meaning=1.0)).search(
            standalone, dossier, Filter(), NEAREST
        )
        context = "\n\n".join(hit.passage.text for hit in hits)
        budget = self._rag.writing.budget(None)
        self._chat.calls.clear()
        kept = self.kept.get((dossier, case.id), {}).get("alone", {})
        self._say_again([kept["call"]] if kept else ())
        asked = PLAIN.format(context=context, question=standalone)
        text = "".join(self._chat.stream("You are a helpful assistant.", asked, budget))
        verifier = Verifier(self._rag._reranker, lambda document: self._plain.text(document.id, document.version))
        sentences = Sentences()
        said = [*sentences.feed(text), *sentences.end()]
        checked = [verifier.check(one.text, hits) for one in said]
        return {
            "text": text,
            "call": self._chat.calls[-1],
            "correct": float(case.accepts(text)) if case.has_answers and not case.abstain else None,
            "declined": bool(_DECLINES.search(text)),
            "statements": [statement_json(one, shown=one.support == "supported") for one in checked],
        }

    def _say_again(self, calls: Sequence[Mapping[str, Any]]) -> None:
        if isinstance(self._chat.chat, Again):
            self._chat.chat.kept = list(calls)

    def _asked(self, dossier: str, case: Case, model: str) -> dict[str, Any]:
        self._chat.calls.clear()
        self._rag.writing.written = None  # type: ignore[attr-defined]
        self._chat.begun = begun = time.perf_counter()
        answer = self._rag.ask(Ask(case.question, dossier, history=case.history, model=model))
        marks = dict(mark(case, answer, time.perf_counter() - begun, self._text_of))
        told: dict[str, Any] = {"answer": _short(answer), "marks": marks}
        written = self._rag.writing.written  # type: ignore[attr-defined]
        if written is not None and self._chat.calls:
            statements = [statement_json(one, shown=True) for one in written.shown]
            statements += [statement_json(one, shown=False) for one in written.refused]
            told |= {"calls": list(self._chat.calls), "statements": statements}
            told["verify_ms"] = 1000 * written.verify_seconds / max(1, len(statements))
            raw = " ".join(call["text"] for call in self._chat.calls)
            told["draft_correct"] = float(case.accepts(raw)) if case.has_answers and not case.abstain else None
        return told


def _short(answer: Answer) -> dict[str, Any]:
    return {
        "standing": answer.standing,
        "standalone": answer.standalone_question,
        "text": answer.text,
        "model": answer.model,
        "warnings": [warning.type for warning in answer.warnings],
        "quotes": [citation.quote for citation in answer.citations],
    }


def run(options: argparse.Namespace, data: Path) -> None:
    """Ask what has not been asked yet."""
    done = {(row["set"], row["id"]): row for row in rows_of(options.out)}
    seconds = {"model_seconds": 3600.0}
    config = RagConfig(data=data / "ours", model=options.model, **seconds)
    plainly = RagConfig(data=data / "plain", models=config.models_folder, passage_characters=CHARACTERS)
    embedder = open_embedder(config)
    with Shelf.open(config, embedder) as shelf, Shelf.open(plainly, embedder) as plain:
        rag = Rag(shelf, open_reranker(config), config)
        chat = Heard(Again(options.model) if options.again else rag.writing.chat(options.model))
        rag.writing = Watched(config, rag._reranker, rag._text_of, {options.model: chat})
        asking = Run(rag, plain, options.model, chat, options.again)
        for folder, _ in options.folders:
            for kept in (shelf, plain):
                if folder.name not in [dossier.name for dossier in kept.dossiers()]:
                    add(kept, folder, Keeping())
        for alone in (False, True) if options.alone else (False,):
            for folder, count in options.folders:
                for case in sample(read_cases(folder / "questions.jsonl"), count):
                    key = (folder.name, case.id)
                    row = done.get(key)
                    if options.again and (key not in asking.kept or (alone and "alone" not in asking.kept[key])):
                        continue
                    if row is None:
                        row = done[key] = asking.answer(folder.name, case)
                        keep(options.out, row)
                    if alone and "alone" not in row:
                        row["alone"] = asking.alone(folder.name, case, row["checked"]["answer"]["standalone"])
                        keep(options.out, row)


def keep(path: Path, row: Mapping[str, Any]) -> None:
    """Write a line down."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read what was kept; the last line of a question holds."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return list({(row["set"], row["id"]): row for row in rows}.values())


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write the figures, in Markdown."""
    yield "| set | questions | way | correct | precision | declined_rightly | answered | words |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in [*dict.fromkeys(row["set"] for row in rows), "all"]:
        of_set = [row for row in rows if name in (row["set"], "all")]
        for way in ("extractive", "checked"):
            found = figures([row[way]["marks"] for row in of_set])
            cells = [
                f"{found[measure].mean:.3f}" if measure in found else "–"
                for measure in ("correct", "precision", "declined_rightly", "answered", "words")
            ]
            yield f"| {name} | {len(of_set)} | {way} | {' | '.join(cells)} |"
        drafts = [row["checked"]["draft_correct"] for row in of_set if row["checked"].get("draft_correct") is not None]
        if drafts:
            yield f"| {name} | {len(drafts)} | draft | {statistics.fmean(drafts):.3f} | | | | |"
        alone = [row["alone"] for row in of_set if "alone" in row]
        if alone:
            right = [one["correct"] for one in alone if one["correct"] is not None]
            rightly = [row["alone"]["declined"] for row in of_set if "alone" in row and row["abstain"]]
            cells = [_mean(right), "–", _mean(rightly)]
            yield f"| {name} | {len(alone)} | alone | {' | '.join(cells)} | | |"
    yield ""
    yield from costs(rows)


def costs(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write tokens, times, and what became of the statements."""
    both = [row for row in rows if "alone" in row and row["checked"].get("calls")]
    ours = [row["checked"]["calls"][0]["input_tokens"] for row in both]
    plain = [row["alone"]["call"]["input_tokens"] for row in both]
    if both:
        yield (
            f"prompt tokens over {len(both)} questions: {statistics.fmean(ours):.0f} against "
            f"{statistics.fmean(plain):.0f} of the plain recipe, {sum(ours) / sum(plain):.2f} times"
        )
    asked = [row["checked"] for row in rows if row["checked"].get("calls")]
    if asked:
        before = [one["calls"][0]["before_ms"] for one in asked]
        checks = [one["verify_ms"] for one in asked if one["statements"]]
        yield f"before the model is called: median {statistics.median(before):.0f} ms, most {max(before):.0f} ms"
        yield f"from a sentence's end to its verdict: median {statistics.median(checks):.0f}, most {max(checks):.0f} ms"
    statements = [statement for one in asked for statement in one["statements"]]
    yield f"statements: {len(statements)}, shown {sum(statement['shown'] for statement in statements)}"


def sheet(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write every statement that was shown or left out, for a reader to fill `borne_out` in: see fit_verifying.py."""
    for row in rows:
        for statement in [*row["checked"].get("statements", ()), *row.get("alone", {}).get("statements", ())]:
            pieces = statement["evidence"]
            told = {
                "set": row["set"],
                "id": row["id"],
                "shown": statement["shown"],
                "statement": statement["text"],
                "evidence": " ".join(piece["text"] for piece in pieces),
                "context": statement["context"],
                "places": [{name: piece[name] for name in ("document", "start", "end")} for piece in pieces],
                "borne_out": None,
            }
            if pieces:
                yield json.dumps(told, ensure_ascii=False)


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.3f}" if values else "–"


def folder_of(given: str) -> tuple[Path, int]:
    """Read `FOLDER` or `FOLDER:COUNT`; without a count all questions are taken."""
    path, colon, count = given.rpartition(":")
    return (Path(path).resolve(), int(count)) if colon and count.isdigit() else (Path(given).resolve(), 10**9)


def main() -> None:
    """Ask, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=folder_of, metavar="FOLDER[:COUNT]")
    parser.add_argument("--model", default="local:qwen2.5-1.5b")
    parser.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True, help="the plain recipe, too")
    parser.add_argument("--data", type=Path, help="keep the prepared documents here")
    parser.add_argument("--out", type=Path, help="keep every answer here, and go on from what is there")
    parser.add_argument("--again", type=Path, help="ask no model: hear what it wrote into this file")
    parser.add_argument("--sheet", type=Path, help="print the statements of such a file, to be judged by a reader")
    parser.add_argument("--table", type=Path, help="print the figures of a file that --out wrote")
    options = parser.parse_args()
    if options.sheet is not None:
        print("\n".join(sheet(rows_of(options.sheet))))
        return
    if options.table is None:
        with tempfile.TemporaryDirectory() as scratch:
            options.out = options.out or Path(scratch) / "answers.jsonl"
            run(options, options.data or Path(scratch))
            options.table = options.out
            print("\n".join(table(rows_of(options.table))))
        return
    print("\n".join(table(rows_of(options.table))))


if __name__ == "__main__":
    main()
