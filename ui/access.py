"""Who may come in: hosts, origins, keys, cookies and the size of a body, in one outermost layer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import BadSettings, DossierError, Overloaded, Refused, TooLarge

COOKIE = "dossier_session"
COOKIE_SECONDS = 30 * 24 * 3600
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OPEN_PATHS = ("/health", "/login")
SMALL_BODY = 8 * 1024 * 1024
"""More than any question with its history needs."""
UPLOAD_PATHS = ("/v1/documents", "/gradio_api/upload")


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


def check_binding(host: str, key: str | None) -> None:
    """Refuse to serve other machines without a key. Raises BadSettings."""
    if key is None and not is_loopback(host):
        raise BadSettings(
            f"Listening on {host!r} would let other machines in, and no key is set.",
            "Set DOSSIER_KEY to a secret of at least 12 characters, or leave host at 127.0.0.1.",
        )


def content_security_policy(path: str) -> str:
    """Give the strictest policy that the page at `path` works under."""
    common = "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    if path.startswith(("/v1/", "/health", "/ready", "/openapi.json")):
        return f"default-src 'none'; sandbox; {common}"
    if path.startswith("/docs"):  # Swagger UI styles elements inline and draws its icons from data: addresses
        return (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            f"connect-src 'self'; {common}"
        )
    return f"default-src 'none'; style-src 'unsafe-inline'; {common}"  # the chat page itself brings its own


class Keyring:
    """Compares keys in constant time, makes signed cookies, and slows those who guess."""

    def __init__(self, key: str | None, guesses: int = 10, window: float = 60.0) -> None:
        self._key = key
        self._guesses = guesses
        self._window = window
        self._failures: dict[str, list[float]] = {}
        self._identity = None if key is None else _identity(key)

    @property
    def needed(self) -> bool:
        """Whether a key is set at all."""
        return self._key is not None

    def fits(self, given: str, client: str) -> bool:
        """Compare a key that `client` sent. Raises Overloaded after too many wrong ones."""
        now = time.monotonic()
        recent = [when for when in self._failures.get(client, ()) if now - when < self._window]
        if len(recent) >= self._guesses:
            wait = max(1, round(self._window - (now - recent[0])))
            raise Overloaded("Too many wrong keys came from this address.", f"Wait {wait} s.", retry_after=wait)
        right = self._key is not None and hmac.compare_digest(_digest(given), _digest(self._key))
        if right:
            self._failures.pop(client, None)
        else:
            if len(self._failures) > 10_000:  # addresses are cheap to invent; never hold more than this
                self._failures.clear()
            self._failures[client] = [*recent, now]
        return right

    @property
    def identity(self) -> str | None:
        """What the key owns things by: a slow hash, for it is stored beside what it owns."""
        return self._identity

    def cookie(self) -> str:
        """Make the value of a cookie: when it ends, a random part, and both signed by the key."""
        body = f"{int(time.time()) + COOKIE_SECONDS}.{secrets.token_urlsafe(12)}"
        return f"{body}.{self._sign(body)}"

    def knows_cookie(self, value: str) -> bool:
        """Whether the cookie is one of ours and has not ended."""
        body, _, signature = value.rpartition(".")
        if not hmac.compare_digest(_digest(signature), _digest(self._sign(body))):
            return False
        ends = body.partition(".")[0]
        return ends.isdecimal() and int(ends) > time.time()

    def _sign(self, body: str) -> str:
        mac = hmac.new(f"dossier cookie {self._key}".encode(), body.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")


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
    open_paths: tuple[str, ...] = field(default=OPEN_PATHS)

    @classmethod
    def of(cls, host: str, key: str | None, hosts: Iterable[str], largest_upload: int) -> Rules:
        """Make the rules for a server on `host`: on loopback only its own names, against DNS rebinding."""
        further = frozenset(name.lower() for name in hosts)
        names = further | {*LOOPBACK, host.lower().strip("[]")} if is_loopback(host) else frozenset()
        return cls(Keyring(key), names, further, largest_upload)


class Gate:
    """The outermost layer, which every route passes, Gradio's too."""

    def __init__(self, app: ASGIApp, rules: Rules, refuse: Callable[[DossierError, Scope], ASGIApp]) -> None:
        self.app = app
        self.rules = rules
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # there are no websockets here
        headers = Headers(scope=scope)
        path: str = scope["path"]
        limit = self.rules.largest_upload if path in UPLOAD_PATHS else SMALL_BODY

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(raw=message["headers"])
                _add_headers(answer, path)
                if message["status"] == TooLarge.status and not _ends_soon(headers, limit):
                    answer["connection"] = "close"
            await send(message)

        try:
            self._check_host(headers)
            self._check_origin(scope["method"], headers)
            self._check_key(scope, headers)
            _check_length(headers, limit)
        except DossierError as error:
            await self.refuse(error, scope)(scope, receive, send_guarded)
            return
        await self.app(scope, _counted(receive, limit), send_guarded)

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

    def _check_key(self, scope: Scope, headers: Headers) -> None:
        keyring = self.rules.keyring
        state = scope.setdefault("state", {})
        state["identity"] = None
        if not keyring.needed or scope["path"] in self.rules.open_paths:
            return
        state["identity"] = keyring.identity
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given:
            if keyring.fits(given.strip(), client_of(scope)):
                return
            raise KeyNeeded("The key is wrong.", "Send the key that the server was started with.")
        value = cookie_in(headers)
        if value is None or not keyring.knows_cookie(value):
            raise KeyNeeded("A key is needed.", "Send it as 'Authorization: Bearer KEY', or log in at /login.")


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


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _identity(key: str) -> str:
    slow = hashlib.scrypt(key.encode(), salt=b"dossier identity", n=2**14, r=8, p=1, dklen=8)
    return f"o_{slow.hex()}"


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def _ends_soon(headers: Headers, limit: int) -> bool:
    """Whether a refused body is worth waiting for: a browser shows the reason only once it has sent all."""
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length[:20]) <= 4 * limit


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request is larger than {limit // 2**20} MB.", "Send fewer or smaller files at a time.")


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


def _add_headers(headers: MutableHeaders, path: str) -> None:
    headers.setdefault("content-security-policy", content_security_policy(path))  # the page knows its own best
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "same-origin"  # 'no-referrer' would make the login form's Origin "null"
    headers["x-frame-options"] = "DENY"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
    if path.startswith("/v1/"):
        headers.setdefault("cache-control", "no-store")
