"""Connections to public addresses only: resolved once, checked, pinned, and cut at a deadline."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, Queue
from threading import Thread
from typing import Any

import httpcore
import httpx

from index.errors import Refused

Resolver = Callable[[str, int], Sequence[str]]
Allows = Callable[[str], bool]

_TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0/96")
)
"""Addresses that carry another one inside: 6to4, Teredo, NAT64, compatible and mapped IPv4."""
_MOST_TRIED = 3


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    try:
        known = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if known.version == 6 and (known.is_site_local or any(known in tunnel for tunnel in _TUNNELS)):
        return False
    return known.is_global and not known.is_multicast and not known.is_reserved


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for a host's addresses, IPv4 first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return sorted(addresses, key=lambda address: ":" in address)


class PublicTransport(httpx.BaseTransport):
    """Carries httpx's requests over connections that are checked and end at a moment of `time.monotonic()`."""

    def __init__(self, deadline: float, resolver: Resolver = resolve, allows: Allows = is_public) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_PinnedBackend(deadline, resolver, allows),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; errors are httpcore's own."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        answer = self._pool.handle_request(
            httpcore.Request(request.method.encode(), url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _PinnedBackend(httpcore.NetworkBackend):
    def __init__(self, deadline: float, resolver: Resolver, allows: Allows) -> None:
        self._deadline = deadline
        self._resolver = resolver
        self._allows = allows
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._addresses(host, port)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            if not self._allows(address):
                raise Refused(
                    f"{host} lies at {address}, which is not a public address.", "Save the page and add the file."
                )
        for address in addresses[: _MOST_TRIED - 1]:
            try:
                return self._connected(address, port, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._connected(addresses[-1], port, local_address, socket_options)

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:  # noqa: ANN401 - never used
        raise httpcore.ConnectError("local sockets are not used")

    def _connected(
        self, address: str, port: int, local: str | None, options: Iterable[httpcore.SOCKET_OPTION] | None
    ) -> httpcore.NetworkStream:
        stream = self._system.connect_tcp(address, port, _left(self._deadline), local, options)
        return _Deadlined(stream, self._deadline)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve in a thread of its own: the system's resolver knows no deadline."""
        answers: Queue[Sequence[str] | Exception] = Queue()

        def ask() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=_left(self._deadline))
        except Empty:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
        if isinstance(answer, Exception):
            raise httpcore.ConnectError(f"{host} was not found") from answer
        return answer


class _Deadlined(httpcore.NetworkStream):
    """A stream on which every wait ends at the deadline, so that a trickle of bytes gains no time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Deadlined(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left
