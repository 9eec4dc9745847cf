from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Thread

import pytest

from index.config import IndexConfig
from index.errors import BadInput, Refused, TooLarge, UnreadableFile, UsageError
from index.load import read
from index.load.fetch import fetch
from index.load.network import is_public
from index.records import Source
from tests.index.load.made import ARTICLE, pdf_of_lines

Answer = Callable[[socket.socket, str], None]


class Server:
    """A server on loopback that answers as each test tells it and counts what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def says(self, path: str, body: bytes = b"", status: str = "200 OK", **headers: str) -> str:
        lines = [f"HTTP/1.1 {status}", *(f"{key.replace('_', '-')}: {value}" for key, value in headers.items())]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        self.answers[path] = lambda connection, _: connection.sendall(head + body)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://news.example:{self.port}{path}"

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65536).decode("latin-1")
            path = request.split(" ")[1]
            self.asked.append(request)
            self.answers[path](connection, request)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def _fetch(url: str, config: IndexConfig | None = None, seconds: float = 5, **hosts: Sequence[str]) -> Source:
    """Fetch with a resolver of our own; 127.0.0.1 alone is allowed besides public addresses."""
    known = {"news.example": ["127.0.0.1"], **{name.replace("_", "."): to for name, to in hosts.items()}}

    def resolver(host: str, port: int) -> Sequence[str]:
        if host not in known:
            raise OSError(host)
        return known[host]

    return fetch(
        url,
        config or IndexConfig(),
        seconds=seconds,
        resolver=resolver,
        allows=lambda address: address == "127.0.0.1" or is_public(address),
    )


def test_a_page_becomes_a_source_that_can_be_read(server: Server, config: IndexConfig) -> None:
    url = server.says("/2024/trade", ARTICLE.encode(), Content_Type="text/html; charset=utf-8")
    source = _fetch(f"{url}#part")
    assert (source.name, source.address) == ("trade.html", url)
    assert source.content is not None
    assert read(source.name, source.content, config).metadata.publisher == "The Post"
    assert "Cookie" not in server.asked[0]
    assert f"host: news.example:{server.port}" in server.asked[0].lower()


@pytest.mark.parametrize(
    ("path", "stated", "body", "name"),
    [
        ("/a.pdf", "application/octet-stream", b"%PDF-1.4 x", "a.pdf"),
        ("/download", "text/html", b"%PDF-1.4 x", "download.pdf"),
        ("/", "text/html", b"<p>x", "news.example.html"),
        ("/read.md", "text/plain", b"# x", "read.md"),
        ("/notes", "text/plain", b"x", "notes.txt"),
        ("/a%2F..%2Fb%00", "text/plain", b"x", "a_.._b_.txt"),
        ("/x.xhtml", "application/xhtml+xml", b"<p>x", "x.xhtml"),
    ],
)
def test_names_tell_the_format(server: Server, path: str, stated: str, body: bytes, name: str) -> None:
    assert _fetch(server.says(path, body, Content_Type=stated)).name == name


def test_an_encoding_that_only_the_header_states(server: Server, config: IndexConfig) -> None:
    body = "<p>Привет, мир</p>".encode("cp1251")
    source = _fetch(server.says("/a.html", body, Content_Type="text/html; charset=windows-1251"))
    assert read("a.html", source.content or b"", config).text == "Привет, мир"


def test_pdf_over_http(server: Server, config: IndexConfig) -> None:
    source = _fetch(server.says("/x", pdf_of_lines(["Overall trade grew."]), Content_Type="application/pdf"))
    assert "Overall trade grew." in read(source.name, source.content or b"", config).text


PRIVATE = (
    "127.0.0.1 127.8.9.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 "
    "224.0.0.1 240.0.0.1 255.255.255.255 192.0.2.1 198.18.0.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 "
    "fec0::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 "
    "2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1:: 2001:db8::1 localhost nonsense"
).split()


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "1.1.1.1"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "127.0.0.2"])
def test_a_private_address_is_refused_at_the_first_and_at_every_later_hop(server: Server, address: str) -> None:
    with pytest.raises(Refused, match="not a public address"):
        _fetch("http://inner.example/", inner_example=[address])
    with pytest.raises(Refused, match="not a public address"):
        _fetch("http://mixed.example/", mixed_example=["93.184.216.34", address])
    url = server.says("/a", status="302 Found", Location="http://inner.example:1/")
    with pytest.raises(Refused, match="not a public address"):
        _fetch(url, inner_example=[address])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_the_systems_own_resolver_is_checked_too(server: Server, host: str, config: IndexConfig) -> None:
    with pytest.raises(UsageError):
        fetch(f"http://{host}:{server.port}/", config, seconds=5)
    assert server.asked == []


def test_a_name_is_resolved_once_and_the_connection_pinned(server: Server) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    server.says("/", b"x", Content_Type="text/plain")
    assert (
        fetch(server.url("/"), IndexConfig(), resolver=rebinding, allows=lambda ip: ip == "127.0.0.1").content == b"x"
    )
    assert asked == ["news.example"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.org/a", "gopher://x.org/", "data:text/plain,x", "javascript:alert(1)",
        "//x.org/a", "x.org", "", "http://", "http://user:secret@x.org/", "http://news.example@127.0.0.1/", "http://x.org:99999/",
        "http://\0/", "http://[::1", "http://x y/",
    ],
)  # fmt: skip
def test_other_addresses_are_no_web_addresses(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        _fetch(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://news.example/", "http://a:b@news.example/", "http://["]
)
def test_redirects_to_other_kinds_of_addresses(server: Server, target: str) -> None:
    with pytest.raises(UsageError):
        _fetch(server.says("/", status="301 Moved", Location=target))


def test_redirects_are_counted(server: Server) -> None:
    for number in range(7):
        server.says(f"/{number}", status="302 Found", Location=f"/{number + 1}")
    server.says("/5", b"x", Content_Type="text/plain")
    assert _fetch(server.url("/0")).content == b"x"
    server.says("/5", status="302 Found", Location="/6")
    with pytest.raises(UnreadableFile, match="more than 5 times"):
        _fetch(server.url("/0"))


def _endless(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"[:-24] + b"\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_endless_and_packed_bodies_are_cut(server: Server) -> None:
    small = IndexConfig(max_file_mb=1)
    server.answers["/endless"] = _endless
    with pytest.raises(TooLarge, match="more than 1,000,000"):
        _fetch(server.url("/endless"), small)
    bomb = gzip.compress(b"\0" * 30_000_000)
    with pytest.raises(TooLarge):
        _fetch(server.says("/bomb", bomb, Content_Type="text/plain", Content_Encoding="gzip"), small)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_trickle_of_bytes_gains_no_time(server: Server, head: bytes) -> None:
    def trickle(connection: socket.socket, _: str) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    server.answers["/"] = trickle
    began = time.monotonic()
    with pytest.raises(UnreadableFile, match=r"within 0\.5 s"):
        _fetch(server.url("/"), seconds=0.5)
    assert time.monotonic() - began < 3


def test_a_resolver_that_hangs_is_cut() -> None:
    def hangs(host: str, port: int) -> Sequence[str]:
        time.sleep(2)
        return []

    began = time.monotonic()
    with pytest.raises(UnreadableFile, match="did not answer"):
        fetch("http://news.example/", IndexConfig(), seconds=0.3, resolver=hangs)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("status", "headers", "body", "message"),
    [
        ("404 Not Found", {}, b"", "answered 404"),
        ("200 OK", {"Content_Type": "image/png"}, b"x", "of type 'image/png'"),
        ("200 OK", {"Content_Type": "text/plain", "Content_Length": "1000"}, b"short", "could not be fetched"),
        ("200 OK", {"Content_Type": "text/plain", "Content_Encoding": "gzip"}, b"no gzip", "could not be fetched"),
        ("nonsense", {}, b"", "could not be fetched"),
    ],
)
def test_bad_answers_say_why(server: Server, status: str, headers: dict[str, str], body: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        _fetch(server.says("/", body, status, **headers))


def test_an_unknown_host_and_a_closed_port() -> None:
    with pytest.raises(UnreadableFile, match="could not be fetched"):
        _fetch("http://unknown.example/")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UnreadableFile, match="could not be fetched"):
        _fetch(f"http://news.example:{port}/")


def test_a_proxy_of_the_environment_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    with pytest.raises(Refused):
        _fetch("http://inner.example/", inner_example=["10.0.0.1"])
    assert server.asked == []
