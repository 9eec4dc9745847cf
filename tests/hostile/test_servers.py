"""Servers that lie, trickle, never end or send bombs: fetching ends in time, in little memory, with words."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import brotli
import pytest

from index.config import IndexConfig
from index.errors import DossierError
from index.load.fetch import fetch
from index.load.network import is_public
from tests.index.load.test_fetch import Answer, Server

SECONDS = 0.5
"""What a fetch is given here instead of twenty."""
OK, TEXT = b"HTTP/1.1 200 OK\r\n", b"Content-Type: text/plain\r\n"


def sends(*pieces: bytes, pause: float = 0.0) -> Answer:
    """Send these, the last one without end."""

    def answer(connection: socket.socket, _: str) -> None:
        for piece in pieces[:-1]:
            connection.sendall(piece)
        while pieces[-1]:
            connection.sendall(pieces[-1])
            time.sleep(pause)

    return answer


def packed(coding: bytes, body: bytes) -> Answer:
    head = OK + TEXT + b"Content-Encoding: " + coding + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    return sends(head + body, b"")


def moved(target: bytes) -> Answer:
    return sends(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n", b"")


def waits(connection: socket.socket, _: str) -> None:
    time.sleep(5 * SECONDS)


ZEROS = zlib.compress(bytes(200_000_000))
SERVERS: dict[str, Callable[[], Answer]] = {
    "says nothing": lambda: waits,
    "trickles its headers": lambda: sends(OK + b"X: ", b"x", pause=0.02),
    "trickles its body": lambda: sends(OK + TEXT + b"\r\n", b"x", pause=0.02),
    "has endless headers": lambda: sends(OK, b"X-A: " + b"a" * 1000 + b"\r\n"),
    "has one endless header": lambda: sends(OK + b"X: ", b"a" * 65_536),
    "has an endless first line": lambda: sends(b"HTTP/1.1 200 ", b"O" * 65_536),
    "sends a body without end": lambda: sends(OK + TEXT + b"\r\n", b"x" * 65_536),
    "sends pieces without end": lambda: sends(
        OK + TEXT + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    ),
    "sends tiny pieces without end": lambda: sends(
        OK + TEXT + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000
    ),
    "has endless trailers": lambda: sends(OK + TEXT + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
    "tells of a piece of 16 EB": lambda: sends(
        OK + TEXT + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"x" * 65_536
    ),
    "promises more than it sends": lambda: sends(OK + TEXT + b"Content-Length: 1000\r\n\r\nshort", b""),
    "promises 16 EB": lambda: sends(OK + TEXT + b"Content-Length: 18446744073709551616\r\n\r\n", b"x" * 65_536),
    "promises less than nothing": lambda: sends(OK + TEXT + b"Content-Length: -1\r\n\r\nx", b""),
    "promises two lengths": lambda: sends(OK + TEXT + b"Content-Length: 1\r\nContent-Length: 9\r\n\r\nx", b""),
    "always says to go on": lambda: sends(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "changes the protocol": lambda: sends(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", b"x" * 65_536
    ),
    "speaks no HTTP": lambda: sends(b"\x16\x03\x01" + bytes(500), b""),
    "packs a bomb": lambda: packed(b"deflate", ZEROS),
    "packs a bomb in a bomb": lambda: packed(b"gzip, gzip", gzip.compress(gzip.compress(bytes(200_000_000), 1))),
    "packs as nobody asked": lambda: packed(b"br", brotli.compress(bytes(200_000_000), quality=3)),
    "packs what never unpacks": lambda: sends(
        OK + TEXT + b"Content-Encoding: deflate\r\n\r\n\x78\x01", b"\0\0\0\xff\xff" * 10_000
    ),
    "packs what ends too early": lambda: packed(b"gzip", gzip.compress(b"text" * 100)[:-20]),
    "leads to itself": lambda: moved(b"/"),
    "leads to a longer name each time": lambda: (
        lambda connection, request: moved(request.split(" ")[1].encode() + b"/a")(connection, request)
    ),
    "leads to an address of 1 MB": lambda: moved(b"/" + b"a" * 1_000_000),
    "leads inside by a name that changes": lambda: moved(b"http://news.example:1/"),
    "calls a picture a text": lambda: sends(OK + TEXT + b"Content-Length: 8\r\n\r\n\x89PNG\r\n\x1a\n", b""),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def peak() -> int:
    """The most memory that this process has had since it was last forgotten, in MB; forgets it."""
    status = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@pytest.mark.parametrize("name", SERVERS)
def test_a_hostile_server_is_cut_in_time_and_in_little_memory(server: Server, name: str) -> None:
    answer = SERVERS[name]()

    def resolver(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.1" if port == 1 else "127.0.0.1"]

    def answers(connection: socket.socket, request: str) -> None:
        assert "Cookie" not in request
        answer(connection, request)

    server.answers = _Everywhere(answers)
    peak()
    before, began = peak(), time.monotonic()
    try:
        got = fetch(
            server.url("/"),
            IndexConfig(max_file_mb=1),
            seconds=SECONDS,
            resolver=resolver,
            allows=lambda address: address == "127.0.0.1" or is_public(address),
        ).content
        assert got == b"\x89PNG\r\n\x1a\n"  # its reader will say what it is
    except DossierError as error:
        said = str(error)
        assert len(said) < 600, said
    assert time.monotonic() - began < SECONDS + 4
    assert peak() - before < 60


class _Everywhere(dict[str, Answer]):
    """One answer for every path."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, path: str) -> Answer:
        return self._answer


def test_there_are_at_least_20() -> None:
    assert len(SERVERS) >= 20
