"""What the routes in OpenAI's dialect answer, for the description of the interface."""

from __future__ import annotations

from typing import Literal

from ui.api.replies import AnswerReply, Reply


class ModelReply(Reply):
    """A dossier as a model."""

    id: str
    """`dossier/NAME`."""
    object: Literal["model"]
    created: int
    """Seconds since 1970."""
    owned_by: str


class ModelsReply(Reply):
    """All dossiers."""

    object: Literal["list"]
    data: list[ModelReply]


class UrlCitationReply(Reply):
    """Where the proof of a sentence is shown."""

    start_index: int
    """Where the sentence begins in the content, in code points as all offsets."""
    end_index: int
    title: str
    url: str
    """Opens the page at the citation."""


class AnnotationReply(Reply):
    """A citation of a sentence."""

    type: Literal["url_citation"]
    url_citation: UrlCitationReply


class MessageReply(Reply):
    """The answer."""

    role: Literal["assistant"]
    content: str
    """The answer's text; after it, what is missing."""
    refusal: None
    annotations: list[AnnotationReply]


class ChoiceReply(Reply):
    """The only choice."""

    index: int
    message: MessageReply
    logprobs: None
    finish_reason: Literal["stop"]


class TokensReply(Reply):
    """What a language model was asked to do; nothing where none was."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatReply(Reply):
    """A completion, with the whole answer beside the standard fields."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChoiceReply]
    usage: TokensReply
    dossier: AnswerReply


class DialectFailed(Reply):
    """An error."""

    message: str
    """What was found, what was expected, and what mends it."""
    type: str
    param: str | None
    """The field that it is about, where known."""
    code: str
    """A short name for programs."""


class DialectErrorReply(Reply):
    """An error as OpenAI's clients expect it."""

    error: DialectFailed
