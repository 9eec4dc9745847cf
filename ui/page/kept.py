"""The list of someone's conversations, and answers to take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from index.records import Conversation
from rag.answers import Answer
from ui import show
from ui.page.markup import escape
from ui.page.texts import Texts
from ui.phrases import PHRASES

STEP = 50
"""How many conversations are listed at a time."""
FORMATS = ("markdown", "html", "json")


def rows(t: Texts, conversations: Sequence[Conversation], open: str) -> str:
    """Give the list; each with what can be done with it."""
    return (
        "".join(_row(t, one, is_open=one.id == open) for one in conversations)
        or f'<li class="none">{t.no_conversations}</li>'
    )


def _row(t: Texts, conversation: Conversation, *, is_open: bool) -> str:
    id, title = escape(conversation.id), escape(conversation.title or t.untitled)
    current = ' aria-current="true"' if is_open else ""
    told = f"{escape(t.date(conversation.updated[:10]))} · {t.count(t.answers, conversation.turns)}"
    exports = "".join(
        f'<li><a class="act" href="/v1/conversations/{id}/export?format={format}&amp;language={t.language}">'
        f"{t.printable if format == 'html' else {'markdown': 'Markdown', 'json': 'JSON'}[format]}</a></li>"
        for format in FORMATS
    )
    return (
        f'<li id="kept-{id}"><a class="kept" href="#reopen-{id}"{current}><span class="title">{title}</span>'
        f'<span class="about">{told}</span></a><details>'
        f'<summary><span class="unseen">{title}: {t.export}</span>⋯</summary>'
        f'<ul class="acts"><li><a class="act" href="#retitle-{id}">{t.rename}</a></li>{exports}'
        f'<li><a class="act" href="#erase-{id}">{t.erase}</a></li></ul></details></li>'
    )


def copied(t: Texts, answer: Answer, format: Literal["plain", "markdown", "html"]) -> str:
    """Give an answer with its citations for the clipboard."""
    said = PHRASES[t.language]
    if format == "plain":
        return show.answer_text(answer, said)
    return show.answer_markdown(answer, said) if format == "markdown" else show.answer_footnotes(answer, said)
