"""Conversations, kept answers and feedback: each person's own, and nobody else's."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from index.errors import UnknownFormat
from index.shelf import Shelf
from ui.api.documents import attachment
from ui.api.errors import validated_by_hand
from ui.api.given import (
    ConversationGiven,
    FeedbackGiven,
    ReadingRoute,
    TitleGiven,
    TurnsGiven,
    media_type,
    storable,
)
from ui.api.replies import (
    ConversationReply,
    ConversationsReply,
    ErasedReply,
    FeedbackReply,
    KeptAnswerReply,
    TurnsReply,
    WholeConversationReply,
)
from ui.conversations import Conversations
from ui.conversations_export import CONTENT_SECURITY_POLICY, Format, export
from ui.owner import owner_of
from ui.phrases import PHRASES
from ui.wire import conversation_json, feedback_json, turn_json

Id = Annotated[str, Path(max_length=200)]
BEGIN = {
    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ConversationGiven"}}}}
}


def conversations(shelf: Shelf) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["Conversations"])

    def mine(request: Request) -> Conversations:
        return Conversations(shelf, owner_of(request.scope))

    @router.post(
        "/v1/conversations", status_code=201, responses={201: {"model": ConversationReply}}, openapi_extra=BEGIN
    )
    async def begin(request: Request) -> Response:
        """Begin a conversation; a body is not needed."""
        title = await _title(request)
        begun = await run_in_threadpool(mine(request).begin, title)
        return JSONResponse({"conversation": conversation_json(begun)}, 201)

    @router.get("/v1/conversations", responses={200: {"model": ConversationsReply}})
    def listed(
        request: Request,
        q: Annotated[str, Query(max_length=500)] = "",
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """List your conversations, last used first; `q` leaves those in which each of its words occurs."""
        page, following = mine(request).page(storable(q), cursor, limit)
        return JSONResponse({"conversations": [conversation_json(one) for one in page], "next": following})

    @router.delete("/v1/conversations", responses={200: {"model": ErasedReply}})
    def erase(request: Request) -> Response:
        """Delete all your conversations and single answers."""
        return JSONResponse({"deleted": mine(request).delete_all()})

    @router.get("/v1/conversations/{id}", responses={200: {"model": WholeConversationReply}})
    def read(id: Id, request: Request) -> Response:
        """Give a conversation with every answer as it was given."""
        conversation, turns = mine(request).read(id)
        body = {"conversation": conversation_json(conversation), "turns": [turn_json(turn) for turn in turns]}
        return JSONResponse(body)

    @router.patch("/v1/conversations/{id}", responses={200: {"model": ConversationReply}})
    def rename(id: Id, given: TitleGiven, request: Request) -> Response:
        """Give a conversation another title."""
        return JSONResponse({"conversation": conversation_json(mine(request).rename(id, given.title))})

    @router.delete("/v1/conversations/{id}", status_code=204)
    def remove(id: Id, request: Request) -> Response:
        """Delete a conversation with its answers."""
        mine(request).delete(id)
        return Response(status_code=204)

    return router


def transfers(shelf: Shelf) -> APIRouter:
    """Make the routes by which conversations leave as a file and come from another library."""
    router = APIRouter(route_class=ReadingRoute, tags=["Conversations"])

    def mine(request: Request) -> Conversations:
        return Conversations(shelf, owner_of(request.scope))

    @router.post("/v1/conversations/{id}/turns", status_code=204)
    def bring(id: Id, given: TurnsGiven, request: Request) -> Response:
        """Add turns that were given in another library, in their order."""
        mine(request).bring([turn.kept() for turn in given.turns], id)
        return Response(status_code=204)

    @router.get(
        "/v1/conversations/{id}/export",
        responses={200: {"content": {"text/markdown": {}, "text/html": {}, "application/json": {}}}},
    )
    def exported(
        id: Id, request: Request, format: Format = "markdown", language: Literal["en", "de"] = "en"
    ) -> Response:
        """Give a conversation as a file: Markdown and a printable page with footnotes, or JSON.

        `language` is that of the file's fixed words; what was asked and answered stays as it is.
        """
        made = export(*mine(request).read(id), format, PHRASES[language])
        headers = {"content-disposition": attachment(made.name)}
        if format == "html":  # may be opened in place, to be printed: nothing in it can run or fetch
            headers = {
                "content-disposition": headers["content-disposition"].replace("attachment", "inline", 1),
                "content-security-policy": f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'; sandbox",
            }
        return Response(made.content, media_type=made.media_type, headers=headers)

    return router


def answers(shelf: Shelf) -> APIRouter:
    """Make the routes to single answers."""
    router = APIRouter(route_class=ReadingRoute, tags=["Conversations"])

    def mine(request: Request) -> Conversations:
        return Conversations(shelf, owner_of(request.scope))

    @router.get("/v1/answers", responses={200: {"model": TurnsReply}})
    def listed(
        request: Request,
        dossier: Annotated[str | None, Query(max_length=200)] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """List your answers, in conversations and out of them, newest first; those of a dossier if one is named."""
        page, following = mine(request).answers(dossier, cursor, limit)
        return JSONResponse({"turns": [turn_json(turn) for turn in page], "next": following})

    @router.post("/v1/answers", status_code=204)
    def bring(given: TurnsGiven, request: Request) -> Response:
        """Add answers that were given in another library, outside any conversation."""
        mine(request).bring([turn.kept() for turn in given.turns])
        return Response(status_code=204)

    @router.get("/v1/answers/{id}", responses={200: {"model": KeptAnswerReply}})
    def answer(id: Id, request: Request) -> Response:
        """Give an answer as it was given."""
        return JSONResponse(mine(request).answer(id).content)

    @router.delete("/v1/answers/{id}", status_code=204)
    def remove(id: Id, request: Request) -> Response:
        """Delete an answer."""
        mine(request).delete_answer(id)
        return Response(status_code=204)

    @router.post("/v1/answers/{id}/feedback", responses={200: {"model": FeedbackReply}})
    def judge(id: Id, given: FeedbackGiven, request: Request) -> Response:
        """Say whether an answer is good (1) or bad (-1), in place of what you said before."""
        return JSONResponse({"feedback": feedback_json(mine(request).feedback(id, given.rating, given.comment))})

    return router


async def _title(request: Request) -> str:
    """Read a body that may be absent."""
    if not await request.body():
        return ""
    if media_type(request) != "application/json":
        raise UnknownFormat("The body must be JSON.", "Send it as 'Content-Type: application/json', or no body.")
    try:
        return ConversationGiven.model_validate(await request.json()).title or ""
    except ValidationError as error:
        raise validated_by_hand(error) from None
