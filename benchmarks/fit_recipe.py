"""Fit the numbers of `rag/recipe.json` to sets of questions, one after the other, and write them with their figures.

Each folder that is named holds `documents/` and `questions.jsonl` (see examples/README.md); only what its documents
answer is asked, since when to decline is fitted by itself. Every number has candidates. What a candidate is worth is
the mean over the sets of three parts quality (proved and evidence) and one part precision, less `A_WORD` for
each word that there is to read. A candidate takes the place of the number in use where it is better by more than
chance: over the documents that were not looked at when it was chosen, in ten folds, and by more than `NOTICEABLE` in
all; and where it is as good and leaves the cross-encoder clearly fewer pairs to judge, which is the time that an answer
takes. `--ranking FOLDER` (corpus.jsonl, queries.jsonl, qrels.tsv) fits the two numbers of a search with reranking by
nDCG@10.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.ablations import Keeping, add, sample
from benchmarks.remembered import Remembered
from index.records import Filter, Metadata, Source
from index.shelf import Shelf
from rag import recipe as built
from rag.answers import Ask
from rag.config import RagConfig
from rag.evaluate.marks import Marks, mark
from rag.evaluate.questions import Case, read_cases
from rag.extract import rerank_passages
from rag.pipeline import Rag
from rag.recipe import AS_BUILT, Recipe
from rag.rerank import open_reranker
from rag.retrieve import best_per_document, fuse

CANDIDATES: dict[str, tuple[float, ...]] = {
    "by_meaning": (0.3, 0.4, 0.5, 0.6, 0.7),
    "read": (8, 12, 16, 24),
    "by_passage": (0.0, 0.25, 0.5, 1.0),
    "judged": (6, 10, 16),
    "judged_most": (10, 16, 24, 32),
    "differing": (10, 24),
    "clear": (5.0, 7.0, 9.0),
    "lacking": (0.0, 0.5, 1.0, 2.0),
    "elsewhere": (0.0, 1.0, 2.0, 4.0),
    "fact_gap": (0.5, 1.0, 2.0),
    "reason_gap": (0.5, 1.5, 2.5),
    "broad_gap": (1.0, 2.0, 3.0),
    "slack": (-1.0, -0.5, 0.0, 0.5, 1.0),
    "a_word": (0.0, 0.01, 0.02, 0.04),
}
RANKING: dict[str, tuple[float, ...]] = {"reranked": (10, 20, 30), "by_cross_encoder": (0.2, 0.3, 0.4, 0.5, 0.6)}
A_WORD = 0.002
"""Ten more words have to answer two more of a hundred questions."""
NOTICEABLE = 0.002
CLEARLY_FEWER = 0.95
Ranked = dict[tuple[float, float], float]
"""nDCG@10 by how many hits are ordered again and the cross-encoder's share."""
Folds = dict[str, np.ndarray[Any, Any]]
"""By set, the fold of each question."""
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Worth:
    """What a recipe is worth."""

    each: dict[str, np.ndarray[Any, np.dtype[np.float64]]]
    """By set, for each question; the same questions in the same order for every recipe."""
    pairs: float
    """Pairs that the cross-encoder judged, a question."""
    words: float
    """Length of an answer."""

    def mean(
        self, folds: dict[str, np.ndarray[Any, Any]] | None = None, fold: int = -1, *, within: bool = True
    ) -> float:
        """Give the mean over the sets; with `folds` over the questions of one fold, or of all others."""
        parts = [
            values if folds is None else values[(folds[name] == fold) == within] for name, values in self.each.items()
        ]
        return float(np.mean([part.mean() for part in parts if len(part)]))


