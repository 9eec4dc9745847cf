"""Decide when the evidence is not enough to answer, and say what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.answers import Window
from rag.contrast import contrast
from rag.extract import in_context
from rag.kinds import holds_kind
from rag.probe import Probe
from rag.question import Question
from rag.terms import Terms, stems_of, terms_of

USED = ("above", "below", "nameless", "unheard", "names_missing", "expected_missing", "contrasted")
"""The features that the fitted model weighs."""
_SHOWN = 200
"""How much of a long question is repeated, in characters."""
_STANDS_OUT = 1.0
"""From how many logits on a word that the evidence does not speak to is named."""
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


def decide(question: Question, judged: Sequence[Window], probe: Probe) -> Decision:
    """Judge the best windows; `judged` is in order, best first."""
    if not judged:
        return Decision(False, 0.0, (missing_in(question, judged, probe),))
    values = features(question, judged, probe)
    model = fitted()
    logit = model.intercept + sum(weight * values[name] for name, weight in model.weights.items())
    confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
    if confidence >= model.threshold:
        return Decision(True, confidence, ())
    return Decision(False, confidence, (missing_in(question, judged, probe),))


def features(question: Question, judged: Sequence[Window], probe: Probe) -> dict[str, float]:
    """Describe how well the best window fits the question, in numbers of about 0 to 1."""
    best, asked = judged[0], question.terms
    wide = _around(best)
    held = terms_of(wide)
    return {
        "above": max(0.0, min(10.0, best.logit)) / 10,
        "below": min(0.0, max(-10.0, best.logit)) / 10,
        "nameless": max(-12.0, min(12.0, probe.nameless)) / 10,
        "unheard": max(0.0, min(10.0, probe.gain)) / 10,
        "names_missing": len(asked.names - held.words) / (len(asked.names) or 1),
        "expected_missing": float(not holds_kind(question, best.text)),
        "contrasted": float(contrast(question, best.text, wide) is not None),
    }


def missing_in(question: Question, judged: Sequence[Window], probe: Probe) -> str:
    """Say in plain words what the nearest passages do not tell."""
    near = terms_of(" ".join(_around(window) for window in judged[:3]))
    asked = question.text if len(question.text) <= _SHOWN else f"{question.text[:_SHOWN].rstrip()}…"
    if absent := _as_written(question, near):
        return f"The passages found do not mention {_listed(absent)}, so this stays open: {asked}"
    if judged and (other := contrast(question, judged[0].text, _around(judged[0]))):
        instead = f"speak of “{other.told[:_SHOWN]}”, not of" if other.told else "do not tell with"
        return f"The passages found {instead} “{other.asked[:_SHOWN]}”: {asked}"
    if probe.gain > _STANDS_OUT:
        return f"The passages found do not speak of “{probe.unheard[:_SHOWN]}” in this respect: {asked}"
    return f"The documents do not tell: {asked}"


def _around(window: Window) -> str:
    """A window with its document's title and its passage."""
    return f"{in_context(window)} {window.hit.passage.text}"


def _as_written(question: Question, near: Terms) -> list[str]:
    """The question's names, years and rare words that the passages lack, as the question writes them."""
    subjects = [subject for subject in question.subjects if not set(stems_of(subject)) <= near.words]
    years = sorted(question.terms.years - near.years)
    return [f"“{found[:_SHOWN]}”" for found in dict.fromkeys([*subjects, *years])][:4]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
