"""Between the server and Gradio: only the routes the page needs, its own assets, and the strictest policy that works.

Gradio starts itself by inline scripts. Their hashes are computed for each page that leaves, so that no other inline
script can run; `eval` is not needed as long as the page uses no `gr.HTML` and no `js=`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from urllib.parse import parse_qs

from gradio.routes import App
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.page import static, texts
from ui.page.frame import framed, head
from ui.page.values import without_files

READ = re.compile(
    r"/(?:config|theme\.css|favicon\.ico|manifest\.json|assets/[\w.-]+|static/(?:js|img)/[\w.-]+"
    r"|gradio_api/(?:queue/data|startup-events|heartbeat/\w+|theme\.css))?"
)
"""What Gradio may be asked for: no files, no proxy, no uploads (those go to the HTTP interface), no description."""
WRITE = re.compile(r"/gradio_api/(?:queue/join|cancel|reset)")
_CARDS = re.compile(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*?/>\s*", re.DOTALL)
_LANGUAGE = re.compile(r'<html([^>]*?) lang="[^"]*"')


class PageApplication:
    """Serves a Gradio application that was mounted after the server had started."""

    def __init__(self, gradio: App, opening: Callable[[str | None], str], told: Mapping[str, str]) -> None:
        self.gradio = gradio
        self.opening = opening
        """Tells which dossier is open first, where one of this name, or none, is wished for."""
        self.told = told
        """What the page's script has to know of the settings."""
        self.shelved = static.Shelved(gradio)
        self._lock = asyncio.Lock()
        self._life: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it to Gradio."""
        if scope["type"] != "http":
            return
        await self._start()
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) or "/"
        answer: ASGIApp
        if path == "/" and scope["method"] in ("GET", "HEAD"):
            answer = self._page
        elif scope["method"] in ("GET", "HEAD") and (own := static.own(path, _accepted(scope))) is not None:
            answer = own
        elif scope["method"] in ("GET", "HEAD") and self.shelved.has(path):
            answer = self.shelved
        elif scope["method"] in ("GET", "HEAD") and READ.fullmatch(path):
            answer = self.gradio
        elif scope["method"] == "POST" and WRITE.fullmatch(path):
            answer = without_files(self.gradio)
        else:
            answer = _nothing(path)
        await answer(scope, receive, send)

    async def _start(self) -> None:
        """Do what Gradio does when a server starts: this one was already running."""
        async with self._lock:
            if self._life is None:
                begun = asyncio.Event()
                self._life = asyncio.create_task(self._live(begun))
                await begun.wait()

    async def _live(self, begun: asyncio.Event) -> None:
        """Begin and end in one task, which ends with the server's event loop."""
        async with self.gradio.router.lifespan_context(self.gradio):
            self.gradio.get_blocks().run_startup_events()  # type: ignore[no-untyped-call]
            await self.gradio.get_blocks().run_extra_startup_events()  # type: ignore[no-untyped-call]
            self.gradio.startup_events_triggered = True
            begun.set()
            await asyncio.Event().wait()

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        status, _, body = await static.collected(self.gradio, {**scope, "headers": plain}, receive)
        t = texts.of_request((name.decode("latin-1"), value.decode("latin-1")) for name, value in plain)
        prefix = scope.get("root_path", "").rstrip("/")
        folder = f"{prefix}/page/{static.edition()}"
        dossier = self._dossier(scope)
        told = self.told if dossier is None else {**self.told, "dossier-open": dossier}
        ours = head(t, folder, static.SCRIPTS, told)
        page = framed(t, _CARDS.sub("", body.decode()).replace("<head>", f"<head>{ours}", 1))
        page = page.replace('href="/manifest.json"', f'href="{prefix}/manifest.json"')
        page = _LANGUAGE.sub(rf'<html\1 lang="{t.language}"', page, count=1)
        headers = {"content-security-policy": policy(page), "cache-control": "no-store"}
        answer = static.packed(page.encode(), _accepted(scope), "text/html", headers)
        answer.status_code = status
        await answer(scope, receive, send)

    def _dossier(self, scope: Scope) -> str | None:
        """Tell which dossier is open first; None where only the answer or conversation that is wished for knows."""
        wished = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return (
            None if "answer" in wished or "conversation" in wished else self.opening(wished.get("dossier", [None])[0])
        )


def policy(page: str) -> str:
    """Give the content security policy of a page: its own origin, and exactly its own inline scripts."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in _Scripts.of(page))
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


class _Scripts(HTMLParser):
    """Collects the text of inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    @classmethod
    def of(cls, page: str) -> list[str]:
        parser = cls()
        parser.feed(page)
        parser.close()
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _accepted(scope: Scope) -> str:
    return Headers(scope=scope).get("accept-encoding", "")


def _nothing(path: str) -> Response:
    error = {"type": "not_found", "message": f"There is nothing at {path[:200]!r}.", "hint": "See /docs."}
    return Response(json.dumps({"error": error}), 404, media_type="application/json")
