"""What callers may send, and how it is read: strictly, with the nearest known name for an unknown one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool

from index.records import AnswerFeedback, Conflict, Filter, KeptAnswer, Metadata
from rag.answers import Ask, Turn
from ui.api.replies import FeedbackBody, KeptAnswerReply
from ui.config import nearest

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
LONGEST_QUESTION = 8_000
LARGE = 256 * 1024
DATE = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"


def _as_whole(found: object) -> object:
    """JSON knows one kind of number: 2.0 is 2."""
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text


def check_published(text: str) -> str:
    """Let `YYYY`, `YYYY-MM` and `YYYY-MM-DD` pass where they are real dates. Raises ValueError."""
    if not re.fullmatch(DATE, text):
        raise ValueError("a date is YYYY, YYYY-MM or YYYY-MM-DD")
    date.fromisoformat((text + "-01-01")[:10])
    return text


def _one_or_minus_one(rating: int) -> int:
    if rating not in (1, -1):
        raise ValueError("a rating is 1 or -1")
    return rating


def _published_or_nothing(text: str) -> str:
    return check_published(text) if text else text


Published = Annotated[
    str,
    AfterValidator(check_published),
    Field(json_schema_extra={"pattern": DATE}, examples=["2024-05-17"]),
]
Question = Annotated[
    str, Field(max_length=LONGEST_QUESTION, json_schema_extra={"pattern": "[^\\s]"}), AfterValidator(_not_blank)
]
Whole = Annotated[int, BeforeValidator(_as_whole)]
"""A number without a part behind the point, however JSON writes it."""
Url = Annotated[str, Field(max_length=2000)]
DossierName = Annotated[str, Field(min_length=1, max_length=64)]
Label = Annotated[str, Field(max_length=1000)]
Title = Annotated[str, Field(max_length=200, json_schema_extra={"pattern": "[^\\s]"}), AfterValidator(_not_blank)]


class Given(BaseModel):
    """Something from outside."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _name_the_nearest(cls, given: object) -> object:
        if isinstance(given, Mapping):
            for name in given:
                if name not in cls.model_fields:
                    meant = nearest(str(name), cls.model_fields)
                    raise ValueError(
                        f"{str(name)[:60]!r} is not known here; "
                        + (f"did you mean {meant!r}?" if meant else f"known are {', '.join(cls.model_fields)}")
                    )
        return given


class FilterGiven(Given):
    """A hard, inclusive restriction."""

    documents: Annotated[list[Label], Field(max_length=1000)] = []
    """Ids of documents; empty means all."""
    publishers: Annotated[list[Label], Field(max_length=1000)] = []
    published_from: Published | None = None
    published_to: Published | None = None
    undated: bool = True
    """Whether documents without a date pass."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.published_from, self.published_to
        if first and last and first[: len(last)] > last[: len(first)]:
            raise ValueError(f"published_from {first!r} is after published_to {last!r}")
        return self

    def to_filter(self) -> Filter:
        """Give the noun."""
        return Filter(
            tuple(self.documents), tuple(self.publishers), self.published_from, self.published_to, self.undated
        )


class TurnGiven(Given):
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=50_000)]


class AskGiven(Given):
    """A question."""

    question: Question
    standalone_question: Question | None = None
    """Searched as it is, where given."""
    dossier: DossierName = "default"
    history: Annotated[list[TurnGiven], Field(max_length=50)] = []
    conversation_id: Label | None = None
    """Not together with `history`."""
    filter: FilterGiven = FilterGiven()
    model: Label | None = None
    """What words the answer; the server's setting where not given."""
    max_citations: Annotated[Whole, Field(ge=1, le=50)] | None = None
    unsupported: Literal["drop", "show", "rewrite"] | None = None
    """What becomes of a language model's statements that are not proved; the server's setting where not given."""
    stream: bool = False
    """Whether the answer comes as server-sent events."""
    draft: bool = False
    """Whether a language model's raw words are streamed too."""
    keep: bool = True
    """Whether the answer is kept, to be found again at `/v1/answers/{id}`."""

    @model_validator(mode="after")
    def _one_past(self) -> Self:
        if self.history and self.conversation_id is not None:
            raise ValueError("history and conversation_id exclude each other")
        if not self.keep and self.conversation_id is not None:
            raise ValueError("an answer in a conversation is kept: leave out keep or conversation_id")
        return self

    def to_ask(self) -> Ask:
        """Give the noun."""
        return Ask(
            question=self.question,
            dossier=self.dossier,
            standalone_question=self.standalone_question,
            history=tuple(Turn(turn.role, turn.content) for turn in self.history),
            filter=self.filter.to_filter(),
            model=self.model,
            max_citations=self.max_citations,
            unsupported=self.unsupported,
            draft=self.draft,
            conversation_id=self.conversation_id,
            keep=self.keep,
        )


class SearchGiven(Given):
    """A search for passages, without an answer."""

    question: Question
    dossier: DossierName = "default"
    filter: FilterGiven = FilterGiven()
    limit: Annotated[Whole, Field(ge=1, le=200)] = 10
    per_document: Annotated[Whole, Field(ge=1, le=200)] | None = None
    """How many passages of one document at most."""
    rerank: bool = False
    """Whether the cross-encoder orders the hits."""


class MetadataGiven(Given):
    """What the caller says about a document besides its text."""

    title: Label | None = None
    publisher: Label | None = None
    author: Label | None = None
    published: Published | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    url: Url | None = None
    """Where it stands on the web."""

    def metadata(self) -> Metadata:
        """Give the noun."""
        return Metadata(
            self.title,
            self.publisher,
            self.author,
            self.published,
            "given" if self.published else None,
            self.language,
            self.url,
        )


