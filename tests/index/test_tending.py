"""Backups, compacting, mending and embedding again: nothing is lost, nothing removed is left."""

from __future__ import annotations

import ctypes
import re
import shutil
import sqlite3
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from index.config import IndexConfig
from index.embed import Vector
from index.errors import Conflict, EmbedderChanged, LibraryBusy, NotFound, UnreadableFile
from index.records import Found, Metadata, Reindexed, Source
from index.shelf import Shelf
from index.vectors import Approximate, stamp
from tests.fakes import FakeEmbedder

QUESTIONS = ("trade of region7", "the minister of region3 and copper", "storm number11")


class OtherEmbedder(FakeEmbedder):
    """Of the same size, with other vectors."""

    name = "other"

    def __init__(self) -> None:
        super().__init__("other-32")

    def _vector(self, text: str) -> Vector:
        return np.roll(super()._vector(text), 5)


def sources(numbers: range, words: str = "") -> list[Source]:
    content = (
        "The minister of region{0} said that trade number{0} grew. A storm closed harbour{0}; copper fell. " + words
    )
    return [Source(f"{n}.txt", f"upload:{n}.txt", content=content.format(n).encode()) for n in numbers]


def add(shelf: Shelf, *given: Source, dossier: str = "news") -> None:
    assert shelf.wait(shelf.add(dossier, given).id, 30).state == "done"


def answers(shelf: Shelf) -> list[Found]:
    return [shelf.search("news", question, limit=10) for question in QUESTIONS]


def until_ready(shelf: Shelf) -> None:
    deadline = time.monotonic() + 200
    while not shelf.ready()[0]:
        assert time.monotonic() < deadline, shelf.ready()
        time.sleep(0.02)


def holding(folder: Path, word: str) -> list[Path]:
    """Give the files that hold the word, in UTF-8 or UTF-16, in any case."""
    patterns = [re.compile(re.escape(word.encode(code)), re.IGNORECASE) for code in ("utf-8", "utf-16-le")]
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(pattern.search(path.read_bytes()) for pattern in patterns)
    ]


@pytest.mark.parametrize("chroma_from", [5000, 0], ids=["scan", "chroma"])
def test_no_file_holds_a_word_of_what_was_removed(tmp_path: Path, chroma_from: int) -> None:
    config = IndexConfig(data=tmp_path / "data", chroma_from=chroma_from)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(12)))
        add(shelf, *sources(range(20, 23), "The quixotry of Zzyzx was xylophonic."))
        add(shelf, Source("zzyzx-note.txt", "upload:zzyzx-note.txt", text="Quixotry again, xylophonic."))
        add(shelf, *sources(range(20, 21)))  # replaced: the old version is superseded
        until_ready(shelf)
        assert holding(config.data, "xylophon")
        expected = answers(shelf)
        for document in shelf.documents("news")[0]:
            if document.name in ("21.txt", "22.txt", "zzyzx-note.txt"):
                shelf.remove_document(document.id)
        kept = [(d.id, shelf.text(d.id)) for d in shelf.documents("news")[0]]
        done = shelf.compact()
        assert done.versions == 1
        assert done.changes > 0
        assert done.jobs == 4
        for word in ("xylophon", "quixotr", "zzyzx"):
            assert holding(config.data, word) == []
        assert kept == [(d.id, shelf.text(d.id)) for d in shelf.documents("news")[0]]
        assert [len(found.by_words) for found in answers(shelf)] == [len(found.by_words) for found in expected]
        until_ready(shelf)
        assert all(health.well for health in shelf.doctor() if health.part != "space")
        after = answers(shelf)
        add(shelf, *sources(range(30, 33)))
        shelf.remove_document(shelf.documents("news")[0][-1].id)
        assert shelf.compact().versions == 0
    with Shelf.open(config, FakeEmbedder()) as shelf:
        until_ready(shelf)
        assert all(health.well for health in shelf.doctor() if health.part != "space")
        assert answers(shelf)[0].by_meaning[0] == after[0].by_meaning[0]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library cannot be told to")
