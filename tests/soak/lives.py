"""Works tried again and again in one process; each says ["round", number, what is wrong, what was measured]."""

from __future__ import annotations

import gc
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from index import sync
from index.errors import DossierError
from index.library import rows
from index.load import source_of
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder, FakeReranker
from tests.soak.checks import QUESTIONS, answers_of, nothing_is_left, until_ready
from tests.soak.worker import DOCUMENTS, PATIENCE, add, content, say, settings, source

LUCKY = random.Random
"""Seeded by the number of a round."""


def _rounds(numbers: Sequence[int], one: Callable[[int], dict[str, Any] | None]) -> None:
    for number in numbers:
        try:
            measured = one(number)
        except (AssertionError, DossierError) as error:
            say("round", number, repr(error)[:600], {})
        else:
            say("round", number, None, measured or {})


def threads(folder: str, numbers: Sequence[int]) -> None:
    """Eight threads add the same file at once: one document, and one of them added it."""
    with Shelf.open(settings(folder, 5000), FakeEmbedder()) as shelf:

        def one(number: int) -> None:
            jobs = []
            start = threading.Barrier(8)

            def add_it() -> None:
                start.wait()
                jobs.append(shelf.add("news", [source(f"n{number}", 0)]).id)

            racing = [threading.Thread(target=add_it) for _ in range(8)]
            for thread in racing:
                thread.start()
            for thread in racing:
                thread.join()
            ended = [shelf.wait(id, PATIENCE) for id in jobs]
            assert len(ended) == 8
            assert sum(job.added for job in ended) == 1
            assert sum(job.unchanged for job in ended) == 7
            assert [d.name for d in shelf.documents("news", None, 1000)[0]].count(f"n{number}.txt") == 1

        _rounds(numbers, one)


def tenfold(folder: str, numbers: Sequence[int]) -> None:
    """The same corpus ten times: nothing is embedded, ids, counts and answers stay."""
    embedder = FakeEmbedder()
    with Shelf.open(settings(folder, 10), embedder) as shelf:
        add(shelf, *((f"n{number}", 0) for number in range(DOCUMENTS)))
        until_ready(shelf)
        embedded, before = embedder.embedded, (shelf.documents("news"), answers_of(shelf, QUESTIONS))

        def one(_: int) -> dict[str, Any]:
            job = add(shelf, *((f"n{number}", 0) for number in range(DOCUMENTS)))
            until_ready(shelf)
            assert job.unchanged == DOCUMENTS
            assert embedder.embedded == embedded
            assert (shelf.documents("news"), answers_of(shelf, QUESTIONS)) == before
            return {"embedded": embedder.embedded - embedded}

        _rounds(numbers, one)