class DocumentGiven(MetadataGiven):
    """A document given as text."""

    name: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_not_blank)]
    text: str
    source: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Unique within the dossier; `upload:NAME` where not given."""


class DocumentsGiven(Given):
    """Documents as text, or addresses to fetch them from."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["documents"], "properties": {"documents": {"minItems": 1}}},
                {"required": ["urls"], "properties": {"urls": {"minItems": 1}}},
            ]
        }
    )

    dossier: DossierName = "default"
    on_conflict: Conflict = "replace"
    """What happens to a document of the same source: replace it, keep both, or fail this file."""
    documents: Annotated[list[DocumentGiven], Field(max_length=1000)] = []
    urls: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _something(self) -> Self:
        if bool(self.documents) == bool(self.urls):
            raise ValueError("give either documents or urls")
        return self


class CorrectionGiven(Given):
    """Corrected metadata, kept when the document is replaced; null or an empty string clears."""

    title: Label | None = None
    publisher: Label | None = None
    author: Label | None = None
    published: Annotated[str, AfterValidator(_published_or_nothing)] | None = None
    url: Url | None = None

    def metadata(self) -> Metadata:
        """Give what is set; what was not sent stays as it is."""
        sent = {name: getattr(self, name) or "" for name in self.model_fields_set}
        return Metadata(published_from="given" if sent.get("published") else None, **sent)


class MoveGiven(Given):
    """Where the file of a document lies now."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    source: Annotated[str, Field(min_length=1, max_length=5000)]


class EstimateGiven(Given):
    """Files about to be added."""

    sizes: Annotated[
        dict[Annotated[str, Field(max_length=20)], Annotated[Whole, Field(ge=0, le=10**15)]], Field(max_length=100)
    ]
    """How many bytes there are of each ending, such as `.pdf`."""


class ReindexGiven(Given):
    """Which embedder is expected."""

    embedder: Label | None = None
    """The server's own, where not given; another one is refused with what to do."""


class ConversationGiven(Given):
    """A conversation to begin."""

    title: Title | None = None
    """Made from the first question, where not given."""


class TitleGiven(Given):
    """A conversation's new title."""

    title: Title


class FeedbackGiven(Given):
    """What somebody thinks of an answer."""

    rating: Annotated[Whole, AfterValidator(_one_or_minus_one), Field(json_schema_extra={"enum": [1, -1]})]
    comment: Annotated[str, Field(max_length=5000)] = ""


class TurnBroughtGiven(BaseModel):
    """A question with its answer, as `/v1/answers` gave it; fields that a newer version added are passed over."""

    model_config = ConfigDict(frozen=True)

    asked: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$")]
    answer: KeptAnswerReply
    feedback: FeedbackBody | None = None

    def kept(self) -> KeptAnswer:
        """Give the noun."""
        said = self.feedback
        feedback = AnswerFeedback(said.rating, said.comment, said.given) if said else None
        return KeptAnswer(self.answer.id, None, self.asked, self.answer.model_dump(mode="json"), feedback)


class TurnsGiven(Given):
    """Turns of another library, oldest first; quotes that are not in the documents here will read "(deleted)"."""

    turns: Annotated[list[TurnBroughtGiven], Field(min_length=1, max_length=200)]


class SyncGiven(Given):
    """A folder of the server's machine, and the dossier that is to equal it."""

    folder: Annotated[str, Field(min_length=1, max_length=4000)]
    """Its path; it has to lie under one of the server's `folders`."""
    dossier: DossierName = "default"
    ignore: Annotated[list[Label], Field(max_length=100)] = []
    """Names to leave out, as globs."""
    yes: bool = False
    """Also when more than half of the documents are gone."""


class RenameGiven(Given):
    """A dossier's new name."""

    name: DossierName


CONFLICTS: tuple[Conflict, ...] = get_args(Conflict)


class ReadingRequest(Request):
    """Reads JSON whatever is in its strings: NUL and lone surrogates become U+FFFD, one for one."""

    async def json(self) -> Any:  # noqa: ANN401  # JSON is any
        """Give the body. Raises HTTPException, so that FastAPI lets the reason through."""
        body = await self.body()
        return _read_json(body) if len(body) < LARGE else await run_in_threadpool(_read_json, body)


class ReadingRoute(APIRoute):
    """A route that reads JSON, and JSON only, by ReadingRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the request."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handle_reading(request: Request) -> Response:
            if takes_body and media_type(request) != "application/json":
                raise HTTPException(415, "The body must be JSON, sent as 'Content-Type: application/json'.")
            return await handle(ReadingRequest(request.scope, request.receive))

        return handle_reading


def media_type(request: Request) -> str:
    """Give the body's media type without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def storable(text: str) -> str:
    """Replace what neither UTF-8 nor SQLite can hold by U+FFFD, one for one."""
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _read_json(body: bytes) -> Any:  # noqa: ANN401  # JSON is any
    try:
        return _storable_all(json.loads(body))
    except json.JSONDecodeError as error:
        raise HTTPException(400, f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except UnicodeDecodeError:
        raise HTTPException(400, "The body is not UTF-8.") from None
    except (RecursionError, ValueError):
        raise HTTPException(400, "The body is JSON that is nested too deeply or has a number too long.") from None


def _storable_all(value: Any) -> Any:  # noqa: ANN401  # JSON is any
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable_all(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): _storable_all(item) for name, item in value.items()}
    return value
