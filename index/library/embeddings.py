"""The vectors of a library: fp16, one for each different text that was embedded, shared by equal passages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.library.database import Database
from index.library.rows import sound_row

ROWS_AT_ONCE = 10_000
AT_ONCE = 900
"""How many parameters one statement gets; SQLite's oldest limit is 999."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of passages: the fp32 image of what the library keeps, or that itself."""

    keys: NDArray[np.int64]
    """Keys of the passages, shape (n,)."""
    documents: NDArray[np.int64]
    """Keys of their documents, shape (n,)."""
    matrix: NDArray[Any]
    """Shape (n, dimensions)."""


class Embeddings:
    """Keeps vectors by what was embedded and by whom."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def embedder(self, fingerprint: str, name: str, dimensions: int) -> int:
        """Give the key of an embedder, new or not."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO embedders (fingerprint, name, dimensions) VALUES (?, ?, ?)"
                " ON CONFLICT (fingerprint) DO NOTHING",
                (fingerprint, name, dimensions),
            )
            row = connection.execute("SELECT key FROM embedders WHERE fingerprint = ?", (fingerprint,)).fetchone()
            return int(row[0])

    def in_use(self) -> tuple[str, str] | None:
        """Give fingerprint and name of the embedder that made the passages' vectors, if there are any."""
        with self._database.read() as connection:
            row: tuple[str, str] | None = connection.execute(
                "SELECT m.fingerprint, m.name FROM passages p JOIN embeddings e ON e.key = p.embedding"
                " JOIN embedders m ON m.key = e.embedder LIMIT 1"
            ).fetchone()
        return row

    def known(self, embedder: int, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Give the keys of those digests that are embedded already."""
        found: dict[bytes, int] = {}
        with self._database.read() as connection:
            for part in in_parts(list(set(digests))):
                marks = ",".join("?" * len(part))
                found.update(
                    connection.execute(
                        f"SELECT digest, key FROM embeddings WHERE embedder = ? AND digest IN ({marks})",  # noqa: S608 - only question marks
                        (embedder, *part),
                    )
                )
        return found

    def store(self, embedder: int, vectors: Mapping[bytes, NDArray[np.float16]]) -> dict[bytes, int]:
        """Store vectors by the digest of what was embedded; give their keys."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO embeddings (embedder, digest, vector, checksum) VALUES (?1, ?2, ?3, proof(?2, ?3))"
                " ON CONFLICT DO NOTHING",
                [(embedder, digest, vector.tobytes()) for digest, vector in vectors.items()],
            )
            return self.known(embedder, vectors)

    def of_dossier(self, dossier: int, dimensions: int) -> Vectors:
        """Give the vectors of all passages of a dossier, in order of their keys."""
        parts = [_vectors((), dimensions), *self.halves_of_dossier(dossier, dimensions)]
        return Vectors(
            np.concatenate([part.keys for part in parts]),
            np.concatenate([part.documents for part in parts]),
            np.concatenate([part.matrix for part in parts]),
        )

    def halves_of_dossier(self, dossier: int, dimensions: int) -> Iterator[Vectors]:
        """Give the vectors of all passages of a dossier as they are kept, in fp16, a part at a time.

        SQLite puts the rows of a part together: Python's lock would be asked for again at every row, which takes a
        minute for 100,000 of them while another thread has much to do, and seconds at a server's start.
        """
        with self._database.read() as connection:
            last = 0
            while True:
                keys, documents, vectors = connection.execute(
                    "SELECT group_concat(key), group_concat(document), group_concat(hex(vector), '') FROM ("
                    "SELECT p.key, p.document, e.vector FROM passages p JOIN embeddings e ON e.key = p.embedding"
                    " WHERE p.dossier = ? AND p.key > ? ORDER BY p.key LIMIT ?)",
                    (dossier, last, ROWS_AT_ONCE),
                ).fetchone()
                if keys is None:
                    return
                with sound_row("embeddings"):
                    part = _together(keys, documents, vectors, dimensions)
                yield part
                last = int(part.keys.max())

    def of_passages(self, keys: Sequence[int], dimensions: int) -> Vectors:
        """Give the vectors of those passages that are still there, in order of their keys."""
        rows: list[tuple[int, int, bytes]] = []
        with self._database.read() as connection:
            for part in in_parts(sorted(keys)):
                marks = ",".join("?" * len(part))
                rows += connection.execute(
                    "SELECT p.key, p.document, e.vector FROM passages p JOIN embeddings e ON e.key = p.embedding"  # noqa: S608 - only question marks
                    f" WHERE p.key IN ({marks}) ORDER BY p.key",
                    part,
                )
        return _vectors(rows, dimensions)

    def mixed(self) -> bool:
        """Whether the passages' vectors are of more than one embedder, which must never be."""
        with self._database.read() as connection:
            (count,) = connection.execute(
                "SELECT count(DISTINCT e.embedder) FROM passages p JOIN embeddings e ON e.key = p.embedding"
            ).fetchone()
        return int(count) > 1

    def damaged(self) -> dict[int, list[int]]:
        """Give the passages whose vectors are not what was stored, by the key of their document."""
        found: dict[int, list[int]] = {}
        with self._database.read() as connection:
            for document, passage in connection.execute(
                "SELECT p.document, p.key FROM passages p JOIN embeddings e ON e.key = p.embedding"
                " WHERE e.checksum IS NOT proof(e.digest, e.vector) ORDER BY p.key"
            ):
                found.setdefault(document, []).append(passage)
        return found

    def digests_of(self, document: int) -> dict[int, bytes]:
        """Give the digest of what was embedded for each passage of a document, in order of the passages' keys."""
        with self._database.read() as connection:
            return dict(
                connection.execute(
                    "SELECT p.key, e.digest FROM passages p JOIN embeddings e ON e.key = p.embedding"
                    " WHERE p.document = ? ORDER BY p.key",
                    (document,),
                )
            )

    def used_by(self, document: int) -> list[int]:
        """Give the keys of the vectors that the passages of a document use."""
        with self._database.read() as connection:
            return [
                row[0] for row in connection.execute("SELECT embedding FROM passages WHERE document = ?", (document,))
            ]

    def overwrite(self, embedder: int, vectors: Mapping[bytes, NDArray[np.float16]]) -> list[tuple[int, int]]:
        """Put vectors in the place of those that differ; give dossier and key of the passages that use them."""
        changed: list[tuple[int, int]] = []
        with self._database.write() as connection:
            for digest, vector in vectors.items():
                for (key,) in connection.execute(
                    "UPDATE embeddings SET vector = ?1, checksum = proof(digest, ?1)"
                    " WHERE embedder = ?2 AND digest = ?3 AND (vector <> ?1 OR checksum IS NOT proof(digest, ?1))"
                    " RETURNING key",
                    (vector.tobytes(), embedder, digest),
                ).fetchall():
                    changed += connection.execute("SELECT dossier, key FROM passages WHERE embedding = ?", (key,))
        return changed

    def forget_unused(self, keys: Iterable[int] | None = None) -> int:
        """Forget those of the embeddings (or of all) that no passage uses any more; of all, give how many."""
        unused = "NOT EXISTS (SELECT 1 FROM passages p WHERE p.embedding = embeddings.key)"
        with self._database.write() as connection:
            if keys is None:
                return connection.execute(f"DELETE FROM embeddings WHERE {unused}").rowcount  # noqa: S608 - a constant
            connection.executemany(
                f"DELETE FROM embeddings WHERE key = ? AND {unused}",  # noqa: S608 - a constant
                [(key,) for key in set(keys)],
            )
        return 0


