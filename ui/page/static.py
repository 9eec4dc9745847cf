"""Files that never change under their name: our own assets, and Gradio's once they were asked for, kept in memory."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOR_EVER = "max-age=31536000, immutable"
STYLES = ("frame", "sources", "conversation", "reader", "narrow")
SCRIPTS = (
    "main", "dom", "places", "sources", "folders", "expected", "uploads", "models", "question", "talk", "kept", "cards",
    "reader", "pictures", "keys",
)  # fmt: skip
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_OWN = re.compile(r"/page/(?:(?P<edition>[0-9a-f]{16})/)?(?P<name>[\w-]+\.(?P<type>css|js|svg))")
_GRADIOS = re.compile(r"/assets/[\w.-]+\.(?P<type>js|css)")


@cache
def edition() -> str:
    """Name what our assets hold: a part of their sha256."""
    folder = resources.files("ui.page").joinpath("assets")
    sums = hashlib.sha256()
    for asset in sorted(folder.iterdir(), key=lambda one: one.name):
        sums.update(asset.name.encode() + b"\0" + asset.read_bytes())
    return sums.hexdigest()[:16]


def own(path: str, accepted: str) -> Response | None:
    """Give one of our assets; `page.css` is all style sheets in their order. None for what is none."""
    found = _OWN.fullmatch(path)
    content = _content(found["name"]) if found else None
    if found is None or content is None:
        return None
    lasting = FOR_EVER if found["edition"] == edition() else "no-cache"
    return packed(content, accepted, TYPES[found["type"]], {"cache-control": lasting})


def packed(content: bytes, accepted: str, media_type: str, headers: Mapping[str, str]) -> Response:
    """Give an answer, compressed where that is accepted."""
    told = {**headers, "vary": "accept-encoding"}
    if "gzip" not in accepted:
        return Response(content, headers=told, media_type=media_type)
    return Response(_gzipped(content), headers={**told, "content-encoding": "gzip"}, media_type=media_type)


@lru_cache(maxsize=64)
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


@cache
def _content(name: str) -> bytes | None:
    folder = resources.files("ui.page").joinpath("assets")
    if name == "page.css":
        return b"\n".join(folder.joinpath(f"{style}.css").read_bytes() for style in STYLES)
    asset = folder.joinpath(name)
    return asset.read_bytes() if asset.is_file() else None


class Shelved:
    """Gradio's own files, which carry a hash in their name: asked of Gradio once, then given from memory."""

    def __init__(self, gradio: ASGIApp) -> None:
        self._gradio = gradio
        self._kept: dict[tuple[str, str], tuple[dict[str, str], bytes]] = {}

    def has(self, path: str) -> bool:
        """Whether a path is of this kind."""
        return _GRADIOS.fullmatch(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
        key = (path, "br" if "br" in Headers(scope=scope).get("accept-encoding", "") else "")
        if key not in self._kept:
            status, headers, body = await collected(self._gradio, _whole(scope), receive)
            if status != 200:
                await Response(body, status, headers)(scope, receive, send)
                return
            kept = {name: headers[name] for name in ("content-type", "content-encoding") if name in headers}
            self._kept[key] = (kept | {"cache-control": FOR_EVER, "vary": "accept-encoding"}, body)
        headers, body = self._kept[key]
        await Response(b"" if scope["method"] == "HEAD" else body, headers=headers)(scope, receive, send)


async def collected(application: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, dict[str, str], bytes]:
    """Give an answer's status, headers and whole body."""
    status, headers, body = 500, dict[str, str](), bytearray()

    async def collect(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], dict(Headers(raw=message["headers"]))
        else:
            body.extend(message.get("body", b""))

    await application(scope, receive, collect)
    return status, headers, bytes(body)


def _whole(scope: Scope) -> Scope:
    """Ask for all of a file: a part of it, or word that it has not changed, is not to be kept."""
    asking = (b"range", b"if-range", b"if-none-match", b"if-modified-since")
    return {**scope, "method": "GET", "headers": [one for one in scope["headers"] if one[0] not in asking]}
