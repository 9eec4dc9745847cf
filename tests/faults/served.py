"""A server in a process of its own over a real library, with stand-ins for the models only.

`python -m tests.faults.served '{"data": ..., "page": ...}'` tells its address and serves until a signal comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from index.shelf import Shelf
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from ui.config import Config
from ui.server import serve

ROOT = Path(__file__).parents[2]


class Server:
    """The process, its address and what it says on standard error."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.port = int(address.rpartition(":")[2])
        self.log = log
        self.http = httpx.Client(base_url=address, timeout=30, trust_env=False)

    def outbound(self) -> str:
        """Tell whom the process wanted to reach beyond this machine."""
        return (self.log.parent / "outbound.txt").read_text()

    @property
    def memory(self) -> int:
        """The resident memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) // 1024

    def add(self, *texts: str, dossier: str = "default") -> list[str]:
        """Add texts as documents, wait until they can be found, and give their ids."""
        documents = [{"name": f"{number}.txt", "text": text} for number, text in enumerate(texts)]
        job = self.http.post("/v1/documents", json={"dossier": dossier, "documents": documents}).json()["job"]
        while job["state"] in ("queued", "running"):
            job = self.http.get(f"/v1/jobs/{job['id']}").json()["job"]
        assert job["state"] == "done", job
        return [one["id"] for one in self.http.get("/v1/documents", params={"dossier": dossier}).json()["documents"]]

    def well(self) -> bool:
        """Whether the process is up and answers."""
        return self.process.poll() is None and self.http.get("/health").status_code == 200


@contextmanager
def served(
    folder: Path, *, around: Sequence[str] = (), environment: Mapping[str, str] = {}, **settings: object
) -> Iterator[Server]:
    """Start it, `around` being a command that starts commands; it ends with the block."""
    data = {"data": str(folder / "data"), "port": 0, "page": False, **settings}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    log = folder / "log.txt"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*around, sys.executable, "-m", "tests.faults.served", json.dumps(data)],
            stdout=subprocess.PIPE, stderr=told, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), **environment},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address, log.read_text()
        server = Server(process, address, log)
        try:
            yield server
        finally:
            server.http.close()
    finally:
        process.terminate()
        try:
            process.wait(10)
        finally:
            process.kill()
            process.communicate()


def note_outbound(event: str, arguments: tuple[object, ...]) -> None:
    """Write down whoever is looked up or connected to beyond this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else "127.0.0.1"
    else:
        return
    if str(host) not in ("127.0.0.1", "localhost", "::1", "None"):
        with Path("outbound.txt").open("a") as told:
            told.write(f"{event} {host}\n")


def main() -> None:
    Path("outbound.txt").touch()
    sys.addaudithook(note_outbound)
    config = Config(**json.loads(sys.argv[1]))
    serve(
        config,
        lambda config, address: Rag(Shelf.open(config, FakeEmbedder(), address=address), FakeReranker(), config),
        lambda address, service: print(address, flush=True),
    )


if __name__ == "__main__":
    main()
