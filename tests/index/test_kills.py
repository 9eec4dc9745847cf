"""A kill at any time loses nothing that was acknowledged and leaves nothing half done."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.records import Found, Job
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

NURSERY = """
import json, os, random, signal, sys, time
from pathlib import Path
import index.load, index.split
from index import upkeep
from index.config import IndexConfig
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

def content(name, edition):
    return "\\n\\n".join(
        f"Article {name} edition {edition} part {part} has word{name}x{edition}x{part}. "
        + f"The minister of {name}y{edition} spoke. " * 20
        for part in range(3)
    )

def work(folder, first, seed, chroma_from, say):
    luck = random.Random(seed)
    upkeep.DEBOUNCE_SECONDS = 0.02
    shelf = Shelf.open(IndexConfig(data=Path(folder), chroma_from=chroma_from), FakeEmbedder())
    for number in range(first, first + 10_000):
        batch = []
        for name, edition in {(f"n{number}", 0), (f"n{luck.randrange(first + 20)}", number)}:
            text = content(name, edition)
            body = {"text": text} if luck.random() < 0.5 else {"content": text.encode()}
            batch.append(Source(f"{name}.txt", f"upload:{name}.txt", **body))
        job = shelf.add("news", batch)
        say("queued", job.id, [source.name for source in batch])
        if luck.random() < 0.7:
            job = shelf.wait(job.id, 20)
            say("done", job.id, [])
        if luck.random() < 0.2:
            victim = luck.choice(shelf.documents("news", None, 1000)[0] or [None])
            if victim is not None:
                shelf.remove_document(victim.id)
                say("removed", victim.id, [])

for line in sys.stdin:
    folder, first, seed, chroma_from, delay = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        say = lambda *what: os.write(write, (json.dumps(what) + "\\n").encode())
        try:
            work(folder, first, seed, chroma_from, say)
        finally:
            os._exit(1)
    os.close(write)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as said:
        print(json.dumps([json.loads(line) for line in said if line.endswith("\\n")]), flush=True)
"""


@contextmanager
def nursery(chroma: bool) -> Iterator[subprocess.Popen[str]]:
    """A process with everything imported that bears workers and kills them."""
    script = ("import chromadb\n" if chroma else "") + NURSERY
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def settled(shelf: Shelf) -> dict[str, Job]:
    return {job.id: shelf.wait(job.id, 20) for job in shelf.jobs() if not job.finished} | {
        job.id: job for job in shelf.jobs()
    }


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


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("rounds", "chroma_from"), [(20, 5000), (4, 10)], ids=["scan", "chroma"])
def test_kills_while_adding_replacing_and_removing(tmp_path: Path, rounds: int, chroma_from: int) -> None:
    kill_again_and_again(tmp_path, rounds, chroma_from, 7)


def kill_again_and_again(tmp_path: Path, rounds: int, chroma_from: int, seed: int) -> None:
    data = tmp_path / "data"
    luck = random.Random(seed)  # noqa: S311 - no secret
    acknowledged = 0
    removed: set[str] = set()
    with nursery(chroma_from < 5000) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for round_number in range(rounds):
            order = [str(data), round_number * 100, seed * 1000 + round_number, chroma_from, luck.uniform(0.05, 0.8)]
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            began = time.monotonic()
            with Shelf.open(IndexConfig(data=data, chroma_from=chroma_from), FakeEmbedder()) as shelf:
                assert time.monotonic() - began < 5
                shelf.create_dossier("news")
                jobs = settled(shelf)
                for kind, id, names in said:
                    if kind == "removed":
                        removed.add(id)
                        continue
                    acknowledged += 1
                    assert jobs[id].state == "done"
                    job = jobs[id]  # the first edition of a name can come twice
                    assert job.added + job.replaced + job.unchanged == job.total == (len(names) or job.total)
                touched = {name for _, _, names in said for name in names}
                there = {document.id for document in shelf.documents("news", None, 10_000)[0]}
                assert not removed & there
                check_every_passage(shelf, touched)
        with Shelf.open(IndexConfig(data=data, chroma_from=chroma_from), FakeEmbedder()) as shelf:
            check_every_passage(shelf, set(list({d.name for d in shelf.documents("news", None, 10_000)[0]})[:40]))
            deadline = time.monotonic() + 20
            while not shelf.ready()[0] and time.monotonic() < deadline:
                time.sleep(0.05)
            assert all(health.well for health in shelf.doctor() if health.part != "space")
    assert acknowledged > rounds
