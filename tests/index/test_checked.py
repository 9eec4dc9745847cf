"""What the doctor finds and mends row by row, what a change of the splitter renews, what jobs tell meanwhile."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from index import load
from index.config import IndexConfig
from index.records import Metadata, Reindexed, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

TEXT = "The bridge was lifted on 3 May, said the mayor. It had rusted for years. " * 20


def add(shelf: Shelf, *sources: Source) -> None:
    assert shelf.wait(shelf.add("news", sources).id, 60).state == "done"


def behind(config: IndexConfig, statement: str) -> None:
    with sqlite3.connect(config.data / "library.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def unwell(shelf: Shelf) -> list[str]:
    return [health.part for health in shelf.doctor() if not health.well and health.part != "space"]


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("UPDATE versions SET found = replace(found, 'Bridge', 'Fridge')", "metadata"),
        ('UPDATE versions SET marks = \'[[0, "page", "7"]]\'', "metadata"),
        ("UPDATE versions SET text = replace(text, 'mayor', 'major')", "metadata"),
        ("UPDATE embeddings SET vector = (SELECT vector FROM embeddings e WHERE e.key <> embeddings.key)", "vectors"),
        ("UPDATE embeddings SET digest = randomblob(32)", "vectors"),
        ("UPDATE passages SET embedding = (SELECT max(key) FROM embeddings)", "vectors"),
    ],
)
def test_damage_is_found_and_mended_from_the_truth(
    shelf: Shelf, config: IndexConfig, statement: str, part: str
) -> None:
    add(shelf, Source("a.txt", "upload:a.txt", content=f"Bridge lifted\n\n{TEXT}".encode()))
    before = shelf.documents("news"), shelf.text(shelf.documents("news")[0][0].id), shelf.search("news", "mayor")
    behind(config, statement)
    assert part in unwell(shelf)
    shelf.mend()
    assert unwell(shelf) == []
    assert before == (
        shelf.documents("news"), shelf.text(shelf.documents("news")[0][0].id), shelf.search("news", "mayor")
    )  # fmt: skip


def test_what_people_said_cannot_be_mended_and_is_named(shelf: Shelf, config: IndexConfig) -> None:
    add(shelf, Source("a.txt", "upload:a.txt", text=TEXT, metadata=Metadata(author="Jane Doe")))
    behind(config, "UPDATE documents SET given = replace(given, 'Jane', 'June')")
    shelf.mend()
    (found,) = [health for health in shelf.doctor() if health.part == "metadata"]
    assert (found.well, "'a.txt'" in found.message, "dossier metadata" in found.mend) == (False, True, True)


def test_another_splitter_is_told_of_and_renewed(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        add(shelf, Source("a.txt", "upload:a.txt", text=TEXT), Source("b.txt", "upload:b.txt", text="A short one."))
        (a, b), _ = shelf.documents("news")
    embedder = FakeEmbedder()
    with Shelf.open(config.model_copy(update={"passage_characters": 300}), embedder) as shelf:
        assert shelf.search("news", "mayor").by_words
        assert "2 documents were split otherwise" in shelf.remark()
        assert unwell(shelf) == ["splitter"]
        assert shelf.reindex() == Reindexed(2, 0)
        (after, other), _ = shelf.documents("news")
        assert (after.id, after.version, other.version) == (a.id, a.version, b.version)
        assert after.passages > a.passages
        assert all(len(passage.text) <= 400 for passage in shelf.passages(a.id))
        assert (shelf.remark(), unwell(shelf)) == ("", [])
        assert shelf.reindex() == Reindexed(0, 0)
        assert shelf.search("news", "mayor").by_words


def test_the_same_file_again_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, embedder: FakeEmbedder) -> None:
    source = Source("a.md", "upload:a.md", content=TEXT.encode())
    add(shelf, source)
    embedded = embedder.embedded

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(load, "read", refuse)
    job = shelf.wait(shelf.add("news", [source]).id, 30)
    assert (job.unchanged, job.failed, embedder.embedded) == (1, (), embedded)


@pytest.mark.parametrize(
    ("name", "text", "published", "origin"),
    [
        ("2024-05-17_a.md", "# A\n\nText.", "2024-05-17", "file_name"),
        ("a.md", "---\ndate: 2023-02-01\n---\n# A\n\nText.", "2023-02-01", "metadata"),
        ("a.md", "# A\n\n3 April 2022\n\nText.", "2022-04-03", "text"),
        ("a.md", "# A\n\nText of 2021.", None, None),
    ],
)
def test_a_date_says_where_it_was_found_also_after_renaming(
    shelf: Shelf, name: str, text: str, published: str | None, origin: str | None
) -> None:
    add(shelf, Source(name, f"upload:{name}", content=text.encode()))
    ((document,), _) = shelf.documents("news")
    assert (document.metadata.published, document.metadata.published_from) == (published, origin)
    moved = shelf.move(document.id, "2020-01-02_b.md", "upload:b.md").metadata
    stated = origin == "metadata"
    assert (moved.published, moved.published_from) == (
        (published, origin) if stated else ("2020-01-02", "file_name")
    )  # fmt: skip
    back = shelf.move(document.id, "b.md", "upload:b.md").metadata
    assert (back.published, back.published_from) == ((None, None) if origin == "file_name" else (published, origin))


def test_a_long_text_is_told_of_and_stopped_while_it_is_split(shelf: Shelf) -> None:
    paragraphs = "\n\n".join(f"{number}. {TEXT}" for number in range(8000))
    job = shelf.add("news", [Source("long.txt", "upload:long.txt", text=paragraphs)])
    deadline = time.monotonic() + 60
    while (now := shelf.job(job.id)).doing != "splitting":
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    assert (now.state, now.current, now.done, now.total) == ("running", "long.txt", 0, 1)
    began = time.monotonic()
    assert shelf.cancel(job.id).state == "cancelled"
    assert time.monotonic() - began < 6  # two on an idle machine
