"""A real server over a real shelf, with people who ask it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from running import Running

from index.config import IndexConfig
from index.records import Source
from index.shelf import Shelf
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from ui.config import Config

BRIDGE = "The Varnholt bridge was lifted on 3 May by the Brennick crane. It had rusted for nineteen winters."
FERRY = "The Skarrow ferry is to run until June at a fare of 12 crowns. Tickets for children are free."


class Library:
    """A server, its shelf, and clients: browsers with a cookie of their own, programs with a key or nothing."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.data = data
        self.config = Config(data=data, page=False, **settings)
        self.shelf = Shelf.open(IndexConfig(data=data), FakeEmbedder())
        self.server = Running(Rag(self.shelf, FakeReranker(), self.config), self.config)
        self.address = self.server.address
        self._clients: list[httpx.Client] = []

    def add(self, name: str, text: str, dossier: str = "default") -> str:
        """Add a text and give its document's id."""
        job = self.shelf.wait(self.shelf.add(dossier, [Source(name, f"upload:{name}", text=text)]).id, 20)
        assert job.state == "done", job
        return next(one.id for one in self.shelf.documents(dossier, None, 1000)[0] if one.name == name)

    def program(self, key: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._clients.append(httpx.Client(base_url=self.address, timeout=30, trust_env=False, headers=headers))
        return self._clients[-1]

    def browser(self) -> httpx.Client:
        """Open the page once, as a browser does: it brings the cookie."""
        client = self.program()
        client.get("/")
        return client

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.server.stop()


def ask(client: httpx.Client, question: str, **more: object) -> dict[str, Any]:
    reply = client.post("/v1/ask", json={"question": question, **more})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def compact(client: httpx.Client) -> None:
    """Compact, and wait until it is done."""
    job = client.post("/v1/admin/compact").json()["job"]
    until = time.monotonic() + 60
    while job["state"] in ("queued", "running") and time.monotonic() < until:
        time.sleep(0.02)
        job = client.get(f"/v1/jobs/{job['id']}").json()["job"]
    assert job["state"] == "done", job


def begin(client: httpx.Client, **body: object) -> str:
    reply = client.post("/v1/conversations", json=body) if body else client.post("/v1/conversations")
    assert reply.status_code == 201, reply.text
    return str(reply.json()["conversation"]["id"])


@contextmanager
def sqlite_rows(data: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Look into the library's file itself."""
    with closing(sqlite3.connect(data / "library.sqlite")) as connection:
        yield lambda statement: connection.execute(statement).fetchall()
