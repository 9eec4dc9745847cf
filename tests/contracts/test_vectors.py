"""What every vector search promises: tried on the exact scan, on Chroma's files and on a Chroma server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from index.scan import Scan, ranked
from index.vectors import Approximate
from index.vectors_served import OnServer, Server

DIMENSIONS = 16


class Searcher(Protocol):
    def put(self, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None: ...
    def remove(self, keys: list[int]) -> None: ...
    def keys(self) -> set[int]: ...
    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int]: ...


class Exact:
    """The scan behind the words of the contract."""

    def __init__(self) -> None:
        self.scan = Scan(DIMENSIONS)

    def put(self, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        self.scan.put(keys, keys, matrix)

    def remove(self, keys: list[int]) -> None:
        self.scan.remove(keys)

    def keys(self) -> set[int]:
        return self.scan.keys()

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int]:
        return [key for key, _ in self.scan.nearest(query, limit)]


@pytest.fixture(params=["scan", "files", "server"])
def searcher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searcher]:
    if request.param == "scan":
        yield Exact()
        return
    if request.param == "files":
        index = Approximate.open(tmp_path / "meaning")
        yield index
        index.close()
        return
    with closing(Server(request.getfixturevalue("chroma_server").address, tmp_path)) as server:
        yield OnServer(server, "dossier", "fake").begin()


def vectors(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors, rounded as the library keeps them."""
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def numbers(*keys: int) -> NDArray[np.int64]:
    return np.array(keys, np.int64)


def test_an_empty_index_finds_nothing(searcher: Searcher) -> None:
    assert searcher.nearest(vectors(1)[0], 5) == []
    assert searcher.keys() == set()


def test_each_vector_is_nearest_to_itself(searcher: Searcher) -> None:
    matrix = vectors(50)
    searcher.put(np.arange(100, 150), matrix)
    assert [searcher.nearest(row, 1)[0] for row in matrix] == list(range(100, 150))
    assert searcher.keys() == set(range(100, 150))


def test_the_ten_nearest_are_those_of_a_plain_product(searcher: Searcher) -> None:
    matrix = vectors(300)
    searcher.put(np.arange(300), matrix)
    for query in vectors(10, seed=2):
        assert searcher.nearest(query, 10) == np.argsort(-(matrix @ query))[:10].tolist()


def test_putting_twice_changes_nothing_and_overwrites(searcher: Searcher) -> None:
    matrix = vectors(3)
    searcher.put(numbers(1, 2), matrix[:2])
    searcher.put(numbers(1, 2), matrix[:2])
    searcher.put(numbers(2), matrix[2:])
    assert searcher.keys() == {1, 2}
    assert searcher.nearest(matrix[2], 2) == [2, 1]


def test_what_is_removed_is_gone_and_removing_twice_is_nothing(searcher: Searcher) -> None:
    matrix = vectors(5)
    searcher.put(np.arange(5), matrix)
    searcher.remove([1, 3, 99])
    searcher.remove([1])
    assert searcher.keys() == {0, 2, 4}
    assert set(searcher.nearest(matrix[1], 5)) == {0, 2, 4}


def test_asking_for_more_than_there_is_gives_all(searcher: Searcher) -> None:
    searcher.put(np.arange(3), vectors(3))
    assert len(searcher.nearest(vectors(1)[0], 100)) == 3


def test_a_score_is_the_same_in_any_company_and_equal_ones_come_in_order_of_keys() -> None:
    matrix = np.repeat(vectors(7), 40, axis=0)
    query = vectors(1, seed=9)[0]
    keys = np.arange(len(matrix))
    scores = dict(ranked(keys, matrix, query, len(matrix)))
    shuffled = np.random.default_rng(3).permutation(len(matrix))
    assert ranked(keys[shuffled], matrix[shuffled], query, 25) == ranked(keys, matrix, query, 25)
    for count in (1, 3, 8, 17):
        assert all(scores[key] == score for key, score in ranked(keys[:count], matrix[:count], query, count))
    scan = Scan(DIMENSIONS)
    scan.put(keys[shuffled], keys[shuffled], matrix[shuffled])
    assert scan.nearest(query, 25) == ranked(keys, matrix, query, 25)


@pytest.mark.parametrize("limit", [1, 4, 15])
@pytest.mark.parametrize("documents", [{1, 3}, {17}, {0, 1, 2, 3}], ids=["some", "few", "none of them first"])
def test_a_scan_of_some_documents_gives_only_theirs(limit: int, documents: set[int]) -> None:
    scan, matrix = Scan(DIMENSIONS), vectors(100)
    scan.put(np.arange(100), np.arange(100) // 5, matrix)
    found = scan.nearest(matrix[0], limit, documents)
    theirs = [key for key in range(100) if key // 5 in documents]
    assert [key for key, _ in found] == sorted(theirs, key=lambda key: -(matrix[key] @ matrix[0]))[:limit]
    assert scan.nearest(matrix[0], limit, set()) == []


@pytest.mark.parametrize("dimensions", [16, 384, 1024])
def test_the_first_passes_lose_none_of_the_best(dimensions: int) -> None:
    numbers = np.random.default_rng(dimensions)
    heart = numbers.standard_normal(dimensions)
    matrix = heart + 0.02 * numbers.standard_normal((3000, dimensions))  # all of them are close to each other
    matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float16)
    scan, keys = Scan(dimensions), np.arange(len(matrix))
    scan.put(keys, keys, matrix)
    for row in range(0, 3000, 300):
        query = matrix[row].astype(np.float32)
        assert scan.nearest(query, 20) == ranked(keys, matrix, query, 20)


def test_an_image_of_many_blocks_is_searched_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.scan.ROWS", 64)
    numbers, scan, there = np.random.default_rng(8), Scan(DIMENSIONS), {}
    for step in range(40):
        keys, matrix = numbers.choice(900, 30, replace=False), 3 * vectors(30, seed=step).astype(np.float16)
        scan.put(keys, keys // 9, matrix)
        there |= dict(zip(keys.tolist(), matrix, strict=True))
        for key in numbers.choice(900, 25 if step % 10 else 800, replace=False).tolist():
            scan.remove([key])
            there.pop(key, None)
        assert scan.keys() == set(there)
        query, few, most = vectors(1, seed=1000 + step)[0], {1, 7, 40}, set(range(60))
        for documents in (None, few, most, {5_000}):
            left = [key for key in there if documents is None or key // 9 in documents]
            rows = np.array([there[key] for key in left]).reshape(-1, DIMENSIONS)
            assert scan.nearest(query, 12, documents) == ranked(np.array(left, np.int64), rows, query, 12)
