"""The routes for programs that speak OpenAI's dialect."""

from __future__ import annotations

from threading import Event as Flag
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ui.api.asking import asking_for, described, streamed, unless_gone
from ui.api.given import ReadingRoute
from ui.openai.given import ChatGiven, dossier_named
from ui.openai.replies import ChatReply, DialectErrorReply, ModelReply, ModelsReply
from ui.openai.wire import Chunks, Heading, completion_json, model_json
from ui.service import Service

CHUNKS: dict[str, Any] = {
    "model": ChatReply,
    "description": "The completion, or its chunks as server-sent events.",
    "content": {"text/event-stream": described()},
}
FAILED: dict[str, Any] = {"model": DialectErrorReply, "description": "What went wrong, and what mends it."}


def dialect(service: Service) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["OpenAI's dialect"], responses={"default": FAILED})
    shelf = service.shelf

    @router.get("/v1/models", responses={200: {"model": ModelsReply}})
    def models() -> Response:
        """List the dossiers as models."""
        return JSONResponse({"object": "list", "data": [model_json(dossier) for dossier in shelf.dossiers()]})

    @router.get("/v1/models/{model:path}", responses={200: {"model": ModelReply}})
    def model(model: Annotated[str, Path(max_length=200)]) -> Response:
        """Show a dossier as a model."""
        return JSONResponse(model_json(shelf.dossier(dossier_named(model))))

    @router.post("/v1/chat/completions", responses={200: CHUNKS})
    async def complete(given: ChatGiven, request: Request) -> Response:
        """Answer the last message from a dossier's documents; what is streamed is verified and final."""
        ask = given.to_ask()
        await run_in_threadpool(shelf.dossier, ask.dossier)  # no dossier, no answer, not even to a greeting
        heading, flag = Heading(given.model, str(request.base_url)), Flag()
        person = asking_for(service, request)
        if given.stream:
            return await streamed(person, ask, request, Chunks(heading, with_usage=given.with_usage))
        answer = await unless_gone(request, person.ask_async(ask, flag), flag)
        return JSONResponse(completion_json(heading, answer))

    return router
