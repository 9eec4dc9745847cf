"""See when a question is about the collection itself: which articles mention something, how many, what is new.

Only whole questions of these forms are taken; everything else is answered from the passages in the usual way.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rapidfuzz import fuzz, process

from rag.question import ASKING
from rag.when import Period, period_of

Wish = Literal["mentions", "count", "new", "voices", "wrote", "latest", "oldest", "newest", "summary", "listed"]
Scope = Literal["subject", "one", "all", "titled"]

_DOCUMENTS = (
    r"(?:(?:news(?:paper)? )?(?:documents?|articles?|texts?|papers?|reports?|files?|stories|story|sources?|pieces?)|"
    r"dokumente?n?|artikeln?|texte?n?|berichte?n?|quellen|dateien|beiträge)"
)
_ALL = r"(?:(?:of|all|any|every|the|this|these|those|my|our|your|von|den|der|alle|die|meine|diesem|diese) )*"
_MENTION = (
    r"(?:(?:do|does|did|that|which|who|explicitly|also) )*"
    r"(?:mention(?:s|ed|ing)?|name[sd]?|discuss(?:es|ed|ing)?|refer(?:s|red|ring)? to|talk(?:s|ed|ing)? about|"
    r"speaks? of|speaking of|deal(?:s|t|ing)? with|cover(?:s|ed|ing)?|report(?:s|ed|ing)? on|"
    r"wr(?:i|o)tes? (?:about|of)|writing about|contain(?:s|ing)?(?: the words?)?|(?:are |is )?(?:about|on)|"
    r"have to do with|erwähn(?:en|t)|nennen|nennt|handel[nt] von|schreib(?:en|t) über|bericht(?:en|et) über|"
    r"gibt es (?:zu|über)|über|zu)"
)
_WRITE = r"(?:write|wrote|written|say|said|report|reported|publish|published|tell|told|have|print|printed)"
_HERE = (
    r"(?:(?:are|is) (?:there|here)|(?:do|have) (?:you|we|i)(?: have| got| know)?|exist|"
    r"(?:(?:are|is) )?(?:(?:there|here) )?(?:in|on) (?:this|the|my|our|your) (?:dossier|collection|library|archive)|"
    r"(?:are|is) (?:included|listed|available|represented)|gibt es(?: hier)?|sind (?:das|hier|es|im dossier|vorhanden)|"
    r"hast du|haben wir)"
)
_SHOW = (
    r"(?:(?:please |can you |could you )?(?:list|show|name|give|find|zeige?|nenne?)(?: (?:me|us|mir|uns))?(?: auf)?)"
)
_VOICES = r"(?P<voices>publishers?|newspapers?|outlets?|sources?|authors?|journalists?|quellen|autoren|zeitungen)"
_SEVERAL_VOICES = _VOICES.replace("s?", "s")
_NEWS = r"(?:news|developments?|updates?|information|reports?|articles?|state of (?:affairs|play)|stand)"
_FIRST, _LAST = r"(?:oldest|earliest|first)", r"(?:newest|latest|most recent|last)"
_COUNT = r"(?:how many|wie viele?|wieviele?)"
_WHICH = r"(?:which|what|welche[nms]?)"


def _whole(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_FORMS: tuple[tuple[Wish, tuple[re.Pattern[str], ...]], ...] = (
    (
        "count",
        _whole(
            rf"(?:in )?{_COUNT} {_ALL}{_DOCUMENTS}(?: {_HERE})?(?: {_MENTION} (?P<subject>.+))?",
            rf"in {_COUNT} {_ALL}{_DOCUMENTS} (?:is|are|does|do|did) (?P<subject>.+?)"
            r" (?:mentioned|named|appear|discussed|occur)",
            rf"{_COUNT} {_ALL}{_DOCUMENTS} (?:did|has|have|hat|haben) (?P<publisher>.+?)"
            rf" (?:{_WRITE}|geschrieben|veröffentlicht)(?: (?:about|on|of|über|zu) (?P<subject>.+))?",
            rf"{_COUNT} {_ALL}{_DOCUMENTS} (?:are|were|was|is)(?: there)?"
            r"(?: (?:by|from|written by|published by) (?P<publisher>.+?))?(?: published| written| dated)?",
            rf"(?:what is the )?(?:total )?number of {_DOCUMENTS}(?: {_HERE})?",
        ),
    ),
    (
        "voices",
        _whole(
            rf"(?:{_SHOW}|who are|what are|which are) {_ALL}{_VOICES}(?: {_HERE})?",
            rf"(?:{_WHICH}|{_COUNT}) {_ALL}{_VOICES} (?:{_HERE}|wrote (?:these|the) {_DOCUMENTS})",
            rf"(?:{_WHICH}|{_COUNT}) {_ALL}{_SEVERAL_VOICES} {_MENTION} (?P<subject>.+)",
            rf"who (?:wrote|published) (?:these|the|all|this|my) {_DOCUMENTS}",
        ),
    ),
    (
        "mentions",
        _whole(
            rf"{_WHICH} {_ALL}{_DOCUMENTS} {_MENTION} (?P<subject>.+)",
            rf"in {_WHICH} {_ALL}{_DOCUMENTS} (?:is|are|does|do|did|wird|werden) (?P<subject>.+?)"
            r" (?:mentioned|named|appear|discussed|occur|come up|erwähnt|genannt)",
            rf"{_SHOW} {_ALL}{_DOCUMENTS} {_MENTION} (?P<subject>.+)",
            r"where (?:is|are) (?P<subject>.+?) mentioned",
            r"(?:is|are) (?P<subject>.+?) mentioned(?: anywhere| at all| in (?:the|these|any)(?: of the)? \w+)?",
            rf"(?:do|does) {_ALL}{_DOCUMENTS} mention (?P<subject>.+)",
        ),
    ),
    (
        "oldest",
        _whole(
            rf"(?:what|which) (?:is|was) the {_FIRST} {_DOCUMENTS}(?: {_MENTION} (?P<subject>.+)| {_HERE})?",
            rf"{_FIRST} {_DOCUMENTS}(?: {_MENTION} (?P<subject>.+))?",
            rf"which {_DOCUMENTS} (?:is|was) the {_FIRST}",
        ),
    ),
    (
        "newest",
        _whole(
            rf"(?:what|which) (?:is|was) the {_LAST} {_DOCUMENTS}(?: {_MENTION} (?P<subject>.+)| {_HERE})?",
            rf"{_LAST} {_DOCUMENTS}",
            rf"which {_DOCUMENTS} (?:is|was) the {_LAST}",
        ),
    ),
    (
        "new",
        _whole(
            r"(?:what(?:'s| is| are| has been| was)|anything|was (?:ist|gibt es))"
            r" (?P<new>new|neue?s?|added|hinzugekommen)(?: here| today| in (?:this|the) dossier)?",
            rf"(?:what|which {_DOCUMENTS}) (?:was|were|has been|have been) (?P<new>new|added|published|written)",
            rf"(?:{_SHOW}|what(?:'s| is| are)) (?:the |all )*(?:{_LAST}|recent) (?:{_NEWS}|{_DOCUMENTS})",
            r"what(?: has| have)? (?P<new>happened)",
            r"(?:any|is there any|was there any) news",
        ),
    ),
    (
        "wrote",
        _whole(
            rf"what (?:did|does|do|has|have) (?P<publisher>.+?) {_WRITE}"
            r"(?: (?:about|on|of|regarding) (?P<subject>.+))?",
            rf"(?:which|what|{_SHOW}) {_ALL}{_DOCUMENTS} (?:are |were |is )?(?:by|from|published by|written by)"
            r" (?P<publisher>.+?)(?: (?:about|on|that mention) (?P<subject>.+))?",
            rf"(?:which|what) {_ALL}{_DOCUMENTS} (?:did|has|have) (?P<publisher>.+?) {_WRITE}"
            r"(?: (?:about|on) (?P<subject>.+))?",
            r"was (?:schreibt|schrieb|sagt|berichtet|meldet|hat) (?P<publisher>.+?) (?:über|zu) (?P<subject>.+?)"
            r"(?: geschrieben| gesagt| berichtet)?",
        ),
    ),
    (
        "latest",
        _whole(
            rf"(?:(?:what(?:'s| is| are)|{_SHOW}|any) )?(?:the )?(?:latest|newest|most recent|new|recent)(?: {_NEWS})?"
            r" (?:on|about|in|with|regarding|concerning|from) (?P<subject>.+)",
            r"was (?:ist|gibt es) (?:das )?neue[sn]?(?:te)? (?:über|zu|zum|zur|von|bei) (?P<subject>.+)",
        ),
    ),
    (
        "listed",
        _whole(
            rf"{_SHOW} {_ALL}{_DOCUMENTS}(?: {_HERE})?",
            rf"{_WHICH} {_ALL}{_DOCUMENTS} (?:{_HERE}|are these)",
        ),
    ),
)
_SUMMARISE = re.compile(
    r"(?:(?:please|can you|could you|kannst du|bitte) )*(?:(?:summari[sz]e|sum up|recap|outline)(?: for me)?|"
    r"(?:give (?:me |us )?|write (?:me )?)?(?:(?:an?|the) )?(?:(?:short|brief|quick) )?(?:summary|overview|outline)"
    r" (?:of|about|on)|(?:fasse?|fass)(?= .+ zusammen)|(?:eine )?zusammenfassung (?:von|des|der)) (?P<target>.+?)"
    r"(?: zusammen)?(?: (?:for me|briefly|in short|please|bitte|kurz))?",
    re.IGNORECASE,
)
_GIST = re.compile(
    rf"(?:what (?:is|are)|worum geht es (?:in|im|bei)) (?P<target>(?:(?:this|these|the|that|diesem|dem|den|diesen) )?"
    rf"(?:{_DOCUMENTS}|dossier|collection|library))(?: (?:all )?about)?",
    re.IGNORECASE,
)
_THIS_ONE = re.compile(
    r"(?:this|that|the|it|dies\w*|das|den|der)(?: (?:document|article|text|paper|report|file|story|page|pdf|artikel|"
    r"dokument|bericht))?",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    rf"(?:{_ALL}(?:dossier|collection|library|{_DOCUMENTS})|everything|(?:them )?all|alles|"
    r"what is (?:here|in (?:this|the) dossier))",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:everything|all|alles|(?:what|all that) (?:is|was) (?:known|said|written)|"
    rf"the (?:news|coverage|reporting|affair|story|facts)|(?:what )?{_ALL}{_DOCUMENTS}(?: say| tell(?: us)?)?)"
    r"(?: we know| there is)? (?:about|on|of|concerning|über|zu) (?P<subject>.+)",
    re.IGNORECASE,
)
_QUOTES = "\"'“”‘’«»„‚ "
_TITLE_FITS = 88
_PUBLISHER_FITS = 90


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked about the collection."""

    wish: Wish
    subject: str = ""
    """What the documents should speak of, as the question writes it; empty where it names nothing."""
    publisher: str = ""
    """As the question writes it."""
    period: Period | None = None
    scope: Scope = "subject"
    """What a summary is of."""
    added: bool = False
    """Whether the time is when documents were added, rather than published."""
    voices: Literal["publisher", "author"] = "publisher"


