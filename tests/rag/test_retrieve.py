from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.records import Found, Hit
from rag.retrieve import best_per_document, fuse, merge
from tests.rag.made import document, hit

POOL = [hit("Trade grew.", document(f"d_{number // 3}"), start=100 * (number % 3)) for number in range(12)]
SCORES = st.floats(-1e3, 1e3) | st.sampled_from([0.0, 0.5, 1.0])


@st.composite
def ranking(draw: st.DrawFn) -> tuple[Hit, ...]:
    places = draw(st.lists(st.integers(0, len(POOL) - 1), unique=True))
    return tuple(replace(POOL[place], score=draw(SCORES)) for place in places)


def by_numpy(found: Found, weight: float) -> dict[str, float]:
    """The weighted sum of min-max normalised scores, as one matrix."""
    names = [one.passage.id for one in POOL]
    total = np.zeros(len(names))
    for share, listed in ((weight, found.by_meaning), (1 - weight, found.by_words)):
        row = np.full(len(names), np.nan)
        for one in listed:
            row[names.index(one.passage.id)] = one.score
        if not listed:
            continue
        low, high = np.nanmin(row), np.nanmax(row)
        row = (row - low) / (high - low) if high > low else np.where(np.isnan(row), np.nan, 1.0)
        total += share * np.nan_to_num(row)
    return dict(zip(names, total, strict=True))


@given(ranking(), ranking(), st.floats(0, 1))
def test_fusion_equals_the_reference_and_invents_nothing(
    meant: tuple[Hit, ...], said: tuple[Hit, ...], weight: float
) -> None:
    fused = fuse(Found(meant, said), weight)
    heard = (*(meant if weight > 0 else ()), *(said if weight < 1 else ()))
    assert {one.passage.id for one in fused} == {one.passage.id for one in heard}
    assert len(fused) == len({one.passage.id for one in fused})
    wanted = by_numpy(Found(meant, said), weight)
    assert np.allclose([one.score for one in fused], [wanted[one.passage.id] for one in fused])
    assert list(fused) == sorted(fused, key=lambda one: (-one.score, one.document.id, one.passage.start))
    assert all(one.stage == "fused" for one in fused)


@given(ranking(), ranking(), st.randoms(use_true_random=False))
def test_fusion_ignores_the_order_of_its_lists(meant: Sequence[Hit], said: Sequence[Hit], random: object) -> None:
    mixed = [random.sample(listed, len(listed)) for listed in (meant, said)]  # type: ignore[attr-defined]
    assert fuse(Found(tuple(mixed[0]), tuple(mixed[1]))) == fuse(Found(tuple(meant), tuple(said)))


def test_the_only_passage_found_by_words_counts() -> None:
    meant = tuple(replace(POOL[place], score=score) for place, score in ((0, 0.9), (1, 0.8), (2, 0.1)))
    fused = fuse(Found(meant, (replace(POOL[1], score=7.0),)))
    assert fused[0].passage.id == POOL[1].passage.id


@given(ranking(), st.integers(1, 3))
def test_one_document_cannot_crowd_out_the_others(hits: tuple[Hit, ...], most: int) -> None:
    kept = best_per_document(hits, most)
    for one in hits:
        mine = [other for other in hits if other.document.id == one.document.id]
        assert [other for other in kept if other.document.id == one.document.id] == mine[:most]
    assert best_per_document(hits, None) == hits


@given(st.lists(ranking(), max_size=4), st.integers(0, 8))
def test_merging_takes_turns_and_repeats_nothing(rankings: list[tuple[Hit, ...]], limit: int) -> None:
    merged = merge(rankings, limit)
    names = [one.passage.id for one in merged]
    everything = {one.passage.id for ranking in rankings for one in ranking}
    assert len(names) == len(set(names)) == min(limit, len(everything))
    assert set(names) <= everything
    firsts = list(dict.fromkeys(ranking[0].passage.id for ranking in rankings if ranking))
    assert names[: len(firsts)] == firsts[:limit]
