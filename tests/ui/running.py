"""A real server on a free port of 127.0.0.1, in a thread."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import uvicorn
from stand_ins import FakeRag

from rag.pipeline import Rag
from ui.config import Config
from ui.server import Site
from ui.service import Service


class Running:
    """A real server on a free port of 127.0.0.1, in a thread."""

    def __init__(self, rag: FakeRag | Rag, config: Config) -> None:
        self.rag = rag
        self.service = Service(rag, config)
        self.site = Site(self.service, config)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        settings = uvicorn.Config(self.site.app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.thread.start()
        until = time.monotonic() + 10
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.01)
        self.http = httpx.Client(base_url=self.address, timeout=20, trust_env=False)

    def add(self, *texts: str, dossier: str = "default") -> list[str]:
        """Add texts as documents `0.txt`, `1.txt`... and give their ids."""
        documents = [{"name": f"{number}.txt", "text": text} for number, text in enumerate(texts)]
        self.job({"dossier": dossier, "documents": documents})
        return [document["id"] for document in self.http.get("/v1/documents").json()["documents"]]

    def job(self, body: dict[str, object]) -> dict[str, object]:
        """Add and wait for the job's end."""
        reply = self.http.post("/v1/documents", json=body)
        assert reply.status_code == 202, reply.text
        return self.ended(reply)

    def ended(self, reply: httpx.Response) -> dict[str, object]:
        id = reply.json()["job"]["id"]
        until = time.monotonic() + 10
        while time.monotonic() < until:
            job = self.http.get(f"/v1/jobs/{id}").json()["job"]
            if job["state"] in ("done", "failed", "cancelled"):
                return job
            time.sleep(0.01)
        raise AssertionError(f"the job {id} did not end")

    def stop(self) -> None:
        if isinstance(self.rag, FakeRag):
            self.rag.gate.set()
        self.http.close()
        self.server.should_exit = True
        self.thread.join(10)
        self.service.close()
        assert not self.thread.is_alive()
