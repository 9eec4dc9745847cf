"""Compares keys in constant time, makes and knows signed cookies, and slows those who guess."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from index.errors import BadSettings, Overloaded
from ui.keys import Key, KeyFile, digest_of

LOG = logging.getLogger(__name__)
COOKIE_SECONDS = 30 * 24 * 3600
MOST_ADDRESSES = 10_000
"""Addresses are cheap to invent; no more than so many are remembered."""
OWNER = "main"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request: the holder of a key, or whoever comes where none is needed."""

    name: str | None
    """The key's name; None where no key is needed."""
    identity: str | None
    """What the key owns things by, the same for its whole life; None where no key is needed."""
    per_minute: int | None = None
    """A limit of its own on requests other than reading."""
    uploads_mb: int | None = None
    """A limit of its own on the size of an upload."""


ANYBODY = Visitor(None, None)


class Keyring:
    """The server's own key and the named ones, which may change at any moment."""

    def __init__(
        self,
        key: str | None,
        file: KeyFile | None = None,
        guesses: int = 10,
        window: float = 60.0,
        *,
        always: bool = False,
    ) -> None:
        self._own = () if key is None else (_own(key),)
        self._file = file
        self._guesses = guesses
        self._window = window
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._needed = always or bool(self._own)
        """Once a key was needed, it stays so: a file that vanishes opens nothing."""

    @property
    def lets_in(self) -> bool:
        """Whether there is a key that lets anybody in."""
        return bool(self._valid())

    @property
    def needed(self) -> bool:
        """Whether nobody comes in without a key: one is set, or was ever made."""
        if not self._needed:
            self._needed = bool(self._named()) or (self._file is not None and self._file.path.exists())
        return self._needed

    def fits(self, given: str, client: str) -> Visitor | None:
        """Find whose key `client` sent; None for a wrong one. Raises Overloaded after too many wrong ones."""
        client = _neighbourhood(client)
        now = time.monotonic()
        recent = [when for when in self._failures.get(client, ()) if now - when < self._window]
        if len(recent) >= self._guesses:
            wait = max(1, round(self._window - (now - recent[0])))
            raise Overloaded("Too many wrong keys came from this address.", f"Wait {wait} s.", retry_after=wait)
        key = self._holder(digest_of(given))
        if key is not None:
            self._failures.pop(client, None)
            return _visitor(key)
        self._failures[client] = [*recent, now]
        self._failures.move_to_end(client)
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)
        return None

    def cookie(self, visitor: Visitor) -> str:
        """Make a cookie's value: when it ends, whose it is, a random part, and all signed by that key's hash."""
        key = self._known(visitor.identity or "")
        if key is None:
            raise BadSettings("There is no such key any more.", "Log in with another one.")
        body = f"{int(time.time()) + COOKIE_SECONDS}.{key.identity}.{secrets.token_urlsafe(12)}"
        return f"{body}.{_sign(key, body)}"

    def of_cookie(self, value: str) -> Visitor | None:
        """Find whose cookie it is; None where it is not ours, has ended, or its key was revoked."""
        body, _, signature = value.rpartition(".")
        ends, _, rest = body.partition(".")
        key = self._known(rest.partition(".")[0])
        if key is None or not hmac.compare_digest(signature.encode(), _sign(key, body).encode()):
            return None
        return _visitor(key) if ends.isdecimal() and int(ends[:20]) > time.time() else None

    def _named(self) -> tuple[Key, ...]:
        if self._file is None:
            return ()
        try:
            return self._file.all()
        except BadSettings:
            LOG.exception("The named keys cannot be read; nobody is let in by one.")
            return ()

    def _valid(self) -> tuple[Key, ...]:
        return (*self._own, *(key for key in self._named() if key.valid))

    def _holder(self, digest: str) -> Key | None:
        """Compare with every key, so that the time tells nothing about which one was near."""
        found = [key for key in self._valid() if hmac.compare_digest(key.digest, digest)]
        return found[0] if found else None

    def _known(self, identity: str) -> Key | None:
        return next((key for key in self._valid() if key.identity == identity), None)


def _own(key: str) -> Key:
    """Make a key of the setting. People choose it, so its identity is a slow hash: it is stored beside what it owns."""
    return Key(OWNER, identity_of(key), digest_of(key), "")


def identity_of(key: str) -> str:
    """Give what the setting's key owns things by."""
    slow = hashlib.scrypt(key.encode(), salt=b"dossier identity", n=2**14, r=8, p=1, dklen=8)
    return f"o_{slow.hex()}"


def _visitor(key: Key) -> Visitor:
    return Visitor(key.name, key.identity, key.per_minute, key.uploads_mb)


def _sign(key: Key, body: str) -> str:
    mac = hmac.new(f"dossier cookie {key.digest}".encode(), body.encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")


def _neighbourhood(client: str) -> str:
    """Take the addresses of one IPv6 network, which one person has by the billion, for one."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
