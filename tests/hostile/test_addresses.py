"""80 addresses that lead inside: no connection to anything but a public address is ever begun."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from urllib.parse import quote

import pytest

from index.config import IndexConfig
from index.errors import DossierError
from index.load.fetch import fetch
from index.load.network import is_public

PRIVATE = (
    "127.0.0.1 127.1.2.3 10.0.0.1 172.16.5.4 192.168.0.1 169.254.169.254 100.64.1.1 0.0.0.0 198.18.0.1 192.0.0.1 "
    "203.0.113.5 224.0.0.5 255.255.255.255 [::1] [::] [fe80::1] [fc00::1] [fd00:ec2::254] [fec0::1] [ff02::1] "
    "[::ffff:127.0.0.1] [::ffff:169.254.169.254] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] "
    "[2001:db8::1] [0:0:0:0:0:0:0:1] [::ffff:7f00:1]"
).split()
WRITTEN_ODDLY = (
    "2130706433 0x7f000001 017700000001 127.1 127.0.1 0x7f.0.0.1 0177.0.0.1 127.0.0.1. localhost LOCALHOST localhost. "
    "①②⑦.0.0.1 127。0。0。1 0 00000000177.1 [::1%25lo] 127.0.0.1%00.news.example 127.0.0.1%2f.news.example"
).split()
NO_WEB = (
    "file:///etc/passwd file://localhost/etc/passwd ftp://127.0.0.1/a gopher://127.0.0.1:70/_x data:text/html,x "
    "dict://127.0.0.1/ ldap://127.0.0.1/ jar:http://127.0.0.1/a!/b javascript:alert(1) netdoc:///etc/passwd "
    "http://news.example@127.0.0.1/ http://127.0.0.1@news.example/ http://a:b@news.example/ http:///127.0.0.1/ "
    "http:127.0.0.1 //127.0.0.1/ http://127.0.0.1:0/ http://127.0.0.1:99999/ http://[::1 http://news.example:80:80/"
).split()
NAMES = {
    "inner.example": ["10.0.0.1"], "mixed.example": ["93.184.216.34", "127.0.0.1"], "meta.example": ["169.254.169.254"],
    "six.example": ["::1"], "mapped.example": ["::ffff:10.0.0.1"], "none.example": [], "odd.example": ["nonsense"],
    "local.example": ["fe80::1%lo"], "tunnel.example": ["2002:a00:1::"],
}  # fmt: skip
HOPS = ("http://127.0.0.1/", "http://inner.example/", "file:///etc/passwd", "//meta.example/latest")
ADDRESSES = [
    *(f"http://{host}/" for host in PRIVATE), *(f"http://{host}/" for host in WRITTEN_ODDLY), *NO_WEB,
    *(f"https://{name}/a" for name in NAMES), *(f"http://hop.example/?to={quote(hop)}" for hop in HOPS),
]  # fmt: skip


def test_there_are_eighty() -> None:
    assert len(set(ADDRESSES)) == 80


def test_eighty_addresses_that_lead_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        begun.append(address[0])
        raise ConnectionRefusedError(address)

    monkeypatch.setattr(socket, "create_connection", connect)

    def resolver(host: str, port: int) -> Sequence[str]:
        if host == "hop.example":
            return ["93.184.216.34"]
        if host in NAMES:
            return NAMES[host]
        if host == "news.example":
            return ["93.184.216.34"]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # as the system reads odd numbers
        return [str(entry[4][0]) for entry in found]

    for address in ADDRESSES:
        with pytest.raises(DossierError):
            fetch(address, IndexConfig(), seconds=2, resolver=resolver)
    assert [address for address in begun if not is_public(address)] == []
    assert set(begun) <= {"93.184.216.34"}


@pytest.mark.parametrize("hop", HOPS)
def test_a_public_page_that_leads_inside_is_refused_at_that_hop(hop: str) -> None:
    """The first hop is answered by a server here that stands for a public one."""
    reached: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {hop}\r\nConnection: close\r\n\r\n".encode())

        threading.Thread(target=answer, daemon=True).start()
        port = server.getsockname()[1]

        def allows(address: str) -> bool:
            reached.append(address)
            return is_public(address) or (address == "127.0.0.1" and len(reached) == 1)

        def resolver(host: str, port: int) -> Sequence[str]:
            return NAMES.get(host, ["127.0.0.1"])

        with pytest.raises(DossierError):
            fetch(f"http://hop.example:{port}/", IndexConfig(), seconds=5, resolver=resolver, allows=allows)
    assert reached[0] == "127.0.0.1"
    assert all(not is_public(address) for address in reached[1:])
