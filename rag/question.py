"""Understand a question: small talk, follow-ups, parts, and what it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.answers import Turn
from rag.terms import FUNCTION_WORDS, Terms, terms_of

Expects = Literal["person", "place", "time", "number", "reason", "list", "comparison", "summary", "yes_no", "thing"]

_ASIDES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening|day)|greetings|guten (?:tag|morgen|abend))"
            r"(?: there| dossier| everyone)?",
        ),
        "Hello! Ask me about your documents: I answer in their own words and show where each sentence stands.",
    ),
    (
        re.compile(
            r"(?:(?:many )?thanks?(?: you)?(?: very much| so much| a lot)?|thx|cheers|danke(?: schön| sehr)?|"
            r"(?:great|perfect|good|nice|wonderful|excellent)(?:,? thanks?(?: you)?)?|(?:ok|okay)(?:,? thanks?(?: you)?)?)"
            r"(?: dossier)?",
        ),
        "You are welcome. Ask on whenever you like.",
    ),
    (
        re.compile(r"(?:good ?bye|bye(?: bye)?|see you(?: later)?|tschüss|auf wiedersehen)"),
        "Goodbye! Your documents stay where they are.",
    ),
    (
        re.compile(
            r"(?:(?:hi|hello|hey),? )?(?:what can you do(?: for me)?|what do you do|who are you|what are you|"
            r"what is dossier|how do you work|how does this work|help|can you help me|what can i ask(?: you)?|"
            r"how (?:do|can) i use (?:you|this|dossier)|was kannst du)",
        ),
        "I am Dossier. Add documents, then ask a question: I look for the passages that answer it, quote them word "
        "for word with their source, date and place, show where sources disagree, and say so when they do not tell.",
    ),
)

_PRONOUNS = re.compile(
    r"\b(?:it|its|itself|he|him|his|she|her|hers|they|them|their|theirs|this|that|these|those|there|then|the latter|"
    r"the former|the same|both|one|such)\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(he|him|she|they|them|it|his|hers|her|their|its)\b", re.IGNORECASE)
_POSSESSIVE = frozenset(("his", "her", "their", "its"))
_OPENING = re.compile(r"^(?:and|but|so|also|or|then|ok(?:ay)?|well|und|aber)\b[,\s]*", re.IGNORECASE)
_WHAT_ABOUT = re.compile(r"^(?:what|how) about\s+(.+?)\s*\??$", re.IGNORECASE)
_BARE = re.compile(
    r"^(why(?: not)?|when|where|how|who|how much|how many|how so|since when|by whom|how long|which one|"
    r"by how much)\s*(?:exactly)?\s*\??$",
    re.IGNORECASE,
)
_ONLY_TIME = re.compile(
    r"^((?:in|on|by|during|since|before|after|until)\s+(?:\w+\s+){0,3}\d{4}|(?:1\d|20)\d\d|"
    r"(?:last|next|this) (?:year|month|week))\s*\??$",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^(?:(?:please|can you|could you|tell me|do you know|i want to know)\s+)*"
    r"(?:(?:what|which|who|whom|whose|when|where|why|how)(?:\s+(?:much|many|long|often|far|old|big|large|exactly|else))?"
    r"|explain|describe|summari[sz]e|list|name|compare)\b\s*"
    r"(?:(?:do|does|did) (?:the |these |two |your )*(?:sources?|documents?|articles?|papers?|reports?)\s+"
    r"(?:say|tell|report|write|mention|describe)\w*\s*(?:us\s+)?(?:about|on|of)?\s*)?",
    re.IGNORECASE,
)
_AUXILIARY = re.compile(
    r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|the|a|an|about|of|"
    r"there|happened (?:to|with|in|at)|to|know about)\b\s*",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\b(?:in\s+)?((?:1\d|20)\d\d)\b")
_QUESTIONS = re.compile(r"(?<=[?])\s+(?=[A-Z\"“'‘¿])")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that stands alone, with what it names and expects."""

    text: str
    """What is searched: the standalone question."""
    parts: tuple[str, ...]
    """The questions in it, each standing alone; one where it is one question."""
    terms: Terms
    expects: Expects
    subjects: tuple[str, ...]
    """The names in it, as written, in order."""


