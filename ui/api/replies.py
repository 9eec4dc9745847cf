"""What the routes answer, for the description of the interface; a test holds them against real answers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from index.records import JobKind, JobState, PublishedFrom, Stage, Step
from rag.answers import CitationKind, Standing, Support


class Reply(BaseModel):
    """Something that a route answers; fields may be added, never renamed or removed."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class WhatFailed(Reply):
    """An error."""

    type: str
    """A short name for programs."""
    message: str
    """What was found and what was expected, for people."""
    hint: str
    """What mends it."""


class ErrorReply(Reply):
    """An error."""

    error: WhatFailed


class TwinDocumentReply(Reply):
    """A document that has the same words."""

    id: str
    version: str
    name: str


class CitedDocumentReply(TwinDocumentReply):
    """A document as citations name it."""

    title: str
    publisher: str | None
    author: str | None
    published: str | None
    published_from: PublishedFrom | None
    source: str
    url: str | None
    """Where it stands on the web."""


class DocumentReply(CitedDocumentReply):
    """A document as lists name it."""

    language: str | None
    media_type: str
    characters: int
    passages: int
    added: str
    sha256: str
    """Of the bytes it was read from."""


class DocumentsReply(Reply):
    """A page of documents."""

    documents: list[DocumentReply]
    next: str | None
    """The cursor of the next page."""


class OneDocumentReply(Reply):
    """One document."""

    document: DocumentReply


class TextReply(Reply):
    """A document version's text, which all offsets refer to."""

    id: str
    version: str
    text: str


class SizeReply(Reply):
    """Width and height of a page, in points."""

    width: float
    height: float


class PagesReply(Reply):
    """The pages of a PDF, in order."""

    pages: list[SizeReply]


class BoxReply(Reply):
    """A rectangle on a page, in points from the page's upper left corner."""

    page: int
    left: float
    top: float
    width: float
    height: float


class BoxesReply(Reply):
    """The rectangles that a span of text fills."""

    boxes: list[BoxReply]


class PlaceReply(Reply):
    """Where in its document a quote lies, for people."""

    page: int | None
    page_end: int | None
    heading: str | None
    slide: str | None
    """The number of the slide, in a presentation."""
    sheet: str | None
    """The name of the sheet, in a workbook."""
    recognised: bool = False
    """Whether some of it was recognised from the picture of a scanned page: then letters may be wrong."""


class PassageReply(Reply):
    """A run of whole sentences."""

    id: str
    start: int
    end: int
    text: str


class TwinReply(Reply):
    """The same words in another document."""

    document: TwinDocumentReply
    start: int
    end: int


class CitationReply(Reply):
    """A quote: the text of that document version from `start` to `end`, character by character."""

    number: int
    kind: CitationKind
    quote: str
    start: int
    end: int
    place: PlaceReply
    document: CitedDocumentReply
    passage: PassageReply
    also_in: list[TwinReply]


class StatementReply(Reply):
    """A sentence of the answer: its text from `start` to `end`."""

    text: str
    start: int
    end: int
    citations: list[int]
    support: Support
    score: float


class ValueReply(Reply):
    """What one side of a disagreement says."""

    value: str
    citations: list[int]


class DisagreementReply(Reply):
    """Sources that give different values for the same thing."""

    about: str
    values: list[ValueReply]


class WarningReply(Reply):
    """Something the reader should know."""

    type: str
    message: str


class TookReply(Reply):
    """Where the time went."""

    total_ms: int
    retrieve_ms: int
    rerank_ms: int
    answer_ms: int
    verify_ms: int


class UsageReply(Reply):
    """What a language model was asked to do."""

    model_calls: int
    input_tokens: int
    output_tokens: int


class AnswerReply(Reply):
    """A checked answer."""

    id: str
    question: str
    standalone_question: str
    dossier: str
    model: str
    standing: Standing
    confidence: float
    text: str
    statements: list[StatementReply]
    citations: list[CitationReply]
    nearest: list[CitationReply]
    missing: list[str]
    disagreements: list[DisagreementReply]
    warnings: list[WarningReply]
    took: TookReply
    usage: UsageReply
    conversation_id: str | None
    dropped: int
    """Statements that were left out because what they cite does not prove them."""


class KeptCitationReply(CitationReply):
    """A quote in an answer that was kept."""

    deleted: bool = False
    """Whether its document was removed since: its words read "(deleted)" then. Left out where it was not."""


class KeptAnswerReply(AnswerReply):
    """An answer as it was given, except for documents that were removed since."""

    citations: list[KeptCitationReply]  # type: ignore[assignment]  # each is one of the others, and a list is only read
    nearest: list[KeptCitationReply]  # type: ignore[assignment]
    dropped: int = 0
    """Not in answers from before it was counted; what is added to answers later needs a default here too."""


class ConversationBody(Reply):
    """Questions and answers that belong together."""

    id: str
    title: str
    """Made from the first question unless somebody gave one; empty before."""
    created: str
    updated: str
    turns: int
    """How many questions with their answers it has."""
    dossier: str | None
    """The dossier that was asked last."""


