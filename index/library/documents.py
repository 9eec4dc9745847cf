"""The documents of a library with their versions: found, listed, corrected, committed, removed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from index.errors import Conflict, NotFound
from index.library.database import Database
from index.library.rows import (
    merged,
    new_id,
    now,
    pack_marks,
    pack_metadata,
    sound_row,
    unpack_marks,
    unpack_metadata,
)
from index.records import Document, Mark, Metadata, Reading

COLUMNS = """
    d.key, d.id, v.id, c.id, d.name, d.source, d.given, d.corrections, v.found, v.media_type,
    v.characters, v.passages, d.added, v.bytes_sha256
"""
OUTLIVED = """
NOT EXISTS (SELECT 1 FROM documents d WHERE d.key = versions.document AND d.version = versions.key)
AND NOT EXISTS (SELECT 1 FROM cited_versions c WHERE c.version = versions.id)
"""
"""Which versions nobody may ask for any more: neither current nor referred to by a kept answer."""
PROVED = "id, dossier, name, source, version, given, corrections, added"
PROVED_VERSION = (
    "id, document, bytes_sha256, text_sha256, reader, splitter, media_type, original, found, marks, characters,"
    " passages, added"
)
"""The fields that a row's checksum covers; the text has a sha256 of its own."""
SELECT = f"""
SELECT {COLUMNS} FROM documents d JOIN versions v ON v.key = d.version JOIN dossiers c ON c.key = d.dossier
"""  # noqa: S608 - the columns are the constant above


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the library keeps it, with what decides whether there is anything to do."""

    key: int
    version: int
    bytes_sha256: str
    reader: str
    splitter: str
    given: Metadata
    corrections: Metadata
    found: Metadata

    @property
    def metadata(self) -> Metadata:
        """What is held to be true of the document."""
        return merged(self.found, self.given, self.corrections)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document version about to be stored."""

    name: str
    source: str
    given: Metadata
    reading: Reading
    bytes_sha256: str
    splitter: str
    original: str | None
    """The name of the original file in the folder of originals; text given as text has none."""


