"""The vectors in a real Chroma server: the same answers, whatever becomes of the server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from index.config import IndexConfig
from index.errors import IndexDamaged, IndexUnreachable
from index.records import Found, Source
from index.shelf import Shelf
from index.vectors_served import QUESTION_SECONDS, OnServer, Served, Server
from tests.chroma_server import ChromaServer
from tests.fakes import FakeEmbedder

QUESTIONS = ("trade of region7", "the minister of region3 and copper", "storm number11", "harbour region1")
PATIENCE = 120


def sources(numbers: range) -> list[Source]:
    content = "The minister of region{0} said that trade number{0} grew. A storm closed harbour{0}; copper fell."
    return [Source(f"{n}.txt", f"upload:{n}.txt", text=content.format(n)) for n in numbers]


def answers(shelf: Shelf) -> list[list[tuple[str, float]]]:
    found: list[Found] = [shelf.search("news", question, limit=10) for question in QUESTIONS]
    return [[(hit.passage.text, hit.score) for hit in one.by_meaning] for one in found]


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def shelf_of(folder: Path, address: str, chroma_from: int = 20) -> Shelf:
    return Shelf.open(IndexConfig(data=folder, chroma_from=chroma_from, chroma=address), FakeEmbedder())


def add(shelf: Shelf, numbers: range) -> None:
    assert shelf.wait(shelf.add("news", sources(numbers)).id, PATIENCE).state == "done"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every question that the server answered."""
    count: list[int] = []
    nearest = Served.nearest
    monkeypatch.setattr(Served, "nearest", lambda *given: [nearest(*given), count.append(1)][0])
    return count


def names(server: ChromaServer, folder: Path) -> list[str]:
    mine = (folder / "chroma.id").read_text().strip()
    with closing(Server(server.address, folder)) as ours:
        return [one.name for one in ours.client().list_collections() if mine in one.name]


def keys(server: ChromaServer, folder: Path) -> set[int]:
    (name,) = names(server, folder)
    with closing(Server(server.address, folder)) as ours:
        return Served(ours, ours.client().get_collection(name, embedding_function=None)).keys()


@pytest.fixture
def known(tmp_path: Path, chroma_server: ChromaServer) -> Iterator[Server]:
    """The server, as one data folder knows it."""
    with closing(Server(chroma_server.address, tmp_path)) as server:
        yield server


def test_the_same_answers_as_without_a_server(tmp_path: Path, chroma_server: ChromaServer, asked: list[int]) -> None:
    with shelf_of(tmp_path / "files", "") as plain, shelf_of(tmp_path / "served", chroma_server.address) as shelf:
        for one in (plain, shelf):
            add(one, range(60))
            one.remove_document(one.documents("news")[0][7].id)
            until(lambda one=one: one.ready()[0])
        assert answers(shelf) == answers(plain)
        assert len(asked) == len(QUESTIONS)
        assert not list((tmp_path / "served" / "indexes").glob("*/meaning"))
        assert all(health.well for health in shelf.doctor())
    with shelf_of(tmp_path / "served", chroma_server.address) as shelf:
        until(lambda: shelf.ready()[0])
        assert shelf.in_step().builds == 0, "what the server has is trusted after a look, not sent again"
        (name,) = names(chroma_server, tmp_path / "served")
        shelf.remove_dossier("news")
        until(lambda: name not in names(chroma_server, tmp_path / "served"))


def test_what_was_just_added_or_removed_is_searched_beside_the_index(
    tmp_path: Path, chroma_server: ChromaServer, asked: list[int]
) -> None:
    with shelf_of(tmp_path, chroma_server.address) as shelf:
        add(shelf, range(80))
        until(lambda: shelf.ready()[0] and len(keys(chroma_server, tmp_path)) == 80)
        before = keys(chroma_server, tmp_path)
        add(shelf, range(90, 92))
        gone = shelf.search("news", QUESTIONS[0], limit=1).by_meaning[0]
        shelf.remove_document(gone.document.id)
        found = shelf.search("news", sources(range(91, 92))[0].text or "", limit=5).by_meaning
        assert found[0].document.name == "91.txt"
        assert gone.passage.id not in {hit.passage.id for hit in shelf.search("news", QUESTIONS[0]).by_meaning}
        assert len(asked) == 3, "the index was asked though it lags"
        after = keys(chroma_server, tmp_path)
        assert after == before, "so few changes are not worth changing the index for"


