"""Say what the reader should know about an answer beside its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answers import Citation, Window
from rag.answers import Warning as AnswerWarning
from rag.cite import plain
from rag.events import Dated
from rag.language import english_only, language_of
from rag.question import Question
from rag.timely import old_evidence
from rag.wording import about


def about_question(question: Question, embedder: str) -> Iterator[AnswerWarning]:
    """Warn of words that were read otherwise, and of a language that the embedding model does not know."""
    for written, meant in question.spelled:
        message = f"“{plain(written)}” stands nowhere in the documents; “{plain(meant)}” was looked for too."
        yield AnswerWarning("spelling", message)
    if (language := language_of(question.text)) and english_only(embedder):
        message = f"The question seems to be in {language}, but the embedding model {plain(embedder)} knows English "
        message += "only: passages were found by their words. The setting `embedder` can name a multilingual model."
        yield AnswerWarning("language", message)


def about_event(event: Dated | None) -> Iterator[AnswerWarning]:
    """Say how an event was read that the question takes as a time."""
    if event is not None:
        message = f"“{plain(event.period.words)}” was read by the date that the documents give: {event.date}."
        yield AnswerWarning("time_read", message)


def about_evidence(question: Question, cited: Sequence[Window], judged: Sequence[Window]) -> Iterator[AnswerWarning]:
    """Warn where a clearly newer document speaks of the same point as what is cited."""
    if old := old_evidence(question, cited, judged):
        message = f"What is cited is of {old[0]}; {about(old[1].hit.document)} is newer and speaks of this too."
        yield AnswerWarning("old_evidence", message)


def about_pictures(citations: Sequence[Citation]) -> Iterator[AnswerWarning]:
    """Warn of quotes that were recognised from pictures of pages."""
    scanned = dict.fromkeys(plain(one.document.title) for one in citations if one.place.recognised)
    if scanned:
        message = f"Quotes from {', '.join(scanned)} were recognised from pictures of pages; letters may be wrong."
        yield AnswerWarning("recognised", message)