class Documents:
    """Keeps documents and their immutable versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, id: str) -> Document:
        """Find a document by id. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(SELECT + " WHERE d.id = ?", (id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no document {id!r}.", "It may have been removed: list the documents again.")
        return document_of(row)

    def key(self, id: str) -> tuple[int, int]:
        """Find the keys of a document and its dossier. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute("SELECT key, dossier FROM documents WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no document {id!r}.", "It may have been removed: list the documents again.")
        return int(row[0]), int(row[1])

    def keys(self, ids: Collection[str]) -> dict[int, str]:
        """Give the keys of those of the documents that are there, each with its id."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT key, id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps([*ids]),)
            )
            return {int(key): str(id) for key, id in rows}

    def by_key(self, key: int) -> Document:
        """Give the document of that key."""
        with self._database.read() as connection:
            return document_of(connection.execute(SELECT + " WHERE d.key = ?", (key,)).fetchone())

    def page(self, dossier: int, after: int, limit: int) -> list[tuple[int, Document]]:
        """Give documents of a dossier with their keys, in order of adding, those after the key `after`."""
        with self._database.read() as connection:
            rows = connection.execute(
                SELECT + " WHERE d.dossier = ? AND d.key > ? ORDER BY d.key LIMIT ?", (dossier, after, limit)
            ).fetchall()
        return [(row[0], document_of(row)) for row in rows]

    def of_dossier(self, dossier: int) -> dict[int, Document]:
        """Give all documents of a dossier by key."""
        with self._database.read() as connection:
            return {row[0]: document_of(row) for row in connection.execute(SELECT + " WHERE d.dossier = ?", (dossier,))}

    def text(self, id: str, version: str | None) -> str:
        """Give the text of a version, the current one if None. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT v.text FROM versions v JOIN documents d ON d.key = v.document"
                " WHERE d.id = ? AND CASE WHEN ? IS NULL THEN v.key = d.version ELSE v.id = ? END",
                (id, version, version),
            ).fetchone()
        if row is None:
            raise NotFound(
                f"There is no document {id!r}" + (f" with a version {version!r}." if version else "."),
                "It may have been removed: list the documents again.",
            )
        return str(row[0])

    def marks(self, id: str, version: str | None) -> tuple[Mark, ...]:
        """Give the map from offsets of a version's text to pages and headings. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT v.marks FROM versions v JOIN documents d ON d.key = v.document"
                " WHERE d.id = ? AND CASE WHEN ? IS NULL THEN v.key = d.version ELSE v.id = ? END",
                (id, version, version),
            ).fetchone()
        if row is None:
            raise NotFound(f"There is no document {id!r}.", "It may have been removed: list the documents again.")
        with sound_row("versions"):
            return unpack_marks(row[0])

    def original(self, id: str) -> tuple[str | None, str, str, str]:
        """Give the original's file name or None, the text, the media type and the document's name."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT v.original, v.text, v.media_type, d.name"
                " FROM documents d JOIN versions v ON v.key = d.version WHERE d.id = ?",
                (id,),
            ).fetchone()
        if row is None:
            raise NotFound(f"There is no document {id!r}.", "It may have been removed: list the documents again.")
        return row  # type: ignore[no-any-return] # sqlite3 gives tuples of Any

    def stored(self, dossier: int, source: str) -> Stored | None:
        """Find what is kept of a source, if anything."""
        with self._database.read() as connection:
            return self._stored(connection, "d.dossier = ? AND d.source = ?", dossier, source)

    def stored_by_key(self, key: int) -> Stored | None:
        """Find what is kept of a document, if it is still there."""
        with self._database.read() as connection:
            return self._stored(connection, "d.key = ?", key)

    def sources(self, dossier: int, among: Collection[str]) -> set[str]:
        """Give those of the sources that are taken in the dossier."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT source FROM documents WHERE dossier = ?", (dossier,))
            return {row[0] for row in rows}.intersection(among)

    def insert(self, dossier: int, arrival: Arrival, passages: int) -> tuple[int, int]:
        """Store a document of a new source; give its key and its version's."""
        with self._database.write() as connection:
            (key,) = connection.execute(
                "INSERT INTO documents (id, dossier, name, source, version, given, added)"
                " VALUES (?, ?, ?, ?, 0, ?, ?) RETURNING key",
                (new_id("d"), dossier, arrival.name, arrival.source, pack_metadata(arrival.given), now()),
            ).fetchone()
            return key, self._point(connection, key, arrival, passages)

    def replace(self, key: int, arrival: Arrival, passages: int) -> int:
        """Store a new version of a document and make it the current one; give the version's key."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE documents SET name = ?, given = ? WHERE key = ?",
                (arrival.name, pack_metadata(arrival.given), key),
            )
            connection.execute("UPDATE versions SET original = NULL WHERE document = ?", (key,))
            connection.execute(f"DELETE FROM versions WHERE document = ? AND {OUTLIVED}", (key,))  # noqa: S608 - a constant
            self._prove_versions(connection, "document = ?", key)
            return self._point(connection, key, arrival, passages)

    def give(self, key: int, name: str, given: Metadata) -> None:
        """Set what the caller says about the document."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE documents SET name = ?, given = ? WHERE key = ?", (name, pack_metadata(given), key)
            )
            self._prove(connection, key)

    def correct(self, key: int, metadata: Metadata) -> None:
        """Set those corrections that are not None."""
        changed = {name: value for name, value in asdict(metadata).items() if value is not None}
        with self._database.write() as connection:
            (packed,) = connection.execute("SELECT corrections FROM documents WHERE key = ?", (key,)).fetchone()
            corrections = pack_metadata(replace(unpack_metadata(packed), **changed))
            connection.execute("UPDATE documents SET corrections = ? WHERE key = ?", (corrections, key))
            self._prove(connection, key)

    def move(self, key: int, name: str, source: str) -> None:
        """Give a document another name and source. Raises Conflict where the source is taken."""
        with self._database.write() as connection:
            taken = connection.execute(
                "SELECT 1 FROM documents WHERE source = ? AND key <> ?"
                " AND dossier = (SELECT dossier FROM documents WHERE key = ?)",
                (source, key, key),
            ).fetchone()
            if taken:
                raise Conflict(f"{source} is in this dossier already.", "Remove one of the two.")
            connection.execute("UPDATE documents SET name = ?, source = ? WHERE key = ?", (name, source, key))
            self._prove(connection, key)

    def split_anew(self, key: int, splitter: str, passages: int) -> None:
        """Note that the current version of a document has other passages now, by that splitter."""
        with self._database.write() as connection:
            (version,) = connection.execute(
                "UPDATE versions SET splitter = ?, passages = ?"
                " WHERE key = (SELECT version FROM documents WHERE key = ?) RETURNING key",
                (splitter, passages, key),
            ).fetchone()
            self._prove_versions(connection, "key = ?", version)

    def made_of(self, key: int) -> tuple[str | None, str]:
        """Give original file (None for text that came as text) and text of a document's current version."""
        with self._database.read() as connection:
            row: tuple[str | None, str] = connection.execute(
                "SELECT v.original, v.text FROM documents d JOIN versions v ON v.key = d.version WHERE d.key = ?",
                (key,),
            ).fetchone()
        return row

    def read_anew(self, key: int, reading: Reading, bytes_sha256: str) -> bool:
        """Put a reading in the place of a damaged one, if that is what was stored; give whether."""
        text_sha256 = hashlib.sha256(reading.text.encode()).hexdigest()
        found, marks = pack_metadata(reading.metadata), pack_marks(reading.marks)
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE versions SET bytes_sha256 = ?1, text_sha256 = ?2, reader = ?3, media_type = ?4, found = ?5,"
                " marks = ?6, characters = ?7, text = ?8"
                " WHERE key = (SELECT version FROM documents WHERE key = ?9) AND checksum = proof("
                " id, document, ?1, ?2, ?3, splitter, ?4, original, ?5, ?6, ?7, passages, added)",
                (
                    bytes_sha256, text_sha256, reading.reader, reading.media_type, found, marks, len(reading.text),
                    reading.text, key,
                ),
            )  # fmt: skip
            return done.rowcount == 1

    def find_anew(self, key: int, found: Metadata) -> None:
        """Write down what is found in a document under its new name."""
        with self._database.write() as connection:
            (version,) = connection.execute(
                "UPDATE versions SET found = ? WHERE key = (SELECT version FROM documents WHERE key = ?) RETURNING key",
                (pack_metadata(found), key),
            ).fetchone()
            self._prove_versions(connection, "key = ?", version)

    def reading(self, key: int) -> Reading:
        """Give the reading that the current version of a document was made of."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT v.text, v.reader, v.marks, v.found, v.media_type"
                " FROM documents d JOIN versions v ON v.key = d.version WHERE d.key = ?",
                (key,),
            ).fetchone()
        with sound_row("versions"):
            text, reader, marks, found, media_type = row
            return Reading(text, reader, unpack_marks(marks), unpack_metadata(found), media_type)

    def splitters(self) -> dict[str, int]:
        """Count the documents by the splitter of their current version."""
        with self._database.read() as connection:
            return dict(
                connection.execute(
                    "SELECT v.splitter, count(*) FROM documents d JOIN versions v ON v.key = d.version GROUP BY 1"
                )
            )

    def changed_rows(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Give key and name of the documents of which the row, and of which a version, is not what was stored."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT key, name FROM documents WHERE checksum IS NOT proof({PROVED})")  # noqa: S608 - constants of this file
            documents = rows.fetchall()
            rows = connection.execute(
                "SELECT DISTINCT d.key, d.name FROM documents d JOIN"  # noqa: S608 - as above
                f" (SELECT document, checksum IS NOT proof({PROVED_VERSION}) AS odd, text, text_sha256 FROM versions) v"
                " ON v.document = d.key WHERE v.odd OR v.text_sha256 <> sha256(v.text)"
            )
            return documents, rows.fetchall()

    def remove(self, key: int) -> None:
        """Forget a document and all its versions."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM documents WHERE key = ?", (key,))

    def forget_superseded(self) -> int:
        """Forget the versions that were replaced and that no kept answer refers to; give how many."""
        with self._database.write() as connection:
            return connection.execute(f"DELETE FROM versions WHERE {OUTLIVED}").rowcount  # noqa: S608 - a constant

    def originals(self) -> set[str]:
        """Give the names of all original files that a version or a waiting item needs."""
        with self._database.read() as connection:
            return {
                row[0]
                for row in connection.execute(
                    "SELECT original FROM versions WHERE original IS NOT NULL"
                    " UNION SELECT original FROM job_items WHERE original IS NOT NULL AND outcome IS NULL"
                )
            }

    def unneeded(self, originals: Iterable[str]) -> set[str]:
        """Give those original files that no version and no waiting item needs any more."""
        with self._database.read() as connection:
            return {
                name
                for name in originals
                if connection.execute(
                    "SELECT 1 FROM versions WHERE original = ?1"
                    " UNION ALL SELECT 1 FROM job_items WHERE original = ?1 AND outcome IS NULL",
                    (name,),
                ).fetchone()
                is None
            }

    def originals_of(self, column: str, key: int) -> set[str]:
        """Give the original files of one document or one dossier."""
        clause = {"document": "d.key = ?", "dossier": "d.dossier = ?"}[column]
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT v.original FROM versions v JOIN documents d ON d.key = v.document WHERE {clause}",  # noqa: S608 - one of the two constants above
                (key,),
            )
            return {row[0] for row in rows if row[0]}

    def _point(self, connection: sqlite3.Connection, key: int, arrival: Arrival, passages: int) -> int:
        reading = arrival.reading
        (version,) = connection.execute(
            "INSERT INTO versions (id, document, bytes_sha256, text_sha256, reader, splitter, media_type, original,"
            " found, marks, characters, passages, added, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key",
            (
                new_id("v"),
                key,
                arrival.bytes_sha256,
                hashlib.sha256(reading.text.encode()).hexdigest(),
                reading.reader,
                arrival.splitter,
                reading.media_type,
                arrival.original,
                pack_metadata(reading.metadata),
                pack_marks(reading.marks),
                len(reading.text),
                passages,
                now(),
                reading.text,
            ),
        ).fetchone()
        connection.execute("UPDATE documents SET version = ? WHERE key = ?", (version, key))
        self._prove_versions(connection, "key = ?", version)
        self._prove(connection, key)
        return int(version)

    @staticmethod
    def _prove(connection: sqlite3.Connection, key: int) -> None:
        """Write down the checksum of a document's row, which was changed."""
        connection.execute(f"UPDATE documents SET checksum = proof({PROVED}) WHERE key = ?", (key,))  # noqa: S608 - constants of this file

    @staticmethod
    def _prove_versions(connection: sqlite3.Connection, clause: str, key: int) -> None:
        connection.execute(f"UPDATE versions SET checksum = proof({PROVED_VERSION}) WHERE {clause}", (key,))  # noqa: S608 - as above

    def _stored(self, connection: sqlite3.Connection, clause: str, *values: object) -> Stored | None:
        row = connection.execute(
            "SELECT d.key, v.key, v.bytes_sha256, v.reader, v.splitter, d.given, d.corrections, v.found"  # noqa: S608 - the clause is a constant of this file
            f" FROM documents d JOIN versions v ON v.key = d.version WHERE {clause}",
            values,
        ).fetchone()
        if row is None:
            return None
        key, version, sha256, reader, splitter, given, corrections, found = row
        return Stored(
            key,
            version,
            sha256,
            reader,
            splitter,
            unpack_metadata(given),
            unpack_metadata(corrections),
            unpack_metadata(found),
        )


def document_of(row: tuple[Any, ...]) -> Document:
    """Make a Document of a row of COLUMNS. Raises LibraryDamaged."""
    with sound_row("documents"):
        return _document_of(row)


def _document_of(row: tuple[Any, ...]) -> Document:
    _, id, version, dossier, name, source, given, corrections, found, media_type, characters, passages, added, proof = (
        row
    )
    metadata = merged(unpack_metadata(found), unpack_metadata(given), unpack_metadata(corrections))
    return Document(id, version, dossier, name, source, metadata, media_type, characters, passages, added, proof)
