"""One person's history: conversations, answers and feedback, the same for the page, the routes and the command line.

    mine = Conversations(shelf, owner_of(request.scope))   # costs nothing: make one a request
    begun = mine.begin()
    answer = Asking(service, mine).ask(Ask("What changed?", conversation_id=begun.id))
    conversation, turns = mine.read(begun.id)              # answer_of(turns[-1].content) == answer
    mine.states(answer)                                    # {("d_8f3k", "v_19"): "current"}

What another owner has is NotFound. An answer that comes back is the one that was given, except that documents which
were removed since read "(deleted)".
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from index.errors import BadInput, DossierError, NotFound
from index.records import AnswerFeedback, Conversation, KeptAnswer
from rag.answers import Answer, Ask, Event, Turn
from rag.answers import Warning as AnswerWarning
from ui.conversations_moving import brought_in
from ui.owner import LOCAL, is_browser
from ui.service import as_it_is
from ui.unwire import answer_of

if TYPE_CHECKING:
    from index.shelf import Shelf
    from ui.service import Service

__all__ = ["Asking", "Conversations", "State", "answer_of", "title_of"]

LOG = logging.getLogger(__name__)
T = TypeVar("T")
MOST_TURNS = 50
"""How many messages of a conversation the next question knows, as in the HTTP interface."""
TITLE_LENGTH = 80
State = Literal["current", "changed", "deleted"]
"""Of a cited version: the document's text today; replaced, but still readable; or its document is gone."""


