"""The page: its three places and what happens in them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import gradio as gr
from gradio.components import Component
from gradio.components.chatbot import Message, MessageDict

from index.errors import BadInput, DossierError, NotFound
from index.records import Document
from rag.answers import Citation
from ui.page import render, texts
from ui.page.conversation import Session, converse
from ui.service import Service

SIDE_BY_SIDE = 32
"""How many questions may be open at once; Gradio runs forty threads, the others serve the quick handlers."""
LONGEST_QUESTION = 4000
STEP = 100
"""How many more documents are listed each time."""
_log = logging.getLogger(__name__)

Updates = dict[Any, Any]
"""Components and what they are to show."""


class Page:
    """Builds the Gradio Blocks over a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.shelf = service.rag.shelf
        with gr.Blocks(title=texts.NAME, fill_width=True, analytics_enabled=False) as self.blocks:
            self._lay_out()
            self._connect()
        self.blocks.queue(default_concurrency_limit=None, api_open=False)

    def _lay_out(self) -> None:
        self.session = gr.State(Session())
        gr.Markdown(_HEADER, elem_id="header", **_PLAIN)
        with gr.Row(elem_id="places"):
            with gr.Column(elem_id="sources", elem_classes="place"):
                self.dossier = gr.Dropdown(["default"], value="default", label="Dossier", elem_id="dossier")
                self.new = gr.Textbox(
                    placeholder="New dossier …", label="New dossier", show_label=False, container=False,
                    max_length=64, submit_btn="Create", elem_id="new-dossier",
                )  # fmt: skip
                self.trouble = gr.Markdown("", elem_id="trouble", **_PLAIN)
                gr.Markdown('<div id="uploads"></div>', elem_id="upload", **_PLAIN)
                self.documents = gr.Markdown("", elem_id="documents", **_PLAIN)
            with gr.Column(elem_id="conversation", elem_classes="place"):
                self.chat = gr.Chatbot(
                    label="Conversation", show_label=False, container=False, height="100%", layout="panel", buttons=[],
                    feedback_options=None, autoscroll=False, latex_delimiters=[], allow_tags=False, elem_id="chat",
                    group_consecutive_messages=False,
                )  # fmt: skip
                self.question = gr.Textbox(
                    placeholder=texts.ASK, label="Question", show_label=False, container=False, lines=1, max_lines=6,
                    max_length=LONGEST_QUESTION, submit_btn=True, autofocus=True, elem_id="question",
                )  # fmt: skip
                self.fresh = gr.Button("New conversation", elem_id="fresh", size="sm")
            with gr.Column(elem_id="passages", elem_classes="place"):
                self.panel = gr.Markdown(render.passages(None), elem_id="panel", **_PLAIN)
        self.wish = gr.Textbox(elem_id="wish", visible="hidden", max_length=400)
        self.grant = gr.Button("grant", elem_id="grant", visible="hidden")

    def _connect(self) -> None:
        session = self.session
        everything = [
            session,
            self.dossier,
            self.new,
            self.trouble,
            self.documents,
            self.chat,
            self.panel,
            self.question,
        ]
        quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        asked = self.question.submit(
            self.ask,
            [session, self.question],
            [session, self.question, self.chat, self.panel],
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=SIDE_BY_SIDE,
            trigger_mode="multiple",  # a question right after a stop is not lost
        )
        self.blocks.load(self.open, session, everything, **quick)
        self.question.stop(self.stop, session, [session, self.question, self.chat], cancels=[asked], **quick)
        self.dossier.input(self.choose, [session, self.dossier], everything, **quick)
        self.new.submit(self.create, [session, self.new], everything, **quick)
        self.fresh.click(self.begin_anew, session, everything, **quick)
        self.grant.click(self.fulfil, [session, self.wish], everything, trigger_mode="multiple", **quick)

    # what happens

    def open(self, session: Session) -> Updates:
        """Show the page as it is when someone comes."""
        return self._kindly(lambda: self._show(session.moved(self._chosen(session.dossier))))

    def choose(self, session: Session, name: str) -> Updates:
        """Go to another dossier; each has its own conversation."""
        return self._kindly(lambda: self._show(session.stopped().moved(self.shelf.dossier(str(name)).name)))

    def create(self, session: Session, name: str) -> Updates:
        """Create a dossier and go there."""

        def created() -> Updates:
            if not name.strip():
                raise BadInput("A dossier needs a name.", "Use 1 to 64 letters, digits, spaces, '-', '_' or '.'.")
            dossier = self.shelf.create_dossier(name.strip())
            return {**self._show(session.stopped().moved(dossier.name)), self.new: ""}

        return self._kindly(created)

    def begin_anew(self, session: Session) -> Updates:
        """Forget the conversation about this dossier."""
        return self._kindly(lambda: self._show(session.stopped().cleared()))

    def ask(self, session: Session, question: str) -> Iterator[Updates]:
        """Answer, piece by piece."""
        question = question.strip()[:LONGEST_QUESTION]
        if not question or session.busy:
            yield {self.question: gr.skip()}
            return
        running = gr.Textbox(value="", submit_btn=False, stop_btn=True)
        for now in converse(self.service, session, question):
            yield {self.session: now, self.chat: _messages(now), self.question: running}
            running = gr.skip()
            session = now
        if not session.busy:  # else it was stopped, and whoever stopped it has shown so
            yield {self.question: _READY, self.panel: render.passages(session.latest)}

    def stop(self, session: Session) -> Updates:
        """End the answer that is being written."""
        now = session.stopped()
        return {self.session: now, self.chat: _messages(now), self.question: _READY}

    def fulfil(self, session: Session, wish: str) -> Updates:
        """Do what a link on the page says: its target is `verb-argument`."""
        verb, _, argument = wish.partition("-")
        verbs: dict[str, Callable[[], Updates]] = {
            "passages": lambda: {self.panel: render.passages(session.answer(argument) or session.latest)},
            "passage": lambda: {self.panel: render.passages(session.answer(argument.rpartition("-")[0]))},
            "quote": lambda: {self.panel: self._quote(session, argument)},
            "document": lambda: {self.panel: self._document(argument)},
            "remove": lambda: {self.panel: render.removing(self.shelf.document(argument))},
            "removed": lambda: self._remove(session, argument),
            "more": lambda: self._list(replace(session, listed=session.listed + STEP)),
            "refresh": lambda: self._list(session),
        }
        return self._kindly(verbs[verb], self.panel) if verb in verbs else {self.panel: gr.skip()}

    # what is shown

    def _show(self, session: Session) -> Updates:
        total = self._count(session.dossier)
        return {
            **self._list(session),
            self.chat: gr.Chatbot(_messages(session), placeholder=render.welcome(session.dossier, total)),
            self.panel: render.passages(session.latest),
            self.question: _READY,
        }

    def _list(self, session: Session) -> Updates:
        names = [dossier.name for dossier in self.shelf.dossiers()]
        if session.dossier not in names:
            names.insert(0, session.dossier)
        total = self._count(session.dossier)
        documents = self._documents(session) if total else ()
        return {
            self.session: session,
            self.dossier: gr.Dropdown(names, value=session.dossier),
            self.documents: render.documents(session.dossier, documents, total),
            self.trouble: "",
        }

    def _chosen(self, name: str) -> str:
        names = [dossier.name for dossier in self.shelf.dossiers()]
        return name if name in names or not names else names[0]

    def _count(self, name: str) -> int:
        try:
            return self.shelf.dossier(name).documents
        except NotFound:  # the dossier that the first upload will create
            return 0

    def _documents(self, session: Session) -> tuple[Document, ...]:
        found: tuple[Document, ...] = ()
        cursor: str | None = None
        while len(found) < session.listed:
            more, cursor = self.shelf.documents(session.dossier, cursor, STEP)
            found += more
            if cursor is None:
                break
        return found

    def _document(self, id: str) -> str:
        document = self.shelf.document(id)
        return render.reading(document, self.shelf.text(id))

    def _quote(self, session: Session, key: str) -> str:
        id, _, number = key.rpartition("-")
        citation = _citation(session, id, number)
        if citation is None:
            raise NotFound("This page no longer has that answer.", "Ask again.")
        document = citation.document
        text = self.shelf.text(document.id, document.version)
        return render.reading(document, text, (citation.start, citation.end), back=id)

    def _remove(self, session: Session, id: str) -> Updates:
        title = self.shelf.document(id).title
        self.shelf.remove_document(id)
        return {**self._list(session), self.panel: render.notice(f"“{title}” is removed.")}

    def _kindly(self, act: Callable[[], Updates], place: Component | None = None) -> Updates:
        """Act; an error becomes a message in its place."""
        try:
            return act()
        except DossierError as error:
            return {place or self.trouble: render.problem(error)}
        except Exception:  # the page's border: a person is told kindly, the log has the rest
            _log.exception("the page failed")
            return {place or self.trouble: render.notice(texts.BROKEN)}


def _messages(session: Session) -> list[MessageDict | Message]:
    return cast("list[MessageDict | Message]", session.messages)


def _citation(session: Session, id: str, number: str) -> Citation | None:
    answer = session.answer(id)
    if answer is None:
        return None
    among = answer.nearest if number.startswith("n") else answer.citations
    return next((citation for citation in among if str(citation.number) == number[1:]), None)


_PLAIN: dict[str, Any] = {"container": False, "latex_delimiters": [], "padding": False}
_READY = gr.Textbox(submit_btn=True, stop_btn=False, render=False)
_HEADER = (
    f'<div class="header"><h1>{texts.NAME}</h1><p>{texts.PROMISE}</p>'
    '<ul class="tabs"><li><a href="#sources">Sources</a></li><li><a href="#conversation">Conversation</a></li>'
    '<li><a href="#passages">Passages</a></li></ul><a class="theme" href="#theme" title="Light or dark">◐</a></div>'
)
