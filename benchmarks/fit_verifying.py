"""Fit the verifier's weights and threshold and write them, with figures, into `rag/verify/support.json`.

`judged_statements.jsonl` beside this script holds pairs of a statement that a real language model wrote and a piece of
evidence that it was weighed against, each judged by a reader: the features that the pair has, and hashes of the texts,
never the texts. The weights are fitted to these pairs; `PAIRS`, a file of JSON lines with `claim`, `text` and
`supported` in which the overlap of words does not help, is not fitted to. All figures are cross-validated: no statement
is scored by weights that were fitted to it. The threshold is the lowest at which at most one in fifty of what would be
shown is not borne out, and at most one in twenty of `PAIRS`. The weight of a judge, a language model that is asked
whether the evidence says it, is fitted to all pairs that it was asked about, those of readers and `PAIRS` weighing the
same, cross-validated too. It can be asked about judged pairs where their texts are given.

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
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
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
LEAST = 0.65
"""No lower threshold: nothing right is won below it on the judged pairs, and statements made to deceive get through."""
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


def refresh(texts: Path, reranker: Reranker, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Make the judged pairs anew from a file that holds their texts and a reader's verdicts."""
    rows = [row for row in rows_of(texts) if row["borne_out"] is not None]
    told = opinions([(row["statement"], row["context"]) for row in rows], options.judge, options.opinions)
    found = features_of([(row["statement"], row["evidence"], row["context"]) for row in rows], reranker)
    return [
        {
            "set": row["set"],
            "id": row["id"],
            "statement": key_of(row["statement"]),
            "evidence": key_of(row["evidence"]),
            "places": row["places"],
            "borne_out": row["borne_out"],
            "odds": told.get(key_of(row["statement"], row["context"])),
            "features": {name: round(value, 4) for name, value in features.items()},
        }
        for row, features in zip(rows, found, strict=True)
    ]