def corrupt(folder: str, numbers: Sequence[int]) -> None:
    """A replacement that cannot be read leaves the old version in its place."""
    from tests.index.load.test_hostile import SEEDS

    pdf = SEEDS["a.pdf"]()
    with Shelf.open(settings(folder, 5000), FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("news", [Source("a.pdf", "upload:a.pdf", content=pdf)]).id, PATIENCE)
        (before,) = shelf.documents("news")[0]
        text = shelf.text(before.id)

        def one(number: int) -> None:
            luck = LUCKY(number)
            spoilt = luck.choice(
                (pdf[: luck.randrange(8, len(pdf) // 3)], luck.randbytes(500), b"%PDF-1.4\n" + luck.randbytes(999))
            )
            job = shelf.wait(shelf.add("news", [Source("a.pdf", "upload:a.pdf", content=spoilt)]).id, PATIENCE)
            assert len(job.failed) == 1, job
            assert "a.pdf" in job.failed[0].error
            assert shelf.documents("news")[0] == (before,)
            assert shelf.text(before.id) == text
            assert shelf.original(before.id)[0] == pdf
            assert shelf.search("news", text[:100]).by_words

        _rounds(numbers, one)


def backups(folder: str, numbers: Sequence[int]) -> None:
    """A backup while documents are added, restored elsewhere: the same answers, and nothing half there."""
    stop = threading.Event()
    with Shelf.open(settings(Path(folder) / "data", 5000), FakeEmbedder()) as shelf:
        add(shelf, *((f"n{number}", 0) for number in range(DOCUMENTS)))

        def keep_adding() -> None:
            number = 0
            while not stop.is_set():
                job = shelf.add("more", [source(f"n{number % 300}", number) for number in range(number, number + 4)])
                shelf.wait(job.id, PATIENCE)
                number += 4

        adding = threading.Thread(target=keep_adding)
        adding.start()
        before = answers_of(shelf, QUESTIONS)

        def one(number: int) -> dict[str, Any]:
            time.sleep(LUCKY(number).random() / 5)
            made = shelf.back_up()
            elsewhere = Path(folder) / f"elsewhere {number}"
            Shelf.restore(Path(folder) / "data" / "backups" / made.name, elsewhere)
            with Shelf.open(settings(elsewhere, 5000), FakeEmbedder()) as restored:
                assert answers_of(restored, QUESTIONS) == before
                more = restored.documents("more", None, 1000)[0]
                for document in more:
                    assert len(restored.passages(document.id)) == document.passages == 3
                    restored.original(document.id)
                assert all(health.well for health in restored.doctor() if health.part not in ("space", "keywords"))
            shutil.rmtree(elsewhere)
            (Path(folder) / "data" / "backups" / made.name).unlink()
            return {"documents": len(more)}

        try:
            _rounds(numbers, one)
        finally:
            stop.set()
            adding.join()


def clocks(folder: str, numbers: Sequence[int]) -> None:
    """The clock jumps back, and a file gets other bytes of the same size and time: content alone decides."""
    shelf_folder, watched = Path(folder) / "data", Path(folder) / "watched"
    watched.mkdir(parents=True)
    jump = timedelta()
    rows.now = lambda: (datetime.now(UTC) + jump).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # type: ignore[assignment]
    sync.QUIET_SECONDS = 0.0
    file = watched / "a.txt"
    with Shelf.open(settings(shelf_folder, 5000), FakeEmbedder()) as shelf:
        shelf.create_dossier("news")

        def one(number: int) -> None:
            nonlocal jump
            luck = LUCKY(number)
            jump = timedelta(seconds=luck.choice((-1, 1)) * luck.randrange(10**8))
            os.environ["TZ"] = luck.choice(("UTC", "America/New_York", "Asia/Kathmandu"))
            time.tzset()
            text = f"Edition {number:04} of the article has word{number:04}x."
            file.write_text(text)
            os.utime(file, (1.7e9, 1.7e9))
            _sync(shelf, watched)
            (document,) = shelf.documents("news")[0]
            assert shelf.text(document.id).strip() == text
            assert shelf.search("news", f"word{number:04}x").by_words
            _sync(shelf, watched)
            assert shelf.documents("news")[0] == (document,)
            nothing_is_left(shelf, [])

        _rounds(numbers, one)


def _sync(shelf: Shelf, watched: Path) -> None:
    folder = sync.Folder(watched)
    folder.look()
    plan = sync.plan(folder, shelf.documents("news")[0])
    if plan.add:
        job = shelf.wait(
            shelf.add("news", [source_of(seen.path, settings(watched, 5000)) for seen in plan.add]).id, PATIENCE
        )
        assert not job.failed, job


def serve(folder: str, documents: int) -> None:
    """Serve and add documents meanwhile; ends by a signal."""
    from rag.config import RagConfig
    from rag.pipeline import Rag
    from ui.config import Config
    from ui.server import Service
    from ui.server import serve as serve_it

    class Telling(FakeEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Any:
            found = super().embed_passages(texts)
            say("embedded", len(texts))
            return found

    embedder = Telling(seconds_a_passage=0.004)

    def open_rag(config: Config, address: str) -> Rag:
        return Rag(Shelf.open(config, embedder, address), FakeReranker(), config)

    def announce(address: str, service: Service) -> None:
        waiting = [job for job in service.shelf.jobs() if not job.finished] if documents == 0 else []
        if documents:
            service.shelf.add("news", [source(f"n{number}", 0) for number in range(documents)])
        say("serving", address, len(waiting))

    config = Config(data=Path(folder), port=0, page=False)
    assert isinstance(config, RagConfig)
    serve_it(config, open_rag, announce)
    say("stopped")


def queue(folder: str, documents: int) -> None:
    """Queue a job and work it off slowly."""
    with Shelf.open(settings(folder, 5000), FakeEmbedder(seconds_a_passage=0.002)) as shelf:
        job = shelf.add("news", [source(f"n{number}", 0) for number in range(documents)])
        say("queued", job.id)
        shelf.wait(job.id, PATIENCE)


def finish(folder: str, chroma_from: int, documents: int) -> None:
    """Open what a stopped process left, wait for its jobs, and say how long that took and what was embedded."""
    embedder = FakeEmbedder()
    began = time.monotonic()
    with Shelf.open(settings(folder, chroma_from), embedder) as shelf:
        opening = time.monotonic() - began
        for job in shelf.jobs():
            ended = shelf.wait(job.id, PATIENCE)
            assert ended.finished, ended
            assert not ended.failed, ended
        seconds = time.monotonic() - began
        names = sorted(document.name for document in shelf.documents("news", None, 10_000)[0]) if documents else []
        assert names == sorted(f"n{number}.txt" for number in range(documents)), names
    say("found", {"opening": opening, "seconds": seconds, "embedded": embedder.embedded})


def again(folder: str, chroma_from: int) -> None:
    """Add the same files after a crash: all of them are there and whole, none is called a duplicate for nothing."""
    began = time.monotonic()
    with Shelf.open(settings(folder, chroma_from), FakeEmbedder()) as shelf:
        job = add(shelf, *((f"n{number}", 0) for number in range(DOCUMENTS)))
        seconds = time.monotonic() - began
        assert job.added + job.unchanged == DOCUMENTS, job
        documents = shelf.documents("news")[0]
        assert len(documents) == DOCUMENTS
        for document in documents:
            name = document.name.removesuffix(".txt")
            assert shelf.text(document.id) == content(name, 0)
            assert len(shelf.passages(document.id)) == document.passages == 3
            assert shelf.search("news", f"word{name}x0x1").by_words[0].document.id == document.id
    say("found", {"seconds": seconds, "unchanged": job.unchanged})


def long(folder: str, operations: int, seed: int, restart: float) -> None:
    """Many operations in one process: what it holds of memory and files stays the same."""
    luck = LUCKY(f"{seed} long life")
    there: dict[str, int] = {}
    counts: dict[str, int] = {}
    memory: list[tuple[int, float]] = []
    Shelf.open(settings(folder, 5000), FakeEmbedder()).close()
    files = [_open_files()]
    shelf = Shelf.open(settings(folder, 5000), FakeEmbedder())
    for number in range(operations):
        name = f"n{luck.randrange(60)}"
        kind = luck.choices(("add", "remove", "search", "list"), (3, 1, 5, 1))[0]
        if luck.random() < restart:
            kind = "restart"
            shelf.close()
            shelf = Shelf.open(settings(folder, 5000), FakeEmbedder())
        elif kind == "add":
            add(shelf, (name, number))
            there[name] = number
        elif kind == "remove" and name in there:
            (id,) = [d.id for d in shelf.documents("news", None, 1000)[0] if d.name == f"{name}.txt"]
            shelf.remove_document(id)
            del there[name]
        elif kind == "search" and there:
            found = shelf.search("news", f"word{name}x{there.get(name, 0)}x1 the minister of {name}")
            named = [hit.document.name for hit in found.by_words]
            assert (named[:1] == [f"{name}.txt"]) == (name in there), (name, named)
        elif kind == "list" and there:
            listed = {d.name.removesuffix(".txt") for d in shelf.documents("news", None, 1000)[0]}
            assert listed == set(there)
        counts[kind] = counts.get(kind, 0) + 1
        if number % 100 == 99:
            shelf.jobs()
            gc.collect()
            memory.append((number, _resident()))
            say("so far", number + 1, memory[-1][1], _open_files())
        if number % 500 == 499:
            shelf.compact()  # what has ended is forgotten, as in a library that is looked after
    for document in shelf.documents("news", None, 1000)[0]:
        name, edition = shelf.text(document.id).split()[1:4:2]
        assert there.pop(name) == int(edition)
    assert not there
    shelf.close()
    files.append(_open_files())
    settled = memory[len(memory) // 3 :]
    slope = float(np.polyfit(*zip(*settled, strict=True), 1)[0]) * 10_000
    say(
        "found",
        {"operations": counts, "slope": slope, "first": memory[0][1], "last": memory[-1][1], "files": files},
    )


def _resident() -> float:
    """Give the memory that the process holds, in megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def mutants(folder: str, name: str, numbers: Sequence[int], seed: int) -> None:
    """Read mutated files: a reading or a typed error that names the file, in time and within the memory."""
    import resource

    from index.config import IndexConfig
    from index.load import read
    from index.load.sandbox import SANDBOX
    from tests.index.load.test_hostile import SEEDS, harmed, outcome

    config = IndexConfig(data=Path(folder))
    good = SEEDS[name]()

    def one(number: int) -> dict[str, Any]:
        content = harmed(name, good, LUCKY(f"{seed} {name} {number}"))
        began = time.monotonic()
        end = outcome(name, content, config)
        seconds = time.monotonic() - began
        assert seconds < 30, f"{seconds:.0f} s"
        if number % 100 == 0 and name != "a.zip":
            assert read(name, good, config).text
        return {"end": end, "seconds": seconds, "megabytes": _peak(SANDBOX)}

    _rounds(numbers, one)
    SANDBOX.close()
    say("found", {"megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024})


def _peak(sandbox: Any) -> float:
    if sandbox._worker is None:
        return 0.0
    try:
        status = Path(f"/proc/{sandbox._worker._process.pid}/status").read_text()
    except OSError:
        return 0.0
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak[0]) / 1024 if peak else 0.0
