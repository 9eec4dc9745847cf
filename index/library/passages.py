"""The passages of a library: their texts are cut from the version's text, never stored twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Generic, TypeVar

from index.errors import LibraryDamaged
from index.library.database import Database
from index.library.documents import SELECT as SELECT_DOCUMENT
from index.library.documents import document_of
from index.library.rows import pack_place, pack_sentences, sound_row, unpack_place, unpack_sentences
from index.records import Document, Passage, Place, Sentence

Value = TypeVar("Value")
CACHED_CHARACTERS = 32_000_000
CACHED_PASSAGES = 5_000
CACHED_DOCUMENTS = 5_000
NEAR = 65_536
"""Up to here SQLite itself cuts a passage from its text; what lies farther on is cut from the text kept at hand."""
SELECT = """
SELECT p.key, p.version, p.ordinal, p.start, p."end", p.place, p.sentences, p.checksum, d.id, v.id, d.name,
CASE WHEN p."end" <= ? THEN substr(v.text, p.start + 1, p."end" - p.start) END
FROM passages p JOIN documents d ON d.key = p.document JOIN versions v ON v.key = p.version
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage about to be stored: where it lies in the text, and the embedding it shares."""

    start: int
    end: int
    place: Place
    sentences: tuple[Sentence, ...]
    embedding: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A passage in the library, with its document."""

    key: int
    document_key: int
    passage: Passage
    document: Document


