"""One person's conversations with the dossiers, and how an answer comes in piece by piece."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from index.errors import Cancelled, DossierError
from rag.answers import Answer, Ask, Citation, Event, Finished, PassagesRead, Statement, StatementShown, TextShown, Turn
from ui.page import render, texts
from ui.service import Service

FIRST_LISTED = 100
"""How many documents are listed at first."""
LONGEST_HISTORY = 50
"""In turns, as in the HTTP interface."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it."""

    question: str
    shown: str
    """The HTML in the answer's place."""
    answer: Answer | None = None
    """Not there while it is being written, and where it failed or was stopped."""
    finished: bool = False
    """Whether nothing more will come."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one open page knows; it is never shared and never changed in place."""

    dossier: str = "default"
    """The chosen dossier's name."""
    listed: int = FIRST_LISTED
    """How many documents are listed at most."""
    conversations: Mapping[str, tuple[Exchange, ...]] = field(default_factory=dict)
    """For each dossier's name the conversation about it."""
    cancel: threading.Event | None = None
    """Set to stop the answer that is being written."""

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The conversation about the chosen dossier."""
        return self.conversations.get(self.dossier, ())

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return bool(self.exchanges) and not self.exchanges[-1].finished

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation as a chatbot shows it."""
        return [
            message
            for exchange in self.exchanges
            for message in (
                {"role": "user", "content": render.question(exchange.question)},
                {"role": "assistant", "content": exchange.shown},
            )
        ]

    @property
    def latest(self) -> Answer | None:
        """The newest answer in the conversation."""
        return next((exchange.answer for exchange in reversed(self.exchanges) if exchange.answer), None)

    def answer(self, id: str) -> Answer | None:
        """Find an answer that this page was given."""
        return next(
            (exchange.answer for exchange in self.exchanges if exchange.answer and exchange.answer.id == id), None
        )

    def turns(self) -> tuple[Turn, ...]:
        """Give the conversation so far as the next question's history."""
        turns = []
        for exchange in self.exchanges:
            if exchange.answer is not None:
                turns.append(Turn("user", exchange.question))
                if exchange.answer.text:
                    turns.append(Turn("assistant", exchange.answer.text))
        return tuple(turns[-LONGEST_HISTORY:])

    def asking(self, question: str, cancel: threading.Event) -> Session:
        """Add a question whose answer is awaited."""
        return replace(self._with((*self.exchanges, Exchange(question, render.waiting()))), cancel=cancel)

    def showing(self, shown: str, answer: Answer | None = None, *, finished: bool = True) -> Session:
        """Put this in the place of the last answer."""
        *before, last = self.exchanges
        return self._with((*before, replace(last, shown=shown, answer=answer, finished=finished)))

    def stopped(self) -> Session:
        """End the answer that is being written, if there is one."""
        if self.cancel is None or not self.busy:
            return self
        self.cancel.set()
        return self.showing(render.notice(texts.STOPPED))

    def moved(self, dossier: str) -> Session:
        """Go to another dossier."""
        return replace(self, dossier=dossier, listed=FIRST_LISTED)

    def cleared(self) -> Session:
        """Begin the conversation about the chosen dossier anew."""
        return self._with(())

    def _with(self, exchanges: tuple[Exchange, ...]) -> Session:
        return replace(self, conversations={**self.conversations, self.dossier: exchanges})


def converse(service: Service, session: Session, question: str) -> Iterator[Session]:
    """Ask in the session's dossier; give the session anew each time there is more to show, until it is stopped."""
    ask = Ask(question, session.dossier, history=session.turns())
    cancel = threading.Event()
    session = session.asking(question, cancel)
    yield session
    try:
        for shown, answer in _pieces(service.stream(ask, cancel)):
            if cancel.is_set():
                return
            session = session.showing(shown, answer, finished=answer is not None)
            yield session
    except Cancelled:
        return
    except DossierError as error:
        yield session.showing(render.problem(error))
    except Exception:  # the page's border: a person is told kindly, the log has the rest
        _log.exception("a question failed")
        yield session.showing(render.notice(texts.BROKEN))
    except GeneratorExit:
        cancel.set()
        raise


def _pieces(events: Iterator[Event]) -> Iterator[tuple[str, Answer | None]]:
    text = ""
    statements: list[Statement] = []
    citations: list[Citation] = []
    for event in events:
        if isinstance(event, PassagesRead):
            yield render.waiting(event.hits), None
        elif isinstance(event, Finished):
            yield render.answer(event.answer), event.answer
        else:
            if isinstance(event, StatementShown):
                statements.append(event.statement)
                citations.extend(event.citations)
                text = _laid(text, event.statement.text, event.statement.start)
            elif isinstance(event, TextShown):
                text = _laid(text, event.text, event.start)
            yield render.writing("writing", text, statements, citations), None


def _laid(text: str, more: str, start: int) -> str:
    return text[:start].ljust(start) + more
