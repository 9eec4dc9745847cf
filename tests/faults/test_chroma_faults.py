"""A Chroma server behind a line with faults: what was acknowledged is found meanwhile, and lies there once after it."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.keep_vectors import STRIDE
from index.records import Source
from index.shelf import Shelf
from index.vectors_served import Served, Server
from tests.chroma_server import ChromaServer
from tests.fakes import FakeEmbedder
from tests.faults.served import served
from tests.soak.ledger import POINTS, SEED

PATIENCE = 240
FAULTS = ("refuses", "cuts the question", "cuts the answer", "answers 500", "answers nonsense", "is slow", "restarts")
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Line:
    """Passes bytes between Dossier and a server, with the fault of the moment."""

    def __init__(self, port: int) -> None:
        self.fault = ""
        self.struck = 0
        self._behind = port
        self._front = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.address = f"http://127.0.0.1:{self._front.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, fault: str) -> None:
        """Begin with a fault, also for connections that are open."""
        self.fault, self.struck = fault, 0
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._front.close()
        self.set("refuses")

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._pass, args=(self._front.accept()[0],), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        fault = self.fault
        self.struck += bool(fault)
        with near, suppress(OSError):
            if fault == "refuses":
                return
            self._open.add(near)
            if fault in ("answers 500", "answers nonsense"):
                near.recv(65_536)
                near.sendall(FAILED if fault == "answers 500" else os.urandom(500))
                return
            with socket.create_connection(("127.0.0.1", self._behind), 5) as far:
                self._open.add(far)
                back = threading.Thread(target=self._pump, args=(far, near, fault), daemon=True)
                back.start()
                if fault == "cuts the question":
                    far.sendall(near.recv(65_536)[:200])
                else:
                    self._pump(near, far, "")
                with suppress(OSError):
                    far.shutdown(socket.SHUT_RDWR)
                self._open.discard(far)
        self._open.discard(near)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, fault: str) -> None:
        with suppress(OSError):
            while more := source.recv(65_536):
                if fault == "is slow":
                    time.sleep(0.3)
                sink.sendall(more[:60] if fault == "cuts the answer" else more)
                if fault == "cuts the answer":
                    break
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[ChromaServer]:
    """A server that is this test's own: it is stopped and started again."""
    running = ChromaServer(tmp_path / "chroma")
    running.start()
    yield running
    running.stop()


def until(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def kept(server: ChromaServer, data: Path) -> list[str]:
    """Give the keys of all vectors that lie in the server."""
    with closing(Server(server.address, data)) as ours:
        collections = ours.client().list_collections()
        return [str(key) for one in collections for key in Served(ours, one).keys()]  # noqa: SIM118 - not a mapping


def try_faults(tmp_path: Path, behind: ChromaServer, faults: list[str]) -> int:
    """Add, remove and ask while each lasts; give how many times one struck."""
    line, struck, there = Line(behind.port), 0, 30
    config = IndexConfig(data=tmp_path / "data", chroma_from=20, chroma=line.address)

    def told(number: int) -> str:
        return f"The minister of region{number} said that trade number{number} grew."

    def add(shelf: Shelf, first: int, last: int) -> None:
        given = [Source(f"{n}.txt", f"upload:{n}", text=told(n)) for n in range(first, last)]
        assert shelf.wait(shelf.add("news", given).id, PATIENCE).state == "done"

    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, 0, there)
        until(lambda: shelf.ready()[0], "the server is filled")
        for fault in faults:
            line.set(fault)
            if fault == "restarts":
                behind.stop()
            add(shelf, there, there + 12)  # acknowledged: it must be found from now on
            there += 12
            for number in (0, there - 1):
                found = shelf.search("news", told(number)).by_meaning  # in few dimensions others are as near
                assert f"{number}.txt" in {hit.document.name for hit in found}, fault
            if fault == "restarts":
                behind.start()
            until(lambda: line.struck > 0, f"{fault} was met")
            struck += line.struck
            line.set("")
            until(lambda: shelf.ready()[0], f"after it {fault}: {shelf.ready()}")
        for number in range(0, there, 7):
            found = shelf.search("news", told(number)).by_meaning
            assert f"{number}.txt" in {hit.document.name for hit in found}
        keys = kept(behind, config.data)
        assert sorted(map(int, keys)) == list(range(1, len(keys) + 1))  # none doubled, no gap
        assert there - len(keys) <= STRIDE * there + 1  # the rest is searched beside it, as above
    line.close()
    return struck


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_faults_of_the_line_lose_and_double_nothing(
    tmp_path: Path, behind: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.upkeep.RETRY_SECONDS", 0.1)
    assert try_faults(tmp_path, behind, ["cuts the answer", "answers 500", "restarts"]) >= 3


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_many_faults_of_the_line_lose_and_double_nothing(
    tmp_path: Path, behind: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.upkeep.RETRY_SECONDS", 0.1)
    faults = random.Random(SEED).choices(FAULTS, k=POINTS)  # noqa: S311 - no secret
    print(f"\nChroma: {POINTS} faults, struck {try_faults(tmp_path, behind, faults)} times, seed {SEED}")


@pytest.mark.timeout(600)
def test_a_server_that_is_dead_at_the_start_keeps_nobody_from_asking(tmp_path: Path) -> None:
    behind = ChromaServer(tmp_path / "chroma")
    with served(tmp_path, chroma=behind.address, chroma_from=5) as server:
        server.add(*(f"The bridge {number} was lifted on {number + 1} May 2024." for number in range(8)))
        answer = server.http.post("/v1/ask", json={"question": "When was the bridge 3 lifted?"}).json()
        assert answer["standing"] == "grounded"
        assert "4 May 2024" in answer["text"]
        until(lambda: behind.address in server.http.get("/ready").text, "it is told")
        assert server.http.get("/ready").status_code == 503
        assert server.well()
        assert "Traceback" not in server.log.read_text()
