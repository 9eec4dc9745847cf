"""Logging in by a browser: a form for the key, then a cookie."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from index.errors import DossierError
from ui.access import COOKIE, KeyNeeded, client_of
from ui.api.errors import error_response
from ui.api.given import storable
from ui.keyring import COOKIE_SECONDS, Keyring

STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;
background:#f6f5f1;color:#1d2433}main{background:#fff;border:1px solid #d9d6cc;border-radius:10px;padding:2rem;
width:min(22rem,88vw)}h1{font-size:1.4rem;margin:0 0 .5rem}label{display:block;margin:1rem 0 .3rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.55rem .7rem;border-radius:6px;
border:1px solid #8b90a0}
button{margin-top:1rem;background:#1f3d7a;border-color:#1f3d7a;color:#fff;cursor:pointer}
:focus-visible{outline:3px solid #f0b429;outline-offset:2px}.wrong{color:#a3172c}
@media(prefers-color-scheme:dark){body{background:#14171f;color:#e8e6df}main{background:#1c212c;border-color:#343b4a}
input{background:#14171f;color:inherit}.wrong{color:#ff9aa8}button{background:#8fb0ff;border-color:#8fb0ff;color:#10131a}}"""


def login(keyring: Keyring) -> APIRouter:
    """Make the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def form(request: Request, next: str = "/") -> Response:
        return HTMLResponse(_form(next)) if keyring.needed else RedirectResponse(f"{_prefix(request.scope)}/", 303)

    @router.post("/login")
    async def enter(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
        onward = (fields.get("next") or ["/"])[0]
        try:
            visitor = keyring.fits((fields.get("key") or [""])[0].strip(), client_of(request.scope))
        except DossierError as error:
            return HTMLResponse(_form(onward, str(error)), error.status)
        if visitor is None:
            return HTMLResponse(_form(onward, "That is not the key."), 401)
        response = RedirectResponse(_prefix(request.scope) + _ours(onward), 303)
        response.set_cookie(
            COOKIE,
            keyring.cookie(visitor),
            COOKIE_SECONDS,
            path=_prefix(request.scope) or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post("/logout")
    async def leave(request: Request) -> Response:
        prefix = _prefix(request.scope)
        response = RedirectResponse(f"{prefix}/login", 303)
        response.delete_cookie(COOKIE, path=prefix or "/", httponly=True, samesite="strict")
        return response

    return router


def refuse(error: DossierError, scope: Scope) -> ASGIApp:
    """Answer someone who may not come in: a browser that opens a page is sent to the form."""
    opens_page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    if isinstance(error, KeyNeeded) and opens_page:
        return RedirectResponse(f"{_prefix(scope)}/login?next={quote(_asked(scope))}", 303)
    return error_response(error, str(scope["path"]))


def _prefix(scope: Scope) -> str:
    """Give the path under which a proxy shows this server."""
    return str(scope.get("root_path", "")).rstrip("/")


def _asked(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _ours(address: str) -> str:
    """Let only a path of this server through."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return quote(storable(address), safe="/?&=%") if is_path else "/"


def _form(onward: str, wrong: str = "") -> str:
    told = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Dossier: log in</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f'<h1>Dossier</h1><p>This server asks for its key.</p>{told}<form method="post" action="login">'
        '<label for="key">Key</label><input id="key" name="key" type="password" required autofocus '
        f'autocomplete="current-password"><input type="hidden" name="next" value="{escape(onward)}">'
        "<button>Log in</button></form></main></body></html>"
    )
