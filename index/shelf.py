"""The composer of the index: add, replace, remove and search documents in one data folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.adding import Adding
from index.checkup import outdated
from index.chores import Chores, Work
from index.config import IndexConfig
from index.embed import Embedder
from index.errors import BadInput, EmbedderChanged
from index.estimating import Expected, estimate
from index.finding import Finding
from index.given import order_of, storable, storable_metadata
from index.library import History, Library, Order
from index.library.backup import Backup, restore
from index.owner import Owner
from index.pages import Pages
from index.records import (
    Compacted,
    Conflict,
    Document,
    Dossier,
    Estimate,
    Filter,
    Found,
    Handled,
    Health,
    Hit,
    InStep,
    Job,
    JobKind,
    Mark,
    Metadata,
    Passage,
    Reindexed,
    Source,
)
from index.reindex import Tell, change_embedder
from index.storing import Craft
from index.tending import Tending
from index.upkeep import Upkeep
from index.vectors_served import Server

EVERYTHING = Filter()
CANCEL_SECONDS = 2.0


class Shelf:
    """Documents of one data folder, searchable by meaning and by words; owns the folder while it is open."""

    def __init__(
        self, config: IndexConfig, owner: Owner, library: Library, upkeep: Upkeep, adding: Adding, craft: Craft
    ) -> None:
        self._config = config
        self._owner = owner
        self._library = library
        self._upkeep = upkeep
        self._adding = adding
        self._craft = craft
        self._embedder = craft.embedder
        self._finding = Finding(library, upkeep, craft.embedder)
        self._tending = Tending(config, library, upkeep, craft)
        self.pages = Pages(library)
        self._chores = Chores(library.chores)
        self._expected = Expected(library, config.data)

    @property
    def history(self) -> History:
        """What was asked and answered, each person's for themselves."""
        return self._library.history

    @classmethod
    def open(cls, config: IndexConfig, embedder: Embedder | None = None, address: str | None = None) -> Shelf:
        """Take the data folder, check its indexes, start what is needed to add documents.

        `address` (such as `http://127.0.0.1:7860`) is written beside the lock for commands that find it held.
        Raises LibraryBusy, LibraryDamaged, EmbedderChanged, StorageFull.
        """
        owner = Owner.take(config.data, address)
        with ExitStack() as undo:
            undo.callback(owner.release)
            library = Library.open(config.data)
            undo.callback(library.close)
            library.chores.end_abandoned()
            embedder = embedder or _configured(config)
            _refuse_another_embedder(library, embedder)
            upkeep = Upkeep(
                library,
                config.data / "indexes",
                embedder.dimensions,
                embedder.fingerprint,
                config.chroma_from,
                Server(config.chroma, config.data) if config.chroma else None,
            )
            craft = _craft(config, embedder)
            adding = Adding(library, craft, upkeep.settle)
            upkeep.start()
            adding.start()
            undo.pop_all()
        return cls(config, owner, library, upkeep, adding, craft)

    @staticmethod
    def change_embedder(config: IndexConfig, tell: Tell, embedder: Embedder | None = None) -> int:
        """Embed the whole library by the configured embedder, then swap it in at once; give how many passages.

        A kill keeps the old vectors. Raises LibraryBusy, LibraryDamaged, StorageFull.
        """
        owner = Owner.take(config.data)
        with ExitStack() as undo:
            undo.callback(owner.release)
            library = Library.open(config.data)
            undo.callback(library.close)
            passages = change_embedder(library, _craft(config, embedder or _configured(config)), tell)
            library.database.empty_log()
            return passages

    @staticmethod
    def restore(archive: Path, data: Path) -> int:
        """Put a backup's library into a folder without one; give how many original files came with it.

        Raises Conflict, UnreadableFile, LibraryBusy, StorageFull.
        """
        owner = Owner.take(data)
        try:
            return restore(archive, data)
        finally:
            owner.release()

    def close(self) -> None:
        """Stop at the next small step and give the folder up; what is queued goes on after the next opening."""
        self._chores.close()
        self._adding.close()
        self._upkeep.close()
        self._finding.close()
        self._library.close()
        self._owner.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tell_handled(self, handled: Callable[[Handled], object]) -> None:
        """Have every file told that the worker is done with from now on, and how long its steps took."""
        self._adding.handled = handled

    @property
    def embedder(self) -> str:
        """The name of the embedding model."""
        return self._embedder.name

    # dossiers; a name is compared case-folded

    def dossiers(self) -> tuple[Dossier, ...]:
        """Give every dossier, by name."""
        return self._library.dossiers.all()

    def dossier(self, name: str) -> Dossier:
        """Find a dossier. Raises NotFound."""
        return self._library.dossiers.find(name)

    def create_dossier(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not. Raises BadInput for a name that is not allowed."""
        return self._library.dossiers.create(name)

    def rename_dossier(self, name: str, new_name: str) -> Dossier:
        """Give a dossier another name; its id stays. Raises NotFound, BadInput, Conflict."""
        return self._library.dossiers.rename(name, new_name)

    def remove_dossier(self, name: str) -> None:
        """Remove a dossier with everything in it. Raises NotFound."""
        key = self._library.dossiers.key(name)
        self._library.remove_dossier(key)
        self._upkeep.forget(key)

    # documents

    def documents(
        self, dossier: str, cursor: str | None = None, limit: int = 100
    ) -> tuple[tuple[Document, ...], str | None]:
        """Give a page of a dossier's documents (by name of the dossier), in order of adding, and the next cursor."""
        if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
            raise BadInput(f"{cursor[:40]!r} is not a cursor.", "Pass on the one that came with the page before.")
        if limit < 1:
            raise BadInput(f"A page of {limit} documents cannot be listed.", "Ask for 1 or more.")
        key = self._library.dossiers.key(dossier)
        rows = self._library.documents.page(key, int(cursor or 0), limit + 1)
        following = str(rows[limit - 1][0]) if len(rows) > limit else None
        return tuple(document for _, document in rows[:limit]), following

    def document(self, id: str) -> Document:
        """Find a document. Raises NotFound."""
        return self._library.documents.find(id)

    def text(self, document: str, version: str | None = None) -> str:
        """Give the text of a version, the current one if None. Raises NotFound."""
        return self._library.documents.text(document, version)

    def marks(self, document: str, version: str | None = None) -> tuple[Mark, ...]:
        """Give the map from offsets to pages and headings of a version, the current one if None. Raises NotFound."""
        return self._library.documents.marks(document, version)

    def likeness(self, dossier: str) -> tuple[tuple[Document, ...], NDArray[np.float32]]:
        """Give a dossier's documents and, row by row, the mean of each one's stored vectors, of length 1."""
        key = self._library.dossiers.key(dossier)
        with self._library.database.read():
            vectors = self._library.embeddings.of_dossier(key, self._embedder.dimensions)
            documents = self._library.documents.of_dossier(key)
        keys, rows = np.unique(vectors.documents, return_inverse=True)
        means = np.zeros((len(keys), self._embedder.dimensions), np.float32)
        np.add.at(means, rows, vectors.matrix)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        return tuple(documents[int(one)] for one in keys), means

    def original(self, document: str) -> tuple[bytes, str, str]:
        """Give the original bytes, the media type and the file name."""
        original, text, media_type, name = self._library.documents.original(document)
        return self._library.originals.get(original) if original else text.encode(), media_type, name

    def passages(self, document: str) -> tuple[Passage, ...]:
        """All passages of the document's current version, in order."""
        with self._library.database.read():
            key, _ = self._library.documents.key(document)
            return self._library.passages.of_document(key)

    def correct(self, document: str, metadata: Metadata) -> Document:
        """Set what is not None (an empty string clears); kept over replacements.

        Vectors, which know title and date, follow in the background.
        """
        metadata = storable_metadata(metadata)
        with self._library.database.write():
            key, dossier = self._library.documents.key(document)
            self._library.documents.correct(key, metadata)
            found = self._library.documents.by_key(key)
            order = Order(found.name, found.id, Metadata(), None, None)
            self._library.jobs.queue("refresh", dossier, "replace", [order])
        self._adding.notice()
        return found

    def move(self, document: str, name: str, source: str) -> Document:
        """Give a document another name and source: its file was renamed. Raises Conflict, NotFound.

        A date that only the file's name told goes with the old name, and one in the new name is found.
        """
        with self._library.database.write():
            key, dossier = self._library.documents.key(document)
            self._library.documents.move(key, storable(name), storable(source))
            self._find_date_anew(key, storable(name))
            found = self._library.documents.by_key(key)
            self._library.jobs.queue(
                "refresh", dossier, "replace", [Order(found.name, found.id, Metadata(), None, None)]
            )
        self._adding.notice()
        return found

    def _find_date_anew(self, key: int, name: str) -> None:
        """Look for a date under a new name, unless the file itself states one."""
        reading = self._library.documents.reading(key)
        if reading.metadata.published_from != "metadata":
            undated = replace(reading.metadata, published=None, published_from=None)
            self._library.documents.find_anew(key, self._craft.dated(undated, name, reading.text))

    def remove_document(self, id: str) -> None:
        """Remove a document and all its versions; from its return on nothing of it is found. Raises NotFound."""
        key, dossier = self._library.documents.key(id)
        self._library.remove_document(key, dossier)
        self._upkeep.notice()

    # adding: durable jobs, worked off by one thread of the shelf

    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict = "replace") -> Job:
        """Queue documents to be added; returns once the job and its sources are durable."""
        originals = self._library.originals
        key = self._library.dossiers.key(self.create_dossier(dossier).name)
        with originals.lock:
            orders = [order_of(source, originals) for source in sources]
            originals.settle()
            id = self._library.jobs.queue("add", key, on_conflict, orders)
        self._adding.notice()
        return self.job(id)

    def estimate(self, sizes: Mapping[str, int]) -> Estimate:
        """Judge what adding files will take, given how many bytes there are of each ending, such as `.pdf`."""
        return estimate(self._library, self._config.data, sizes)

    def job(self, id: str) -> Job:
        """Give a job as it stands. Raises NotFound."""
        return self._chores.find(id) or self._shown(self._library.jobs.find(id))

    def jobs(self) -> tuple[Job, ...]:
        """Give every job, newest first."""
        everything = (*map(self._shown, self._library.jobs.all()), *self._chores.all())
        return tuple(sorted(everything, key=lambda job: job.started or "now", reverse=True))

    def _shown(self, job: Job) -> Job:
        """Give a job of adding with how far its current file is and what it was judged to take."""
        return self._expected.shown(self._adding.shown(job))

    def cancel(self, id: str) -> Job:
        """Stop a job; what it has done stays."""
        if self._chores.find(id):
            self._chores.cancel(id, CANCEL_SECONDS)
            return self.job(id)
        self._library.sweeper.take(self._library.jobs.cancel(id))
        self._adding.notice()
        return self.wait(id, CANCEL_SECONDS)

    def wait(self, id: str, timeout: float | None = None) -> Job:
        """Wait until the job has ended, or the time (in seconds) is over."""
        if self._chores.find(id):
            self._chores.wait(id, timeout)
        else:
            self._adding.wait_for(lambda: self.job(id).finished, timeout)
        return self.job(id)

    # searching

    def search(
        self, dossier: str, question: str, *, words: str | None = None, filter: Filter = EVERYTHING, limit: int = 50
    ) -> Found:
        """Find passages by meaning of `question` and by the words of `words` (or the question's own)."""
        key = self._library.dossiers.key(dossier)
        with self.asking():
            return self._finding.find(
                key, storable(question), storable(question if words is None else words), filter, limit
            )

    def holding(self, dossier: str, words: str, *, filter: Filter = EVERYTHING, limit: int) -> tuple[Hit, ...]:
        """Find all passages that have every one of the words, in any form, in order of adding; at most `limit`."""
        key = self._library.dossiers.key(dossier)
        with self.asking():
            return self._finding.holding(key, storable(words), filter, limit)

    def catalogue(self, dossier: str, filter: Filter = EVERYTHING) -> tuple[Document, ...]:
        """Give all documents of a dossier that pass, in order of adding."""
        found = self._library.documents.of_dossier(self._library.dossiers.key(dossier))
        return tuple(document for _, document in sorted(found.items()) if filter.passes(document))

    def naming(self, dossier: str, names: Iterable[Sequence[str]], documents: Collection[str]) -> frozenset[str] | None:
        """Give those of the documents that name one of several things, each given by the words of its name.

        None where no passage of the dossier names any of them.
        """
        words = [[storable(word) for word in name] for name in names]
        return self._finding.naming(self._library.dossiers.key(dossier), words, documents)

    def spelled(self, dossier: str, words: Iterable[str]) -> dict[str, str]:
        """Give the words that are likely misspelled, with what the dossier's passages write in their place."""
        return self._finding.spelled(self._library.dossiers.key(dossier), map(storable, words))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let adding wait a moment between its small steps while something for a question is computed."""
        self._adding.asking(1)
        try:
            yield
        finally:
            self._adding.asking(-1)

    # operations

    def ready(self) -> tuple[bool, str]:
        """Whether the indexes are in step with the library, and else what is being rebuilt."""
        doing = self._adding.trouble() or self._upkeep.doing()
        return not doing, doing

    def in_step(self) -> InStep:
        """How far the indexes are behind the library, in figures."""
        return self._upkeep.in_step()

    def remark(self) -> str:
        """Say what an owner of the library should know though all is well, nothing where there is nothing."""
        return outdated(self._library, self._craft.recipe)

    def begin(self, kind: JobKind, work: Work | None = None, about: str = "") -> Job:
        """Begin one of what follows, or other `work`, in the background, as a job.

        The same (of the same `about`) that is under way already is given instead. Raises Overloaded.
        """
        return self._chores.begin(kind, work or self._tending.work(kind), about)

    def doctor(self) -> tuple[Health, ...]:
        """Check every part of the shelf."""
        return self._tending.doctor()

    def mend(self) -> tuple[str, ...]:
        """Mend what can be mended from the library itself; say what was done."""
        return self._tending.mend()

    def reindex(self) -> Reindexed:
        """Split what an older splitter cut, embed every passage again, build both indexes anew; give what changed."""
        return self._tending.reindex()

    def compact(self) -> Compacted:
        """Drop what nobody may cite or needs any more, from every file of the data folder but backups."""
        return self._tending.compact()

    def forget_old_history(self) -> int:
        """Forget conversations and single answers older than the setting `history_days`; give how many."""
        return self._tending.forget_old_history()

    def back_up(self) -> Backup:
        """Write an archive of this moment into the folder `backups`, while others go on."""
        return self._tending.back_up()


def _configured(config: IndexConfig) -> Embedder:
    from index.embed import open_embedder  # ONNX takes a moment that no one needs with another embedder

    return open_embedder(config)


def _craft(config: IndexConfig, embedder: Embedder) -> Craft:
    from index import load, split  # readers bring large libraries

    return Craft(
        lambda name: load.reader_of(name) if name else load.TEXT_READER,
        lambda name, content, look: load.read(name, content, config, look),
        lambda address: load.fetched(address, config),
        load.from_text,
        load.dated,
        lambda reading, header, look, earlier: split.split(
            reading, header, config.passage_characters, embedder.count_tokens, embedder.max_tokens, look, earlier
        ),
        split.header,
        f"{split.VERSION}/{config.passage_characters}",
        embedder,
    )


def _refuse_another_embedder(library: Library, embedder: Embedder) -> None:
    used = library.embeddings.in_use()
    if used and used[0] != embedder.fingerprint:
        raise EmbedderChanged(
            f"The library was embedded with {used[1]} ({used[0]}); {embedder.name} ({embedder.fingerprint}) is set.",
            f"Run `dossier reindex --embedder {embedder.name}`, or set DOSSIER_EMBEDDER back to {used[1]}.",
        )
