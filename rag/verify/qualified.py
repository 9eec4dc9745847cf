"""Whether what limits a statement stays with it: some of, almost, up to, former, tried to, one of the."""

from __future__ import annotations

import re

from rag.terms import FUNCTION_WORDS, MONTHS, NUMBER_WORDS, stem
from rag.verify.words import ROUGHLY

_GRAMMAR = frozenset(stem(word) for word in FUNCTION_WORDS)
_FIGURE = rf"\d+(?:[.,]\d+)*|{'|'.join(NUMBER_WORDS)}"
_NUMBER = rf"(?:[$€£¥]\s?)?(?P<what>{_FIGURE})"
_BOUNDS = {
    "at most": r"up to|at most|no more than|a maximum of|as many as|as much as|not more than",
    "at least": r"at least|no (?:less|fewer) than|a minimum of",
    "more": r"more than|over|above|exceeding|in excess of|upwards of",
    "less": r"less than|fewer than|under|below|just short of|almost|nearly|close to",
}
"""What makes a figure an upper or a lower bound."""
_ROUND = re.compile(
    rf"\b(?:{ROUGHLY}|approx\.?|ca?\.|an estimated)\s+(?:the\s+|a\s+)?{_NUMBER}",
    re.IGNORECASE,
)
"""A figure that is not meant exactly: it may become rounder, never exact."""
_EITHER = re.compile(r"(?P<one>[\w’'-]+) or (?:(?:a|an|the|to) )?(?P<other>[\w’'-]+)")
_NOT_EVERY = re.compile(r"\bnot (?:every|all|each|always|necessarily|everyone|everything|only|just)\b", re.IGNORECASE)
_SPAN = r"(?:day|week|month|year|decade|century|spring|summer|autumn|winter)"
_LATER = re.compile(
    rf"\b(?:(?:(?:in|on|by|during) )?the (?:following|next|previous) {_SPAN}|(?:\w+ )?(?:{_SPAN}s?|centuries) "
    rf"(?:later|afterwards?|before|earlier)|the {_SPAN} (?:after|before)|afterwards|subsequently|thereafter)\b",
    re.IGNORECASE,
)
"""Another time than that of the sentence."""
_DATED = re.compile(rf"\b(?:1[0-9]|20)\d\d\b|\b(?:{MONTHS})\b")
_CUT = re.compile(r"[,;:()–—]|\b(?:and|but|or|while|whereas|who|which)\b")
_DENIED = re.compile(r"\b(?:not|no|never|neither|nor|without|cannot|whether|\w+n[’']t)\b", re.IGNORECASE)
_BOUND = {
    name: re.compile(rf"\b(?:{words})\s+(?:the\s+|a\s+)?{_NUMBER}", re.IGNORECASE) for name, words in _BOUNDS.items()
}
_RATE = re.compile(
    rf"\b{_NUMBER}(?:\s(?:%|[\w’'-]+)){{0,3}}?\s(?:a|an|per|each|every)\s(?P<each>second|minute|hour|day|night|week|"
    r"month|quarter|year|decade|person|head|worker|employee|capita|household|family|tonne|ton|litre|liter|kilo|kilogram|"
    r"kilometre|kilometer|mile|hectare|acre|barrel|share|vote|customer|pupil|student|patient|room|seat|unit|piece|ship)s?\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?<!from )(?<!\w)(?P<low>{_FIGURE})(?:\s(?:to|or|and)\s|(?<=\d)[-–](?=\d))"
    rf"(?P<high>{_FIGURE})\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\bbetween\s[$€£¥]?$", re.IGNORECASE)
