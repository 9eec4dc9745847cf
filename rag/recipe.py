"""How a question is answered, in numbers: what `benchmarks/ablations.py` varies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of the steps from a question to its evidence; the defaults are what Dossier does."""

    found: int = 50
    """How many passages each search gives."""
    by_meaning: float = 0.5
    """The share of the search by meaning in the fused ranking; at 0 and 1 the other search is left out."""
    read: int = 8
    """How many passages are read."""
    judged: int = 10
    """How many of their windows the cross-encoder judges first."""
    judged_most: int = 24
    """How many it judges where none of the first is clearly the answer."""
    clear: float = 7.0
    """From this logit on a window is clearly the answer: no more are judged, and no word is missed in it."""
    sentence_before: bool = True
    """Whether a sentence is judged and quoted with the one before it."""
    each: bool = True
    """Whether a question about several things is asked about each of them."""


AS_BUILT = Recipe()
