"""Both indexes can be thrown away: whatever happens to their files, the answers stay the same."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import keep_vectors, upkeep, vectors
from index.config import IndexConfig
from index.errors import IndexDamaged, StorageFull
from index.keywords import Keywords
from index.records import Found, Source
from index.shelf import Shelf
from index.vectors import Approximate
from tests.fakes import FakeEmbedder

QUESTIONS = ("trade of region7", "the minister of region3 and copper", "storm number11", "harbour region1")
Damage = Callable[[Path], None]


def sources(numbers: range) -> list[Source]:
    content = "The minister of region{0} said that trade number{0} grew. A storm closed harbour{0}; copper fell."
    return [Source(f"{n}.txt", f"upload:{n}.txt", text=content.format(n)) for n in numbers]


def answers(shelf: Shelf) -> list[Found]:
    return [shelf.search("news", question, limit=10) for question in QUESTIONS]


def until_ready(shelf: Shelf) -> None:
    deadline = time.monotonic() + 120
    while not shelf.ready()[0]:
        assert time.monotonic() < deadline, shelf.ready()
        time.sleep(0.02)


def settings(tmp_path: Path, chroma_from: int = 20) -> IndexConfig:
    return IndexConfig(data=tmp_path / "data", chroma_from=chroma_from)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with both indexes, some of its passages replaced and removed."""
    folder = tmp_path_factory.mktemp("master")
    with Shelf.open(settings(folder), FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("news", sources(range(60))).id, 30)
        until_ready(shelf)
        for document in shelf.documents("news")[0][5:9]:
            shelf.remove_document(document.id)
        until_ready(shelf)
        (folder / "expected.pickle").write_bytes(pickle.dumps(answers(shelf)))
    return folder


