"""What was asked and answered: conversations, answers as JSON, what people thought of them; each its owner's alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any, Literal, cast

from index.errors import BadInput, NotFound
from index.library.database import Database
from index.library.dossiers import Dossiers
from index.library.erasing import packed, unpacked
from index.library.history_quotes import FORMAT, Content, erased, versions_in, words_of
from index.library.rows import new_id, now
from index.records import AnswerFeedback, Conversation, KeptAnswer

PATIENCE = 2.0
"""Seconds that an answer waits for the library to be kept."""
LONGEST_TITLE = 200
MOST_WORDS = 10
SELECT = """
SELECT c.key, c.id, c.title, c.created, c.updated, c.touched,
       (SELECT count(*) FROM answers WHERE conversation = c.key),
       (SELECT d.name FROM answers a LEFT JOIN dossiers d ON d.key = a.dossier
        WHERE a.conversation = c.key ORDER BY a.key DESC LIMIT 1)
FROM conversations c
"""
SELECT_ANSWER = """
SELECT a.id, c.id, a.asked, a.content, f.rating, f.comment, f.given, d.name, a.key
FROM answers a LEFT JOIN conversations c ON c.key = a.conversation LEFT JOIN feedback f ON f.answer = a.key
LEFT JOIN dossiers d ON d.key = a.dossier
"""
NEXT = "(SELECT coalesce(max(touched), 0) + 1 FROM conversations)"


class History:
    """Keeps answers whole or not at all. What another owns is as unknown as what is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dossiers = Dossiers(database)

    # conversations

    def begin(self, owner: str, title: str = "") -> Conversation:
        """Make a conversation; one without a title gets it from its first question. Raises BadInput."""
        title = _title(title) if title else ""
        id, time = new_id("t"), now()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO conversations (id, owner, title, folded, created, updated, touched)"  # noqa: S608 - a constant
                f" VALUES (?, ?, ?, ?, ?, ?, {NEXT})",
                (id, owner, title, title.casefold(), time, time),
            )
        return self.find(owner, id)

    def find(self, owner: str, id: str) -> Conversation:
        """Find a conversation. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(SELECT + " WHERE c.id = ? AND c.owner = ?", (id, owner)).fetchone()
        if row is None:
            raise _no_conversation(id)
        return _conversation(row)

    def page(
        self, owner: str, words: str = "", before: int | None = None, limit: int = 100
    ) -> list[tuple[int, Conversation]]:
        """Give conversations, last used first, with their positions: those before a position, with all the words."""
        clauses, values = ["c.owner = ?"], [owner]
        if before is not None:
            clauses.append(f"c.touched < {int(before)}")
        for word in words.casefold().split()[:MOST_WORDS]:
            clauses.append(
                "(instr(c.folded, ?) OR EXISTS"
                " (SELECT 1 FROM answers a WHERE a.conversation = c.key AND instr(a.folded, ?)))"
            )
            values += [word, word]
        with self._database.read() as connection:
            rows = connection.execute(
                f"{SELECT} WHERE {' AND '.join(clauses)} ORDER BY c.touched DESC LIMIT {int(limit)}", values
            ).fetchall()
        return [(row[5], _conversation(row)) for row in rows]

    def rename(self, owner: str, id: str, title: str) -> Conversation:
        """Give a conversation a title. Raises NotFound, BadInput."""
        title = _title(title)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE conversations SET title = ?, folded = ? WHERE key = ?",
                (title, title.casefold(), _own(connection, owner, id)),
            )
        return self.find(owner, id)

    def remove(self, owner: str, id: str) -> None:
        """Remove a conversation with its answers. Raises NotFound."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM conversations WHERE key = ?", (_own(connection, owner, id),))
        self._database.empty_log()

    def remove_all(self, owner: str) -> int:
        """Remove everything that the owner has here; give how many conversations and single answers."""
        with self._database.write() as connection:
            count = connection.execute("DELETE FROM conversations WHERE owner = ?", (owner,)).rowcount
            count += connection.execute("DELETE FROM answers WHERE owner = ?", (owner,)).rowcount
        self._database.empty_log()
        return count

    # answers

    def keep(
        self,
        owner: str,
        content: Content,
        conversation: str | None = None,
        title: str = "",
        asked: str | None = None,
    ) -> None:
        """Keep an answer, at the end of a conversation where one is named, in one transaction.

        The title is for a conversation that has none. An id that is kept already is left as it is. What a document said
        that was removed meanwhile is not kept. Raises NotFound for the conversation, LibraryBusy, StorageFull.
        """
        time = asked or now()
        with self._database.write(PATIENCE) as connection:
            key = None if conversation is None else _own(connection, owner, conversation)
            content = self._without_removed(connection, content)
            row = connection.execute(
                "INSERT INTO answers (id, owner, conversation, dossier, asked, folded, format, content)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING key",
                (content["id"], owner, key, self._dossier(content), time, words_of(content), FORMAT, packed(content)),
            ).fetchone()
            if row is None:
                return
            _refer(connection, row[0], content)
            if key is not None:
                connection.execute(
                    f"UPDATE conversations SET updated = max(updated, ?), touched = {NEXT} WHERE key = ?",  # noqa: S608 - as above
                    (time, key),
                )
                connection.execute(
                    "UPDATE conversations SET title = ?, folded = ? WHERE key = ? AND title = ''",
                    (title[:LONGEST_TITLE], title[:LONGEST_TITLE].casefold(), key),
                )

    def answers(self, owner: str, conversation: str) -> tuple[KeptAnswer, ...]:
        """Give the answers of a conversation, in the order they were given. Raises NotFound."""
        with self._database.read() as connection:
            key = _own(connection, owner, conversation)
            rows = connection.execute(SELECT_ANSWER + " WHERE a.conversation = ? ORDER BY a.key", (key,)).fetchall()
        return tuple(_answer(row) for row in rows)

    def last(self, owner: str, conversation: str, count: int) -> tuple[KeptAnswer, ...]:
        """Give the last answers of a conversation, in the order they were given. Raises NotFound."""
        with self._database.read() as connection:
            key = _own(connection, owner, conversation)
            rows = connection.execute(
                SELECT_ANSWER + " WHERE a.conversation = ? ORDER BY a.key DESC LIMIT ?", (key, count)
            ).fetchall()
        return tuple(_answer(row) for row in reversed(rows))

    def answer(self, owner: str, id: str) -> KeptAnswer:
        """Find an answer. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(SELECT_ANSWER + " WHERE a.id = ? AND a.owner = ?", (id, owner)).fetchone()
        if row is None:
            raise _no_answer(id)
        return _answer(row)

    def all_answers(
        self, owner: str, dossier: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[tuple[int, KeptAnswer]]:
        """Give answers, newest first, with their positions: those before a position, of a dossier if one is named.

        Raises NotFound for the dossier.
        """
        clauses, values = ["a.owner = ?"], [owner]
        with self._database.read() as connection:
            if dossier is not None:
                clauses.append(f"a.dossier = {self._dossiers.key(dossier)}")
            if before is not None:
                clauses.append(f"a.key < {int(before)}")
            rows = connection.execute(
                f"{SELECT_ANSWER} WHERE {' AND '.join(clauses)} ORDER BY a.key DESC LIMIT {int(limit)}", values
            ).fetchall()
        return [(row[-1], _answer(row)) for row in rows]

    def bring(self, owner: str, turns: Sequence[KeptAnswer], conversation: str | None = None) -> None:
        """Keep answers of another library with what was thought of them, all or none. Raises NotFound."""
        with self._database.write() as connection:
            for turn in turns:
                self.keep(owner, turn.content, conversation, asked=turn.asked)
                if turn.feedback is not None:
                    self.judge(owner, turn.id, turn.feedback.rating, turn.feedback.comment)
            if conversation is not None and turns:
                connection.execute(
                    "UPDATE conversations SET created = min(created, ?), updated = ? WHERE key = ?",
                    (turns[0].asked, turns[-1].asked, _own(connection, owner, conversation)),
                )

    def remove_answer(self, owner: str, id: str) -> None:
        """Remove one answer. Raises NotFound."""
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM answers WHERE id = ? AND owner = ?", (id, owner)).rowcount:
                raise _no_answer(id)
        self._database.empty_log()

    def judge(self, owner: str, id: str, rating: int, comment: str = "") -> AnswerFeedback:
        """Note what the owner thinks of an answer, in place of what was noted before. Raises NotFound, BadInput."""
        if rating not in (1, -1):
            raise BadInput(f"{rating} is not a rating.", "Give 1 or -1.")
        time = now()
        with self._database.write() as connection:
            row = connection.execute("SELECT key FROM answers WHERE id = ? AND owner = ?", (id, owner)).fetchone()
            if row is None:
                raise _no_answer(id)
            connection.execute(
                "INSERT INTO feedback VALUES (?1, ?2, ?3, ?4)"
                " ON CONFLICT (answer) DO UPDATE SET rating = ?2, comment = ?3, given = ?4",
                (row[0], rating, comment, time),
            )
        return AnswerFeedback(cast(Literal[1, -1], rating), comment, time)

    def forget_before(self, moment: datetime) -> int:
        """Forget conversations last used, and single answers given, before the moment; give how many."""
        time = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        with self._database.write() as connection:
            count = connection.execute("DELETE FROM conversations WHERE updated < ?", (time,)).rowcount
            count += connection.execute(
                "DELETE FROM answers WHERE conversation IS NULL AND asked < ?", (time,)
            ).rowcount
        if count:
            self._database.empty_log()
        return count

    def _without_removed(self, connection: Connection, content: Content) -> Content:
        """Erase what documents said that were removed while the answer was given."""
        gone = {
            document
            for document in {document for document, _ in versions_in(content)}
            if connection.execute("SELECT 1 FROM documents WHERE id = ?", (document,)).fetchone() is None
        }
        return erased(content, gone) if gone else content

    def _dossier(self, content: Content) -> int | None:
        try:
            return self._dossiers.key(content["dossier"])
        except NotFound:
            return None


def _own(connection: Connection, owner: str, id: str) -> int:
    row = connection.execute("SELECT key FROM conversations WHERE id = ? AND owner = ?", (id, owner)).fetchone()
    if row is None:
        raise _no_conversation(id)
    return int(row[0])


def _refer(connection: Connection, answer: int, content: Content) -> None:
    connection.executemany(
        "INSERT INTO cited_versions VALUES (?, ?, ?)",
        [(answer, document, version) for document, version in sorted(versions_in(content))],
    )


def _title(title: str) -> str:
    title = re.sub(r"\s+", " ", title).strip()
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise BadInput(f"{title[:80]!r} cannot be a title.", f"Titles have 1 to {LONGEST_TITLE} characters.")
    return title


def _conversation(row: tuple[Any, ...]) -> Conversation:
    _, id, title, created, updated, _, turns, dossier = row
    return Conversation(id, title, created, updated, turns, dossier)


def _answer(row: tuple[Any, ...]) -> KeptAnswer:
    id, conversation, asked, packed, rating, comment, given, dossier, _ = row
    feedback = None if rating is None else AnswerFeedback(rating, comment, given)
    return KeptAnswer(id, conversation, asked, unpacked(packed), feedback, dossier)


def _no_conversation(id: str) -> NotFound:
    return NotFound(f"There is no conversation {id[:60]!r}.", "It may have been deleted, or be somebody else's.")


def _no_answer(id: str) -> NotFound:
    return NotFound(f"There is no answer {id[:60]!r}.", "It may have been deleted, or be somebody else's.")
