"""When a text was published: from metadata, a file's name or a dateline; nothing is invented."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import islice

from index.records import Metadata

_EARLIEST, _LATEST = 1500, 2100
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WRITTEN = (
    rf"{_WEEKDAY}{_DAY}\s+{_MONTH},?\s+{_YEAR}",
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}",
    rf"{_WEEKDAY}{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)",
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
)
_LEAD = r"(?:(?:first\s+)?(?:published|posted|date|dated|released?)(?:\s+on)?:?\s+)?"
_TIME = r"(?:[,\sT]*(?:at\s+)?\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s*(?:[ap]\.?m\.?)?\s*(?:[A-Z]{1,4}|[+-]\d\d:?\d\d)?)?"
_NO_PLACE = r"(?!(?i:updated|modified|corrected|since|until|on|in|from|by|copyright|founded|established|born|died)\b)"
_PLACE = _NO_PLACE + r"(?:[A-Z][\w.'’-]*\s?){1,4}(?:,\s[A-Z][\w.'’-]*(?:\s[A-Z][\w.'’-]*)?)?"
_OWN_LINE = tuple(re.compile(rf"{_LEAD}{written}{_TIME}\.?", re.IGNORECASE) for written in _WRITTEN)
_AFTER_PLACE = tuple(
    re.compile(rf"{_PLACE}[,:]?\s+\(?(?i:{written})\)?{_TIME}(?:\s*\.?$|\s*(?:\([^)]{{1,40}}\)\s*)?[-–—:]+\s)")
    for written in _WRITTEN[:2]
)
_MONTH_LINE = re.compile(rf"{_LEAD}{_MONTH}\s+{_YEAR}", re.IGNORECASE)
_FILE_NAME = re.compile(r"(?P<year>\d{4})(?P<sep>[-_.]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)(?!\d)")
_STATED = re.compile(r"(?P<year>\d{4})(?:[-/.]?(?P<month>\d\d)(?:[-/.]?(?P<day>\d\d))?)?(?:$|[T\s])")
_LINES_LOOKED_AT = 6
_LINE_LOOKED_AT = 300


def dated(metadata: Metadata, name: str, text: str) -> Metadata:
    """Fill in `published` from the file's name, else from a dateline, where the metadata do not say."""
    if metadata.published:
        return replace(metadata, published_from=metadata.published_from or "metadata")
    if from_name := date_in_name(name):
        return replace(metadata, published=from_name, published_from="file_name")
    if from_text := dateline(text):
        return replace(metadata, published=from_text, published_from="text")
    return metadata


def stated(value: object) -> str | None:
    """Normalise a date that metadata state to `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None for anything else.

    >>> stated("2024-05-17T10:00:00Z"), stated("May 17, 2024"), stated(2024), stated("soon")
    ('2024-05-17', '2024-05-17', '2024', None)
    """
    text = str(value).strip()[:60]
    if found := _STATED.match(text):
        return _normal(found)
    for pattern in (*_OWN_LINE, _MONTH_LINE):
        if found := pattern.fullmatch(text):
            return _normal(found)
    return None


def date_in_name(name: str) -> str | None:
    """Read a date such as 2024-05-17 or 20240517 at the start of a file's name."""
    found = _FILE_NAME.match(re.split(r"[/\\]", name)[-1])
    return _normal(found) if found else None


def dateline(text: str) -> str | None:
    """Read a date that stands alone on one of the first lines, or after a place's name before the news."""
    filled = (line.strip() for line in text[:5000].split("\n") if line.strip())
    for line in islice(filled, _LINES_LOOKED_AT):
        short = line[:_LINE_LOOKED_AT]
        whole = (pattern.fullmatch(short) for pattern in (*_OWN_LINE, _MONTH_LINE))
        begins = (pattern.match(short) for pattern in _AFTER_PLACE)
        for found in (*whole, *begins):
            if found and (day := _normal(found)):
                return day
    return None


def _normal(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    year, month, day = int(parts["year"]), parts.get("month"), parts.get("day")
    if not _EARLIEST <= year <= _LATEST:
        return None
    if not month:
        return f"{year:04}"
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        whole = date(year, number, int(day or 1))
    except ValueError:
        return None
    return whole.isoformat() if day else whole.isoformat()[:7]