class Bench:
    """Sets of questions over a library, asked with one recipe after the other."""

    def __init__(self, shelf: Shelf, sets: dict[str, list[Case]], reranker: Remembered, config: RagConfig) -> None:
        self._shelf = shelf
        self._sets = sets
        self._reranker = reranker
        self._config = config
        self._text_of = cache(shelf.text)
        self.folds = {name: self._folds(name, cases) for name, cases in sets.items()}

    def worth(self, recipe: Recipe, told: str) -> Worth:
        """Ask everything with a recipe."""
        rag, before = Rag(self._shelf, self._reranker, self._config, recipe), self._reranker.asked
        marked = {}
        for name, cases in self._sets.items():
            shown = track(cases, f"{told}: {name}", console=Console(stderr=True), transient=True)
            marked[name] = [self._marks(rag, name, case) for case in shown]
        flat = [marks for several in marked.values() for marks in several]
        words = float(np.mean([marks["words"] for marks in flat if "words" in marks]))
        return Worth(
            {name: np.array([_worth_of(marks) for marks in several]) for name, several in marked.items()},
            (self._reranker.asked - before) / len(flat),
            words,
        )

    def _marks(self, rag: Rag, name: str, case: Case) -> Marks:
        return mark(case, rag.ask(Ask(case.question, name, history=case.history)), 0.0, self._text_of)

    def _folds(self, name: str, cases: Sequence[Case]) -> np.ndarray[Any, Any]:
        """Give each question a fold; questions about the same document are in the same."""
        documents = {document.name: place for place, document in enumerate(self._shelf.catalogue(name, Filter()))}
        first = [next((piece.document for group in case.evidence for piece in group), "") for case in cases]
        return np.array([documents.get(document, place) % FOLDS for place, document in enumerate(first)])


def fitted(bench: Bench) -> tuple[Recipe, dict[str, Any]]:
    """Choose each number in turn, the earlier choices in use."""
    recipe, table = AS_BUILT, dict[str, Any]()
    now = bench.worth(recipe, "as built")
    for name, candidates in CANDIDATES.items():
        found = {value: now if value == getattr(recipe, name) else None for value in candidates}
        tried = {
            value: worth or bench.worth(replace(recipe, **{name: value}), f"{name} {value:g}")
            for value, worth in found.items()
        }
        best = max(tried, key=lambda value: tried[value].mean())
        held_out = np.mean([_held_out(tried, bench.folds, fold) - now.mean(bench.folds, fold) for fold in _used(bench)])
        better = tried[best].mean() - now.mean() > NOTICEABLE and held_out > 0
        chosen = _cheaper(tried, best if better else getattr(recipe, name))
        table[name] = {
            "chosen": chosen,
            "held_out_gain": round(float(held_out), 4),
            "worth": {f"{value:g}": round(worth.mean(), 4) for value, worth in tried.items()},
            "pairs": {f"{value:g}": round(worth.pairs, 1) for value, worth in tried.items()},
            "words": {f"{value:g}": round(worth.words, 1) for value, worth in tried.items()},
        }
        print(name, table[name], flush=True)
        recipe, now = replace(recipe, **{name: chosen}), tried.get(chosen, now)
    return recipe, table


def _cheaper(tried: Mapping[float, Worth], chosen: float) -> float:
    """Give a candidate that is as good but for what nobody notices and judges clearly fewer pairs, if there is one."""
    as_good = [value for value, worth in tried.items() if worth.mean() >= tried[chosen].mean() - NOTICEABLE]
    cheapest = min(as_good, key=lambda value: tried[value].pairs)
    return cheapest if tried[cheapest].pairs < CLEARLY_FEWER * tried[chosen].pairs else chosen


def _worth_of(marks: Marks) -> float:
    return 0.75 * marks["quality"] + 0.25 * marks.get("precision", 0.0) - A_WORD * marks.get("words", 0.0)


def _used(bench: Bench) -> list[int]:
    return sorted({int(fold) for folds in bench.folds.values() for fold in folds})


def _held_out(tried: dict[float, Worth], folds: Folds, fold: int) -> float:
    """Choose by all folds but one, and give what the choice is worth in that one."""
    chosen = max(tried, key=lambda value: tried[value].mean(folds, fold, within=False))
    return tried[chosen].mean(folds, fold)