def test_a_server_that_dies_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[int]) -> None:
    monkeypatch.setattr("index.upkeep.RETRY_SECONDS", 0.2)
    server = ChromaServer(tmp_path / "chroma")
    server.start()
    try:
        with shelf_of(tmp_path / "data", server.address) as shelf:
            add(shelf, range(60))
            until(lambda: shelf.ready()[0])
            expected = answers(shelf)
            server.stop()
            asked.clear()
            assert answers(shelf) == expected, "the exact scan answers in its place"
            assert not asked
            until(lambda: not shelf.ready()[0] and server.address in shelf.ready()[1])
            add(shelf, range(60, 70))
            server.start()
            until(lambda: shelf.ready()[0])
            assert shelf.search("news", sources(range(65, 66))[0].text or "").by_meaning[0].document.name == "65.txt"
            assert asked
    finally:
        server.stop()


def test_a_server_that_never_answers_holds_nobody_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as deaf:
        server = Server(f"http://127.0.0.1:{deaf.getsockname()[1]}", tmp_path)
        began = time.monotonic()
        with pytest.raises(IndexUnreachable, match="in time"):
            server.client(0.5)
        assert time.monotonic() - began < QUESTION_SECONDS + 30


def test_a_question_does_not_wait_for_a_server_that_became_slow(
    tmp_path: Path, chroma_server: ChromaServer, monkeypatch: pytest.MonkeyPatch, asked: list[int]
) -> None:
    monkeypatch.setattr("index.vectors_served.QUESTION_SECONDS", 0.0001)
    with shelf_of(tmp_path, chroma_server.address) as shelf:
        add(shelf, range(30))
        until(lambda: shelf.ready()[0])
        found = shelf.search("news", sources(range(7, 8))[0].text or "").by_meaning
        assert found[0].document.name == "7.txt"
        assert not asked, "the server was waited for"


def test_an_address_where_nobody_listens_is_told_and_answers_are_exact(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with shelf_of(tmp_path, address) as shelf:
        add(shelf, range(30))
        assert shelf.search("news", sources(range(7, 8))[0].text or "").by_meaning[0].document.name == "7.txt"
        until(lambda: address in shelf.ready()[1])


def test_a_second_writer_is_noticed(known: Server) -> None:
    place = OnServer(known, "d1", "fake")
    place.begin().close()
    place.finish(5)
    with pytest.raises(IndexDamaged, match="others write"), place.changing(place.open(), 4, 6):
        raise AssertionError("must not be changed")


def test_a_cut_change_leaves_the_old_note(known: Server) -> None:
    place = OnServer(known, "d2", "fake")
    index = place.begin()
    index.put(np.array([1]), np.eye(1, 4, dtype=np.float32))
    place.finish(5)
    with suppress(KeyboardInterrupt), place.changing(place.open(), 5, 6):
        place.open().put(np.array([2]), np.eye(1, 4, 1, dtype=np.float32))
        raise KeyboardInterrupt
    seq, found = place.shown(threading.Event())
    assert (seq, found.keys) == (5, {1, 2})
    assert found.sample[2] == [0, 1, 0, 0]


def test_many_readers_ask_beside_one_writer(tmp_path: Path, known: Server) -> None:
    place = OnServer(known, "d3", "fake")
    index = place.begin()
    matrix = np.random.default_rng(3).standard_normal((64, 16)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    index.put(np.arange(32), matrix[:32])
    place.finish(1)
    wrong: list[tuple[int, list[int]]] = []

    def read() -> None:
        with closing(Server(known.address, tmp_path)) as mine:
            reader = OnServer(mine, "d3", "fake").open()
            found = ((row, reader.nearest(matrix[row], 1)) for row in range(32))
            wrong.extend((row, keys) for row, keys in found if keys != [row])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    with place.changing(place.open(), 1, 2):
        place.open().put(np.arange(32, 64), matrix[32:])
    for reader in readers:
        reader.join()
    assert not wrong


def test_a_copied_data_folder_has_collections_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (Server("http://127.0.0.1:1", tmp_path / name) for name in "ab")
    assert one.name("d", "f") == one.name("d", "f") != other.name("d", "f")


@pytest.mark.parametrize("address", ["chroma:8000", "ftp://host:1", "http://", "http://host:99999", "http://host/path"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        IndexConfig(chroma=address)
