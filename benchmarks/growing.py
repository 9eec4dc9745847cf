"""What grows with the library: search, memory, disk, start, adding one document and removing one, at several sizes.

python -m benchmarks.growing [--sizes 1000,10000,100000,1000000] [--documents FOLDER] [--keep FOLDER] [--chroma-from N]
                             [--only sizes,server]

`server` starts the real one on 1,000 and on 100,000 passages and reads its memory (PSS, its children's too).

Passages are invented with the words' and the vectors' statistics of real ones. Each size is measured in a process of
its own; a library that was filled once is kept in `--keep` and used again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import figures, invented, starting
from benchmarks.probe import known, probe
from benchmarks.sides import MODELS, spread
from index.config import IndexConfig
from index.embed import open_embedder
from index.library import Library
from index.records import Filter, Source
from index.shelf import Shelf

EXAMPLES = Path(__file__).parents[1] / "examples" / "documents"
QUESTIONS = 60
SMALL, LARGE = 1_000, 100_000
BEST = 10


def config_of(data: Path, chroma_from: int | None) -> IndexConfig:
    """Give the settings of a measured library."""
    given = {} if chroma_from is None else {"chroma_from": chroma_from}
    return IndexConfig(data=data, models=MODELS.resolve(), **given)


def fill(data: Path, size: int, documents: Path) -> None:
    """Fill a library, or go on filling it."""
    embedder = open_embedder(config_of(data, None))
    found = invented.real(documents, embedder)
    library = Library.open(data)
    try:
        invented.fill(library, embedder, found, size)
    finally:
        library.close()


def build(data: Path, chroma_from: int | None) -> dict[str, Any]:
    """Let the indexes be built, and give how long that took."""
    began = time.perf_counter()
    with Shelf.open(config_of(data, chroma_from)) as shelf:
        shelf.search(invented.DOSSIER, "anything")
        while not shelf.ready()[0]:
            time.sleep(0.2)
    return {"building": time.perf_counter() - began, "building cpu": time.process_time()}


def measure(data: Path, chroma_from: int | None) -> dict[str, Any]:
    """Measure one library in this process."""
    began = time.perf_counter()
    with Shelf.open(config_of(data, chroma_from)) as shelf:
        questions = _questions(shelf)
        shelf.search(invented.DOSSIER, questions[0])
        found: dict[str, Any] = {"first": time.perf_counter() - began}
        while not shelf.ready()[0]:
            time.sleep(0.02)
        found["in step"] = time.perf_counter() - began
        shelf.search(invented.DOSSIER, questions[0])
        found["search"] = _asked(shelf, questions)
        found["memory"] = _memory()
        found["recall"] = _recall(shelf, questions)
        found |= _changed(shelf, questions)
        for name, filter in _filters(shelf).items():
            shelf.search(invented.DOSSIER, questions[0], filter=filter)
            found[name] = _asked(shelf, questions, filter)
        found["memory with filters"] = _memory()
    found["disk"] = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / 1e6
    return found


def _questions(shelf: Shelf) -> list[str]:
    """Make questions of six words of the passages."""
    chance, texts = np.random.default_rng(11), []
    (document, *_), _ = shelf.documents(invented.DOSSIER, limit=1)
    words = shelf.text(document.id).split()
    for _ in range(QUESTIONS):
        start = int(chance.integers(0, len(words) - 6))
        texts.append("What of " + " ".join(words[start : start + 6]).strip(".,") + "?")
    return texts


def _asked(shelf: Shelf, questions: Sequence[str], filter: Filter | None = None) -> dict[str, float]:
    filter = filter or Filter()
    took = [_timed(lambda text=text: shelf.search(invented.DOSSIER, text, filter=filter)) for text in questions]
    return spread(took)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _filters(shelf: Shelf) -> dict[str, Filter]:
    """Make a filter that passes about a hundredth of the documents, and one that passes half."""
    documents, _ = shelf.documents(invented.DOSSIER, limit=100_000)
    dates = sorted(document.metadata.published or "" for document in documents)
    return {
        "one in a hundred": Filter(publishers=("Publisher 7",)),
        "one half": Filter(published_from=dates[len(dates) // 2]),
    }


def _recall(shelf: Shelf, questions: Sequence[str]) -> float:
    """Compare the passages that are found with those of an exact search over the same vectors."""
    library, embedder = shelf._library, shelf._embedder
    dossier = library.dossiers.key(invented.DOSSIER)
    best: list[list[tuple[float, int]]] = [[] for _ in questions]
    queries = np.stack([embedder.embed_query(text) for text in questions])
    for part in library.embeddings.halves_of_dossier(dossier, embedder.dimensions):
        scores = part.matrix.astype(np.float32) @ queries.T
        for column, kept in enumerate(best):
            top = np.argsort(-scores[:, column])[:BEST]
            kept += [(float(scores[row, column]), int(part.keys[row])) for row in top]
    held = 0
    for text, kept in zip(questions, best, strict=True):
        exact = {f"p_{key}" for _, key in sorted(kept, reverse=True)[:BEST]}
        held += len(exact & {hit.passage.id for hit in shelf.search(invented.DOSSIER, text).by_meaning[:BEST]})
    return held / (BEST * len(questions))


def _changed(shelf: Shelf, questions: Sequence[str]) -> dict[str, float]:
    """Add one short document, and remove it; each until a search shows it."""
    text = "The lighthouse of Quillon was painted green by nine volunteers in a single windless night."

    def add() -> None:
        shelf.wait(shelf.add(invented.DOSSIER, [Source("new.txt", "upload:new.txt", text=text)]).id, 600)
        if shelf.search(invented.DOSSIER, text).by_meaning[0].passage.text != text:
            raise RuntimeError("what was added is not found")

    added = _timed(add)
    document = shelf.search(invented.DOSSIER, text).by_meaning[0].document.id

    def remove() -> None:
        shelf.remove_document(document)
        if shelf.search(invented.DOSSIER, text).by_meaning[0].passage.text == text:
            raise RuntimeError("what was removed is still found")

    removed = _timed(remove)
    return {"add one": added, "remove one": removed, "search after a change": _asked(shelf, questions)["p50"]}


def _memory() -> float:
    """Give what is resident now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def in_servers(folder: Path) -> dict[str, Any]:
    """Start the server on the small and on the large library that were filled there."""
    found: dict[str, Any] = {}
    for name, size in (("small", SMALL), ("large", LARGE)):
        data = folder / str(size)
        with Shelf.open(config_of(data, None)) as shelf:
            questions = _questions(shelf)[: QUESTIONS // 2]
        found[name] = starting.measured(data, invented.DOSSIER, questions)
    return found | {"more": found["large"]["asked"] - found["small"]["asked"]}


def child(*arguments: str) -> dict[str, Any]:
    """Run a part in a process of its own and read its figures. Raises CalledProcessError."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "benchmarks.growing", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure every size and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--documents", type=Path, default=EXAMPLES)
    parser.add_argument("--keep", type=Path, help="Where filled libraries are kept.")
    parser.add_argument("--chroma-from", type=int)
    parser.add_argument("--only", default="sizes,server")
    parser.add_argument("--one", choices=("fill", "build", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--dry", action="store_true", help="Print, and keep no figures.")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    sizes = [int(size) for size in given.sizes.split(",")]
    if given.one:
        data = given.keep / str(sizes[0])
        if given.one == "fill":
            fill(data, sizes[0], given.documents)
        made = {"build": build, "measure": measure}.get(given.one, lambda *_: {})(data, given.chroma_from)
        print(json.dumps(made))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        rest = ["--keep", str(folder), "--documents", str(given.documents)]
        rest += [] if given.chroma_from is None else ["--chroma-from", str(given.chroma_from)]
        found: dict[str, Any] = {"before": vars(probe()), "known": known(), "sizes": {}}
        for size in sizes if "sizes" in given.only else ():
            child("--one", "fill", "--sizes", str(size), *rest)
            built = child("--one", "build", "--sizes", str(size), *rest)
            found["sizes"][str(size)] = child("--one", "measure", "--sizes", str(size), *rest) | built
            print(size, json.dumps(found["sizes"][str(size)]), flush=True)
        if "server" in given.only and {SMALL, LARGE} <= set(sizes):
            found["server"] = in_servers(folder)
            print(json.dumps(found["server"]), flush=True)
    found["after"] = vars(probe())
    figures.tell("growing", found, keep=not given.dry)


if __name__ == "__main__":
    main()
