"""Draws points at which a work is hurt, hurts it there, and checks what a fresh process finds."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest

from tests.soak.ledger import SEED, Ledger
from tests.soak.nursery import Child, Told, do
from tests.soak.worker import DOCUMENTS

CALLS = (
    "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "unlinkat", "ftruncate", "mkdir", "rmdir", "link",
)  # fmt: skip
"""System calls that change the disk."""
EXACTLY, CHROMA = 5000, 0
"""From how many passages on Chroma is asked: never here, or always."""
BEFORE = [(f"n{number}", 0) for number in range(DOCUMENTS)]
Point = tuple[int, str, int]
"""How it is searched, the call, and which of the calls of one thread."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


class Masters:
    """Data folders with twenty documents, made once and copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, chroma_from: int) -> Path:
        master = self._folder / str(chroma_from)
        if not master.exists():
            told = do("ingest", str(master), chroma_from)
            assert told.finished, told
        return master

    def copy(self, work: str, chroma_from: int, data: Path) -> Path:
        """Give what a work begins with: nothing for an ingest."""
        if work != "ingest":
            shutil.copytree(self.get(chroma_from), data)
        return data


def points(work: str, calls: tuple[str, ...], masters: Masters, scratch: Path) -> list[Point]:
    """Every call that a work makes, in an order drawn by the seed that takes each kind in turn."""
    luck = random.Random(f"{SEED} {work}")  # noqa: S311 - no secret
    kinds: list[list[Point]] = []
    for chroma_from in (EXACTLY, CHROMA):
        for call, most in _made(work, chroma_from, masters, scratch).items():
            if call in calls:
                kind = [(chroma_from, call, when) for when in range(1, most + 1)]
                luck.shuffle(kind)
                kinds.append(kind)
    return [kind[place] for place in range(max(map(len, kinds))) for kind in kinds if place < len(kind)]


@cache
def _made(work: str, chroma_from: int, masters: Masters, scratch: Path) -> dict[str, int]:
    """Count how many of each call one thread makes at most."""
    data = masters.copy(work, chroma_from, scratch / f"dry {work} {chroma_from}")
    with Child(work, str(data), chroma_from, trace=",".join((*CALLS, "pread64"))) as child:
        told = child.wait()
    assert told.finished, told
    counted: Counter[tuple[str, str]] = Counter()
    for line in told.calls:
        thread, _, made, *_ = [*line.split(maxsplit=2), ""]
        counted[thread, made.partition("(")[0]] += 1
    shutil.rmtree(data)
    return {call: max((n for (_, one), n in counted.items() if one == call), default=0) for call in (*CALLS, "pread64")}


def hurt(
    ledger: Ledger, work: str, fault: Callable[[str, int], str], drawn: list[Point], masters: Masters, scratch: Path
) -> None:
    """Hurt a work at one point after the other."""
    for number, _ in ledger:
        chroma_from, call, when = drawn[number % len(drawn)]
        data = masters.copy(work, chroma_from, scratch / f"{work} {number}")
        told = do(work, str(data), chroma_from, inject=fault(call, when))
        judge(ledger, number, work, data, chroma_from, told, f"{chroma_from} {fault(call, when)}")


def judge(ledger: Ledger, number: int, work: str, data: Path, chroma_from: int, told: Told, point: str) -> None:
    """Note what a fresh process finds after a work that was hurt."""
    failure = wrong_with(told)
    measured: dict[str, float] = {}
    if failure is None:
        failure, measured = found(data, chroma_from, told, [] if work == "ingest" else BEFORE)
    if failure is None:
        shutil.rmtree(data)
    else:
        failure = f"{failure} | said {told.said[-3:]} | noise {told.noise[-300:]}"
    ledger.note(number, told.end, failure, point=point, **measured)


def wrong_with(told: Told) -> str | None:
    """Say what is wrong with the end of a work: only errors told, kills and a disk that is given up are right."""
    if told.status is None:
        return "hung"
    if broke := told.all("broke"):
        return f"broke: {broke[0]}"
    if told.status < 0 and not told.killed:
        return f"ended by signal {-told.status}"
    return None


def found(
    data: Path, chroma_from: int, told: Told, before: list[tuple[str, int]]
) -> tuple[str | None, dict[str, float]]:
    """Let a fresh process look; give what is wrong, and what it measured."""
    acknowledged = [edition for (editions,) in told.all("done") for edition in editions]
    removed = [name for (names,) in told.all("removed") for name in names]
    checked = do("checks:whole", str(data), chroma_from, before, acknowledged, removed, not told.killed)
    if checked.finished and (measured := checked.all("found")):
        return None, {name: measured[0][0][name] for name in ("opening", "recovery")}
    return f"checker {checked.end}: {checked.said[-1:]} {checked.noise[-500:]}", {}


def told_to_end(data: Path, documents: int, after: float) -> tuple[str, float, str | None, int]:
    """Tell a server to end while it adds, and let another process go on.

    Gives how it ended, after how many seconds, what is wrong, and how many passages the other had to embed.
    """
    with Child("lives:serve", str(data), documents) as child:
        address, _ = child.hear("serving")
        time.sleep(after)
        assert httpx.get(f"{address}/health", trust_env=False, timeout=60).status_code == 200
        began = time.monotonic()
        child.signal(signal.SIGTERM)
        told = child.wait()
        seconds = time.monotonic() - began
    before = sum(count for (count,) in told.all("embedded"))
    rest = do("lives:finish", str(data), 5000, documents)
    measured = rest.all("found")
    embedded = int(measured[0][0]["embedded"]) if measured else 0
    failure = None
    if not told.finished or seconds > 5:
        failure = f"ended after {seconds:.1f} s: {told.end} {told.said[-2:]} {told.noise[-300:]}"
    elif not measured:
        failure = f"did not go on: {rest}"
    elif not 3 * documents <= before + embedded <= 3 * (documents + 1):
        failure = f"{before} and {embedded} passages were embedded"
    return told.end, seconds, failure, embedded


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A real file system of that size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
