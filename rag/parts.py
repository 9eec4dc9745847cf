"""Take a question apart that asks several things: several questions in one, or one about several named things."""

from __future__ import annotations

import re
from dataclasses import replace

from rag.answers import Turn
from rag.follow_up import standalone
from rag.question import Question, understand
from rag.terms import MONTHS

MOST = 6
"""How many parts a question is taken into; one with more is asked as a whole."""
_LONGEST = 500
"""In characters: names are looked for in no longer sentence, since that takes time by the square of its length."""
_END = re.compile(r"(?<=[?])\s+(?=[A-Z\"“'‘¿])")
_WORD = rf"\b(?!(?:{MONTHS.title()})\b)[A-Z][\w’'&-]*+"
_NAME = (
    rf"{_WORD}(?:\s+(?:(?:of|the|for|de|van|von|al|&)\s+)?{_WORD})*(?:,?\s(?:Inc|Ltd|Co|Corp|LLC|plc)\b)?\.?(?:[’']s?)?"
)
_WHEN = rf"\s+in\s+(?:(?:{MONTHS.title()})\s+)?\d{{4}}"
_MEMBER = rf"(?:{_NAME})(?:{_WHEN})?"
_AND = r"(?:and|or|versus|vs\.?|as well as|compared (?:to|with))"
_SEVERAL = re.compile(
    rf"(?P<first>{_MEMBER})(?P<middle>(?:,\s+{_MEMBER})*),?\s+{_AND}\s+"
    rf"(?:(?:by|of|at|for|from|in)\s+)?(?P<last>{_MEMBER})"
)
_RESPECTIVELY = re.compile(r"\s+in\s+(\d{4}(?:,\s+\d{4})*,?\s+and\s+\d{4}),?\s+respectively\b")
_PUT_BY = "\0"
_RELATION = re.compile(
    r"\b(?:between|differences?|relations?(?:hip)?s?|each other|together|both|joint(?:ly)?|meet(?:ing)?|met|"
    r"agree(?:d|ment)?)\b",
    re.IGNORECASE,
)
"""Words for what two things have in common: such a question is not about each of them."""
_COMPARING = re.compile(r"^\s*(?:please\s+)?(?:compare|contrast)\s+", re.IGNORECASE)
_SENTENCE = re.compile(
    r"(?<=[a-z\d]{2}[.?!])(?<!\bInc\.)(?<!\bLtd\.)(?<!\bCo\.)(?<!\bCorp\.)\s+|(?<=\.)\s+(?=(?:Which|Who|What|When|Where|How|Why)\b)"
)


def questions_in(question: Question) -> tuple[Question, ...]:
    """Give the questions in a text, each made to stand alone by those before it; none where there is one only."""
    texts = [part.strip() for part in _END.split(question.text) if part.strip()]
    if not 1 < len(texts) <= MOST:
        return ()
    found: list[Question] = []
    for text in texts:
        before = [Turn("user", earlier.text) for earlier in found]
        found.append(understand(standalone(text, before)))
    return (replace(found[0], context=question.context), *found[1:])


def facets_of(question: Question) -> tuple[tuple[str, Question], ...]:
    """Give a question about several named things as one about each, with its name; none for any other question.

    “Compare the profits of A in 2020 and B in 2021. Which was higher?” asks for the profits of A in 2020, and of B in
    2021. What A and B have with each other is one question.
    """
    sentences = (part for part in _SENTENCE.split(question.text) if len(part) <= _LONGEST)
    sentence = next((part for part in sentences if _SEVERAL.search(part)), "")
    sentence, times = _times_put_by(sentence)
    match = _SEVERAL.search(sentence)
    if match is None or _RELATION.search(sentence):
        return ()
    members = [match["first"], *re.findall(_MEMBER, match["middle"]), match["last"]]
    if len(members) > MOST or (times and len(times) != len(members)):
        return ()
    before, after = _COMPARING.sub("", sentence[: match.start()]), sentence[match.end() :]
    told = times or [""] * len(members)
    return tuple(
        (_plain(member), understand(f"{before}{member}{after}".replace(_PUT_BY, time).strip()))
        for member, time in zip(members, told, strict=True)
    )


def _times_put_by(text: str) -> tuple[str, list[str]]:
    """Take “ in 2020 and 2021, respectively” out of a text, leaving a mark, and give its times one by one."""
    match = _RESPECTIVELY.search(text)
    if match is None:
        return text, []
    times = [f" in {year}" for year in re.findall(r"\d{4}", match[1])]
    return f"{text[: match.start()]}{_PUT_BY}{text[match.end() :]}", times


def _plain(member: str) -> str:
    """A member's name without its time and its possessive."""
    return re.sub(rf"{_WHEN}$|[’']s?$", "", member).rstrip(" .")


def needs_all(question: Question) -> bool:
    """Whether a question about several things has no answer unless each of them has one."""
    return question.expects == "comparison"
