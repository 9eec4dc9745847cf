"""The server as people start it: from its start to the first answer, and its memory after some questions."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.sides import MODELS

IDLE_SECONDS = 10.0
"""How long nothing is asked before memory is read."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the server and its children have in memory, in MB."""

    proportional: float
    """What is shared is counted in parts (PSS): what the machine would get back."""
    resident: float
    """What is shared is counted in full by each (RSS)."""


@contextmanager
def server(data: Path) -> Iterator[tuple[int, httpx.Client]]:
    """Start the real server on a free port of loopback; give its process and a client, stop it in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"DOSSIER_DATA": str(data), "DOSSIER_MODELS": str(MODELS.resolve())}
    command = [sys.executable, "-c", "from ui.cli import main; main()", "serve", "--port", str(port)]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own server
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            yield running.pid, client
    finally:
        running.terminate()
        running.wait(60)


def first_answer(client: httpx.Client, dossier: str, question: str) -> float:
    """Ask again and again until the server answers; give the seconds since now."""
    began = time.perf_counter()
    while True:
        try:
            client.post("/v1/ask", json={"question": question, "dossier": dossier}).raise_for_status()
            return time.perf_counter() - began
        except httpx.TransportError:
            time.sleep(0.02)


def memory(process: int) -> Memory:
    """Read what a process and its children have in memory."""
    found = [0.0, 0.0]
    for one in [process, *_children(process)]:
        told = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines()
        sizes = {line.split(":")[0]: float(line.split()[-2]) * 1024 / 1e6 for line in told[1:]}
        found = [found[0] + sizes["Pss"], found[1] + sizes["Rss"]]
    return Memory(*found)


def _children(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for one in (task / "children").read_text(encoding="ascii").split():
            yield int(one)
            yield from _children(int(one))


def measured(data: Path, dossier: str, questions: Sequence[str]) -> dict[str, Any]:
    """Start the server, ask, let it rest, and read its memory."""
    with server(data) as (process, client):
        found: dict[str, Any] = {"first answer": first_answer(client, dossier, questions[0])}
        time.sleep(IDLE_SECONDS)
        found["started"] = memory(process).proportional
        for question in questions:
            client.post("/v1/ask", json={"question": question, "dossier": dossier}).raise_for_status()
        time.sleep(IDLE_SECONDS)
        asked = memory(process)
    return found | {"asked": asked.proportional, "asked, resident": asked.resident}