def request_of(question: str, today: date, *, first: bool = True) -> Request | None:
    """Read a question about the collection; None for every other question.

    `first`: whether it begins a conversation: then what is no question may be the title of a document.
    """
    plain = re.sub(r"\s+", " ", question.replace("’", "'")).strip(" ?!.…")
    period = period_of(plain, today)
    bare = _without(plain, period)
    for wish, patterns in _FORMS:
        for pattern in patterns:
            if found := pattern.fullmatch(bare):
                request = _request(wish, found, period)
                if request is not None:
                    return request
    if request := _summary(plain, period):
        return request
    is_title = first and "?" not in question and 3 <= len(plain.split()) <= 20 and not ASKING.match(plain)
    return Request("summary", plain, scope="titled") if is_title else None


def publisher_named(written: str, publishers: Collection[str]) -> str | None:
    """Find the known publisher that a question means: `the Courier` is the Skarrow Courier where no other fits."""
    plain = re.sub(r"^(?:the|der|die|das)\s+", "", written.strip(_QUOTES), flags=re.IGNORECASE)
    whole = [name for name in publishers if name.casefold() == plain.casefold()]
    words = set(plain.casefold().split())
    parts = [name for name in publishers if words and words <= set(name.casefold().split())]
    if len(whole or parts) == 1:
        return (whole or parts)[0]
    near = process.extract(plain.casefold(), {name: name.casefold() for name in publishers}, scorer=fuzz.ratio, limit=2)
    return near[0][2] if len(near) > 0 and near[0][1] >= _PUBLISHER_FITS and not parts else None


