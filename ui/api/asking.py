"""Asking and searching."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from threading import Event as Flag
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from index.errors import Cancelled, DossierError, ProgrammingError
from rag.answers import Ask, Event
from ui.api.given import AskGiven, ReadingRoute, SearchGiven
from ui.api.replies import AnswerReply, HitsReply
from ui.conversations import Asking, Conversations
from ui.owner import owner_of
from ui.service import Service
from ui.wire import Telling, hit_json

T = TypeVar("T")


EVENTS = ("passages", "statement", "text", "draft", "answer", "done", "error")


def described(*names: str) -> dict[str, Any]:
    """Describe a stream of events of these names, whose data is JSON."""
    told: dict[str, Any] = {"data": {"type": "string"}}
    if names:
        told["event"] = {"type": "string", "enum": list(names)}
    return {"itemSchema": {"type": "object", "required": [*told], "properties": told}}


def asking(service: Service) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["Asking"])

    @router.post(
        "/v1/ask",
        responses={
            200: {
                "model": AnswerReply,
                "description": "The answer, or its server-sent events.",
                "content": {"text/event-stream": described(*EVENTS)},
            }
        },
    )
    async def ask(given: AskGiven, request: Request) -> Response:
        """Answer a question from a dossier's documents, every statement with checked citations."""
        person = asking_for(service, request)
        if given.stream or "text/event-stream" in request.headers.get("accept", ""):
            return await streamed(person, given.to_ask(), request, Telling())
        flag = Flag()
        answer = await unless_gone(request, person.ask_async(given.to_ask(), flag), flag)
        return JSONResponse(answer.to_json())

    @router.post("/v1/search", responses={200: {"model": HitsReply}})
    async def search(given: SearchGiven, request: Request) -> Response:
        """Find passages, best first, without an answer."""
        began = time.perf_counter()
        found = service.search_async(
            given.question, given.dossier, given.filter.to_filter(), given.limit, given.per_document, given.rerank
        )
        hits = await unless_gone(request, found, Flag())
        took = round((time.perf_counter() - began) * 1000)
        return JSONResponse({"hits": [hit_json(hit) for hit in hits], "took": {"total_ms": took}})

    return router


def asking_for(service: Service, request: Request) -> Asking:
    """Ask for whoever sends the request: what is answered is kept for them."""
    return Asking(service, Conversations(service.shelf, owner_of(request.scope)))


class Teller(Protocol):
    """Puts the events of one answer into the words of a protocol."""

    def tell(self, event: Event) -> Iterator[str]:
        """Give the lines for one event."""
        ...

    def broke(self, error: DossierError) -> str:
        """Give the line for what went wrong after the start."""
        ...


async def streamed(asking: Asking, ask: Ask, request: Request, telling: Teller) -> Response:
    """Answer by server-sent events; an error before the first one still has its own status."""
    flag = Flag()
    events = await asking.stream_async(ask, flag)
    first = await unless_gone(request, anext(events), flag)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_told(first, events, telling), media_type="text/event-stream", headers=headers)


async def _told(first: Event, events: AsyncIterator[Event], telling: Teller) -> AsyncIterator[str]:
    try:
        for line in telling.tell(first):
            yield line
        async for event in events:
            for line in telling.tell(event):
                yield line
    except DossierError as error:
        yield telling.broke(error)
    except Exception:
        logging.getLogger(__name__).exception("An answer broke off.")
        failed = ProgrammingError("Something inside Dossier failed.", "The server's log says what; please report it.")
        yield telling.broke(failed)


async def unless_gone(request: Request, work: Awaitable[T], flag: Flag) -> T:
    """Await the work, and stop it when the caller closes the connection."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Cancelled("The caller closed the connection.")
        return task.result()
    finally:
        gone.cancel()
        if not task.done():
            flag.set()
            task.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
