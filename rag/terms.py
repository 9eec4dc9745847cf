"""What a text names: its words, names, numbers and years, in a form that can be compared."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

FUNCTION_WORDS = frozenset(
    """a about above after again against all also although am among an and any are as at be because been before being
    below between both but by can could did do does doing done down during each either else ever every few for
    from further get gets got had has have having he her here hers herself him himself his how however i if in
    into is it its itself just least less let like many may me might more most much must my myself neither no
    nor not now of off on once one only onto or other others our ours out over own per quite rather really same
    shall she should since so some such than that the their theirs them themselves then there these they this
    those though through thus till to too toward towards under until up upon us very via was we were what
    whatever when where whether which while who whoever whom whose why will with within without would yet you
    your yours yourself
    auch auf bei beim dass dem der des durch ein eine einem einen einer eines er es für gab gegen gibt haben hatte
    hatten ihr ihre ihrem ihren im ist jede jeder kann kein keine keinen können mehr nach nicht noch nur ob oder
    ohne schon sein seine seinem seinen seiner seit sich sie sind soll sollte um und unter viele vom von wann waren
    warum weil welche welchem welchen welcher welches wem wen wenn wer werden weshalb wessen wie wieso wieviel
    wieviele wird wo wurde wurden zum zur zwischen über""".split()
)
"""Words that carry grammar rather than subject: English ones, and German ones that mean nothing in English."""

_ASKING_WORDS = frozenset(
    """according article articles describe described document documents explain give kind list mention mentioned name
    named please report reported reports say says said source sources state stated summarise summarize tell text
    type way""".split()
)
"""Words with which people ask rather than name what they ask for."""

NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty""".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}

MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
"""Their names in full, as alternatives of a pattern."""
WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
"""The same of these."""
_WORD = re.compile(r"\w+(?:[’'.\-]\w+)*")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_YEAR = re.compile(r"(?<!\d)(?:1[0-9]|20)\d\d(?!\d)")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|fail(?:s|ed)?|refus(?:e|es|ed)|den(?:y|ies|ied)|"
    r"lack(?:s|ed)?|unable|hardly)\b|n[’']t\b",
    re.IGNORECASE,
)
_stemmer = Stemmer.Stemmer("english")


@dataclass(frozen=True, slots=True)
class Terms:
    """The comparable parts of a text."""

    words: frozenset[str]
    """Stems of the words that carry the subject."""
    names: frozenset[str]
    """Stems of the words written with a capital letter inside a sentence."""
    numbers: frozenset[str]
    """Numbers in figures, without separators; small ones written as words too."""
    years: frozenset[str]
    negated: bool


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Fold case, accents and possessives of one word and stem it."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    folded = re.sub(r"[’']s?$", "", folded).replace("’", "'")
    return str(_stemmer.stemWord(folded))


def number_of(figure: str) -> str:
    """Give a number a comparable form: `1,200` and `1200.0` are the same."""
    plain = re.sub(r",(?=\d{3}(?!\d))", "", figure).replace(",", ".")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


@lru_cache(maxsize=4096)
def terms_of(text: str) -> Terms:
    """Read the comparable parts of a text."""
    words: set[str] = set()
    names: set[str] = set()
    numbers = {number_of(match.group()) for match in _NUMBER.finditer(text)}
    for match in _WORD.finditer(text):
        for part in match.group().split("-") if "-" in match.group() else (match.group(),):
            lowered = part.casefold()
            if lowered in NUMBER_WORDS:
                numbers.add(NUMBER_WORDS[lowered])
            if lowered in FUNCTION_WORDS or lowered in _ASKING_WORDS or len(part) < 2:
                continue
            words.add(stem(part))
            if part[0].isupper() and not _begins_sentence(text, match.start()):
                names.add(stem(part))
    years = frozenset(match.group() for match in _YEAR.finditer(text))
    return Terms(frozenset(words), frozenset(names), frozenset(numbers), years, bool(_NEGATION.search(text)))


def stems_of(text: str) -> list[str]:
    """Give the stems of a text's subject words in their order, with repetitions."""
    return [stem(word) for word in _WORD.findall(text) if word.casefold() not in FUNCTION_WORDS]


def rarity(words: Collection[str], texts: Sequence[str]) -> dict[str, float]:
    """Weigh stems by how few of the texts hold them (the idf of BM25); equal texts count once."""
    held = [set(stems_of(text)) for text in dict.fromkeys(texts)]
    weights = {}
    for word in sorted(words):
        count = sum(word in text for text in held)
        weights[word] = math.log(1 + (len(held) - count + 0.5) / (count + 0.5))
    return weights


def _begins_sentence(text: str, position: int) -> bool:
    before = text[:position].rstrip(" \"'“‘«([*-–—")
    return not before or before[-1] in ".!?:\n"
