"""The small parts of the page's HTML; pure. Every word of a document, a model or a person is escaped here.

Gradio passes the conversation through Markdown first. A block of HTML is left alone up to the first blank line, so line
breaks are written as character references and a block never has one.
"""

from __future__ import annotations

import html
import re

from index.errors import DossierError
from index.records import Document, Place
from rag.answers import Citation
from ui.page.texts import Texts

_BREAK = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_DOT = '<span class="dot"> · </span>'


def escape(text: object) -> str:
    """Escape for text and attributes, and keep line breaks from ending the block and tabs from being widened."""
    escaped = html.escape(str(text), quote=True).replace("\r\n", "\n").replace("\t", "&#9;")
    return _BREAK.sub("&#10;", escaped)


def about(t: Texts, document: Document, place: Place | None = None, *, author: bool = True) -> str:
    """Say who published a document, when, and where in it we are."""
    metadata = document.metadata
    parts = [escape(part) for part in (metadata.publisher, metadata.author if author else None) if part]
    if metadata.published:
        hint = {"file_name": t.dated_by_name, "text": t.dated_by_text}.get(metadata.published_from or "")
        title = f' title="{escape(hint)}"' if hint else ""
        parts.append(f"<time{title}>{escape(t.date(metadata.published))}</time>")
    if place is not None:
        parts.extend(escape(part) for part in places(t, place))
    return _DOT.join(parts)


def places(t: Texts, place: Place) -> list[str]:
    """Say where in its document a span lies."""
    words = []
    if place.page is not None:
        last = place.page_end
        words.append(f"{t.pages} {place.page}–{last}" if last and last != place.page else f"{t.page} {place.page}")
    words += [f"{kind} {label}" for kind, label in ((t.slide, place.slide), (t.sheet, place.sheet)) if label]
    if place.recognised:
        words.append(t.recognised)
    if place.heading:
        words.append(place.heading)
    return words


def notice(message: str, hint: str = "") -> str:
    """Give a message about the page itself."""
    more = f"<p>{escape(hint)}</p>" if hint else ""
    return f'<div class="notice" role="alert"><p><b class="sign">!</b> {escape(message)}</p>{more}</div>'


def problem(error: DossierError) -> str:
    """Give an error as a kind message: what was found, and what mends it."""
    return notice(error.message, error.hint)


def reading_link(citation: Citation) -> str:
    """Name a quote and the passage around it: what the reader is asked for."""
    passage, document = citation.passage, citation.document
    span = f"{citation.start}-{citation.end}-{passage.start}-{passage.end}"
    return f"#read-{escape(document.id)}-{escape(document.version)}-{span}"


def safe_id(id: str) -> str:
    """Make an attribute's value of an id."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", id)
