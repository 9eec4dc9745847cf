"""Passages and vectors made anew: beside the old ones for another embedder, in their place where they are outdated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from index.errors import DossierError, ProgrammingError
from index.library import Cut, Library, digest_of
from index.storing import AT_ONCE, Craft, Fresh, with_address

Tell = Callable[[int, int], None]
"""Takes how many documents are done, of how many; may raise Cancelled."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """What is embedded of one document: passages' keys and texts with their header."""

    document: int
    dossier: int
    keys: list[int]
    texts: list[str]


def change_embedder(library: Library, craft: Craft, tell: Tell) -> int:
    """Embed everything by the craft's embedder beside the old vectors, then swap; give how many passages.

    The caller owns the data folder, and nothing is added meanwhile. The swap is one transaction: a kill before it
    keeps the old vectors, and what was embedded so far is used by the next try.
    """
    embedder = _embedder(library, craft)
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


def embed_again(library: Library, craft: Craft, tell: Tell, documents: Iterable[int] | None = None) -> int:
    """Embed documents (None: all) by the embedder in use and mend vectors that differ; give how many passages.

    Others may search, add and remove meanwhile.
    """
    embedder = _embedder(library, craft)
    mended = 0
    progress = _Progress(tell)
    for texts in _all(library, craft, progress, documents):
        digests = dict(zip(texts.keys, map(digest_of, texts.texts), strict=True))
        fresh: Fresh = {}
        for part in _embedded(craft, dict(zip(digests.values(), texts.texts, strict=True))):
            progress.again()
            fresh |= part
        with library.database.write():
            if library.passages.keys_of_document(texts.document) == texts.keys:
                mended += _put_right(library, embedder, texts, digests, fresh)
    return mended


def _put_right(library: Library, embedder: int, texts: _Texts, digests: dict[int, bytes], fresh: Fresh) -> int:
    """Store a document's vectors and point its passages to them, in the open transaction; give how many differed."""
    changed = dict.fromkeys((key, dossier) for dossier, key in library.embeddings.overwrite(embedder, fresh))
    known = library.embeddings.store(embedder, fresh)
    unused = library.embeddings.used_by(texts.document)
    strayed = [key for key, digest in library.embeddings.digests_of(texts.document).items() if digest != digests[key]]
    library.passages.embed_anew([(key, known[digest]) for key, digest in digests.items()])
    library.embeddings.forget_unused(unused)
    changed |= dict.fromkeys((key, texts.dossier) for key in strayed)
    for key, dossier in changed:
        library.changes.record(dossier, "put", [key])
    return len(changed)


def split_again(library: Library, craft: Craft, tell: Tell) -> int:
    """Split the documents anew that another splitter cut, each at once; give how many.

    A document has its old passages or its new ones, never both and never none; texts and versions stay. Only
    passages whose text changed are embedded. What a kill leaves undone is done by the next try.
    """
    everything = [(dossier, key) for dossier in library.dossiers.ids() for key in library.documents.of_dossier(dossier)]
    stale = [(dossier, key) for dossier, key in everything if _is_stale(library, craft, key)]
    progress = _Progress(tell)
    for done, (dossier, key) in enumerate(stale):
        progress(done, len(stale))
        _split_one(library, craft, dossier, key, progress)
    progress(len(stale), len(stale))
    return len(stale)


def _is_stale(library: Library, craft: Craft, key: int) -> bool:
    stored = library.documents.stored_by_key(key)
    return stored is not None and stored.splitter != craft.recipe


