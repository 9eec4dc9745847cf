"""What the page's events may carry: plain values. Gradio would copy or fetch whatever file or address it is told of."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILE = "gradio.FileData"
REFUSED = {"type": "bad_input", "message": "The page takes no files.", "hint": "Send them to POST /v1/documents."}


def without_files(gradio: ASGIApp) -> ASGIApp:
    """Pass a request on unless a value in it stands for a file: those go to the HTTP interface."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        if _names_a_file(body):
            await JSONResponse({"error": REFUSED}, 422)(scope, receive, send)
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await gradio(scope, again, send)

    return answer


def _names_a_file(body: bytes) -> bool:
    try:
        return _holds_file(json.loads(body)) if body else False
    except (ValueError, RecursionError):
        return True  # what cannot be read is not passed on


def _holds_file(value: Any) -> bool:  # noqa: ANN401  # JSON is any
    if isinstance(value, dict):
        return value.get("_type") == FILE or any(_holds_file(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_file(inner) for inner in value)