def titled(written: str, titles: Collection[str]) -> str | None:
    """Find the title that a question writes, or nearly; None where none fits."""
    found = process.extractOne(
        written.casefold(), {title: title.casefold() for title in titles}, scorer=fuzz.ratio, score_cutoff=_TITLE_FITS
    )
    return found[2] if found else None


def _without(plain: str, period: Period | None) -> str:
    """The question without its time, where that stands at its end or beginning."""
    if period is None:
        return plain
    words = re.escape(period.words)
    bare = re.sub(rf",? ?(?:(?:the|in) )?{words}$|^{words},? ", "", plain, flags=re.IGNORECASE)
    return bare.strip(" ,")


def _request(wish: Wish, found: re.Match[str], period: Period | None) -> Request | None:
    groups = {name: (value or "").strip(_QUOTES) for name, value in found.groupdict().items()}
    new = groups.get("new", "").casefold()
    if new in ("happened", "published", "written") and period is None:
        return None
    author = groups.get("voices", "").casefold().startswith(("author", "journalist", "autor"))
    return Request(
        wish,
        groups.get("subject", ""),
        groups.get("publisher", ""),
        period,
        added=new in ("added", "hinzugekommen"),
        voices="author" if author else "publisher",
    )


def _summary(plain: str, period: Period | None) -> Request | None:
    found = _SUMMARISE.fullmatch(plain) or _GIST.fullmatch(plain)
    if found is None:
        return None
    target = found["target"].strip(_QUOTES)
    if about := _ABOUT.fullmatch(_without(target, period)):
        return Request("summary", about["subject"].strip(_QUOTES), period=period)
    if _THIS_ONE.fullmatch(target):
        return Request("summary", scope="one")
    if _EVERYTHING.fullmatch(_without(target, period)):
        return Request("summary", period=period, scope="all")
    return Request("summary", target, scope="titled")
