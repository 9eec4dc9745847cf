"""Fuse the search by meaning and the search by words into one ranking of passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from index.records import Found, Hit


def fuse(found: Found, weight: float = 0.5) -> tuple[Hit, ...]:
    """Rank all passages of both lists by the weighted sum of their min-max normalised scores, best first.

    `weight` is the share of the search by meaning; a list without a share is left out. A passage that one list lacks
    has that list's lowest score.
    Ties are broken by document and position, so the order does not depend on the lists' order.
    """
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for share, listed in ((weight, found.by_meaning), (1 - weight, found.by_words)):
        for hit, score in zip(listed, _normalised(listed), strict=True) if share > 0 else ():
            hits.setdefault(hit.passage.id, hit)
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + share * score
    ranked = [replace(hit, score=scores[identity], stage="fused") for identity, hit in hits.items()]
    return tuple(sorted(ranked, key=lambda hit: (-hit.score, hit.document.id, hit.passage.start)))


def best_per_document(hits: Iterable[Hit], per_document: int | None) -> tuple[Hit, ...]:
    """Keep the first `per_document` hits of each document; all of them where it is None."""
    if per_document is None:
        return tuple(hits)
    kept: list[Hit] = []
    seen: dict[str, int] = {}
    for hit in hits:
        seen[hit.document.id] = seen.get(hit.document.id, 0) + 1
        if seen[hit.document.id] <= per_document:
            kept.append(hit)
    return tuple(kept)


def merge(rankings: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Take the rankings' best in turn, each passage once, until `limit` are there."""
    merged: dict[str, Hit] = {}
    for rank in range(max((len(ranking) for ranking in rankings), default=0)):
        for ranking in rankings:
            if rank < len(ranking) and len(merged) < limit:
                merged.setdefault(ranking[rank].passage.id, ranking[rank])
    return tuple(merged.values())


def _normalised(hits: Sequence[Hit]) -> list[float]:
    if not hits:
        return []
    lowest, highest = min(hit.score for hit in hits), max(hit.score for hit in hits)
    if highest == lowest:
        return [1.0] * len(hits)  # all of them are the best, which is more than not being found
    return [(hit.score - lowest) / (highest - lowest) for hit in hits]
