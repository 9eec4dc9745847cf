"""Choose what a language model reads: the sentences that matter, merged into short excerpts of passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.records import Hit
from rag.answers import Window

_CHARACTERS = 1500
"""How much is read at most: about half of what four whole passages of 1,000 characters would be, prompt included."""
_ENOUGH = 2
"""How many excerpts are read however far behind the best the others are."""
_GAP = 5.0
"""How far behind the best a further window may be, in logits of the cross-encoder."""
_NEAR = 160
"""Windows of one passage that lie this near each other become one excerpt, in characters."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a passage that the model reads: `document.text[start:end] == text`."""

    hit: Hit
    start: int
    end: int

    @property
    def text(self) -> str:
        """The document's own words."""
        return self.hit.passage.text[self.start - self.hit.passage.start : self.end - self.hit.passage.start]


def excerpts(judged: Sequence[Window], characters: int = _CHARACTERS) -> tuple[Excerpt, ...]:
    """Merge the best windows into excerpts, best first, until enough is read; `judged` is in order, best first."""
    found: list[Excerpt] = []
    for window in judged:
        if len(found) >= _ENOUGH and window.logit < judged[0].logit - _GAP:
            break
        wider = _merged(found, window)
        if found and sum(len(excerpt.text) for excerpt in wider) > characters:
            continue
        found = wider
    return tuple(found)


def _merged(found: Sequence[Excerpt], window: Window) -> list[Excerpt]:
    """Take a window in: into the excerpt it touches, else as a new one at the end."""
    merged = list(found)
    for place, excerpt in enumerate(merged):
        same = excerpt.hit.passage.id == window.hit.passage.id
        if same and window.start <= excerpt.end + _NEAR and excerpt.start <= window.end + _NEAR:
            merged[place] = Excerpt(excerpt.hit, min(excerpt.start, window.start), max(excerpt.end, window.end))
            return merged
    return [*merged, Excerpt(window.hit, window.start, window.end)]
