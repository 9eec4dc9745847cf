"""Nobody beyond this machine is reached for, by us or by a library: seen from the system calls."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from tests.faults.served import served

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
HERE = re.compile(r'AF_UNIX|AF_NETLINK|AF_UNSPEC|inet_addr\("127\.|"::1"|"::ffff:127\.')


@needs_strace
@pytest.mark.timeout(300)
def test_a_server_with_its_page_reaches_for_nobody(tmp_path: Path) -> None:
    calls = tmp_path / "calls.txt"
    trace = ("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o", str(calls))
    with served(tmp_path, around=trace, page=True) as server:
        server.add("The bridge was lifted on 3 May 2024.\nIt cost 571 million crowns.")
        until = time.monotonic() + 120
        while "The page is starting" in server.http.get("/").text and time.monotonic() < until:
            time.sleep(0.2)
        page = server.http.get("/")
        assert "gradio" in page.text.lower()
        for path in ("/config", "/docs", "/openapi.json", "/ready"):
            assert server.http.get(path).status_code == 200
        assert server.http.get("/v1/admin/doctor").status_code == 202
        answer = server.http.post("/v1/ask", json={"question": "When was the bridge lifted?"}).json()
        assert answer["standing"] == "grounded"
        assert server.http.post("/v1/admin/backup").status_code == 202
        time.sleep(1)
        assert server.outbound() == ""
    told = calls.read_text().splitlines()
    reached = [line for line in told if re.search(r"\b(connect|sendto)\(", line) and "AF_" in line]
    assert [line for line in reached if not HERE.search(line)] == []


@needs_strace
def test_the_trace_sees_who_is_reached(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))"
    calls = tmp_path / "calls.txt"
    trace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o", str(calls)]
    subprocess.run([*trace, sys.executable, "-c", code], check=False, capture_output=True)
    assert [line for line in calls.read_text().splitlines() if "connect(" in line and not HERE.search(line)]
