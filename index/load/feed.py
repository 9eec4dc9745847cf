"""Feeds and sitemaps: the addresses that an RSS or Atom feed or a sitemap lists, newest or first ones first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from index.errors import UnreadableFile
from index.load.formats import shown

_FEEDS = frozenset(("rss", "feed", "RDF", "urlset", "sitemapindex"))
_LARGEST = 10_000_000
_LOOKED_AT = 4000
_HINT = "Name the address of one of its pages."


def looks_like_feed(content: bytes) -> bool:
    """Whether the bytes begin as a feed or sitemap does; a page that only holds one does not."""
    start = content[:_LOOKED_AT].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not start.startswith(b"<") or b"<html" in start.lower():
        return False
    return any(f"<{prefix}{name}".encode() in start for name in _FEEDS for prefix in ("", "rdf:", "atom:"))


def entries(url: str, content: bytes, limit: int) -> tuple[str, ...]:
    """Give the addresses that a feed lists, each once and at most `limit`. Raises UnreadableFile."""
    if len(content) > _LARGEST:
        raise UnreadableFile(f"The feed {shown(url)} has {len(content):,} bytes; at most {_LARGEST:,} are read.", _HINT)
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnreadableFile(f"The feed {shown(url)} declares XML entities, as an attack does.", _HINT) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFile(f"The feed {shown(url)} is damaged ({str(error)[:100]}).", _HINT) from error
    found = dict.fromkeys(_joined(url, link) for link in _links(root))
    if _local(root) == "sitemapindex":
        first = next(iter(found), "")
        raise UnreadableFile(f"{shown(url)} is an index of sitemaps.", f"Name one of them, such as {shown(first)}.")
    if not found:
        raise UnreadableFile(f"The feed {shown(url)} lists no addresses.", _HINT)
    return tuple(islice(found, limit))


def _links(root: Element) -> Iterator[str]:
    for entry in root.iter():
        if _local(entry) not in ("item", "entry", "url", "sitemap"):
            continue
        for child in entry:
            if _local(child) == "loc" or (_local(child) == "link" and child.get("rel", "alternate") == "alternate"):
                link = (child.get("href") or child.text or "").strip()
                if link:
                    yield link
                    break


def _joined(url: str, link: str) -> str:
    try:
        return urljoin(url, link)
    except ValueError:
        return link  # it will fail by its name


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
