"""What is hurt: works on a shelf that say what was acknowledged as soon as it was.

They speak through a socket, because a fault that hits `write` must not hit what they say.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index import adding, upkeep, vectors
from index.config import IndexConfig
from index.embed import Vector
from index.errors import DossierError, IndexDamaged
from index.records import Job, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

Edition = tuple[str, int]
DOCUMENTS = 20
PATIENCE = 60.0
GIVE_UP = 6.0
"""How long a worker waits for a job on a disk that fails."""
PROBE_SECONDS = 60
_mine: socket.socket | None = None


class OtherEmbedder(FakeEmbedder):
    """Of the same size, with other vectors."""

    name = "other"

    def __init__(self) -> None:
        super().__init__("other-32")

    def _vector(self, text: str) -> Vector:
        return np.roll(super()._vector(text), 5)


def live(mine: socket.socket, noise: str, work: str, arguments: Sequence[Any]) -> None:
    """Do one work as a process of its own."""
    global _mine
    _mine = mine
    os.dup2(os.open(noise, os.O_WRONLY | os.O_APPEND), 2)
    mine.recv(1)  # now whoever wants to look on does
    upkeep.DEBOUNCE_SECONDS = 0.02
    adding.RETRY_SECONDS = 1
    vectors.FLUSH_FROM = 10
    vectors._ask_child = _ask_fork  # type: ignore[assignment]
    module, _, name = work.rpartition(":")
    try:
        getattr(importlib.import_module(f"tests.soak.{module or 'worker'}"), name)(*arguments)
    except DossierError as error:
        say("error", f"{type(error).__name__}: {error}")
        os._exit(1)
    except BaseException as error:  # told, whatever it is
        import traceback

        say("broke", repr(error)[:2000], traceback.format_exc()[-3000:])
        os._exit(2)
    os._exit(0)  # without what the forking process left to do at its end


def say(*what: object) -> None:
    """Tell something to whoever looks on."""
    assert _mine is not None
    _mine.sendall((json.dumps([time.time(), *what]) + "\n").encode())


def hear() -> Iterator[str]:
    """Give the lines that whoever looks on says."""
    assert _mine is not None
    with _mine.makefile(encoding="utf-8") as said:
        yield from said


def _ask_fork(folder: Path, stop: threading.Event) -> bytes:
    """Probe as the product does, but in a fork, which has no import to pay for."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        assert _mine is not None
        _mine.close()
        signal.alarm(int(PATIENCE) * 4)
        try:
            os.write(write, json.dumps(vectors._look(folder)).encode())
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(write)
    answer = b""
    while ready := select.select([read], [], [], PROBE_SECONDS)[0]:
        if not (part := os.read(read, 1 << 16)):
            break
        answer += part
    if not ready:
        os.kill(child, signal.SIGKILL)  # as the product does with one that hangs
    os.close(read)
    status = os.waitpid(child, 0)[1]
    if status:
        raise IndexDamaged(f"Opening the vector index {folder} ended with {status}.")
    return answer


def content(name: str, edition: int) -> str:
    return "\n\n".join(
        f"Article {name} edition {edition} part {part} has word{name}x{edition}x{part}. "
        + f"The minister of {name}y{edition} spoke. " * 20
        for part in range(3)
    )


def source(name: str, edition: int) -> Source:
    text = content(name, edition)
    if int(name[1:]) % 2:
        return Source(f"{name}.txt", f"upload:{name}.txt", text=text)
    return Source(f"{name}.txt", f"upload:{name}.txt", content=text.encode())


def settings(folder: str | Path, chroma_from: int) -> IndexConfig:
    return IndexConfig(data=Path(folder), chroma_from=chroma_from)