def digest_of(text: str) -> bytes:
    """Give the sha256 of what is embedded, header included."""
    return hashlib.sha256(text.encode()).digest()


def in_parts(values: Sequence[int] | Sequence[bytes]) -> Iterator[Sequence[int] | Sequence[bytes]]:
    """Cut a list so that each part fits one statement."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _together(keys: str, documents: str, vectors: str, dimensions: int) -> Vectors:
    """Read rows that SQLite put together: numbers with commas between them, vectors in hexadecimal digits."""
    numbers, of = np.array(keys.split(","), np.int64), np.array(documents.split(","), np.int64)
    order = np.argsort(numbers)  # SQLite promises none within what it put together
    return Vectors(numbers[order], of[order], _matrix(bytes.fromhex(vectors), len(numbers), dimensions)[order])


def _vectors(rows: Iterable[tuple[int, int, bytes]], dimensions: int) -> Vectors:
    keys, documents, blobs = [], [], []
    for key, document, blob in rows:
        keys.append(key)
        documents.append(document)
        blobs.append(blob)
    with sound_row("embeddings"):
        matrix = _matrix(b"".join(blobs), len(keys), dimensions).astype(np.float32)
    return Vectors(np.array(keys, np.int64), np.array(documents, np.int64), matrix)


def _matrix(content: bytes, rows: int, dimensions: int) -> NDArray[np.float16]:
    """Read vectors one behind the other; a damaged one must not spoil the order of the others."""
    matrix = np.frombuffer(content, np.float16).reshape(rows, dimensions).copy()
    matrix[~np.isfinite(matrix)] = 0
    return matrix
