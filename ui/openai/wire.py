"""An answer as a chat completion, whole or in chunks."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from index.errors import DossierError
from index.records import Dossier
from rag.answers import Answer, Citation, DraftShown, Event, Finished, PassagesRead, Statement, StatementShown
from ui.openai.errors import translated
from ui.openai.given import PREFIX
from ui.phrases import ENGLISH
from ui.wire import error_json


@dataclass(frozen=True, slots=True)
class Heading:
    """What a completion and each of its chunks say first."""

    model: str
    page: str
    """The address of the page, which shows the citations; it ends with a slash."""
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def to_json(self, kind: str) -> dict[str, Any]:
        """Give the first fields of an object of that kind."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


class Chunks:
    """Turns the events of one answer into chunks: verified text only, each as soon as it is final."""

    def __init__(self, heading: Heading, *, with_usage: bool) -> None:
        self._heading = heading
        self._with_usage = with_usage
        self._sent = 0

    def tell(self, event: Event) -> Iterator[str]:
        """Give the lines for one event."""
        if isinstance(event, PassagesRead):
            yield self._chunk({"role": "assistant", "content": ""})
        elif isinstance(event, Finished):
            yield from self._end(event.answer)
        elif not isinstance(event, DraftShown):  # what is not verified is never told
            piece = event.statement if isinstance(event, StatementShown) else event
            if piece.start == self._sent:
                self._sent = piece.end
                yield self._chunk({"content": piece.text})

    def broke(self, error: DossierError) -> str:
        """Give the line for what went wrong after the start."""
        return _line(translated(error_json(error), error.status, None))

    def _end(self, answer: Answer) -> Iterator[str]:
        if rest := content_of(answer)[self._sent :]:
            yield self._chunk({"content": rest})
        annotations = annotations_of(answer, self._heading.page)
        yield self._chunk({"annotations": annotations}, finish_reason="stop", dossier=answer.to_json())
        if self._with_usage:
            yield self._chunk(None, usage=usage_json(answer))
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any] | None, finish_reason: str | None = None, **beside: Any) -> str:  # noqa: ANN401
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._with_usage else {}
        told = self._heading.to_json("chat.completion.chunk") | {"choices": [] if delta is None else [choice]}
        return _line(told | usage | beside)


def completion_json(heading: Heading, answer: Answer) -> dict[str, Any]:
    """Give the whole completion."""
    message = {
        "role": "assistant",
        "content": content_of(answer),
        "refusal": None,
        "annotations": annotations_of(answer, heading.page),
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    told = heading.to_json("chat.completion")
    return {**told, "choices": [choice], "usage": usage_json(answer), "dossier": answer.to_json()}


def content_of(answer: Answer) -> str:
    """Give the answer's text, and after it what is missing: clients that know no more show at least that."""
    parts = [answer.text] if answer.text else []
    if answer.standing == "declined":
        parts.append(ENGLISH.standings["declined"])
    if answer.missing:
        parts.append("\n".join(["The documents do not say:", *(f"- {what}" for what in answer.missing)]))
    parts += [warning.message for warning in answer.warnings]
    return "\n\n".join(parts)


def annotations_of(answer: Answer, page: str) -> list[dict[str, Any]]:
    """Give a citation for each sentence and each passage that proves it: `content[start:end]` is the sentence."""
    cited = {citation.number: citation for citation in answer.citations}
    return [
        {"type": "url_citation", "url_citation": _url_citation(answer, statement, cited[number], page)}
        for statement in answer.statements
        for number in statement.citations
    ]


def usage_json(answer: Answer) -> dict[str, int]:
    """Give what a language model was asked to do."""
    read, written = answer.usage.input_tokens, answer.usage.output_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def model_json(dossier: Dossier) -> dict[str, Any]:
    """Give a dossier as a model."""
    created = int(datetime.fromisoformat(dossier.created).timestamp())
    return {"id": f"{PREFIX}{dossier.name}", "object": "model", "created": created, "owned_by": "dossier"}


def _url_citation(answer: Answer, statement: Statement, citation: Citation, page: str) -> dict[str, Any]:
    return {
        "start_index": statement.start,
        "end_index": statement.end,
        "title": citation.document.title,
        "url": f"{page}?{urlencode({'answer': answer.id, 'citation': citation.number})}",
    }


def _line(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"
