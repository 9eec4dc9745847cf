"""One side of a comparison in a process of its own: adds a folder or asks questions, and prints its figures as JSON.

python -m benchmarks.sides {ours,minilm,bge-small} {add,ask,crowd,while-adding} FOLDER DATA [--questions N]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from index.config import IndexConfig
from index.load import files_of, source_of
from index.records import Source
from rag.evaluate.questions import Case, read_cases

MODELS = Path(os.environ.get("DOSSIER_MODELS", "data/models"))
DOSSIER = "bench"
LAYER = 4 * 384 * 384 + 2 * 384 * 1536
"""Multiply-adds of one layer for each token, but for the attention."""
LAYERS = 12
CROWD = 8


def used() -> float:
    """Give the processor seconds of this process and its ended children."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def peak() -> float:
    """Give the most memory that was resident, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def metered(work: Callable[[], object]) -> dict[str, float]:
    """Do something; give wall and processor seconds."""
    wall, cpu = time.perf_counter(), used()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": used() - cpu}


def cases_of(folder: Path, most: int) -> list[Case]:
    """Give answerable questions of a set, at even distances."""
    cases = [case for case in read_cases(folder / "questions.jsonl") if not case.abstain and case.has_answers]
    return cases[:: max(1, len(cases) // most)][:most]


def forget(rag: Any) -> None:  # noqa: ANN401 - its parts are reached into
    """Let nothing be known from questions before."""
    rag._reranker.remembered.forget()
    rag.shelf._embedder.remembered.forget()


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Give p50 and p95."""
    return {"p50": float(np.percentile(seconds, 50)), "p95": float(np.percentile(seconds, 95))}


class Encoder:
    """Counts the processor seconds and the arithmetic of the embedder's runs."""

    def __init__(self, embedder: Any) -> None:  # noqa: ANN401 - its inner model is replaced
        self.seconds = 0.0
        self.work = 0.0
        self._run = embedder._model.run
        self._lock = threading.Lock()
        embedder._model.run = self.run

    def run(self, encoding: Any) -> Any:  # noqa: ANN401
        """Run, and note what it took."""
        began = time.thread_time()
        result = self._run(encoding)
        took, tokens = time.thread_time() - began, len(encoding.ids)
        with self._lock:
            self.seconds += took
            self.work += LAYERS * (tokens * LAYER + 2 * tokens * tokens * 384)
        return result


def sources(folder: Path) -> list[Source]:
    """Give the documents of a set."""
    config = IndexConfig()
    return [source_of(found, config) for found in files_of([folder / "documents"]) if isinstance(found, Path)]


def ours_add(folder: Path, data: Path) -> dict[str, Any]:
    """Add everything to a new library, then again."""
    from index.embed import open_embedder
    from index.shelf import Shelf

    config = IndexConfig(data=data, models=MODELS.resolve())
    embedder = open_embedder(config)
    embedder.embed_passages(["warm"])
    encoder, given = Encoder(embedder), sources(folder)
    with Shelf.open(config, embedder) as shelf:
        work = lambda: shelf.wait(shelf.add(DOSSIER, given).id, 3600)  # noqa: E731 - done twice
        first = metered(work)
        share, work_done, busy = encoder.seconds / first["cpu"], encoder.work, encoder.seconds
        again = metered(work)
        documents, _ = shelf.documents(DOSSIER, limit=100_000)
        characters = sum(len(shelf.text(document.id)) for document in documents)
        passages = sum(document.passages for document in documents)
    found = {"characters": characters, "passages": passages, "peak": peak(), "elsewhere": 1 - share}
    return first | found | {"again": again["cpu"] / first["cpu"], "work": work_done / busy / 1e9}


def plain_add(model: str, folder: Path, data: Path) -> dict[str, Any]:
    """Add the same texts in the plain way; reading files is not counted."""
    from benchmarks.plain import Plain
    from index import load

    plain = Plain(model, MODELS, data)
    plain.best("warm")
    config = IndexConfig()
    texts = [load.read(one.name, one.content or (one.text or "").encode(), config).text for one in sources(folder)]
    made: list[int] = []
    found = metered(lambda: made.append(plain.add(texts)))
    return found | {"characters": sum(map(len, texts)), "passages": made[0], "peak": peak()}


def ours_ask(folder: Path, data: Path, most: int) -> dict[str, Any]:
    """Ask one question after the other."""
    from rag.answers import Ask
    from rag.config import RagConfig
    from rag.evaluate.marks import mark
    from rag.pipeline import Rag

    cases, seconds, proved = cases_of(folder, most), [], []
    with Rag.open(RagConfig(data=data, models=MODELS.resolve())) as rag:
        rag.ask(Ask(cases[0].question, DOSSIER))
        cpu = used()
        for case in cases:
            began = time.perf_counter()
            answer = rag.ask(Ask(case.question, DOSSIER))
            seconds.append(time.perf_counter() - began)
            proved.append(mark(case, answer, 0, rag.shelf.text).get("proved", 0.0))
        cpu = used() - cpu
    return spread(seconds) | {"cpu": cpu / len(cases), "quality": statistics.mean(proved), "peak": peak()}


