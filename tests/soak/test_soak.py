"""The long forms: `make soak` (SOAK_POINTS points, SOAK_SEED); each prints how many were tried."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import LibraryDamaged
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.index.test_indexes import empty, garble, halve
from tests.index.test_kills import kill_again_and_again
from tests.soak.faults import CALLS, ROOT, check, filled, needs_strace, open_either, run, until_ready
from tests.soak.worker import content

pytestmark = [pytest.mark.soak, pytest.mark.timeout(6 * 3600)]
POINTS = int(os.environ.get("SOAK_POINTS") or 100)
SEED = int(os.environ.get("SOAK_SEED") or 1)
BEFORE = {f"n{number}": 0 for number in range(20)}
PAGE = 4096


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Data folders with twenty documents: searched exactly, and through Chroma."""
    return {start: filled(tmp_path_factory.mktemp("master") / "data", start) for start in (5000, 0)}


def points(kind: str, works: tuple[str, ...], calls: tuple[str, ...]) -> list[tuple[str, int, str, int]]:
    luck = random.Random(f"{SEED} {kind}")  # noqa: S311 - no secret
    print(f"\n{kind}: {POINTS} points, seed {SEED}", flush=True)
    drawn = []
    for _ in range(POINTS):
        work, call = luck.choice(works), luck.choice(calls)
        most = CALLS[call] if work != "reindex" else max(2, CALLS[call] // 5)
        drawn.append((work, luck.choice((0, 5000)), call, luck.randint(1, most)))
    return drawn


def at_each(
    kind: str, fault: Callable[[str, int], str], works: tuple[str, ...], calls: tuple[str, ...],
    masters: dict[int, Path], tmp_path: Path,
) -> None:  # fmt: skip
    ends: Counter[str] = Counter()
    failures = []
    for number, (work, chroma_from, call, when) in enumerate(points(kind, works, calls)):
        data = tmp_path / str(number)
        if work != "ingest":
            shutil.copytree(masters[chroma_from], data)
        try:
            told = run(work, data, chroma_from, fault(call, when))
        except subprocess.TimeoutExpired:
            failures.append((work, chroma_from, call, when, "hung", None))
            print(failures[-1], flush=True)
            continue
        ends["killed" if told.killed else "finished" if told.finished else "gave up"] += 1
        try:
            check(data, chroma_from, told, {} if work == "ingest" else BEFORE)
        except Exception as error:  # each is one failure to be counted
            failures.append((work, chroma_from, call, when, repr(error)[:600], told))
            print(failures[-1], flush=True)
        else:
            shutil.rmtree(data)
        if number % 10 == 9:
            print(f"{number + 1} points: {dict(ends)}, {len(failures)} failures", flush=True)
    print(f"{kind}: {dict(ends)}, {len(failures)} failures", flush=True)
    assert not failures


@needs_strace
def test_aimed_kills(masters: dict[int, Path], tmp_path: Path) -> None:
    works = ("ingest", "change", "reindex")
    at_each("kills", lambda call, when: f"{call}:signal=KILL:when={when}", works, tuple(CALLS), masters, tmp_path)


@needs_strace
def test_a_full_disk(masters: dict[int, Path], tmp_path: Path) -> None:
    calls = ("pwrite64", "write", "ftruncate")
    at_each(
        "full disk",
        lambda call, when: f"{call}:error=ENOSPC:when={when}+",
        ("ingest", "change"),
        calls,
        masters,
        tmp_path,
    )


@needs_strace
def test_a_disk_that_fails(masters: dict[int, Path], tmp_path: Path) -> None:
    calls = ("fsync", "fdatasync", "pwrite64", "rename")
    at_each(
        "failing disk",
        lambda call, when: f"{call}:error=EIO:when={when}",
        ("ingest", "change"),
        calls,
        masters,
        tmp_path,
    )


@pytest.mark.parametrize("chroma_from", [5000, 10])
def test_random_kills(tmp_path: Path, chroma_from: int) -> None:
    rounds = POINTS if chroma_from == 5000 else max(4, POINTS // 4)
    print(f"\nrandom kills: {rounds} rounds, seed {SEED}", flush=True)
    kill_again_and_again(tmp_path, rounds, chroma_from, SEED)


def flip(path: Path) -> None:
    garbled = path.read_bytes()
    garble(path)
    assert path.read_bytes() != garbled


@pytest.mark.parametrize("damage", [empty, halve, flip, Path.unlink], ids=["empty", "halve", "flip", "delete"])
def test_damaged_index_files(masters: dict[int, Path], tmp_path: Path, damage: Callable[[Path], None]) -> None:
    tries = max(1, POINTS // 20)
    luck = random.Random(f"{SEED} {damage.__name__}")  # noqa: S311 - no secret
    for number in range(tries):
        files = sorted(path for path in (masters[0] / "indexes").rglob("*") if path.is_file() and path.stat().st_size)
        for chosen in luck.sample(files, 5):
            data = tmp_path / f"{number} {chosen.name}"
            shutil.copytree(masters[0], data)
            damage(data / chosen.relative_to(masters[0]))
            embedder = FakeEmbedder()
            with Shelf.open(IndexConfig(data=data, chroma_from=0), embedder) as shelf:
                for _ in range(2):
                    for name in ("n3", "n12"):
                        found = shelf.search("news", f"word{name}x0x1 {content(name, 0)[:60]}")
                        assert found.by_words[0].document.name == f"{name}.txt", chosen
                        assert found.by_meaning
                    until_ready(shelf)
                assert not [health for health in shelf.doctor() if not health.well and health.part != "space"], chosen
            assert embedder.embedded == 0
            shutil.rmtree(data)
    print(f"\ndamaged index files: {tries * 5} cases of {damage.__name__}, seed {SEED}, 0 failures", flush=True)


def test_damaged_pages_of_the_library(masters: dict[int, Path], tmp_path: Path) -> None:
    luck = random.Random(f"{SEED} pages")  # noqa: S311 - no secret
    whole = (masters[5000] / "library.sqlite").read_bytes()
    ends: Counter[str] = Counter()
    for number in range(POINTS):
        data = tmp_path / str(number)
        shutil.copytree(masters[5000], data)
        garbled = bytearray(whole)
        page = luck.randrange(len(whole) // PAGE)
        for _ in range(8):
            garbled[page * PAGE + luck.randrange(PAGE)] ^= 1 << luck.randrange(8)
        (data / "library.sqlite").write_bytes(bytes(garbled))
        ends[shown_by(data)] += 1
        shutil.rmtree(data)
    print(f"\ndamaged pages: {dict(ends)} of {POINTS}, seed {SEED}", flush=True)


def shown_by(data: Path) -> str:
    """Say how the damage was found; whatever is shown has to be true all the same."""
    true = "\n".join(content(f"n{number}", 0) for number in range(20))
    try:
        with open_either(data, 5000) as shelf:
            for number in range(20):
                found = shelf.search("news", f"word n{number} x0x1 minister")
                for hit in (*found.by_words, *found.by_meaning):
                    assert hit.passage.text in true
            unwell = [health.part for health in shelf.doctor() if not health.well and health.part != "space"]
            return f"doctor: {unwell[0]}" if unwell else "nothing shown was touched"
    except LibraryDamaged:
        return "refused"


def test_two_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.soak.worker", "ingest"]
    rounds = max(2, POINTS // 10)
    for number in range(rounds):
        data = tmp_path / str(number)
        both = [
            subprocess.Popen([*command, str(data), "5000"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0] for process in both]
        assert sorted(process.returncode for process in both) == [0, 1]
        refused = said[0] if both[0].returncode else said[1]
        assert "in use by" in refused
        with open_either(data, 5000) as shelf:
            assert len(shelf.documents("news")[0]) == 20
        shutil.rmtree(data)
    print(f"\ntwo processes: {rounds} rounds, 0 failures", flush=True)
