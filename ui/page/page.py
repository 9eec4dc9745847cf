"""What Gradio does of the page: the conversation, shown and streamed; the frame around it is our own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import gradio as gr
from gradio.components.chatbot import Message, MessageDict
from pydantic import BaseModel, Field, ValidationError

from index.errors import DossierError, NotFound
from index.records import Filter
from rag.answers import Ask
from ui.api.given import FilterGiven
from ui.conversations import Asking, Conversations
from ui.owner import owner_of
from ui.page import answers
from ui.page.conversation import STEP, Session, converse
from ui.page.markup import escape, notice, problem
from ui.page.texts import ENGLISH, NAME, of_request
from ui.service import Service

SIDE_BY_SIDE = 32
"""How many questions may be open at once; Gradio runs forty threads, the others serve the quick handlers."""
LONGEST_QUESTION = 4000
_log = logging.getLogger(__name__)

Updates = dict[Any, Any]
"""Components and what they are to show."""


class Asked(BaseModel):
    """A question as the page's script sends it."""

    question: str = Field(max_length=LONGEST_QUESTION)
    standalone: str = Field("", max_length=LONGEST_QUESTION)
    """Searched as it is, if it is not empty."""
    scope: str = Field("", max_length=60_000)
    """What the sources' controls say, as JSON; everything if it is empty."""
    model: str = Field("", max_length=300)
    """What is to word the answer; what the settings say if it is empty."""


class Page:
    """Builds the Gradio Blocks over a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.shelf = service.shelf
        with gr.Blocks(title=NAME, fill_width=True, analytics_enabled=False) as self.blocks:
            self._lay_out()
            self._connect()
        self.blocks.queue(default_concurrency_limit=None, api_open=False)

    def _lay_out(self) -> None:
        self.session = gr.State(Session())
        self.chat = gr.Chatbot(
            label=ENGLISH.conversation, show_label=False, container=False, height="100%", layout="panel",
            buttons=[], feedback_options=None, autoscroll=False, latex_delimiters=[], allow_tags=False,
            elem_id="chat", group_consecutive_messages=False,
        )  # fmt: skip
        self.trouble = gr.Markdown("", elem_id="trouble", **_PLAIN)
        self.facts = gr.Markdown("", elem_id="facts", **_PLAIN)
        self.wish = gr.Textbox(elem_id="wish", visible="hidden")
        self.send, self.halt, self.grant = (
            gr.Button(name, elem_id=name, visible="hidden") for name in ("send", "halt", "grant")
        )

    def _connect(self) -> None:
        session = self.session
        everything = [session, self.facts, self.trouble, self.chat]
        quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        asked = self.send.click(
            self.ask,
            [session, self.wish],
            everything,
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=SIDE_BY_SIDE,
            trigger_mode="multiple",  # a question right after a stop is not lost
        )
        self.blocks.load(self.open, session, everything, **quick)
        self.halt.click(self.stop, session, everything, cancels=[asked], **quick)
        self.grant.click(self.fulfil, [session, self.wish], everything, trigger_mode="multiple", **quick)

    def opening(self, wished: str | None) -> str:
        """Tell which dossier is open first."""
        return self._chosen(wished or Session().dossier)

    @property
    def settings(self) -> dict[str, str]:
        """What the page's script has to know of the settings, by the names of elements in the page's head."""
        config = self.service.config
        return {"dossier-model": config.model, "dossier-folders": "yes" if config.folders else ""}

    # what happens

    def open(self, session: Session, request: gr.Request) -> Updates:
        """Show the page as it is when someone comes, at an address that may name an answer or a conversation."""
        session = replace(session, language=of_request(request.headers.items()).language)
        session = session.moved(self._chosen(session.dossier))
        query = dict(request.query_params)

        def opened() -> Updates:
            if "answer" in query:
                return self._show(self._at_answer(session, str(query["answer"]), request))
            if "conversation" in query:
                return self._show(self._reopened(session, str(query["conversation"]), request))
            if "dossier" in query:
                return self._show(session.moved(self.shelf.dossier(str(query["dossier"])).name))
            return self._show(session)

        return self._kindly(session, opened)

    def ask(self, session: Session, wish: str, request: gr.Request) -> Iterator[Updates]:
        """Answer, piece by piece; the wish is an `Asked` as JSON."""
        wished = _asked(wish)
        if wished is None or session.busy:
            yield {self.trouble: gr.skip()}
            return
        mine = Conversations(self.shelf, _owner(request))
        try:
            session = self._begun(session, mine)
            standalone = wished.standalone.strip() or None
            chosen = wished.model or None
            asked = Ask(wished.question.strip(), session.dossier, standalone, (), _filter(wished.scope), model=chosen)
        except DossierError as error:
            yield {self.trouble: problem(error)}
            return
        asked = replace(asked, conversation_id=session.conversation)
        begun = False
        for now in converse(Asking(self.service, mine), session, asked):
            first = {} if begun else {self.facts: _facts(now), self.trouble: ""}
            yield {self.session: now, self.chat: _messages(now), **first}
            begun, session = True, now
        # Gradio sends the last update once more at the end. Where whoever stopped the answer has shown what is there
        # now, that must change nothing.
        finished = session.exchanges[-1].finished
        yield {self.facts: _facts(session)} if finished else {self.trouble: gr.skip()}

    def stop(self, session: Session) -> Updates:
        """End the answer that is being written."""
        now = session.stopped()
        return {self.session: now, self.facts: _facts(now), self.chat: _messages(now)}

    def fulfil(self, session: Session, wish: str, request: gr.Request) -> Updates:
        """Do what the page's script asks for: `verb-argument`."""
        verb, _, argument = wish.partition("-")
        verbs: dict[str, Callable[[], Updates]] = {
            "choose": lambda: self._show(session.stopped().moved(self.shelf.dossier(argument).name)),
            "dossiers": lambda: self._show(session.stopped().moved(self._chosen(argument))),
            "conversation": lambda: self._show(self._reopened(session.stopped(), argument, request)),
            "new": lambda: self._show(session.stopped().cleared()),
            "earlier": lambda: self._show(replace(session, shown=session.shown + STEP)),
            "edit": lambda: self._edit(session, argument),
            "welcome": lambda: self._show(session) if not session.exchanges else {self.trouble: gr.skip()},
        }
        return self._kindly(session, verbs[verb]) if verb in verbs else {self.trouble: gr.skip()}

    # how

    def _begun(self, session: Session, mine: Conversations) -> Session:
        """Make sure of a conversation to keep the answer in, and forget what an edited question takes the place of."""
        replaced = session.following(session.editing)
        for exchange in replaced:
            if exchange.answer is not None:
                _forget(mine, exchange.answer.id)
        session = session.without(replaced)
        try:
            return session if session.conversation and mine.find(session.conversation) else _new(session, mine)
        except NotFound:  # erased meanwhile, in another window
            return _new(session, mine)

    def _edit(self, session: Session, key: str) -> Updates:
        if not session.following(key) or session.busy:
            return {self.trouble: gr.skip()}
        now = replace(session, editing=key)
        return {self.session: now, self.facts: _facts(now)}

    def _reopened(self, session: Session, id: str, request: gr.Request) -> Session:
        conversation, kept = Conversations(self.shelf, _owner(request)).read(id)
        now = session.reopened(conversation.id, kept)
        return replace(now, dossier=self._chosen(now.dossier))

    def _at_answer(self, session: Session, id: str, request: gr.Request) -> Session:
        """Open the conversation of an answer so that the answer is on the page."""
        mine = Conversations(self.shelf, _owner(request))
        found = mine.answer(id)
        if found.conversation is None or not _has(mine, found.conversation):
            return session.reopened(None, (found,))
        now = self._reopened(session, found.conversation, request)
        place = next((n for n, one in enumerate(now.exchanges) if one.answer and one.answer.id == id), 0)
        return replace(now, shown=max(now.shown, len(now.exchanges) - place))

    def _show(self, session: Session) -> Updates:
        t = session.texts
        total = self._count(session.dossier)
        placeholder = answers.welcome(t, session.dossier, total)
        return {
            self.session: session,
            self.facts: _facts(session),
            self.trouble: "",
            self.chat: gr.Chatbot(_messages(session), placeholder=placeholder, label=t.conversation),
        }

    def _chosen(self, name: str) -> str:
        names = [dossier.name for dossier in self.shelf.dossiers()]
        return name if name in names or not names else names[0]

    def _count(self, name: str) -> int:
        try:
            return self.shelf.dossier(name).documents
        except NotFound:  # the dossier that the first upload will create
            return 0

    def _kindly(self, session: Session, act: Callable[[], Updates]) -> Updates:
        """Act; an error becomes a message in its place."""
        try:
            return act()
        except DossierError as error:
            return {**self._show(session), self.trouble: problem(error)}
        except Exception:  # the page's border: a person is told kindly, the log has the rest
            _log.exception("the page failed")
            return {self.trouble: notice(session.texts.broken)}


