"""Vectors made anew: beside the old ones for another embedder, in their place where they are damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.errors import ProgrammingError
from index.library import Library, digest_of
from index.storing import AT_ONCE, Craft, Fresh

Tell = Callable[[int, int], None]
"""Takes how many documents are done, of how many."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """What is embedded of one document: passages' keys and texts with their header."""

    keys: list[int]
    texts: list[str]


def change_embedder(library: Library, craft: Craft, tell: Tell) -> int:
    """Embed everything by the craft's embedder beside the old vectors, then swap; give how many passages.

    The caller owns the data folder, and nothing is added meanwhile. The swap is one transaction: a kill before it
    keeps the old vectors, and what was embedded so far is used by the next try.
    """
    mine = craft.embedder
    embedder = library.embeddings.embedder(mine.fingerprint, mine.name, mine.dimensions)
    wanted: dict[int, bytes] = {}
    for texts in _all(library, craft, tell):
        digests = [digest_of(text) for text in texts.texts]
        known = library.embeddings.known(embedder, digests)
        missing = {digest: text for digest, text in zip(digests, texts.texts, strict=True) if digest not in known}
        for fresh in _embedded(craft, missing):
            library.embeddings.store(embedder, fresh)
        wanted.update(zip(texts.keys, digests, strict=True))
    with library.database.write():
        known = library.embeddings.known(embedder, wanted.values())
        library.passages.embed_anew([(key, known[digest]) for key, digest in wanted.items()])
        if library.embeddings.mixed():
            raise ProgrammingError("Some passages were not embedded by the new embedder; nothing was changed.")
        library.embeddings.forget_unused()
    return len(wanted)


def embed_again(library: Library, craft: Craft, documents: Iterable[int] | None = None) -> int:
    """Embed documents (None: all) by the embedder in use and mend vectors that differ; give how many passages.

    Others may search, add and remove meanwhile.
    """
    mine = craft.embedder
    embedder = library.embeddings.embedder(mine.fingerprint, mine.name, mine.dimensions)
    mended = 0
    for texts in _all(library, craft, lambda done, of: None, documents):
        for fresh in _embedded(craft, {digest_of(text): text for text in texts.texts}):
            with library.database.write():
                changed = library.embeddings.overwrite(embedder, fresh)
                for dossier, passage in changed:
                    library.changes.record(dossier, "put", [passage])
            mended += len(changed)
    return mended


def _all(library: Library, craft: Craft, tell: Tell, only: Iterable[int] | None = None) -> Iterator[_Texts]:
    everything = [key for dossier in library.dossiers.ids() for key in library.documents.of_dossier(dossier)]
    keys = everything if only is None else sorted(set(only).intersection(everything))
    for done, key in enumerate(keys):
        tell(done, len(keys))
        with library.database.read():
            stored = library.documents.stored_by_key(key)
            if stored is None:  # removed meanwhile
                continue
            header = craft.header(stored.metadata, library.documents.by_key(key).name)
            passages = library.passages.of_document(key)
            texts = _Texts(library.passages.keys_of_document(key), [header + passage.text for passage in passages])
        yield texts
    tell(len(keys), len(keys))


def _embedded(craft: Craft, wanted: dict[bytes, str]) -> Iterator[Fresh]:
    """Embed in small steps."""
    pairs = list(wanted.items())
    for start in range(0, len(pairs), AT_ONCE):
        part: Sequence[tuple[bytes, str]] = pairs[start : start + AT_ONCE]
        rows = craft.embedder.embed_passages([text for _, text in part]).astype(np.float16)
        yield dict(zip((digest for digest, _ in part), rows, strict=True))
