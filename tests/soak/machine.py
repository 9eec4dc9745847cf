"""A shelf in a process of its own, driven step by step, so that it can be killed at any of them."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from index.records import Metadata, Source
from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.soak.nursery import Child
from tests.soak.worker import PATIENCE, hear, say


class Remote:
    """The near end: calls go to a process that is begun, closed, killed and begun again over one data folder."""

    def __init__(self, folder: Path, chroma_from: int) -> None:
        self.folder = folder
        self._chroma_from = chroma_from
        self._child: Child | None = None

    def start(self) -> None:
        self._child = Child("machine:drive", str(self.folder), self._chroma_from)
        self._child.hear("open")

    def call(self, command: str, *arguments: Any) -> Any:
        self.send(command, *arguments)
        assert self._child is not None
        word, answer = self._child.hear("answer")
        assert word == command
        return answer

    def send(self, command: str, *arguments: Any) -> None:
        """Begin something without waiting for its answer."""
        assert self._child is not None
        self._child.tell([command, *arguments])

    def kill(self) -> None:
        """Kill it, wherever it is, and begin again."""
        assert self._child is not None
        self._child.signal(signal.SIGKILL)
        assert self._child.wait().killed
        self.start()

    def stop(self) -> None:
        """Let it close its shelf."""
        if self._child is not None:
            child, self._child = self._child, None
            with child:
                child.tell(["close"])
                told = child.wait()
            assert told.finished, told

    def restart(self, *, without_indexes: bool = False) -> None:
        """Close it in order, and begin again."""
        self.stop()
        if without_indexes:
            shutil.rmtree(self.folder / "indexes")
            (self.folder / "indexes").mkdir()
        self.start()


def drive(folder: str, chroma_from: int) -> None:
    """The far end: do what is asked for, and answer."""
    embedder = FakeEmbedder()
    config = RagConfig(data=Path(folder), chroma_from=chroma_from)
    with Rag(Shelf.open(config, embedder), FakeReranker(), config) as rag:
        rag.shelf.create_dossier("news")
        _settle(rag.shelf)
        say("open")
        for command, *arguments in map(json.loads, hear()):
            if command == "close":
                break
            say("answer", command, globals()[f"_{command}"](rag, embedder, *arguments))


def _settle(shelf: Shelf) -> None:
    """Wait for what earlier lives left to do."""
    deadline = time.monotonic() + PATIENCE
    while shelf._library.jobs.waiting():
        assert time.monotonic() < deadline, "a job never ends"
        time.sleep(0.005)


def _add(rag: Rag, embedder: FakeEmbedder, name: str, text: str, title: str, as_file: bool) -> dict[str, Any]:
    before = embedder.embedded
    given = {"content": text.encode()} if as_file and text else {"text": text}
    source = Source(f"{name}.txt", f"upload:{name}", metadata=Metadata(title=title), **given)  # type: ignore[arg-type]
    job = rag.shelf.wait(rag.shelf.add("news", [source]).id, PATIENCE)
    counts = {"added": job.added, "replaced": job.replaced, "unchanged": job.unchanged, "failed": len(job.failed)}
    return {**counts, "state": job.state, "embedded": embedder.embedded - before}


def _remove(rag: Rag, _: FakeEmbedder, id: str) -> None:
    rag.shelf.remove_document(id)


def _correct(rag: Rag, _: FakeEmbedder, id: str, title: str) -> None:
    rag.shelf.correct(id, Metadata(title=title))


def _reindex(rag: Rag, _: FakeEmbedder) -> list[int]:
    _settle(rag.shelf)
    return list(astuple(rag.shelf.reindex()))


def _compact(rag: Rag, _: FakeEmbedder) -> None:
    rag.shelf.compact()


def _look(rag: Rag, _: FakeEmbedder, texts: Sequence[str]) -> dict[str, Any]:
    """Give the documents, and what is found for texts: by meaning, by words, and the words' own texts."""
    shelf = rag.shelf
    documents = {
        one.source.removeprefix("upload:"): {
            "id": one.id,
            "title": one.title,
            "text": shelf.text(one.id),
            "passages": [passage.id for passage in shelf.passages(one.id)],
        }
        for one in shelf.documents("news")[0]
    }
    found = [shelf.search("news", text, limit=100) for text in texts]
    return {
        "documents": documents,
        "count": len(shelf.documents("news")[0]),
        "by_meaning": [[hit.passage.id for hit in one.by_meaning] for one in found],
        "by_words": [[[hit.passage.id, hit.document.id, hit.passage.text] for hit in one.by_words] for one in found],
    }


def _scores(rag: Rag, _: FakeEmbedder, question: str) -> list[Any]:
    _settle(rag.shelf)
    found = rag.shelf.search("news", question, limit=10)
    return [[hit.passage.id, hit.score] for hit in (*found.by_words, *found.by_meaning)]


def _ask(rag: Rag, _: FakeEmbedder, question: str) -> dict[str, Any]:
    answer = rag.ask(Ask(question, "news"))
    cited = [*answer.citations, *answer.nearest]
    return {
        "standing": answer.standing,
        "text": answer.text,
        "quotes": [[one.document.id, one.quote] for one in cited],
        "resolved": all(rag.shelf.text(c.document.id, c.document.version)[c.start : c.end] == c.quote for c in cited),
    }
