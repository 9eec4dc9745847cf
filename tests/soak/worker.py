"""What is killed: `python -m tests.soak.worker WORK FOLDER CHROMA_FROM` does a piece of work and says what was done.

It says a line of JSON when something was acknowledged: ["done", [[name, edition], ...]] or ["removed", [name, ...]].
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from index import adding, upkeep, vectors
from index.config import IndexConfig
from index.embed import Vector
from index.errors import DossierError
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

Edition = tuple[str, int]
PATIENCE = 5.0


class OtherEmbedder(FakeEmbedder):
    """Of the same size, with other vectors."""

    name = "other"

    def __init__(self) -> None:
        super().__init__("other-32")

    def _vector(self, text: str) -> Vector:
        return np.roll(super()._vector(text), 5)


def say(*what: object) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


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


def add(shelf: Shelf, *editions: Edition) -> None:
    job = shelf.wait(shelf.add("news", [source(*one) for one in editions]).id, PATIENCE)
    if not job.finished:  # the disk is full or broken: what is not acknowledged may be lost
        sys.exit(1)
    if not job.failed:
        say("done", editions)


def until_ready(shelf: Shelf) -> None:
    deadline = time.monotonic() + PATIENCE
    while not shelf.ready()[0] and time.monotonic() < deadline:
        time.sleep(0.01)


def ingest(shelf: Shelf) -> None:
    """Twenty documents in four jobs, and both indexes on the disk."""
    for first in range(0, 20, 5):
        add(shelf, *((f"n{number}", 0) for number in range(first, first + 5)))
        until_ready(shelf)


def change(shelf: Shelf) -> None:
    """Some documents are removed, some replaced, then the library is compacted."""
    for number in range(3):
        for document in shelf.documents("news")[0]:
            if document.name == f"n{number}.txt":
                shelf.remove_document(document.id)
                say("removed", [f"n{number}"])
        add(shelf, (f"n{number + 10}", 2 * number + 1), (f"n{number + 11}", 2 * number + 2))  # ever newer editions
    until_ready(shelf)
    shelf.compact()
    shelf.back_up()


WORKS: dict[str, Callable[[Shelf], None]] = {"ingest": ingest, "change": change}


def main(work: str, folder: str, chroma_from: int) -> None:
    upkeep.DEBOUNCE_SECONDS = 0.02
    adding.RETRY_SECONDS = 1
    vectors.FLUSH_FROM = 10
    config = IndexConfig(data=Path(folder), chroma_from=chroma_from)
    if work == "reindex":
        Shelf.change_embedder(config, lambda done, of: None, OtherEmbedder())
        say("reindexed")
        return
    with Shelf.open(config, FakeEmbedder()) as shelf:
        WORKS[work](shelf)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except DossierError as error:
        say("error", str(error))
        sys.exit(1)
