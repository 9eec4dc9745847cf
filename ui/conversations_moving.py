"""Answers on their way into another library: new ids, and no quote that is not in the documents there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import BadInput, NotFound
from index.library.history_quotes import erased, moved
from index.records import KeptAnswer
from rag.answers import Answer
from ui.unwire import answer_of, kept_of
from ui.wire import turn_json

if TYPE_CHECKING:
    from ui.conversations_desk import HistoryDesk

TextOf = Callable[[str, str], str]
"""Gives the text of a document's version. Raises NotFound."""
Places = Mapping[tuple[str, str], tuple[str, str]]
"""Leads from a document and its version (their ids) to those that are the same elsewhere."""


def brought_in(turn: KeptAnswer, conversation: str | None, text_of: TextOf) -> KeptAnswer:
    """Give the answer as this library may keep it. Raises BadInput where it is not whole."""
    try:
        answer = answer_of(turn.content)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"An answer is not whole ({error!r}).", "Send what `/v1/answers` gave.") from None
    _check(answer)
    answer = replace(answer, id=f"a_{secrets.token_hex(8)}", conversation_id=conversation)
    content = answer.to_json()
    strange = _not_here(content, text_of)
    return replace(
        turn, id=answer.id, conversation=conversation, content=erased(content, strange) if strange else content
    )


def packed(history: HistoryDesk, dossier: str) -> bytes:
    """Write down the answers about a dossier, oldest first, and the titles of their conversations."""
    turns = sorted(history.answers(dossier), key=lambda turn: turn.asked)
    ids = {turn.conversation for turn in turns}
    titles = {one.id: one.title for one in history.conversations() if one.id in ids}
    written = {"conversations": titles, "turns": [turn_json(turn) for turn in turns]}
    return json.dumps(written, ensure_ascii=False, indent=1).encode()


def unpacked(history: HistoryDesk, written: bytes, dossier: str, places: Places) -> int:
    """Bring what was written down into the history of whoever imports it; give how many answers.

    A conversation that was about other dossiers too is shorter there.
    """
    content = json.loads(written)
    turns = [kept_of(turn) for turn in content["turns"]]
    titles: dict[str, str] = content["conversations"]
    last = {turn.conversation: turn.asked for turn in turns}
    for id in sorted(last, key=lambda id: last[id]):
        about = [_elsewhere(turn, dossier, places) for turn in turns if turn.conversation == id]
        title = None if id is None else titles.get(id)
        history.bring(about, None if title is None else history.begin(title).id)
    return len(turns)


def _elsewhere(turn: KeptAnswer, dossier: str, places: Places) -> KeptAnswer:
    """Give an answer as it reads where the dossier has another name and its documents other ids."""
    return replace(turn, content={**moved(turn.content, places), "dossier": dossier})


def _check(answer: Answer) -> None:
    """Hold an answer against the rules that every answer of ours keeps."""
    numbers = {citation.number for citation in answer.citations}
    for statement in answer.statements:
        if answer.text[statement.start : statement.end] != statement.text or not numbers.issuperset(
            statement.citations
        ):
            raise BadInput(f"A statement of the answer {answer.id[:60]!r} is not in its text, or cites nothing there.")


def _not_here(content: dict[str, Any], text_of: TextOf) -> set[str]:
    """Give the documents of which any quote is not, character by character, in the version it names."""
    strange: set[str] = set()
    for citation in (*content["citations"], *content["nearest"]):
        quotes = [(citation["document"], citation), (citation["document"], citation["passage"])]
        quotes += [(twin["document"], twin) for twin in citation["also_in"]]
        for document, span in quotes:
            words = span.get("text", citation["quote"])
            try:
                here = text_of(document["id"], document["version"])[span["start"] : span["end"]] == words
            except NotFound:
                here = False
            if not here:
                strange.add(document["id"])
    return strange
