"""Answers, passages and documents as HTML; pure. Every word of a document, a model or a person is escaped here.

Gradio passes what we show through Markdown first. A block of HTML is left alone up to the first blank line, so line
breaks are written as character references and a block never has one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from index.errors import DossierError
from index.records import Document, Hit, Place
from rag.answers import Answer, Citation, Disagreement, Statement
from ui.page import texts
from ui.show import answer_markdown

READING_MARGIN = 20_000
"""How many characters before and after a quote the reader shows."""
NEAREST_QUOTE = 220
_BREAK = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_MARKER = re.compile(r"\[(\d{1,3})\]")

Kind = Literal["c", "n"]


def escape(text: object) -> str:
    """Escape for text and attributes, and keep line breaks from ending the block and tabs from being widened."""
    escaped = html.escape(str(text), quote=True).replace("\r\n", "\n").replace("\t", "&#9;")
    return _BREAK.sub("&#10;", escaped)


def date(published: str) -> str:
    """Write `2024-05-17` as people do; give anything else back as it is."""
    parts = published.split("-")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        return published
    if len(parts) == 1:
        return published
    month = int(parts[1])
    if not 1 <= month <= 12:
        return published
    words = f"{texts.MONTHS[month - 1]} {parts[0]}"
    return f"{int(parts[2])} {words}" if len(parts) == 3 else words


def about(document: Document, place: Place | None = None, *, author: bool = True) -> str:
    """Say who published a document, when, and where in it we are."""
    metadata = document.metadata
    parts = [escape(part) for part in (metadata.publisher, metadata.author if author else None) if part]
    if metadata.published:
        hint = texts.DATED_BY.get(metadata.published_from or "")
        title = f' title="{escape(hint)}"' if hint else ""
        parts.append(f"<time{title}>{escape(date(metadata.published))}</time>")
    if place is not None:
        parts.extend(escape(part) for part in _places(place))
    return '<span class="dot"> · </span>'.join(parts)


def question(text: str) -> str:
    """Give a person's message."""
    return f'<div class="question">{escape(text)}</div>'


def waiting(hits: Sequence[Hit] = ()) -> str:
    """Give what stands in an answer's place until its first statement is proved."""
    titles = list(dict.fromkeys(hit.document.title for hit in hits))
    words = texts.SEARCHING
    if titles:
        others = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
        words = f"Reading {', '.join(titles[:3])}{others}"
    return f'<div class="answer waiting"><p class="reading-now">{escape(words)}<span class="dots"></span></p></div>'


def problem(error: DossierError) -> str:
    """Give an error as a kind message: what was found, and what mends it."""
    return notice(error.message, error.hint)


def notice(message: str, hint: str = "") -> str:
    """Give a message about the page itself."""
    more = f"<p>{escape(hint)}</p>" if hint else ""
    return f'<div class="notice" role="alert"><p><b class="sign">!</b> {escape(message)}</p>{more}</div>'


def writing(id: str, text: str, statements: Sequence[Statement], citations: Sequence[Citation]) -> str:
    """Give an answer while it is being written."""
    return f'<div class="answer writing"><p class="text">{_text(id, text, statements, citations)}</p></div>'


def answer(answer: Answer) -> str:
    """Give a finished answer."""
    parts = [_asked_as(answer)]
    if answer.standing == "aside":
        parts.append(f'<p class="text">{escape(answer.text)}</p>')
    elif answer.standing == "declined":
        parts += [_standing(answer), _declined(answer)]
    else:
        parts.append(f'<p class="text">{_text(answer.id, answer.text, answer.statements, answer.citations)}</p>')
        parts += [_disagreement(answer, disagreement) for disagreement in answer.disagreements]
        parts += [_missing(answer.missing), _standing(answer)]
    parts += [f'<p class="warning"><b class="sign">!</b> {escape(warning.message)}</p>' for warning in answer.warnings]
    if answer.standing != "aside":  # what "Copy" copies
        parts.append(f'<pre hidden id="copied-{escape(answer.id)}">{escape(answer_markdown(answer))}</pre>')
    return f'<div class="answer {answer.standing}" id="answer-{escape(answer.id)}">{"".join(parts)}</div>'


def passages(answer: Answer | None) -> str:
    """Give the panel of the passages that an answer cites, or of the nearest ones."""
    if answer is None:
        return _empty(texts.NO_PASSAGES)
    if answer.standing == "aside":
        return _empty(texts.ASIDE_PASSAGES)
    shown, kind, heading = answer.citations, "c", "Passages that prove the answer"
    if not shown:
        shown, kind, heading = answer.nearest, "n", texts.NEAREST
    if not shown:
        return _empty("Nothing in these documents comes near the question.")
    cards = "".join(_card(answer.id, kind, citation) for citation in shown)
    return (
        f'<div class="passages {kind}" id="passages-{escape(answer.id)}"><h2>{escape(heading)}</h2>'
        f'<p class="for">{escape(answer.question)}</p>{cards}</div>'
    )


