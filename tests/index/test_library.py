from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.config import IndexConfig
from index.errors import LibraryBusy, LibraryDamaged, ProgrammingError, StorageFull
from index.library import Library, embeddings
from index.library.database import Database, _ours
from index.library.passages import NEAR
from index.library.rows import merged
from index.records import Metadata, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "library.sqlite")


def settings(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("SELECT name FROM dossiers ORDER BY key")]


def insert(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO dossiers (id, name, folded, created) VALUES (?1, ?1, ?1, '')", (name,))


def test_a_transaction_is_whole_or_nothing_also_when_nested(database: Database) -> None:
    def fail_in_the_middle() -> None:
        with database.write() as outer:
            insert(outer, "a")
            with database.write() as inner:
                insert(inner, "b")
            assert settings(database) == ["a", "b"]  # the writer sees its own
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle()
    assert settings(database) == []
    with database.write() as connection:
        insert(connection, "c")
    assert settings(database) == ["c"]


def test_a_reader_sees_one_snapshot_while_another_writes(database: Database) -> None:
    def write() -> None:
        with database.write() as connection:
            insert(connection, "late")

    with database.read() as snapshot:
        assert snapshot.execute("SELECT count(*) FROM dossiers").fetchone() == (0,)
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        assert settings(database) == []  # the same snapshot, for it is the same reader
    assert settings(database) == ["late"]


def test_the_log_is_durable_and_keys_are_watched(database: Database) -> None:
    with database.write() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    with pytest.raises(ProgrammingError), database.write() as connection:
        connection.execute("INSERT INTO changes (dossier, operation, passage) VALUES (1, 'bad', 1)")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("SQLITE_FULL", StorageFull),
        ("SQLITE_IOERR_FSYNC", StorageFull),
        ("SQLITE_READONLY_DIRECTORY", StorageFull),
        ("SQLITE_IOERR_READ", LibraryDamaged),
        ("SQLITE_CORRUPT_INDEX", LibraryDamaged),
        ("SQLITE_NOTADB", LibraryDamaged),
        ("SQLITE_BUSY_SNAPSHOT", LibraryBusy),
        ("SQLITE_CONSTRAINT_UNIQUE", ProgrammingError),
    ],
)
def test_every_error_of_sqlite_becomes_one_of_ours(name: str, ours: type[Exception]) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorname = name
    assert type(_ours(error, Path("x/library.sqlite"))) is ours


def test_a_full_disk_is_told_and_harms_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute("PRAGMA max_page_count = 60")

    def fill() -> None:
        with database.write() as connection:
            for number in range(1000):
                insert(connection, f"{number}" * 100)

    with pytest.raises(StorageFull, match=r"library\.sqlite could not be written"):
        fill()
    assert settings(database) == []


@pytest.mark.parametrize("content", [b"", b"no database at all" * 300])
def test_a_library_that_is_none_is_told_and_left_alone(shelf: Shelf, tmp_path: Path, content: bytes) -> None:
    data = tmp_path / "data"
    shelf.wait(shelf.add("news", [Source("a", "upload:a", text="Some text.")]).id, 10)
    shelf.close()
    for path in data.glob("library.sqlite*"):
        path.unlink()
    (data / "library.sqlite").write_bytes(content)
    with pytest.raises(LibraryDamaged, match=r"library\.sqlite"):
        Library.open(data)
    assert (data / "library.sqlite").read_bytes() == content


def test_a_missing_library_beside_its_indexes_is_not_begun_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.close()
    (tmp_path / "data" / "library.sqlite").unlink()
    with pytest.raises(LibraryDamaged, match="missing"):
        Library.open(tmp_path / "data")


