"""What keeping a library costs: adding again, one changed paragraph, rebuilding, durability, the parsers' child.

python benchmarks/library.py [--rounds 3] [--passages 100000] [--only again,paragraph,rebuild,durability,child]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from index import load
from index.config import IndexConfig
from index.embed import Embedder, Vector, open_embedder
from index.library import Arrival, Cut, Library, digest_of
from index.library.database import Database
from index.load.formats import format_of
from index.load.sandbox import SANDBOX
from index.records import Metadata, Place, Reading, Sentence, Source
from index.shelf import Shelf

EXAMPLES = Path(__file__).parents[1] / "examples" / "documents"
PASSAGES_A_DOCUMENT = 100
ADDED = 200
"""Pages, to see what the child costs beside the embedding."""


class Counting:
    """The real embedder, and how many passages it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.embedded = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the embedder has
        return getattr(self._embedder, name)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed and count."""
        self.embedded += len(texts)
        return self._embedder.embed_passages(texts)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    figure: str
    target: str
    met: bool
    how: str


def articles() -> list[Source]:
    """Give the example documents."""
    return [Source(one.name, f"upload:{one.name}", content=one.read_bytes()) for one in sorted(EXAMPLES.iterdir())]


def paragraph(chance: random.Random) -> str:
    """Make about 500 characters of sentences from the words of the examples."""
    sentences = (" ".join(chance.choices(WORDS, k=chance.randint(6, 26))) for _ in range(chance.randint(4, 8)))
    return " ".join(f"{sentence.capitalize()}." for sentence in sentences)


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spent(work: Callable[[], object]) -> float:
    """Give the seconds of processor time that something takes, with the parsers' child, which is ended after it."""

    def used() -> float:
        SANDBOX.close()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + ended.ru_utime + ended.ru_stime

    began = used()
    work()
    return used() - began


@contextmanager
def shelf_of(embedder: Counting) -> Iterator[Shelf]:
    """Open an empty shelf over the real embedder."""
    with tempfile.TemporaryDirectory() as folder, Shelf.open(IndexConfig(data=Path(folder)), embedder) as shelf:
        yield shelf


def add(shelf: Shelf, sources: Sequence[Source]) -> None:
    """Add and wait for the end. Raises RuntimeError where a file failed."""
    job = shelf.wait(shelf.add("bench", sources).id, 1200)
    if job.state != "done" or job.failed:
        raise RuntimeError(f"{job.state}: {job.failed[:1]}")


def spread(ratios: Sequence[float]) -> str:
    """Write a median, and what it lies between."""
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def again(embedder: Counting, rounds: int) -> Row:
    """Add the examples, and add them again."""
    ratios, embedded = [], 0
    for _ in range(rounds):
        with shelf_of(embedder) as shelf:
            first = timed(lambda shelf=shelf: add(shelf, articles()))
            before = embedder.embedded
            second = statistics.median(timed(lambda shelf=shelf: add(shelf, articles())) for _ in range(5))
            embedded += embedder.embedded - before
            ratios.append(second / first)
    met = statistics.median(ratios) <= 0.02 and not embedded
    how = f"{len(articles())} articles, first against the median of 5 times again, {rounds} rounds"
    return Row("adding an unchanged corpus again", f"{spread(ratios)}, {embedded} embedded", "0.02, 0", met, how)


def one_paragraph(embedder: Counting, rounds: int) -> Row:
    """Change one paragraph in a document of a hundred pages."""
    chance = random.Random(3)  # noqa: S311  # nothing secret
    paragraphs = [paragraph(chance) for _ in range(500)]
    counts = []
    with shelf_of(embedder) as shelf:
        add(shelf, [Source("long.txt", "upload:long.txt", content="\n\n".join(paragraphs).encode())])
        (document,), _ = shelf.documents("bench")
        for _ in range(5 * rounds):
            paragraphs[chance.randrange(len(paragraphs))] = paragraph(chance)
            before = embedder.embedded
            add(shelf, [Source("long.txt", "upload:long.txt", content="\n\n".join(paragraphs).encode())])
            counts.append(embedder.embedded - before)
    figure = f"{statistics.median(counts):.0f} (at most {max(counts)})"
    how = f"{document.passages} passages, {len(counts)} changes one after the other"
    return Row("passages embedded for one changed paragraph of 100 pages", figure, "3", max(counts) <= 3, how)


