"""Read the time that a question names: years, months, days, `since March 2024`, `last week`, `between 2022 and 2024`.

What stands on the calendar is read here; what leans on today (`Monday`, `three weeks ago`) is left to dateparser,
which is imported only for it.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from rag.terms import WEEKDAYS

_NAMES = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
    "jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez",
)
_MONTHS = {name: number for names in _NAMES for number, name in enumerate(names.split("|"), start=1)}
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"januar|februar|märz|mai|juni|juli|oktober|dezember|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
)
_WEEKDAY = rf"(?:{WEEKDAYS}|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)"
_YEAR = r"(?:1[5-9]|20)\d\d"
_ANY_YEAR = re.compile(rf"(?<!\d){_YEAR}(?!\d)")
_LAST = r"(?:the\s+)?(?:last|past|this|previous|current|letzte[nmrs]?|vorige[nmrs]?|diese[nmrs]?)"
_SPAN = r"(?:days?|weeks?|months?|years?|tage?n?|wochen?|monate?n?|monats|jahre?n?|jahres|woche)"
_COUNT = r"(?:\d{1,3}|an?|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple of)"
_POINT = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?|"
    rf"{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?(?!\d)|"
    rf"(?:{_LAST}\s+)?{_MONTH}(?:\s+(?:of\s+)?{_YEAR})?|{_YEAR}-\d\d(?:-\d\d)?|{_YEAR}|"
    rf"(?:{_LAST}\s+)?{_WEEKDAY}|{_LAST}\s+(?:{_COUNT}\s+)?{_SPAN}|{_COUNT}\s+{_SPAN}\s+ago|vor\s+\S+\s+{_SPAN}|"
    r"yesterday|today|gestern|heute)"
)
_BETWEEN = re.compile(
    rf"\b(?:between|from|zwischen|von)\s+(?P<a>{_POINT})\s+(?:and|to|until|till|und|bis)\s+(?P<b>{_POINT})", re.I
)
_LEADS = {
    "since": r"since|starting|seit|ab",
    "after": r"after|following|nach",
    "until": r"until|till|up to|as of|by|bis",
    "before": r"before|prior to|vor",
    "in": r"in|on|during|of|for|over|within|im|am|in der|from|at",
}
_LED = re.compile(
    r"\b(?P<lead>"
    + "|".join(f"(?P<{name}>{words})" for name, words in _LEADS.items())
    + rf")\s+(?:the\s+(?:end|beginning|start|middle|year|month|summer|autumn|winter|spring)\s+of\s+)?(?P<a>{_POINT})\b",
    re.I,
)
_BARE = re.compile(rf"\b(?P<a>{_POINT})(?!\w)", re.I)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|current(?:ly)?|now|nowadays|today|at present|so far|still|up[- ]to[- ]date|"
    r"neueste[nrs]?|aktuell\w*|derzeit|inzwischen)\b",
    re.I,
)
_SEQUENCE = re.compile(
    r"\b(?:over time|timeline|chronolog\w+|in order of time|history of|year by year|"
    r"how (?:has|have|did|had) .{3,80}\b(?:changed?|develop(?:ed)?|evolved?|grow|grown|shift(?:ed)?))\b",
    re.I,
)
_CALENDAR = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?)?{_MONTH}(?:\s+\d{{1,2}}(?:st|nd|rd|th)?)?,?\s+{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_RECURRING = re.compile(rf"^(?:{_MONTH}|{_WEEKDAY})$", re.I)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, both ends included, as `YYYY-MM-DD`."""

    start: str | None
    end: str | None
    words: str
    """As the question writes it, with the word that leads it in."""

    def holds(self, published: str) -> bool:
        """Whether something of that date (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`) may lie in it."""
        if self.start and published < self.start[: len(published)]:
            return False
        return not (self.end and published > self.end[: len(published)])


def period_of(text: str, today: date) -> Period | None:
    """Read the first time that a question names; None where it names none."""
    if found := _BETWEEN.search(text):
        first, last = _span(found["a"], today), _span(found["b"], today)
        if first and last:
            return Period(first[0].isoformat(), last[1].isoformat(), found.group())
    if found := _LED.search(text):
        return _led(found, today)
    found = next((one for one in _BARE.finditer(text) if not re.fullmatch("may", one["a"], re.I)), None)
    span = _span(found["a"], today) if found else None
    return Period(span[0].isoformat(), span[1].isoformat(), found.group()) if found and span else None


def years_in(text: str) -> list[str]:
    """Give the years that a text names, in order."""
    return _ANY_YEAR.findall(text)


def dates_in(text: str) -> list[tuple[str, str]]:
    """Give the months and days of years that a text names, as `YYYY-MM` or `YYYY-MM-DD` and as written, in order."""
    found = []
    for match in _CALENDAR.finditer(text):
        span = _span(match.group(), date.max)
        if span:
            found.append((span[0].isoformat()[: 10 if span[0] == span[1] else 7], match.group()))
    return found


