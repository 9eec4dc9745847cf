"""Runs a worker with a fault at a chosen system call, and checks what a fresh process finds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import EmbedderChanged
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.index.test_kills import check_every_passage
from tests.soak.worker import OtherEmbedder

ROOT = Path(__file__).parents[2]
CALLS = {"write": 150, "pwrite64": 400, "fsync": 60, "fdatasync": 50, "rename": 10, "unlink": 12, "ftruncate": 2}
"""System calls that change the disk, and about how many of each one thread makes while twenty documents are added."""
LONGEST_OPENING = 5.0
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@dataclass(slots=True)
class Told:
    """What a worker had acknowledged when it ended."""

    killed: bool
    finished: bool
    """Whether it got to its end without an error."""
    status: int
    editions: dict[str, int] = field(default_factory=dict)
    """The last acknowledged edition of each document."""
    removed: set[str] = field(default_factory=set)
    reindexed: bool = False
    errors: list[str] = field(default_factory=list)
    noise: str = ""


def run(work: str, data: Path, chroma_from: int, inject: str) -> Told:
    """Do a piece of work with a fault such as `write:signal=KILL:when=7`."""
    call = inject.partition(":")[0]
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={inject}",
    ]
    worker = [sys.executable, "-W", "ignore", "-m", "tests.soak.worker", work, str(data), str(chroma_from)]
    done = subprocess.run(
        [*command, *worker], cwd=ROOT, capture_output=True, text=True, timeout=45, check=False, env=_environment()
    )
    told = Told(done.returncode in (-9, 137), done.returncode == 0, done.returncode, noise=done.stderr[-2000:])
    for line in done.stdout.splitlines():
        with contextlib.suppress(ValueError):  # the kill may cut the last line
            _hear(told, *json.loads(line))
    return told


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}


def _hear(told: Told, kind: str, *what: object) -> None:
    if kind == "done":
        told.editions.update(dict(what[0]))  # type: ignore[call-overload]
    elif kind == "removed":
        told.removed.update(what[0])  # type: ignore[call-overload]
    elif kind == "reindexed":
        told.reindexed = True
    else:
        told.errors.append(str(what))


def check(data: Path, chroma_from: int, told: Told, before: dict[str, int] | None = None) -> None:
    """What was acknowledged is there, whole, and found both ways; the rest is whole or not there."""
    before = before or {}
    began = time.monotonic()
    with open_either(data, chroma_from) as shelf:
        assert time.monotonic() - began < LONGEST_OPENING
        shelf.create_dossier("news")
        for job in shelf.jobs():
            ended = shelf.wait(job.id, 20)
            assert ended.finished
            assert not (ended.failed and told.killed)  # a disk that failed is told of as such
        there = {}
        for document in shelf.documents("news")[0]:
            _, name, _, edition, *_ = shelf.text(document.id).split()
            assert name not in there, "a document is there twice"
            there[name] = int(edition)
        for name, edition in (before | told.editions).items():
            if name not in told.removed and (name in there or name not in {"n0", "n1", "n2"}):
                assert there[name] >= edition, f"{name} was acknowledged as edition {edition}"
        assert not told.removed & there.keys()
        check_every_passage(shelf)
        until_ready(shelf)
        check_every_passage(shelf)
        wrong = [health for health in shelf.doctor() if not health.well and health.part != "space"]
        assert not wrong


def open_either(data: Path, chroma_from: int) -> Shelf:
    """Open with the embedder that the library was left with: the old one or the new one, never a mix."""
    config = IndexConfig(data=data, chroma_from=chroma_from)
    try:
        return Shelf.open(config, FakeEmbedder())
    except EmbedderChanged:
        return Shelf.open(config, OtherEmbedder())


def until_ready(shelf: Shelf) -> None:
    """Wait until all indexes are in step."""
    deadline = time.monotonic() + 40
    while not shelf.ready()[0]:
        assert time.monotonic() < deadline, shelf.ready()
        time.sleep(0.02)


def filled(folder: Path, chroma_from: int) -> Path:
    """Make a data folder with twenty documents."""
    worker = [sys.executable, "-W", "ignore", "-m", "tests.soak.worker", "ingest", str(folder), str(chroma_from)]
    subprocess.run(worker, cwd=ROOT, check=True, capture_output=True, timeout=60, env=_environment())
    return folder
