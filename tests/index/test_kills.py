"""A kill at any time loses nothing that was acknowledged and leaves nothing half done."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.records import Found
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.soak.nursery import Child, do


def found_by(found: Found) -> tuple[set[str], set[str]]:
    return {hit.passage.id for hit in found.by_meaning}, {hit.passage.id for hit in found.by_words}


def check_every_passage(shelf: Shelf, names: set[str] | None = None) -> None:
    """Every document is whole, and each of its passages is found by its own words and by its own vector."""
    for document in shelf.documents("news", None, 10_000)[0]:
        if names is not None and document.name not in names:
            continue
        whole = shelf.text(document.id)
        name, edition = whole.split()[1], whole.split()[3]
        assert document.name == f"{name}.txt"
        passages = shelf.passages(document.id)
        assert len(passages) == document.passages >= 3
        assert sum(passage.text.count("has word") for passage in passages) == 3
        for passage in passages:
            assert whole[passage.start : passage.end] == passage.text
            by_meaning, by_words = found_by(shelf.search("news", passage.text, limit=30))
            assert passage.id in by_meaning
            assert passage.id in by_words
        by_meaning, by_words = found_by(shelf.search("news", f"word{name}x{edition}x1", limit=5))
        assert by_words & {passage.id for passage in passages}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("rounds", "chroma_from"), [(15, 5000), (4, 10)], ids=["scan", "chroma"])
def test_kills_while_adding_replacing_and_removing(memory: Path, rounds: int, chroma_from: int) -> None:
    kill_again_and_again(memory, rounds, chroma_from, 7)


def kill_again_and_again(tmp_path: Path, rounds: int, chroma_from: int, seed: int) -> None:
    data = tmp_path / "data"
    luck = random.Random(seed)  # noqa: S311 - no secret
    removed: set[str] = set()
    measured = [
        one_kill(data, number * 100, seed * 1000 + number, chroma_from, luck, removed) for number in range(rounds)
    ]
    with Shelf.open(IndexConfig(data=data, chroma_from=chroma_from), FakeEmbedder()) as shelf:
        check_every_passage(shelf, set(list({d.name for d in shelf.documents("news", None, 10_000)[0]})[:40]))
        deadline = time.monotonic() + 20
        while not shelf.ready()[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert all(health.well for health in shelf.doctor() if health.part != "space")
    assert sum(one["acknowledged"] for one in measured) > rounds / 2


def one_kill(
    data: Path, first: int, seed: int, chroma_from: int, luck: random.Random, removed: set[str]
) -> dict[str, float]:
    """Kill a process that adds, replaces and removes; another looks whether all is there that it acknowledged."""
    with Child("busy", str(data), first, seed, chroma_from) as child:
        for _ in range(luck.randrange(4)):
            child.hear("acknowledged")
        time.sleep(luck.uniform(0, 0.1))
        child.signal(signal.SIGKILL)
        told = child.wait()
    assert told.killed, told
    removed.update(id for (id,) in told.all("removed"))
    checked = do("checks:after_a_kill", str(data), chroma_from, told.all("queued"), sorted(removed))
    assert checked.finished, checked
    ((measured,),) = checked.all("found")
    return {**measured, "acknowledged": len(told.all("acknowledged"))}
