"""The nouns of an answer and their JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from index.records import Document, Filter, Hit, Lap, Passage, Place

Support = Literal["supported", "unsupported", "unchecked"]
Standing = Literal["grounded", "partly_grounded", "ungrounded", "declined", "aside"]
Unsupported = Literal["drop", "show", "rewrite"]
CitationKind = Literal["cited", "nearest"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with all that the caller may say about it."""

    question: str
    dossier: str = "default"
    standalone_question: str | None = None
    """Searched as it is, where given."""
    history: tuple[Turn, ...] = ()
    filter: Filter = field(default_factory=Filter)
    model: str | None = None
    """What words the answer; the setting's where not given."""
    max_citations: int | None = None
    unsupported: Unsupported | None = None
    """What becomes of a language model's statements that are not proved; the setting's where not given."""
    draft: bool = False
    """Whether a language model's raw words are given as they come, too."""
    conversation_id: str | None = None
    keep: bool = True
    """Whether whoever serves the answer may keep it in the history."""


@dataclass(frozen=True, slots=True)
class Window:
    """One sentence of a passage, or two in a row, judged as a piece of evidence."""

    hit: Hit
    start: int
    end: int
    text: str
    """The document's own text from `start` to `end`."""
    focus: int
    """Where its last sentence, the one that is judged, begins."""
    logit: float
    """The cross-encoder's: above 0 means likelier than not that it answers."""
    elsewhere: bool = False
    """Whether its document has none of the names of the question."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement before it is checked and numbered: words and the windows that should prove them."""

    text: str
    evidence: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """Another document that has the same words."""

    document: Document
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote: `text_of(document, version)[start:end] == quote`, character by character."""

    number: int
    """From 1, in order of first appearance in the answer's text."""
    kind: CitationKind
    quote: str
    start: int
    end: int
    place: Place
    document: Document
    passage: Passage
    also_in: tuple[Twin, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of the answer: `answer.text[start:end] == text`."""

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    """Numbers of the citations that prove it."""
    support: Support
    score: float
    """How surely the citations support it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one side of a disagreement says."""

    value: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that give different values for the same thing, newest first."""

    about: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Warning:
    """Something the reader should know about the answer."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Took:
    """Where the time went, in milliseconds."""

    total_ms: int = 0
    retrieve_ms: int = 0
    rerank_ms: int = 0
    answer_ms: int = 0
    verify_ms: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model was asked to do."""

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer; outside its statements `text` holds only markers, line breaks and fixed templates."""

    id: str
    question: str
    standalone_question: str
    dossier: str
    """The dossier's name."""
    model: str
    confidence: float
    """The calibrated probability that the evidence answers the question, 0 to 1."""
    text: str
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    """What the documents do not tell, in plain words."""
    disagreements: tuple[Disagreement, ...] = ()
    warnings: tuple[Warning, ...] = ()
    took: Took = field(default_factory=Took)
    usage: Usage = field(default_factory=Usage)
    conversation_id: str | None = None
    dropped: int = 0
    """How many statements were left out because what they cite does not prove them."""
    is_aside: bool = False
    """Whether this is small talk about Dossier itself rather than an answer from documents."""

    @property
    def standing(self) -> Standing:
        """How well the answer is proved: derived, never stored."""
        if self.is_aside:
            return "aside"
        if not self.statements:
            return "declined"
        supported = sum(statement.support == "supported" for statement in self.statements)
        if supported == 0:
            return "ungrounded"
        if supported < len(self.statements) or self.missing:
            return "partly_grounded"
        return "grounded"

    def to_json(self) -> dict[str, Any]:
        """Give the object of the HTTP interface."""
        return {
            "id": self.id,
            "question": self.question,
            "standalone_question": self.standalone_question,
            "dossier": self.dossier,
            "model": self.model,
            "standing": self.standing,
            "confidence": round(self.confidence, 4),
            "text": self.text,
            "statements": [statement_json(statement) for statement in self.statements],
            "citations": [citation_json(citation) for citation in self.citations],
            "nearest": [citation_json(citation) for citation in self.nearest],
            "missing": list(self.missing),
            "disagreements": [
                {"about": d.about, "values": [{"value": v.value, "citations": list(v.citations)} for v in d.values]}
                for d in self.disagreements
            ],
            "warnings": [{"type": w.type, "message": w.message} for w in self.warnings],
            "took": {
                "total_ms": self.took.total_ms,
                "retrieve_ms": self.took.retrieve_ms,
                "rerank_ms": self.took.rerank_ms,
                "answer_ms": self.took.answer_ms,
                "verify_ms": self.took.verify_ms,
            },
            "usage": {
                "model_calls": self.usage.model_calls,
                "input_tokens": self.usage.input_tokens,
                "output_tokens": self.usage.output_tokens,
            },
            "conversation_id": self.conversation_id,
            "dropped": self.dropped,
        }


def document_json(document: Document) -> dict[str, Any]:
    """Give a document as citations and hits name it."""
    return {
        "id": document.id,
        "version": document.version,
        "name": document.name,
        "title": document.title,
        "publisher": document.metadata.publisher,
        "author": document.metadata.author,
        "published": document.metadata.published,
        "published_from": document.metadata.published_from,
        "source": document.source,
        "url": document.metadata.url,
    }


def place_json(place: Place) -> dict[str, Any]:
    """Give the place of a span for people."""
    return {
        "page": place.page,
        "page_end": place.page_end,
        "heading": place.heading,
        "slide": place.slide,
        "sheet": place.sheet,
        "recognised": place.recognised,
    }


def passage_json(passage: Passage) -> dict[str, Any]:
    """Give a passage with its span."""
    return {"id": passage.id, "start": passage.start, "end": passage.end, "text": passage.text}


def statement_json(statement: Statement) -> dict[str, Any]:
    """Give a statement with its span in the answer."""
    return {
        "text": statement.text,
        "start": statement.start,
        "end": statement.end,
        "citations": list(statement.citations),
        "support": statement.support,
        "score": round(statement.score, 4),
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """Give a citation in full."""
    return {
        "number": citation.number,
        "kind": citation.kind,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "place": place_json(citation.place),
        "document": document_json(citation.document),
        "passage": passage_json(citation.passage),
        "also_in": [
            {
                "document": {"id": twin.document.id, "version": twin.document.version, "name": twin.document.name},
                "start": twin.start,
                "end": twin.end,
            }
            for twin in citation.also_in
        ],
    }


@dataclass(frozen=True, slots=True)
class PassagesRead:
    """Event: these passages are being read."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class StatementShown:
    """Event: a verified, final statement, with the citations that it introduces."""

    statement: Statement
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class TextShown:
    """Event: text between statements (markers, line breaks, templates): `answer.text[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DraftShown:
    """Event, only where asked for: a language model's raw words, not verified and not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the whole answer; equal to what the events before it add up to."""

    answer: Answer
    laps: tuple[Lap, ...] = ()
    """When each step ran, for traces."""


Event = PassagesRead | StatementShown | TextShown | DraftShown | Finished