class Conversations:
    """What one owner asked and was answered. Thread-safe; nothing is cached."""

    def __init__(self, shelf: Shelf, owner: str) -> None:
        self.shelf = shelf
        self.owner = owner

    def begin(self, title: str = "") -> Conversation:
        """Make a conversation; without a title it gets one from its first question. Raises BadInput."""
        return self.shelf.history.begin(self.owner, title)

    def page(
        self, words: str = "", cursor: str | None = None, limit: int = 100
    ) -> tuple[tuple[Conversation, ...], str | None]:
        """Give conversations, last used first, and the cursor of the next page.

        With `words` only those in whose title, questions or answers every word occurs. Raises BadInput for a cursor.
        """
        rows = self.shelf.history.page(self.owner, words, _position(cursor), limit + 1)
        following = str(rows[limit - 1][0]) if len(rows) > limit else None
        return tuple(conversation for _, conversation in rows[:limit]), following

    def find(self, id: str) -> Conversation:
        """Find a conversation. Raises NotFound."""
        return self.shelf.history.find(self.owner, id)

    def read(self, id: str) -> tuple[Conversation, tuple[KeptAnswer, ...]]:
        """Give a conversation with every question and answer, in order. Raises NotFound."""
        kept = self.shelf.history.answers(self.owner, id)
        return self.find(id), kept

    def rename(self, id: str, title: str) -> Conversation:
        """Give a conversation another title. Raises NotFound, BadInput."""
        return self.shelf.history.rename(self.owner, id, title)

    def delete(self, id: str) -> None:
        """Delete a conversation with its answers. Raises NotFound."""
        self.shelf.history.remove(self.owner, id)

    def delete_all(self) -> int:
        """Delete everything of this owner, single answers too; give how many things."""
        return self.shelf.history.remove_all(self.owner)

    def answer(self, id: str) -> KeptAnswer:
        """Find an answer by its id, in a conversation or not; also one that a program of this machine was given.

        Raises NotFound.
        """
        return self._by_address(lambda owner: self.shelf.history.answer(owner, id))

    def answers(
        self, dossier: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> tuple[tuple[KeptAnswer, ...], str | None]:
        """Give answers in conversations and out of them, newest first, and the cursor of the next page.

        Raises BadInput for a cursor, NotFound for a dossier.
        """
        rows = self.shelf.history.all_answers(self.owner, dossier, _position(cursor), limit + 1)
        following = str(rows[limit - 1][0]) if len(rows) > limit else None
        return tuple(kept for _, kept in rows[:limit]), following

    def bring(self, turns: Sequence[KeptAnswer], conversation: str | None = None) -> None:
        """Add answers that were given elsewhere, at the end of a conversation or outside any, all or none.

        A quote that is not, character by character, in the document version it names reads "(deleted)". Ids are new.
        Raises NotFound for the conversation.
        """
        brought = [brought_in(turn, conversation, self.shelf.text) for turn in turns]
        self.shelf.history.bring(self.owner, brought, conversation)

    def delete_answer(self, id: str) -> None:
        """Delete one answer. Raises NotFound."""
        self.shelf.history.remove_answer(self.owner, id)

    def feedback(self, answer: str, rating: int, comment: str = "") -> AnswerFeedback:
        """Note what this person thinks of an answer (1 or -1), in place of what they thought before."""
        return self._by_address(lambda owner: self.shelf.history.judge(owner, answer, rating, comment))

    def _by_address(self, act: Callable[[str], T]) -> T:
        """Act as the owner; failing that, in a browser without a key, as the machine's own programs.

        Programs without a key and browsers without a key are on the same machine: whoever was told an answer's id by
        a program may open its permanent address. Its conversation stays the program's, and is not listed.
        """
        try:
            return act(self.owner)
        except NotFound:
            if not is_browser(self.owner):
                raise
        return act(LOCAL)

    def states(self, answer: Answer) -> dict[tuple[str, str], State]:
        """Tell for each document and version (by their ids) that an answer refers to what has become of it.

        A citation is still true to `text_of(document, version)` while it is "current" or "changed"; of "changed" ones
        the old text is served, and the page should say that there is a newer one.
        """
        documents = [one.document for one in (*answer.citations, *answer.nearest)]
        documents += [twin.document for one in (*answer.citations, *answer.nearest) for twin in one.also_in]
        return {place: self._state(*place) for place in {(document.id, document.version) for document in documents}}

    def _state(self, document: str, version: str) -> State:
        try:
            return "current" if self.shelf.document(document).version == version else "changed"
        except NotFound:
            return "deleted"

    # for whoever asks

    def prepared(self, ask: Ask) -> Ask:
        """Put the conversation so far into the question's history. Raises NotFound, BadInput for both at once."""
        if ask.conversation_id is None:
            return ask
        if ask.history:
            raise BadInput("history and conversation_id exclude each other.", "Send one of them.")
        turns: list[Turn] = []
        for kept in self.shelf.history.last(self.owner, ask.conversation_id, MOST_TURNS):
            turns.append(Turn("user", kept.content["question"]))
            if kept.content["text"]:
                turns.append(Turn("assistant", kept.content["text"]))
        return replace(ask, history=tuple(turns[-MOST_TURNS:]))

    def kept(self, answer: Answer) -> Answer:
        """Keep an answer that is about to be given; where that fails, give it with a warning."""
        try:
            title = title_of(answer.question)
            self.shelf.history.keep(self.owner, answer.to_json(), answer.conversation_id, title)
        except DossierError as error:
            return _not_kept(answer, error.message)
        except Exception:
            LOG.exception("An answer could not be kept.")
            return _not_kept(answer, "Something inside Dossier failed.")
        return answer


class Asking:
    """Asks in the service's pool, as the service does, for one person: what is answered is kept for them."""

    def __init__(self, service: Service, mine: Conversations) -> None:
        self._service = service
        self._mine = mine

    def ask(self, ask: Ask, cancel: threading.Event | None = None) -> Answer:
        """Answer. Raises NotFound for the conversation, Overloaded, Cancelled and what the pipeline raises."""
        return self._service.ask(self._mine.prepared(ask), cancel, self._keep(ask))

    def stream(self, ask: Ask, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Give the answer's events as they come; it is kept when the last one, Finished, is given."""
        return self._service.stream(self._mine.prepared(ask), cancel, self._keep(ask))

    async def ask_async(self, ask: Ask, cancel: threading.Event) -> Answer:
        """Answer without blocking the event loop."""
        return await self._service.ask_async(await self._prepared(ask), cancel, self._keep(ask))

    async def stream_async(self, ask: Ask, cancel: threading.Event) -> AsyncIterator[Event]:
        """Give the events without blocking the event loop. Raises NotFound and Overloaded before the first one."""
        return await self._service.stream_async(await self._prepared(ask), cancel, self._keep(ask))

    async def _prepared(self, ask: Ask) -> Ask:
        return ask if ask.conversation_id is None else await asyncio.to_thread(self._mine.prepared, ask)

    def _keep(self, ask: Ask) -> Callable[[Answer], Answer]:
        return self._mine.kept if ask.keep else as_it_is


def forget_daily(shelf: Shelf, stopped: threading.Event, seconds: float = 24 * 3600) -> None:
    """Forget what is older than the setting `history_days`, now and every day until it is stopped."""
    while not stopped.is_set():
        try:
            shelf.forget_old_history()
        except DossierError as error:
            LOG.warning("Old conversations could not be deleted: %s", error)
        stopped.wait(seconds)


def _position(cursor: str | None) -> int | None:
    if cursor is not None and not re.fullmatch(r"[0-9]{1,18}", cursor):
        raise BadInput(f"{cursor[:40]!r} is not a cursor.", "Pass on the one that came with the page before.")
    return None if cursor is None else int(cursor)


def title_of(question: str) -> str:
    """Make a conversation's title of its first question."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line
    whole_words = line[:TITLE_LENGTH].rpartition(" ")[0] or line
    return whole_words[: TITLE_LENGTH - 1].rstrip(" ,;:.") + "…"


def _not_kept(answer: Answer, reason: str) -> Answer:
    warning = AnswerWarning("not_kept", f"This answer is not kept in the history: {reason}")
    return replace(answer, warnings=(*answer.warnings, warning))
