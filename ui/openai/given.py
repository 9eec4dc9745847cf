"""What a program that speaks OpenAI's dialect may send, and the question that it becomes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from index.errors import NotFound
from rag.answers import Ask, Turn
from ui.api.given import LONGEST_QUESTION, FilterGiven, Given, Label, Question

PREFIX = "dossier/"
LONGEST_MESSAGE = 50_000
MOST_TURNS = 50
"""A longer conversation is read from its end: what is far back does not tell what a question leans on."""
PART = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
}
CONTENT = {
    "anyOf": [{"type": "string", "maxLength": LONGEST_MESSAGE}, {"type": "array", "items": PART}, {"type": "null"}]
}


def _joined(content: object) -> object:
    """Make one text of a message's parts. Raises ValueError for what is not text."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        known = part if isinstance(part, dict) else {}
        if known.get("type") != "text" or not isinstance(known.get("text"), str):
            found = str(known.get("type"))[:60]
            raise ValueError(f"a part of type {found!r} cannot be read here, only {{'type': 'text', 'text': '...'}}")
        texts.append(known["text"])
    return "\n".join(texts)


def _no_tool(role: object) -> object:
    if role in ("tool", "function"):
        raise ValueError(f"Dossier calls no tools, so a message of role {role!r} cannot be read")
    return role


def _nothing(given: list[Any] | None) -> list[Any] | None:
    if given:
        raise ValueError("Dossier calls no tools: leave them out")
    return given


Content = Annotated[
    Annotated[str, Field(max_length=LONGEST_MESSAGE)], BeforeValidator(_joined), WithJsonSchema(CONTENT)
]
Role = Annotated[Literal["system", "developer", "user", "assistant"], BeforeValidator(_no_tool)]
NoTools = Annotated[list[Any] | None, AfterValidator(_nothing), Field(json_schema_extra={"maxItems": 0})]


class Lenient(BaseModel):
    """Something whose further fields tune a language model's sampling: they are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, use_attribute_docstrings=True)


class MessageGiven(Lenient):
    """One message."""

    role: Role
    """Messages of the roles `system` and `developer` are passed over: no instruction changes what is proved."""
    content: Content = ""
    tool_calls: NoTools = None


class StreamOptionsGiven(Lenient):
    """How the stream is to be."""

    include_usage: bool | None = None
    """Whether one more chunk tells what a language model was asked to do."""


class TextFormatGiven(Lenient):
    """The form of the reply: text."""

    type: Literal["text"]


class OptionsGiven(Given):
    """What `/v1/ask` takes besides: `extra_body={"dossier": {...}}` in OpenAI's own client."""

    standalone_question: Question | None = None
    """Searched as it is, where given."""
    filter: FilterGiven = FilterGiven()
    model: Label | None = None
    """What words the answer; the server's setting where not given."""
    max_citations: Annotated[int, Field(ge=1, le=50)] | None = None


class ChatGiven(Lenient):
    """A conversation whose last message is the question."""

    model: Annotated[str, Field(examples=["dossier/default"])]
    """`dossier/NAME`: the dossier that is asked."""
    messages: Annotated[list[MessageGiven], Field(min_length=1, max_length=2000)]
    stream: bool | None = None
    stream_options: StreamOptionsGiven | None = None
    n: Literal[1] | None = None
    """The same question has one answer."""
    logprobs: Literal[False] | None = None
    response_format: TextFormatGiven | None = None
    tools: NoTools = None
    functions: NoTools = None
    dossier: OptionsGiven = OptionsGiven()

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        spoken = self.spoken
        if not spoken or spoken[-1].role != "user" or not spoken[-1].content.strip():
            raise ValueError("the last of the messages must be the user's question")
        if len(spoken[-1].content) > LONGEST_QUESTION:
            raise ValueError(f"a question has at most {LONGEST_QUESTION} characters")
        return self

    @property
    def spoken(self) -> list[MessageGiven]:
        """What the user and Dossier said."""
        return [message for message in self.messages if message.role in ("user", "assistant") and message.content]

    @property
    def with_usage(self) -> bool:
        """Whether the stream ends with what a language model was asked to do."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def to_ask(self) -> Ask:
        """Give the noun. Raises NotFound for a model that is no dossier's name."""
        *before, last = self.spoken
        turns = tuple(
            Turn("assistant" if message.role == "assistant" else "user", message.content)
            for message in before[-MOST_TURNS:]
        )
        return Ask(
            question=last.content,
            dossier=dossier_named(self.model),
            standalone_question=self.dossier.standalone_question,
            history=turns,
            filter=self.dossier.filter.to_filter(),
            model=self.dossier.model,
            max_citations=self.dossier.max_citations,
        )


def dossier_named(model: str) -> str:
    """Give the name of the dossier that a model stands for. Raises NotFound."""
    name = model.removeprefix(PREFIX)
    if name == model or not name:
        raise NotFound(f"There is no model {model[:80]!r}.", f"A dossier is a model: {PREFIX}NAME; see /v1/models.")
    return name