def test_a_library_of_a_newer_dossier_is_refused(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        connection.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(LibraryDamaged, match="pip install --upgrade"):
        Library.open(tmp_path)


def test_a_text_that_was_changed_behind_our_back_is_never_cited(shelf: Shelf, config: IndexConfig) -> None:
    shelf.wait(shelf.add("news", [Source("a", "upload:a", text="Trade grew by 26% in May.")]).id, 10)
    with sqlite3.connect(config.data / "library.sqlite") as behind:
        behind.execute("UPDATE versions SET text = replace(text, '26', '62')")
    behind.close()
    assert [health.part for health in shelf.doctor() if not health.well] == ["metadata", "passages"]
    with pytest.raises(LibraryDamaged, match="not what was stored"):
        shelf.search("news", "trade")


def test_a_passage_is_cut_the_same_from_the_beginning_and_from_far_inside_of_a_text(shelf: Shelf) -> None:
    told = [f"Parcel {number} of ƒ𝟙ve reached the café\x07 in Odessa on time." for number in range(2000)]
    text = "\n\n".join(told)
    assert len(text) > NEAR + 10_000
    shelf.wait(shelf.add("news", [Source("a", "upload:a", text=text)]).id, 60)
    found = shelf.search("news", "Parcel 3, parcel 700, parcel 1990", limit=400)
    hits = {hit.passage.start: hit for hit in (*found.by_meaning, *found.by_words)}
    assert min(hits) < NEAR < max(hits)
    assert all(text[hit.passage.start : hit.passage.end] == hit.passage.text for hit in hits.values())


def test_passages_are_counted_only_where_their_keys_leave_it_open(shelf: Shelf) -> None:
    def add(name: str, sentences: int) -> None:
        text = "\n\n".join(f"Parcel {number} of {name} came late. " * 12 for number in range(sentences))
        shelf.wait(shelf.add("news", [Source(name, f"upload:{name}", text=text)]).id, 60)

    passages, key = shelf._library.passages, shelf._library.dossiers.key(shelf.create_dossier("news").name)
    assert passages.at_least(key, 0)
    assert not passages.at_least(key, 1)
    add("a", 3), add("b", 3), add("c", 3)
    count = passages.count(key)
    shelf.remove_document(shelf.documents("news")[0][1].id)
    left = passages.count(key)
    assert left < count
    assert [passages.at_least(key, wanted) for wanted in (left, left + 1, count, count + 1)] == [
        True,
        False,
        False,
        False,
    ]


def test_people_win_over_the_caller_who_wins_over_the_reader() -> None:
    found = Metadata(title="Found", author="Found", published="2001", published_from="text", language="en")
    assert merged(found, Metadata(), Metadata()) == found
    given = Metadata(author="Given", published="2002-02")
    both = Metadata("Found", None, "Given", "2002-02", "given", "en")
    assert merged(found, given, Metadata()) == both
    assert merged(found, given, Metadata(title="", published="")) == Metadata(None, None, "Given", None, None, "en")


def test_a_disk_that_fails_is_told_as_one(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("b.txt", "upload:b.txt", content=b"Copper fell.")

    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(StorageFull, match=r"could not be written .*Input/output error"):
            shelf.add("news", [source])
        (shelf._library.originals.folder / hashlib.sha256(source.content or b"").hexdigest()).write_bytes(
            b"Copper fell."
        )
        with pytest.raises(StorageFull, match=r"originals could not be written .*Input/output error"):
            shelf.add("news", [source])
    job = shelf.wait(shelf.add("news", [source]).id, 10)
    assert job.added == 1


def test_adding_a_document_again_mends_its_original_file(shelf: Shelf, config: IndexConfig) -> None:
    source = Source("a.txt", "upload:a.txt", content=b"Trade grew by 26%.")
    shelf.wait(shelf.add("news", [source]).id, 10)
    (original,) = (config.data / "originals").iterdir()
    (document,) = shelf.documents("news")[0]
    original.write_bytes(b"Trade grew by 62%.")
    with pytest.raises(LibraryDamaged, match="Add the document again"):
        shelf.original(document.id)
    assert shelf.wait(shelf.add("news", [source]).id, 10).unchanged == 1
    assert shelf.original(document.id)[0] == source.content


def test_vectors_read_a_part_at_a_time_are_those_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "ROWS_AT_ONCE", 3)
    config = IndexConfig(data=tmp_path)
    with Shelf.open(config, FakeEmbedder()) as shelf:
        for dossier in ("first", "second"):
            texts = [Source(f"{n}.txt", f"upload:{n}.txt", text=f"Text {n} of the {dossier}.") for n in range(7)]
            assert shelf.wait(shelf.add(dossier, texts).id, 60).state == "done"
        dimensions = FakeEmbedder().dimensions
    with closing(Library.open(tmp_path)) as library:
        key = library.dossiers.key("first")
        whole = library.embeddings.of_dossier(key, dimensions)
        parts = list(library.embeddings.halves_of_dossier(key, dimensions))
        assert [len(part.keys) for part in parts] == [3, 3, 1]
        assert np.array_equal(np.concatenate([part.keys for part in parts]), whole.keys)
        assert np.array_equal(np.concatenate([part.documents for part in parts]), whole.documents)
        assert np.array_equal(np.concatenate([part.matrix for part in parts]), whole.matrix.astype(np.float16))
        one_by_one = library.embeddings.of_passages(sorted(library.passages.keys_of_dossier(key)), dimensions)
        assert np.array_equal(whole.keys, one_by_one.keys)
        assert np.array_equal(whole.documents, one_by_one.documents)
        assert np.array_equal(whole.matrix, one_by_one.matrix)
        assert library.passages.keys_of_dossier(key) == set(whole.keys.tolist())
        assert list(library.embeddings.halves_of_dossier(999, dimensions)) == []
        assert library.passages.keys_of_dossier(999) == set()
        with library.database.write() as connection:
            connection.execute("UPDATE embeddings SET vector = x'00' WHERE key = 1")
        with pytest.raises(LibraryDamaged, match="embeddings"):
            list(library.embeddings.halves_of_dossier(key, dimensions))
