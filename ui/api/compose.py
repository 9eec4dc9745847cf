"""The application of the HTTP interface, put together."""

from __future__ import annotations

from fastapi import FastAPI

from ui.api.asking import asking
from ui.api.conversations import answers, conversations, transfers
from ui.api.description import describe, description
from ui.api.documents import contents, documents
from ui.api.dossiers import dossiers
from ui.api.errors import catch_all
from ui.api.jobs import jobs
from ui.api.operations import operations, upkeep
from ui.api.pages import pages
from ui.api.replies import ErrorReply
from ui.openai.routes import dialect
from ui.service import Service

OWN_PATHS = ("/v1/", "/health", "/ready", "/metrics", "/openapi.json", "/docs", "/login", "/logout")
"""Where the interface answers; the page has the rest."""


def create_api(service: Service, version: str) -> FastAPI:
    """Make the application; the same routes whether the page is there or not."""
    app = FastAPI(
        title="Dossier",
        version=version,
        description="Answers questions about your own documents and proves every answer with exact citations.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": {"model": ErrorReply, "description": "What went wrong, and what mends it."}},
    )
    catch_all(app)
    app.include_router(asking(service))
    app.include_router(dialect(service))
    shelf = service.shelf
    for router in (
        documents(shelf, service.config),
        contents(shelf),
        pages(shelf),
        jobs(shelf),
        dossiers(shelf),
        conversations(shelf),
        transfers(shelf),
        answers(shelf),
        operations(shelf),
        upkeep(shelf, service.config),
        description(),
    ):
        app.include_router(router)
    describe(app)
    return app
