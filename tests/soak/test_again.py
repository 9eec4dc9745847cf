"""The same done often: races, repetitions, backups, clocks, long lives, mutated files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.index.load.test_hostile import SEEDS
from tests.soak.ledger import POINTS, SEED, Ledger
from tests.soak.nursery import Child

pytestmark = [pytest.mark.soak, pytest.mark.timeout(12 * 3600)]


def in_one_process(ledger: Ledger, work: str, folder: Path, *before: object, after: tuple[object, ...] = ()) -> None:
    """Let one process do all tries that are left; if it ends early, the next try is at fault."""
    numbers = [number for number, _ in ledger]
    if not numbers:
        return
    told = None
    with Child(work, str(folder), *before, numbers, *after) as child:
        for number in numbers:
            try:
                _, failure, measured = child.hear("round")
            except TimeoutError:
                told = child.wait()
                ledger.note(number, told.end, f"the process ended: {told.said[-1:]} {told.noise[-500:]}")
                break
            ledger.note(number, measured.pop("end", "done"), failure, **measured)
        told = told or child.wait()
    for (measured,) in told.all("found"):
        print(f"{ledger.figure}: {measured}", flush=True)


@pytest.mark.parametrize(
    ("work", "figure", "wanted"),
    [
        ("threads", "the same file by 8 threads", 100),
        ("tenfold", "the same corpus again", 10),
        ("corrupt", "replacements that cannot be read", 50),
        ("backups", "backups while adding, restored elsewhere", 20),
        ("clocks", "clock jumps, same size and time with other bytes", 50),
    ],
)
def test_again_and_again(work: str, figure: str, wanted: int, tmp_path: Path) -> None:
    ledger = Ledger(figure, wanted)
    in_one_process(ledger, f"lives:{work}", tmp_path / "folder")
    ledger.close()


def test_a_long_life(tmp_path: Path) -> None:
    """Five thousand operations with restarts: memory and open files stay."""
    operations = max(300, 50 * POINTS)
    ledger = Ledger("a long life", 1)
    for number, _ in ledger:
        with Child("lives:long", str(tmp_path / "data"), operations, SEED, 0.01) as child:
            told = child.wait(24 * 3600)
        measured = told.all("found")
        print(measured or told, flush=True)
        failure = None
        if not measured:
            failure = str(told)[-1500:]
        elif len(set(measured[0][0]["files"])) > 1:
            failure = f"open files grew: {measured}"
        ledger.note(number, told.end, failure, **(measured[0][0] if measured else {}))
    ledger.close()


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files(name: str, tmp_path: Path) -> None:
    """Ten thousand in all: no end of the process, none longer than 30 s, no child of more than 512 MB."""
    ledger = Ledger(f"mutated files, {name}", -(-10_000 // len(SEEDS)), tell_each=100)
    in_one_process(ledger, "lives:mutants", tmp_path / "data", name, after=(SEED,))
    peak = max((one.get("megabytes", 0) for one in ledger.lines), default=0)
    print(f"{ledger.figure}: the largest child had {peak:.0f} MB", flush=True)
    assert peak <= 512
    ledger.close()
