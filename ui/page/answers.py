"""Answers as HTML for the conversation; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from index.records import Hit
from rag.answers import Answer, Citation, Disagreement, Standing, Statement
from rag.writing import EXTRACTIVE
from ui.page.markup import about, escape, notice, reading_link, safe_id
from ui.page.texts import Texts

NEAREST_QUOTE = 220
_MARKER = re.compile(r"\[(\d{1,3})\]")
_SIGNS: dict[Standing, str] = {
    "grounded": "✓",
    "partly_grounded": "◐",
    "ungrounded": "△",
    "declined": "∅",
    "aside": "",
}

Kind = Literal["c", "n"]


def question(t: Texts, text: str, key: str) -> str:
    """Give a person's message; `key` names it for editing."""
    edit = f'<a class="act edit" href="#edit-{escape(key)}" title="{t.edit_question}">{t.edit}</a>' if key else ""
    return f'<div class="asked">{edit}<div class="question">{escape(text)}</div></div>'


def earlier(t: Texts) -> str:
    """Give the link to questions that are not shown."""
    return f'<div class="earlier"><a class="act" href="#earlier">{t.earlier}</a></div>'


def waiting(t: Texts, hits: Sequence[Hit] = ()) -> str:
    """Give what stands in an answer's place until its first statement is proved."""
    titles = list(dict.fromkeys(hit.document.title for hit in hits))
    words = t.searching
    if titles:
        others = t.and_more.format(n=len(titles) - 3) if len(titles) > 3 else ""
        words = t.reading_now.replace("{titles}", ", ".join(titles[:3]) + others)
    return f'<div class="answer waiting"><p class="reading-now">{escape(words)}<span class="dots"></span></p></div>'


def writing(t: Texts, text: str, statements: Sequence[Statement], citations: Sequence[Citation]) -> str:
    """Give an answer while it is being written."""
    return f'<div class="answer writing"><p class="text">{_text(t, "", text, statements, citations)}</p></div>'


def answer(t: Texts, answer: Answer, *, limited: bool = False) -> str:
    """Give a finished answer; `limited` says that only some documents were asked."""
    parts = [_asked_as(t, answer)]
    if answer.standing == "aside":
        parts.append(f'<p class="text">{escape(answer.text)}</p>')
    elif answer.standing == "declined":
        parts += [_standing(t, answer), _declined(t, answer)]
    else:
        parts.append(f'<p class="text">{_text(t, answer.id, answer.text, answer.statements, answer.citations)}</p>')
        parts += [_disagreement(t, answer, disagreement) for disagreement in answer.disagreements]
        parts += [_missing(t, answer.missing), _standing(t, answer)]
    parts += [f'<p class="warning"><b class="sign">!</b> {escape(warning.message)}</p>' for warning in answer.warnings]
    if limited:
        parts.append(f'<p class="limited">{t.asked_only}</p>')
    if answer.standing != "aside":
        parts += [_acts(t, answer), _cards(t, answer)]
    return f'<div class="answer {answer.standing}" id="answer-{safe_id(answer.id)}">{"".join(parts)}</div>'


def stopped(t: Texts) -> str:
    """Give what stands in the place of an answer that was stopped."""
    return notice(t.stopped)


def chip(t: Texts, id: str, kind: Kind, citation: Citation) -> str:
    """Give the number that leads to a quote."""
    return (
        f'<a class="cite" href="#cite-{safe_id(id)}-{kind}{citation.number}">'
        f'<span class="unseen">{t.passage} </span>{citation.number}</a>'
    )


def welcome(t: Texts, dossier: str, total: int) -> str:
    """Give what stands in an empty conversation."""
    if not total:
        return f'<div class="welcome"><h2>{t.welcome_empty}</h2><p>{t.empty_more}</p></div>'
    return (
        f'<div class="welcome"><h2>{t.welcome}</h2><p><b class="name">{escape(dossier)}</b>: '
        f'{t.count(t.documents, total)}. {t.welcome_more}</p><div class="starters" id="starters"></div></div>'
    )


def _asked_as(t: Texts, answer: Answer) -> str:
    if answer.standalone_question.strip() == answer.question.strip() or answer.standing == "aside":
        return ""
    return (
        f'<p class="asked-as">{t.understood} <span class="standalone">{escape(answer.standalone_question)}</span> '
        f'<a class="act" href="#reword-{safe_id(answer.id)}">{t.edit}</a></p>'
    )


def _text(t: Texts, id: str, text: str, statements: Iterable[Statement], citations: Iterable[Citation]) -> str:
    """Give the text with its statements marked; only markers outside statements become links."""
    numbers = {citation.number: citation for citation in citations}
    parts, at = [], 0
    for statement in sorted(statements, key=lambda statement: statement.start):
        parts.append(_between(t, id, text[at : statement.start], numbers))
        words = t.unsupported if statement.support == "unsupported" else t.unchecked
        sign = "△" if statement.support == "unsupported" else "?"
        told = "" if statement.support == "supported" else f' <span class="unproved">{sign} {words}</span>'
        parts.append(f'<span class="statement {statement.support}">{escape(statement.text)}</span>{told}')
        at = statement.end
    return "".join([*parts, _between(t, id, text[at:], numbers)])


def _between(t: Texts, id: str, text: str, numbers: dict[int, Citation]) -> str:
    parts, at = [], 0
    for marker in _MARKER.finditer(text):
        citation = numbers.get(int(marker[1]))
        if citation is not None:
            parts += [escape(text[at : marker.start()]), chip(t, id, "c", citation)]
            at = marker.end()
    return "".join([*parts, escape(text[at:])])


