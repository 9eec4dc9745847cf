"""Our errors as OpenAI's clients expect them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PATHS = ("/v1/chat/", "/v1/models")
KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
CODES = {"not_found": "model_not_found", "key_needed": "invalid_api_key", "overloaded": "rate_limit_exceeded"}
"""Names by which clients know some of our types of error; the others keep their own."""


def speaks_dialect(path: str) -> bool:
    """Whether the route is one of those that answer in OpenAI's dialect."""
    return path.startswith(PATHS)


def translated(told: Mapping[str, Any], status: int, param: str | None) -> dict[str, Any]:
    """Give an error of ours; what mends it stands in the message, since clients show nothing else."""
    error = told["error"]
    kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    message = f"{error['message']} {error['hint']}".strip()
    return {
        "error": {"message": message, "type": kind, "param": param, "code": CODES.get(error["type"], error["type"])}
    }


def dialect_status(status: int) -> int:
    """Give the status by which clients know the error: they expect 400 for every bad value."""
    return 400 if status == 422 else status
