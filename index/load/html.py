"""Web pages: the article without navigation, notices, advertising and comments; headings marked."""

from __future__ import annotations

import logging
import re
from copy import deepcopy

import trafilatura
from lxml import etree
from lxml.html import HtmlElement, HTMLParser
from trafilatura.settings import Document as TrafilaturaDocument

from index.errors import UnreadableFile
from index.load.compose import Composition, one_line
from index.load.decode import decode
from index.load.formats import HTML, shown
from index.load.html_layout import lay_out
from index.load.html_metadata import metadata_of
from index.records import Reading

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
# Words in the class or id of what is no part of an article; the second only where there is little text, since
# `share` may be a button or the price of one.
_NOISE = frozenset(
    "ad ads advert advertisement advertising adslot sponsored cookie cookies gdpr comments disqus".split()
)
_SMALL_NOISE = frozenset("share sharing social consent newsletter breadcrumb breadcrumbs paywall skip".split())
_SMALL = 300
_SHORT_PAGE = 250
_NOT_ARTICLE = frozenset(("nav", "aside", "footer", "form", "button", "dialog", "menu"))
_NEVER_SHOWN = ("script", "style", "template", "noscript", "iframe", "object", "svg", "select", "textarea")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_WHOLE = frozenset(("html", "body", "main", "article"))

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it warns of every short page; we fall back
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def read(name: str, content: bytes) -> Reading:
    """Read a web page. Raises UnreadableFile for a page without text."""
    declared = _CHARSET.search(content[:4096])
    text = decode(name, content, declared.group(1).decode("ascii") if declared else None)
    page = _parsed(name, text)
    metadata = metadata_of(page)
    _strip(page)
    composition = _article(page) or _all_visible(page)
    if not composition.text.strip():
        raise _without_text(name)
    return Reading(composition.text, HTML.reader, composition.marks, metadata, HTML.media_type)


def chapter(name: str, content: bytes) -> Composition:
    """Lay out all that is seen of a page, such as a book's chapter; nothing is taken for navigation."""
    declared = _CHARSET.search(content[:4096])
    text = decode(name, content, declared.group(1).decode("ascii") if declared else None)
    if not text.strip():
        return Composition()
    page = _parsed(name, text)
    etree.strip_elements(page, *_NEVER_SHOWN, "head", with_tail=False)
    return lay_out(page)


def _parsed(name: str, text: str) -> HtmlElement:
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        page = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing but comments or white space
        page = None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):  # the parser dropped the rest
        raise UnreadableFile(f"{shown(name)} is a web page nested too deeply.", "Save its text as a .txt file.")
    if page is None:
        raise _without_text(name)
    return page


def _strip(page: HtmlElement) -> None:
    """Take out what no reader of the page sees, and what is plainly not the article."""
    etree.strip_elements(page, *_NEVER_SHOWN, with_tail=False)
    half = len("".join(page.itertext())) // 2
    for element in list(page.iter(etree.Element)):
        hidden = "hidden" in element.attrib or _HIDDEN.search(element.get("style", ""))
        if not hidden and not _is_noise(element, half):
            continue
        if element.getparent() is not None:
            element.clear(keep_tail=True)


def _is_noise(element: HtmlElement, half: int) -> bool:
    if element.tag in _WHOLE:
        return False
    names = f"{element.get('class', '')} {element.get('id', '')}".lower()
    words = set(re.split(r"[\s_-]+", names))
    if not words & (_NOISE | _SMALL_NOISE):
        return False
    # a name alone may mislead: what holds most of the page's text is the page
    return len("".join(element.itertext())) < (half if words & _NOISE else min(half, _SMALL))


def _article(page: HtmlElement) -> Composition | None:
    """Lay out what trafilatura takes for the article; None when it finds none."""
    if len("".join(page.itertext())) < _SHORT_PAGE:
        return None
    found = trafilatura.bare_extraction(deepcopy(page), include_comments=False, with_metadata=False)
    if not isinstance(found, TrafilaturaDocument) or found.body is None:
        return None
    if len(found.body) == 1 and "\n" in (found.body[0].text or ""):
        return None  # its last resort: all words of the page in one paragraph, the menu's too
    composition = lay_out(found.body)
    return composition if composition.text.strip() else None


def _all_visible(page: HtmlElement) -> Composition:
    """Lay out all visible text, without navigation where that leaves something."""
    body = page.find("body")
    body = page if body is None else body
    whole = lay_out(body)
    for element in list(body.iter(*_NOT_ARTICLE)):
        element.clear(keep_tail=True)
    rest = lay_out(body)
    return rest if one_line(rest.text) else whole


def _without_text(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"{shown(name)} is a web page without visible text.",
        "Pages that are filled by scripts must be saved from the browser (as a complete page or as PDF).",
    )
