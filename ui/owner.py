"""Whose a request is: a key's, a browser's, or, on loopback and without either, the machine's own."""

from __future__ import annotations

import hashlib
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import cast

from pydantic import SecretStr
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.keyring import identity_of
from ui.keys import KeyFile, digest_of

BROWSER = "dossier_browser"
"""The cookie by which a browser is known again where no key is needed."""
BROWSER_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie; each visit of the page begins it anew."""
LOCAL = "local"
"""Who asks without a key and without a cookie: programs on this machine, the command line among them."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,64}")


class Owners:
    """The layer inside the gate that notes whose each request is, and gives browsers that open the page a cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the owner and pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        token = _token_in(Headers(scope=scope))
        cookie = ""
        if state.get("identity") is None and scope["method"] == "GET" and scope["path"] == "/":
            token = token or secrets.token_urlsafe(32)
            cookie = _cookie(token, secure=scope.get("scheme") == "https", path=scope.get("root_path") or "/")
        state["owner"] = _owner(state.get("identity"), token)

        async def send_known(message: Message) -> None:
            if cookie and message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"]).append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_known)


def owner_of(scope: Scope) -> str:
    """Give the owner that was noted for a request; routes and the page ask by it for what is kept."""
    return cast(str, scope.get("state", {}).get("owner", LOCAL))


def is_browser(owner: str) -> bool:
    """Whether someone is known by a browser's cookie alone: on a server that lets this machine in without a key."""
    return owner.startswith("browser:")


def owner_with_key(key: SecretStr | None, data: Path) -> str:
    """Give whose it is what a command asks over a data folder: the key's, or the machine's own. Raises BadSettings."""
    if key is None:
        return LOCAL
    words = key.get_secret_value()
    named = [one.identity for one in KeyFile(data).all() if one.valid and one.digest == digest_of(words)]
    return _owner(named[0] if named else identity_of(words), None)


def _owner(identity: str | None, token: str | None) -> str:
    if identity is not None:
        return f"key:{identity}"
    if token is not None:  # only its hash is stored: whoever reads a backup cannot come in by it
        return f"browser:{hashlib.sha256(token.encode()).hexdigest()[:32]}"
    return LOCAL


def _token_in(headers: Headers) -> str | None:
    for line in headers.getlist("cookie"):
        try:
            morsel = SimpleCookie(line).get(BROWSER)
        except CookieError:
            continue
        if morsel is not None and _TOKEN.fullmatch(morsel.value):
            return morsel.value
    return None


def _cookie(token: str, *, secure: bool, path: str) -> str:
    """Lax, not strict: a browser that follows a link to an answer must not be taken for a new one."""
    safe = "; Secure" if secure else ""
    return f"{BROWSER}={token}; Max-Age={BROWSER_SECONDS}; Path={path}; HttpOnly; SameSite=Lax{safe}"
