"""Read a sentence as words in phrases and parts, and turn it: its date to the end, passive into active."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.terms import FUNCTION_WORDS, NUMBER_WORDS, number_of, stem

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:[.’'-][^\W\d_]+)*|[,;:()–—]|[“”\"]|%|[$€£¥]")
_LINKS = {
    word: place
    for place, words in enumerate(
        """of
        in on at within inside during throughout
        for
        near
        by
        to into onto
        toward towards
        from
        with together alongside
        after following
        before
        since
        until till
        than
        over about regarding concerning through across
        under below
        above
        against
        behind beyond outside
        excluding except besides barring
        as
        between among amid
        because due owing
        if
        unless
        despite although though
        like
        unlike""".splitlines()
    )
    for word in words.split()
}
"""Words that say what stands behind them to what stands before, those that may stand for one another together."""
OF, _EXCEPT = _LINKS["of"], _LINKS["except"]
_ALL = frozenset("all everyone everything everybody nothing anything none nobody".split())
_CUTS = frozenset(", ; : ( ) – — and or but nor plus while whereas which who whom whose".split())
"""What one part of a sentence ends with, and the next begins."""
PRONOUNS = frozenset("it he she they its his her hers their theirs him them this these those there here".split())
_DENIALS = frozenset("not no never none neither nor nobody nothing without cannot hardly barely scarcely".split())
DENIAL = "¬"
_BE = frozenset("is are was were be been being".split())
_AUXILIARIES = _BE | frozenset("has have had do does did will would shall should may might must can could".split())
_POINTING = frozenset("the this that these those".split())
_ARTICLES = _POINTING | frozenset("a an its their his her our".split())
_RELATIVE = frozenset("who whom whose which".split())
_IRREGULAR = frozenset(
    """beat beaten bought broken brought built caught chosen cut done drawn driven fed felt fought found given held hit
    hurt kept killed known laid led left lent lost made met paid put read said seen sent set sold sought spent stolen
    struck sworn taken taught thought thrown told torn understood won worn written overthrown forgiven shown forbidden
    forgotten frozen hidden ridden shaken shot woven bound bred dealt dug flung hung overcome proven shed shut spread
    split stood stung swept swung withdrawn bitten blown eaten sung sunk""".split()
)
"""Past forms that do not end with `ed`."""
_ACTIVE = frozenset(
    """gave forgave took wrote went came became began ate broke chose drew drove fell flew forgot froze grew hid knew
    rode rose sang sank saw shook spoke stole swore tore threw wore withdrew overthrew showed forbade""".split()
)
"""Past forms that nothing is done to."""
MODALS = frozenset("will would shall should may might must can could".split())
_PRESENT = frozenset("is are am has have do does".split())
_PAST = frozenset("was were had did".split())
_PARTICLES = frozenset("up down out off away back".split())
WHEN = frozenset("now still once already again".split())
"""Words of grammar that tell when: what is so now was not always so."""
ROUGHLY = "about|around|approximately|roughly|circa|some"
"""Before a figure: it is not meant exactly."""
_ROUND = re.compile(
    rf"\b(?:{ROUGHLY})\s+(?=[$€£¥]?\d|(?:{'|'.join(NUMBER_WORDS)})\b)",
    re.IGNORECASE,
)
"""Belongs to its number, and says nothing of where: `qualified` looks after it."""
_PASSIVE = re.compile(
    r"^(?P<who>[^,;]+?)\s(?:(?:has|have|had|will|would|may|might|could)\s)?(?:is|are|was|were|be|been|being)\s"
    r"(?P<did>(?:\w+ly\s)?\w+)(?P<mid>(?:\s(?!by\b)[^\s,;]+){0,6}?)\sby\s"
    r"(?P<by>(?:(?:the|a|an|its|his|her|their)\s)?(?:[A-Z][a-z]{1,3}\.\s(?=[A-Z]))*[\w’'-]+(?:\s(?:of\s)?[A-Z][\w’'-]*)*)"
    r"(?P<rest>.*)$"
)
_FRONTED = re.compile(
    r"^(?P<when>(?:In|On|At|During|Since|By|After|Before|Until|From|For|Within)\s[^,;]{1,60}),\s(?P<rest>.+?)(?P<end>[.!?]?)$"
)
_FRONTED_DATE = re.compile(
    r"^(?P<when>(?:In|On|Since|By|During|Until|Before|After)\s(?:\d{1,2}\s)?(?:(?:early|late|mid|the|spring|summer|autumn|"
    r"winter)\s)*(?:[A-Z][a-z]+\s)?\d{4})\s(?P<rest>.+?)(?P<end>[.!?]?)$"
)
_GOES_ON = re.compile(
    r"^(?:Also|Furthermore|Moreover|Additionally|In addition|Besides|Further|Likewise|Similarly|Meanwhile|"
    r"First(?:ly)?|Second(?:ly)?|Third(?:ly)?|Next|Then|Last(?:ly)?|Finally|However|Nevertheless|Nonetheless|Indeed|"
    r"In fact|Of course|Notably|Importantly|Specifically|In particular|For (?:example|instance)|Overall|"
    r"In (?:conclusion|summary|short)|On the other hand|By contrast|In contrast),\s+"
)
"""What only ties a sentence to the one before."""
_ACCORDING = re.compile(r"^According to (?P<who>[^,]+),\s(?P<what>.+)$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carries a meaning, and where in its sentence it stands."""

    stem: str
    named: bool
    """Whether it is written with a capital letter."""
    number: bool
    links: frozenset[int | None]
    """What ties the phrase it stands in: by, to, from...; None where it may stand free, as who does or what is done."""
    part: int
    """Which part of the sentence it stands in, counted by commas and conjunctions."""
    phrase: int
    """Which phrase it stands in, counted by links and auxiliaries too."""
    place: int
    tense: str
    """The modal before it, else `is` or `was` for an auxiliary of present or past; empty without one."""
    form: str
    """How it ends where that tells: `ed`, `s`, `'s`, `ly`; else empty."""
    done: bool | None
    """Of a past form whether it is done to what stands before (`was sold`), or by it (`Ann sold`); None: unclear."""

    @property
    def free(self) -> bool:
        """Whether it may be what does, is done, or is done to."""
        return None in self.links


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as this check reads it."""

    words: tuple[Word, ...]
    cuts: frozenset[int]
    """Places of commas and conjunctions."""
    relative: frozenset[int]
    """Those that go on about the word right before them: who, which."""
    definite: frozenset[int]
    """Places of words with `the` or `this` before them."""
    pronouns: frozenset[int]
    only: frozenset[int]
    """Places of `only`."""


@lru_cache(maxsize=4096)
def read(text: str) -> Sentence:
    """Read a sentence's words with what ties them."""
    return _Reading().read(text)


