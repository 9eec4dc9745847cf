"""Tell evidence about what a question names from evidence about something else of its kind.

A cross-encoder takes the debts of one company for those of another: all words but the name fit. A document that has
the name nowhere, neither in its text nor in its title, speaks of something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from index.records import Hit
from rag.question import Question
from rag.terms import FUNCTION_WORDS, MONTHS, WEEKDAYS

_TIME = re.compile(rf"(?:{MONTHS}|(?:{WEEKDAYS})s?|\d+(?:st|nd|rd|th|s)?)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_ACRONYM = re.compile(r"[A-Z]{2,}")
"""A document that writes it out names the thing, too."""


class Naming(Protocol):
    """What knows which documents name a thing."""

    def naming(self, dossier: str, names: Sequence[Sequence[str]], documents: Sequence[str]) -> frozenset[str] | None:
        """Give those of the documents that name one of the things; None where the dossier names none."""


def elsewhere(question: Question, hits: Sequence[Hit], shelf: Naming, dossier: str) -> frozenset[str]:
    """Give the documents (ids) among the hits that name nothing of what the question names, where others may."""
    if any(_ACRONYM.fullmatch(subject) for subject in question.subjects):
        return frozenset()
    names = names_asked_for(question)
    documents = list(dict.fromkeys(hit.document.id for hit in hits))
    if not names or len(documents) < 2:
        return frozenset()
    naming = shelf.naming(dossier, names, documents)
    return frozenset() if naming is None else frozenset(documents) - naming


def names_asked_for(question: Question) -> list[list[str]]:
    """Give the words of each name in a question; none where all its words are written like names."""
    if _is_title(question.text):
        return []
    return [words for subject in question.subjects if (words := _known_by(subject, question.text))]


def _known_by(subject: str, text: str) -> list[str]:
    """The words of a name; where it begins the question, without the first, which may be no name at all."""
    return words_of(subject)[text.startswith(subject) :]


def _is_title(text: str) -> bool:
    """Whether all words are written with a capital letter, as in a headline, so that none is known to be a name."""
    words = [word for word in _WORD.findall(text) if word.casefold() not in FUNCTION_WORDS and word[0].isalpha()]
    return len(words) > 3 and all(word[0].isupper() for word in words)


def words_of(name: str) -> list[str]:
    """Give the words of a name by which a thing can be known; none for a time.

    >>> words_of("University of Leeds"), words_of("March 2024")
    (['University', 'Leeds'], [])
    """
    words = [word for word in _WORD.findall(name) if word.casefold() not in FUNCTION_WORDS and len(word) > 1]
    return [word for word in words if not _TIME.fullmatch(word)]
