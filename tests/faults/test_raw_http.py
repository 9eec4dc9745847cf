"""Multipart bodies and ranges that no client library would send, over bare sockets."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field

import pytest

from tests.faults.served import Server

FORM = b"multipart/form-data; boundary=b"
DISPOSITION = b'Content-Disposition: form-data; name="files"; filename="a.txt"\r\n'


@dataclass(frozen=True)
class Raw:
    """A request as bytes; the path's `{id}` becomes a document's."""

    head: bytes = b""
    body: bytes = b""
    kind: bytes = FORM
    line: bytes = b"POST /v1/documents HTTP/1.1"
    length: bytes | None = None
    """What Content-Length says; the truth where not given, none where empty."""
    expected: frozenset[int] = field(default=frozenset({400, 413, 415, 422, 431}))

    def wire(self, host: bytes) -> bytes:
        length = str(len(self.body)).encode() if self.length is None else self.length
        lines = [self.line, b"Host: " + host, *([b"Content-Type: " + self.kind] if self.kind else [])]
        lines += [b"Content-Length: " + length] if length else []
        return b"\r\n".join([*lines, *([self.head] if self.head else []), b"Connection: close", b"", self.body])


def part(headers: bytes, content: bytes = b"x") -> bytes:
    return b"--b\r\n" + headers + b"\r\n" + content + b"\r\n"


def whole(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def ranged(value: bytes, path: bytes = b"/v1/documents/{id}/file") -> Raw:
    fine = frozenset({200, 206, 400, 404, 416, 431})
    return Raw(head=b"Range: " + value, kind=b"", line=b"GET " + path + b" HTTP/1.1", length=b"", expected=fine)


ASSET = b"/gradio_api/info"
ATTACKS = {
    "no file name": Raw(body=whole(part(b'Content-Disposition: form-data; name="files"\r\n'))),
    "no boundary": Raw(body=whole(part(DISPOSITION)), kind=b"multipart/form-data"),
    "an empty boundary": Raw(body=whole(part(DISPOSITION)), kind=b"multipart/form-data; boundary="),
    "another boundary": Raw(body=whole(part(DISPOSITION)), kind=b"multipart/form-data; boundary=c"),
    "a boundary of 50 KB": Raw(body=b"x", kind=b"multipart/form-data; boundary=" + b"b" * 50_000),
    "an empty body": Raw(),
    "no end": Raw(body=part(DISPOSITION)),
    "no disposition": Raw(body=whole(part(b"X-Other: 1\r\n"))),
    "no name": Raw(body=whole(part(b'Content-Disposition: form-data; filename="a"\r\n'))),
    "a header without a colon": Raw(body=whole(part(b"Content-Disposition form-data\r\n"))),
    "10,000 headers of a part": Raw(body=whole(part(DISPOSITION + b"X-A: 1\r\n" * 10_000))),
    "a header of 1 MB": Raw(body=whole(part(b"X-A: " + b"a" * 1_000_000 + b"\r\n" + DISPOSITION))),
    "a file name of 1 MB": Raw(body=whole(part(DISPOSITION.replace(b"a.txt", b"a" * 1_000_000)))),
    "100,000 fields": Raw(body=whole(part(b'Content-Disposition: form-data; name="sources"\r\n') * 100_000)),
    "2,000 files": Raw(body=whole(part(DISPOSITION) * 2_000)),
    "an unknown field": Raw(body=whole(part(b'Content-Disposition: form-data; name="a\xff"\r\n'))),
    "a part in a part": Raw(body=whole(part(b'Content-Disposition: form-data; name="files"\r\n', part(DISPOSITION)))),
    "a negative length": Raw(body=b"x", length=b"-5"),
    "a length of words": Raw(body=b"x", length=b"many"),
    "an endless length": Raw(body=b"x", length=b"9" * 40),
    "a length far over the limit": Raw(body=b"x", length=b"99999999999"),
    "two lengths": Raw(body=b"xx", head=b"Content-Length: 7"),
    "length and chunks": Raw(body=b"0\r\n\r\n", head=b"Transfer-Encoding: chunked", length=b"70"),
    "a chunk of no size": Raw(body=b"zz\r\nx\r\n0\r\n\r\n", head=b"Transfer-Encoding: chunked", length=b""),
    "a folded header": Raw(body=b"x", head=b"X-A: 1\r\n 2"),
    "a request line of 200 KB": Raw(line=b"GET /v1/documents?cursor=" + b"1" * 200_000 + b" HTTP/1.1", length=b""),
    "a header of 200 KB": Raw(head=b"X-A: " + b"a" * 200_000, line=b"GET /health HTTP/1.1", length=b""),
    "an unknown version": Raw(line=b"GET /v1/documents HTTP/abc", length=b""),
    "a range from behind": ranged(b"bytes=-99999999999999999999"),
    "a range backwards": ranged(b"bytes=9-1"),
    "a range of words": ranged(b"bytes=a-b"),
    "10,000 ranges": ranged(b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(10_000))),
    "2,000 ranges of the page's file": ranged(b"bytes=" + b"0-," * 2_000, ASSET),
}  # fmt: skip


def answered(server: Server, raw: Raw, id: str) -> tuple[int, float]:
    """Send the bytes; give the status and the seconds it took."""
    sent = raw.wire(f"127.0.0.1:{server.port}".encode()).replace(b"{id}", id.encode())
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        told = b""
        try:
            connection.sendall(sent)
            if raw.length:
                connection.shutdown(socket.SHUT_WR)  # nothing more comes, whatever was announced
            while more := connection.recv(65_536):
                told += more
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has seen enough before all was sent
    return int(told.split(b" ", 2)[1]) if told.startswith(b"HTTP/") else 0, time.monotonic() - began


@pytest.mark.parametrize("name", ATTACKS)
def test_a_malformed_request_is_refused_and_nothing_else_suffers(with_page: Server, name: str) -> None:
    (id, *_) = (one["id"] for one in with_page.http.get("/v1/documents").json()["documents"])
    before = with_page.memory
    status, seconds = answered(with_page, ATTACKS[name], id)
    cut = ATTACKS[name].length or len(ATTACKS[name].body) > 1_000_000  # the connection ended before all was sent
    assert status in ATTACKS[name].expected | ({0} if cut else set())
    assert seconds < 20
    assert with_page.memory - before < 150
    assert with_page.http.get("/health").status_code == 200


def test_there_are_at_least_25() -> None:
    assert len(ATTACKS) >= 25
