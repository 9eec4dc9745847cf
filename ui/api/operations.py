"""Whether the server is up, ready and well, and what keeps it so."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from index.errors import Conflict
from index.shelf import Shelf
from ui.api.given import ReadingRoute, ReindexGiven
from ui.api.replies import BackupReply, CompactedReply, DoctorReply, MendedReply, ReadyReply, ReindexedReply, UpReply
from ui.wire import backup_json, compacted_json, health_json


def operations(shelf: Shelf) -> APIRouter:
    """Make the routes that tell."""
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


def upkeep(shelf: Shelf, embedder: str) -> APIRouter:
    """Make the routes that do; each answers when it is done, and questions are answered meanwhile."""
    router = APIRouter(route_class=ReadingRoute, tags=["Operations"])

    @router.post("/v1/admin/backup", responses={200: {"model": BackupReply}})
    def backup() -> Response:
        """Write library and original files into an archive in the data folder's `backups`."""
        return JSONResponse({"backup": backup_json(shelf.back_up())})

    @router.post("/v1/admin/reindex", responses={200: {"model": ReindexedReply}})
    def reindex(given: ReindexGiven) -> Response:
        """Embed everything again by the server's embedder, and build the indexes anew."""
        if given.embedder not in (None, embedder):
            raise Conflict(
                f"This server embeds with {embedder}; it cannot change to {given.embedder} while it runs.",
                f"Stop it, run `dossier reindex --embedder {given.embedder}`, and start it with that setting.",
            )
        return JSONResponse({"mended": shelf.reindex()})

    @router.post("/v1/admin/compact", responses={200: {"model": CompactedReply}})
    def compact() -> Response:
        """Drop replaced versions and whatever removed documents left in any file."""
        return JSONResponse({"compacted": compacted_json(shelf.compact())})

    @router.post("/v1/admin/mend", responses={200: {"model": MendedReply}})
    def mend() -> Response:
        """Mend what can be mended from the library itself."""
        return JSONResponse({"done": list(shelf.mend())})

    return router
