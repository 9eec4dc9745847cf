"""Fit the verifier's weights and threshold and write them, with figures, into `rag/verify/support.json`.

`judged_statements.jsonl` beside this script holds pairs of a statement that a real language model wrote and a piece of
evidence that it was weighed against, each judged by a reader: the features that the pair has, and hashes of the texts,
never the texts. The weights are fitted to these pairs; `PAIRS`, a file of JSON lines with `claim`, `text` and
`supported` in which the overlap of words does not help, is not fitted to. All figures are cross-validated: no statement
is scored by weights that were fitted to it. The threshold is the lowest at which at most one in fifty of what would be
shown is not borne out, and at most one in twenty of `PAIRS`. The weight of a judge is fitted to those of `PAIRS` that
it was asked about, cross-validated too.

    python benchmarks/fit_verifying.py PAIRS --judge local:qwen2.5-1.5b --opinions FILE   # asks what FILE lacks
    python benchmarks/fit_verifying.py PAIRS --dry                                        # only measures
    python benchmarks/fit_verifying.py PAIRS --texts FILE                                 # features anew, from texts
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.config import RagConfig
from rag.rerank import Reranker, open_reranker
from rag.verify import statements
from rag.write import Budget
from rag.write.prompting import judge_prompt
from rag.writing import Writing

JUDGED = Path(__file__).with_name("judged_statements.jsonl")
WRONG = 0.02
"""How many of the statements that are shown may be unsupported."""
WRONG_OF_PAIRS = 0.05
"""How many of the third-party pairs, half of which are traps."""
FOLDS = 5
WEIGHED = ("relevance", "coverage", "uncovered", "order", "run")
"""The features that are weighed; the others are checks, each of which refuses by itself."""
REFUSING = statements.REFUSING
Features = Mapping[str, float]
Scores = NDArray[np.float64]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def key_of(*texts: str) -> str:
    """Name a pair, or a statement, by its sha256."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:24]


def untokenised(text: str) -> str:
    """Undo the spacing of the Penn Treebank."""
    for old, new in (
        ("-LRB- ", "("),
        (" -RRB-", ")"),
        (" ,", ","),
        (" .", "."),
        (" 's", "'s"),
        ("`` ", '"'),
        (" ''", '"'),
    ):
        text = text.replace(old, new)
    return text


def features_of(rows: Sequence[tuple[str, str, str]], reranker: Reranker) -> list[Features]:
    """Give the features of statements, evidence, and evidence under its heading."""
    return [
        statements.features(said, evidence, context, reranker.score(said, [context])[0])
        for said, evidence, context in rows
    ]


def refresh(texts: Path, reranker: Reranker) -> list[dict[str, Any]]:
    """Make the judged pairs anew from a file that holds their texts and a reader's verdicts."""
    rows = [row for row in rows_of(texts) if row["borne_out"] is not None]
    found = features_of([(row["statement"], row["evidence"], row["context"]) for row in rows], reranker)
    return [
        {
            "set": row["set"],
            "id": row["id"],
            "statement": key_of(row["statement"]),
            "evidence": key_of(row["evidence"]),
            "places": row["places"],
            "borne_out": row["borne_out"],
            "features": {name: round(value, 4) for name, value in features.items()},
        }
        for row, features in zip(rows, found, strict=True)
    ]


def joined(before: Sequence[dict[str, Any]], anew: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put new verdicts and features in the place of old ones, and keep the others."""
    return list({(row["statement"], row["evidence"]): row for row in (*before, *anew)}.values())


def fold_of(group: str) -> int:
    """Put everything about one statement into one fold."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % FOLDS


def matrix(rows: Sequence[Features]) -> Scores:
    """Give the weighed features, a pair a row."""
    return np.array([[row[name] for name in WEIGHED] for row in rows])


def refused(rows: Sequence[Features]) -> NDArray[np.bool_]:
    """Whether a check refuses."""
    return np.array([any(row[name] for name in REFUSING) for row in rows])


def held_out(values: Scores, right: NDArray[np.bool_], folds: NDArray[np.int64]) -> Scores:
    """Score every pair by weights that were fitted without its statement."""
    scores = np.zeros(len(right))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any():
            model = LogisticRegression(max_iter=5000).fit(values[~inside], right[~inside])
            scores[inside] = model.predict_proba(values[inside])[:, 1]
    return scores


def threshold_of(scores: Scores, right: NDArray[np.bool_], wrong: float, least: float = 0.5) -> float:
    """Give the lowest score from which on at most a share is not borne out."""
    for limit in np.arange(least, 1.0, 0.01).round(2):
        shown = scores >= limit
        if (shown & ~right).sum() <= wrong * shown.sum():
            return float(limit)
    return 0.99


def best_of(scores: Scores, groups: Sequence[str]) -> NDArray[np.int64]:
    """Give the place of each statement's likeliest evidence, which is what would be cited."""
    best: dict[str, int] = {}
    for place, group in enumerate(groups):
        if group not in best or scores[place] > scores[best[group]]:
            best[group] = place
    return np.array(sorted(best.values()))


def opinions(pairs: Sequence[Mapping[str, Any]], name: str | None, kept: Path | None) -> dict[str, float]:
    """Read a judge's log-odds, and ask a model for those that are missing where one is named."""
    found = {row["pair"]: row["odds"] for row in rows_of(kept)} if kept is not None and kept.exists() else {}
    if name is None:
        return found
    config = RagConfig(model=name)
    chat = Writing(config, open_reranker(config), lambda document: "").chat(name)
    for row in pairs:
        key = key_of(row["claim"], row["text"])
        prompt = judge_prompt(untokenised(row["claim"]), untokenised(row["text"]))
        if key in found or (odds := chat.truth(prompt, Budget(math.inf, 1, 10))) is None:
            continue
        found[key] = odds
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"pair": key, "odds": round(odds, 4)}) + "\n")
    return found