def aside(question: str) -> str | None:
    """Give the kind reply to a greeting, thanks or a question about Dossier itself; None for anything else."""
    plain = re.sub(r"[\s]+", " ", re.sub(r"[!?.,…:;)(]+", " ", question)).strip().casefold()
    for pattern, reply in _ASIDES:
        if pattern.fullmatch(plain):
            return reply
    return None


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Make a follow-up stand alone, by rules, from the questions before it and the last answer."""
    topic_question, last_answer = "", ""
    for turn in history:
        if turn.role == "user" and aside(turn.content) is None:
            topic_question = _resolved(turn.content.strip(), topic_question, last_answer)
        elif turn.role == "assistant":
            last_answer = turn.content
    return _resolved(question.strip(), topic_question, last_answer)


def understand(text: str) -> Question:
    """Read what a standalone question names and what kind of answer it expects."""
    parts = tuple(part.strip() for part in _QUESTIONS.split(text.strip()) if part.strip())
    return Question(
        text=text.strip(),
        parts=parts if 1 < len(parts) <= 6 else (text.strip(),),
        terms=terms_of(text),
        expects=_expects(text),
        subjects=subjects_of(text),
    )


def subjects_of(text: str) -> tuple[str, ...]:
    """Give the names in a question, as written: runs of capitalised words, without the word that opens it."""
    found: list[str] = []
    for match in re.finditer(
        r"[A-Z][\w’'&-]*(?:\.(?=[\w ]))?(?:\s+(?:(?:of|the|for|de|van|von|al|&)\s+)*(?=[A-Z0-9])[\w’'.&-]+)*", text
    ):
        words = match.group().rstrip(".,").split()
        while words and (words[0].casefold() in FUNCTION_WORDS or _ASKING.match(words[0] + " ")):
            words = words[1:]
        name = re.sub(r"[’']s$", "", " ".join(words))
        if name and not (match.start() == 0 and len(words) == 1 and name.casefold() in FUNCTION_WORDS):
            found.append(name)
    return tuple(dict.fromkeys(found))


def _expects(text: str) -> Expects:
    lowered = text.casefold().strip()
    rules: tuple[tuple[str, Expects], ...] = (
        (r"\bsummari[sz]e|\bsummary\b|\boverview\b|\boutline\b", "summary"),
        (
            r"\bcompar|\bdiffer|\bversus\b|\bvs\b|\bwhich (?:company|one|of (?:the|these) two)\b|\bthe two\b",
            "comparison",
        ),
        (
            r"\bwhen\b|\bwhat (?:date|year|day|month|time)\b|\b(?:in|on) (?:what|which) (?:year|date|day|month)\b",
            "time",
        ),
        (
            r"\bhow (?:much|many|long|far|old|big|large|high|often)\b|\bwhat (?:percentage|number|share|amount)\b",
            "number",
        ),
        (r"^who\b|\bwhose\b|\bwhom\b|\bby who\b", "person"),
        (r"\bwhere\b|\b(?:what|which) (?:city|country|place|town|state)\b", "place"),
        (r"\bwhy\b|\bwhat (?:caused|made|reason)", "reason"),
        (r"\blist\b|\bwhat (?:are|were) (?:the|some|all)\b|\bwhich \w+s\b", "list"),
        (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", "yes_no"),
    )
    return next((kind for pattern, kind in rules if re.search(pattern, lowered)), "thing")


def _resolved(question: str, before: str, last_answer: str) -> str:
    """Make one question stand alone, given the standalone question before it."""
    if not before:
        return question
    opened = _OPENING.match(question) is not None
    bare = _OPENING.sub("", question).strip()
    if match := _BARE.match(bare):
        return f"{match.group(1).capitalize()} {_predicate(before)}?"
    if match := _ONLY_TIME.match(bare):
        return _in_another_time(before, match.group(1))
    if match := _WHAT_ABOUT.match(bare):
        return _about_another(before, match.group(1), last_answer)
    if opened and len(bare.split()) <= 4 and not _ASKING.match(bare):
        return _about_another(before, bare.rstrip("?"), last_answer)
    if not (opened or _PRONOUNS.search(bare) or len(terms_of(bare).words) < 2):
        return question
    if subjects_of(bare) and not _PERSONAL.search(bare) and not opened:
        return question
    return _with_antecedent(bare, before, last_answer)


def _topic(question: str) -> str:
    """What a question is about: the question without its asking words."""
    rest = _ASKING.sub("", question.strip().rstrip("?").strip(), count=1).strip()
    previous = None
    while rest != previous:
        previous, rest = rest, _AUXILIARY.sub("", rest, count=1).strip()
    return rest or question.strip().rstrip("?")


def _predicate(question: str) -> str:
    """What was asked, without the word that asked: `When was it built?` leaves `was it built`."""
    return _ASKING.sub("", question.strip().rstrip("?").strip(), count=1).strip() or _topic(question)


def _in_another_time(before: str, time: str) -> str:
    year = _YEARS.search(time)
    if year and (old := _YEARS.search(before)):
        return before[: old.start(1)] + year.group(1) + before[old.end(1) :]
    joined = time if re.match(r"[a-z]", time, re.IGNORECASE) else f"in {time}"
    return f"{before.rstrip('?').strip()} {joined}?"


def _about_another(before: str, other: str, last_answer: str) -> str:
    """Ask the question before of something else: `What about X?`."""
    if _PERSONAL.search(other):
        other = _with_antecedent(other, before, last_answer).rstrip("?")
        return f"{other[:1].upper()}{other[1:]}?"
    subjects = subjects_of(before)
    if subjects and re.match(r"(?:the\s+)?[A-Z]", other):
        return before.replace(subjects[-1], other, 1)
    noun = re.search(r"\bthe (?:\w+)", before)
    if noun and re.match(r"the\s", other):
        return before[: noun.start()] + other + before[noun.end() :]
    return f"{before.rstrip('?').strip()}, {other}?"


def _with_antecedent(question: str, before: str, last_answer: str) -> str:
    """Put the topic in the place of the first pronoun, or name it at the end."""
    topic = _topic(before)
    person = re.search(r"\b(?:he|him|his|she|her|hers)\b", question, re.IGNORECASE)
    names = subjects_of(before) or (subjects_of(re.sub(r"\[\d+\]", "", last_answer)) if person else ())
    antecedent = names[0] if names and (person or len(topic.split()) > 8) else topic
    if person and (answered := _person_named(last_answer, before)):
        antecedent = answered
    match = _PERSONAL.search(question)
    if match and len(antecedent.split()) <= 8:
        pronoun = match.group(1).casefold()
        possessive = pronoun in _POSSESSIVE and re.match(r"\s+\w", question[match.end() :]) is not None
        replacement = f"{antecedent}'s" if possessive else antecedent
        question = question[: match.start()] + replacement + question[match.end() :]
    elif antecedent.casefold() not in question.casefold():
        question = f"{question.rstrip('?').strip()} ({antecedent})?"
    return question[:1].upper() + question[1:]


def _person_named(answer: str, before: str) -> str | None:
    """The name that the last answer gave to a question after a person."""
    if _expects(before) != "person":
        return None
    known = {name.casefold() for name in subjects_of(before)}
    plain = re.sub(r"\[\d+\]", "", answer)
    return next(
        (name for name in subjects_of(plain) if name.casefold() not in known and len(name.split()) > 1),
        None,
    )
