"""What leads from one route to another, for the description: where an id comes from that a route asks for."""

from __future__ import annotations

from typing import Any

LINKS = (
    ("post", "/v1/documents", "202", "job/id", ("/v1/jobs/{id}",)),
    ("get", "/v1/jobs", "200", "jobs/0/id", ("/v1/jobs/{id}",)),
    ("get", "/v1/documents", "200", "documents/0/id", ("/v1/documents/{id}", "/v1/documents/{id}/text")),
    ("post", "/v1/search", "200", "hits/0/document/id", ("/v1/documents/{id}/pages", "/v1/documents/{id}/file")),
    ("post", "/v1/ask", "200", "id", ("/v1/answers/{id}", "/v1/answers/{id}/feedback")),
    ("post", "/v1/conversations", "201", "conversation/id", ("/v1/conversations/{id}", "/v1/conversations/{id}/turns")),
    ("get", "/v1/conversations", "200", "conversations/0/id", ("/v1/conversations/{id}/export",)),
    ("get", "/v1/models", "200", "data/0/id", ("/v1/models/{model}",)),
    ("get", "/v1/dossiers", "200", "dossiers/0/name", ("/v1/dossiers/{name}",)),
)
"""A route, the status and the place in its reply, and the paths that take what stands there."""


def link(schema: dict[str, Any]) -> None:
    """Write the links into a description."""
    for method, path, status, place, targets in LINKS:
        reply = schema["paths"][path][method]["responses"][status]
        links = reply.setdefault("links", {})
        for target in targets:
            name = target.rpartition("{")[2].partition("}")[0]
            for operation in schema["paths"][target].values():
                takes = {"operationId": operation["operationId"], "parameters": {name: f"$response.body#/{place}"}}
                links[operation["operationId"]] = takes
