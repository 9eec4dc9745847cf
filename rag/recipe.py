"""How a question is answered, in numbers: what `benchmarks/fit_recipe.py` fits and `benchmarks/ablations.py` varies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FITTED = Path(__file__).with_name("recipe.json")
"""The numbers, written by `benchmarks/fit_recipe.py` with what each of its candidates was worth."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of the steps from a question to its answer."""

    found: int
    """How many passages each search gives."""
    by_meaning: float
    """The share of the search by meaning in the fused ranking; at 0 and 1 the other search is left out."""
    read: int
    """How many passages are read."""
    by_passage: float
    """How much a passage's rank counts beside the question's words when windows are chosen to be judged."""
    judged: int
    """How many of their windows the cross-encoder judges first, unless several things are to be gathered."""
    judged_most: int
    """How many it judges where none of the first is clearly the answer."""
    differing: int
    """Among how many of the likeliest other documents' values for the same thing are looked for, and judged."""
    clear: float
    """From this logit on a window is clearly the answer: no more are judged, and no word is missed in it."""
    lacking: float
    """How far a window that lacks the asked kind of thing is put back, in logits."""
    elsewhere: float
    """How far a window is put back whose document has none of the names of the question, in logits."""
    fact_gap: float
    """How far behind the best window a second one may be to be quoted for a fact, in logits."""
    reason_gap: float
    """The same where a reason is asked for."""
    broad_gap: float
    """The same where a list, a comparison or a summary is asked for."""
    slack: float
    """How far below two sentences one of them may score and still be quoted alone for a fact, in logits."""
    a_word: float
    """How much further below for each word that is spared so, in logits."""
    sentence_before: bool
    """Whether a sentence is judged and quoted with the one before it."""
    each: bool
    """Whether a question about several things is asked about each of them."""
    reranked: int
    """How many hits of a search with reranking are ordered again."""
    by_cross_encoder: float
    """The share of the cross-encoder in that order."""


AS_BUILT = Recipe(**json.loads(FITTED.read_text(encoding="utf-8"))["values"])
