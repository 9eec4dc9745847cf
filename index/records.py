"""The nouns of the index: what is read, stored and found. Offsets count Unicode code points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

MarkKind = Literal["page", "heading", "slide", "sheet", "recognised"]
SentenceKind = Literal["prose", "heading", "boilerplate"]
Conflict = Literal["replace", "keep_both", "fail"]
Outcome = Literal["added", "replaced", "unchanged"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JobKind = Literal["add", "sync", "backup", "reindex", "compact", "mend", "doctor"]
Step = Literal["waiting", "looking", "fetching", "reading", "splitting", "embedding", "storing"]
Stage = Literal["meaning", "words", "fused", "reranked"]
PublishedFrom = Literal["given", "metadata", "file_name", "text"]


@dataclass(frozen=True, slots=True)
class Mark:
    """From `start` on (until the next mark of its kind), the text lies on this page or under this heading."""

    start: int
    kind: MarkKind
    label: str
    """The page's or slide's number as a string, the sheet's name, or the heading's text; where text was recognised from
    a picture the page's number, and 0 where it is text again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its document a span lies, for people."""

    page: int | None = None
    page_end: int | None = None
    heading: str | None = None
    slide: str | None = None
    """The number of the slide it begins on."""
    sheet: str | None = None
    """The name of the sheet it begins on."""
    recognised: bool = False
    """Whether some of it was recognised from the picture of a page: then letters may be wrong."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document's text."""

    start: int
    end: int
    kind: SentenceKind = "prose"
    """Headings and boilerplate are never quoted as answers."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document besides its text."""

    title: str | None = None
    publisher: str | None = None
    author: str | None = None
    published: str | None = None
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""
    published_from: PublishedFrom | None = None
    """Where `published` was found: given by a person or a metadata file, stated in the file's own metadata, in the
    file's name, or in a dateline of the text."""
    language: str | None = None
    url: str | None = None
    """Where it stands on the web, with `http` or `https`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a file: its text, normalised once, and the map to pages and headings."""

    text: str
    reader: str
    """The reader's name and version, such as `pdf-1`; another version reads a file again."""
    marks: tuple[Mark, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Source:
    """Something to be added: a file's bytes, text given as text, or neither: then its address is fetched."""

    name: str
    """What people call it: the file's name."""
    address: str
    """Unique within a dossier: `upload:NAME`, `file:/absolute/path` or a URL."""
    content: bytes | None = None
    text: str | None = None
    metadata: Metadata = field(default_factory=Metadata)
    """What the caller says about it; wins over what a reader finds."""
    refused: str | None = None
    """Why it cannot be read, where that is known already: its job names it as failed."""

    @property
    def is_address(self) -> bool:
        """Whether it is a page on the web, still to be fetched."""
        holds = (self.content, self.text, self.refused)
        return all(one is None for one in holds) and not self.address.startswith("upload:")


@dataclass(frozen=True, slots=True)
class Dossier:
    """A named collection of documents."""

    id: str
    name: str
    created: str
    documents: int
    passages: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document in its current version."""

    id: str
    version: str
    dossier: str
    """The dossier's id."""
    name: str
    source: str
    metadata: Metadata
    media_type: str
    characters: int
    passages: int
    added: str
    """ISO 8601, UTC."""
    sha256: str = ""
    """Of the bytes it was read from."""

    @property
    def title(self) -> str:
        """The title, or the name where there is none."""
        return self.metadata.title or self.name


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document version: `text == document_text[start:end]`."""

    id: str
    document: str
    """The document's id."""
    version: str
    ordinal: int
    """Its position among the document's passages, from 0."""
    start: int
    end: int
    text: str
    place: Place
    sentences: tuple[Sentence, ...]
    """Its sentences, in order, at offsets of the document."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A hard, inclusive restriction of what may be found."""

    documents: tuple[str, ...] = ()
    """Ids; empty means all."""
    publishers: tuple[str, ...] = ()
    """Compared case-folded; empty means all."""
    published_from: str | None = None
    published_to: str | None = None
    undated: bool = True
    """Whether documents without a date pass a filter on dates."""

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self.undated and not (self.documents or self.publishers or self.published_from or self.published_to)

    def passes(self, document: Document) -> bool:
        """Whether the document may be found. `2024` covers all of 2024 at both ends."""
        if self.documents and document.id not in self.documents:
            return False
        if self.publishers:
            wanted = {name.casefold() for name in self.publishers}
            if (document.metadata.publisher or "").casefold() not in wanted:
                return False
        published = document.metadata.published
        if published is None:
            return self.undated
        if self.published_from and published < self.published_from[: len(published)]:
            return False
        return not (self.published_to and published[: len(self.published_to)] > self.published_to)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with its document and how well it fits."""

    passage: Passage
    document: Document
    score: float
    """Higher is better; comparable only within one list."""
    stage: Stage


@dataclass(frozen=True, slots=True)
class Found:
    """Both searches' hits, each best first, not yet fused."""

    by_meaning: tuple[Hit, ...]
    """Scores are cosines."""
    by_words: tuple[Hit, ...]
    """Scores are BM25."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions and answers that belong together, and to one owner."""

    id: str
    title: str
    """Made from the first question unless somebody gave one; empty before."""
    created: str
    updated: str
    """When the last answer was given: ISO 8601, UTC."""
    turns: int
    """How many questions with their answers it has."""
    dossier: str | None
    """The name of the dossier that was asked last; None where there is none, or it is gone."""


@dataclass(frozen=True, slots=True)
class AnswerFeedback:
    """What somebody thinks of an answer."""

    rating: Literal[1, -1]
    comment: str
    given: str
    """When: ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given, but for the words of documents that were removed since."""

    id: str
    conversation: str | None
    """The conversation's id."""
    asked: str
    """When: ISO 8601, UTC."""
    content: dict[str, Any]
    """The JSON object of the HTTP interface; opaque down here."""
    feedback: AnswerFeedback | None
    dossier: str | None = None
    """What the dossier is called now; None where it is gone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file of a job that could not be added."""

    name: str
    error: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What ended a job before it was done, as every error is told."""

    type: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is at this moment; it is not kept when the process ends."""

    done: int = 0
    total: int = 0
    current: str | None = None
    """What is at hand: a file, a document, an index."""
    doing: Step | None = None
    """What is being done with it."""
    part_done: int = 0
    """Passages of the file at hand that are embedded, or bytes that are written."""
    part_total: int = 0


@dataclass(frozen=True, slots=True)
class Lap:
    """One step of a longer work and when it was done."""

    step: str
    """Its name, one of a few."""
    began: float
    """In seconds of `time.perf_counter()`."""
    ended: float
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Handled:
    """A file that the worker is done with, and nothing of what it holds."""

    kind: Literal["add", "refresh"]
    """Whether it was added, or its vectors followed a correction."""
    began: float
    """In seconds of `time.perf_counter()`."""
    ended: float
    """Likewise."""
    laps: tuple[Lap, ...]
    """Its steps in order."""
    error: str | None = None
    """The kind of error that ended it; None where all went well."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What adding some files will take, more or less."""

    bytes: int
    """Of the files."""
    passages: int
    seconds: float
    disk: int
    """Bytes of the data folder that they will take."""
    free: int
    """Bytes that its disk has left."""
    measured: bool
    """Whether it is judged by what adding took here before, and not by what it takes elsewhere."""

    @property
    def fits(self) -> bool:
        """Whether the disk has room."""
        return self.disk < self.free


@dataclass(frozen=True, slots=True)
class Job:
    """Adding documents or looking after the library: what was asked and how far it is."""

    id: str
    state: JobState
    total: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    passages: int = 0
    current: str | None = None
    """The name of the file being added."""
    started: str | None = None
    ended: str | None = None
    kind: JobKind = "add"
    done: int = 0
    """How many of `total` are behind it, whatever became of them."""
    doing: Step | None = None
    """What is being done with the current file."""
    part_done: int = 0
    """How much of the current file is done: passages embedded."""
    part_total: int = 0
    result: str | None = None
    """What came of looking after the library, as JSON; None while it runs, and for adding."""
    error: Trouble | None = None
    """Why looking after the library failed."""
    estimate: Estimate | None = None
    """What all that was left of a large one was judged to take, when it was first asked about; None once it ended."""

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Health:
    """How one part of the shelf is."""

    part: str
    well: bool
    message: str
    mend: str = ""
    """The command that mends it."""


@dataclass(frozen=True, slots=True)
class InStep:
    """How far the search indexes are from the library."""

    lag: int
    """How many changes of the library the furthest behind of them does not show yet, at most."""
    builds: int
    """How many were built from the library since it was opened, a new dossier's included."""


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What building everything anew changed."""

    split: int
    """Documents that another splitter had cut."""
    mended: int
    """Passages whose vectors were not as they should be."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting dropped."""

    versions: int
    """Versions of documents that were replaced."""
    vectors: int
    changes: int
    """Entries of the change log that every index had passed."""
    jobs: int
    before: int
    """Bytes of the data folder, without models and backups."""
    after: int
    history: int = 0
    """Conversations and single answers that were older than the setting allows."""


def place_of(marks: Sequence[Mark], start: int, end: int) -> Place:
    """Find the pages and the nearest heading above for a span; `marks` are in order of `start`."""
    page = page_end = None
    recognised = False
    above: dict[str, str] = {}
    for mark in marks:
        if mark.start >= end:
            break
        if mark.kind == "page":
            page_end = int(mark.label)
            if mark.start <= start or page is None:
                page = page_end
        elif mark.kind == "recognised":
            recognised = mark.label != "0" or (recognised and mark.start > start)
        elif mark.start <= start:
            above[mark.kind] = mark.label
    return Place(page, page_end, above.get("heading"), above.get("slide"), above.get("sheet"), recognised)
