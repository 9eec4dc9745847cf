"""The dossiers of a library: named collections, found by case-folded name."""

from __future__ import annotations

import re
import sqlite3
import unicodedata

from rapidfuzz import process

from index.errors import BadInput, Conflict, NotFound
from index.library.database import Database
from index.library.rows import new_id, now
from index.records import Dossier

PLAIN = re.compile(r"[ \-_.]")
LONGEST = 64
SELECT = """
SELECT d.key, d.id, d.name, d.created,
       (SELECT count(*) FROM documents WHERE dossier = d.key) AS documents,
       (SELECT count(*) FROM passages WHERE dossier = d.key) AS passages
FROM dossiers d
"""


class Dossiers:
    """Creates, renames, finds and removes dossiers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Dossier, ...]:
        """Give every dossier, by name."""
        with self._database.read() as connection:
            return tuple(_dossier(row) for row in connection.execute(SELECT + " ORDER BY d.folded"))

    def ids(self) -> dict[int, str]:
        """Give the id of every dossier by its key."""
        with self._database.read() as connection:
            return dict(connection.execute("SELECT key, id FROM dossiers ORDER BY key"))

    def find(self, name: str) -> Dossier:
        """Find a dossier by name. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(SELECT + " WHERE d.folded = ?", (_folded(name),)).fetchone()
            if row is None:
                raise self._unknown(connection, name)
            return _dossier(row)

    def key(self, name: str) -> int:
        """Find the key of the dossier of that name. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute("SELECT key FROM dossiers WHERE folded = ?", (_folded(name),)).fetchone()
            if row is None:
                raise self._unknown(connection, name)
            return int(row[0])

    def create(self, name: str) -> Dossier:
        """Give the dossier of that name, new or not. Raises BadInput."""
        name = _allowed(name)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO dossiers (id, name, folded, created) VALUES (?, ?, ?, ?) ON CONFLICT (folded) DO NOTHING",
                (new_id("c"), name, _folded(name), now()),
            )
            return self.find(name)

    def rename(self, name: str, new_name: str) -> Dossier:
        """Give the dossier another name; its id stays. Raises NotFound, BadInput, Conflict."""
        new_name = _allowed(new_name)
        with self._database.write() as connection:
            key = self.key(name)
            taken = connection.execute(
                "SELECT name FROM dossiers WHERE folded = ? AND key <> ?", (_folded(new_name), key)
            ).fetchone()
            if taken:
                raise Conflict(f"There is a dossier named {taken[0]!r} already.", "Choose another name.")
            connection.execute(
                "UPDATE dossiers SET name = ?, folded = ? WHERE key = ?", (new_name, _folded(new_name), key)
            )
            return self.find(new_name)

    def remove(self, key: int) -> None:
        """Forget the dossier with all its documents, passages and jobs."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM changes WHERE dossier = ?", (key,))
            connection.execute("DELETE FROM settings WHERE name = ?", (f"changes of {key} trimmed up to",))
            connection.execute("DELETE FROM passages WHERE dossier = ?", (key,))
            connection.execute("DELETE FROM dossiers WHERE key = ?", (key,))

    def _unknown(self, connection: sqlite3.Connection, name: str) -> NotFound:
        known = [row[0] for row in connection.execute("SELECT name FROM dossiers ORDER BY folded")]
        if not known:
            return NotFound(f"There is no dossier named {name!r}; there is none yet.", "Add a document to make one.")
        nearest = [match for match, _, _ in process.extract(name, known, limit=5)]
        return NotFound(f"There is no dossier named {name!r}.", f"Known: {', '.join(map(repr, nearest or known[:5]))}.")


def _allowed(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    fine = all(PLAIN.match(letter) or unicodedata.category(letter)[0] in "LMN" for letter in name)
    if not (fine and 1 <= len(name) <= LONGEST and name.strip(".")):
        raise BadInput(
            f"{name[:80]!r} cannot be the name of a dossier.",
            f"Names have 1 to {LONGEST} letters (of any script), digits, spaces, '-', '_' and '.'.",
        )
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def _dossier(row: tuple[int, str, str, str, int, int]) -> Dossier:
    _, id, name, created, documents, passages = row
    return Dossier(id, name, created, documents, passages)
