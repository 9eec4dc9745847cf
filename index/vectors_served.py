"""The vectors in a Chroma server: the same index, kept by another process on this machine or another."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from index.errors import Cancelled, IndexDamaged, IndexUnreachable
from index.vectors import SAMPLE, Probe, VectorIndex, graph

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

QUESTION_SECONDS = 2.0
"""How long a question waits for the server; then the exact scan answers."""
WORK_SECONDS = 60.0
"""How long anything else waits for it."""
CONNECT_SECONDS = 10.0
AT_ONCE = 1000
"""How many vectors go over the wire in one request: about 8 MB as JSON."""
NAMES_AT_ONCE = 50_000
IDENTITY = "chroma.id"
BESIDE = "-new"


class Served:
    """A collection of the server; it can be asked by any number of processes, and is changed by one."""

    def __init__(self, server: Server, collection: ChromaCollection) -> None:
        self._server = server
        self._collection = collection

    def __len__(self) -> int:
        with self._server.translated():
            return self._collection.count()

    def put(self, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        """Add or overwrite vectors: shapes (n,), (n, dimensions)."""
        with self._server.translated():
            for start in range(0, len(keys), AT_ONCE):
                part = slice(start, start + AT_ONCE)
                self._collection.upsert(ids=[str(key) for key in keys[part].tolist()], embeddings=matrix[part])

    def remove(self, keys: Collection[int]) -> None:
        """Drop vectors; what is not there is passed over."""
        names = [str(key) for key in keys]
        with self._server.translated():
            for start in range(0, len(names), AT_ONCE):
                self._collection.delete(ids=names[start : start + AT_ONCE])

    def keys(self) -> set[int]:
        """Give the keys of all passages in the index."""
        found: set[int] = set()
        with self._server.translated():
            while True:
                names = self._collection.get(include=[], limit=NAMES_AT_ONCE, offset=len(found))["ids"]
                found.update(map(int, names))
                if len(names) < NAMES_AT_ONCE:
                    return found

    def vectors(self, keys: Collection[int]) -> dict[int, list[float]]:
        """Give the vectors of those passages that are there."""
        with self._server.translated():
            found = self._collection.get(ids=[str(key) for key in keys], include=["embeddings"])
            return {
                int(name): row.tolist()
                for name, row in zip(found["ids"], np.asarray(found["embeddings"], np.float32), strict=True)
            }

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int]:
        """Find passages that are likely the nearest, likely best first; the server has `QUESTION_SECONDS`."""
        with self._server.translated(), self._server.hurried(self._collection) as collection:
            found = collection.query(query_embeddings=query.tolist(), n_results=limit, include=[])
            return [int(name) for name in found["ids"][0]]

    def close(self) -> None:
        """Nothing is held open: connections belong to the server's client."""


