"""Every error as `{"error": {"type", "message", "hint"}}`, never a stack trace."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from index.errors import BadInput, DossierError, Overloaded, ProgrammingError, StorageFull
from ui.openai.errors import dialect_status, speaks_dialect, translated
from ui.wire import error_json

LOG = logging.getLogger(__name__)
TYPES = {400: "bad_request", 404: "no_such_route", 405: "method_not_allowed", 413: "too_large", 415: "unknown_format"}
HINTS = {404: "The routes are listed at /docs.", 405: "The routes are listed at /docs."}

NO_MORE = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)
"""What the system says when it has no descriptors, no room or no memory left."""


def error_response(error: DossierError, path: str, param: str | None = None) -> JSONResponse:
    """Answer with the error's own status, in the dialect of the route."""
    headers = {}
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(error.retry_after)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return _reply(path, error_json(error), error.status, headers, param)


def bad_input(errors: Sequence[Mapping[str, Any]]) -> BadInput:
    """Say what pydantic found, about the first of its findings."""
    first = errors[0]
    path = [part for part in first["loc"] if part not in ("body", "query", "path")]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    reason = str(first["msg"]).removeprefix("Value error, ")
    found = first.get("input")
    shown = "" if found is None or isinstance(found, dict | list) else f" (found {_short(found)})"
    if first["type"] == "missing":
        shown = ""
    return BadInput(f"{name or 'The request'}: {reason}{shown}.", "What is expected is described at /docs.")


def validated_by_hand(error: ValidationError) -> BadInput:
    """Say what was wrong with a body that a route read itself."""
    return bad_input(error.errors(include_url=False))


def catch_all(app: FastAPI) -> None:
    """Translate whatever a route raises."""
    app.add_exception_handler(DossierError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OSError, _exhausted)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:  # Starlette awaits handlers
    assert isinstance(error, DossierError)  # noqa: S101  # what it is registered for
    if error.status == 500:
        LOG.error("A promise inside Dossier was broken.", exc_info=error)
    return error_response(error, request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    place = [str(part) for part in found[0]["loc"] if part != "body"]
    return error_response(bad_input(found), request.url.path, place[0] if place else None)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    headers = {"allow": ", ".join(_allowed(request))} if status == 405 else error.headers
    message = {404: f"There is no route {request.url.path!r}.", 405: f"{request.method} is not possible here."}
    told = {
        "type": TYPES.get(status, "bad_request"),
        "message": message.get(status, str(error.detail)),
        "hint": HINTS.get(status, ""),
    }
    return _reply(request.url.path, {"error": told}, status, headers)


async def _exhausted(request: Request, error: Exception) -> Response:
    """Say that the machine gives no more, wherever that was met; every other error of the system is unforeseen."""
    if isinstance(error, OSError) and error.errno in NO_MORE:
        mended = "Make room, or allow the process more open files, then try again."
        return error_response(StorageFull(f"The machine gives no more: {error.strerror}.", mended), request.url.path)
    LOG.error("Something inside failed.", exc_info=error)
    return await _unforeseen(request, error)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """Starlette logs the trace for whoever runs the server; the caller learns no more than this."""
    told = ProgrammingError("Something inside Dossier failed.", "The server's log says what; please report it.")
    return error_response(told, request.url.path)


def _reply(
    path: str,
    told: Mapping[str, Any],
    status: int,
    headers: Mapping[str, str] | None,
    param: str | None = None,
) -> JSONResponse:
    if speaks_dialect(path):
        return JSONResponse(translated(told, status, param), dialect_status(status), headers)
    return JSONResponse(told, status, headers)


def _allowed(request: Request) -> list[str]:
    """Give the methods that are described for a path; Starlette knows only those of its first route."""
    paths, asked = request.app.openapi()["paths"], request.url.path
    named = [paths[asked]] if asked in paths else []
    found = named or [methods for path, methods in paths.items() if compile_path(path)[0].match(asked)]
    return sorted({method.upper() for methods in found for method in methods})


def _short(found: object) -> str:
    shown = repr(found)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