def add(shelf: Shelf, *editions: Edition) -> Job:
    job = shelf.wait(shelf.add("news", [source(*one) for one in editions]).id, GIVE_UP)
    if not job.finished and not shelf.ready()[0]:  # the disk is full or broken: what is not acknowledged may be lost
        say("stuck", shelf.ready()[1])
        os._exit(3)
    job = shelf.wait(job.id, PATIENCE)
    assert job.finished, "a job hangs, and nobody says why"
    if not job.failed:
        say("done", editions)
    return job


def until_ready(shelf: Shelf, seconds: float = GIVE_UP) -> None:
    deadline = time.monotonic() + seconds
    while not shelf.ready()[0] and time.monotonic() < deadline:
        time.sleep(0.01)


def ingest(folder: str, chroma_from: int) -> None:
    """Twenty documents in four jobs, both indexes written after each."""
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        say("open", threading.get_native_id(), shelf._adding._thread.native_id)
        for first in range(0, DOCUMENTS, 5):
            add(shelf, *((f"n{number}", 0) for number in range(first, first + 5)))
            until_ready(shelf)


def remove(folder: str, chroma_from: int) -> None:
    """Five documents are removed, one by one."""
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        ids = {document.name: document.id for document in shelf.documents("news")[0]}
        for number in range(5):
            shelf.remove_document(ids[f"n{number}.txt"])
            say("removed", [f"n{number}"])
            if number % 2:
                until_ready(shelf)
        until_ready(shelf)


def replace(folder: str, chroma_from: int) -> None:
    """Documents are replaced by ever newer editions."""
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        say("open", threading.get_native_id(), shelf._adding._thread.native_id)
        for number in range(3):
            add(shelf, (f"n{number + 10}", 2 * number + 1), (f"n{number + 11}", 2 * number + 2))
            until_ready(shelf)


def switch(folder: str, chroma_from: int) -> None:
    """The whole library is embedded by another embedder."""
    Shelf.change_embedder(settings(folder, chroma_from), lambda done, of: None, OtherEmbedder())
    say("switched")


def tend(folder: str, chroma_from: int) -> None:
    """Removed and replaced, then compacted and backed up."""
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        ids = {document.name: document.id for document in shelf.documents("news")[0]}
        shelf.remove_document(ids["n0.txt"])
        say("removed", ["n0"])
        add(shelf, ("n10", 1), ("n11", 1))
        until_ready(shelf)
        shelf.compact()
        shelf.back_up()
        say("tended")


def busy(folder: str, first: int, seed: int, chroma_from: int) -> None:
    """Add, replace and remove by chance, until killed."""
    luck = random.Random(seed)  # noqa: S311 - no secret
    shelf = Shelf.open(settings(folder, chroma_from), FakeEmbedder())
    say("open")
    for number in range(first, first + 10_000):
        batch = [
            source(name, edition) for name, edition in {(f"n{number}", 0), (f"n{luck.randrange(first + 20)}", number)}
        ]
        job = shelf.add("news", batch)
        say("queued", job.id, [one.name for one in batch])
        if luck.random() < 0.7:
            shelf.wait(job.id, PATIENCE)
            say("acknowledged", job.id, [])
        if luck.random() < 0.2:
            victim = luck.choice(shelf.documents("news", None, 1000)[0] or [None])
            if victim is not None:
                shelf.remove_document(victim.id)
                say("removed", victim.id)


def hold(folder: str, chroma_from: int) -> None:
    """Open the folder and keep it until the end, which comes from outside."""
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()):
        say("open")
        time.sleep(PATIENCE * 10)


def refused(folder: str, chroma_from: int) -> None:
    """Try to open a folder that another process has; say how long that took."""
    began = time.monotonic()
    try:
        Shelf.open(settings(folder, chroma_from), FakeEmbedder())
    except DossierError as error:
        say("refused", time.monotonic() - began, type(error).__name__, str(error))


Work = Callable[[str, int], None]
WORKS: dict[str, Work] = {"ingest": ingest, "remove": remove, "replace": replace, "switch": switch, "tend": tend}


if __name__ == "__main__":
    sys.exit("The soak tests fork these works: run `make soak`.")
