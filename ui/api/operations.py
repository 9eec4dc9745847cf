"""Whether the server is up, ready and well."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from index.shelf import Shelf
from ui.api.replies import DoctorReply, ReadyReply, UpReply
from ui.wire import health_json


def operations(shelf: Shelf) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["Operations"])

    @router.get("/health", responses={200: {"model": UpReply}})
    async def health() -> Response:  # answers even when all threads are taken
        """Tell that the process is up."""
        return JSONResponse({"status": "ok", "name": "dossier"})

    @router.get("/ready", responses={200: {"model": ReadyReply}, 503: {"model": ReadyReply}})
    def ready() -> Response:
        """Tell whether the indexes are in step with the library; asking works meanwhile."""
        is_ready, message = shelf.ready()
        return JSONResponse({"ready": is_ready, "message": message}, 200 if is_ready else 503)

    @router.get("/v1/admin/doctor", responses={200: {"model": DoctorReply}})
    def doctor() -> Response:
        """Examine every part."""
        return JSONResponse({"checks": [health_json(health) for health in shelf.doctor()]})

    return router