def reading(document: Document, text: str, quote: tuple[int, int] | None = None, back: str = "latest") -> str:
    """Give a document's text, with a quote marked; a long one around the quote."""
    start, end = quote or (0, 0)
    low, high = max(0, start - READING_MARGIN), min(len(text), end + READING_MARGIN)
    marked = f'<mark id="quote-mark" tabindex="-1">{escape(text[start:end])}</mark>' if quote else ""
    before = '<p class="cut">The text before this is not shown.</p>' if low else ""
    after = '<p class="cut">The text after this is not shown.</p>' if high < len(text) else ""
    return (
        f'<div class="reading" id="reading"><p><a href="#passages-{escape(back)}" class="back">← Passages</a></p>'
        f'<h2 tabindex="-1" id="reading-title">{escape(document.title)}</h2><p class="about">{about(document)}</p>'
        f'{_file(document)}{before}<div class="text">{escape(text[low:start])}{marked}{escape(text[end:high])}</div>'
        f"{after}</div>"
    )


def removing(document: Document) -> str:
    """Ask whether a document is to be removed."""
    return (
        f'<div class="reading" id="reading"><h2>Remove “{escape(document.title)}”?</h2>'
        "<p>It will be in no new answer, and its quotes in earlier answers are deleted. This cannot be undone.</p>"
        f'<p class="choice"><a class="button danger" href="#removed-{escape(document.id)}">Remove it</a> '
        f'<a class="button" href="#document-{escape(document.id)}">Keep it</a></p></div>'
    )


def documents(dossier: str, listed: Sequence[Document], total: int) -> str:
    """Give the list of a dossier's documents; the page's script reads the dossier's name from it."""
    name = f'<span class="unseen" id="dossier-name">{escape(dossier)}</span>'
    if not listed:
        return f'<div class="documents">{name}<p class="none">{texts.NO_DOCUMENTS}</p></div>'
    rows = "".join(
        f'<li><a href="#document-{escape(document.id)}"><span class="title">{escape(document.title)}</span>'
        f'<span class="about">{about(document, author=False) or escape(document.name)}</span></a></li>'
        for document in listed
    )
    more = '<p><a class="more" href="#more">Show more</a></p>' if len(listed) < total else ""
    count = f"{total} document" + ("" if total == 1 else "s")
    return f'<div class="documents">{name}<p class="count">{count}</p><ul>{rows}</ul>{more}</div>'


def welcome(dossier: str, total: int) -> str:
    """Give what stands in an empty conversation."""
    if not total:
        return f'<div class="welcome"><h2>{texts.WELCOME_EMPTY}</h2><p>{texts.EMPTY_DOSSIER}</p></div>'
    return (
        f'<div class="welcome"><h2>{texts.WELCOME}</h2><p>“{escape(dossier)}” holds {_number(total, "document")}. Each '
        "sentence of an answer carries a number; follow it to the words that prove it. What the documents do not say "
        "stays unanswered.</p></div>"
    )


def _empty(words: str) -> str:
    return f'<div class="passages empty" id="passages-none"><h2>Passages</h2><p class="none">{words}</p></div>'


def _asked_as(answer: Answer) -> str:
    if answer.standalone_question.strip() == answer.question.strip() or answer.standing == "aside":
        return ""
    return f'<p class="asked-as">Understood as: {escape(answer.standalone_question)}</p>'


def _text(id: str, text: str, statements: Iterable[Statement], citations: Iterable[Citation]) -> str:
    """Give the text with its statements marked; only markers outside statements become links."""
    numbers = {citation.number: citation for citation in citations}
    parts, at = [], 0
    for statement in sorted(statements, key=lambda statement: statement.start):
        parts.append(_between(id, text[at : statement.start], numbers))
        sign = "" if statement.support == "supported" else f' <span class="unproved">△ {_doubt(statement)}</span>'
        parts.append(f'<span class="statement {statement.support}">{escape(statement.text)}</span>{sign}')
        at = statement.end
    return "".join([*parts, _between(id, text[at:], numbers)])


def _between(id: str, text: str, numbers: dict[int, Citation]) -> str:
    parts, at = [], 0
    for marker in _MARKER.finditer(text):
        citation = numbers.get(int(marker[1]))
        if citation is not None:
            parts += [escape(text[at : marker.start()]), chip(id, "c", citation)]
            at = marker.end()
    return "".join([*parts, escape(text[at:])])


