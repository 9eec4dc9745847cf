"""What the page fetches as it goes: lists, documents, pictures and suggestions, as HTML in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from index.records import Filter
from rag.writing import offered
from ui.conversations import Conversations
from ui.owner import owner_of
from ui.page import kept, pictures, reader, sources
from ui.page.markup import escape
from ui.page.suggestions import Suggestions
from ui.page.texts import Texts, of_request
from ui.service import Service
from ui.syncing import within
from ui.unwire import answer_of

Word = Annotated[str, Query(max_length=300)]
Id = Annotated[str, Query(max_length=200)]
Ids = Annotated[str, Query(max_length=20_000)]


def words(request: Request) -> Texts:
    """Choose the language of a request."""
    return of_request(request.headers.items())


T = Annotated[Texts, Depends(words)]


def rooms(service: Service) -> APIRouter:
    """Make the routes of sources and reader."""
    router = APIRouter(include_in_schema=False, prefix="/page")
    shelf = service.shelf

    @router.get("/sources")
    def listing(
        t: T,
        dossier: Word,
        search: Word = "",
        sort: Word = "added",
        publisher: Word = "",
        published_from: Word = "",
        published_to: Word = "",
        undated: bool = True,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        chosen = Filter(
            (), (publisher,) if publisher else (), published_from or None, published_to or None, undated=undated
        )
        return JSONResponse(sources.listing(t, shelf, sources.Wanted(dossier, search, sort, chosen, offset)))

    @router.get("/reader")
    def reading(
        t: T,
        document: Id,
        version: Id = "",
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int, Query(ge=0)] = 0,
        around: Annotated[str, Query(pattern=r"^(\d{1,12}-\d{1,12})?$")] = "",
        begin: Annotated[int | None, Query(ge=0)] = None,
        view: Literal["pages", "text"] = "pages",
    ) -> Response:
        low, _, high = around.partition("-")
        spot = reader.Spot(document, version or None, start, end, (int(low or 0), int(high or 0)), begin)
        return HTMLResponse(reader.reading(t, shelf, spot, as_text=view == "text"))

    @router.get("/models")
    def models() -> Response:
        """Name what may word an answer: what is set, and what is found on this machine now."""
        return JSONResponse({"models": offered(service.config)})

    @router.get("/folders")
    def folders() -> Response:
        """Name the folders that dossiers may be synced with, and those right inside them."""
        return JSONResponse({"folders": [str(one) for one in within(service.config.folders)]})

    @router.get("/correcting")
    def correcting(t: T, document: Id) -> Response:
        return HTMLResponse(reader.correcting(t, shelf.document(document)))

    @router.get("/removing")
    def removing(t: T, document: Id) -> Response:
        return HTMLResponse(reader.removing(t, shelf.document(document)))

    return router


def looking(service: Service) -> APIRouter:
    """Make the routes of conversations, suggestions and pictures."""
    router = APIRouter(include_in_schema=False, prefix="/page")
    shelf, suggestions = service.shelf, Suggestions(service)

    def mine(request: Request) -> Conversations:
        return Conversations(shelf, owner_of(request.scope))

    @router.get("/conversations")
    def conversations(t: T, request: Request, search: Word = "", cursor: Word = "", open: Id = "") -> Response:
        found, following = mine(request).page(search, cursor or None, kept.STEP)
        return JSONResponse({"rows": kept.rows(t, found, open), "following": following})

    @router.get("/starters")
    def starters(t: T, dossier: Word) -> Response:
        return HTMLResponse(_offered(t.try_these, suggestions.starters(dossier)))

    @router.get("/follow-ups")
    def follow_ups(t: T, request: Request, answer: Id) -> Response:
        return HTMLResponse(_offered(t.go_on, suggestions.follow_ups(answer_of(mine(request).answer(answer).content))))

    @router.get("/copy")
    def copied(t: T, request: Request, answer: Id, format: Literal["plain", "markdown", "html"]) -> Response:
        return JSONResponse({"text": kept.copied(t, answer_of(mine(request).answer(answer).content), format)})

    @router.get("/timeline")
    def timeline(t: T, dossier: Word, cited: Ids = "") -> Response:
        drawn = pictures.timeline(t, list(sources.every(shelf, dossier)), _ids(cited))
        return HTMLResponse(_picture(t.timeline, t.timeline_more, drawn, t.no_dates))

    @router.get("/map")
    def likeness(t: T, dossier: Word, cited: Ids = "") -> Response:
        drawn = pictures.likeness_map(t, *shelf.likeness(dossier), _ids(cited))
        return HTMLResponse(_picture(t.map, t.map_more, drawn, t.too_few))

    @router.get("/coverage")
    def coverage(t: T, rests: Ids = "", dossier: Word = "") -> Response:
        sentences = [tuple(filter(None, ids.split("."))) for ids in rests.split(";")][:60]
        wanted = {id for ids in sentences for id in ids}
        known = {document.id: document for document in sources.every(shelf, dossier) if document.id in wanted}
        return HTMLResponse(
            _picture(t.coverage, t.coverage_more, pictures.coverage(t, sentences, known), t.no_coverage)
        )

    return router


def _ids(listed: str) -> frozenset[str]:
    return frozenset(filter(None, listed.split(".")))


def _offered(heading: str, questions: Sequence[str]) -> str:
    if not questions:
        return ""
    rows = "".join(f'<li><a class="offer" href="#offer">{escape(question)}</a></li>' for question in questions)
    return f"<p>{heading}</p><ul>{rows}</ul>"


def _picture(heading: str, more: str, drawn: str, none: str) -> str:
    body = f'<p class="none">{more}</p>{drawn}' if drawn else f'<p class="none">{none}</p>'
    return f'<div class="picture-room"><h2 tabindex="-1" id="reading-title">{heading}</h2>{body}</div>'


def routers(service: Service) -> tuple[APIRouter, APIRouter]:
    """Make all of them."""
    return rooms(service), looking(service)
