"""Find where the evidence speaks of the opposite of what a question asks: another year or month, or an opposite word.

Such evidence is about the right subject and wrong in the detail, which a cross-encoder hardly sees.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from rag.question import Question
from rag.terms import MONTHS, stem, terms_of

_OPPOSITES = """
accept:reject accepted:rejected active:inactive agree:disagree agreed:disagreed alive:dead allow:forbid,ban
allowed:forbidden,banned always:never ancient:modern appointed:dismissed approve:reject approved:rejected arrive:depart
arrived:departed,left attack:defend attacked:defended begin:end began:ended
biggest:smallest birth:death born:died bottom:top bought:sold boys:girls brother:sister buy:sell cheap:expensive
cheapest:dearest closed:opened closing:opening cold:hot complex:simple complicated:simple cost:revenue
decrease:increase,rise,growth decreased:increased,rose,grew decline:increase,rise,growth declined:increased,rose,grew
defeat:victory deficit:surplus demand:supply died:born direct:indirect domestic:foreign dry:wet earlier:later
earliest:latest early:late east:west eastern:western easy:difficult employee:employer enemy:ally,friend enter:leave
entered:left exclude:include excluded:included expense:income external:internal failed:succeeded failure:success
fall:rise fast:slow father:mother fell:rose female:male fewer:more fewest:most final:first fired:hired first:last
formal:informal former:current future:past gain:lose,loss gained:lost grew:shrank,fell guilty:innocent heavy:light
high:low higher:lower highest:lowest horizontal:vertical husband:wife import:export imported:exported imports:exports
indoor:outdoor inside:outside join:leave joined:left landlord:tenant large:small larger:smaller largest:smallest
least:most legal:illegal lender:borrower less:more long:short longer:shorter longest:shortest lose:win loss:profit
losses:profits lost:won lower:upper,higher major:minor majority:minority male:female maximum:minimum men:women
morning:evening narrow:wide natural:artificial negative:positive new:old newest:oldest next:previous night:day
north:south northeast:southwest,southeast northern:southern northwest:southwest,southeast offence:defence
older:younger oldest:youngest oppose:support opposed:supported opponent:supporter opponents:supporters
optional:mandatory,compulsory passive:active peace:war plaintiff:defendant poor:rich possible:impossible
predecessor:successor primary:secondary private:public raise:lower raised:lowered,cut rejected:approved remain:leave
rural:urban seller:buyer senior:junior shallow:deep short-term:long-term son:daughter spring:autumn
start:end,stop,finish started:ended,stopped,finished strong:weak stronger:weaker strongest:weakest student:teacher
successful:unsuccessful summer:winter temporary:permanent thick:thin thicker:thinner up:down voluntary:compulsory
weakness:strength winner:loser won:lost
"""
"""Words and their opposites; each pair counts both ways."""
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "anti")
_SHORTEST_ROOT = 4
_MONTH = re.compile(
    rf"\b({MONTHS.title()})\b"
    r"(?:\s+\d{1,2}(?:st|nd|rd|th)?\b,?)?(?:\s+((?:1\d|20)\d\d))?"
)
_WORD = re.compile(r"\w+(?:-\w+)*")
_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)")
_NOT = re.compile(r"\b(?:not|never|without|cannot|non)\b|n[’']t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a question says and what the evidence says instead."""

    asked: str
    told: str
    """Empty where the question denies and the evidence does not."""


def contrast(question: Question, text: str) -> Contrast | None:
    """Find the first contrast between a question and the text of its evidence.

    None where there is none, and for a question of yes or no: there the opposite is an answer.
    """
    return None if question.expects == "yes_no" else next(_contrasts(question, text), None)


def _contrasts(question: Question, text: str) -> Iterator[Contrast]:
    asked, told = question.terms.years, _YEAR.findall(text)
    if asked and told and not asked & set(told):
        yield Contrast(", ".join(sorted(asked)), ", ".join(dict.fromkeys(told)))
    yield from _months(question.text, text)
    if (denied := _NOT.search(question.text)) and not terms_of(text).negated:
        yield Contrast(denied.group(), "")
    yield from _opposites(question.text, text)


def _months(question: str, text: str) -> Iterator[Contrast]:
    """Another month, or the same month of another year."""
    asked, told = (list(dict.fromkeys(match.groups() for match in _MONTH.finditer(part))) for part in (question, text))
    if asked and told and not any(_same_month(one, other) for one in asked for other in told):
        yield Contrast(*(", ".join(" ".join(filter(None, month)) for month in months) for months in (asked, told)))


def _same_month(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return one[0] == other[0] and (not one[1] or not other[1] or one[1] == other[1])


def _opposites(question: str, text: str) -> Iterator[Contrast]:
    """A word of the question that the text lacks while it has its opposite."""
    told = {stem(word): word for word in _WORD.findall(text)}
    asked = {stem(word): word for word in _WORD.findall(question)}
    for root, word in asked.items():
        for opposite in sorted(_OPPOSITE.get(root, set()) | _turned(root)):
            if root not in told and opposite in told and opposite not in asked:
                yield Contrast(word, told[opposite])


def _turned(root: str) -> set[str]:
    """The stem with a prefix that turns it round, or without the one it has."""
    bare = {root[len(prefix) :] for prefix in _PREFIXES if root.startswith(prefix)}
    turned = {prefix + root for prefix in _PREFIXES} if len(root) >= _SHORTEST_ROOT else set()
    return {one for one in bare if len(one) >= _SHORTEST_ROOT} | turned


def _both_ways() -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for entry in _OPPOSITES.split():
        word, opposites = entry.split(":")
        for opposite in opposites.split(","):
            found[stem(word)].add(stem(opposite))
            found[stem(opposite)].add(stem(word))
    return found


_OPPOSITE = _both_ways()
