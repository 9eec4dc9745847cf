"""The numbers of the recipe change only for what is better by more than chance."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks import fit_recipe
from benchmarks.fit_recipe import Folds, Worth
from benchmarks.remembered import Remembered
from rag.recipe import AS_BUILT, FITTED, Recipe
from tests.fakes import FakeReranker


class Bench:
    """Forty questions that like one gap best: all of them, or one single document's."""

    def __init__(self, *, everywhere: bool) -> None:
        self.folds: Folds = {"s": np.arange(40) % fit_recipe.FOLDS}
        self._liked = np.ones(40) if everywhere else (np.arange(40) == 7) * 1.0

    def worth(self, recipe: Recipe, told: str) -> Worth:
        return Worth({"s": 0.5 + 0.1 * self._liked * (recipe.fact_gap == 2.0)}, 10.0, 40.0)


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_number_changes_where_questions_that_were_not_looked_at_gain(everywhere: bool) -> None:
    recipe, table = fit_recipe.fitted(Bench(everywhere=everywhere))  # type: ignore[arg-type]  # what is asked of it
    assert recipe.fact_gap == (2.0 if everywhere else AS_BUILT.fact_gap)
    assert table["fact_gap"]["chosen"] == recipe.fact_gap
    assert (table["fact_gap"]["held_out_gain"] > 0) == everywhere
    assert recipe.by_meaning == AS_BUILT.by_meaning


def test_of_numbers_that_are_as_good_the_quicker_is_taken() -> None:
    class Quick(Bench):
        def worth(self, recipe: Recipe, told: str) -> Worth:
            better = super().worth(recipe, told)
            return Worth(better.each, 8.0 if recipe.judged == 6 else 9.9 if recipe.read == 8 else 10.0, 40.0)

    recipe, _ = fit_recipe.fitted(Quick(everywhere=True))  # type: ignore[arg-type]  # as above
    assert recipe.judged == 6
    assert recipe.read == AS_BUILT.read, "a hundredth fewer pairs is nothing"


def test_the_numbers_in_use_are_those_that_were_fitted() -> None:
    stored = json.loads(FITTED.read_text(encoding="utf-8"))
    assert stored["values"] == asdict(AS_BUILT)
    for name, found in stored["fitted"]["candidates"].items():
        if name in fit_recipe.CANDIDATES:
            assert found["chosen"] == stored["values"][name]
            assert found["chosen"] in fit_recipe.CANDIDATES[name]


def test_a_pair_is_judged_once_and_counted_each_time() -> None:
    counting = FakeReranker()
    remembered = Remembered(counting)
    texts = ["The ferry ran.", "It rained.", "The ferry ran."]
    assert remembered.score("ferry", texts) == FakeReranker().score("ferry", texts) == remembered.score("ferry", texts)
    assert (remembered.asked, counting.scored) == (6, 2)
