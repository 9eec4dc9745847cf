"""A process that may open nothing more says so in words, and is well again once it may."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

import httpx
import pytest

from tests.faults.served import Server, served

ASKED = {"question": "When was the bridge lifted?"}
TYPED = (429, 503, 507)


def allow(server: Server, more: int) -> None:
    """Let the process have so many descriptors more than it has now."""
    pid = server.process.pid
    held = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - not of this process
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (held + more, 4096))


def requests(server: Server) -> list[httpx.Response]:
    """Ask, search, list, read, add and back up; a connection for which there is no descriptor left gives nothing."""
    wanted = [
        ("POST", "/v1/ask", {"json": ASKED}),
        ("POST", "/v1/search", {"json": ASKED}),
        ("GET", "/v1/documents", {}),
        ("POST", "/v1/documents", {"json": {"documents": [{"name": "new.txt", "text": "It rained."}]}}),
        ("POST", "/v1/documents", {"files": {"files": ("large.txt", b"It rained. " * 200_000)}}),
        ("POST", "/v1/admin/backup", {}),
        ("GET", "/v1/admin/doctor", {}),
    ]
    replies = []
    for method, path, content in wanted:
        with contextlib.suppress(httpx.TransportError):
            replies.append(server.http.request(method, path, timeout=10, **content))
    return replies


def test_without_descriptors_every_answer_is_typed_and_all_is_well_afterwards(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.add("The bridge was lifted on 3 May 2024.")
        whole = server.http.post("/v1/ask", json=ASKED).json()["text"]
        server.http.post("/v1/admin/backup")
        met: list[httpx.Response] = []
        for more in (0, 1, 2, 3, 5, 8, 13):
            allow(server, more)
            met += requests(server)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (1024, 4096))
            assert server.http.post("/v1/ask", json=ASKED).json()["text"] == whole
        for reply in met:
            assert reply.status_code < 500 or reply.status_code in TYPED, (reply.request.url, reply.text)
            if reply.is_error:
                assert set(reply.json()["error"]) == {"type", "message", "hint"}
        assert any(reply.is_error for reply in met)
        assert len(met) >= 35
        assert server.http.get("/v1/admin/doctor").status_code == 202
        assert server.http.get("/ready").status_code == 200
        assert server.well()


@pytest.mark.timeout(120)
def test_64_descriptors_and_more_clients_than_that(tmp_path: Path) -> None:
    around = ("sh", "-c", 'ulimit -n 64; exec "$0" "$@"')
    with served(tmp_path, around=around) as server:
        server.add("The bridge was lifted on 3 May 2024.")
        limits = httpx.Limits(max_keepalive_connections=100)
        crowd = [httpx.Client(base_url=server.address, timeout=0.3, trust_env=False, limits=limits) for _ in range(80)]
        try:
            met = [_status(one) for one in crowd]
        finally:
            for one in crowd:
                one.close()
        assert 200 in met
        assert not [status for status in met if status >= 500 and status not in TYPED], met
        server.http.close()
        server.http = httpx.Client(base_url=server.address, timeout=30, trust_env=False)
        assert server.http.post("/v1/ask", json=ASKED).json()["standing"] == "grounded"
        assert server.well()


def _status(http: httpx.Client) -> int:
    """Give the status, or 0 where there was no room even to say no; the connection stays open."""
    try:
        return http.get("/v1/documents").status_code
    except httpx.HTTPError:
        return 0
