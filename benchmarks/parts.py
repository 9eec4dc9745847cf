"""One dossier cut into parts, as if they lay on several machines: does merging lose anything, and what does it cost?

python -m benchmarks.parts FOLDER [--parts 2,4,8] [--questions 40]

FOLDER is a library that `benchmarks.growing --keep` filled. Documents are dealt to parts by turns, each is searched
exactly by itself, and the best of all parts are merged by their scores. Times are of one processor, one part after the
other; of several machines the slowest part counts.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks import invented
from benchmarks.growing import EXAMPLES, config_of
from benchmarks.invented import DOSSIER
from index.embed import open_embedder
from index.library import Library
from index.scan import Ranked, Scan

LIMIT = 80
"""How many passages each part gives: as many as a search asks for."""


def images(data: Path, dimensions: int, parts: int) -> list[Scan]:
    """Read the vectors of a library, dealt to parts by document."""
    library = Library.open(data)
    try:
        found = [Scan(dimensions) for _ in range(parts)]
        for some in library.embeddings.halves_of_dossier(library.dossiers.key(DOSSIER), dimensions):
            for number, part in enumerate(found):
                mine = some.documents % parts == number
                part.put(some.keys[mine], some.documents[mine], some.matrix[mine])
        return found
    finally:
        library.close()


def merged(answers: list[Ranked], limit: int) -> Ranked:
    """Give the best of all parts, equal scores in order of the keys."""
    return sorted((one for answer in answers for one in answer), key=lambda one: (-one[1], one[0]))[:limit]


def main() -> None:
    """Compare parts with the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default="2,4,8")
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    embedder = open_embedder(config_of(given.folder, None))
    real = embedder.embed_passages([text for _, text in invented.passages_of(EXAMPLES)][: given.questions])
    queries = invented.vectors_like(real, given.questions, 0.3, 5)
    (whole,) = images(given.folder, embedder.dimensions, 1)
    expected = [whole.nearest(query, LIMIT) for query in queries]
    print("| parts | the same best 80 | one processor, all parts | the slowest part |", "|---|---|---|---|", sep="\n")
    for count in (1, *map(int, given.parts.split(","))):
        parts = [whole] if count == 1 else images(given.folder, embedder.dimensions, count)
        same, took = 0, []
        for query, wanted in zip(queries, expected, strict=True):
            answers, each = [], []
            for part in parts:
                began = time.process_time()
                answers.append(part.nearest(query, LIMIT))
                each.append(1000 * (time.process_time() - began))
            same += merged(answers, LIMIT) == wanted
            took.append((sum(each), max(each)))
        middle = np.median(took, axis=0)
        print(f"| {count} | {same} of {len(queries)} | {middle[0]:.1f} ms | {middle[1]:.1f} ms |", flush=True)


if __name__ == "__main__":
    main()
