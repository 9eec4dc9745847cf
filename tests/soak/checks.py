"""What a fresh process finds after a fault; it says `found` with what it measured, or what is wrong."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from index.config import IndexConfig
from index.embed import Embedder
from index.errors import EmbedderChanged, LibraryDamaged
from index.records import Found
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.index.test_kills import check_every_passage
from tests.soak.worker import DOCUMENTS, OtherEmbedder, content, say, settings

LONGEST_OPENING = 5.0
"""Processor seconds that opening may take, whatever happened before."""


def whole(
    folder: str,
    chroma_from: int,
    before: list[list[Any]],
    acknowledged: list[list[Any]],
    removed: list[str],
    faulty: bool,
) -> None:
    """What was acknowledged is there, whole, and found both ways; the rest is whole or not there."""
    began, busy = time.monotonic(), time.process_time()
    config = settings(folder, chroma_from)
    with open_either(config) as shelf:
        opening = time.monotonic() - began
        assert time.process_time() - busy < LONGEST_OPENING
        shelf.create_dossier("news")
        for job in shelf.jobs():
            ended = shelf.wait(job.id, 60)
            assert ended.finished, f"the job {ended} never ends"
            assert faulty or not ended.failed, ended
        there: dict[str, int] = {}
        for document in shelf.documents("news")[0]:
            _, name, _, edition, *_ = shelf.text(document.id).split()
            assert name not in there, f"{name} is there twice"
            there[name] = int(edition)
        for name, edition in before:
            assert name in there or name in {f"n{number}" for number in range(5)}, f"{name} is lost"
            assert there.get(name, edition) >= edition
        for name, edition in acknowledged:
            assert there[name] >= edition, f"{name} was acknowledged as edition {edition}, and {there[name]} is there"
        assert not set(removed) & there.keys(), f"{removed} were removed"
        check_every_passage(shelf)
        nothing_is_left(shelf, removed)
        until_ready(shelf)
        recovery = time.monotonic() - began
        check_every_passage(shelf)
        check_vectors(shelf)
        unwell = [health for health in shelf.doctor() if not health.well and health.part != "space"]
        assert not unwell, unwell
    say("found", {"opening": opening, "recovery": recovery, "documents": len(there)})


def after_a_kill(folder: str, chroma_from: int, queued: list[list[Any]], removed: list[str]) -> None:
    """Every job that was queued comes to its end, and what it added is whole and found both ways."""
    began = time.monotonic()
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        opening = time.monotonic() - began
        shelf.create_dossier("news")
        for job in shelf.jobs():
            assert shelf.wait(job.id, 60).finished, job
        for id, names in queued:
            job = shelf.job(id)
            assert job.state == "done", job
            assert job.added + job.replaced + job.unchanged == job.total == len(names), job
        assert not set(removed) & {document.id for document in shelf.documents("news", None, 10_000)[0]}
        check_every_passage(shelf, {name for _, names in queued for name in names})
        until_ready(shelf)
        recovery = time.monotonic() - began
        unwell = [health for health in shelf.doctor() if not health.well and health.part != "space"]
        assert not unwell, unwell
    say("found", {"opening": opening, "recovery": recovery})


def open_either(config: IndexConfig) -> Shelf:
    """Open with the embedder that the library was left with: the old one or the new one, never a mix."""
    try:
        return Shelf.open(config, FakeEmbedder())
    except EmbedderChanged:
        return Shelf.open(config, OtherEmbedder())


def until_ready(shelf: Shelf, seconds: float = 300) -> None:
    """Wait until all indexes are in step."""
    deadline = time.monotonic() + seconds
    while not shelf.ready()[0]:
        assert time.monotonic() < deadline, shelf.ready()
        time.sleep(0.01)


def nothing_is_left(shelf: Shelf, removed: list[str]) -> None:
    for name in removed:
        found = shelf.search("news", f"word{name}x0x0 word{name}x0x1 {name}y0", limit=20)
        assert not any(hit.document.name == f"{name}.txt" for hit in (*found.by_words, *found.by_meaning))


def check_vectors(shelf: Shelf) -> None:
    """Every passage's vector is the one that the embedder in use makes of it."""
    embedder: Embedder = shelf._embedder
    library = shelf._library
    assert not library.embeddings.mixed()
    for document in shelf.documents("news")[0]:
        key, _ = library.documents.key(document.id)
        header = shelf._tending._craft.header(document.metadata, document.name)
        kept = library.embeddings.of_passages(library.passages.keys_of_document(key), embedder.dimensions)
        texts = [header + passage.text for passage in shelf.passages(document.id)]
        wanted = embedder.embed_passages(texts).astype(np.float16).astype(np.float32)
        assert np.array_equal(kept.matrix, wanted), f"{document.name} has vectors of another"


QUESTIONS = [f"word{name}x0x1 the minister of {name}y0 spoke" for name in ("n3", "n7", "n12", "n18")]


def answers_of(shelf: Shelf, questions: list[str], limit: int = 10) -> list[Any]:
    return [_told(shelf.search("news", question, limit=limit)) for question in questions]


def _told(found: Found) -> list[Any]:
    return [
        [[hit.document.name, hit.passage.start, hit.passage.end, hit.passage.text, round(hit.score, 9)] for hit in hits]
        for hits in (found.by_meaning, found.by_words)
    ]


def answers(folder: str, chroma_from: int) -> None:
    """Say the answers of a library, once its indexes are in step."""
    with open_either(settings(folder, chroma_from)) as shelf:
        until_ready(shelf)
        say("found", answers_of(shelf, QUESTIONS))


def damaged(folder: str, chroma_from: int, expected: list[Any]) -> None:
    """Indexes that were damaged are found out; the answers are the same before and after they are built anew."""
    embedder = FakeEmbedder()
    began = time.monotonic()
    with Shelf.open(settings(folder, chroma_from), embedder) as shelf:
        assert _same(answers_of(shelf, QUESTIONS), expected), "other answers at once"
        until_ready(shelf)
        recovery = time.monotonic() - began
        assert _same(answers_of(shelf, QUESTIONS), expected), "other answers after recovery"
        check_every_passage(shelf)
        unwell = [health for health in shelf.doctor() if not health.well and health.part != "space"]
        assert not unwell, unwell
    assert embedder.embedded == 0
    say("found", {"recovery": recovery})


def _same(found: list[Any], expected: list[Any]) -> bool:
    return bool(found == expected)


def pages(folder: str, chroma_from: int) -> None:
    """A damaged library: whatever is shown has to be true; say how the damage was found."""
    true = "\n".join(content(f"n{number}", 0) for number in range(DOCUMENTS))
    names = {f"n{number}.txt" for number in range(DOCUMENTS)}
    try:
        with open_either(settings(folder, chroma_from)) as shelf:
            for number in range(DOCUMENTS):
                found = shelf.search("news", f"word n{number} x0x1 minister", limit=60)
                for hit in (*found.by_words, *found.by_meaning):
                    assert hit.passage.text in true, "a wrong quote"
                    named = hit.document.name in names and hit.passage.text.split()[1] in hit.document.name
                    assert named or "Article" not in hit.passage.text[:7], "a quote of another document"
            unwell = [health.part for health in shelf.doctor() if not health.well and health.part != "space"]
            say("found", {"end": f"doctor: {unwell[0]}" if unwell else "nothing shown was touched"})
    except LibraryDamaged as error:
        told = any(way in str(error) for way in ("dossier restore", "again"))
        say("found" if told else "broke", {"end": "refused"})