def wants_latest(text: str) -> bool:
    """Whether a question asks how things stand now."""
    return _LATEST.search(text) is not None


def wants_sequence(text: str) -> bool:
    """Whether a question asks how something went on over time."""
    return _SEQUENCE.search(text) is not None


def earlier(published: str, days: int, than: str) -> bool:
    """Whether a date lies more than so many days before another one; a month or year counts from its last day.

    >>> earlier("2023-06-01", 90, "2024-01-01"), earlier("2024", 90, "2024-06-01")
    (True, False)
    """
    return (_first_day(than) - _last_day(published)).days > days


def led_by(lead: str, published: str) -> tuple[str | None, str | None]:
    """Give the first and the last day of the time that a word like `before` or `since` makes of a date.

    >>> led_by("before", "2022-02-24"), led_by("since", "2022-02")
    ((None, '2022-02-23'), ('2022-02-01', None))
    """
    kind = next((name for name, words in _LEADS.items() if re.fullmatch(words, lead, re.IGNORECASE)), "in")
    return _bounds(kind, _first_day(published), _last_day(published))


def _bounds(kind: str, first: date, last: date) -> tuple[str | None, str | None]:
    if kind == "since":
        return first.isoformat(), None
    if kind == "after":
        return (last + timedelta(days=1)).isoformat(), None
    if kind == "until":
        return None, last.isoformat()
    if kind == "before":
        return None, (first - timedelta(days=1)).isoformat()
    return first.isoformat(), last.isoformat()


def _led(found: re.Match[str], today: date) -> Period | None:
    span = _span(found["a"], today)
    if span is None:
        return None
    start, end = _bounds(next(kind for kind in _LEADS if found[kind]), *span)
    return Period(start, end, found.group())


def _span(words: str, today: date) -> tuple[date, date] | None:
    """The first and last day of what stands on the calendar, or leans on today."""
    plain = re.sub(r"\s+", " ", words.casefold()).strip()
    if re.fullmatch(rf"{_YEAR}(?:-\d\d){{0,2}}", plain):
        return _days(plain)
    year = re.search(rf"{_YEAR}$", plain)
    month = re.search(_MONTH, plain)
    if year and month:
        day = re.search(r"(?<!\d)\d{1,2}(?!\d)", plain.replace(year.group(), ""))
        written = f"{year.group()}-{_MONTHS[month.group()[:3]]:02d}" + (f"-{int(day.group()):02d}" if day else "")
        return _days(written)
    if counted := re.fullmatch(rf"{_LAST} (?P<count>{_COUNT} )?(?P<span>{_SPAN})", plain):
        return _counted(plain, counted, today)
    bare = re.sub(rf"^{_LAST} ", "", plain)
    return _leaning(bare if _RECURRING.match(bare) else plain, today)


def _counted(plain: str, counted: re.Match[str], today: date) -> tuple[date, date] | None:
    """`the last three months` end today; `last month` and `this week` are of the calendar."""
    unit = {"d": "day", "t": "day", "w": "week", "m": "month", "y": "year", "j": "year"}[counted["span"][0]]
    if counted["count"]:
        number = {"few": "3", "couple of": "2", "a": "1", "an": "1"}.get(counted["count"].strip(), counted["count"])
        since = _leaning(f"{number.strip()} {unit}s ago", today)
        return (since[0], today) if since else None
    current = re.match(r"(?:the )?(?:this|current|diese)", plain) is not None
    if unit == "day":
        return today, today
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + (0 if current else 7))
        return monday, monday + timedelta(days=6)
    if unit == "month":
        day = today if current else today.replace(day=1) - timedelta(days=1)
        return _days(f"{day:%Y-%m}")
    return _days(str(today.year if current else today.year - 1))


@lru_cache(maxsize=256)
def _leaning(words: str, today: date) -> tuple[date, date] | None:
    """Read what leans on today, with dateparser: the last one before today where it recurs."""
    from dateparser.date import DateDataParser  # half a second that few questions need

    base = datetime.combine(today, time(12))
    parser = DateDataParser(
        languages=["en", "de"], settings={"RELATIVE_BASE": base, "PREFER_DATES_FROM": "past", "TIMEZONE": "UTC"}
    )
    found = parser.get_date_data(words)
    if found.date_obj is None:
        return None
    day = found.date_obj.date()
    return _days(f"{day:%Y-%m}") if found.period == "month" and _MONTHS.get(words[:3]) else (day, day)


def _days(published: str) -> tuple[date, date] | None:
    try:
        return _first_day(published), _last_day(published)
    except ValueError:  # 31 February
        return None


def _first_day(published: str) -> date:
    year, month, day = [*map(int, published.split("-")), 1, 1][:3]
    return date(year, month, day)


def _last_day(published: str) -> date:
    parts = [*map(int, published.split("-"))]
    if len(parts) == 1:
        return date(parts[0], 12, 31)
    if len(parts) == 2:
        return date(parts[0], parts[1], calendar.monthrange(parts[0], parts[1])[1])
    return date(*parts)
