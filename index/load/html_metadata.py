"""What a web page states about itself: title, author, publisher, date and language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement
from trafilatura.metadata import extract_metadata

from index.load.compose import one_line, web_address
from index.load.dates import stated
from index.load.decode import sound
from index.records import Metadata

_PUBLISHED_NAMES = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "publish-date",
    "publish_date", "publication_date", "published_time", "pubdate", "parsely-pub-date", "sailthru.date",
    "citation_publication_date", "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "date",
)  # fmt: skip
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?=$|[-_])")
_DATE_ONLY_FROM_PAGE = {"extensive_search": False, "original_date": True, "outputformat": "%Y-%m-%d"}
_MOST_DEEP = 20


def metadata_of(page: HtmlElement) -> Metadata:
    """Collect what the page states; a date only where one is stated as the day of publishing."""
    found = extract_metadata(page, date_config=dict(_DATE_ONLY_FROM_PAGE))
    published = next((day for value in _stated_dates(page) if (day := stated(value))), None)
    language = _LANGUAGE.match(page.get("lang") or page.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
    return Metadata(
        title=_word(found.title),
        publisher=_word(found.sitename),
        author=_word(found.author),
        published=published,
        published_from="metadata" if published else None,
        language=language.group().lower() if language else None,
        url=web_address(found.url),
    )


def _word(text: str | None) -> str | None:
    return sound(one_line(text)) or None if text else None


def _stated_dates(page: HtmlElement) -> Iterator[str]:
    stated_by: dict[str, str] = {}
    for meta in page.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        stated_by.setdefault(name, meta.get("content") or "")
    yield from (stated_by[name] for name in _PUBLISHED_NAMES if name in stated_by)
    for script in page.iter("script"):
        if script.get("type") == "application/ld+json":
            yield from _linked_dates(script.text or "")
    for element in page.iter(etree.Element):
        if element.get("itemprop") == "datePublished" or (element.tag == "time" and "pubdate" in element.attrib):
            yield element.get("datetime") or element.get("content") or "".join(element.itertext())
    times = [time.get("datetime") or "" for time in page.iterfind(".//article//time")]
    if times:
        yield times[0]


def _linked_dates(script: str) -> Iterator[str]:
    try:
        waiting = [(json.loads(script), 0)]
    except (ValueError, RecursionError):
        return
    while waiting:
        thing, depth = waiting.pop()
        if isinstance(thing, dict) and isinstance(thing.get("datePublished"), str):
            yield thing["datePublished"]
        if depth < _MOST_DEEP and isinstance(thing, dict | list):
            inner = thing.values() if isinstance(thing, dict) else thing
            waiting.extend((one, depth + 1) for one in inner)
