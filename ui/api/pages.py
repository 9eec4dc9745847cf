"""The pages of PDF documents as pictures, and where on them a quote stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, Response

from index.shelf import Shelf
from ui.api.given import ReadingRoute
from ui.api.replies import BoxesReply, PagesReply

Id = Annotated[str, Path(max_length=200)]
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "The page's picture."}}


def pages(shelf: Shelf) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["Documents"])

    @router.get("/v1/documents/{id}/pages", responses={200: {"model": PagesReply}})
    def sizes(id: Id) -> Response:
        """Give the size of each page of a PDF, in points."""
        return JSONResponse({"pages": [asdict(size) for size in shelf.pages.sizes(id)]})

    @router.get("/v1/documents/{id}/pages/{number}", responses=PICTURE)
    def picture(
        id: Id,
        number: Annotated[int, Path(ge=1, le=100_000)],
        width: Annotated[int, Query(ge=50, le=2000)] = 1000,
    ) -> Response:
        """Draw a page, about as many pixels wide as asked for."""
        drawn = shelf.pages.picture(id, number, width)
        return Response(drawn, media_type="image/png", headers={"cache-control": "private, max-age=600"})

    @router.get("/v1/documents/{id}/boxes", responses={200: {"model": BoxesReply}})
    def boxes(id: Id, start: Annotated[int, Query(ge=0)], end: Annotated[int, Query(ge=1)]) -> Response:
        """Give the rectangles that a span of the text fills on its pages; none where they cannot be found."""
        return JSONResponse({"boxes": [asdict(box) for box in shelf.pages.boxes(id, start, end)]})

    return router
