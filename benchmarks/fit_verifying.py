"""Fit the threshold of the verifier and write it, with figures, into `rag/verify/support.json`.

`PAIRS` is a file of JSON lines with `claim`, `text` and `supported`: third-party pairs in which the overlap of words
does not help. `judged_statements.jsonl` beside this script holds statements of a real language model, each judged by a
reader against the passages, with the features that they had. The weights are set by hand; what a logistic regression
over the pairs would reach is told for comparison, cross-validated. The threshold is the lowest at which at most one
statement shown in fifty is not borne out.
"""

from __future__ import annotations

import argparse
import json
import math
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from rag.config import RagConfig
from rag.rerank import open_reranker
from rag.verify import statements
from rag.verify.agree import CHECKS

JUDGED = Path(__file__).with_name("judged_statements.jsonl")
WRONG = 0.02
"""How many of the statements that are shown may be unsupported."""


def score(features: dict[str, float]) -> float:
    """Give the product's own score: below one half where a check refuses."""
    model = statements.fitted()
    total = model.intercept + sum(weight * features[name] for name, weight in model.weights.items())
    chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    return chance / 2 if any(features[name] for name in (*CHECKS, "speech")) else chance


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


def of_pairs(path: Path) -> tuple[list[dict[str, float]], list[bool], list[str]]:
    """Read the features of third-party pairs."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    logits = open_reranker(RagConfig()).score_pairs([(row["claim"], row["text"]) for row in rows])
    texts = [(untokenised(row["claim"]), untokenised(row["text"])) for row in rows]
    features = [
        statements.features(claim, text, text, logit) for (claim, text), logit in zip(texts, logits, strict=True)
    ]
    return features, [row["supported"] for row in rows], [row["text"] for row in rows]


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--dry", action="store_true", help="report only")
    options = parser.parse_args()
    features, right, groups = of_pairs(options.pairs)
    values = np.array([list(row.values()) for row in features])
    held_out = cross_val_predict(
        LogisticRegression(max_iter=2000), values, right, groups=groups, cv=GroupKFold(8), method="predict_proba"
    )[:, 1]
    judged = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    scores, borne_out = [score(row["features"]) for row in judged], [row["borne_out"] for row in judged]
    thresholds = sorted({*np.arange(0.5, 1.0, 0.01).round(2)})
    threshold = next(
        limit
        for limit in thresholds
        if sum(s >= limit and not right for s, right in zip(scores, borne_out, strict=True))
        <= WRONG * sum(s >= limit for s in scores)
    )
    shown = [right for s, right in zip(scores, borne_out, strict=True) if s >= threshold]
    figures = {
        "pairs": len(right),
        "pairs_auc": round(float(roc_auc_score(right, [score(row) for row in features])), 3),
        "pairs_auc_of_weights_fitted_to_them": round(float(roc_auc_score(right, held_out)), 3),
        "statements": len(judged),
        "statements_auc": round(float(roc_auc_score(borne_out, scores)), 3),
        "model_alone_unsupported": round(1 - sum(borne_out) / len(borne_out), 3),
        "shown": len(shown),
        "shown_unsupported": len(shown) - sum(shown),
        "supported_shown": round(sum(shown) / sum(borne_out), 3),
    }
    stored = json.loads(statements.FITTED.read_text(encoding="utf-8"))
    stored |= {"threshold": float(threshold)}
    stored["fitted"] = {"date": date.today().isoformat(), "script": "benchmarks/fit_verifying.py"} | figures
    print(json.dumps(stored, indent=1))
    if not options.dry:
        statements.FITTED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