def _standing(t: Texts, answer: Answer) -> str:
    words, meaning = {
        "grounded": (t.proved, t.proved_meaning),
        "partly_grounded": (t.proved_in_part, t.in_part_meaning),
        "ungrounded": (t.not_proved, t.not_proved_meaning),
    }.get(answer.standing, (t.not_here, t.not_here_meaning))
    if answer.citations:
        sources = len({citation.document.id for citation in answer.citations})
        words += f" {t.by} {t.count(t.passages, len(answer.citations))} {t.count(t.from_documents, sources)}"
    seconds = f"{answer.took.total_ms / 1000:.1f}".replace(".", t.decimal)
    took = f"{seconds} {t.seconds}" if answer.took.total_ms else ""
    if answer.model != EXTRACTIVE:
        took = " · ".join(filter(None, (escape(t.worded_by.replace("{model}", answer.model)), took)))
    return (
        f'<p class="standing" title="{escape(meaning)}"><b class="sign">{_SIGNS[answer.standing]}</b> '
        f'<span>{words}</span> <span class="took">{took}</span></p>'
    )


def _declined(t: Texts, answer: Answer) -> str:
    parts = [f'<p class="text">{t.declined}</p>', _missing(t, answer.missing)]
    rows = "".join(
        f"<li>{chip(t, answer.id, 'n', citation)} <q>{escape(_shortened(citation.quote))}</q> "
        f'<span class="about">{escape(citation.document.title)}</span></li>'
        for citation in answer.nearest
    )
    words = f"{t.nearest}:" if rows else t.nothing_near
    return "".join([*parts, f'<div class="nearest"><p>{words}</p><ul>{rows}</ul></div>'])


def _missing(t: Texts, missing: Sequence[str]) -> str:
    if not missing:
        return ""
    rows = "".join(f"<li>{escape(words)}</li>" for words in missing)
    return f'<div class="missing"><p>{t.missing}:</p><ul>{rows}</ul></div>'


def _disagreement(t: Texts, answer: Answer, disagreement: Disagreement) -> str:
    cited = {citation.number: citation for citation in answer.citations}
    sides = []
    for value in disagreement.values:
        citations = [cited[number] for number in value.citations if number in cited]
        sources = "<br>".join(dict.fromkeys(about(t, citation.document, author=False) for citation in citations))
        chips = "".join(chip(t, answer.id, "c", citation) for citation in citations)
        sides.append(f'<li><b>{escape(value.value)}</b> {chips}<span class="about">{sources}</span></li>')
    words = escape(t.disagree.replace("{about}", disagreement.about))
    return (
        f'<div class="disagreement"><p><b class="sign">≠</b> {words}</p><ul class="sides">{"".join(sides)}</ul></div>'
    )


def _acts(t: Texts, answer: Answer) -> str:
    """Give what can be done with an answer."""
    id = safe_id(answer.id)
    acts = [("copy", t.copy, t.copy), ("again", t.again, t.again), ("link", t.link, t.link)]
    if answer.citations:
        acts.insert(2, ("rests", t.rests_on, t.rests_on))
    words = "".join(
        f'<li><a class="act" href="#{verb}-{id}" title="{title}">{name}</a></li>' for verb, name, title in acts
    )
    thumbs = "".join(
        f'<li class="thumb {verb}"><a class="act" href="#{verb}-{id}" title="{words}"><span class="unseen">{words}'
        "</span></a></li>"
        for verb, words in (("good", t.helpful), ("bad", t.unhelpful))
    )
    return f'<ul class="acts">{words}{thumbs}</ul>'


def _cards(t: Texts, answer: Answer) -> str:
    """Give what is shown when a number is pointed at; the page's script lists the same cards beside the reader."""
    shown, kind = (answer.citations, "c") if answer.citations else (answer.nearest, "n")
    cards = "".join(_card(t, answer.id, kind, citation) for citation in shown)
    rests = ";".join(
        ".".join(dict.fromkeys(c.document.id for c in answer.citations if c.number in statement.citations))
        for statement in answer.statements
    )
    heading = t.passages_title if kind == "c" else t.nearest
    return (
        f'<div hidden class="cards" id="cards-{safe_id(answer.id)}"><h2>{heading}</h2>'
        f'<p class="for">{escape(answer.question)}</p>{cards}<span class="rests">{escape(rests)}</span></div>'
    )


def _card(t: Texts, id: str, kind: str, citation: Citation) -> str:
    passage, document = citation.passage, citation.document
    before, after = "", ""
    if passage.start <= citation.start and citation.end <= passage.end:
        before = passage.text[: citation.start - passage.start]
        after = passage.text[citation.end - passage.start :]
    return (
        f'<div class="passage {kind}" id="card-{safe_id(id)}-{kind}{citation.number}"><div class="source">'
        f'<b class="number">{citation.number}</b><div><a class="title" href="{reading_link(citation)}">'
        f'{escape(document.title)}</a><p class="about">{about(t, document, citation.place)}</p></div></div>'
        f"<blockquote>{escape(before)}<mark>{escape(citation.quote)}</mark>{escape(after)}</blockquote>"
        f"{_also_in(t, citation)}</div>"
    )


def _also_in(t: Texts, citation: Citation) -> str:
    if not citation.also_in:
        return ""
    names = "; ".join(
        ", ".join(part for part in (twin.document.title, twin.document.metadata.publisher or "") if part)
        for twin in citation.also_in
    )
    return f'<p class="also">{t.same_words}: {escape(names)}</p>'


def _shortened(quote: str) -> str:
    if len(quote) <= NEAREST_QUOTE:
        return quote
    return quote[:NEAREST_QUOTE].rsplit(" ", 1)[0] + " …"
