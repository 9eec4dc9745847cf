"""A conversation as a file: Markdown or a printable page with footnotes, or JSON; pure. Every word is escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from index.records import Conversation, KeptAnswer
from rag.answers import Answer, Citation
from ui.phrases import ENGLISH, Phrases
from ui.show import MARKER, about, html_safe, markdown_safe, pieces, visible
from ui.unwire import answer_of
from ui.wire import conversation_json, turn_json

Format = Literal["markdown", "html", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
JSON_FORMAT = "dossier-conversation-1"
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the printable page may do: nothing but look. It says so itself, also once it is saved."""
STYLE = """body{font:11pt/1.5 Georgia,'Times New Roman',serif;max-width:44rem;margin:2rem auto;padding:0 1rem;
color:#1d2433;background:#fff;overflow-wrap:anywhere}h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.15rem;
margin:2.2rem 0 .4rem}.about,.searched,.notes{font-size:.85em;color:#4a5163}.standing{font-style:italic}
.unproved{color:#a3172c}sup a{text-decoration:none}q{quotes:'\u201c' '\u201d'}li{margin:.3rem 0}
h2,.searched{break-after:avoid}li,.disagreement{break-inside:avoid}@media print{body{margin:0;max-width:none}}"""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was made of a conversation."""

    name: str
    media_type: str
    content: bytes


def export(
    conversation: Conversation, turns: Sequence[KeptAnswer], format: Format, said: Phrases = ENGLISH
) -> Exported:
    """Make the file in a language; what the answers say is what was given."""
    makers = {
        "markdown": (_markdown, "md", "text/markdown; charset=utf-8"),
        "html": (_page, "html", "text/html; charset=utf-8"),
        "json": (_json, "json", "application/json"),
    }
    make, ending, media_type = makers[format]
    return Exported(f"{_file_name(conversation.title)}.{ending}", media_type, make(conversation, turns, said).encode())


def _json(conversation: Conversation, turns: Sequence[KeptAnswer], said: Phrases) -> str:
    content = {
        "format": JSON_FORMAT,
        "conversation": conversation_json(conversation),
        "turns": [turn_json(turn) for turn in turns],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _markdown(conversation: Conversation, turns: Sequence[KeptAnswer], said: Phrases) -> str:
    lines = [f"# {markdown_safe(_title(conversation, said))}", "", f"*{markdown_safe(_when(turns, said))}*", ""]
    for number, turn in enumerate(turns, 1):
        lines += _turn_markdown(number, answer_of(turn.content), said)
    return "\n".join(lines).rstrip() + "\n"


def _turn_markdown(number: int, answer: Answer, said: Phrases) -> Iterator[str]:
    yield from (f"## {markdown_safe(answer.question)}", "")
    if searched := _searched(answer):
        yield from (f"*{said.searched}: {markdown_safe(searched)}*", "")
    if answer.text:
        yield from (_text_markdown(number, answer, said), "")
    if said.standings[answer.standing]:
        yield from (f"*{said.standings[answer.standing]}*", "")
    for disagreement in answer.disagreements:
        yield from (said.disagree.replace("{about}", markdown_safe(disagreement.about)), "")
        for value in disagreement.values:
            yield f"- {markdown_safe(value.value)}{''.join(f'[^{number}-{cited}]' for cited in value.citations)}"
        yield ""
    if answer.missing:
        yield from (f"{said.not_said}:", "", *(f"- {markdown_safe(what)}" for what in answer.missing), "")
    for warning in answer.warnings:
        yield from (f"*{markdown_safe(warning.message)}*", "")
    for nearest in answer.nearest:
        yield from (f"> {markdown_safe(nearest.quote)}", ">", f"> {markdown_safe(_source(nearest, said))}", "")
    for citation in answer.citations:
        note = f"“{markdown_safe(citation.quote)}” {markdown_safe(_source(citation, said))}"
        yield from (f"[^{number}-{citation.number}]: {note}", "")


def _text_markdown(turn: int, answer: Answer, said: Phrases) -> str:
    known = {citation.number for citation in answer.citations}
    parts = []
    for text, statement in pieces(answer):
        if statement is not None:
            hint = said.support[statement.support]
            parts.append(_paragraphs(text) + (f" *({hint})*" if hint else ""))
            continue
        end = 0
        for found in MARKER.finditer(text):
            if int(found[1]) in known:
                parts += [_paragraphs(text[end : found.start()].removesuffix(" ")), f"[^{turn}-{found[1]}]"]
                end = found.end()
        parts.append(_paragraphs(text[end:]))
    return "".join(parts).strip()


def _paragraphs(text: str) -> str:
    return re.sub("\n{2,}", "\n\n", "\n\n".join(markdown_safe(line) for line in text.split("\n")))


def _page(conversation: Conversation, turns: Sequence[KeptAnswer], said: Phrases) -> str:
    title = html_safe(visible(_title(conversation, said)))
    body = "".join(_turn_html(number, answer_of(turn.content), said) for number, turn in enumerate(turns, 1))
    return (
        f'<!doctype html>\n<html lang="{said.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f'<body><h1>{title}</h1><p class="about">{html_safe(_when(turns, said))}</p>{body}</body></html>\n'
    )


def _turn_html(number: int, answer: Answer, said: Phrases) -> str:
    parts = [f"<h2>{html_safe(answer.question)}</h2>"]
    if searched := _searched(answer):
        parts.append(f'<p class="searched">{said.searched}: {html_safe(searched)}</p>')
    if answer.text:
        parts.append(_text_html(number, answer, said))
    if said.standings[answer.standing]:
        parts.append(f'<p class="standing">{said.standings[answer.standing]}</p>')
    for disagreement in answer.disagreements:
        values = "".join(
            f"<li>{html_safe(value.value)}{''.join(_note_link(number, cited) for cited in value.citations)}</li>"
            for value in disagreement.values
        )
        told = said.disagree.replace("{about}", html_safe(disagreement.about))
        parts.append(f'<div class="disagreement"><p>{told}</p><ul>{values}</ul></div>')
    if answer.missing:
        missing = "".join(f"<li>{html_safe(what)}</li>" for what in answer.missing)
        parts.append(f"<p>{said.not_said}:</p><ul>{missing}</ul>")
    parts += [f'<p class="warning">{html_safe(warning.message)}</p>' for warning in answer.warnings]
    parts += [f"<blockquote>{_note(nearest, said)}</blockquote>" for nearest in answer.nearest]
    notes = "".join(
        f'<li id="note-{number}-{citation.number}" value="{citation.number}">{_note(citation, said)}</li>'
        for citation in answer.citations
    )
    return f"\n<section>{''.join(parts)}{f'<ol class=notes>{notes}</ol>' if notes else ''}</section>"


def _text_html(turn: int, answer: Answer, said: Phrases) -> str:
    known = {citation.number for citation in answer.citations}
    parts = []
    for text, statement in pieces(answer):
        shown = html_safe(text)
        if statement is None:
            shown = MARKER.sub(lambda f: _note_link(turn, int(f[1])) if int(f[1]) in known else f[0], shown)
        elif hint := said.support[statement.support]:
            shown += f' <em class="unproved">({hint})</em>'
        parts.append(shown)
    paragraphs = re.split(r"(?:\s*\n)+", "".join(parts).strip())
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _note_link(turn: int, number: int) -> str:
    return f'<sup><a href="#note-{turn}-{number}">[{number}]</a></sup>'


def _note(citation: Citation, said: Phrases) -> str:
    return f"<q>{html_safe(citation.quote)}</q> {html_safe(_source(citation, said))}"


def _source(citation: Citation, said: Phrases) -> str:
    """Say where a quote stands; twice the same word says no more."""
    return about(citation, said) if about(citation, said) != citation.quote else ""


def _searched(answer: Answer) -> str:
    return answer.standalone_question if answer.standalone_question != answer.question else ""


def _title(conversation: Conversation, said: Phrases) -> str:
    return conversation.title or said.untitled


def _when(turns: Sequence[KeptAnswer], said: Phrases) -> str:
    """Say how many questions there are and from when; in UTC, as everywhere."""
    days = [turn.asked[:10] for turn in turns]
    told = said.questions[len(turns) != 1].replace("{n}", str(len(turns)))
    span = days[:1] if len(set(days)) < 2 else [said.days.replace("{first}", days[0]).replace("{last}", days[-1])]
    return ", ".join([told, *span])


def _file_name(title: str) -> str:
    return re.sub(r"[^\w -]", "", visible(title))[:60].strip() or "conversation"
