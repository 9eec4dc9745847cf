"""What the nouns look like on the wire: the same for the routes and for the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from index.errors import DossierError
from index.records import (
    AnswerFeedback,
    Conversation,
    Document,
    Dossier,
    Health,
    Hit,
    Job,
    KeptAnswer,
)
from rag.answers import (
    DraftShown,
    Event,
    Finished,
    PassagesRead,
    StatementShown,
    citation_json,
    document_json,
    passage_json,
    statement_json,
)


def error_json(error: DossierError) -> dict[str, Any]:
    """Give an error as every route does."""
    return {"error": {"type": error.type, "message": error.message, "hint": error.hint}}


def dossier_json(dossier: Dossier) -> dict[str, Any]:
    """Give a dossier."""
    return asdict(dossier)


def full_document_json(document: Document) -> dict[str, Any]:
    """Give a document as lists do: what citations name, and what the library knows besides."""
    return {
        **document_json(document),
        "language": document.metadata.language,
        "media_type": document.media_type,
        "characters": document.characters,
        "passages": document.passages,
        "added": document.added,
        "sha256": document.sha256,
    }


def job_json(job: Job) -> dict[str, Any]:
    """Give a job; what came of looking after the library stands in it as what it is, not as a string."""
    return {**asdict(job), "result": None if job.result is None else json.loads(job.result)}


def health_json(health: Health) -> dict[str, Any]:
    """Give how one part is."""
    return asdict(health)


def conversation_json(conversation: Conversation) -> dict[str, Any]:
    """Give a conversation."""
    return asdict(conversation)


def turn_json(kept: KeptAnswer) -> dict[str, Any]:
    """Give a question with its answer, as it was given."""
    return {
        "asked": kept.asked,
        "answer": kept.content,
        "feedback": feedback_json(kept.feedback),
        "conversation": kept.conversation,
        "dossier": kept.dossier,
    }


def feedback_json(feedback: AnswerFeedback | None) -> dict[str, Any] | None:
    """Give what somebody thinks of an answer."""
    return asdict(feedback) if feedback else None


def hit_json(hit: Hit) -> dict[str, Any]:
    """Give a hit; what is quoted is the whole passage."""
    return {
        "score": round(hit.score, 6),
        "stage": hit.stage,
        "document": document_json(hit.document),
        "passage": passage_json(hit.passage),
        "start": hit.passage.start,
        "end": hit.passage.end,
        "quote": hit.passage.text,
    }


def read_json(event: PassagesRead) -> dict[str, Any]:
    """Give the passages that are being read; they have no numbers yet."""
    return {
        "passages": [
            {"passage": passage_json(hit.passage), "document": document_json(hit.document), "quote": hit.passage.text}
            for hit in event.hits
        ]
    }


class Telling:
    """Turns the events of one answer into server-sent events."""

    def __init__(self) -> None:
        self._citations: dict[int, dict[str, Any]] = {}

    def tell(self, event: Event) -> Iterator[str]:
        """Give the lines for one event; the last event of an answer gives two: `answer` and `done`."""
        if isinstance(event, PassagesRead):
            yield server_event("passages", read_json(event))
        elif isinstance(event, StatementShown):
            yield server_event("statement", self._statement(event))
        elif isinstance(event, DraftShown):
            yield server_event("draft", {"text": event.text})
        elif isinstance(event, Finished):
            yield server_event("answer", event.answer.to_json())
            yield server_event("done", {"id": event.answer.id})
        else:
            yield server_event("text", {"text": event.text, "start": event.start, "end": event.end})

    def broke(self, error: DossierError) -> str:
        """Give the line for what went wrong after the start."""
        return server_event("error", error_json(error))

    def _statement(self, event: StatementShown) -> dict[str, Any]:
        """Give a statement with everything it cites in full, also what an earlier one introduced."""
        self._citations |= {citation.number: citation_json(citation) for citation in event.citations}
        numbers = event.statement.citations
        cited = [self._citations[number] for number in numbers if number in self._citations]
        return {**statement_json(event.statement), "numbers": list(numbers), "citations": cited}


def server_event(name: str, content: dict[str, Any]) -> str:
    """Write one server-sent event; JSON has no bare line breaks, so one line holds it."""
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"
