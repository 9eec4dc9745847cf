"""Faults at chosen system calls: kills, a full disk, a disk that fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.soak.faults import (
    BEFORE,
    CALLS,
    CHROMA,
    EXACTLY,
    Masters,
    found,
    hurt,
    judge,
    needs_root,
    needs_strace,
    points,
    small_disk,
    wrong_with,
)
from tests.soak.ledger import Ledger
from tests.soak.nursery import Child, Told, do

pytestmark = [pytest.mark.soak, pytest.mark.timeout(12 * 3600)]


@needs_strace
@pytest.mark.parametrize(
    ("work", "wanted"), [("ingest", 1000), ("remove", 100), ("replace", 100), ("switch", 100), ("tend", 100)]
)
def test_aimed_kills(work: str, wanted: int, masters: Masters, tmp_path: Path) -> None:
    ledger = Ledger(f"aimed kills, {work}", wanted)
    hurt(
        ledger,
        work,
        lambda call, when: f"{call}:signal=KILL:when={when}",
        points(work, CALLS, masters, tmp_path),
        masters,
        tmp_path,
    )
    ledger.close()


@needs_strace
@pytest.mark.parametrize(("work", "wanted"), [("ingest", 30), ("replace", 15), ("tend", 15)])
def test_calls_that_find_the_disk_full(work: str, wanted: int, masters: Masters, tmp_path: Path) -> None:
    ledger = Ledger(f"calls told that the disk is full, {work}", wanted)
    calls = ("pwrite64", "write", "ftruncate", "mkdir")
    drawn = [
        (chroma_from, call, when)
        for chroma_from, call, when in points(work, calls, masters, tmp_path)
        if call != "write" or chroma_from == EXACTLY  # Chroma's threads wake each other by writing to a counter
    ]
    hurt(ledger, work, lambda call, when: f"{call}:error=ENOSPC:when={when}+", drawn, masters, tmp_path)
    ledger.close()


@needs_strace
def test_writes_of_chroma_that_find_the_disk_full_once(masters: Masters, tmp_path: Path) -> None:
    """What Chroma could not write, and does not tell of, is not trusted afterwards."""
    ledger = Ledger("one write of Chroma that finds the disk full", 60)
    drawn = [point for point in points("ingest", ("write",), masters, tmp_path) if point[0] == CHROMA]
    for number, _ in ledger:
        chroma_from, call, when = drawn[number % len(drawn)]
        data = tmp_path / f"write {number}"
        with Child("ingest", str(data), chroma_from, inject=f"{call}:error=ENOSPC:when={when}") as child:
            told = child.wait(120)
        hit = [line for line in told.calls if "INJECTED" in line]
        lost = told.status is None or (told.status < 0 and not told.killed)
        if lost and "eventfd" in "".join(hit):  # a thread that could not wake another: no disk's fault
            ledger.note(number, "hit no file")
            continue
        judge(ledger, number, "ingest", data, chroma_from, told, "".join(hit)[-150:])
    ledger.close()


@needs_root
def test_a_full_disk(masters: Masters, tmp_path: Path) -> None:
    """A file system of its own, of a size at which the work fits or not."""
    ledger = Ledger("a full disk", 40)
    for number, luck in ledger:
        work, chroma_from = luck.choice(("ingest", "replace", "tend")), luck.choice((EXACTLY, CHROMA))
        master = masters.get(chroma_from)
        used = sum(path.stat().st_size // 1024 + 4 for path in master.rglob("*")) if work != "ingest" else 0
        room = used + luck.randrange(16, 1800)
        with small_disk(tmp_path / f"disk {number}", room) as disk:
            data = masters.copy(work, chroma_from, disk / "data")
            told = do(work, str(data), chroma_from)
            failure, measured = wrong_with(told), {}
            if failure is None:
                kept = tmp_path / f"kept {number}"
                if data.exists():
                    shutil.copytree(data, kept)  # as after some space was made
                failure, measured = found(kept, chroma_from, told, [] if work == "ingest" else BEFORE)
        ledger.note(
            number,
            told.end,
            failure and f"{failure} | {told.said[-3:]} {told.noise[-300:]}",
            point=f"{work} {chroma_from} {room}k",
            **measured,
        )
    ledger.close()


@needs_strace
@pytest.mark.parametrize(("work", "wanted"), [("ingest", 40), ("replace", 20), ("tend", 20)])
def test_a_disk_that_fails_once(work: str, wanted: int, masters: Masters, tmp_path: Path) -> None:
    ledger = Ledger(f"a disk that fails once, {work}", wanted)
    calls = ("fsync", "fdatasync", "pwrite64", "rename", "pread64")
    hurt(
        ledger,
        work,
        lambda call, when: f"{call}:error=EIO:when={when}",
        points(work, calls, masters, tmp_path),
        masters,
        tmp_path,
    )
    ledger.close()


@needs_strace
def test_nothing_is_acknowledged_after_a_failed_sync(masters: Masters, tmp_path: Path) -> None:
    ledger = Ledger("syncs that fail from one on", 20)
    drawn = points("ingest", ("fsync", "fdatasync"), masters, tmp_path)
    for number, _ in ledger:
        chroma_from, call, when = drawn[number % len(drawn)]
        data = tmp_path / f"sync {number}"
        with Child("ingest", str(data), chroma_from, inject=f"{call}:error=EIO:when={when}+") as child:
            told = child.wait()
        if late := acknowledged_too_late(told):
            ledger.note(number, told.end, f"acknowledged after a failed sync: {late}")
            continue
        judge(ledger, number, "ingest", data, chroma_from, told, f"{chroma_from} {call} {when}+")
    ledger.close()


def acknowledged_too_late(told: Told) -> list[object]:
    """Give what was acknowledged after the thread that adds had failed to sync the library."""
    opened = told.all("open")
    if not opened:
        return []
    adding = str(opened[0][1])
    failed = [
        float(line.split()[1])
        for line in told.calls
        if line.startswith(adding) and "INJECTED" in line and "library.sqlite" in line
    ]
    return [what for at, kind, *what in told.said if kind == "done" and failed and at > failed[0]]