class Server:
    """A Chroma server as this library knows it; nothing is asked of it before it is needed."""

    def __init__(self, address: str, data: Path) -> None:
        self.address = address
        self._data = data
        self._lock = Lock()
        self._clients: dict[float, ClientAPI] = {}
        self._asked: dict[str, ChromaCollection] = {}
        """Collections as the hurried client knows them, by their id."""

    def client(self, patience: float = WORK_SECONDS) -> ClientAPI:
        """Give a client that waits so many seconds. Raises IndexUnreachable."""
        with self._lock, self.translated():
            if patience not in self._clients:
                self._clients[patience] = _connected(self.address, patience)
            return self._clients[patience]

    @contextmanager
    def hurried(self, collection: ChromaCollection) -> Iterator[ChromaCollection]:
        """Give the same collection through a client that does not wait long."""
        known = self._asked.get(str(collection.id))
        if known is None:
            client = self.client(QUESTION_SECONDS)
            known = self._asked[str(collection.id)] = client.get_collection(collection.name, embedding_function=None)
        yield known

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what the client raises into ours: the server is away, or what it keeps is not what we left."""
        import httpx
        from chromadb.errors import ChromaError

        try:
            yield
        except (IndexDamaged, IndexUnreachable, Cancelled, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except httpx.TimeoutException as error:
            raise self._away("did not answer in time") from error
        except httpx.HTTPError as error:
            raise self._away(f"does not answer ({error})") from error
        except ChromaError as error:
            if error.code() >= 500:
                raise self._away(f"failed ({error})") from error
            raise IndexDamaged(f"The Chroma server {self.address} has not what was left there ({error}).") from error
        except Exception as error:  # such as the bare ValueError and Exception of its client
            raise self._away(f"is no Chroma server that can be used ({error})") from error

    def _away(self, what: str) -> IndexUnreachable:
        return IndexUnreachable(
            f"The Chroma server {self.address} {what}.",
            "See that it runs (chroma run --host HOST --port PORT), or leave the setting `chroma` empty.",
        )

    def name(self, dossier: str, fingerprint: str) -> str:
        """Give the name of the collection of a dossier and embedder, which no other library uses."""
        return f"dossier-{self._identity()}-{dossier}-{zlib.crc32(fingerprint.encode()):08x}"

    def sweep(self, dossiers: Collection[str]) -> None:
        """Delete the collections of this library whose dossiers are gone. Raises IndexUnreachable."""
        mine, client = f"dossier-{self._identity()}-", self.client()
        with self.translated():
            for collection in client.list_collections():
                if collection.name.startswith(mine):
                    dossier = collection.name.removeprefix(mine).removesuffix(BESIDE).rpartition("-")[0]
                    if dossier not in dossiers:
                        client.delete_collection(collection.name)

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        with self._lock:
            clients, self._clients, self._asked = list(self._clients.values()), {}, {}
        for client in clients:
            client._server._session.close()  # type: ignore[attr-defined] # the client itself leaves it open

    def _identity(self) -> str:
        """Give what tells this data folder from a restored or copied one beside it: it is in no backup."""
        file = self._data / IDENTITY
        with suppress(FileNotFoundError):
            if found := file.read_text().strip():
                return found
        file.write_text(secrets.token_hex(8) + "\n")
        return file.read_text().strip()


class OnServer:
    """Where the index of one dossier and embedder lies on a server: in a collection that says what it shows."""

    def __init__(self, server: Server, dossier: str, fingerprint: str) -> None:
        self._server = server
        self._dossier = dossier
        self._fingerprint = fingerprint

    def shown(self, stop: Event) -> tuple[int, Probe]:
        """Give the change that the collection shows, its keys and a sample of its vectors."""
        index = Served(self._server, self._collection(self._name))
        seq = self._seq(self._name)
        keys = sorted(index.keys())
        if stop.is_set():
            raise Cancelled("The shelf is being closed.")
        return seq, Probe(frozenset(keys), index.vectors(keys[:: max(1, len(keys) // SAMPLE)][:SAMPLE]))

    def open(self) -> Served:
        """Open the collection."""
        return Served(self._server, self._collection(self._name))

    @contextmanager
    def changing(self, index: VectorIndex, before: int, after: int) -> Iterator[None]:
        """Let the collection be changed, and note it; a cut leaves the old note, from which all is done again."""
        if (found := self._seq(self._name)) != before:
            raise IndexDamaged(f"The collection {self._name} shows change {found} instead of {before}: others write.")
        yield
        self._note(self._name, after)

    def begin(self) -> Served:
        """Make an empty collection beside the one in use."""
        client, beside = self._server.client(), self._name + BESIDE
        self._delete(beside)
        with self._server.translated():
            made = client.create_collection(
                beside, embedding_function=None, configuration=graph(), metadata={"fingerprint": self._fingerprint}
            )
        return Served(self._server, made)

    def finish(self, seq: int) -> None:
        """Give the new collection the old one's name."""
        self._note(self._name + BESIDE, seq)
        self._delete(self._name)
        beside = self._collection(self._name + BESIDE)
        with self._server.translated():
            beside.modify(name=self._name)

    def discard(self) -> None:
        """Delete the collection; one on a server that is away is deleted when it is back."""
        with suppress(IndexUnreachable):
            self._delete(self._name)
            self._delete(self._name + BESIDE)

    @property
    def _name(self) -> str:
        return self._server.name(self._dossier, self._fingerprint)

    def _collection(self, name: str) -> ChromaCollection:
        client = self._server.client()
        with self._server.translated():
            return client.get_collection(name, embedding_function=None)

    def _delete(self, name: str) -> None:
        from chromadb.errors import NotFoundError

        client = self._server.client()
        with self._server.translated(), suppress(NotFoundError):
            client.delete_collection(name)

    def _seq(self, name: str) -> int:
        found: Any = (self._collection(name).metadata or {}).get("seq")
        if not isinstance(found, int):
            raise IndexDamaged(f"The collection {name} was not finished.")
        return found

    def _note(self, name: str, seq: int) -> None:
        collection = self._collection(name)
        with self._server.translated():
            collection.modify(metadata={"seq": seq, "fingerprint": self._fingerprint})


def _connected(address: str, patience: float) -> ClientAPI:
    """Connect in a thread of its own: the client's first requests would wait for ever."""
    import chromadb
    import httpx
    from chromadb.config import Settings

    parts = urlsplit(address)
    outcome: SimpleQueue[ClientAPI | Exception] = SimpleQueue()

    def connect() -> None:
        try:
            client = chromadb.HttpClient(
                host=parts.hostname or "",
                port=parts.port or (443 if parts.scheme == "https" else 8000),
                ssl=parts.scheme == "https",
                settings=Settings(anonymized_telemetry=False),
            )
            client._server._session.timeout = httpx.Timeout(patience)  # type: ignore[attr-defined] # ours, not none
            outcome.put(client)
        except Exception as error:  # told where it is waited for
            outcome.put(error)

    Thread(target=connect, name="chroma", daemon=True).start()
    try:
        found = outcome.get(timeout=min(patience, CONNECT_SECONDS))
    except Empty:
        raise httpx.ConnectTimeout("") from None
    if isinstance(found, Exception):
        raise found
    return found
