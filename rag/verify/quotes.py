"""Check that quoted words are the stored text's own, character by character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from index.errors import NotFound
from index.records import Document
from rag.answers import Draft, Support

TextOf = Callable[[Document], str]
"""The stored text of a document's version. Raises NotFound once it is deleted."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft with the verdict on it."""

    draft: Draft
    support: Support
    score: float
    """How surely its evidence bears it out, 0 to 1."""
    reason: str = ""
    """Why it is not supported, in a few words."""


def check_quotes(draft: Draft, text_of: TextOf) -> Checked:
    """Check that a verbatim draft stands, character by character, at its place in the stored text."""
    for window in draft.evidence:
        try:
            stored = text_of(window.hit.document)[window.start : window.end]
        except NotFound:
            return Checked(draft, "unsupported", 0.0)
        if stored != window.text or draft.text not in stored:
            return Checked(draft, "unsupported", 0.0)
    return Checked(draft, "supported", 1.0)  # it is its source's own words
