"""The one door to Chroma: an approximate index of a dossier's vectors, proved before it is trusted.

Chroma's files do not survive a kill at the wrong moment, and opening torn ones can end the process. So a folder is
probed by a child process first (`python -m index.vectors FOLDER`), its stamp is taken away before a change and put
back after the client is closed, and whatever is in doubt is built anew beside it from the library's vectors.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess  # the probe runs this very module
import sys
import time
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import Cancelled, IndexDamaged, StorageFull
from index.memory import blanked

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

STAMP = "stamp.json"
COLLECTION = "passages"
BATCH = 5000
EF_SEARCH = 300
FLUSH_FROM = 1000
"""After how many vectors Chroma writes its graph to the disk: its own default."""
SAMPLE = 200
PROBE_SECONDS = 120
LOOK_SECONDS = 0.1
_ROOT = str(Path(__file__).parents[1])
"""Where `index` lies."""
GRAPH_NAMES = "index_metadata.pickle"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a child process found in a folder."""

    keys: frozenset[int]
    sample: dict[int, list[float]]
    """A few of its vectors by key."""


class VectorIndex(Protocol):
    """An approximate index of vectors by the keys of their passages, wherever it lies."""

    def put(self, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        """Add or overwrite vectors: shapes (n,), (n, dimensions)."""
        ...

    def remove(self, keys: Collection[int]) -> None:
        """Drop vectors; what is not there is passed over."""
        ...

    def keys(self) -> set[int]:
        """Give the keys of all passages in the index."""
        ...

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int]:
        """Find passages that are likely the nearest, likely best first."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Place(Protocol):
    """Where the vector index of one dossier and embedder is kept."""

    def shown(self, stop: Event) -> tuple[int, Probe]:
        """Give the change of the library that the index shows, and what is in it.

        Raises IndexDamaged where it cannot be trusted, IndexUnreachable where that cannot be told now, Cancelled.
        """
        ...

    def open(self) -> VectorIndex:
        """Open the index that was looked at."""
        ...

    def changing(self, index: VectorIndex, before: int, after: int) -> AbstractContextManager[None]:
        """Let the open index, which shows the change `before`, be changed to show `after`; it is closed then."""
        ...

    def begin(self) -> VectorIndex:
        """Open an empty index beside the one in use."""
        ...

    def finish(self, seq: int) -> None:
        """Put the closed index that was begun in the place of the other; it shows the change `seq`."""
        ...

    def discard(self) -> None:
        """Throw the index away."""
        ...


class Approximate:
    """The Chroma collection of one dossier and embedder, in a folder that can be thrown away."""

    def __init__(self, folder: Path, client: ClientAPI, collection: ChromaCollection) -> None:
        self.folder = folder
        self._client = client
        self._collection = collection

    @classmethod
    def open(cls, folder: Path) -> Approximate:
        """Open a folder that was probed, or make a new one. Raises IndexDamaged."""
        with _translated(folder), blanked():
            client = _client(folder)
            collection = client.get_or_create_collection(
                COLLECTION,
                embedding_function=None,
                configuration=graph(),
            )
            return cls(folder, client, collection)

    def __len__(self) -> int:
        with _translated(self.folder):
            return self._collection.count()

    def put(self, keys: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        """Add or overwrite vectors: shapes (n,), (n, dimensions)."""
        with _translated(self.folder), blanked():
            for start in range(0, len(keys), BATCH):
                part = slice(start, start + BATCH)
                self._collection.upsert(ids=[str(key) for key in keys[part].tolist()], embeddings=matrix[part])

    def remove(self, keys: Collection[int]) -> None:
        """Drop vectors; what is not there is passed over."""
        names = [str(key) for key in keys]
        with _translated(self.folder), blanked():
            for start in range(0, len(names), BATCH):
                self._collection.delete(ids=names[start : start + BATCH])

    def keys(self) -> set[int]:
        """Give the keys of all passages in the index."""
        with _translated(self.folder):
            return {int(name) for name in self._collection.get(include=[])["ids"]}

    def nearest(self, query: NDArray[np.float32], limit: int) -> list[int]:
        """Find passages that are likely the nearest, likely best first."""
        with _translated(self.folder):
            found = self._collection.query(query_embeddings=query.tolist(), n_results=limit, include=[])
            return [int(name) for name in found["ids"][0]]

    def close(self) -> None:
        """Close the client, so that all its files are written."""
        with _translated(self.folder), blanked():
            self._client.close()  # type: ignore[attr-defined] # the annotated interface lags behind the client


class InFolder:
    """Where the embedded index of one dossier and embedder lies: a folder, trusted only under its stamp."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def shown(self, stop: Event) -> tuple[int, Probe]:
        """Give the change that the index shows, and what is in it. Raises IndexDamaged, Cancelled."""
        seq = stamped(self._folder, self._fingerprint)
        return seq, probe(self._folder, stop)

    def open(self) -> Approximate:
        """Open the index that was looked at. Raises IndexDamaged."""
        return Approximate.open(self._folder)

    @contextmanager
    def changing(self, index: VectorIndex, before: int, after: int) -> Iterator[None]:
        """Let the open index be changed, then close it and put the new stamp on it; a cut leaves it without one."""
        with closing(index):
            unstamp(self._folder)
            yield
        stamp(self._folder, after, self._fingerprint)

    def begin(self) -> Approximate:
        """Open an empty index beside the one in use."""
        discard(self._beside)
        return Approximate.open(self._beside)

    def finish(self, seq: int) -> None:
        """Put the closed index that was begun in the place of the other."""
        stamp(self._beside, seq, self._fingerprint)
        swap_in(self._beside, self._folder)

    def discard(self) -> None:
        """Throw the index away."""
        discard(self._folder)

    @property
    def _beside(self) -> Path:
        return self._folder.with_name(self._folder.name + ".new")


