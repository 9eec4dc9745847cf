"""What one open page knows of its conversation, and how an answer comes in piece by piece."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.errors import Cancelled, DossierError
from index.records import KeptAnswer
from rag.answers import Answer, Ask, Citation, Event, Finished, PassagesRead, Statement, StatementShown, TextShown
from ui.conversations import Asking
from ui.page import answers
from ui.page.markup import notice, problem
from ui.page.texts import LANGUAGES, Texts
from ui.unwire import answer_of

STEP = 12
"""How many questions with their answers are shown at a time, the newest ones."""
_log = logging.getLogger(__name__)
_keys = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it."""

    key: str
    """Names it on the page."""
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
    language: str = "en"
    conversation: str | None = None
    """The id under which the conversation is kept; None until the first question."""
    exchanges: tuple[Exchange, ...] = ()
    shown: int = STEP
    """How many of them are on the page at most."""
    editing: str | None = None
    """The key of the question that the next one takes the place of."""
    cancel: threading.Event | None = None
    """Set to stop the answer that is being written."""

    @property
    def texts(self) -> Texts:
        """The page's words."""
        return LANGUAGES[self.language]

    @property
    def busy(self) -> bool:
        """Whether an answer is being written, and nobody has stopped it."""
        return self._unfinished and not (self.cancel is not None and self.cancel.is_set())

    @property
    def _unfinished(self) -> bool:
        return bool(self.exchanges) and not self.exchanges[-1].finished

    @property
    def messages(self) -> list[dict[str, str]]:
        """The newest part of the conversation as a chatbot shows it."""
        t = self.texts
        shown = [
            message
            for exchange in self.exchanges[-self.shown :]
            for message in (
                {"role": "user", "content": answers.question(t, exchange.question, exchange.key)},
                {"role": "assistant", "content": exchange.shown},
            )
        ]
        return [{"role": "assistant", "content": answers.earlier(t)}, *shown] if self.hides else shown

    @property
    def hides(self) -> bool:
        """Whether there are questions that are not shown."""
        return len(self.exchanges) > self.shown

    @property
    def latest(self) -> Answer | None:
        """The newest answer in the conversation."""
        return next((exchange.answer for exchange in reversed(self.exchanges) if exchange.answer), None)

    def following(self, key: str | None) -> tuple[Exchange, ...]:
        """Give the exchange of that key and all that came after it; none for None."""
        keys = [exchange.key for exchange in self.exchanges]
        return self.exchanges[keys.index(key) :] if key in keys else ()

    def without(self, exchanges: tuple[Exchange, ...]) -> Session:
        """Forget the last exchanges."""
        return replace(self, exchanges=self.exchanges[: len(self.exchanges) - len(exchanges)], editing=None)

    def asking(self, question: str, cancel: threading.Event) -> Session:
        """Add a question whose answer is awaited."""
        exchange = Exchange(f"q{next(_keys)}", question, answers.waiting(self.texts))
        return replace(self, exchanges=(*self.stopped().exchanges, exchange), cancel=cancel, editing=None)

    def showing(self, shown: str, answer: Answer | None = None, *, finished: bool = True) -> Session:
        """Put this in the place of the last answer."""
        *before, last = self.exchanges
        return replace(self, exchanges=(*before, replace(last, shown=shown, answer=answer, finished=finished)))

    def stopped(self) -> Session:
        """End the answer that is being written, if there is one."""
        if self.cancel is None or not self._unfinished:
            return self
        self.cancel.set()
        return self.showing(answers.stopped(self.texts))

    def moved(self, dossier: str) -> Session:
        """Go to another dossier, and begin a conversation there."""
        return replace(self, dossier=dossier).cleared()

    def cleared(self) -> Session:
        """Begin a conversation anew."""
        return replace(self, conversation=None, exchanges=(), shown=STEP, editing=None)

    def reopened(self, id: str | None, kept: tuple[KeptAnswer, ...]) -> Session:
        """Show a conversation as it was kept."""
        found = [answer_of(one.content) for one in kept]
        exchanges = tuple(
            Exchange(f"q{next(_keys)}", answer.question, answers.answer(self.texts, answer), answer, finished=True)
            for answer in found
        )
        dossier = exchanges[-1].answer.dossier if exchanges and exchanges[-1].answer else self.dossier
        return replace(self.cleared(), conversation=id, exchanges=exchanges, dossier=dossier)


def converse(asking: Asking, session: Session, ask: Ask) -> Iterator[Session]:
    """Ask; give the session anew each time there is more to show, until it is stopped."""
    cancel = threading.Event()
    session = session.asking(ask.question, cancel)
    yield session
    try:
        for shown, answer in _pieces(session.texts, asking.stream(ask, cancel), limited=not ask.filter.is_open):
            if cancel.is_set():
                return
            session = session.showing(shown, answer, finished=answer is not None)
            yield session
    except Cancelled:
        return
    except DossierError as error:
        yield session.showing(problem(error))
    except Exception:  # the page's border: a person is told kindly, the log has the rest
        _log.exception("a question failed")
        yield session.showing(notice(session.texts.broken))
    except GeneratorExit:
        cancel.set()
        raise


def _pieces(t: Texts, events: Iterator[Event], *, limited: bool) -> Iterator[tuple[str, Answer | None]]:
    text = ""
    statements: list[Statement] = []
    citations: list[Citation] = []
    for event in events:
        if isinstance(event, PassagesRead):
            yield answers.waiting(t, event.hits), None
        elif isinstance(event, Finished):
            yield answers.answer(t, event.answer, limited=limited), event.answer
        else:
            if isinstance(event, StatementShown):
                statements.append(event.statement)
                citations.extend(event.citations)
                text = _laid(text, event.statement.text, event.statement.start)
            elif isinstance(event, TextShown):
                text = _laid(text, event.text, event.start)
            yield answers.writing(t, text, statements, citations), None


def _laid(text: str, more: str, start: int) -> str:
    return text[:start].ljust(start) + more
