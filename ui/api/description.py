"""The interface's description at /openapi.json and its documentation at /docs, all served from here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from pydantic.json_schema import models_json_schema

from index.errors import NotFound
from ui.api.given import ConversationGiven, DocumentsGiven
from ui.api.links import link

ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
START = """window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dossier: the HTTP interface</title><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="swagger"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body>
</html>
"""


def description() -> APIRouter:
    """Make the routes of the documentation."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs() -> Response:
        return HTMLResponse(PAGE)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(START, media_type="text/javascript")

    @router.get("/docs/{name}")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotFound(f"There is no file {name[:60]!r} in the documentation.", "Open /docs.")
        return FileResponse(_swagger() / name, media_type=ASSETS[name])

    return router


def describe(app: FastAPI) -> None:
    """Serve the description, with the models that a route reads by itself."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _, given = models_json_schema(
                [(DocumentsGiven, "validation"), (ConversationGiven, "validation")],
                ref_template="#/components/schemas/{model}",
            )
            schema["components"]["schemas"] |= given["$defs"]
            schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"key": []}, {}]
            link(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way

    @app.get("/openapi.json", include_in_schema=False)
    async def serve(request: Request) -> Response:
        prefix = str(request.scope.get("root_path", ""))
        return JSONResponse(app.openapi() | ({"servers": [{"url": prefix}]} if prefix else {}))


def _swagger() -> Path:
    """Find the folder of the Swagger UI files inside the package that carries them, which is not imported."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise NotFound("The documentation's files are not installed.", "Run: pip install fastapi-offline")
    return Path(spec.origin).parent / "static"
