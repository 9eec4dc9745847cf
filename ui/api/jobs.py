"""Jobs: how far adding is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response

from index.shelf import Shelf
from ui.api.replies import JobReply, JobsReply
from ui.wire import job_json

Id = Annotated[str, Path(max_length=200)]


def jobs(shelf: Shelf) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["Documents"])

    @router.get("/v1/jobs", responses={200: {"model": JobsReply}})
    def jobs() -> Response:
        """List all jobs."""
        return JSONResponse({"jobs": [job_json(job) for job in shelf.jobs()]})

    @router.get("/v1/jobs/{id}", responses={200: {"model": JobReply}})
    def job(id: Id) -> Response:
        """Tell how far a job is."""
        return JSONResponse({"job": job_json(shelf.job(id))})

    @router.delete("/v1/jobs/{id}", responses={200: {"model": JobReply}})
    def cancel(id: Id) -> Response:
        """Cancel a job; what it added already stays."""
        return JSONResponse({"job": job_json(shelf.cancel(id))})

    return router
