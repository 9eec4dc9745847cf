"""Find near-copies among passages: the same words but for small edits; a paraphrase is none.

MinHash with locality-sensitive hashing (rensa) names the candidates without comparing everything with everything; the
exact shares of common word triples decide. A changed number or a “not” makes a text another one: that is an update or
a disagreement, and must not be hidden.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash, RMinHashLSH

from index.records import Hit

_PERMUTATIONS, _BANDS, _SEED = 128, 32, 1
"""Bands of four: two texts that share half of their triples become candidates in 87 of 100 cases, at .7 always."""
_CONTAINED = 0.8
"""From which share of its triples on a passage is a near-copy of one that holds them."""
_FEWEST_WORDS = 8
"""Anything shorter is a copy only where it is the same."""
_REPEATED = 3
"""In how many documents of one publisher a line has to stand to be its furniture."""
_REPEATED_ANYWHERE = 5
"""The same across publishers."""
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")
_TELLING = re.compile(
    r"\d.*|not|no|never|none|nobody|neither|nor|without|cannot|nicht|kein\w*|nie|niemand|ohne|zero|one|two|three|four|"
    r"five|six|seven|eight|nine|ten|eleven|twelve|half|twice|hundred|thousand|million|billion"
)


@dataclass(frozen=True, slots=True)
class _Print:
    """A text as its copies are found."""

    triples: NDArray[np.int64]
    """The hashes of its word triples, each once, in order: a tenth of what the words would take."""
    telling: Counter[str]
    """Numbers and negations: what a copy has to have as well."""
    sketch: RMinHash


class Copies:
    """Texts that were seen, in order; each new one is told whose near-copy it is."""

    def __init__(self) -> None:
        self._seen: list[_Print] = []
        self._near = RMinHashLSH(threshold=0.5, num_perm=_PERMUTATIONS, num_bands=_BANDS)

    def original_of(self, text: str) -> int | None:
        """Give the number of the earlier text, from 0, that holds nearly all of this one; None where none does."""
        made = _print(text)
        among = sorted({int(number) for number in self._near.query(made.sketch)})
        return next((number for number in among if _holds(self._seen[number], made)), None)

    def add(self, text: str) -> None:
        """See a text; it gets the next number."""
        made = _print(text)
        self._near.insert(len(self._seen), made.sketch)
        self._seen.append(made)


def distinct(hits: Iterable[Hit], wanted: int) -> tuple[Hit, ...]:
    """Take the first hits that are no near-copies of ones before them in other documents, until `wanted` are there."""
    copies, kept = Copies(), list[Hit]()
    for hit in hits:
        if len(kept) >= wanted:
            break
        original = copies.original_of(hit.passage.text)
        if original is None or kept[original].document.id == hit.document.id:
            copies.add(hit.passage.text)
            kept.append(hit)
    return tuple(kept)


def voices(texts: Sequence[str]) -> tuple[int, ...]:
    """Give each text the place of the first one that it is a near-copy of: its own where it is none."""
    copies = Copies()
    places: list[int] = []
    found: list[int] = []
    for place, text in enumerate(texts):
        original = copies.original_of(text)
        if original is None:
            copies.add(text)
            places.append(place)
        found.append(place if original is None else places[original])
    return tuple(found)


def furniture(hits: Sequence[Hit]) -> frozenset[str]:
    """Find the lines at the beginning or end of documents that many of them repeat: boxes, slogans, footers.

    The same line in near-copies counts once, so that what many papers printed is not taken for furniture.
    """
    standing: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.passage.ordinal in (0, hit.document.passages - 1):
            for line in {line.strip() for line in hit.passage.text.split("\n")}:
                if line:
                    standing.setdefault(line, []).append(hit)
    found: set[str] = set()
    for line, places in standing.items():
        if len(places) < _REPEATED:
            continue
        rest = [place.passage.text.replace(line, "") for place in places]
        alone = dict(zip(voices(rest), places, strict=True))
        publishers = Counter((place.document.metadata.publisher or "").casefold() for place in alone.values())
        publishers.pop("", None)
        if len(alone) >= _REPEATED_ANYWHERE or max(publishers.values(), default=0) >= _REPEATED:
            found.add(line)
    return frozenset(found)


def _holds(kept: _Print, made: _Print) -> bool:
    if len(made.triples) <= 1:
        return np.array_equal(made.triples, kept.triples) and made.telling == kept.telling
    common = len(np.intersect1d(made.triples, kept.triples, assume_unique=True))
    if common < _CONTAINED * len(made.triples):
        return False
    alike = common >= _CONTAINED * len(kept.triples)
    return made.telling == kept.telling if alike else made.telling <= kept.telling


@lru_cache(maxsize=20_000)
def _print(text: str) -> _Print:
    words = [word.casefold() for word in _WORD.findall(text)]
    if len(words) < _FEWEST_WORDS:
        triples = [" ".join(words)]
    else:
        triples = [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]
    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update(triples)
    hashes = np.unique(np.fromiter(map(hash, triples), np.int64, len(triples)))
    return _Print(hashes, Counter(word for word in words if _TELLING.fullmatch(word)), sketch)
