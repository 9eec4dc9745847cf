"""A short form of the aimed kills; `make soak` runs the long one."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.soak.faults import check, filled, needs_strace, run

POINTS = [
    ("ingest", 5000, "pwrite64", 9), ("ingest", 5000, "pwrite64", 25), ("ingest", 5000, "pwrite64", 60),
    ("ingest", 5000, "fdatasync", 4), ("ingest", 5000, "fdatasync", 9), ("ingest", 5000, "fsync", 3),
    ("ingest", 5000, "rename", 2), ("ingest", 5000, "write", 12), ("ingest", 0, "pwrite64", 150),
    ("ingest", 0, "rename", 5), ("ingest", 0, "write", 60), ("change", 5000, "pwrite64", 12),
    ("change", 5000, "pwrite64", 45), ("change", 5000, "fdatasync", 3), ("change", 5000, "unlink", 3),
    ("change", 5000, "fsync", 6), ("reindex", 5000, "pwrite64", 6), ("reindex", 5000, "pwrite64", 30),
    ("reindex", 5000, "fdatasync", 4), ("reindex", 5000, "fdatasync", 12),
]  # fmt: skip


@needs_strace
@pytest.mark.timeout(120)
def test_a_kill_at_a_chosen_system_call_loses_nothing(tmp_path: Path) -> None:
    master = filled(tmp_path / "master", 5000)

    def kill(number: int) -> bool:
        work, chroma_from, call, when = POINTS[number]
        data = tmp_path / str(number)
        if work != "ingest":
            shutil.copytree(master, data)
        told = run(work, data, chroma_from, f"{call}:signal=KILL:when={when}")
        assert told.killed or told.finished, told
        before = {} if work == "ingest" else {f"n{n}": 0 for n in range(20)}
        check(data, chroma_from, told, before)
        return told.killed

    with ThreadPoolExecutor(3) as pool:
        killed = list(pool.map(kill, range(len(POINTS))))
    assert sum(killed) > len(POINTS) / 2  # else the points lie behind the end of the work