def stamp(folder: Path, seq: int, name: str) -> None:
    """Note that the closed folder shows the library up to change `seq`, by whose vectors, and how its files are."""
    with _writing(folder):
        _blank_lengths(folder)
        beside = folder / (STAMP + ".new")
        with beside.open("w") as file:
            json.dump({"seq": seq, "name": name, "files": _files(folder)}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / STAMP)
        _settle(folder)


def unstamp(folder: Path) -> None:
    """Take the stamp away before a change: if the change is cut short, the folder is not trusted."""
    with _writing(folder):
        (folder / STAMP).unlink(missing_ok=True)
        _settle(folder)


def swap_in(beside: Path, folder: Path) -> None:
    """Put a folder that was built beside another in its place."""
    with _writing(folder):
        discard(folder)
        beside.rename(folder)


def stamped(folder: Path, name: str) -> int:
    """Give the change the folder shows. Raises IndexDamaged when it has no stamp or its files are not as they were."""
    try:
        found = json.loads((folder / STAMP).read_text())
        if found["name"] != name or found["files"] != _files(folder):
            raise IndexDamaged(f"The files of the vector index {folder} are not as they were left.")
        return int(found["seq"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"The vector index {folder} has no sound stamp ({error}).") from error


def probe(folder: Path, stop: Event) -> Probe:
    """Let a child process open the folder, count, query and read a sample. Raises IndexDamaged, whatever happens.

    Raises Cancelled as soon as `stop` is set.
    """
    try:
        answer = _ask_child(folder, stop)
        found = json.loads(answer.splitlines()[-1])
        return Probe(frozenset(found["keys"]), {int(key): vector for key, vector in found["sample"].items()})
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise IndexDamaged(f"The vector index {folder} cannot be opened ({error}).") from error


def _ask_child(folder: Path, stop: Event) -> bytes:
    deadline = time.monotonic() + PROBE_SECONDS
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "index.vectors", str(folder)],  # -P: what lies in the working folder is not run
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])))},
    ) as child:
        while True:
            try:
                answer, _ = child.communicate(timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if not stop.is_set() and time.monotonic() < deadline:
                    continue
                child.kill()
                if stop.is_set():
                    raise Cancelled("The shelf is being closed.") from None
                raise IndexDamaged(f"Opening the vector index {folder} took over {PROBE_SECONDS} s.") from None
            if child.returncode:
                raise IndexDamaged(f"Opening the vector index {folder} ended with {child.returncode}.")
            return answer


def discard(folder: Path) -> None:
    """Throw a folder away."""
    shutil.rmtree(folder, ignore_errors=True)


def graph() -> Any:  # noqa: ANN401 - the type is Chroma's own
    """Give how a graph is built and searched, in Chroma's words."""
    return {
        "hnsw": {
            "space": "ip",
            "ef_search": EF_SEARCH,
            "ef_construction": 200,
            "sync_threshold": FLUSH_FROM,
            "batch_size": min(100, FLUSH_FROM),
        }
    }


def _client(folder: Path) -> ClientAPI:
    import chromadb  # 0.8 s, and only large dossiers need it
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def _files(folder: Path) -> dict[str, list[int]]:
    """Give size and checksum of Chroma's graph files.

    Its database changes whenever it is opened, and is probed. A graph that Chroma has not written yet, which lacks
    its list of names, is a file of whatever lay in memory.
    """
    found = {}
    for names in sorted(folder.glob(f"*/{GRAPH_NAMES}")):
        for path in sorted(names.parent.iterdir()):
            content = path.read_bytes()
            found[str(path.relative_to(folder))] = [len(content), zlib.crc32(content)]
    return found


def _blank_lengths(folder: Path) -> None:
    """Overwrite what hnswlib saved of lengths that it has not: a block this small may come from memory that held words.

    Its header has, behind a version: an offset, the most elements, and how many there are, in 8 bytes each.
    """
    for path in folder.rglob("length.bin"):
        header = path.with_name("header.bin").read_bytes()
        version, _, most, count = struct.unpack_from("<iqqq", header)
        if version == 1 and 0 <= count <= most and path.stat().st_size == 4 * most:
            with path.open("r+b") as file:
                file.seek(4 * count)
                file.write(bytes(4 * (most - count)))


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(
            f"The vector index {folder} could not be written ({error}).", "Free some space on this disk and try again."
        ) from error


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn whatever Chroma raises, panics of its Rust included, into IndexDamaged."""
    try:
        yield
    except (IndexDamaged, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of Rust derives from nothing narrower
        raise IndexDamaged(f"The vector index {folder} cannot be used ({error}).") from error


def _look(folder: Path) -> dict[str, Any]:
    """Do in a child what could end the process."""
    index = Approximate.open(folder)
    keys = sorted(index.keys())
    if len(keys) != len(index):
        raise IndexDamaged(f"{folder} counts {len(index)} passages and lists {len(keys)}.")
    chosen: Sequence[int] = keys[:: max(1, len(keys) // SAMPLE)][:SAMPLE]
    found = index._collection.get(ids=[str(key) for key in chosen], include=["embeddings"])
    vectors = np.asarray(found["embeddings"], np.float32)
    if len(keys):
        index.nearest(vectors[0], 10)
    sample = {name: vector.tolist() for name, vector in zip(found["ids"], vectors, strict=True)}
    index.close()
    return {"keys": keys, "sample": sample}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_look(Path(sys.argv[1]))) + "\n")