def _split_one(library: Library, craft: Craft, dossier: int, key: int, progress: _Progress) -> None:
    embedder = _embedder(library, craft)
    with library.database.read():
        stored = library.documents.stored_by_key(key)
        if stored is None:  # removed meanwhile
            return
        name, reading = library.documents.by_key(key).name, library.documents.reading(key)
    header = craft.header(stored.metadata, name)
    drafts = craft.split(reading, header, progress.again, ())
    texts = [header + reading.text[draft.start : draft.end] for draft in drafts]
    digests = [digest_of(text) for text in texts]
    known = library.embeddings.known(embedder, digests)
    missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
    for fresh in _embedded(craft, missing):  # stored at once: a kill does not lose them
        library.embeddings.store(embedder, fresh)
        progress.again()
    with library.database.write():
        now = library.documents.stored_by_key(key)
        known = library.embeddings.known(embedder, digests)
        if now is None or now.version != stored.version or len(known) < len(set(digests)):
            return  # replaced meanwhile, and so split; or its vectors were swept away: the next try finds it
        cuts = [
            Cut(draft.start, draft.end, draft.place, draft.sentences, known[digest])
            for draft, digest in zip(drafts, digests, strict=True)
        ]
        library.changes.record(dossier, "remove", library.passages.keys_of_document(key))
        unused = library.passages.remove(key)
        library.changes.record(dossier, "put", library.passages.insert(dossier, key, now.version, reading.text, cuts))
        library.documents.split_anew(key, craft.recipe, len(cuts))
        library.embeddings.forget_unused(unused)


def read_again(library: Library, craft: Craft, documents: Iterable[int]) -> list[int]:
    """Read documents anew whose stored reading is damaged; give those of which it is what was stored again."""
    mended = []
    for key in documents:
        with suppress(DossierError):  # its original is gone too, or no longer read
            original, text = library.documents.made_of(key)
            document = library.documents.by_key(key)
            content = text.encode() if original is None else library.originals.get(original)
            if original is None:
                reading = craft.read_text(text, document.name)
            else:
                reading = craft.read(document.name, content, lambda: None)
            reading = with_address(reading, document.source)
            if library.documents.read_anew(key, reading, hashlib.sha256(content).hexdigest()):
                mended.append(key)
    return mended


def strayed(library: Library, craft: Craft) -> dict[int, list[int]]:
    """Give the passages whose vector was made of another text than theirs, by the key of their document.

    A document that waits to be embedded anew, because someone corrected its title, is not among them.
    """
    found: dict[int, list[int]] = {}
    for dossier in library.dossiers.ids():
        for key in library.documents.of_dossier(dossier):
            with library.database.read():
                texts = _texts(library, craft, dossier, key)
                if texts is None or library.jobs.refreshes(library.documents.by_key(key).id):
                    continue
                digests = library.embeddings.digests_of(key)
            wanted = map(digest_of, texts.texts)
            if odd := [one for one, digest in zip(texts.keys, wanted, strict=True) if digests.get(one) != digest]:
                found[key] = odd
    return found


class _Progress:
    """Says how far one is, again and again, so that a long document can be stopped in its midst."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._last = (0, 0)

    def __call__(self, done: int, of: int) -> None:
        self._last = (done, of)
        self._tell(done, of)

    def again(self) -> None:
        self._tell(*self._last)


def _embedder(library: Library, craft: Craft) -> int:
    mine = craft.embedder
    return library.embeddings.embedder(mine.fingerprint, mine.name, mine.dimensions)


def _all(library: Library, craft: Craft, tell: Tell, only: Iterable[int] | None = None) -> Iterator[_Texts]:
    everything = {key: dossier for dossier in library.dossiers.ids() for key in library.documents.of_dossier(dossier)}
    keys = sorted(everything if only is None else set(only).intersection(everything))
    for done, key in enumerate(keys):
        tell(done, len(keys))
        with library.database.read():
            texts = _texts(library, craft, everything[key], key)
        if texts is not None:
            yield texts
    tell(len(keys), len(keys))


def _texts(library: Library, craft: Craft, dossier: int, key: int) -> _Texts | None:
    """Give what is to be embedded of a document, None where it was removed meanwhile."""
    stored = library.documents.stored_by_key(key)
    if stored is None:
        return None
    header = craft.header(stored.metadata, library.documents.by_key(key).name)
    passages = library.passages.of_document(key)
    keys = library.passages.keys_of_document(key)
    return _Texts(key, dossier, keys, [header + passage.text for passage in passages])


def _embedded(craft: Craft, wanted: dict[bytes, str]) -> Iterator[Fresh]:
    """Embed in small steps."""
    pairs = list(wanted.items())
    for start in range(0, len(pairs), AT_ONCE):
        part: Sequence[tuple[bytes, str]] = pairs[start : start + AT_ONCE]
        rows = craft.embedder.embed_passages([text for _, text in part]).astype(np.float16)
        yield dict(zip((digest for digest, _ in part), rows, strict=True))
