"""Find where the evidence speaks of another thing than a question: another year, one in a row, name, or the opposite.

Such evidence is about the right subject and wrong in the detail, which a cross-encoder hardly sees.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from rag.question import Question, subjects_of
from rag.terms import MONTHS, stem, stems_of, terms_of

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
_ORDINALS = {
    word: str(number)
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), start=1
    )
}
_ORDINAL = re.compile(
    rf"\b(?P<ordinal>{'|'.join(_ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th))[ -](?P<thing>[^\W\d_]{{3,}})", re.IGNORECASE
)
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Sir|Prof)\b\.?")
_TIME = re.compile(rf"(?:{'|'.join(stem(month) for month in MONTHS.split('|'))}|\d+)")
_TYPO = 2
"""In letters."""
_NOT = re.compile(r"\b(?:not|never|without|cannot|non)\b|n[’']t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a question says and what the evidence says instead."""

    asked: str
    told: str
    """Empty where the question denies and the evidence does not."""


def contrast(question: Question, text: str, around: str = "") -> Contrast | None:
    """Find the first contrast between a question and the text of its evidence; `around` is what it stands in.

    None where there is none, and for a question of yes or no: there the opposite is an answer.
    """
    return None if question.expects == "yes_no" else next(_contrasts(question, text, around), None)


def _contrasts(question: Question, text: str, around: str) -> Iterator[Contrast]:
    asked, told = question.terms.years, _YEAR.findall(text)
    if asked and told and not asked & set(told):
        yield Contrast(", ".join(sorted(asked)), ", ".join(dict.fromkeys(told)))
    yield from _months(question.text, text)
    yield from _ordinals(question.text, text)
    yield from _names(question, text, around)
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


def _ordinals(question: str, text: str) -> Iterator[Contrast]:
    """Another one in the row: the first round instead of the second, the 19th century instead of the 20th."""
    told = [(_place(match), match) for match in _ORDINAL.finditer(text)]
    for match in _ORDINAL.finditer(question):
        number, thing = _place(match)
        same = [(place, other) for (place, named), other in told if named == thing]
        if same and all(place != number for place, _ in same):
            yield Contrast(match.group(), same[0][1].group())


def _place(match: re.Match[str]) -> tuple[str, str]:
    ordinal = match["ordinal"].casefold()
    return _ORDINALS.get(ordinal, ordinal.rstrip("stndrh")), stem(match["thing"])


def _names(question: Question, text: str, around: str) -> Iterator[Contrast]:
    """A name that shares a word with one of the question's, which itself is not to be found: another ministry, or war.

    A name that is only spelled a little otherwise is the same one.
    """
    known = set(stems_of(f"{text} {around}"))
    for asked in question.subjects:
        words = _name_words(asked)
        lacking = words - known
        for told in subjects_of(f"x {text}") if lacking and words - lacking else ():
            others = _name_words(told)
            if others & words and (new := others - words) and not _misspelled(lacking, new):
                yield Contrast(asked, told)


def _name_words(name: str) -> set[str]:
    """The stems of a name without titles and times; none of one word alone."""
    words = {word for word in stems_of(_TITLE.sub("", name)) if not _TIME.fullmatch(word)}
    return words if len(words) > 1 else set()


def _misspelled(one: set[str], other: set[str]) -> bool:
    return any(OSA.distance(a, b) <= _TYPO for a in one for b in other)


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
