"""Fit the decision to decline to sets of questions and write `rag/decline.json`.

Each folder that is named holds `documents/` and `questions.jsonl` with `question`, `abstain` (whether the documents
do not answer) and, for follow-ups, `history`. Questions of the other sets are asked too: off-topic ones, which are to
be declined. All sets weigh the same, and both outcomes of a set, however many of each it has: fitted to three of them
so, the model declines better over the fourth than with sets weighed by their size. Figures are cross-validated:
questions whose best passage is in the same document are never in both the fitted and the held-out part.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from index.load import files_of, source_of
from index.records import Source
from rag import decline
from rag.answers import Ask, Turn
from rag.config import RagConfig
from rag.pipeline import Rag

ANSWERED = 0.91
"""The share of answerable questions, over all sets, that the threshold has to let through."""
FOLDS = 8
OFF_TOPIC = 12
"""How many questions of each other set are asked over a set's documents."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its features and what is right."""

    set: str
    group: str
    answerable: bool
    features: dict[str, float]


def added(rag: Rag, folder: Path) -> None:
    """Add a folder's documents as a dossier of its name."""
    sources = [source_of(path, rag.config) for path in files_of([folder / "documents"]) if isinstance(path, Path)]
    named = [Source(source.name, f"upload:{source.name}", source.content) for source in sources]
    job = rag.shelf.wait(rag.shelf.add(folder.name, named).id)
    if job.failed:
        sys.exit(f"{folder}: {job.failed}")


def examples(rag: Rag, folder: Path) -> Iterator[Example]:
    """Read the features of a folder's questions over its documents."""
    for row in track(questions(folder), description=folder.name, transient=True):
        history = tuple(Turn(turn["role"], turn["content"]) for turn in row.get("history", ()))
        ask = Ask(row["question"], folder.name, history=history)
        yield from read(rag, ask, folder.name, answerable=not row["abstain"])


def off_topic(rag: Rag, folder: Path, others: list[Path]) -> Iterator[Example]:
    """Ask questions of the other folders over this one's documents, which cannot answer them."""
    for other in others:
        for row in questions(other)[:: max(1, len(questions(other)) // OFF_TOPIC)][:OFF_TOPIC]:
            yield from read(rag, Ask(row["question"], folder.name), "off-topic", answerable=False)


def questions(folder: Path) -> list[dict[str, Any]]:
    """Read a folder's questions."""
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def read(rag: Rag, ask: Ask, name: str, *, answerable: bool) -> Iterator[Example]:
    """Read the features of one question, where anything was found; of its weakest part, if it has several."""
    parts = [found for found in rag.evidence(ask) if found.judged]
    if parts:
        weakest = min(parts, key=lambda found: found.judged[0].logit)
        group = f"{name}/{weakest.judged[0].hit.document.name}"
        yield Example(name, group, answerable, decline.features(weakest.question, weakest.judged, weakest.probe))


def measured(folders: list[Path]) -> list[Example]:
    """Read the features of all questions, over a new library."""
    with tempfile.TemporaryDirectory() as data:
        config = RagConfig(data=Path(data), models=RagConfig().models_folder)
        with Rag.open(config) as rag:
            for folder in folders:
                added(rag, folder)
            own = [example for folder in folders for example in examples(rag, folder)]
            strange = (off_topic(rag, one, [other for other in folders if other != one]) for one in folders)
            return [*own, *(example for several in strange for example in several)]


def kept(file: Path | None) -> list[Example]:
    """Read features that an earlier run kept."""
    if file is None or not file.exists():
        return []
    return [Example(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def balanced(rows: list[Example]) -> NDArray[np.float64]:
    """Weigh rows so that all sets, and both outcomes of a set, count the same, whatever their sizes."""
    sizes = Counter((row.set, row.answerable) for row in rows)
    weights = np.array([1 / sizes[row.set, row.answerable] for row in rows])
    return weights / weights.mean()


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--features", type=Path, help="keep the features here, and read them from here when it exists")
    parser.add_argument("--dry", action="store_true", help="report only")
    options = parser.parse_args()
    rows = kept(options.features) or measured([folder.resolve() for folder in options.folders])
    if options.features:
        options.features.write_text("\n".join(json.dumps(asdict(row)) for row in rows), encoding="utf-8")
    names = list(decline.USED)
    values = np.array([[row.features[name] for name in names] for row in rows])
    right = np.array([row.answerable for row in rows])
    weights, groups = balanced(rows), np.array([row.group for row in rows])
    model = LogisticRegression(C=1.0, max_iter=1000)
    held_out = cross_val_predict(
        model,
        values,
        right,
        groups=groups,
        cv=GroupKFold(FOLDS),
        method="predict_proba",
        params={"sample_weight": weights},
    )[:, 1]
    threshold = float(np.quantile(held_out[right], 1 - ANSWERED))
    model.fit(values, right, sample_weight=weights)
    figures: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(row.set for row in rows):
        part = np.array([row.set == name for row in rows])
        figures[name] = {"questions": int(part.sum())}
        if (part & right).any():
            figures[name]["answered"] = round(float((held_out[part & right] >= threshold).mean()), 3)
            figures[name]["auc"] = round(float(roc_auc_score(right[part], held_out[part])), 3)
        figures[name]["declined_rightly"] = round(float((held_out[part & ~right] < threshold).mean()), 3)
        print(name, figures[name])
    fitted = {
        "weights": dict(zip(names, (round(float(weight), 4) for weight in model.coef_[0]), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
        "threshold": round(threshold, 4),
        "fitted": {
            "date": date.today().isoformat(),
            "script": "benchmarks/fit_declining.py",
            "cross_validated": figures,
        },
    }
    print(json.dumps(fitted, indent=1))
    if not options.dry:
        decline.FITTED.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