def test_what_was_in_memory_is_not_in_the_gaps_of_an_index(tmp_path: Path) -> None:
    for attempt in range(4):
        for thread in [threading.Thread(target=litter) for _ in range(8)]:
            thread.start()
            thread.join()
        index = Approximate.open(tmp_path / str(attempt))
        for start in range(0, 30, 5):
            litter()
            index.put(np.arange(start, start + 5), np.random.default_rng(start).random((5, 24), dtype=np.float32))
        index.close()
        stamp(tmp_path / str(attempt), 1, "fake")
    assert holding(tmp_path, "xylophon") == []


def litter() -> None:
    """Leave words in memory that is free."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    places = []
    for size in (*range(16, 1040, 16), 4096, 16384, 65536, 100_000, 120_000):
        for _ in range(200):
            place = libc.malloc(ctypes.c_size_t(size))
            ctypes.memmove(place, (b"xylophonic " * (size // 11 + 1))[:size], size)
            places.append(place)
    for place in places:
        libc.free(place)


def test_an_index_from_before_the_trimming_is_built_anew(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data", chroma_from=1)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(8)))
        until_ready(shelf)
    shutil.copytree(config.data / "indexes", tmp_path / "old")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        for document in shelf.documents("news")[0][:3]:
            shelf.correct(document.id, Metadata(title=f"Zanzibar {document.name}"))
        deadline = time.monotonic() + 10
        while shelf._library.jobs.waiting() and time.monotonic() < deadline:
            time.sleep(0.02)
        until_ready(shelf)
        shelf.compact()
        expected = shelf.search("news", "Zanzibar")
        assert len(expected.by_words) == 3
    shutil.rmtree(config.data / "indexes")
    shutil.copytree(tmp_path / "old", config.data / "indexes")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        until_ready(shelf)
        assert shelf.search("news", "Zanzibar") == expected
        assert all(health.well for health in shelf.doctor() if health.part != "space")


def test_a_backup_while_others_add_is_whole_and_restores_elsewhere(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data")
    stop = threading.Event()
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(20)))
        expected = answers(shelf)

        def go_on() -> None:
            for number in range(100, 400):
                if stop.is_set():
                    return
                add(shelf, *sources(range(number, number + 2)), dossier="other")
                shelf.remove_document(shelf.documents("other")[0][0].id)

        busy = threading.Thread(target=go_on)
        busy.start()
        try:
            archives = [config.data / "backups" / shelf.back_up().name for _ in range(5)]
        finally:
            stop.set()
            busy.join()
    for number, archive in enumerate(archives):
        moved = tmp_path / f"elsewhere {number}"
        assert Shelf.restore(archive, moved) >= 20
        embedder = FakeEmbedder()
        with Shelf.open(IndexConfig(data=moved), embedder) as shelf:
            assert answers(shelf) == expected
            for dossier in shelf.dossiers():
                for document in shelf.documents(dossier.name)[0]:
                    assert shelf.original(document.id)[0].decode() == shelf.text(document.id)
            until_ready(shelf)
            assert all(health.well for health in shelf.doctor() if health.part != "space")
    assert not list((config.data / "backups").glob(".*"))


def test_a_library_is_never_overwritten_by_a_backup(tmp_path: Path, shelf: Shelf, config: IndexConfig) -> None:
    add(shelf, *sources(range(2)))
    archive = config.data / "backups" / shelf.back_up().name
    with pytest.raises(LibraryBusy):
        Shelf.restore(archive, config.data)
    shelf.close()
    with pytest.raises(Conflict, match="--data NEW_FOLDER"):
        Shelf.restore(archive, config.data)
    (config.data / "library.sqlite").unlink()
    assert Shelf.restore(archive, config.data) == 2
    with Shelf.open(config, FakeEmbedder()) as opened:
        assert len(opened.documents("news")[0]) == 2


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "swapped", "outside", "missing"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    tmp_path: Path, shelf: Shelf, config: IndexConfig, damage: str
) -> None:
    add(shelf, *sources(range(4)))
    archive = config.data / "backups" / shelf.back_up().name
    content = archive.read_bytes()
    if damage == "cut":
        archive.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        archive.write_bytes(content[:3000] + bytes([content[3000] ^ 4]) + content[3001:])
    elif damage == "text":
        archive.write_text("This is no backup.")
    elif damage == "missing":
        archive.unlink()
    elif damage == "swapped":
        with zipfile.ZipFile(archive) as whole:
            held = {name: whole.read(name) for name in whole.namelist()}
        with zipfile.ZipFile(archive, "w") as made:
            for name, member in held.items():
                made.writestr(name, b"Forged." if name.startswith("originals/") else member)
    else:
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("../outside", "x")
            made.writestr(
                "manifest.json", '{"format": "dossier-backup-1", "sha256": {"library.sqlite": "", "../outside": ""}}'
            )
    with pytest.raises(UnreadableFile):
        Shelf.restore(archive, tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"owner.lock"}
    assert not (tmp_path / "outside").exists()


def test_another_embedder_is_swapped_in_at_once(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data", chroma_from=5)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(30)))
        until_ready(shelf)
        words = [found.by_words for found in answers(shelf)]
    with pytest.raises(EmbedderChanged, match="dossier reindex --embedder other"):
        Shelf.open(config, OtherEmbedder())  # of the same size, and yet not confused
    told: list[tuple[int, int]] = []
    count = Shelf.change_embedder(config, lambda *so_far: told.append(so_far), OtherEmbedder())
    assert (count, told[-1]) == (30, (30, 30))
    with pytest.raises(EmbedderChanged, match="dossier reindex --embedder fake"):
        Shelf.open(config, FakeEmbedder())
    other = OtherEmbedder()
    with Shelf.open(config, other) as shelf:
        until_ready(shelf)
        found = answers(shelf)
        assert [one.by_words for one in found] == words
        assert other.embedded == 0
        query = other.embed_query(QUESTIONS[0])
        best = found[0].by_meaning[0]
        assert best.score == pytest.approx(
            float(query @ other.embed_query(f"{best.document.name[:-4]}\n{best.passage.text}")), abs=2e-3
        )
        assert all(health.well for health in shelf.doctor() if health.part != "space")
    with sqlite3.connect(config.data / "library.sqlite") as behind:
        assert behind.execute("SELECT count(DISTINCT embedder), count(*) FROM embeddings").fetchone() == (1, 30)
    behind.close()


def test_what_is_cut_short_keeps_the_old_vectors_and_goes_on_later(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(30)))
        before = answers(shelf)

    def cut_short(done: int, of: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Shelf.change_embedder(config, cut_short, OtherEmbedder())
    with Shelf.open(config, FakeEmbedder()) as shelf:
        assert answers(shelf) == before
    other = OtherEmbedder()
    assert Shelf.change_embedder(config, lambda *_: None, other) == 30
    assert other.embedded == 10


def damage_vectors(data: Path, count: int) -> None:
    with sqlite3.connect(data / "library.sqlite") as behind:
        broken = np.full(32, np.nan, np.float16).tobytes()
        behind.execute("UPDATE embeddings SET vector = ? WHERE key <= ?", (broken, count))
    behind.close()


def test_damaged_vectors_are_found_and_mended(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data", chroma_from=5)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, *sources(range(12)))
        before = answers(shelf)
    damage_vectors(config.data, 3)
    embedder = FakeEmbedder()
    with Shelf.open(config, embedder) as shelf:
        assert all(len(found.by_meaning) == 10 for found in answers(shelf))
        (found,) = [health for health in shelf.doctor() if not health.well and health.part != "space"]
        assert (found.part, found.mend) == ("vectors", "dossier doctor --mend")
        assert shelf.mend() == ("Embedded 3 passages again.", "Built every index anew.")
        assert embedder.embedded == 3
        assert answers(shelf) == before
        until_ready(shelf)
        assert answers(shelf) == before
        assert all(health.well for health in shelf.doctor() if health.part != "space")
        assert shelf.reindex() == Reindexed(0, 0)
    assert embedder.embedded == 15


def test_one_thing_at_a_time(shelf: Shelf) -> None:
    with shelf._tending._alone("backup", None), pytest.raises(Conflict, match="looked after"):
        shelf.compact()
    with pytest.raises(NotFound):
        shelf.text("d_none")
