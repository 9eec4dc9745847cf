"""Decide when the evidence is not enough to answer, and say what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.split import header
from rag.answers import Window
from rag.kinds import holds_kind
from rag.question import Question
from rag.terms import Terms, stems_of, terms_of

FITTED = Path(__file__).with_name("decline.json")
"""Weights and threshold, written by `benchmarks/fit_declining.py`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to answer, how surely, and what is missing."""

    answers: bool
    confidence: float
    """The probability that the evidence answers the question, 0 to 1."""
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A logistic model over the features, as fitted."""

    weights: dict[str, float]
    intercept: float
    threshold: float


@cache
def fitted() -> Fitted:
    """Read the fitted weights."""
    stored = json.loads(FITTED.read_text(encoding="utf-8"))
    return Fitted(stored["weights"], stored["intercept"], stored["threshold"])


def decide(question: Question, judged: Sequence[Window]) -> Decision:
    """Judge the best windows; `judged` is in order, best first."""
    if not judged:
        return Decision(False, 0.0, (missing_in(question, judged),))
    values = features(question, judged)
    model = fitted()
    logit = model.intercept + sum(weight * values[name] for name, weight in model.weights.items())
    confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
    if confidence >= model.threshold:
        return Decision(True, confidence, ())
    return Decision(False, confidence, (missing_in(question, judged),))


def features(question: Question, judged: Sequence[Window]) -> dict[str, float]:
    """Describe how well the best window fits the question; every value is about 0 to 1 or a logit over ten."""
    best = judged[0]
    asked = question.terms
    near = terms_of(_context(best))
    wide = terms_of(_context(best) + " " + best.hit.passage.text)
    weights = _rarity(asked.words, judged)
    total = sum(weights.values()) or 1.0
    following = judged[1].logit if len(judged) > 1 else best.logit - 5
    return {
        "logit": best.logit / 10,
        "lead": min(best.logit - following, 5.0) / 5,
        "words_near": sum(w for word, w in weights.items() if word in near.words) / total,
        "words_wide": sum(w for word, w in weights.items() if word in wide.words) / total,
        "rarest_missing": max((w for word, w in weights.items() if word not in wide.words), default=0.0) / 4,
        "names_missing": _share(asked.names - near.words, asked.names),
        "names_missing_wide": _share(asked.names - wide.words, asked.names),
        "numbers_missing": _share(asked.numbers - wide.numbers, asked.numbers),
        "years_missing": float(bool(asked.years - wide.years)),
        "negation_differs": float(asked.negated != terms_of(best.text).negated),
        "expected_missing": float(not holds_kind(question, best.text)),
        "fused": best.hit.score,
        "length": min(len(asked.words), 15) / 15,
        "broad": float(question.expects in ("summary", "comparison", "list")),
    }


def missing_in(question: Question, judged: Sequence[Window]) -> str:
    """Say in plain words what the nearest passages do not tell."""
    near = terms_of(" ".join(_context(window) + " " + window.hit.passage.text for window in judged[:3]))
    absent = _as_written(question, near)
    if absent:
        return f"The documents do not connect {_listed(absent)} with this question: {question.text}"
    return f"The documents do not tell: {question.text}"


def _context(window: Window) -> str:
    document = window.hit.document
    return f"{header(document.metadata, document.name).strip()}. {window.text}"


def _rarity(words: frozenset[str], judged: Sequence[Window]) -> dict[str, float]:
    texts = [set(stems_of(window.hit.passage.text)) for window in {w.hit.passage.id: w for w in judged}.values()]
    count = len(texts)
    return {
        word: math.log(1 + (count - held + 0.5) / (held + 0.5))
        for word in sorted(words)
        for held in (sum(word in text for text in texts),)
    }


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _as_written(question: Question, near: Terms) -> list[str]:
    """The question's names, years and rare words that the passages lack, as the question writes them."""
    subjects = [subject for subject in question.subjects if not set(stems_of(subject)) <= near.words]
    years = sorted(question.terms.years - near.years)
    return [f"“{found}”" for found in dict.fromkeys([*subjects, *years])][:4]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
