"""Answers as HTML, Markdown and plain text; pure. Every word of a document, a model or a person is escaped here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import escape

from rag.answers import Answer, Citation, Disagreement, Statement
from ui.phrases import ENGLISH, Phrases

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~^=:@/$\"'&])")
_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MARKER = re.compile(r"\[(\d{1,4})\]")


def answer_html(answer: Answer) -> str:
    """Give the answer as a fragment of HTML; each `[n]` is a link to its passage in `passages_html`."""
    parts = [_standing_html(answer), _text_html(answer)]
    parts += [_disagreement_html(answer, disagreement) for disagreement in answer.disagreements]
    if answer.missing:
        missing = "".join(f"<li>{html_safe(what)}</li>" for what in answer.missing)
        parts.append(f'<div class="missing"><p>{ENGLISH.not_said}:</p><ul>{missing}</ul></div>')
    parts += [f'<p class="warning">{html_safe(warning.message)}</p>' for warning in answer.warnings]
    return f'<section class="answer {answer.standing}" id="{_id(answer)}">{"".join(parts)}</section>'


def passages_html(answer: Answer) -> str:
    """Give what the answer cites, or the nearest passages where it declines, each quote marked in its passage."""
    shown, heading = _shown(answer, ENGLISH)
    cards = "".join(_card_html(answer, citation) for citation in shown)
    return f'<section class="passages"><h2>{heading}</h2>{cards}</section>' if shown else ""


def answer_markdown(answer: Answer, said: Phrases = ENGLISH) -> str:
    """Give the answer with its sources as Markdown in which nothing of a document is live."""
    lines = [f"**{markdown_safe(answer.question)}**", ""]
    if answer.text:
        lines += [_text_markdown(answer, said), ""]
    if said.standings[answer.standing]:
        lines += [f"*{said.standings[answer.standing]}*", ""]
    for disagreement in answer.disagreements:
        lines += [said.disagree.replace("{about}", markdown_safe(disagreement.about)), ""]
        lines += [f"- {markdown_safe(value.value)} {_markers(value.citations)}" for value in disagreement.values] + [""]
    if answer.missing:
        lines += [f"{said.not_said}:", "", *(f"- {markdown_safe(what)}" for what in answer.missing), ""]
    lines += [f"*{markdown_safe(warning.message)}*\n" for warning in answer.warnings]
    shown, heading = _shown(answer, said)
    if shown:
        lines += [f"## {heading}", ""]
    for citation in shown:
        lines += [
            f"\\[{citation.number}\\] {markdown_safe(about(citation, said))}",
            "",
            f"> {markdown_safe(citation.quote)}",
            "",
        ]
        if citation.also_in:
            lines += [f"{said.also_in}: {markdown_safe(_twins(citation))}", ""]
    return "\n".join(lines).rstrip() + "\n"


def answer_footnotes(answer: Answer, said: Phrases = ENGLISH) -> str:
    """Give the answer as a fragment of HTML that stands alone, its citations as footnotes that lead there and back."""
    id, shown = _id(answer), _shown(answer, said)[0]
    parts = [f"<p><strong>{html_safe(answer.question)}</strong></p>"]
    known = {citation.number for citation in answer.citations}
    words = []
    for text, statement in pieces(answer):
        hint = said.support[statement.support] if statement else ""
        safe = html_safe(text).replace("\n", "<br>")
        marked = MARKER.sub(lambda found: _footmark(id, int(found[1]), known), safe) if statement is None else safe
        words.append(marked + (f" <em>({hint})</em>" if hint else ""))
    parts += [f"<p>{''.join(words)}</p>"] if words else []
    parts += [f"<p><em>{said.standings[answer.standing]}</em></p>"] if said.standings[answer.standing] else []
    if answer.missing:
        missing = "".join(f"<li>{html_safe(what)}</li>" for what in answer.missing)
        parts.append(f"<p>{said.not_said}:</p><ul>{missing}</ul>")
    notes = "".join(
        f'<li id="{id}-note-{citation.number}" value="{citation.number}">{html_safe(about(citation, said))}: '
        f'<q>{html_safe(citation.quote)}</q> <a href="#{id}-mark-{citation.number}">↩</a></li>'
        for citation in shown
    )
    return "\n".join([*parts, f"<hr><ol>{notes}</ol>" if notes else ""]).rstrip() + "\n"


def _footmark(id: str, number: int, known: set[int]) -> str:
    if number not in known:
        return f"[{number}]"
    return f'<sup id="{id}-mark-{number}"><a href="#{id}-note-{number}">{number}</a></sup>'


def answer_text(answer: Answer, said: Phrases = ENGLISH) -> str:
    """Give the answer with its sources for a terminal, without control characters."""
    lines = [visible(answer.text, keep_breaks=True)] if answer.text else []
    lines += [f"({said.support[s.support]}: {visible(s.text)})" for s in answer.statements if said.support[s.support]]
    if answer.standing in ("partly_grounded", "ungrounded", "declined"):
        lines += ["", said.standings[answer.standing]] if lines else [said.standings[answer.standing]]
    for disagreement in answer.disagreements:
        lines += ["", said.disagree.replace("{about}", visible(disagreement.about))]
        lines += [f"  {visible(value.value)} {_markers_text(value.citations)}" for value in disagreement.values]
    if answer.missing:
        lines += ["", f"{said.not_said}:", *(f"  - {visible(what)}" for what in answer.missing)]
    lines += [f"\n{visible(warning.message)}" for warning in answer.warnings]
    shown, heading = _shown(answer, said)
    if shown:
        lines += ["", f"{heading}:"]
    for citation in shown:
        lines += [f"[{citation.number}] {visible(about(citation, said))}", f"    “{visible(citation.quote)}”"]
        if citation.also_in:
            lines.append(f"    {said.also_in.lower()} {visible(_twins(citation))}")
    return "\n".join(lines)


def about(citation: Citation, said: Phrases = ENGLISH) -> str:
    """Say where a quote stands: publisher, date, title, page, heading."""
    document, place = citation.document, citation.place
    page = f"{said.page} {place.page}" if place.page is not None else ""
    if place.slide or place.sheet:
        page = f"{said.slide} {place.slide}" if place.slide else f"{said.sheet} {place.sheet}"
    if place.page is not None and place.page_end not in (None, place.page):
        page = f"{said.pages} {place.page}–{place.page_end}"
    scanned = said.scanned if place.recognised else ""
    parts = (document.metadata.publisher, document.metadata.published, document.title, page, scanned, place.heading)
    return ", ".join(part for part in parts if part)


def visible(text: str, *, keep_breaks: bool = False) -> str:
    """Take out what could steer a terminal or turn the direction of writing; one line unless told otherwise."""
    kept = "\n" if keep_breaks else ""
    return "".join(_visible(char, kept) for char in text)


def _visible(char: str, kept: str) -> str:
    if char in kept:
        return char
    if char in "\n\r\t":
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char not in "\u200c\u200d" else char


def _standing_html(answer: Answer) -> str:
    words = ENGLISH.standings[answer.standing]
    return f'<p class="standing">{words}</p>' if words else ""


def _text_html(answer: Answer) -> str:
    """Mark statements by their offsets, and make links only of our own markers, which lie between them."""
    known = {citation.number for citation in answer.citations}
    parts = []
    for text, statement in pieces(answer):
        if statement is None:
            parts.append(MARKER.sub(lambda found: _chip(answer, int(found[1]), known), html_safe(text)))
        else:
            hint = ENGLISH.support[statement.support]
            told = f' <em class="unproved">({hint})</em>' if hint else ""
            parts.append(f'<span class="statement {statement.support}">{html_safe(text)}</span>{told}')
    return f'<p class="text">{"".join(parts)}</p>' if parts else ""


def _text_markdown(answer: Answer, said: Phrases) -> str:
    parts = []
    for text, statement in pieces(answer):
        hint = said.support[statement.support] if statement else ""
        parts.append("\n\n".join(markdown_safe(line) for line in text.split("\n")) + (f" *({hint})*" if hint else ""))
    return "".join(parts).strip()


def pieces(answer: Answer) -> Iterator[tuple[str, Statement | None]]:
    """Cut the answer's text into statements and what stands between them."""
    end = 0
    for statement in sorted(answer.statements, key=lambda statement: statement.start):
        if statement.start > end:
            yield answer.text[end : statement.start], None
        yield answer.text[statement.start : statement.end], statement
        end = statement.end
    if end < len(answer.text):
        yield answer.text[end:], None


