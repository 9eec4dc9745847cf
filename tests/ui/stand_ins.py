"""A shelf in memory and a pipeline with scripted answers, for testing what people and programs touch."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from sqlite3 import Connection

from index.errors import BadInput, NotFound, TooLarge
from index.errors import Conflict as Taken
from index.library.database import Database
from index.library.history import History
from index.library.history_quotes import Content
from index.records import (
    Conflict,
    Document,
    Dossier,
    Estimate,
    Failure,
    Filter,
    Health,
    Hit,
    InStep,
    Job,
    JobKind,
    Metadata,
    Passage,
    Place,
    Source,
)
from rag.answers import (
    Answer,
    Ask,
    Citation,
    Event,
    Finished,
    PassagesRead,
    Statement,
    StatementShown,
    TextShown,
    Twin,
)

NOW = "2026-01-01T00:00:00Z"
LIMIT = 1024 * 1024
"""A file over it fails alone."""


class FakeHistory(History):
    """A real one in a file of its own, which holds no documents: none of them was removed, as far as it knows."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        super().__init__(Database(folder / "library.sqlite"))

    def _without_removed(self, connection: Connection, content: Content) -> Content:
        return content


@dataclass
class FakeShelf:
    """Keeps documents in memory; a document's text is the file decoded."""

    slowness: float = 0.0
    """Seconds that adding a document takes."""
    is_ready: bool = True
    free: int = 10**12
    names: dict[str, Dossier] = field(default_factory=dict)
    kept: dict[str, tuple[str, Document, str, bytes]] = field(default_factory=dict)
    """By id: the dossier's folded name, the document, its text, its file."""
    log: dict[str, Job] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    history: History = field(default_factory=lambda: FakeHistory())

    def close(self) -> None:
        pass

    def empty(self) -> None:
        """Begin anew."""
        self.slowness, self.is_ready, self.count = 0.0, True, itertools.count(1)
        for kept in (self.names, self.kept, self.log, self.stopped):
            kept.clear()

    def dossiers(self) -> tuple[Dossier, ...]:
        return tuple(self.dossier(name) for name in self.names)

    def dossier(self, name: str) -> Dossier:
        found = self.names.get(name.casefold())
        if found is None:
            raise NotFound(f"There is no dossier {name!r}.", f"There are: {', '.join(self.names) or 'none'}.")
        here = [document for key, document, _, _ in self.kept.values() if key == name.casefold()]
        return replace(found, documents=len(here), passages=len(here))

    def create_dossier(self, name: str) -> Dossier:
        self.names.setdefault(name.casefold(), Dossier(f"s_{next(self.count)}", name, NOW, 0, 0))
        return self.dossier(name)

    def rename_dossier(self, name: str, new_name: str) -> Dossier:
        old = self.dossier(name)
        if new_name.casefold() in self.names:
            raise Taken(f"There is a dossier {new_name!r} already.")
        del self.names[name.casefold()]
        self.names[new_name.casefold()] = replace(old, name=new_name)
        return self.dossier(new_name)

    def remove_dossier(self, name: str) -> None:
        self.dossier(name)
        del self.names[name.casefold()]

    def documents(
        self, dossier: str, cursor: str | None = None, limit: int = 100
    ) -> tuple[tuple[Document, ...], str | None]:
        self.dossier(dossier)
        here = [document for key, document, _, _ in self.kept.values() if key == dossier.casefold()]
        if cursor is not None and not cursor.isdecimal():
            raise BadInput(f"{cursor!r} is not a cursor.")
        first = int(cursor or 0)
        return tuple(here[first : first + limit]), str(first + limit) if first + limit < len(here) else None

    def _entry(self, id: str) -> tuple[str, Document, str, bytes]:
        if id not in self.kept:
            raise NotFound(f"There is no document {id!r}.")
        return self.kept[id]

    def document(self, id: str) -> Document:
        return self._entry(id)[1]

    def text(self, document: str, version: str | None = None) -> str:
        return self._entry(document)[2]

    def original(self, document: str) -> tuple[bytes, str, str]:
        entry = self._entry(document)
        return entry[3], entry[1].media_type, entry[1].name

    def correct(self, document: str, metadata: Metadata) -> Document:
        key, old, text, content = self._entry(document)
        given = {
            name: getattr(metadata, name) or None
            for name in ("title", "publisher", "author", "published")
            if getattr(metadata, name) is not None
        }
        new = replace(old, metadata=replace(old.metadata, **given))
        self.kept[document] = (key, new, text, content)
        return new

    def remove_document(self, id: str) -> None:
        self._entry(id)
        del self.kept[id]

    def estimate(self, sizes: Mapping[str, int]) -> Estimate:
        size = sum(sizes.values())
        return Estimate(size, size // 10, size * 60.0, 2 * size, self.free, measured=True)

    def add(self, dossier: str, sources: Iterable[Source], on_conflict: Conflict = "replace") -> Job:
        self.create_dossier(dossier)
        taken = list(sources)
        job = Job(f"j_{next(self.count)}", "queued", len(taken))
        self.log[job.id] = job
        threading.Thread(target=self._work, args=(job.id, dossier, taken, on_conflict), daemon=True).start()
        return job

    def _work(self, id: str, dossier: str, sources: list[Source], on_conflict: Conflict) -> None:
        for source in sources:
            if id in self.stopped:
                self.log[id] = replace(self.log[id], state="cancelled", ended=NOW)
                return
            self.log[id] = replace(self.log[id], state="running", started=NOW, current=source.name)
            time.sleep(self.slowness)
            job = self.log[id]
            try:
                outcome = self._put(dossier, source, on_conflict)
                self.log[id] = replace(job, passages=job.passages + 1, **{outcome: getattr(job, outcome) + 1})
            except (TooLarge, Taken) as error:
                self.log[id] = replace(job, failed=(*job.failed, Failure(source.name, str(error))))
        job = self.log[id]
        state = "failed" if job.total and len(job.failed) == job.total else "done"
        self.log[id] = replace(job, state=state, current=None, ended=NOW)

    def _put(self, dossier: str, source: Source, on_conflict: Conflict) -> str:
        if source.refused is not None:
            raise TooLarge(source.refused)
        content = source.content if source.content is not None else (source.text or "").encode()
        if len(content) > LIMIT:
            raise TooLarge(f"{source.name} is larger than 1 MB.")
        text = source.text if source.text is not None else content.decode("utf-8", "replace")
        key = dossier.casefold()
        same = [id for id, entry in self.kept.items() if entry[0] == key and entry[1].source == source.address]
        if same and on_conflict == "fail":
            raise Taken(f"There is a document from {source.address} already.")
        if same and self.kept[same[0]][3] == content:
            return "unchanged"
        id = same[0] if same and on_conflict == "replace" else f"d_{next(self.count)}"
        document = Document(
            id,
            f"v_{next(self.count)}",
            key,
            source.name,
            source.address,
            source.metadata,
            "text/plain",
            len(text),
            1,
            NOW,
        )
        self.kept[id] = (key, document, text, content)
        return "replaced" if same and on_conflict == "replace" else "added"

    def job(self, id: str) -> Job:
        if id not in self.log:
            raise NotFound(f"There is no job {id!r}.")
        return self.log[id]

    def jobs(self) -> tuple[Job, ...]:
        return tuple(self.log.values())

    def cancel(self, id: str) -> Job:
        self.job(id)
        self.stopped.add(id)
        return self.job(id)

    def wait(self, id: str, timeout: float | None = None) -> Job:
        until = time.monotonic() + (timeout or 60)
        while not self.job(id).finished and time.monotonic() < until:
            time.sleep(0.01)
        return self.job(id)

    def ready(self) -> tuple[bool, str]:
        return (True, "") if self.is_ready else (False, "The word index is being rebuilt.")

    def forget_old_history(self) -> int:
        return 0

    def tell_handled(self, handled: object) -> None:
        """Files are not worked on here."""

    def in_step(self) -> InStep:
        return InStep(0, 0)

    def begin(self, kind: JobKind, work: object = None, about: str = "") -> Job:
        checks = [asdict(Health("library", True, "The library is whole."))]
        id = f"j_{next(self.count)}"
        self.log[id] = Job(id, "done", 0, started=NOW, ended=NOW, kind=kind, result=json.dumps({"checks": checks}))
        return self.log[id]


@dataclass
class FakeRag:
    """Answers with the first sentence of the first document; "slow" takes its time, "broken" fails midway."""

    shelf: FakeShelf = field(default_factory=FakeShelf)
    gate: threading.Event = field(default_factory=threading.Event)
    """A question that holds "wait" is answered once this is set."""
    withdrawn: int = 0
    asked: list[Ask] = field(default_factory=list)
    closed: bool = False

    def close(self) -> None:
        self.closed = True
        self.shelf.close()

    def empty(self) -> None:
        """Begin anew."""
        self.shelf.empty()
        self.gate.clear()
        self.asked.clear()
        self.withdrawn = 0

    def ask(self, ask: Ask | str) -> Answer:
        *_, last = self.stream(Ask(ask) if isinstance(ask, str) else ask)
        assert isinstance(last, Finished)
        return last.answer

    def stream(self, ask: Ask, cancel: threading.Event | None = None) -> Iterator[Event]:
        self.asked.append(ask)
        hits = self.search(ask.question, ask.dossier, ask.filter, 3, None, False)
        if "raise" in ask.question:
            raise RuntimeError("a secret of the inside")
        yield PassagesRead(hits)
        while "wait" in ask.question and not self.gate.is_set():
            if cancel is not None and cancel.is_set():
                self.withdrawn += 1
                return
            time.sleep(0.005)
        if "broken" in ask.question:
            raise RuntimeError("a secret of the inside")
        answer = answer_from(ask, hits)
        for statement, citation in zip(answer.statements, answer.citations, strict=True):
            yield StatementShown(statement, (citation,))
            marker = f" [{citation.number}]"
            yield TextShown(marker, statement.end, statement.end + len(marker))
        yield Finished(answer)

    def search(
        self, question: str, dossier: str, filter: Filter, limit: int, per_document: int | None, rerank: bool
    ) -> tuple[Hit, ...]:
        documents, _ = self.shelf.documents(dossier, None, 1000)
        passing = [document for document in documents if filter.passes(document)]
        return tuple(hit_of(document, self.shelf.text(document.id)) for document in passing[:limit])


def hit_of(document: Document, text: str) -> Hit:
    passage = Passage(f"p_{document.id}", document.id, document.version, 0, 0, len(text), text, Place(), ())
    return Hit(passage, document, 0.5, "fused")


def answer_from(ask: Ask, hits: tuple[Hit, ...]) -> Answer:
    """One statement from each of the first two hits; none when nothing was found or nonsense was asked."""
    statements: list[Statement] = []
    citations: list[Citation] = []
    text = ""
    for number, hit in enumerate(hits[:2] if "nonsense" not in ask.question else (), start=1):
        quote = hit.passage.text.partition("\n")[0][:700]
        if text:
            text += " "
        start = len(text)
        text += f"{quote} [{number}]"
        statements.append(Statement(quote, start, start + len(quote), (number,), "supported", 0.9))
        citations.append(citation_of(hit, quote, number))
    nearest = tuple(citation_of(hit, hit.passage.text[:80], n, "nearest") for n, hit in enumerate(hits[:3], 1))
    return Answer(
        id="a_1",
        question=ask.question,
        standalone_question=ask.standalone_question or ask.question,
        dossier=ask.dossier,
        model="extractive",
        confidence=0.9 if statements else 0.1,
        text=text,
        statements=tuple(statements),
        citations=tuple(citations),
        nearest=() if statements else nearest,
        missing=() if statements else ("when the ferry ran",),
    )


def citation_of(hit: Hit, quote: str, number: int, kind: str = "cited", twins: tuple[Twin, ...] = ()) -> Citation:
    start = hit.passage.text.index(quote)
    return Citation(number, kind, quote, start, start + len(quote), hit.passage.place, hit.document, hit.passage, twins)
