"""Read an event that a question takes as a time, `before the war`, by the date that the documents give it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.records import Hit
from rag.question import Question
from rag.terms import FUNCTION_WORDS, stems_of
from rag.when import Period, dates_in, led_by, years_in

_LED = re.compile(
    r"\b(?P<lead>before|prior to|after|following|since|until|till|up to)\s+"
    r"(?P<event>(?:the|that|this|his|her|its|their)\s+(?P<words>\w[\w’'-]*(?:\s+\w[\w’'-]*){0,7}))",
    re.IGNORECASE,
)
_WITHIN = frozenset(("of", "in", "at", "on", "the", "by"))
"""Function words that an event's name may hold: `the fall of the wall`."""
_MOST_WORDS = 4
_HAPPENS = re.compile(
    r"(?:war|accident|crash|collision|fire|flood|storm|hurricane|earthquake|quake|eruption|drought|pandemic|epidemic|"
    r"outbreak|attack|raid|strike|strikes|coup|revolt|riots?|protests?|uprising|siege|battle|truce|ceasefire|peace|treaty|"
    r"fall|collapse|blast|leak|spill|disaster|crisis|scandal|death|murder|funeral|birth|wedding|divorce|trial|verdict|"
    r"ruling|appeal|arrest|vote|votes|ballot|poll|referendum|campaign|summit|talks|visit|trip|speech|debate|"
    r"conference|congress|games|cup|final|race|match|tour|festival|merger|takeover|sale|purchase|deal|contract|award|"
    r"launch|release|debut|start|finish|closure|shutdown|transfer|split|rise|cut|reform|law|ban|embargo|boycott|"
    r"brexit|census|audit|report|survey|blackout|outage|recall|walkout|lockdown|move|return|departure|arrival|failure|"
    r"hearing|meeting|opening|building|bombing|shooting|sinking|flooding|signing|bankruptcy|default|discovery|delivery|"
    r"approval|withdrawal|removal|renewal|refusal|dismissal|\w{3,}(?:tion|sion)s?|\w{3,}(?<!govern)(?<!depart)(?<!parlia)ments?)",
    re.IGNORECASE,
)
"""Nouns for what happens at a time: `before the war` is a time, `before the court` a place."""


@dataclass(frozen=True, slots=True)
class Dated:
    """An event as a time."""

    period: Period
    date: str
    """When the documents say that it was: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""


def dated_event(question: Question, found: Sequence[Hit]) -> Dated | None:
    """Read the event that a question dates itself by; None where there is none, or no one date for it.

    A sentence dates an event where it has all words of its name and one date, with its year; one vote a document.
    """
    named = _event_of(question.text)
    if named is None:
        return None
    lead, event, words = named
    votes: dict[str, set[str]] = {}
    for hit in found:
        for sentence in hit.passage.sentences:
            text = hit.passage.text[sentence.start - hit.passage.start : sentence.end - hit.passage.start]
            if words <= set(stems_of(text)) and (date := _one_date(text)):
                votes.setdefault(date, set()).add(hit.document.id)
    date = _agreed({date: len(documents) for date, documents in votes.items()})
    if date is None:
        return None
    start, end = led_by(lead, date)
    return Dated(Period(start, end, f"{lead} {event}"), date)


def _event_of(text: str) -> tuple[str, str, frozenset[str]] | None:
    """The word that leads an event in, its name as written, and the stems it must be known by."""
    for match in _LED.finditer(text):
        kept: list[str] = []
        for word in match["words"].split():
            if word.casefold() in FUNCTION_WORDS - _WITHIN or len(set(stems_of(" ".join(kept)))) >= _MOST_WORDS:
                break
            kept.append(word)
        while kept and kept[-1].casefold() in FUNCTION_WORDS:
            kept.pop()
        stems = frozenset(stems_of(" ".join(kept)))
        heads = [kept[place - 1] for place, word in enumerate(kept) if place and word in _WITHIN] + kept[-1:]
        if stems and _HAPPENS.fullmatch(heads[0]) and not years_in(" ".join(kept)):
            name = match["event"][: match["event"].index(match["words"])] + " ".join(kept)
            return match["lead"].casefold(), name, stems
    return None


def _one_date(text: str) -> str | None:
    """The one date of a sentence; its one year, where it has no date."""
    dates = dict.fromkeys(key for key, _ in dates_in(text)) or dict.fromkeys(years_in(text))
    return next(iter(dates)) if len(dates) == 1 else None


def _agreed(votes: dict[str, int]) -> str | None:
    """The date with the most votes, each for a date that tells less counting for those that tell more."""
    if not votes:
        return None
    support = Counter({date: sum(votes[other] for other in _shorter(date, votes)) for date in votes})
    most = max(support.values())
    best = [date for date in votes if support[date] == most]
    longest = max(best, key=len)
    return longest if all(longest.startswith(date) for date in best) else None


def _shorter(date: str, votes: Iterable[str]) -> list[str]:
    return [other for other in votes if date.startswith(other)]