class _Reading:
    """Goes through a sentence once."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._cuts: set[int] = set()
        self._relative: set[int] = set()
        self._definite: set[int] = set()
        self._pronouns: set[int] = set()
        self._only: set[int] = set()
        self._link: int | None = None
        self._labels: frozenset[int | None] = frozenset([None])
        self._part = self._phrase = 0
        self._last = self._auxiliary = ""
        self._before: Word | None = None

    def read(self, text: str) -> Sentence:
        """Read it."""
        for place, match in enumerate(_TOKEN.finditer(_ROUND.sub("", text))):
            self._take(match.group(), place)
        return Sentence(
            tuple(self._words),
            frozenset(self._cuts),
            frozenset(self._relative),
            frozenset(self._definite),
            frozenset(self._pronouns),
            frozenset(self._only),
        )

    def _take(self, token: str, place: int) -> None:
        lower = token.casefold()
        kept = self._last
        if lower in ("only", "solely", "exclusively"):
            self._only.add(place)
        link = _EXCEPT if lower == "but" and kept in _ALL else _LINKS.get(lower)
        if link is not None:
            self._tie(link)
        elif lower in _CUTS:
            self._cut(lower, place)
        elif lower in _AUXILIARIES and not _is_the_month(token, place):
            self._free()
            self._auxiliary = self._auxiliary if self._auxiliary in MODALS else lower
        elif lower in _DENIALS or lower.endswith(("n't", "n’t")):
            self._free()
            self._words.append(Word(DENIAL, False, False, self._labels, self._part, self._phrase, place, "", "", None))
            lower = kept if kept in _BE else lower
        elif lower in PRONOUNS:
            self._pronouns.add(place)
            if self._link is None:
                self._free()
        elif token[0].isalnum() and (_says_something(lower) or _is_the_month(token, place)):
            self._word(token, lower, place)
        elif lower.endswith("ly"):
            lower = kept
        self._last = lower

    def _tie(self, link: int) -> None:
        self._link, self._before = link, None
        self._labels = frozenset([link])
        self._phrase += 1

    def _cut(self, lower: str, place: int) -> None:
        self._cuts.add(place)
        if lower in _RELATIVE:
            self._relative.add(place)
        self._labels, self._link, self._before = self._labels | {None}, None, None
        self._part += 1
        self._phrase += 1

    def _free(self) -> None:
        self._labels, self._link, self._before = frozenset([None]), None, None
        self._phrase += 1

    def _word(self, token: str, lower: str, place: int) -> None:
        number = token[0].isdigit() or lower in NUMBER_WORDS
        named = token[0].isupper()
        before = self._before
        begins = not named or (before is not None and before.number and self._last in _ARTICLES)
        if before is not None and self._link is not None and begins and not number:
            self._labels = self._labels | {None}
        plain = number_of(NUMBER_WORDS.get(lower, token)) if number else lower
        done = _done(lower, self._last) if not number else None
        tense = _tense(self._auxiliary)
        self._auxiliary = ""
        form = next((ending for ending in ("'s", "’s", "s'", "s’", "ed", "s", "ly") if lower.endswith(ending)), "")
        form = "'s" if form.strip("s") in ("'", "’") else form
        for piece in _pieces(plain, number=number):
            word = Word(piece, named, number, self._labels, self._part, self._phrase, place, tense, form, done)
            self._words.append(word)
            self._before = word
        if self._last in _POINTING:
            self._definite.add(place)


def _is_the_month(token: str, place: int) -> bool:
    return bool(place) and token.startswith("May") and len(token) == 3


def _says_something(lower: str) -> bool:
    return lower not in FUNCTION_WORDS or lower in NUMBER_WORDS or lower in WHEN or lower in _PARTICLES


def _pieces(plain: str, *, number: bool) -> list[str]:
    return [plain] if number else [stem(part) for part in plain.split("-") if part]


def _tense(auxiliary: str) -> str:
    if auxiliary in MODALS:
        return auxiliary
    if auxiliary in _PRESENT or auxiliary in _PAST:
        return "is" if auxiliary in _PRESENT else "was"
    return ""


def _done(lower: str, before: str) -> bool | None:
    if lower in _ACTIVE:
        return False
    if not lower.endswith("ed") and lower not in _IRREGULAR:
        return None
    if before in _BE:
        return True
    return False if before and before not in _CUTS and before not in _LINKS and before not in _ARTICLES else None


def untied(sentence: str) -> str:
    """Give a sentence without what only ties it to the one before.

    >>> untied("For example, trade rose.")
    'Trade rose.'
    """
    rest = _GOES_ON.sub("", sentence, count=1)
    return sentence if rest == sentence else rest[0].upper() + rest[1:]


def forms_of(sentence: str, *, moved_only: bool = False) -> Iterator[str]:
    """The sentence, with its date at the end, and in the active voice."""
    sentence = untied(sentence)
    match = _FRONTED.match(sentence) or _FRONTED_DATE.match(sentence)
    if match is None or not moved_only:
        yield sentence
    if match is not None:
        sentence = f"{match['rest']} {match['when'][0].lower()}{match['when'][1:]}{match['end']}"
        yield sentence
    if match := _PASSIVE.match(sentence):
        rest = "" if re.match(r",?\s(?:who|which|whose)\b", match["rest"]) else match["rest"]
        yield f"{match['by']} {match['did']} {match['who']}{match['mid']}{rest}"
    if match := _ACCORDING.match(sentence):
        yield f"{match['who']} said that {match['what']}"