_FALSE = re.compile(
    r"\b(?:(?:untrue|false|myth|wrong|hoax|incorrect|mistaken|unclear|doubtful|disputed|rumou?rs?)(?:\s\w+){0,2}\s"
    r"(?:that|whether)|falsely|wrongly|mistakenly|rumou?red)\b",
    re.IGNORECASE,
)
_FOR_WHOM = re.compile(r"^\W*(?:For|To)\s(?P<who>[A-Z][\w’'-]+(?:\s[A-Z][\w’'-]+)*),")
_OPEN = re.compile(rf"\b{_NUMBER}\s+or\s+(?:more|less|fewer|so)\b", re.IGNORECASE)
_PART = re.compile(
    r"\b(?P<how>some|few|most|many|several|half|part|parts|one|none|all|each|much|a (?:third|quarter|fifth|tenth)|"
    r"two[- ]thirds|three[- ]quarters|(?:the )?majority|a minority|\d+(?:[.,]\d+)*|"
    r"\d+(?:\.\d+)?\s?(?:%|per cent|percent))"
    r"\s+of\s+(?:the\s+|its\s+|their\s+|his\s+|her\s+|those\s+|these\s+)?(?P<what>[\w’'-]+(?:\s[\w’'-]+)?)",
    re.IGNORECASE,
)
_FEW = re.compile(
    r"\b(?P<how>(?i:few|some|many|several|most|certain|one of (?:the|its|their)))\s+(?:\w+\s)?(?P<what>[a-z][\w’'-]+)"
)
_HOW_MANY = re.compile(
    r"\b(?P<how>all|every|each|some|most|many|few|several|no|more|less|fewer|both|neither)\s(?P<what>[a-z][\w’'-]+)",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?P<how>tr(?:y|ies|ied|ying)|attempt(?:s|ed|ing)?|fail(?:s|ed|ing)?|pretend(?:s|ed)?|refus(?:es?|ed|ing)|"
    r"threaten(?:s|ed|ing)?|promis(?:es?|ed|ing)|vow(?:s|ed)?|pledg(?:es?|ed)|plan(?:s|ned|ning)?|inten(?:ds?|ded)|"
    r"hop(?:es?|ed|ing)|wants?|wanted|seeks?|sought|agre(?:es?|ed)|offer(?:s|ed)|decid(?:es?|ed)|due|set|expected|"
    r"ha(?:s|ve|d) yet|almost|nearly|stop(?:s|ped)?|ceas(?:es?|ed)|halt(?:s|ed)?|quit|avoid(?:s|ed)?|"
    r"consider(?:s|ed|ing)?|"
    r"deni(?:es|ed)|propos(?:es?|ed)|suspend(?:s|ed)?|end(?:s|ed)|partly|partially|hardly|barely|rarely|seldom|sometimes|"
    r"no longer|used)\s+(?:to\s+)?(?P<what>[a-z][\w’'-]+)",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"\b(?P<how>former|formerly|ex|then|acting|interim|deputy|vice|assistant|would-be|alleged|suspected|possible|potential|"
    r"proposed|planned|so-called|unofficial|provisional|fake|draft|mock|attempted|honorary|incoming|"
    r"outgoing|second|third|fourth|fifth|sixth|half|retired|late|"
    r"one of (?:the|its|their))[\s-]+(?:\w+[\s-])??(?P<what>[A-Za-z][\w’'-]+)",
)
_LIMITS = (_PART, _FEW, _NOT_YET, _KIND)


def stays_qualified(statement: str, evidence: str) -> bool:
    """Whether a statement keeps the bounds, the shares and the reserve that a sentence puts on the same words."""
    return all(stays(statement, evidence) for stays in _STAYS)


def _bounds_stay(statement: str, evidence: str) -> bool:
    bounded = {figure for pattern in (*_BOUND.values(), _OPEN) for figure in _figures(pattern, statement)}
    if any(_stands(what, statement) for what in _figures(_OPEN, evidence) - bounded):
        return False
    for pattern in _BOUND.values():
        said, told = _figures(pattern, statement), _figures(pattern, evidence)
        if any(_stands(what, statement) for what in told - said) or any(
            _stands(what, evidence) for what in said - told
        ):
            return False
    return True


def _round_stays(statement: str, evidence: str) -> bool:
    said, told = _figures(_ROUND, statement), _figures(_ROUND, evidence)
    return not any(_stands(what, statement) for what in told - said)


