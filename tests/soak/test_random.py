"""Kills at any time, and the same process told to end."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.index.test_kills import one_kill
from tests.soak.faults import found, told_to_end
from tests.soak.ledger import SEED, Ledger
from tests.soak.nursery import Child, do

pytestmark = [pytest.mark.soak, pytest.mark.timeout(12 * 3600)]
DOCUMENTS = 100


@pytest.mark.parametrize(("chroma_from", "wanted"), [(5000, 100), (10, 100)], ids=["scan", "chroma"])
def test_random_kills(tmp_path: Path, chroma_from: int, wanted: int) -> None:
    """One library is killed again and again; every tenth kill begins another."""
    ledger = Ledger(f"random kills, Chroma from {chroma_from}", wanted)
    removed: set[str] = set()
    for number, luck in ledger:
        data = tmp_path / str(number // 10)
        if not data.exists():
            removed = set()
        failure, measured = None, {}
        try:
            measured = one_kill(data, number * 100, SEED * 10_000 + number, chroma_from, luck, removed)
        except AssertionError as error:
            failure = repr(error)[:600]
        ledger.note(number, "killed", failure, **measured)
    ledger.close()


def test_a_lock_left_by_a_killed_process(tmp_path: Path) -> None:
    ledger = Ledger("locks left by killed processes", 50)
    for number, _ in ledger:
        data = str(tmp_path / "data")
        with Child("hold", data, 5000) as child:
            child.hear("open")
            child.signal(signal.SIGKILL)
            child.wait()
        told = do("lives:finish", data, 5000, 0)
        measured = told.all("found")
        late = measured and measured[0][0]["opening"] > 1
        ledger.note(
            number, told.end, None if measured and not late else str(told), **(measured[0][0] if measured else {})
        )
    ledger.close()


def test_two_processes(tmp_path: Path) -> None:
    """The second is refused at once and names the first, which goes on adding and loses nothing."""
    ledger = Ledger("two processes, one data folder", 20)
    for number, luck in ledger:
        data = tmp_path / str(number)
        with Child("ingest", str(data), luck.choice((0, 5000))) as first:
            first.hear("open")
            time.sleep(luck.random() / 10)
            second = do("refused", str(data), 5000)
            over = not first.process.is_alive()
            told = first.wait()
        said = second.all("refused")
        failure = None
        if not said and over:
            ledger.note(number, "the first was done already")
            continue
        if not said or said[0][1] != "LibraryBusy" or str(first.pid) not in said[0][2]:
            failure = f"not refused: {second}"
        elif said[0][0] > 1:
            failure = f"refused after {said[0][0]} s"
        elif not told.finished:
            failure = f"the first was disturbed: {told}"
        else:
            failure, _ = found(data, 5000, told, [])
        ledger.note(number, second.end, failure, seconds=said[0][0] if said else -1)
    ledger.close()


def test_a_half_done_ingest_is_done_again(tmp_path: Path) -> None:
    ledger = Ledger("half an ingest, then the same files again", 50)
    for number, luck in ledger:
        data = tmp_path / str(number)
        with Child("ingest", str(data), 5000) as child:
            child.hear("open")
            time.sleep(luck.uniform(0, 0.5))
            child.signal(signal.SIGKILL)
            end = child.wait().end
        told = do("lives:again", str(data), 5000)
        measured = told.all("found")
        ledger.note(number, end, None if measured else str(told), **(measured[0][0] if measured else {}))
    ledger.close()


def test_jobs_at_a_crash_come_to_their_end(tmp_path: Path) -> None:
    ledger = Ledger("jobs at a crash", 50)
    for number, luck in ledger:
        data = str(tmp_path / str(number))
        with Child("lives:queue", data, DOCUMENTS) as child:
            child.hear("queued")
            time.sleep(luck.uniform(0, 0.6))
            child.signal(signal.SIGKILL)
            end = child.wait().end
        told = do("lives:finish", data, 5000, DOCUMENTS)
        measured = told.all("found")
        ledger.note(number, end, None if measured else str(told), **(measured[0][0] if measured else {}))
    ledger.close()


def test_a_server_told_to_end_while_it_adds(tmp_path: Path) -> None:
    """It ends within 5 s; the next one goes on, and embeds at most one document again."""
    ledger = Ledger("SIGTERM while adding", 50)
    for number, luck in ledger:
        end, seconds, failure, _ = told_to_end(tmp_path / str(number), DOCUMENTS, luck.uniform(0.05, 1.2))
        ledger.note(number, end, failure, seconds=seconds)
    ledger.close()
