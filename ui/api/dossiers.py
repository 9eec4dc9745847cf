"""Dossiers: making, renaming and deleting collections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response

from index.shelf import Shelf
from ui.api.given import ReadingRoute, RenameGiven, storable
from ui.api.replies import DossierReply, DossiersReply
from ui.wire import dossier_json

Name = Annotated[str, Path(max_length=200)]


def dossiers(shelf: Shelf) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["Dossiers"])

    @router.get("/v1/dossiers", responses={200: {"model": DossiersReply}})
    def dossiers() -> Response:
        """List all dossiers."""
        return JSONResponse({"dossiers": [dossier_json(dossier) for dossier in shelf.dossiers()]})

    @router.get("/v1/dossiers/{name}", responses={200: {"model": DossierReply}})
    def dossier(name: Name) -> Response:
        """Show a dossier."""
        return JSONResponse({"dossier": dossier_json(shelf.dossier(name))})

    @router.put("/v1/dossiers/{name}", responses={200: {"model": DossierReply}})
    def create(name: Name) -> Response:
        """Make a dossier, or give the one of that name."""
        return JSONResponse({"dossier": dossier_json(shelf.create_dossier(storable(name)))})

    @router.patch("/v1/dossiers/{name}", responses={200: {"model": DossierReply}})
    def rename(name: Name, given: RenameGiven) -> Response:
        """Rename a dossier; its id stays."""
        return JSONResponse({"dossier": dossier_json(shelf.rename_dossier(name, given.name))})

    @router.delete("/v1/dossiers/{name}", status_code=204)
    def remove(name: Name) -> Response:
        """Delete a dossier with all its documents."""
        shelf.remove_dossier(name)
        return Response(status_code=204)

    return router