def expected_of(master: Path) -> list[Found]:
    found: list[Found] = pickle.loads((master / "expected.pickle").read_bytes())  # noqa: S301 - our own
    return found


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    luck = random.Random(path.name)  # noqa: S311 - no secret
    for _ in range(max(8, len(content) // 200)):
        content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def files_of(data: Path, kind: str) -> list[Path]:
    return [path for path in sorted(data.rglob("*")) if path.is_file() and kind in path.parts and path.stat().st_size]


def test_large_dossiers_go_through_chroma_and_find_what_the_scan_finds(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        at_once = answers(shelf)
        until_ready(shelf)
        asked = []
        nearest = Approximate.nearest
        monkeypatch.setattr(Approximate, "nearest", lambda *given: asked.append(1) or nearest(*given))
        assert answers(shelf) == at_once
        assert len(asked) == len(QUESTIONS)
        assert any(health.part.startswith("vectors of") and health.well for health in shelf.doctor())
        shelf.wait(shelf.add("news", sources(range(55, 90))).id, 30)
        now = answers(shelf)  # Chroma is behind: the scan answers
        until_ready(shelf)
        assert answers(shelf) == now != at_once


@pytest.mark.parametrize("kind", ["words", "meaning"])
@pytest.mark.parametrize("damage", [Path.unlink, halve, garble, empty], ids=["delete", "halve", "garble", "empty"])
def test_damaged_indexes_are_noticed_and_give_the_same_answers(
    master: Path, tmp_path: Path, kind: str, damage: Damage
) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    embedder = FakeEmbedder()
    expected = expected_of(master)
    for path in files_of(tmp_path / "data", kind):
        damage(path)
    with Shelf.open(settings(tmp_path, 20 if kind == "meaning" else 5000), embedder) as shelf:
        assert answers(shelf) == expected
        until_ready(shelf)
        assert answers(shelf) == expected
        assert all(health.well for health in shelf.doctor() if health.part != "space")
    assert embedder.embedded == 0


def test_lost_indexes_are_built_anew_without_embedding(master: Path, tmp_path: Path) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    embedder = FakeEmbedder()
    expected = expected_of(master)
    shutil.rmtree(tmp_path / "data" / "indexes")
    with Shelf.open(settings(tmp_path), embedder) as shelf:
        assert answers(shelf) == expected
        until_ready(shelf)
        assert answers(shelf) == expected
    assert embedder.embedded == 0


def test_closing_does_not_wait_for_the_probe(master: Path, tmp_path: Path) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    shelf = Shelf.open(settings(tmp_path), FakeEmbedder())
    began = time.monotonic()
    shelf.close()
    assert time.monotonic() - began < 1
    assert (next((tmp_path / "data" / "indexes").iterdir()) / "meaning" / "stamp.json").exists()


def test_an_old_index_is_replayed(master: Path, tmp_path: Path) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("news", sources(range(58, 66))).id, 30)
        expected = answers(shelf)
        until_ready(shelf)
    shutil.rmtree(tmp_path / "data" / "indexes")
    shutil.copytree(master / "data" / "indexes", tmp_path / "data" / "indexes")
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        assert answers(shelf) == expected
        until_ready(shelf)
        assert answers(shelf) == expected
        assert all(health.well for health in shelf.doctor() if health.part != "space")


def test_an_index_that_fails_while_it_is_asked_is_built_anew(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(master / "data", tmp_path / "data")

    def fail(*_: object) -> None:
        raise IndexDamaged("It fell over.")

    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        until_ready(shelf)
        expected = answers(shelf)
        for searched in ((Approximate, "nearest"), (Keywords, "candidates")):
            broken = [1]
            whole = getattr(*searched)
            monkeypatch.setattr(*searched, lambda *given, w=whole, b=broken: fail() if b and b.pop() else w(*given))
            assert answers(shelf) == expected
            monkeypatch.setattr(*searched, whole)
            until_ready(shelf)
            assert answers(shelf) == expected


def test_questions_pass_between_small_writes_of_chroma(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps Python's lock while it writes: without pauses nothing else would go on until the index is built."""
    shutil.copytree(master / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "indexes")
    put, sleep, events = Approximate.put, time.sleep, list[float]()

    def noted(index: Approximate, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        events.append(len(keys))
        put(index, keys, matrix)

    def paused(seconds: float) -> None:
        if threading.current_thread().name == "upkeep":
            events.append(-seconds)
        sleep(seconds)

    monkeypatch.setattr(keep_vectors, "AT_ONCE", 20)
    monkeypatch.setattr(Approximate, "put", noted)
    monkeypatch.setattr("index.keep_vectors.time.sleep", paused)
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        until_ready(shelf)
    assert events == [20, -keep_vectors.PAUSE_SECONDS, 20, -keep_vectors.PAUSE_SECONDS, 16]


def test_a_long_write_of_chroma_keeps_no_question_waiting(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chromadb.api.models.Collection import Collection

    upsert, hangs, hung = Collection.upsert, threading.Event(), threading.Event()

    def last(*given: object, **named: object) -> None:
        if not hung.is_set():
            hung.set()
            hangs.wait(120)
        upsert(*given, **named)  # type: ignore[arg-type]

    shutil.copytree(master / "data", tmp_path / "data")
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        until_ready(shelf)
        monkeypatch.setattr(Collection, "upsert", last)
        monkeypatch.setattr(keep_vectors, "BUSY_SECONDS", 0.1)
        shelf.wait(shelf.add("news", sources(range(60, 72))).id, 60)
        assert hung.wait(60)
        began = time.monotonic()
        found = shelf.search("news", "The minister of region65 said that trade number65 grew.", limit=100).by_meaning
        assert "65.txt" in {hit.document.name for hit in found}
        assert time.monotonic() - began < 60
        hangs.set()
        until_ready(shelf)
        assert "65.txt" in {hit.document.name for hit in shelf.search("news", "trade number65", limit=100).by_meaning}
        assert len(shelf._upkeep._room(1).vectors.keys() or ()) == shelf.dossier("news").passages


@pytest.mark.parametrize("kind", ["words", "meaning"])
def test_a_stamp_that_lies_is_found_out_by_the_ids(master: Path, tmp_path: Path, kind: str) -> None:
    shutil.copytree(master / "data", tmp_path / "data")
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("news", sources(range(56, 64))).id, 30)
        expected = answers(shelf)
        last = shelf._library.changes.last(1)
    shutil.rmtree(tmp_path / "data" / "indexes")
    shutil.copytree(master / "data" / "indexes", tmp_path / "data" / "indexes")
    (stamp,) = (tmp_path / "data" / "indexes").glob(f"*/{kind}/stamp.json")
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"seq": last}))
    with Shelf.open(settings(tmp_path), FakeEmbedder()) as shelf:
        until_ready(shelf)
        assert answers(shelf) == expected
        assert all(health.well for health in shelf.doctor() if health.part != "space")


def test_a_written_graph_stays_as_it_was_left(tmp_path: Path) -> None:
    matrix = np.random.default_rng(1).standard_normal((1300, 8)).astype(np.float32)
    index = vectors.Approximate.open(tmp_path)
    index.put(np.arange(1300), matrix)
    index.remove(range(40))
    index.close()
    vectors.stamp(tmp_path, 1, "fake")
    assert json.loads((tmp_path / "stamp.json").read_text())["files"]
    for _ in range(2):
        index = vectors.Approximate.open(tmp_path)
        assert index.nearest(matrix[50], 3)[0] is not None
        index.close()
        assert vectors.stamped(tmp_path, "fake") == 1
    assert vectors.probe(tmp_path, threading.Event()).keys == set(range(40, 1300))
    assert vectors.stamped(tmp_path, "fake") == 1


def test_one_changed_bit_of_a_graph_file_is_noticed(tmp_path: Path) -> None:
    graph = tmp_path / "0d1e" / "data_level0.bin"
    graph.parent.mkdir()
    graph.write_bytes(bytes(1000))
    (graph.parent / "index_metadata.pickle").touch()
    vectors.stamp(tmp_path, 7, "fake")
    assert vectors.stamped(tmp_path, "fake") == 7
    with pytest.raises(IndexDamaged):
        vectors.stamped(tmp_path, "another")
    graph.write_bytes(bytes(999) + b"\x01")
    with pytest.raises(IndexDamaged):
        vectors.stamped(tmp_path, "fake")


def test_a_removed_dossier_leaves_no_index_behind(shelf: Shelf, config: IndexConfig) -> None:
    shelf.wait(shelf.add("news", sources(range(3))).id, 30)
    assert list((config.data / "indexes").iterdir())
    shelf.remove_dossier("news")
    until_ready(shelf)
    assert list((config.data / "indexes").iterdir()) == []


def test_an_index_that_could_not_be_written_is_tried_again(
    config: IndexConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, tried = upkeep.Upkeep._sweep, []

    def fail_once(keeper: upkeep.Upkeep) -> None:
        tried.append(keeper)
        if len(tried) == 1:
            raise OSError(28, "No space left on device")
        sweep(keeper)

    monkeypatch.setattr(upkeep.Upkeep, "_sweep", fail_once)
    monkeypatch.setattr(upkeep, "RETRY_SECONDS", 0.1)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        until_ready(shelf)  # nothing is added or asked meanwhile
    assert len(tried) > 1


def test_a_vector_index_that_cannot_be_written_is_told_as_such(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for write in (
        lambda: vectors.stamp(nowhere, 1, "fake"),
        lambda: vectors.unstamp(nowhere),
        lambda: vectors.swap_in(nowhere, tmp_path / "there"),
    ):
        with pytest.raises(StorageFull, match=r"vector index .* could not be written"):
            write()
