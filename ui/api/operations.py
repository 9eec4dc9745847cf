"""Whether the server is up, ready and well, and what keeps it so."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from index.errors import Conflict
from index.shelf import Shelf
from ui.api.given import ReadingRoute, ReindexGiven, SyncGiven
from ui.api.replies import JobReply, ReadyReply, UpReply
from ui.config import Config
from ui.syncing import begin_sync
from ui.wire import job_json


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

    return router


def upkeep(shelf: Shelf, config: Config) -> APIRouter:
    """Make the routes that do; each answers with a job, and questions are answered meanwhile."""
    router = APIRouter(route_class=ReadingRoute, tags=["Operations"])

    @router.get("/v1/admin/doctor", status_code=202, responses={202: {"model": JobReply}})
    def doctor() -> Response:
        """Examine every part."""
        return JSONResponse({"job": job_json(shelf.begin("doctor"))}, 202)

    @router.post("/v1/admin/backup", status_code=202, responses={202: {"model": JobReply}})
    def backup() -> Response:
        """Write library and original files into an archive in the data folder's `backups`."""
        return JSONResponse({"job": job_json(shelf.begin("backup"))}, 202)

    @router.post("/v1/admin/reindex", status_code=202, responses={202: {"model": JobReply}})
    def reindex(given: ReindexGiven) -> Response:
        """Split what an older splitter cut, embed everything again, and build the indexes anew."""
        if given.embedder not in (None, config.embedder):
            raise Conflict(
                f"This server embeds with {config.embedder}; it cannot change to {given.embedder} while it runs.",
                f"Stop it, run `dossier reindex --embedder {given.embedder}`, and start it with that setting.",
            )
        return JSONResponse({"job": job_json(shelf.begin("reindex"))}, 202)

    @router.post("/v1/admin/compact", status_code=202, responses={202: {"model": JobReply}})
    def compact() -> Response:
        """Drop replaced versions and whatever removed documents left in any file."""
        return JSONResponse({"job": job_json(shelf.begin("compact"))}, 202)

    @router.post("/v1/admin/mend", status_code=202, responses={202: {"model": JobReply}})
    def mend() -> Response:
        """Mend what can be mended from the library itself."""
        return JSONResponse({"job": job_json(shelf.begin("mend"))}, 202)

    @router.post("/v1/admin/sync", status_code=202, responses={202: {"model": JobReply}})
    def sync(given: SyncGiven) -> Response:
        """Make a dossier equal a folder of this machine that the settings allow.

        409 where more than half of its documents are gone from the folder, unless `yes` is sent.
        """
        job = begin_sync(shelf, config, Path(given.folder), given.dossier, given.ignore, yes=given.yes)
        return JSONResponse({"job": job_json(job)}, 202)

    return router