def plain_ask(model: str, folder: Path, data: Path, most: int) -> dict[str, Any]:
    """Retrieve four passages for each question; a model that words an answer is not counted."""
    from benchmarks.plain import Plain

    plain, cases, seconds, held = Plain(model, MODELS, data), cases_of(folder, most), [], []
    plain.best("warm")
    cpu = used()
    for case in cases:
        began = time.perf_counter()
        best = plain.best(case.question)
        seconds.append(time.perf_counter() - began)
        held.append(float(any(case.accepts(passage) for passage in best[:1])))
    cpu = used() - cpu
    return spread(seconds) | {"cpu": cpu / len(cases), "quality": statistics.mean(held), "peak": peak()}


def ours_crowd(folder: Path, data: Path, most: int) -> dict[str, Any]:
    """Ask alone, then eight at a time; the same questions."""
    from rag.answers import Ask
    from rag.pipeline import Rag
    from ui.config import Config
    from ui.service import Service

    config = Config(data=data, models=MODELS.resolve())
    rag = Rag.open(config)
    service = Service(rag, config)
    questions = [case.question for case in cases_of(folder, most)]
    took: list[float] = []

    def ask(question: str) -> None:
        began = time.perf_counter()
        service.ask(Ask(question, DOSSIER))
        took.append(time.perf_counter() - began)

    try:
        ask(questions[0])
        found: dict[str, Any] = {}
        for name, people in (("alone", 1), ("crowd", CROWD), ("crowd again", CROWD), ("alone again", 1)):
            took.clear()
            forget(rag)
            with ThreadPoolExecutor(people) as pool:
                cpu = metered(lambda pool=pool: list(pool.map(ask, questions)))["cpu"]
            found[name] = spread(took) | {"cpu": cpu / len(questions)}
    finally:
        service.close()
    alone = statistics.mean(found[name]["cpu"] for name in ("alone", "alone again"))
    crowd = statistics.mean(found[name]["cpu"] for name in ("crowd", "crowd again"))
    p50 = statistics.mean(found[name]["p50"] for name in ("alone", "alone again"))
    p95 = statistics.mean(found[name]["p95"] for name in ("crowd", "crowd again"))
    return {"cpu": crowd / alone, "p95": p95 / (CROWD * p50)}


def ours_while_adding(folder: Path, data: Path, most: int) -> dict[str, Any]:
    """Ask while nothing else is done, and while documents are being added to another dossier."""
    from rag.answers import Ask
    from rag.pipeline import Rag
    from ui.config import Config

    questions = [case.question for case in cases_of(folder, most)]
    more = [Source(f"more {n}.txt", f"upload:more {n}.txt", text=_long(questions, n)) for n in range(40)]
    with Rag.open(Config(data=data, models=MODELS.resolve())) as rag:

        def asked() -> dict[str, float]:
            forget(rag)
            took = []
            for question in questions:
                began = time.perf_counter()
                rag.ask(Ask(question, DOSSIER))
                took.append(time.perf_counter() - began)
            return spread(took)

        asked()
        idle = asked()
        job = rag.shelf.add("more", more)
        busy = asked()
        ended = rag.shelf.job(job.id).finished
        rag.shelf.cancel(job.id)
    return {"idle": idle["p95"], "busy": busy["p95"], "ratio": busy["p95"] / idle["p95"], "cut short": float(ended)}


def _long(words: Sequence[str], number: int) -> str:
    """Make a long text of words that stand nowhere else in this order."""
    chance = np.random.default_rng(number)
    pool = " ".join(words).split()
    return ". ".join(" ".join(chance.choice(pool, 15)) for _ in range(400)) + "."


def main() -> None:
    """Do what is asked and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("ours", "minilm", "bge-small"))
    parser.add_argument("work", choices=("add", "ask", "crowd", "while-adding"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with redirect_stdout(sys.stderr):
        found = _done(given.side, given.work, given.folder, given.data, given.questions)
    print(json.dumps(found))


def _done(side: str, work: str, folder: Path, data: Path, questions: int) -> dict[str, Any]:
    if side != "ours":
        return plain_add(side, folder, data) if work == "add" else plain_ask(side, folder, data, questions)
    if work == "add":
        return ours_add(folder, data)
    asked = {"ask": ours_ask, "crowd": ours_crowd, "while-adding": ours_while_adding}[work]
    return asked(folder, data, questions)


if __name__ == "__main__":
    main()