class Passages:
    """Keeps passages, and texts of versions at hand."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._texts = _AtHand[str](CACHED_CHARACTERS, len)
        self._passages = _AtHand[Passage](CACHED_PASSAGES, lambda _: 1)
        self._documents: tuple[int, dict[int, Document]] = (-1, {})
        """Documents at hand, and the number of commits when they were read."""

    def insert(self, dossier: int, document: int, version: int, text: str, cuts: Sequence[Cut]) -> list[int]:
        """Store the passages of a version; give their keys in order. Keys are never used again."""
        with self._database.write() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
            first = (row[0] if row else 0) + 1
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        first + ordinal,
                        dossier,
                        document,
                        version,
                        ordinal,
                        cut.start,
                        cut.end,
                        pack_place(cut.place),
                        pack_sentences(cut.sentences),
                        checksum(text[cut.start : cut.end]),
                        cut.embedding,
                    )
                    for ordinal, cut in enumerate(cuts)
                ],
            )
        return list(range(first, first + len(cuts)))

    def load(self, keys: Iterable[int], dossier: int) -> dict[int, Kept]:
        """Load those passages of the dossier that are still there, with their documents as they are now."""
        wanted = list(keys)
        marks = ",".join("?" * len(wanted))
        commits = self._database.commits
        with self._database.read() as connection:
            there = dict(
                connection.execute(
                    f"SELECT key, document FROM passages WHERE key IN ({marks}) AND dossier = ?",  # noqa: S608 - only question marks
                    (*wanted, dossier),
                )
            )
            passages = self._passages.take(there)
            missing = there.keys() - passages.keys()
            passages |= self._load(connection, missing)
            documents = self._load_documents(connection, set(there.values()), commits)
        return {key: Kept(key, document, passages[key], documents[document]) for key, document in there.items()}

    def of_document(self, document: int) -> tuple[Passage, ...]:
        """Give the passages of a document's current version, in order."""
        with self._database.read() as connection:
            rows = connection.execute(SELECT + " WHERE p.document = ? ORDER BY p.ordinal", (0, document))
            return tuple(passage for _, passage in self._cut(connection, rows.fetchall()))

    def keys_of_document(self, document: int) -> list[int]:
        """Give the keys of a document's passages, in order."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT key FROM passages WHERE document = ? ORDER BY key", (document,))
            return [row[0] for row in rows]

    def keys_of_dossier(self, dossier: int) -> set[int]:
        """Give the keys of all passages of a dossier; as one row, as `Embeddings.halves_of_dossier` says why."""
        with self._database.read() as connection:
            found = connection.execute("SELECT group_concat(key) FROM passages WHERE dossier = ?", (dossier,))
            (keys,) = found.fetchone()
            return set(map(int, keys.split(","))) if keys else set()

    def count(self, dossier: int) -> int:
        """Count the passages of a dossier."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT count(*) FROM passages WHERE dossier = ?", (dossier,)).fetchone()[0])

    def at_least(self, dossier: int, passages: int) -> bool:
        """Whether a dossier has so many passages: told by the keys where these are too few, else counted that far."""
        with self._database.read() as connection:
            (span,) = connection.execute(
                "SELECT (SELECT max(key) FROM passages WHERE dossier = ?1) + 1"
                " - (SELECT min(key) FROM passages WHERE dossier = ?1)",
                (dossier,),
            ).fetchone()
            if (span or 0) < passages:
                return False
            rows = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM passages WHERE dossier = ? LIMIT ?)", (dossier, passages)
            )
            return int(rows.fetchone()[0]) >= passages

    def embed_anew(self, embeddings: Sequence[tuple[int, int]]) -> None:
        """Point passages to other embeddings: pairs of passage key, embedding key."""
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE passages SET embedding = ? WHERE key = ?", [(new, key) for key, new in embeddings]
            )

    def remove(self, document: int) -> list[int]:
        """Forget the passages of a document; give the embeddings they used."""
        with self._database.write() as connection:
            rows = connection.execute("DELETE FROM passages WHERE document = ? RETURNING embedding", (document,))
            return [row[0] for row in rows.fetchall()]

    def forget(self) -> None:
        """Drop what is at hand, because some of it was removed."""
        self._texts.clear()
        self._passages.clear()
        self._documents = (-1, {})

    def _load(self, connection: Connection, keys: Set[int]) -> dict[int, Passage]:
        if not keys:
            return {}
        marks = ",".join("?" * len(keys))
        rows = connection.execute(SELECT + f" WHERE p.key IN ({marks})", (NEAR, *keys)).fetchall()
        passages = dict(self._cut(connection, rows))
        self._passages.put(passages)
        return passages

    def _load_documents(self, connection: Connection, keys: set[int], commits: int) -> dict[int, Document]:
        """Give documents as of this snapshot; those at hand are of the same commit or not used."""
        known_commits, known = self._documents
        if known_commits != commits:
            known = {}
        if missing := keys - known.keys():
            marks = ",".join("?" * len(missing))
            rows = connection.execute(SELECT_DOCUMENT + f" WHERE d.key IN ({marks})", (*missing,))
            known = known | {row[0]: document_of(row) for row in rows}
            self._documents = (commits, known) if len(known) <= CACHED_DOCUMENTS else (-1, {})
        return known

    def _cut(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Passage]]:
        texts = self._load_texts(connection, {row[1] for row in rows if row[-1] is None})
        for key, version, ordinal, start, end, place, sentences, proof, document_id, version_id, name, cut in rows:
            with sound_row("passages"):
                text = texts[version][start:end] if cut is None else cut
                where, inside, found = unpack_place(place), unpack_sentences(sentences), checksum(text)
            if found != proof:
                raise LibraryDamaged(
                    f"The text of {name!r} at {start}-{end} is not what was stored.",
                    "Remove this document and add it again, or run `dossier restore BACKUP --data NEW_FOLDER`.",
                )
            yield (
                key,
                Passage(
                    passage_id(key),
                    document_id,
                    version_id,
                    ordinal,
                    start,
                    end,
                    text,
                    where,
                    inside,
                ),
            )

    def _load_texts(self, connection: Connection, versions: set[int]) -> dict[int, str]:
        texts = self._texts.take(versions)
        if missing := versions - texts.keys():
            marks = ",".join("?" * len(missing))
            loaded = dict(connection.execute(f"SELECT key, text FROM versions WHERE key IN ({marks})", (*missing,)))  # noqa: S608 - only question marks
            self._texts.put(loaded)
            texts |= loaded
        return texts


class _AtHand(Generic[Value]):
    """What never changes, kept in memory by its key; the least lately used is dropped first."""

    def __init__(self, room: int, size: Callable[[Value], int]) -> None:
        self._room = room
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[int, Value] = OrderedDict()
        self._used = 0

    def take(self, keys: Iterable[int]) -> dict[int, Value]:
        with self._lock:
            found = {key: self._values[key] for key in keys if key in self._values}
            for key in found:
                self._values.move_to_end(key)
            return found

    def put(self, values: dict[int, Value]) -> None:
        with self._lock:
            for key, value in values.items():
                if key not in self._values and self._size(value) <= max(1, self._room // 4):
                    self._values[key] = value
                    self._used += self._size(value)
            while self._used > self._room:
                self._used -= self._size(self._values.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._used = 0


def checksum(text: str) -> bytes:
    """Give the sha256 by which a passage proves to be what was stored."""
    return hashlib.sha256(text.encode()).digest()


def passage_id(key: int) -> str:
    """Give the id by which the world knows the passage."""
    return f"p_{key}"