def fill(config: IndexConfig, embedder: Embedder, passages: int) -> None:
    """Store invented passages with invented vectors, a thousand topics of them, behind the adding worker's back."""
    chance, numbers = random.Random(5), np.random.default_rng(5)  # noqa: S311  # nothing secret
    topics = numbers.normal(size=(1000, embedder.dimensions))
    library = Library.open(config.data)
    dossier = library.dossiers.create("bench")
    key = library.dossiers.key(dossier.name)
    model = library.embeddings.embedder(embedder.fingerprint, embedder.name, embedder.dimensions)
    for number in range(passages // PASSAGES_A_DOCUMENT):
        texts = [f"{number} {paragraph(chance)}" for _ in range(PASSAGES_A_DOCUMENT)]
        matrix = topics[numbers.integers(0, 1000, len(texts))] + 0.7 * numbers.normal(
            size=(len(texts), topics.shape[1])
        )
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        digests = [digest_of(text) for text in texts]
        name, whole = f"{number}.txt", "\n\n".join(texts)
        sha256 = hashlib.sha256(whole.encode()).hexdigest()
        reading = Reading(whole, load.TEXT_READER)
        with library.database.write():
            known = library.embeddings.store(model, dict(zip(digests, matrix.astype(np.float16), strict=True)))
            arrival = Arrival(name, f"upload:{name}", Metadata(), reading, sha256, "bench", None)
            document, version = library.documents.insert(key, arrival, len(texts))
            cuts, start = [], 0
            for text, digest in zip(texts, digests, strict=True):
                end = start + len(text)
                cuts.append(Cut(start, end, Place(), (Sentence(start, end, "prose"),), known[digest]))
                start = end + 2
            library.changes.record(key, "put", library.passages.insert(key, document, version, whole, cuts))
    library.close()


def rebuild(embedder: Counting, passages: int) -> tuple[Row, Row]:
    """Build both indexes from stored vectors while questions come, against the embedding of as many passages."""
    chance = random.Random(7)  # noqa: S311  # nothing secret
    sample = [paragraph(chance) for _ in range(200)]
    with tempfile.TemporaryDirectory() as folder:
        config = IndexConfig(data=Path(folder), chroma_from=1000)  # as a large dossier has it
        fill(config, embedder, passages)
        each = [timed(lambda: embedder.embed_passages(sample)) / len(sample)]
        work = spent(lambda: embedder.embed_passages(sample)) * passages / len(sample)
        waits, began, busy = [], time.perf_counter(), time.process_time()
        with Shelf.open(config, embedder) as shelf:
            while not shelf.ready()[0] or not waits:
                waits.append(timed(lambda: shelf.search("bench", paragraph(chance)[:80]).by_meaning[0]))
                time.sleep(1)
            took, busy = time.perf_counter() - began, time.process_time() - busy
        each.append(timed(lambda: embedder.embed_passages(sample)) / len(sample))
    whole = passages * statistics.mean(each)
    how = f"embedding, extrapolated from {3 * len(sample)} passages: {whole:.0f} s; building: {took:.0f} s; and of"
    how += f" processor time {work:.0f} s and {busy:.0f} s"
    figure = f"{took / whole:.3f}; of processor time {busy / work:.3f}"
    asked = f"{len(waits)} of {len(waits)} answered, median {statistics.median(waits):.2f} s, worst {max(waits):.1f} s"
    return (
        Row(f"building both indexes for {passages:,} passages", figure, "0.1", took / whole <= 0.1, how),
        Row("searching meanwhile", asked, "works", True, "the first search builds the keyword index and waits for it"),
    )


@contextmanager
def careless() -> Iterator[None]:
    """Let nothing wait for the disk."""
    connect = Database.__init__

    def open_carelessly(self: Database, path: Path) -> None:
        connect(self, path)
        self._writer.execute("PRAGMA synchronous = OFF")

    with patch.object(Database, "__init__", open_carelessly), patch.object(os, "fsync", lambda handle: None):
        yield


@contextmanager
def in_process() -> Iterator[None]:
    """Parse here instead of in the child."""

    def read(name: str, known: Any, content: bytes, *rest: object) -> Reading:  # noqa: ANN401
        reading: Reading = importlib.import_module(f"index.load.{known.name}").read(name, content)
        return reading

    with patch.object(SANDBOX, "read", read):
        yield


def paired(embedder: Counting, sources: Sequence[Source], without: Callable[[], Any], rounds: int) -> list[float]:
    """Add to empty shelves as it is and without something, by turns; give the ratios."""

    def once() -> float:
        with shelf_of(embedder) as shelf:
            SANDBOX.close()
            return timed(lambda: add(shelf, sources))

    ratios = []
    for turn in range(rounds):
        kept = once() if turn % 2 else None
        with without():
            spared = once()
        ratios.append((kept or once()) / spared)
    return ratios


def durability(embedder: Counting, rounds: int) -> Row:
    """Add the examples with and without waiting for the disk."""
    ratios = paired(embedder, articles(), careless, 2 * rounds)
    how = f"{len(articles())} articles, {len(ratios)} pairs; without: synchronous=OFF and no fsync"
    return Row("durability's price for adding", spread(ratios), "1.1", statistics.median(ratios) <= 1.1, how)


def child(embedder: Counting, rounds: int) -> tuple[Row, ...]:
    """Parse a thousand small pages in the child and here, by turns; then add some of them."""
    chance = random.Random(9)  # noqa: S311  # nothing secret
    pages = [
        (f"{number}.html", f"<html><body><article>{body}</article></body></html>".encode())
        for number in range(1000)
        if (body := "".join(f"<p>{paragraph(chance)}</p>" for _ in range(4)))
    ]
    config = IndexConfig(data=Path())
    if not format_of(pages[0][0]).apart:
        raise RuntimeError("these pages are not read in the child")

    def parse(part: Sequence[tuple[str, bytes]]) -> None:
        for name, content in part:
            load.read(name, content, config)

    with in_process():
        parse(pages[:20])  # imports are paid once
    ratios, works = [], []
    for turn in range(2 * rounds):
        measures = (timed, spent) if turn % 2 else (spent, timed)
        SANDBOX.close()
        apart = {measure: measure(lambda: parse(pages)) for measure in measures}
        with in_process():
            ratios.append(apart[timed] / timed(lambda: parse(pages)))
            works.append(apart[spent] / spent(lambda: parse(pages)))
    sources = [Source(name, f"upload:{name}", content=content) for name, content in pages[:ADDED]]
    whole = paired(embedder, sources, in_process, rounds)
    how = f"1,000 pages of 2 KB, {len(ratios)} rounds, each with the start of a child"
    added = f"{ADDED} of these pages with embedding and all, {rounds} pairs"
    return (
        Row("the child's price for parsing alone", spread(ratios), "1.15", statistics.median(ratios) <= 1.15, how),
        Row("the same of processor time", spread(works), "1.15", statistics.median(works) <= 1.15, how),
        Row("the child's price for adding", spread(whole), "1.15", statistics.median(whole) <= 1.15, added),
    )


WORDS = sorted(
    {word for one in EXAMPLES.iterdir() for word in one.read_text("utf-8", "ignore").split() if word.isalpha()}
)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--only", default="again,paragraph,durability,child,rebuild")
    given = parser.parse_args()
    embedder = Counting(open_embedder(IndexConfig()))
    embedder.embed_passages(["warm"])
    steps: dict[str, Callable[[], Row | tuple[Row, ...]]] = {
        "again": lambda: again(embedder, given.rounds),
        "paragraph": lambda: one_paragraph(embedder, given.rounds),
        "durability": lambda: durability(embedder, given.rounds),
        "child": lambda: child(embedder, given.rounds),
        "rebuild": lambda: rebuild(embedder, given.passages),
    }
    print("| what | figure | target | met | how |\n|---|---|---|---|---|", flush=True)
    for name in given.only.split(","):
        rows = steps[name]()
        for row in rows if isinstance(rows, tuple) else (rows,):
            print(
                f"| {row.what} | {row.figure} | {row.target} | {'yes' if row.met else '**no**'} | {row.how} |",
                flush=True,
            )
    print(f"load: {os.getloadavg()}")


if __name__ == "__main__":
    main()