def fitted_ranking(recipe: Recipe, folder: Path, size: int, shelf: Shelf, reranker: Remembered) -> Ranked:
    """Give nDCG@10 of every pair of candidates over a folder's queries."""
    named = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    queries = [named[place * len(named) // size] for place in range(min(size, len(named)))]
    judged = [line.split("\t") for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    asked = {query["_id"] for query in queries}
    qrels = [ir_measures.Qrel(query, document, int(grade)) for query, document, grade in judged if query in asked]
    runs: dict[tuple[float, float], list[ir_measures.ScoredDoc]] = {}
    for query in track(queries, folder.name, console=Console(stderr=True), transient=True):
        found = fuse(shelf.search(folder.name, query["text"], limit=recipe.found), recipe.by_meaning)
        for depth in RANKING["reranked"]:
            for share in RANKING["by_cross_encoder"]:
                turned = replace(recipe, reranked=int(depth), by_cross_encoder=share)
                ranked = best_per_document(rerank_passages(query["text"], found, reranker, turned), 1)
                runs.setdefault((depth, share), []).extend(
                    ir_measures.ScoredDoc(query["_id"], Path(hit.document.name).stem, -float(place))
                    for place, hit in enumerate(ranked)
                )
    measured = {key: ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run) for key, run in runs.items()}
    return {key: round(next(iter(figures.values())), 4) for key, figures in measured.items()}


def add_corpus(shelf: Shelf, folder: Path) -> None:
    """Add a corpus of titled texts as a dossier of the folder's name."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    sources = [
        Source(f"{row['_id']}.txt", f"upload:{row['_id']}.txt", row["text"].encode(), Metadata(title=row["title"]))
        for row in rows
    ]
    shelf.wait(shelf.add(folder.name, sources).id)


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--ranking", type=Path, help="a folder with corpus.jsonl, queries.jsonl and qrels.tsv")
    parser.add_argument("--sample", type=int, default=100, help="how many questions of a set, at even distances")
    parser.add_argument("--queries", type=int, default=150, help="how many queries of the ranking, at even distances")
    parser.add_argument("--library", type=Path, help="a data folder where the sets are added already, by their names")
    parser.add_argument("--dry", action="store_true", help="report only")
    options = parser.parse_args()
    config, folders = RagConfig(), [folder.resolve() for folder in options.folders]
    reranker = Remembered(open_reranker(config))
    sets = {folder.name: _answerable(folder, options.sample) for folder in folders}
    with tempfile.TemporaryDirectory() as made:
        data = options.library or Path(made)
        with closing(Shelf.open(config.model_copy(update={"data": data}))) as shelf:
            if not options.library:
                for folder in folders:
                    add(shelf, folder, Keeping())
            recipe, table = fitted(Bench(shelf, sets, reranker, config))
            if options.ranking:
                if not options.library:
                    add_corpus(shelf, options.ranking)
                ranked = fitted_ranking(recipe, options.ranking, options.queries, shelf, reranker)
                depth, share = max(ranked, key=lambda key: ranked[key])
                recipe = replace(recipe, reranked=int(depth), by_cross_encoder=share)
                table["nDCG@10 by reranked, by_cross_encoder"] = {f"{a:g}, {b:g}": ranked[a, b] for a, b in ranked}
    about = {"date": date.today().isoformat(), "script": "benchmarks/fit_recipe.py", "questions": _sizes(sets)}
    found = {"values": asdict(recipe), "fitted": about | {"candidates": table}}
    print(json.dumps(found["values"], indent=1))
    if not options.dry:
        built.FITTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _answerable(folder: Path, size: int) -> list[Case]:
    cases = [case for case in read_cases(folder / "questions.jsonl") if not case.abstain]
    return sample(cases, size) if cases else sys.exit(f"{folder}: no question that its documents answer")


def _sizes(sets: dict[str, list[Case]]) -> dict[str, int]:
    return {name: len(cases) for name, cases in sets.items()}


if __name__ == "__main__":
    main()
