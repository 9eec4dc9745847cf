"""More clients than can be served: the queue is bounded, who does not fit is asked to come back, nothing breaks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.faults.served import Server, served

QUEUE = 4


@dataclass
class Load:
    """What the clients met."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """How long each question took that was answered."""
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, reply: httpx.Response, seconds: float, *, asked: bool) -> None:
        with self.lock:
            self.statuses[reply.status_code] += 1
            if asked and reply.status_code == 200:
                self.seconds.append(seconds)
            if reply.status_code not in (200, 202, 429) or (
                reply.status_code == 429 and int(reply.headers.get("retry-after", "0")) < 1
            ):
                self.wrong.append(f"{reply.status_code} {reply.text[:200]}")

    def late(self) -> float:
        """The 95th percentile."""
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]


def client(server: Server, load: Load, number: int, until: float, megabytes: int) -> None:
    """Ask, search, and in every tenth client upload, as fast as the answers come."""
    with httpx.Client(base_url=server.address, timeout=120, trust_env=False) as http:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            began = time.monotonic()
            if number % 10 == 0:
                content = (f"Text {number} {turn}. " + "It rained. " * 10).encode() + b" " * (megabytes * 2**20 - 200)
                reply = http.post(
                    "/v1/documents", files={"files": (f"{number}.txt", content)}, data={"dossier": "rain"}
                )
            elif number % 3 == 0:
                reply = http.post("/v1/search", json={"question": "When was the bridge lifted?"})
            else:
                body = {"question": f"When was the bridge lifted, {number}?", "stream": turn % 2 == 0}
                reply = http.post("/v1/ask", json=body)
            load.note(reply, time.monotonic() - began, asked=number % 10 != 0 and number % 3 != 0)


def press(server: Server, clients: int, seconds: float, megabytes: int) -> Load:
    load = Load()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=client, args=(server, load, number, until, megabytes)) for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert server.http.get("/health").status_code == 200  # answers although all workers are busy
        time.sleep(0.2)
    return load


def test_twenty_clients_at_once(tmp_path: Path) -> None:
    with served(tmp_path, workers=2, queue=QUEUE) as server:
        server.add("The bridge was lifted on 3 May 2024.\nIt cost 571 million crowns.")
        load = press(server, 20, 5, 1)
        assert load.wrong == []
        assert load.statuses[200] > 0
        assert load.statuses[429] > 0  # twenty do not fit into two workers and a queue of four
        assert server.http.post("/v1/ask", json={"question": "When was the bridge lifted?"}).status_code == 200
        assert "Traceback" not in server.log.read_text(), server.log.read_text()[-6_000:]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_clients_for_ten_minutes(tmp_path: Path) -> None:
    with served(tmp_path, workers=2) as server:
        server.add("The bridge was lifted on 3 May 2024.\nIt cost 571 million crowns.")
        idle, memory = press(server, 2, 10, 1), server.memory
        load = press(server, 100, 600, 50)
        statuses = dict(load.statuses)
        print(f"\n100 clients, 10 minutes: {statuses}; p95 {load.late():.3f} s, alone {idle.late():.3f} s")
        print(f"memory {server.memory} MB, before {memory} MB")
        assert load.wrong == []
        assert server.memory < 1.5 * memory + 300
