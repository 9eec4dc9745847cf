"""A short form of the aimed kills; `make soak` runs the long one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.soak.faults import BEFORE, CHROMA, EXACTLY, Masters, found, needs_strace, wrong_with
from tests.soak.nursery import do

POINTS = [
    ("ingest", EXACTLY, "pwrite64", 9), ("ingest", EXACTLY, "pwrite64", 60), ("ingest", EXACTLY, "fdatasync", 9),
    ("ingest", EXACTLY, "fsync", 3), ("ingest", EXACTLY, "rename", 2), ("ingest", EXACTLY, "write", 12),
    ("ingest", CHROMA, "pwrite64", 150), ("ingest", CHROMA, "rename", 5), ("ingest", CHROMA, "write", 60),
    ("remove", EXACTLY, "pwrite64", 9), ("remove", EXACTLY, "fdatasync", 2), ("remove", EXACTLY, "unlink", 1),
    ("replace", EXACTLY, "pwrite64", 12), ("replace", EXACTLY, "pwrite64", 45), ("replace", EXACTLY, "fdatasync", 3),
    ("tend", EXACTLY, "unlink", 3), ("tend", EXACTLY, "fsync", 6), ("switch", EXACTLY, "pwrite64", 6),
    ("switch", EXACTLY, "pwrite64", 30), ("switch", EXACTLY, "fdatasync", 4), ("switch", EXACTLY, "fdatasync", 12),
]  # fmt: skip


@needs_strace
@pytest.mark.timeout(300)
def test_a_kill_at_a_chosen_system_call_loses_nothing(memory: Path) -> None:
    masters = Masters(memory / "masters")
    masters.get(EXACTLY)

    def kill(number: int) -> bool:
        work, chroma_from, call, when = POINTS[number]
        data = masters.copy(work, chroma_from, memory / str(number))
        told = do(work, str(data), chroma_from, inject=f"{call}:signal=KILL:when={when}")
        assert wrong_with(told) is None, told
        wrong, _ = found(data, chroma_from, told, [] if work == "ingest" else BEFORE)
        assert wrong is None, (POINTS[number], wrong, told)
        return told.killed

    with ThreadPoolExecutor(2) as pool:
        killed = list(pool.map(kill, range(len(POINTS))))
    assert sum(killed) > len(POINTS) / 2  # else the points lie behind the end of the work
