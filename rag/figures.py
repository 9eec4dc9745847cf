"""Read the figures of a text with their units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.terms import FUNCTION_WORDS, MONTHS, NUMBER_WORDS, number_of, stem

_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SCALE_SIGNS = {"k": 1e3, "m": 1e6, "bn": 1e9}
_FIGURE = re.compile(
    r"(?P<money>[$€£¥]\s?)?(?<![\w.,:/-])(?P<figure>\d+(?:[.,]\d+)*|"
    + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
    + r")(?P<sign>k|m|bn)?(?![\w/-])(?:\s(?P<scale>hundred|thousand|million|billion|trillion))?\s?"
    r"(?P<unit>%|per\s?cent\b|(?:[\w’'-]+)(?=\W|$))?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:.])(?:[01]?\d|2[0-3])[:.][0-5]\d(?![\d:.]\d)")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_OF_A_YEAR = re.compile(
    r"(?:^|[.!?:;(–—-]|\b(?:in|since|by|until|till|from|of|during|before|after|between|to|and|or|through|year|years|the|a|an|"
    r"its|their|his|her|our|my|your|this|that|early|late|mid|spring|summer|autumn|fall|winter|fiscal|around|about|circa|"
    rf"{MONTHS}))[,.]?\s*$",
    re.IGNORECASE,
)
"""What stands before a year rather than before a number of things."""
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_NOT_FIGURES = re.compile(
    rf"^\s*\(?\d+(?:\.\d+)*[.)]?\s+(?=(?-i:[A-Z]))|\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}}\b(?!\s?%)|"
    r"\b\d{4}-\d\d(?:-\d\d)?\b|\[\d+\]",
    re.IGNORECASE,
)
"""Numbers of paragraphs and notes, and dates."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as a sentence gives it."""

    written: str
    amount: float
    unit: str
    """A stem, `%`, a sign of money, or `clock`; empty where the sentence names none."""


def figures_of(text: str) -> list[Figure]:
    """Read figures and times of day; years, dates, ordinals and numbers of paragraphs are none."""
    found = [Figure(match.group(), float(match.group().replace(":", ".")), "clock") for match in _CLOCK.finditer(text)]
    taken = [match.span() for pattern in (_CLOCK, _NOT_FIGURES) for match in pattern.finditer(text)]
    for match in _FIGURE.finditer(text):
        if any(start <= match.start("figure") < end for start, end in taken) or (
            _YEAR.fullmatch(match.group("figure")) and not _counts_things(match)
        ):
            continue
        found.append(_figure(match))
    return found


def _counts_things(match: re.Match[str]) -> bool:
    """Whether a number that might be a year is none: `cost 1518 crowns`, but `in 1518 crowns were scarce`."""
    if match.group("scale") or match.group("money") or match.group("unit") == "%":
        return True
    unit = (match.group("unit") or "").casefold()
    if unit in FUNCTION_WORDS or not (unit.endswith("s") or unit in ("people", "men", "women", "children", "km", "kg")):
        return False
    return _OF_A_YEAR.search(match.string[: match.start("figure")]) is None


def _figure(match: re.Match[str]) -> Figure:
    plain = match.group("figure").casefold()
    amount = float(NUMBER_WORDS.get(plain) or number_of(plain))
    amount *= _SCALES.get((match.group("scale") or "").casefold(), 1.0)
    amount *= _SCALE_SIGNS.get((match.group("sign") or "").casefold(), 1.0)
    unit = (match.group("unit") or "").casefold()
    if re.fullmatch(r"per\s?cent", unit):
        unit = "%"
    elif unit == "per" or unit in FUNCTION_WORDS:
        unit = ""
    elif unit != "%":
        unit = stem(unit)
    end = match.end("unit") if unit else max(match.end("scale"), match.end("sign"), match.end("figure"))
    written = match.string[match.start() : end].strip()
    return Figure(written, amount, (match.group("money") or "").strip() or unit)
