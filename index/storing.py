"""What becomes of one source: read, split, embed, then one transaction."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedder
from index.errors import Cancelled, Conflict, LibraryDamaged, UnknownFormat, UnreadableFile
from index.library import Arrival, Cut, Item, Library, Order, Stored, digest_of
from index.library.rows import merged
from index.records import Metadata, Outcome, Place, Reading, Sentence, Source, Step

LOOK_SECONDS = 0.2
"""How often it is asked whether to stop while a page is fetched, read or split."""
WEB = ("http://", "https://")
AT_ONCE = 4 * (os.cpu_count() or 1)
"""How many passages are embedded between two pauses: a fifth of a second's work."""
Look = Callable[[], None]
"""Called now and then during a long step; raises Cancelled where it shall end."""
Tell = Callable[["Item", Step, int, int], None]
"""Takes what is being done with an item, and how many of its passages are done, of how many."""
Fresh = dict[bytes, NDArray[np.float16]]
"""New vectors by the digest of what was embedded."""


class Drafted(Protocol):
    """A passage as the splitter gives it."""

    @property
    def start(self) -> int: ...  # noqa: D102 - the names say it
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def place(self) -> Place: ...  # noqa: D102
    @property
    def sentences(self) -> tuple[Sentence, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Craft:
    """The steps from bytes to vectors, as the composer chose them."""

    reader: Callable[[str], str]
    """From a file's name to the reader and its version that reads it; the empty name stands for text."""
    read: Callable[[str, bytes, Look], Reading]
    """From a file's name and bytes."""
    fetch: Callable[[str], Source | tuple[str, ...]]
    """From a web address to its page, or to the addresses of the pages that a feed lists."""
    read_text: Callable[[str, str], Reading]
    """From text that comes as text, and its name: kept character for character."""
    dated: Callable[[Metadata, str, str], Metadata]
    """What a reader found, with the date that the name or the text tells where it found none."""
    split: Callable[[Reading, str, Look, Collection[str]], Sequence[Drafted]]
    """From a reading, its header and the passages of the version before to passages."""
    header: Callable[[Metadata, str], str]
    """What is put before a passage of a document of that metadata and name when it is embedded."""
    recipe: str
    """Version and settings of the splitter; another one splits again."""
    embedder: Embedder


class Outrun(Exception):
    """Vectors that were to be shared were removed meanwhile: the document has to be embedded again."""


class Storing:
    """Does one item of a job; `pause` is called between small steps and may raise Cancelled."""

    def __init__(self, library: Library, craft: Craft, pause: Callable[[Item], None], tell: Tell) -> None:
        self._library = library
        self._craft = craft
        self._pause = pause
        self._tell = tell
        self._embedder = library.embeddings.embedder(
            craft.embedder.fingerprint, craft.embedder.name, craft.embedder.dimensions
        )

    def do(self, item: Item) -> int:
        """Add the source, or embed the document anew; give how many passages were added.

        Raises DossierError, Cancelled, Outrun.
        """
        if item.kind == "refresh":
            self._refresh(item)
            return 0
        return self._add(item)

    def fetched(self, item: Item) -> Item:
        """Give the item with the bytes of its address, where those are not here yet.

        Raises DossierError, Cancelled, and Outrun where the address is a feed: its entries took the item's place.
        """
        if item.kind == "refresh" or item.text is not None or item.original is not None:
            return item
        found = self._fetch(item)
        if not isinstance(found, Source):
            self._unfold(item, found)
            raise Outrun
        library = self._library
        with library.originals.lock:
            original = library.originals.put(found.content or b"")
            library.originals.settle()
            kept = library.jobs.attach(item, found.name, original)
        if not kept:
            library.forget_originals({original})
            raise Cancelled("The job was cancelled.")
        return replace(item, name=found.name, original=original)

    def _fetch(self, item: Item) -> Source | tuple[str, ...]:
        """Fetch in a thread of its own, so that a server that takes its time does not keep the job from stopping."""
        outcome: SimpleQueue[Source | tuple[str, ...] | Exception] = SimpleQueue()

        self._tell(item, "fetching", 0, 0)

        def fetch() -> None:
            try:
                outcome.put(self._craft.fetch(item.source))
            except Exception as error:  # told where it is waited for
                outcome.put(error)

        Thread(target=fetch, name="fetch", daemon=True).start()
        while True:
            self._pause(item)
            with suppress(Empty):
                found = outcome.get(timeout=LOOK_SECONDS)
                if isinstance(found, Exception):
                    raise found
                return found

    def _unfold(self, item: Item, addresses: Sequence[str]) -> None:
        if item.name != item.source:
            raise UnreadableFile(f"{item.source!r} is a feed inside a feed.", "Add it by itself.")
        orders = [Order(f"{address} (in {item.source})", address, item.given, None, None) for address in addresses]
        if not self._library.jobs.unfold(item, orders):
            raise Cancelled("The job was cancelled.")

    def _add(self, item: Item) -> int:
        stored = self._library.documents.stored(item.dossier, item.source)
        if stored and item.on_conflict == "fail":
            raise Conflict(f"{item.source} is in this dossier already.", "Replace it, or keep both.")
        if stored and item.on_conflict == "keep_both":
            item, stored = self._beside(item), None
        content = self._content(item)
        sha256 = hashlib.sha256(content).hexdigest()
        if stored and self._same(stored, item, sha256):
            self._keep(item, stored)
            return 0
        arrival = self._arrival(item, content, sha256)
        metadata = merged(arrival.reading.metadata, arrival.given, stored.corrections if stored else Metadata())
        header = self._craft.header(metadata, arrival.name)
        self._tell(item, "splitting", 0, 0)
        drafts = self._craft.split(arrival.reading, header, self._look(item), self._earlier(stored))
        texts = [arrival.reading.text[draft.start : draft.end] for draft in drafts]
        vectors = self._embed(item, [header + text for text in texts])
        self._commit(item, arrival, drafts, [digest_of(header + text) for text in texts], vectors)
        return len(drafts)

    def _earlier(self, stored: Stored | None) -> Collection[str]:
        """Give the passages of the version that is replaced, if the same splitter cut them."""
        if stored and stored.splitter == self._craft.recipe:
            with suppress(LibraryDamaged):  # then they are no model, and replacing them is what mends it
                return [passage.text for passage in self._library.passages.of_document(stored.key)]
        return ()

    def _content(self, item: Item) -> bytes:
        return self._library.originals.get(item.original or "") if item.text is None else item.text.encode()

    def _same(self, stored: Stored, item: Item, sha256: str) -> bool:
        """Whether bytes, reader and splitter are those of the stored version: then nothing has to be read."""
        if (stored.bytes_sha256, stored.splitter) != (sha256, self._craft.recipe):
            return False
        with suppress(UnknownFormat):  # reading it says what is wrong
            return stored.reader == self._craft.reader("" if item.text is not None else item.name)
        return False

    def _arrival(self, item: Item, content: bytes, sha256: str) -> Arrival:
        self._tell(item, "reading", 0, 0)
        if item.text is not None:
            reading = self._craft.read_text(item.text, item.name)
        else:
            reading = self._craft.read(item.name, content, self._look(item))
        return Arrival(
            item.name,
            item.source,
            item.given,
            with_address(reading, item.source),
            sha256,
            self._craft.recipe,
            item.original,
        )

    def _look(self, item: Item) -> Look:
        """Give what a long step calls as often as it likes: it pauses now and then."""
        last = time.monotonic()

        def look() -> None:
            nonlocal last
            if time.monotonic() - last > LOOK_SECONDS:
                self._pause(item)
                last = time.monotonic()

        return look

    def _beside(self, item: Item) -> Item:
        """Give the item a source that is free: `upload:NAME (2)`."""
        number, taken = 2, item.source
        while self._library.documents.stored(item.dossier, f"{taken} ({number})"):
            number += 1
        return replace(item, source=f"{taken} ({number})")

    def _keep(self, item: Item, stored: Stored) -> None:
        """The text is known: at most what is said about it has changed."""
        current = self._library.documents.by_key(stored.key)
        if stored.given == item.given and current.name == item.name:
            self._library.jobs.settle(item, "unchanged")
            return
        metadata = merged(stored.found, item.given, stored.corrections)
        vectors, digests = self._embed_document(item, stored.key, self._craft.header(metadata, item.name))
        with self._library.database.write():
            if not self._library.jobs.settle(item, "replaced", current.passages):
                raise Cancelled("The job was cancelled.")
            self._library.documents.give(stored.key, item.name, item.given)
            self._point_anew(item.dossier, stored.key, digests, vectors)

    def _refresh(self, item: Item) -> None:
        """Embed a document anew after its title or date was corrected."""
        key, _ = self._library.documents.key(item.source)
        document = self._library.documents.by_key(key)
        header = self._craft.header(document.metadata, document.name)
        vectors, digests = self._embed_document(item, key, header)
        with self._library.database.write():
            self._library.jobs.settle(item, "replaced")
            self._point_anew(item.dossier, key, digests, vectors)

    def _embed_document(self, item: Item, document: int, header: str) -> tuple[Fresh, dict[int, bytes]]:
        passages = self._library.passages.of_document(document)
        keys = self._library.passages.keys_of_document(document)
        texts = [header + passage.text for passage in passages]
        return self._embed(item, texts), dict(zip(keys, map(digest_of, texts), strict=True))

    def _point_anew(self, dossier: int, document: int, digests: dict[int, bytes], vectors: Fresh) -> None:
        """Give a document's passages their new vectors, in the open transaction, unless it changed meanwhile."""
        library = self._library
        if library.passages.keys_of_document(document) != list(digests):
            return
        library.embeddings.store(self._embedder, vectors)
        known = self._known(list(digests.values()))
        library.passages.embed_anew([(key, known[digest]) for key, digest in digests.items()])
        library.changes.record(dossier, "put", list(digests))
        library.embeddings.forget_unused()

    def _known(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        known = self._library.embeddings.known(self._embedder, digests)
        if len(known) < len(set(digests)):
            raise Outrun
        return known

    def _embed(self, item: Item, texts: Sequence[str]) -> Fresh:
        """Embed what is not embedded yet, in small steps."""
        wanted = {digest_of(text): text for text in texts}
        known = self._library.embeddings.known(self._embedder, wanted)
        missing = [(digest, text) for digest, text in wanted.items() if digest not in known]
        vectors: Fresh = {}
        for start in range(0, len(missing), AT_ONCE):
            self._tell(item, "embedding", start, len(missing))
            self._pause(item)
            part = missing[start : start + AT_ONCE]
            rows = self._craft.embedder.embed_passages([text for _, text in part]).astype(np.float16)
            vectors.update(zip((digest for digest, _ in part), rows, strict=True))
        self._tell(item, "storing", len(missing), len(missing))
        self._pause(item)
        return vectors

    def _commit(
        self,
        item: Item,
        arrival: Arrival,
        drafts: Sequence[Drafted],
        digests: Sequence[bytes],
        vectors: Fresh,
    ) -> None:
        """Make the new version visible with its passages and vectors, in place of the old one, at once."""
        library = self._library
        outgrown: set[str] = set()
        with library.database.write():
            stored = library.documents.stored(item.dossier, arrival.source)
            outcome: Outcome = "replaced" if stored else "added"
            if not library.jobs.settle(item, outcome, len(drafts)):
                raise Cancelled("The job was cancelled.")
            library.embeddings.store(self._embedder, vectors)
            known = self._known(digests)
            unused: list[int] = []
            if stored:
                document = stored.key
                outgrown = library.documents.originals_of("document", document)
                library.changes.record(item.dossier, "remove", library.passages.keys_of_document(document))
                unused = library.passages.remove(document)
                version = library.documents.replace(document, arrival, len(drafts))
            else:
                document, version = library.documents.insert(item.dossier, arrival, len(drafts))
            cuts = [
                Cut(draft.start, draft.end, draft.place, draft.sentences, known[digest])
                for draft, digest in zip(drafts, digests, strict=True)
            ]
            keys = library.passages.insert(item.dossier, document, version, arrival.reading.text, cuts)
            library.changes.record(item.dossier, "put", keys)
            library.embeddings.forget_unused(unused)
        library.forget_originals(outgrown)


def with_address(reading: Reading, source: str) -> Reading:
    """Give the reading of a page that was fetched the address that it was fetched from, whatever it says itself."""
    return replace(reading, metadata=replace(reading.metadata, url=source)) if source.startswith(WEB) else reading