def chip(id: str, kind: Kind, citation: Citation) -> str:
    """Give the number that leads to a passage."""
    name = citation.document.metadata.publisher or citation.document.title
    return (
        f'<a class="cite" href="#passage-{escape(id)}-{kind}{citation.number}" title="{escape(name)}">'
        f'<span class="unseen">passage </span>{citation.number}</a>'
    )


def _doubt(statement: Statement) -> str:
    return "not proved" if statement.support == "unsupported" else "not checked"


def _standing(answer: Answer) -> str:
    sign, words, meaning = texts.STANDINGS[answer.standing]
    count = ""
    if answer.citations:
        sources = len({citation.document.id for citation in answer.citations})
        count = f" by {_number(len(answer.citations), 'passage')} from {_number(sources, 'document')}"
    return (
        f'<p class="standing" title="{escape(meaning)}"><b class="sign">{sign}</b> <span>{words}{count}</span>'
        f'<a class="copy" href="#copy-{escape(answer.id)}">Copy with sources</a>{_seconds(answer)}</p>'
    )


def _seconds(answer: Answer) -> str:
    return f' <span class="took">{answer.took.total_ms / 1000:.1f} s</span>' if answer.took.total_ms else ""


def _declined(answer: Answer) -> str:
    parts = [f'<p class="text">{texts.DECLINED}</p>', _missing(answer.missing)]
    if answer.nearest:
        rows = "".join(
            f"<li>{chip(answer.id, 'n', citation)} <q>{escape(_shortened(citation.quote))}</q> "
            f'<span class="about">{escape(citation.document.title)}</span></li>'
            for citation in answer.nearest
        )
        parts.append(f'<div class="nearest"><p>{texts.NEAREST}:</p><ul>{rows}</ul></div>')
    return "".join(parts)


def _missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    rows = "".join(f"<li>{escape(words)}</li>" for words in missing)
    return f'<div class="missing"><p>What is missing:</p><ul>{rows}</ul></div>'


def _disagreement(answer: Answer, disagreement: Disagreement) -> str:
    cited = {citation.number: citation for citation in answer.citations}
    rows = []
    for value in disagreement.values:
        citations = [cited[number] for number in value.citations if number in cited]
        sources = "; ".join(dict.fromkeys(about(citation.document, author=False) for citation in citations))
        chips = "".join(chip(answer.id, "c", citation) for citation in citations)
        rows.append(f'<li><b>{escape(value.value)}</b> {chips} <span class="about">{sources}</span></li>')
    return (
        f'<div class="disagreement"><p><b class="sign">≠</b> The sources disagree about '
        f"{escape(disagreement.about)}:</p><ul>{''.join(rows)}</ul></div>"
    )


def _card(id: str, kind: str, citation: Citation) -> str:
    passage, document = citation.passage, citation.document
    before, after = "", ""
    if passage.start <= citation.start and citation.end <= passage.end:
        before = passage.text[: citation.start - passage.start]
        after = passage.text[citation.end - passage.start :]
    key = f"{escape(id)}-{kind}{citation.number}"
    return (
        f'<div class="passage" id="passage-{key}" tabindex="-1" role="group"><div class="source">'
        f'<b class="number">{citation.number}</b><div><a class="title" href="#quote-{key}">{escape(document.title)}</a>'
        f'<p class="about">{about(document, citation.place)}</p></div></div>'
        f"<blockquote>{escape(before)}<mark>{escape(citation.quote)}</mark>{escape(after)}</blockquote>"
        f"{_also_in(citation)}</div>"
    )


def _also_in(citation: Citation) -> str:
    if not citation.also_in:
        return ""
    names = "; ".join(
        ", ".join(part for part in (twin.document.title, twin.document.metadata.publisher or "") if part)
        for twin in citation.also_in
    )
    return f'<p class="also">The same words are also in: {escape(names)}</p>'


def _file(document: Document) -> str:
    return (
        f'<p class="file">{escape(document.name)} · {document.characters:,} characters · '
        f'<a href="#remove-{escape(document.id)}">Remove</a></p>'
    )


def _places(place: Place) -> list[str]:
    words = []
    if place.page is not None:
        last = place.page_end
        words.append(f"pages {place.page}–{last}" if last and last != place.page else f"page {place.page}")
    words += [f"{kind} {label}" for kind, label in (("slide", place.slide), ("sheet", place.sheet)) if label]
    if place.heading:
        words.append(place.heading)
    return words


def _shortened(quote: str) -> str:
    if len(quote) <= NEAREST_QUOTE:
        return quote
    return quote[:NEAREST_QUOTE].rsplit(" ", 1)[0] + " …"


def _number(count: int, noun: str) -> str:
    return f"one {noun}" if count == 1 else f"{count} {noun}s"
