"""The history where a command's work is done: in this process, or by the server that owns the data folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from index.records import Conversation, KeptAnswer
from ui.conversations import Conversations
from ui.conversations_export import Exported, Format, export
from ui.unwire import conversation_of, kept_of

if TYPE_CHECKING:
    from ui.client import Client

AT_ONCE = 20
"""How many turns one request carries; the largest answers are far below a hundredth of what a request may hold."""


class HistoryDesk(Protocol):
    """What commands need of the history of whoever runs them."""

    def conversations(self, words: str = "") -> Iterator[Conversation]:
        """Give conversations, last used first; with words those in which every word occurs."""
        ...

    def conversation(self, id: str) -> Conversation:
        """Find a conversation. Raises NotFound."""
        ...

    def answers(self, dossier: str) -> Iterator[KeptAnswer]:
        """Give all answers about a dossier, newest first."""
        ...

    def begin(self, title: str) -> Conversation:
        """Make a conversation."""
        ...

    def bring(self, turns: Sequence[KeptAnswer], conversation: str | None) -> None:
        """Add answers of another library, oldest first."""
        ...

    def export(self, id: str, format: Format) -> Exported:
        """Make a file of a conversation. Raises NotFound."""
        ...

    def delete(self, id: str) -> None:
        """Delete a conversation. Raises NotFound."""
        ...

    def delete_all(self) -> int:
        """Delete everything; give how many conversations and single answers."""
        ...


class OwnHistory:
    """The history in a data folder that this process has open."""

    def __init__(self, mine: Conversations) -> None:
        self._mine = mine
        self.begin = mine.begin
        self.conversation = mine.find
        self.delete = mine.delete
        self.delete_all = mine.delete_all

    def conversations(self, words: str = "") -> Iterator[Conversation]:
        """Give conversations, last used first; with words those in which every word occurs."""
        cursor = None
        while True:
            page, cursor = self._mine.page(words, cursor)
            yield from page
            if cursor is None:
                return

    def answers(self, dossier: str) -> Iterator[KeptAnswer]:
        """Give all answers about a dossier, newest first."""
        cursor = None
        while True:
            page, cursor = self._mine.answers(dossier, cursor)
            yield from page
            if cursor is None:
                return

    def bring(self, turns: Sequence[KeptAnswer], conversation: str | None) -> None:
        """Add answers of another library, oldest first."""
        self._mine.bring(turns, conversation)

    def export(self, id: str, format: Format) -> Exported:
        """Make a file of a conversation. Raises NotFound."""
        return export(*self._mine.read(id), format)


class RemoteHistory:
    """The history that a running server keeps for this client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def conversations(self, words: str = "") -> Iterator[Conversation]:
        """Give conversations, last used first; with words those in which every word occurs."""
        for page in self._pages("/v1/conversations", {"q": words}):
            yield from map(conversation_of, page["conversations"])

    def conversation(self, id: str) -> Conversation:
        """Find a conversation. Raises NotFound."""
        return conversation_of(self._client.send("GET", _path(id))["conversation"])

    def answers(self, dossier: str) -> Iterator[KeptAnswer]:
        """Give all answers about a dossier, newest first."""
        for page in self._pages("/v1/answers", {"dossier": dossier}):
            yield from map(kept_of, page["turns"])

    def begin(self, title: str) -> Conversation:
        """Make a conversation."""
        body = {"title": title} if title else {}
        return conversation_of(self._client.send("POST", "/v1/conversations", json=body)["conversation"])

    def bring(self, turns: Sequence[KeptAnswer], conversation: str | None) -> None:
        """Add answers of another library, oldest first."""
        path = "/v1/answers" if conversation is None else f"{_path(conversation)}/turns"
        for start in range(0, len(turns), AT_ONCE):
            part = [
                {"asked": one.asked, "answer": one.content, "feedback": asdict(one.feedback) if one.feedback else None}
                for one in turns[start : start + AT_ONCE]
            ]
            self._client.send("POST", path, json={"turns": part})

    def export(self, id: str, format: Format) -> Exported:
        """Make a file of a conversation. Raises NotFound."""
        whole = self._client.send("GET", _path(id))
        return export(conversation_of(whole["conversation"]), [kept_of(turn) for turn in whole["turns"]], format)

    def delete(self, id: str) -> None:
        """Delete a conversation. Raises NotFound."""
        self._client.send("DELETE", _path(id))

    def delete_all(self) -> int:
        """Delete everything; give how many conversations and single answers."""
        return int(self._client.send("DELETE", "/v1/conversations")["deleted"])

    def _pages(self, path: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            page = self._client.send("GET", path, params=parameters)
            yield page
            if page["next"] is None:
                return
            parameters = {**parameters, "cursor": page["next"]}


def _path(id: str) -> str:
    return f"/v1/conversations/{quote(id, safe='')}"
