"""Takes the words of removed documents out of kept answers: noted with the removal, done in small steps after it.

However many answers there are, who writes meanwhile waits for one step only; a step that a kill prevents is done when
the library is opened again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from sqlite3 import Connection

from index.errors import LibraryDamaged
from index.library.database import Database
from index.library.documents import SELECT as SELECT_DOCUMENT
from index.library.documents import document_of
from index.library.history_quotes import (
    Content,
    emptied,
    erased,
    longest_part,
    question_words,
    quoted_words,
    unlearned,
    words_of,
)
from index.library.rows import sound_row

AT_ONCE = 100
"""How many answers are rewritten in one transaction."""
PAUSE_SECONDS = 0.005
"""Between two transactions, for whoever waits to write: a lock that is taken again at once is never free for others."""


class Erasing:
    """What is still to be erased, a row of `erasures` each; answers stand in it by key, with their conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_document(self, key: int) -> None:
        """Note, in the open transaction, which answers tell of a document that is about to be removed."""
        with self._database.write() as connection:
            id, names = _named(connection, key)
            clauses = " OR ".join("instr(folded, ?)" for _ in names)
            answers = connection.execute(
                "SELECT key, conversation FROM answers WHERE"  # noqa: S608 - question marks
                " key IN (SELECT answer FROM cited_versions WHERE document = ?)"
                f" OR dossier = (SELECT dossier FROM documents WHERE key = ?) AND ({clauses})"
                " ORDER BY conversation, key",
                (id, key, *map(longest_part, names)),
            ).fetchall()
            _note(connection, [id], names, answers, whole=False)
            connection.execute("DELETE FROM cited_versions WHERE document = ?", (id,))

    def note_dossier(self, key: int) -> None:
        """Note, in the open transaction, which answers tell of a dossier that is about to be removed."""
        with self._database.write() as connection:
            documents = [row[0] for row in connection.execute("SELECT id FROM documents WHERE dossier = ?", (key,))]
            answers = connection.execute(
                "SELECT key, conversation FROM answers WHERE dossier = ?1 OR key IN (SELECT answer FROM cited_versions"
                " WHERE document IN (SELECT id FROM documents WHERE dossier = ?1)) ORDER BY conversation, key",
                (key,),
            ).fetchall()
            _note(connection, documents, (), answers, whole=True)
            connection.execute(
                "DELETE FROM cited_versions WHERE document IN (SELECT id FROM documents WHERE dossier = ?)", (key,)
            )

    def finish(self) -> None:
        """Erase all that is noted, some answers a transaction."""
        while self._step():
            time.sleep(PAUSE_SECONDS)

    def _step(self) -> bool:
        """Rewrite some answers of the oldest note; False where there is none."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT key, documents, names, whole, answers, open, words FROM erasures ORDER BY key LIMIT 1"
            ).fetchone()
            if row is None:
                return False
            with sound_row("erasures"):
                documents, names, answers, words = (set(json.loads(row[1])), *map(json.loads, (row[2], row[4], row[6])))
            part, rest = answers[:AT_ONCE], answers[AT_ONCE:]
            open, taken = row[5], set(words)
            for conversation, group in groupby(part, key=lambda answer: answer[1]):
                taken = taken if conversation == open else set()
                for answer, _ in group:
                    taken |= _erase(connection, answer, documents, names, whole=bool(row[3]))
                open = conversation
                if open is not None and taken and (not rest or rest[0][1] != open):
                    _unlearn(connection, open, taken)
            if rest:
                connection.execute(
                    "UPDATE erasures SET answers = ?, open = ?, words = ? WHERE key = ?",
                    (json.dumps(rest), open, json.dumps(sorted(taken)), row[0]),
                )
            else:
                connection.execute("DELETE FROM erasures WHERE key = ?", (row[0],))
        return True


def _note(
    connection: Connection,
    documents: Sequence[str],
    names: Iterable[str],
    answers: Sequence[tuple[int, int | None]],
    *,
    whole: bool,
) -> None:
    if answers:
        connection.execute(
            "INSERT INTO erasures (documents, names, whole, answers) VALUES (?, ?, ?, ?)",
            (json.dumps(documents), json.dumps(sorted(names)), whole, json.dumps(answers)),
        )


def _named(connection: Connection, key: int) -> tuple[str, set[str]]:
    """Give a document's id and what it is called; a damaged one can be removed too."""
    id, name = connection.execute("SELECT id, name FROM documents WHERE key = ?", (key,)).fetchone()
    try:
        document = document_of(connection.execute(SELECT_DOCUMENT + " WHERE d.key = ?", (key,)).fetchone())
    except LibraryDamaged:
        return id, {name}
    return id, {name, document.title}


def _erase(connection: Connection, answer: int, documents: set[str], names: list[str], *, whole: bool) -> set[str]:
    """Rewrite an answer, if it is still kept; give the words that its conversation may have taken from it."""
    row = connection.execute("SELECT content FROM answers WHERE key = ?", (answer,)).fetchone()
    if row is None:
        return set()
    content = unpacked(row[0])
    _rewrite(connection, answer, emptied(content, documents) if whole else erased(content, documents, names))
    return quoted_words(content, documents)


def _unlearn(connection: Connection, conversation: int, words: set[str]) -> None:
    """Take words that were erased from a conversation's answers out of the questions that were made of them."""
    rows = connection.execute("SELECT key, content FROM answers WHERE conversation = ?", (conversation,)).fetchall()
    answers = [(key, unpacked(content)) for key, content in rows]
    own = {word for _, content in answers for word in question_words(content)}
    for key, content in answers:
        if (changed := unlearned(content, words - own)) is not content:
            _rewrite(connection, key, changed)


def _rewrite(connection: Connection, answer: int, content: Content) -> None:
    connection.execute(
        "UPDATE answers SET content = ?, folded = ? WHERE key = ?", (packed(content), words_of(content), answer)
    )


def packed(content: Content) -> str:
    """Write down an answer."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def unpacked(content: str) -> Content:
    """Read an answer. Raises LibraryDamaged."""
    with sound_row("answers"):
        made: Content = json.loads(content)
        return made
