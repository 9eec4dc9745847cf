"""The tables of the library and how an older library becomes a newer one."""

from __future__ import annotations

import hashlib
import sqlite3

from index.errors import LibraryDamaged

FIRST = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE dossiers (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL
);

CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    dossier INTEGER NOT NULL REFERENCES dossiers (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL,
    given TEXT NOT NULL,
    corrections TEXT NOT NULL DEFAULT '{}',
    added TEXT NOT NULL,
    UNIQUE (dossier, source)
);

CREATE TABLE versions (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    bytes_sha256 TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    reader TEXT NOT NULL,
    splitter TEXT NOT NULL,
    media_type TEXT NOT NULL,
    original TEXT,
    found TEXT NOT NULL,
    marks TEXT NOT NULL,
    characters INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    added TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX versions_of_document ON versions (document);
CREATE INDEX versions_of_original ON versions (original);

CREATE TABLE embedders (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    dimensions INTEGER NOT NULL
);

CREATE TABLE embeddings (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder INTEGER NOT NULL REFERENCES embedders (key),
    digest BLOB NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (embedder, digest)
);

CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    dossier INTEGER NOT NULL REFERENCES dossiers (key) ON DELETE CASCADE,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    version INTEGER NOT NULL REFERENCES versions (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    place TEXT NOT NULL,
    sentences TEXT NOT NULL,
    checksum BLOB NOT NULL,
    embedding INTEGER NOT NULL REFERENCES embeddings (key)
);
CREATE UNIQUE INDEX passages_of_version ON passages (version, ordinal);
CREATE INDEX passages_of_document ON passages (document);
CREATE INDEX passages_of_dossier ON passages (dossier);
CREATE INDEX passages_of_embedding ON passages (embedding);

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    dossier INTEGER NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('put', 'remove')),
    passage INTEGER NOT NULL
);
CREATE INDEX changes_of_dossier ON changes (dossier, seq);

CREATE TABLE jobs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'refresh')),
    dossier INTEGER NOT NULL REFERENCES dossiers (key) ON DELETE CASCADE,
    on_conflict TEXT NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT
);
CREATE INDEX jobs_of_dossier ON jobs (dossier);
CREATE INDEX jobs_open ON jobs (key) WHERE ended IS NULL;

CREATE TABLE job_items (
    job INTEGER NOT NULL REFERENCES jobs (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    given TEXT NOT NULL,
    text TEXT,
    original TEXT,
    outcome TEXT,
    error TEXT,
    passages INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, ordinal)
);
CREATE INDEX job_items_of_original ON job_items (original);
"""

HISTORY = """
CREATE TABLE conversations (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    folded TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    touched INTEGER NOT NULL UNIQUE
);
CREATE INDEX conversations_of_owner ON conversations (owner, touched);

CREATE TABLE answers (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    conversation INTEGER REFERENCES conversations (key) ON DELETE CASCADE,
    dossier INTEGER REFERENCES dossiers (key) ON DELETE SET NULL,
    asked TEXT NOT NULL,
    folded TEXT NOT NULL,
    format INTEGER NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX answers_of_conversation ON answers (conversation);
CREATE INDEX answers_of_dossier ON answers (dossier);
CREATE INDEX answers_of_owner ON answers (owner);

CREATE TABLE cited_versions (
    answer INTEGER NOT NULL REFERENCES answers (key) ON DELETE CASCADE,
    document TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (answer, document, version)
);
CREATE INDEX cited_versions_of_document ON cited_versions (document);
CREATE INDEX cited_versions_of_version ON cited_versions (version);

CREATE TABLE feedback (
    answer INTEGER PRIMARY KEY REFERENCES answers (key) ON DELETE CASCADE,
    rating INTEGER NOT NULL CHECK (rating IN (-1, 1)),
    comment TEXT NOT NULL,
    given TEXT NOT NULL
);
"""

CHECKSUMS_AND_CHORES = """
ALTER TABLE embeddings ADD COLUMN checksum BLOB;
UPDATE embeddings SET checksum = proof(digest, vector);

ALTER TABLE documents ADD COLUMN checksum BLOB;
UPDATE documents SET checksum = proof(id, dossier, name, source, version, given, corrections, added);

ALTER TABLE versions ADD COLUMN checksum BLOB;
UPDATE versions SET checksum = proof(
    id, document, bytes_sha256, text_sha256, reader, splitter, media_type, original, found, marks, characters,
    passages, added
);

CREATE TABLE chores (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT,
    cancelled INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    error TEXT
);
"""

ERASURES = """
CREATE TABLE erasures (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    documents TEXT NOT NULL,
    names TEXT NOT NULL,
    whole INTEGER NOT NULL,
    answers TEXT NOT NULL,
    open INTEGER,
    words TEXT NOT NULL DEFAULT '[]'
);
"""

MIGRATIONS = (FIRST, HISTORY, CHECKSUMS_AND_CHORES, ERASURES)
"""What leads from version n to n + 1 of the library; only ever extended."""


def proof(*values: str | bytes | int | None) -> bytes:
    """Give 16 bytes by which the fields of a row prove to be what was stored; SQL knows it by the same name."""
    told = hashlib.blake2b(digest_size=16)
    for value in values:
        content = value if isinstance(value, bytes) else str(value).encode()
        told.update(f"{type(value).__name__} {len(content)} ".encode())
        told.update(content)
    return told.digest()


def migrate(connection: sqlite3.Connection, where: str) -> None:
    """Bring the tables up to date, each step whole or not at all."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise LibraryDamaged(
            f"{where} has version {version}; this Dossier knows versions up to {len(MIGRATIONS)}.",
            "It was written by a newer Dossier: run `pip install --upgrade dossier`, or go back to a backup made"
            " before: dossier restore BACKUP.zip --data NEW_FOLDER",
        )
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