def _new(session: Session, mine: Conversations) -> Session:
    return replace(session, conversation=mine.begin().id)


def _has(mine: Conversations, conversation: str) -> bool:
    try:
        return bool(mine.find(conversation))
    except NotFound:  # a program of this machine was given the answer: the conversation stays its own
        return False


def _forget(mine: Conversations, answer: str) -> None:
    try:
        mine.delete_answer(answer)
    except NotFound:  # it was never kept, or is gone already
        return


def _owner(request: gr.Request) -> str:
    """Tell whose the page is."""
    return owner_of(request.request.scope) if request.request is not None else owner_of({})


def _asked(wish: str) -> Asked | None:
    """Read a question; None for what is none."""
    try:
        asked = Asked.model_validate_json(wish)
    except ValidationError:
        return None
    return asked if asked.question.strip() else None


def _filter(scope: str) -> Filter:
    """Read what the sources' controls say; whatever is not sound asks everything."""
    try:
        return FilterGiven.model_validate_json(scope).to_filter() if scope else Filter()
    except ValidationError:
        return Filter()


def _facts(session: Session) -> str:
    """Tell the page's script where the conversation stands."""
    facts = {
        "dossier-name": session.dossier,
        "conversation-id": session.conversation or "",
        "editing": session.editing or "",
        "asked-count": len(session.exchanges),
        "busy": "yes" if session.busy else "",
        "latest": session.latest.id if session.latest else "",
        "suggest": "yes" if session.latest and session.latest.standing != "aside" else "",
    }
    return "<div>" + "".join(f'<span id="{name}">{escape(fact)}</span>' for name, fact in facts.items()) + "</div>"


def _messages(session: Session) -> list[MessageDict | Message]:
    return cast("list[MessageDict | Message]", session.messages)


_PLAIN: dict[str, Any] = {"container": False, "latex_delimiters": [], "padding": False}