class ConversationReply(Reply):
    """One conversation."""

    conversation: ConversationBody


class ConversationsReply(Reply):
    """A page of conversations, last used first."""

    conversations: list[ConversationBody]
    next: str | None
    """The cursor of the next page."""


class FeedbackBody(Reply):
    """What its owner thinks of an answer."""

    rating: Literal[1, -1]
    comment: str
    given: str


class FeedbackReply(Reply):
    """What was noted."""

    feedback: FeedbackBody


class TurnReply(Reply):
    """A question with its answer, as it was given."""

    asked: str
    answer: KeptAnswerReply
    feedback: FeedbackBody | None
    conversation: str | None
    """The id of the conversation that it belongs to."""
    dossier: str | None
    """What the dossier is called now; null where it is gone."""


class TurnsReply(Reply):
    """A page of answers, newest first."""

    turns: list[TurnReply]
    next: str | None
    """The cursor of the next page."""


class WholeConversationReply(ConversationReply):
    """A conversation with everything in it, in order."""

    turns: list[TurnReply]


class ErasedReply(Reply):
    """How many conversations and single answers were deleted."""

    deleted: int


class HitReply(Reply):
    """A passage that was found."""

    score: float
    stage: Stage
    document: CitedDocumentReply
    passage: PassageReply
    start: int
    end: int
    quote: str


class SearchTookReply(Reply):
    """Where the time went."""

    total_ms: int


class HitsReply(Reply):
    """Hits, best first."""

    hits: list[HitReply]
    took: SearchTookReply


class FailureReply(Reply):
    """A file that could not be added."""

    name: str
    error: str


class DossierBody(Reply):
    """A named collection of documents."""

    id: str
    name: str
    created: str
    documents: int
    passages: int


class DossierReply(Reply):
    """One dossier."""

    dossier: DossierBody


class DossiersReply(Reply):
    """All dossiers."""

    dossiers: list[DossierBody]


class UpReply(Reply):
    """The process is up."""

    status: Literal["ok"]
    name: Literal["dossier"]


class ReadyReply(Reply):
    """Whether the indexes are in step with the library."""

    ready: bool
    message: str


class HealthBody(Reply):
    """How one part is."""

    part: str
    well: bool
    message: str
    mend: str


class DoctorReply(Reply):
    """How all parts are."""

    checks: list[HealthBody]


class BackupBody(Reply):
    """An archive in the data folder's `backups`."""

    name: str
    size: int
    files: int
    """How many original files it holds."""
    created: str


class BackupReply(Reply):
    """The archive that was made."""

    backup: BackupBody


class ReindexedReply(Reply):
    """What building everything anew changed."""

    split: int
    """Documents that another splitter had cut."""
    mended: int
    """Vectors that were not as they should be."""


class CompactedBody(Reply):
    """What compacting dropped, and the size of library, indexes and originals in bytes."""

    versions: int
    vectors: int
    changes: int
    jobs: int
    before: int
    after: int
    history: int
    """Conversations and single answers that were older than the setting allows."""


class CompactedReply(Reply):
    """What compacting dropped."""

    compacted: CompactedBody


class MendedReply(Reply):
    """What was mended."""

    done: list[str]


class SyncedBody(Reply):
    """What made the dossier equal the folder."""

    added: int
    replaced: int
    moved: int
    removed: int
    failed: list[FailureReply]


class SyncedReply(Reply):
    """What made the dossier equal the folder."""

    synced: SyncedBody


class EstimateBody(Reply):
    """What adding some files will take, more or less."""

    bytes: int
    passages: int
    seconds: float
    disk: int
    """Bytes of the data folder that they will take."""
    free: int
    """Bytes that its disk has left."""
    measured: bool
    """Whether it is judged by what adding took here before."""


class JobBody(Reply):
    """Adding documents or looking after the library: what was asked and how far it is."""

    id: str
    state: JobState
    total: int
    added: int
    replaced: int
    unchanged: int
    failed: list[FailureReply]
    passages: int
    current: str | None
    started: str | None
    ended: str | None
    kind: JobKind
    done: int
    """How many of `total` are behind it, whatever became of them."""
    doing: Step | None
    """What is being done with the current file."""
    part_done: int
    """How many of the current file's passages are embedded."""
    part_total: int
    result: BackupReply | ReindexedReply | CompactedReply | MendedReply | DoctorReply | SyncedReply | None
    """What came of looking after the library."""
    error: WhatFailed | None
    """Why that failed."""
    estimate: EstimateBody | None
    """What all that was left of a large one was judged to take, when it was first asked about."""


class EstimateReply(Reply):
    """What adding some files will take."""

    estimate: EstimateBody


class JobReply(Reply):
    """One job."""

    job: JobBody


class JobsReply(Reply):
    """All jobs."""

    jobs: list[JobBody]