def families(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the family of each pair: whatever shares a claim or a text is one family."""
    above: dict[str, str] = {}

    def top(text: str) -> str:
        while above.setdefault(text, text) != text:
            text = above[text]
        return text

    for row in pairs:
        above[top(row["claim"])] = top(row["text"])
    return [top(row["claim"]) for row in pairs]


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--judge", help="a language model to ask for a second opinion on the pairs")
    parser.add_argument("--opinions", type=Path, help="where its opinions are kept")
    parser.add_argument("--texts", type=Path, help="texts of the judged pairs: their features are made anew")
    parser.add_argument("--dry", action="store_true", help="report only")
    options = parser.parse_args()
    reranker = open_reranker(RagConfig())
    judged = joined(rows_of(JUDGED), refresh(options.texts, reranker) if options.texts else [])
    right = np.array([row["borne_out"] for row in judged])
    rows, groups = [row["features"] for row in judged], [row["statement"] for row in judged]
    values, refusing = matrix(rows), refused(rows)
    scores = held_out(values, right, np.array([fold_of(group) for group in groups]))
    scores = np.where(refusing, scores / 2, scores)
    model = LogisticRegression(max_iter=5000).fit(values, right)
    weights = {name: round(float(weight), 3) for name, weight in zip(WEIGHED, model.coef_[0], strict=True)}
    stored = json.loads(statements.FITTED.read_text(encoding="utf-8"))
    stored |= {"weights": weights, "intercept": round(float(model.intercept_[0]), 3)}
    best = best_of(scores, groups)
    threshold = threshold_of(scores[best], right[best], WRONG, threshold_of(scores, right, WRONG))
    others = third_party(rows_of(options.pairs), options, reranker, model, stored)
    stored["threshold"] = threshold = max(threshold, others.pop("threshold"))
    shown = scores[best] >= threshold
    figures: dict[str, Any] = {
        "date": date.today().isoformat(),
        "script": "benchmarks/fit_verifying.py",
        "statements": len(set(groups)),
        "judged_pairs": len(right),
        "judged_pairs_borne_out": int(right.sum()),
        "judged_pairs_auc": round(float(roc_auc_score(right, scores)), 3),
        "best_pairs_auc": round(float(roc_auc_score(right[best], scores[best])), 3),
        "model_alone_unsupported": round(1 - len({groups[i] for i in np.flatnonzero(right)}) / len(best), 3),
        "shown": int(shown.sum()),
        "shown_unsupported": int((shown & ~right[best]).sum()),
        "supported_shown": round(float((shown & right[best]).sum() / right[best].sum()), 3),
    }
    stored["fitted"] = figures | others
    print(json.dumps(stored, indent=1))
    if not options.dry:
        statements.FITTED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        JUDGED.write_text("".join(json.dumps(row) + "\n" for row in judged), encoding="utf-8")


def third_party(
    pairs: Sequence[Mapping[str, Any]],
    options: argparse.Namespace,
    reranker: Reranker,
    model: LogisticRegression,
    stored: dict[str, Any],
) -> dict[str, Any]:
    """Measure on pairs that were not fitted to, and fit the judge's weight where there are opinions."""
    texts = [(untokenised(row["claim"]), untokenised(row["text"])) for row in pairs]
    rows = features_of([(claim, text, text) for claim, text in texts], reranker)
    right = np.array([row["supported"] for row in pairs])
    own = model.predict_proba(matrix(rows))[:, 1]
    halved = np.where(refused(rows), own / 2, own)
    threshold = threshold_of(halved, right, WRONG_OF_PAIRS)
    figures: dict[str, Any] = {
        "threshold": threshold,
        "pairs": len(pairs),
        "pairs_auc": round(float(roc_auc_score(right, halved)), 3),
        "pairs_shown_wrongly": round(float((~right[halved >= threshold]).mean()), 3),
    }
    told = opinions(pairs, options.judge, options.opinions)
    asked = np.array([i for i, row in enumerate(pairs) if key_of(row["claim"], row["text"]) in told])
    if len(asked) > 2 * FOLDS:
        odds = np.array([told[key_of(pairs[i]["claim"], pairs[i]["text"])] for i in asked])
        both = np.column_stack([np.log(halved[asked] / (1 - halved[asked])), np.clip(odds, -10, 10)])
        folds = np.array([fold_of(family) for family in families(pairs)])[asked]
        together = held_out(both, right[asked], folds)
        fitted = LogisticRegression(max_iter=5000).fit(both, right[asked])
        stored["judged"] = {
            "own": round(max(0.0, float(fitted.coef_[0][0])), 3),
            "judge": round(float(fitted.coef_[0][1]), 3),
            "intercept": round(float(fitted.intercept_[0]), 3),
            "threshold": stored["judged"]["threshold"],
        }
        figures |= {
            "pairs_with_judge": len(asked),
            "pairs_auc_of_judge_alone": round(float(roc_auc_score(right[asked], odds)), 3),
            "pairs_auc_without_judge_there": round(float(roc_auc_score(right[asked], halved[asked])), 3),
            "pairs_auc_with_judge": round(float(roc_auc_score(right[asked], together)), 3),
        }
    return figures


if __name__ == "__main__":
    main()