def _chip(answer: Answer, number: int, known: set[int]) -> str:
    if number not in known:
        return f"[{number}]"
    return f'<a class="cite" href="#{_id(answer)}-{number}">[{number}]</a>'


def _disagreement_html(answer: Answer, disagreement: Disagreement) -> str:
    known = {citation.number for citation in answer.citations}
    values = "".join(
        f"<li>{html_safe(value.value)} {''.join(_chip(answer, number, known) for number in value.citations)}</li>"
        for value in disagreement.values
    )
    about = html_safe(disagreement.about)
    return f'<div class="disagreement"><p>{ENGLISH.disagree.replace("{about}", about)}</p><ul>{values}</ul></div>'


def _card_html(answer: Answer, citation: Citation) -> str:
    passage = citation.passage
    start, end = citation.start - passage.start, citation.end - passage.start
    if passage.text[start:end] == citation.quote and start >= 0:
        before, after = passage.text[:start], passage.text[end:]
    else:  # the quote reaches beyond its passage
        before = after = ""
    twins = f'<p class="twins">{ENGLISH.also_in} {html_safe(_twins(citation))}</p>' if citation.also_in else ""
    return (
        f'<article class="passage {citation.kind}" id="{_id(answer)}-{citation.number}">'
        f'<p class="about"><b>[{citation.number}]</b> {html_safe(about(citation))}</p>'
        f"<blockquote>{html_safe(before)}<mark>{html_safe(citation.quote)}</mark>{html_safe(after)}</blockquote>{twins}</article>"
    )


def _shown(answer: Answer, said: Phrases) -> tuple[tuple[Citation, ...], str]:
    if answer.citations:
        return answer.citations, said.sources
    return answer.nearest, said.nearest


def _twins(citation: Citation) -> str:
    return ", ".join(twin.document.title for twin in citation.also_in)


def _markers(numbers: tuple[int, ...]) -> str:
    return "".join(f"\\[{number}\\]" for number in numbers)


def _markers_text(numbers: tuple[int, ...]) -> str:
    return "".join(f"[{number}]" for number in numbers)


def _id(answer: Answer) -> str:
    """Make an id of the answer's own, so that several answers can stand on one page."""
    return "answer-" + re.sub(r"[^A-Za-z0-9_-]", "-", answer.id)


def html_safe(text: str) -> str:
    """Escape every character that HTML could read as more than itself."""
    return escape(visible(text, keep_breaks=True), quote=True)


def markdown_safe(text: str) -> str:
    """Escape every character that Markdown could read as more than itself; one line."""
    line = re.sub(" {2,}", " ", visible(text))  # four spaces would begin a block of code
    return _MARKDOWN.sub(lambda found: _ENTITY.get(found[1], f"\\{found[1]}"), line)
