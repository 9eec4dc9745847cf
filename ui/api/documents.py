"""Adding, listing, correcting and deleting documents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from index.config import IndexConfig
from index.errors import StorageFull, UnknownFormat
from index.records import Job
from index.shelf import Shelf
from ui.api.errors import validated_by_hand
from ui.api.given import (
    CorrectionGiven,
    DocumentsGiven,
    EstimateGiven,
    MoveGiven,
    ReadingRequest,
    ReadingRoute,
    media_type,
)
from ui.api.replies import DocumentsReply, EstimateReply, JobReply, OneDocumentReply, TextReply
from ui.api.uploads import MOST_FILES, Upload, from_form, from_json
from ui.estimating import refuse_upload_without_room
from ui.wire import full_document_json, job_json

Id = Annotated[str, Path(max_length=200)]
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DocumentsGiven"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
                        "dossier": {"type": "string", "default": "default"},
                        "on_conflict": {"enum": ["replace", "keep_both", "fail"], "default": "replace"},
                        "metadata": {
                            "type": "array",
                            "items": {"type": "string", "contentMediaType": "application/json"},
                            "description": "One object a file: title, publisher, author, published, language.",
                        },
                        "sources": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "One a file, in their order; `upload:NAME` where left out.",
                        },
                    },
                }
            },
        },
    }
}


def documents(shelf: Shelf, config: IndexConfig) -> APIRouter:
    """Make the routes."""
    router = APIRouter(route_class=ReadingRoute, tags=["Documents"])

    @router.post("/v1/documents", status_code=202, responses={202: {"model": JobReply}}, openapi_extra=UPLOAD)
    async def add(request: Request) -> Response:
        """Queue documents; the job tells when they are durable and searchable."""
        kind = media_type(request)
        if kind == "application/json":
            body = await ReadingRequest(request.scope, request.receive).json()
            try:
                upload = from_json(DocumentsGiven.model_validate(body))
            except ValidationError as error:
                raise validated_by_hand(error) from None
            job = await run_in_threadpool(_add_all, shelf, upload)
        elif kind == "multipart/form-data":
            form = await _form_of(request)
            try:
                job = await run_in_threadpool(_add_all, shelf, from_form(form, config))
            finally:
                await form.close()
        else:
            raise UnknownFormat(
                f"The body is {kind[:60] or 'of no type'!r}.", "Send application/json or multipart/form-data."
            )
        return JSONResponse({"job": job_json(job)}, 202)

    @router.get("/v1/documents", responses={200: {"model": DocumentsReply}})
    def documents(
        dossier: Annotated[str, Query(max_length=200)] = "default",
        cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """List a dossier's documents in the order they were added."""
        page, following = shelf.documents(dossier, cursor, limit)
        return JSONResponse({"documents": [full_document_json(document) for document in page], "next": following})

    @router.get("/v1/documents/{id}", responses={200: {"model": OneDocumentReply}})
    def document(id: Id) -> Response:
        """Show a document."""
        return JSONResponse({"document": full_document_json(shelf.document(id))})

    @router.patch("/v1/documents/{id}", responses={200: {"model": OneDocumentReply}})
    def correct(id: Id, given: CorrectionGiven) -> Response:
        """Correct what is known about a document; it stays corrected when the document is replaced."""
        return JSONResponse({"document": full_document_json(shelf.correct(id, given.metadata()))})

    @router.delete("/v1/documents/{id}", status_code=204)
    def remove(id: Id) -> Response:
        """Delete a document: from now on it is in no new answer."""
        shelf.remove_document(id)
        return Response(status_code=204)

    return router


def _add_all(shelf: Shelf, upload: Upload) -> Job:
    """Queue what was sent. Raises StorageFull where the disk has no room for what comes of it."""
    refuse_upload_without_room(shelf, upload.sizes)
    shelf.create_dossier(upload.dossier)
    return shelf.add(upload.dossier, upload.sources, upload.on_conflict)


async def _form_of(request: Request) -> FormData:
    """Read the form; large files wait in the temporary folder. Raises StorageFull where that takes no more."""
    try:
        return await request.form(max_files=MOST_FILES, max_fields=MOST_FILES + 10)
    except OSError as error:
        while (await request.receive()).get("more_body"):
            pass  # who is still sending would not hear why
        reason = error.strerror or error
        raise StorageFull(
            f"The upload could not be put into the temporary folder ({reason}).", "Make room there, then send it again."
        ) from None


def contents(shelf: Shelf) -> APIRouter:
    """Make the routes to what a document holds and where its file lies."""
    router = APIRouter(route_class=ReadingRoute, tags=["Documents"])

    @router.post("/v1/documents/estimate", responses={200: {"model": EstimateReply}})
    def estimate(given: EstimateGiven) -> Response:
        """Judge what adding files will take of time and disk."""
        return JSONResponse({"estimate": asdict(shelf.estimate(given.sizes))})

    @router.post("/v1/documents/{id}/move", responses={200: {"model": OneDocumentReply}})
    def move(id: Id, given: MoveGiven) -> Response:
        """Tell that a document's file has another name or place; id, corrections and vectors stay."""
        return JSONResponse({"document": full_document_json(shelf.move(id, given.name, given.source))})

    @router.get("/v1/documents/{id}/text", responses={200: {"model": TextReply}})
    def text(id: Id, version: Annotated[str | None, Query(max_length=200)] = None) -> Response:
        """Give the text that offsets refer to, of the current or an older version."""
        shown = shelf.text(id, version)
        return JSONResponse({"id": id, "version": version or shelf.document(id).version, "text": shown})

    @router.get(
        "/v1/documents/{id}/file", responses={200: {"content": {"*/*": {}}, "description": "The file as it was added."}}
    )
    def file(id: Id) -> Response:
        """Download the original file."""
        content, kind, name = shelf.original(id)
        return Response(content, media_type=_safe(kind), headers={"content-disposition": attachment(name)})

    return router


def attachment(name: str) -> str:
    """Make a Content-Disposition that no browser opens in place, whatever the name holds."""
    last = name.replace("\\", "/").rpartition("/")[2] or "document"
    return f"attachment; filename*=UTF-8''{quote(last.encode('utf-8', 'replace'), safe='')}"


def _safe(kind: str) -> str:
    """Let a plain media type through, without parameters."""
    plain = kind.partition(";")[0].strip()
    return plain if plain.isascii() and plain.count("/") == 1 and plain.isprintable() else "application/octet-stream"