def _choice_stays(statement: str, evidence: str) -> bool:
    """Whether one of two things, of which a sentence does not say which, does not become the one."""
    words = set(_stems(statement))
    for match in _EITHER.finditer(evidence):
        one, other = (stem(match[name]) for name in ("one", "other"))
        if {one, other} & _GRAMMAR or _DENIED.search(evidence[: match.start()]):
            continue
        if (one in words) != (other in words) or (one in words and "or" not in words):
            return False
    return all(match.group().casefold() in statement.casefold() for match in _NOT_EVERY.finditer(evidence))


def _limits_stay(statement: str, evidence: str) -> bool:
    words, told = _stems(statement), _stems(evidence)
    for limit in _LIMITS:
        for match in limit.finditer(evidence):
            limited = [word for word in _stems(match["what"]) if word not in _GRAMMAR and word in words]
            if limited and not set(_stems(match["how"])) <= set(words) and any(told.count(one) == 1 for one in limited):
                return False
    return True


def _figures(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match["what"].casefold() for match in pattern.finditer(text)}


def _stands(what: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\d.,])\b{re.escape(what)}\b(?![\d,.]*\d)", text, re.IGNORECASE))


def _time_stays(statement: str, evidence: str) -> bool:
    """Whether what came later, or before, is not put on the date of the sentence."""
    words = set(_stems(statement))
    for match in _LATER.finditer(evidence):
        if match.group().casefold() in statement.casefold() or not _DATED.search(statement):
            continue
        start = max((cut.end() for cut in _CUT.finditer(evidence, 0, match.start())), default=0)
        end = next((cut.start() for cut in _CUT.finditer(evidence, match.end())), len(evidence))
        others = set(_stems(evidence[:start])) | set(_stems(evidence[end:])) | set(_stems(match.group()))
        if (set(_stems(evidence[start:end])) - others - _GRAMMAR) & words:
            return False
    return True


def _share_stays(statement: str, evidence: str) -> bool:
    """Whether all miners and some clerks do not become some miners and all clerks."""
    said, told = _shares(statement), _shares(evidence)
    return all(said[what] & told[what] for what in said.keys() & told.keys())


def _shares(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _HOW_MANY.finditer(text):
        found.setdefault(stem(match["what"]), set()).add(match["how"].casefold())
    return found


def _rate_stays(statement: str, evidence: str) -> bool:
    """Whether what is so much a day, or for each, is not that much in all."""
    words = set(_stems(statement))
    rates = [match for match in _RATE.finditer(evidence) if stem(match["each"]) not in _GRAMMAR]
    return not any(stem(match["each"]) not in words and _stands(match["what"], statement) for match in rates)


def _range_stays(statement: str, evidence: str) -> bool:
    """Whether `ten to fifteen` does not become ten."""
    for match in _RANGE.finditer(evidence):
        joined_by_and = " and " in match.group().casefold()
        if joined_by_and and not _BETWEEN.search(evidence[: match.start()]):
            continue
        if _is_year(match["low"]) and _is_year(match["high"]):
            continue
        if _stands(match["low"], statement) != _stands(match["high"], statement):
            return False
    return True


def _is_year(number: str) -> bool:
    return bool(re.fullmatch(r"(?:1\d|20)\d\d", number))


def _denials_stay(statement: str, evidence: str) -> bool:
    """Whether what a sentence calls untrue, or says of what somebody holds, is not said without that."""
    held = _FOR_WHOM.match(evidence)
    if held and held["who"].casefold() not in statement.casefold():
        return False
    words = set(_stems(statement)) - _GRAMMAR
    told = (set(_stems(evidence[match.end() :])) for match in _FALSE.finditer(evidence))
    return bool(_FALSE.search(statement)) or not any(words & behind for behind in told)


_STAYS = (
    _bounds_stay,
    _round_stays,
    _choice_stays,
    _limits_stay,
    _share_stays,
    _rate_stays,
    _range_stays,
    _denials_stay,
    _time_stays,
)


def _stems(text: str) -> list[str]:
    return [stem(word) for word in re.findall(r"[\w’']+", text)]