def joined(before: Sequence[dict[str, Any]], anew: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put new verdicts, features and opinions in the place of old ones, and keep the others."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (*before, *anew):
        key = (row["statement"], row["evidence"])
        known = found.get(key, {}).get("odds")
        found[key] = row if row.get("odds") is not None else row | {"odds": known}
    return list(found.values())


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


def threshold_of(scores: Scores, right: NDArray[np.bool_], wrong: float, least: float = LEAST) -> float:
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


def opinions(pairs: Sequence[tuple[str, str]], name: str | None, kept: Path | None) -> dict[str, float]:
    """Read a judge's log-odds of claims and texts, and ask a model for those that are missing where one is named."""
    found = {row["pair"]: row["odds"] for row in rows_of(kept)} if kept is not None and kept.exists() else {}
    missing = [pair for pair in dict.fromkeys(pairs) if key_of(*pair) not in found]
    if name is None or not missing:
        return found
    config = RagConfig(model=name)
    chat = Writing(config, open_reranker(config), lambda document: "").chat(name)
    by_text = sorted(missing, key=lambda pair: pair[::-1])  # a server keeps what it has just read
    for pair in track(by_text, "asking the judge"):
        if (odds := chat.truth(judge_prompt(*pair), Budget(math.inf, 1, 10))) is None:
            continue
        found[key_of(*pair)] = round(odds, 4)
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"pair": key_of(*pair), "odds": round(odds, 4)}) + "\n")
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
    judged = joined(rows_of(JUDGED), refresh(options.texts, reranker, options) if options.texts else [])
    right = np.array([row["borne_out"] for row in judged])
    rows, groups = [row["features"] for row in judged], [row["statement"] for row in judged]
    values, refusing = matrix(rows), refused(rows)
    folds = np.array([fold_of(group) for group in groups])
    scores = held_out(values, right, folds)
    scores = np.where(refusing, scores / 2, scores)
    model = LogisticRegression(max_iter=5000).fit(values, right)
    weights = {name: round(float(weight), 3) for name, weight in zip(WEIGHED, model.coef_[0], strict=True)}
    stored = json.loads(statements.FITTED.read_text(encoding="utf-8"))
    stored |= {"weights": weights, "intercept": round(float(model.intercept_[0]), 3)}
    best = best_of(scores, groups)
    threshold = threshold_of(scores[best], right[best], WRONG, threshold_of(scores, right, WRONG))
    pairs = third_party(rows_of(options.pairs), options, reranker, model)
    stored["threshold"] = threshold = max(threshold, threshold_of(pairs.scores, pairs.right, WRONG_OF_PAIRS))
    asked = np.array([math.nan if row.get("odds") is None else row["odds"] for row in judged])
    ours = Scored(scores, right, asked, folds)
    others = {
        "pairs": len(pairs.right),
        "pairs_auc": auc(pairs.right, pairs.scores),
        "pairs_shown_wrongly": round(float((~pairs.right[pairs.scores >= threshold]).mean()), 3),
        **with_judge({"judged_pairs": ours, "best_pairs": ours.only(best), "pairs": pairs}, stored["judged"]),
    }
    shown = scores[best] >= threshold
    figures: dict[str, Any] = {
        "date": date.today().isoformat(),
        "script": "benchmarks/fit_verifying.py",
        "statements": len(set(groups)),
        "judged_pairs": len(right),
        "judged_pairs_borne_out": int(right.sum()),
        "judged_pairs_auc": auc(right, scores),
        "best_pairs_auc": auc(right[best], scores[best]),
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


@dataclass(frozen=True)
class Scored:
    """Pairs with our score, the reader's or the set's verdict, a judge's log-odds (NaN: not asked) and their fold."""

    scores: Scores
    right: NDArray[np.bool_]
    odds: Scores
    folds: NDArray[np.int64]

    def only(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> Scored:
        """Give some of the pairs."""
        return Scored(self.scores[places], self.right[places], self.odds[places], self.folds[places])

    @property
    def asked(self) -> Scored:
        """Those that the judge was asked about."""
        return self.only(~np.isnan(self.odds))

    @property
    def both(self) -> Scores:
        """Our log-odds and the judge's, a pair a row."""
        ours = np.clip(self.scores, 1e-6, 1 - 1e-6)
        return np.column_stack([np.log(ours / (1 - ours)), np.clip(self.odds, -10, 10)])


def third_party(
    pairs: Sequence[Mapping[str, Any]], options: argparse.Namespace, reranker: Reranker, model: LogisticRegression
) -> Scored:
    """Score pairs that were not fitted to."""
    texts = [(untokenised(row["claim"]), untokenised(row["text"])) for row in pairs]
    rows = features_of([(claim, text, text) for claim, text in texts], reranker)
    own = model.predict_proba(matrix(rows))[:, 1]
    told = opinions(texts, options.judge, options.opinions)
    return Scored(
        np.where(refused(rows), own / 2, own),
        np.array([row["supported"] for row in pairs]),
        np.array([told.get(key_of(*text), math.nan) for text in texts]),
        np.array([fold_of(family) for family in families(pairs)]),
    )


def with_judge(sets: Mapping[str, Scored], stored: dict[str, Any]) -> dict[str, Any]:
    """Fit the weight of a judge's opinion beside our score, and measure what it adds over each set."""
    asked = {name: scored.asked for name, scored in sets.items()}
    fitting = [scored for name, scored in asked.items() if name != "best_pairs" and len(scored.right) > 2 * FOLDS]
    if not fitting:
        return {}

    def fitted_without(fold: int | None) -> LogisticRegression:
        parts = [scored.only(scored.folds != fold) for scored in fitting]
        weights = np.concatenate([np.full(len(part.right), 1 / len(part.right)) for part in parts])
        values, right = np.vstack([part.both for part in parts]), np.concatenate([part.right for part in parts])
        return LogisticRegression(max_iter=5000).fit(values, right, weights * len(right) / weights.sum())

    whole = fitted_without(None)
    stored |= {
        "own": round(max(0.0, float(whole.coef_[0][0])), 3),
        "judge": round(float(whole.coef_[0][1]), 3),
        "intercept": round(float(whole.intercept_[0]), 3),
    }
    folds = [fitted_without(fold) for fold in range(FOLDS)]
    figures: dict[str, Any] = {}
    for name, scored in asked.items():
        if not len(scored.right):
            continue
        together = np.array(
            [folds[fold].predict_proba(row[None])[0, 1] for fold, row in zip(scored.folds, scored.both, strict=True)]
        )
        figures |= {
            f"{name}_with_judge": len(scored.right),
            f"{name}_auc_without_judge_there": auc(scored.right, scored.scores),
            f"{name}_auc_of_judge_alone": auc(scored.right, scored.odds),
            f"{name}_auc_with_judge": auc(scored.right, together),
        }
    return figures


def auc(right: NDArray[np.bool_], scores: Scores) -> float:
    """Give the area under the curve."""
    return round(float(roc_auc_score(right, scores)), 3)


if __name__ == "__main__":
    main()
