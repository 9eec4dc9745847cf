"""Invented libraries of any size: real passages first, then invented ones with their words' and vectors' statistics."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import load, split
from index.config import IndexConfig
from index.embed import Embedder
from index.library import Arrival, Cut, Library, digest_of
from index.records import Metadata, Place, Reading, Sentence

DOSSIER = "bench"
PASSAGES_A_DOCUMENT = 50
DOCUMENTS_AT_ONCE = 40
"""How many documents are stored in one transaction."""
WORDS_A_SENTENCE = 18
SENTENCES = 5
MOST_REAL = 4000
"""From how many real vectors at most the statistics are taken."""


@dataclass(frozen=True)
class Real:
    """What real documents give: the words as they follow each other, and the vectors of their passages."""

    words: NDArray[np.str_]
    """Every word of the passages, in order."""
    texts: tuple[str, ...]
    """The passages, each under its header, as they are embedded."""
    vectors: NDArray[np.float32]
    """Their vectors, shape (n, dimensions)."""
    spread: float
    """How far an invented vector lies from a real one, in differences of two real vectors."""


def passages_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Give name and header-and-text of every passage of the files in a folder."""
    config, embedder_limit = IndexConfig(), 512
    for path in sorted(folder.iterdir()):
        reading = load.read(path.name, path.read_bytes(), config)
        header = split.header(reading.metadata, path.name)
        cuts = split.split(reading, header, config.passage_characters, lambda text: len(text) // 3, embedder_limit)
        yield from ((path.name, header + reading.text[cut.start : cut.end]) for cut in cuts)


def real(folder: Path, embedder: Embedder, most: int = MOST_REAL) -> Real:
    """Read and embed a folder's passages, at even distances where there are more than `most`."""
    texts = [text for _, text in passages_of(folder)]
    texts = texts[:: max(1, -(-len(texts) // most))]
    vectors = embedder.embed_passages(texts)
    return Real(np.array(" ".join(texts).split()), tuple(texts), vectors, _spread(vectors))


def nearness(vectors: NDArray[np.float32]) -> tuple[float, float]:
    """Give the median cosine of a vector to its nearest neighbour, and of any two."""
    cosines = vectors @ vectors.T
    anyone = float(np.median(cosines[np.triu_indices(len(vectors), 1)]))
    np.fill_diagonal(cosines, -1)
    return float(np.median(cosines.max(axis=1))), anyone


def vectors_like(real_ones: NDArray[np.float32], count: int, spread: float, seed: int) -> NDArray[np.float32]:
    """Invent unit vectors: a real one, moved along the difference of two others, so that the spread is theirs."""
    numbers = np.random.default_rng(seed)
    one, other, third = (numbers.integers(0, len(real_ones), count) for _ in range(3))
    scale = (spread * numbers.uniform(0.5, 1.5, count)).astype(np.float32)[:, None]
    made = real_ones[one] + scale * (real_ones[other] - real_ones[third])
    unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def _spread(vectors: NDArray[np.float32]) -> float:
    """Find the spread at which as many invented vectors are as near to each other as the real ones are."""
    sample = vectors[:1500]
    wanted, _ = nearness(sample)
    low, high = 0.05, 1.5
    for _ in range(8):
        middle = (low + high) / 2
        near, _ = nearness(vectors_like(sample, len(sample), middle, 1))
        low, high = (middle, high) if near > wanted else (low, middle)
    return (low + high) / 2


def text_like(words: NDArray[np.str_], number: int) -> str:
    """Invent a passage: pieces of the real running text, three to six words long, put together by chance."""
    numbers = np.random.default_rng(number)
    starts = numbers.integers(0, max(1, len(words) - 6), SENTENCES * WORDS_A_SENTENCE // 4)
    pieces = [
        " ".join(words[start : start + length])
        for start, length in zip(starts, numbers.integers(3, 7, len(starts)), strict=True)
    ]
    return (
        f"Invented passage {number}. "
        + ". ".join(" ".join(pieces[at : at + 4]) for at in range(0, len(pieces), 4))
        + "."
    )


def fill(library: Library, embedder: Embedder, found: Real, passages: int) -> int:
    """Store invented passages until there are so many; give how many documents there are. Goes on where it stopped."""
    dossier = library.dossiers.key(library.dossiers.create(DOSSIER).name)
    model = library.embeddings.embedder(embedder.fingerprint, embedder.name, embedder.dimensions)
    done = library.passages.count(dossier) // PASSAGES_A_DOCUMENT
    wanted = passages // PASSAGES_A_DOCUMENT
    for first in range(done, wanted, DOCUMENTS_AT_ONCE):
        with library.database.write():
            for number in range(first, min(first + DOCUMENTS_AT_ONCE, wanted)):
                _store(library, dossier, model, found, number)
    return wanted


def _store(library: Library, dossier: int, model: int, found: Real, number: int) -> None:
    first = number * PASSAGES_A_DOCUMENT
    texts = [text_like(found.words, key) for key in range(first, first + PASSAGES_A_DOCUMENT)]
    matrix = vectors_like(found.vectors, len(texts), found.spread, number).astype(np.float16)
    digests = [digest_of(text) for text in texts]
    known = library.embeddings.store(model, dict(zip(digests, matrix, strict=True)))
    whole, name = "\n\n".join(texts), f"{number}.txt"
    month, day = number // 28 % 12 + 1, number % 28 + 1
    metadata = Metadata(
        published=f"{2000 + number // 336 % 25}-{month:02}-{day:02}", publisher=f"Publisher {number % 100}"
    )
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    arrival = Arrival(name, f"upload:{name}", metadata, Reading(whole, load.TEXT_READER), sha256, "bench", None)
    document, version = library.documents.insert(dossier, arrival, len(texts))
    cuts, start = [], 0
    for text, digest in zip(texts, digests, strict=True):
        end = start + len(text)
        cuts.append(Cut(start, end, Place(), (Sentence(start, end, "prose"),), known[digest]))
        start = end + 2
    library.changes.record(dossier, "put", library.passages.insert(dossier, document, version, whole, cuts))
