"""What a statement must share with the text it cites: quoted words, figures, names, negation, direction, scope."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from index.split import sentences_of
from rag.figures import Figure, figures_of
from rag.terms import FUNCTION_WORDS, stem, terms_of

Check = Callable[[str, str], bool]
"""Whether a statement agrees with its evidence in one respect."""

_QUOTED = re.compile(r"[“„«\"]([^“”„«»\"]{2,}?)[”“»\"]")
_ADDRESS = re.compile(
    r"(?:\w+://|www\.|(?:javascript|vbscript|data|mailto|file):)\S+|\b[\w.+-]+@[\w-]+\.\w+", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CURRENCIES = {"$": stem("dollars"), "€": stem("euros"), "£": stem("pounds"), "¥": stem("yen")}
_MONEY = frozenset(
    stem(word)
    for word in """dollars euros pounds yen crowns francs roubles rubles yuan renminbi rupees pesos liras kronor kroner
    zlotys forints rands dinars marks guilders shillings won bitcoins cents""".split()
)
_SECOND = re.compile(r"(?<=[;:])\s+(?=[A-Z“\"(\d])")
"""Where a sentence begins inside of another."""
_NAME = re.compile(r"(?<![\w’'])(?:[A-Z][\w’'&-]*|[a-z]+[A-Z]\w*)")
_CALENDAR = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|today|yesterday|tomorrow|(?:last|next|this) (?:year|month|week))\b|"
    r"(?<=\w )(?-i:May)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:a|an|per|each|every)\s(second|minute|hour|day|night|week|month|quarter|year|decade)\b", re.IGNORECASE
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|unable|hardly|barely|fail(?:s|ed|ing)?|"
    r"refus(?:e|es|ed|ing|al)|den(?:y|ies|ied|ying)|lack(?:s|ed|ing)?|reject(?:s|ed|ing)?|prevent(?:s|ed)?|"
    r"except|unlike|instead of|rather than|far from)\b|n[’']t\b",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"\b(?:all|both|every|everyone|everything|always|only|solely|entirely|exclusively|never|none|most|majority|first|last|"
    r"largest|biggest|smallest|highest|lowest|best|worst|oldest|youngest|main|primary|because|therefore|caused?|"
    r"due to|led to|resulted in|thanks to|earlier|later|sooner|more|less|fewer|higher|lower|larger|smaller|greater|"
    r"bigger|better|worse|stronger|weaker|faster|slower|older|younger|longer|shorter)\b",
    re.IGNORECASE,
)
_SCOPES = (
    frozenset("all every everyone everything entirely always each whole".split()),
    frozenset("both two".split()),
    frozenset("only solely exclusively just alone".split()),
    frozenset("never none not no nobody".split()),
    frozenset("most majority mostly".split()),
    frozenset("first earliest oldest inaugural original".split()),
    frozenset("last latest final".split()),
    frozenset("largest biggest greatest highest most top".split()),
    frozenset("smallest lowest least".split()),
    frozenset("best worst youngest".split()),
    frozenset("earlier before sooner preceded prior".split()),
    frozenset("later after afterwards followed subsequent subsequently since".split()),
    frozenset(
        "more greater higher larger bigger exceed exceeds exceeded surpass surpassed increase increased above over "
        "outnumber up rise rose grew growth".split()
    ),
    frozenset(
        "less fewer lower smaller below under decrease decreased reduce reduced fell fall drop dropped down "
        "decline declined".split()
    ),
    frozenset("better improved improve improvement stronger strengthen strengthened".split()),
    frozenset("worse worsened weaker weakened".split()),
    frozenset("main primary chief key principal mainly primarily major".split()),
    frozenset(
        "because therefore cause caused causes due led lead leads leading resulted result results resulting thanks "
        "since through owing after driven drove reason reasons why by contributed attributed thus".split()
    ),
)
_OPPOSITES = tuple(
    (frozenset(stem(word) for word in one.split()), frozenset(stem(word) for word in other.split()))
    for one, other in (
        (
            "increase increased rise rose risen grow grew grown growth gain gained up higher more climb climbed surge "
            "surged exceed exceeded above improve improved improvement expand expanded",
            "decrease decreased fall fell fallen drop dropped decline declined loss lost down lower less fewer shrink "
            "shrank shrunk reduce reduced reduction below worsen worsened deteriorate plunge plunged contract",
        ),
        ("before earlier prior previous", "after later following subsequent"),
        ("win won victory", "lose lost defeat defeated"),
        ("support supports supported back backed favour favor approve approved accept accepted agree agreed",
         "oppose opposed opposes reject rejected against refuse refused disagree disagreed veto"),
        ("import imports imported", "export exports exported"),
        ("buy bought purchase purchased acquire acquired", "sell sold divest divested"),
        ("begin began begun start started open opened launch launched found founded", "end ended close closed stop "
         "stopped cease ceased cancel cancelled dissolve dissolved"),
        ("include included includes", "exclude excluded excludes omit omitted"),
        ("same identical equal", "different unequal"),
        ("strong stronger strengthen", "weak weaker weaken weakened"),
        ("arrive arrived enter entered join joined", "leave left depart departed exit exited"),
        ("old older", "new newer young younger"),
        ("north northern", "south southern"),
        ("east eastern", "west western"),
        ("male man men boy father son husband brother", "female woman women girl mother daughter wife sister"),
        ("profit profitable", "unprofitable deficit"),
    )
)  # fmt: skip
_AFTER_A_NAME = re.compile(
    r"\s*:|\s+[A-Z][a-z]|[’']s\b|\s+(?:says?|said|told|reports?|reported|claims?|claimed|writes?|wrote)\b"
)
_FROM_TO = re.compile(r"\bfrom\b([^.;]{1,60}?)\bto\b([^.;,]{1,60})", re.IGNORECASE)
_THAN = re.compile(r"\bthan\b", re.IGNORECASE)


def quotes_stand(statement: str, evidence: str) -> bool:
    """Whether every quoted word, and every address, is in the evidence, character by character."""
    quoted = [match.group(1).rstrip(".,;:!?").strip() for match in _QUOTED.finditer(statement)]
    addresses = [match.group().rstrip(".,;:!?)") for match in _ADDRESS.finditer(statement)]
    return all(words in evidence for words in (*quoted, *addresses))


def figures_agree(statement: str, evidence: str) -> bool:
    """Whether every number, with its unit where both name one, is in the evidence."""
    told = figures_of(evidence)
    if not all(any(_same(figure, other) for other in told) for figure in figures_of(statement)):
        return False
    found = terms_of(evidence).numbers | {_plain(figure.amount) for figure in told}
    said = {_plain(figure.amount) for figure in figures_of(statement)}
    numbers = {number for number in terms_of(statement).numbers if number not in said}
    return all(number in found or _scaled(number, statement) & found for number in numbers) and _in_order(
        statement, evidence
    )


def figures_are_bound(statement: str, evidence: str) -> bool:
    """Whether each figure and month stands in a sentence that is about what the statement says of it."""
    told = [(part, _stems(part), set(_marks_in(part))) for part in sentences_in(evidence)]
    for clause in clauses_in(statement):
        about = {stem for stem in _stems(clause) if not stem.isdigit()} - _names_in(clause) - _GRAMMAR
        for mark in _marks_in(clause):
            holding = [stems for _, stems, marks in told if mark in marks]
            if not any(len(about & stems) >= _ABOUT * len(about) for stems in holding):
                return False
    return True


@lru_cache(maxsize=4096)
def sentences_in(text: str) -> tuple[str, ...]:
    """Cut evidence into its sentences, and these where a colon or semicolon begins another."""
    whole = (text[sentence.start : sentence.end] for sentence in sentences_of(text))
    return tuple(part for one in whole for part in _SECOND.split(one) if part.strip())


def clauses_in(statement: str) -> list[str]:
    """Cut a statement where it goes on to say something of its own."""
    parts = re.split(r";\s+|,?\s+(?:while|whereas|but)\s+|,\s+and\s+", statement)
    return [part for part in parts if part.strip()]


def _marks_in(text: str) -> list[str]:
    """The figures and months of a text; years are often told by a heading or a sentence before."""
    figures = [f"{_plain(figure.amount)}{'%' if figure.unit == '%' else ''}" for figure in figures_of(text)]
    return figures + [match.group().casefold()[:3] for match in _CALENDAR.finditer(text)]


def _names_in(text: str) -> set[str]:
    return {stem(part) for match in _NAME.finditer(text) for part in match.group().split("-")}


def dates_agree(statement: str, evidence: str) -> bool:
    """Whether every month, weekday, relative time and span (`a day`) is in the evidence."""
    known = _stems(evidence)
    if any(stem(match.group(1)) not in known for match in _SPAN.finditer(statement)):
        return False
    told = {stem(match.group()) for match in _CALENDAR.finditer(evidence)}
    told |= {word[:3] for word in told}
    return all(stem(match.group()) in told for match in _CALENDAR.finditer(statement))


def names_agree(statement: str, evidence: str) -> bool:
    """Whether every name is in the evidence."""
    return not missing_names(statement, evidence)


def missing_names(statement: str, evidence: str) -> set[str]:
    """Give the stems of the names that the evidence lacks; the word that opens a sentence need not be a name."""
    known = {stem(word) for word in re.findall(r"[\w’']+", evidence.replace("-", " "))}
    known |= {stem(word) for word in re.findall(r"[\w’'-]+", evidence)}
    missing = set()
    for match in _NAME.finditer(statement):
        word = match.group()
        if word.casefold() in FUNCTION_WORDS or (_opens(statement, match) and not _is_surely_a_name(statement, match)):
            continue
        parts = [part for part in word.split("-") if len(part) > 1]
        if stem(word) not in known and not all(stem(part) in known for part in parts):
            missing.add(stem(word))
    return missing


def _opens(statement: str, match: re.Match[str]) -> bool:
    before = statement[: match.start()].rstrip(" “\"'(‘")
    return not before or before[-1] in ".!?:"


def _is_surely_a_name(statement: str, match: re.Match[str]) -> bool:
    """Whether a word that opens a sentence is a name rather than an ordinary word with a capital letter."""
    return match.group()[1:2].isupper() or bool(_AFTER_A_NAME.match(statement[match.end() :]))


def negation_agrees(statement: str, evidence: str) -> bool:
    """Whether both deny or neither does."""
    return bool(_NEGATION.search(statement)) == bool(_NEGATION.search(evidence))


def direction_agrees(statement: str, evidence: str) -> bool:
    """Whether the statement says no opposite of what the evidence says: up for down, before for after."""
    said, told = _stems(statement), _stems(evidence)
    for one, other in _OPPOSITES:
        for here, there in ((one, other), (other, one)):
            if said & here and not said & there and told & there and not told & here:
                return False
    return _compared_alike(statement, evidence)


def scope_agrees(statement: str, evidence: str) -> bool:
    """Whether words such as `all`, `only`, `first` or `because` have their like in the evidence."""
    told = {word.casefold() for word in re.findall(r"[\w’']+", evidence)}
    for match in _SCOPE.finditer(statement):
        word = match.group().casefold().split()[0]
        likes = [group for group in _SCOPES if word in group]
        if word not in told and not any(group & told for group in likes):
            return False
    return True


_GRAMMAR = frozenset(stem(word) for word in FUNCTION_WORDS) | {
    stem(word) for word in "million billion thousand hundred trillion percent per cent dollar dollars".split()
}
_ABOUT = 0.6
"""What share of the words around a figure must stand in the sentence that gives the figure."""
CHECKS: dict[str, Check] = {
    "quotes": quotes_stand,
    "figures": figures_agree,
    "bound": figures_are_bound,
    "dates": dates_agree,
    "names": names_agree,
    "negation": negation_agrees,
    "direction": direction_agrees,
    "scope": scope_agrees,
}
"""Every respect in which statement and evidence must agree."""


def _same(figure: Figure, other: Figure) -> bool:
    alike = abs(figure.amount - other.amount) <= 1e-9 * max(1.0, abs(figure.amount))
    units = _CURRENCIES.get(figure.unit, figure.unit), _CURRENCIES.get(other.unit, other.unit)
    if all(units) and units[0] != units[1] and any(unit in _MONEY for unit in units):
        return False
    percent = (figure.unit == "%") != (other.unit == "%") and figure.unit != "" and other.unit != ""
    return alike and not percent


def _plain(amount: float) -> str:
    return f"{amount:.10g}"


def _scaled(number: str, statement: str) -> set[str]:
    """The number as it is meant where a word of scale follows it."""
    return {
        _plain(figure.amount)
        for figure in figures_of(statement)
        if _NUMBER.search(figure.written) and number in figure.written.replace(",", "")
    }


def _in_order(statement: str, evidence: str) -> bool:
    """Whether `from A to B` is not told the other way round."""
    for match in _FROM_TO.finditer(statement):
        first, second = (_NUMBER.findall(match.group(place)) for place in (1, 2))
        if first and second:
            for told in _FROM_TO.finditer(evidence):
                if first[0] in told.group(2) and second[0] in told.group(1) and first[0] != second[0]:
                    return False
    return True


def _compared_alike(statement: str, evidence: str) -> bool:
    """Whether what is compared with `than` stands on the same sides of it."""
    said, told = _sides(statement), _sides(evidence)
    if said is None or told is None:
        return True
    crossed = len(said[0] & told[1]) + len(said[1] & told[0])
    straight = len(said[0] & told[0]) + len(said[1] & told[1])
    return crossed <= straight


def _sides(text: str) -> tuple[set[str], set[str]] | None:
    match = _THAN.search(text)
    if match is None:
        return None
    sides = text[: match.start()], text[match.end() :]
    first, second = (
        {m.group().casefold() for m in re.finditer(rf"{_NAME.pattern}|{_NUMBER.pattern}", side)} for side in sides
    )
    return first - second, second - first


def _stems(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"[\w’']+", text)}
