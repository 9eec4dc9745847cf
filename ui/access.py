"""Who may come in: hosts, origins, keys, cookies and the size of a body, in one outermost layer."""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import BadSettings, DossierError, Refused, TooLarge
from ui.headers import add_headers
from ui.keyring import ANYBODY, Keyring, Visitor
from ui.keys import KeyFile
from ui.limits import Pace

if TYPE_CHECKING:
    from ui.config import Config

COOKIE = "dossier_session"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OPEN_PATHS = ("/health", "/login")
READING = ("GET", "HEAD", "OPTIONS")
SMALL_BODY = 8 * 1024 * 1024
"""More than any question with its history needs."""
OPEN_BODY = 64 * 1024
"""Of whoever has shown no key yet: many who send large ones at once would fill the memory."""
UPLOAD_PATHS = ("/v1/documents", "/gradio_api/upload")
REQUEST_ID = re.compile(r"[\w.-]{1,64}")
FORWARDED = (b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port", b"forwarded")
"""What only a proxy may say; Gradio would believe anybody."""


class KeyNeeded(Refused):
    """A request without the key."""

    type = "key_needed"
    status = 401


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def keyring_of(config: Config) -> Keyring:
    """Make the keyring that the settings and the data folder name."""
    key = config.key.get_secret_value() if config.key else None
    return Keyring(key, KeyFile(config.data), always=not is_loopback(config.host))


def check_binding(host: str, has_key: bool) -> None:
    """Refuse to serve other machines without a key. Raises BadSettings."""
    if not has_key and not is_loopback(host):
        raise BadSettings(
            f"Listening on {host!r} would let other machines in, and no key is set.",
            "Make one with `dossier keys add NAME` or set DOSSIER_KEY, or leave host at 127.0.0.1.",
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and how it ended, without anything that was said."""

    id: str
    """The request's own id, which its answer and every line of the log carry."""
    method: str
    route: str
    """The route's pattern; for the page's own files `page`."""
    status: int
    seconds: float
    client: str
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class Rules:
    """What the gate checks."""

    keyring: Keyring
    hosts: frozenset[str]
    """Host names that a request may be addressed to; empty means any."""
    proxies: frozenset[str]
    """Host names whose pages may use this server although it is addressed by another name."""
    largest_upload: int
    """The largest body of an upload, in bytes."""
    per_minute: int = 0
    """How many requests other than reading a caller without a limit of its own may send in a minute; 0: any number."""
    prefix: str = ""
    """The path under which a proxy shows this server, without a slash at its end."""
    open_paths: tuple[str, ...] = field(default=OPEN_PATHS)

    @classmethod
    def of(cls, host: str, keyring: Keyring, hosts: Iterable[str], largest_upload: int, **more: object) -> Rules:
        """Make the rules for a server on `host`: on loopback only its own names, against DNS rebinding."""
        further = frozenset(name.lower() for name in hosts)
        names = further | {*LOOPBACK, host.lower().strip("[]")} if is_loopback(host) else frozenset()
        return cls(keyring, names, further, largest_upload, **more)  # type: ignore[arg-type]  # passed on


class Gate:
    """The outermost layer, which every route passes, Gradio's too."""

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        refuse: Callable[[DossierError, Scope], ASGIApp],
        enter: Callable[[str, str], None] = lambda id, parent: None,
        leave: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        self.app = app
        self.rules = rules
        self.refuse = refuse
        self.enter = enter
        """Told a request's id and `traceparent` before anything else happens to it."""
        self.leave = leave
        """Told how it ended."""
        self.pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # there are no websockets here
        began = time.perf_counter()
        headers = Headers(scope=scope)
        id = _request_id(headers)
        self.enter(id, headers.get("traceparent", "")[:100])
        self._unprefix(scope)
        state = scope.setdefault("state", {})
        state |= {"visitor": ANYBODY, "identity": None}
        status = 499  # the caller went away before there was an answer

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message["headers"])["x-request-id"] = id
            await send(message)

        try:
            await self._admit(scope, headers, receive, send_marked)
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - began
            route, client = _route(scope), client_of(scope)
            self.leave(Exchange(id, scope["method"], route, status, seconds, client, state["visitor"]))

    async def _admit(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        limit = self.rules.largest_upload if path in UPLOAD_PATHS else SMALL_BODY
        if path in self.rules.open_paths:
            limit = OPEN_BODY

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(raw=message["headers"])
                add_headers(answer, path)
                unread = message["status"] == TooLarge.status and not _ends_soon(headers, limit)
                if unread or message["status"] == 500:  # the server closes after what nobody foresaw: say so
                    answer["connection"] = "close"
            await send(message)

        try:
            self._check_host(headers)
            self._check_origin(scope["method"], headers)
            visitor = self._visitor(scope, headers)
            if path in UPLOAD_PATHS and visitor.uploads_mb is not None:
                limit = min(limit, visitor.uploads_mb * 2**20)
            self._check_pace(scope, visitor)
            _check_length(headers, limit)
        except DossierError as error:
            await self.refuse(error, scope)(scope, receive, send_guarded)
            return
        scope["state"] |= {"visitor": visitor, "identity": visitor.identity}
        if not self.rules.proxies:
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in FORWARDED]
        await self.app(scope, _counted(receive, limit), send_guarded)

    def _unprefix(self, scope: Scope) -> None:
        """Take the prefix off, where the proxy did not, and tell the rest of it as `root_path`."""
        prefix = self.rules.prefix
        if not prefix:
            return
        if scope["path"] == prefix or scope["path"].startswith(f"{prefix}/"):
            scope["path"] = scope["path"][len(prefix) :] or "/"
            scope["raw_path"] = scope.get("raw_path", b"")[len(prefix) :] or b"/"
        scope["root_path"] = prefix

    def _check_pace(self, scope: Scope, visitor: Visitor) -> None:
        per_minute = visitor.per_minute or self.rules.per_minute
        if per_minute and scope["method"] not in READING and scope["path"] not in self.rules.open_paths:
            self.pace.count(visitor.identity or f"from {client_of(scope)}", per_minute)

    def _check_host(self, headers: Headers) -> None:
        host = host_name(headers.get("host", ""))
        if self.rules.hosts and host not in self.rules.hosts:
            raise Refused(
                f"This server does not answer for the host {host[:100]!r}.",
                "Use http://127.0.0.1, or add the name to the setting 'hosts'.",
            )

    def _check_origin(self, method: str, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(origin, headers.get("host", "")):
            raise Refused(f"Pages of {origin[:100]!r} may not use this server.", "Open Dossier's own page.")
        site = headers.get("sec-fetch-site", "none")
        visits = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("none", "same-origin") and not visits:
            raise Refused("Pages of another site may not use this server.", "Open Dossier's own page.")

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin.lower())
        except ValueError:
            return False
        return bool(parts.netloc) and (parts.netloc == host.lower() or parts.hostname in self.rules.proxies)

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor:
        """Tell who comes. Raises KeyNeeded, Overloaded."""
        keyring = self.rules.keyring
        if not keyring.needed or scope["path"] in self.rules.open_paths:
            return ANYBODY
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given:
            if visitor := keyring.fits(given.strip(), client_of(scope)):
                return visitor
            raise KeyNeeded("The key is wrong.", "Send one that this server gave out and did not revoke.")
        value = cookie_in(headers)
        visitor = keyring.of_cookie(value) if value is not None else None
        if visitor is None:
            raise KeyNeeded("A key is needed.", "Send it as 'Authorization: Bearer KEY', or log in at /login.")
        return visitor


def host_name(host: str) -> str:
    """Give the name of a Host header, without its port."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def client_of(scope: Scope) -> str:
    """Give the address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def cookie_in(headers: Headers) -> str | None:
    """Find our cookie's value."""
    for line in headers.getlist("cookie"):
        try:
            morsel = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if morsel is not None:
            return morsel.value
    return None


def _request_id(headers: Headers) -> str:
    """Take the id that a proxy gave the request, if it is harmless, else make one."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """Name the route by its pattern, which holds no one's names, and everything else by one word."""
    return str(getattr(scope.get("route"), "path", None) or "page")


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def _ends_soon(headers: Headers, limit: int) -> bool:
    """Whether a refused body is worth waiting for: a browser shows the reason only once it has sent all."""
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length[:20]) <= 4 * limit


def _too_large(limit: int) -> TooLarge:
    size = f"{limit // 2**20} MB" if limit >= 2**20 else f"{limit // 2**10} KB"
    return TooLarge(f"The request is larger than {size}.", "Send fewer or smaller files at a time.")


def _counted(receive: Receive, limit: int) -> Receive:
    """Stop reading a body that grows over the limit, whatever its declared length."""
    read = 0

    async def receive_counted() -> Message:
        nonlocal read
        message = await receive()
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > limit:
                error = _too_large(limit)
                raise HTTPException(error.status, error.message)
        return message

    return receive_counted
