"""What adding files will take of time and disk, by what adding took here before."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from index.library import Library
from index.records import Estimate, Job

SECONDS_A_PASSAGE = 0.05
"""Where little was added yet: what two slow cores need with the built-in embedder."""
BYTES_A_PASSAGE = {".pdf": 12_000, ".docx": 6_000, ".odt": 6_000, ".pptx": 30_000, ".epub": 1_500, ".html": 4_000}
"""Of files, where few of their kind are here yet."""
OTHERS = 600
"""The same for plain text and whatever is close to it."""
DISK_A_PASSAGE = 8_000
"""Bytes of library, log and both indexes, where few passages are here yet."""
FEW = 200
"""Passages that are too few to judge by."""
LARGE_BYTES = 20_000_000
LARGE_FILES = 200
"""From here on it is told what adding may take; smaller ones are done before one has read it."""
MOST_JUDGED = 1000
"""How many jobs are remembered with what they were judged to take."""


class Expected:
    """What large jobs were judged to take, as long as they are under way."""

    def __init__(self, library: Library, data: Path) -> None:
        self._library = library
        self._data = data
        self._judged: dict[str, Estimate | None] = {}

    def shown(self, job: Job) -> Job:
        """Give a job of adding with what all that was left of it was judged to take, when one first asked."""
        if job.finished:
            self._judged.pop(job.id, None)
            return job
        if job.id not in self._judged:
            if len(self._judged) >= MOST_JUDGED:
                self._judged.clear()
            self._judged[job.id] = self._judge(job.id)
        return replace(job, estimate=self._judged.get(job.id))

    def _judge(self, job: str) -> Estimate | None:
        left = self._library.jobs.left(job)
        sizes = [(name, self._library.originals.size(original) if original else text) for name, text, original in left]
        return estimate(self._library, self._data, by_ending(sizes)) if is_large(sizes) else None


def is_large(files: Iterable[tuple[str, int]]) -> bool:
    """Whether adding files, given by their names and bytes, takes so long that one wants to know how long."""
    sizes = [size for _, size in files]
    return len(sizes) >= LARGE_FILES or sum(sizes) >= LARGE_BYTES


def by_ending(files: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Give how many bytes there are of each ending, such as `.pdf`."""
    sizes: Counter[str] = Counter()
    for name, size in files:
        sizes[PurePath(name).suffix.lower()[:20]] += size
    return dict(sizes)


def estimate(library: Library, data: Path, sizes: Mapping[str, int]) -> Estimate:
    """Judge files, given by how many bytes there are of each ending (`.pdf`)."""
    kinds, rate = library.rates.kinds(), library.rates.rate()
    passages = 0.0
    for ending, size in sizes.items():
        bytes_here, passages_here = kinds.get(ending, (0, 0))
        known = bytes_here / passages_here if passages_here >= FEW else BYTES_A_PASSAGE.get(ending, OTHERS)
        passages += size / max(known, 1)
    measured = rate.passages >= FEW
    each = rate.seconds / rate.passages if measured else SECONDS_A_PASSAGE
    disk = sum(sizes.values()) + passages * _disk_a_passage(library, data)
    return Estimate(
        sum(sizes.values()), round(passages), passages * each, round(disk), shutil.disk_usage(data).free, measured
    )


def _disk_a_passage(library: Library, data: Path) -> float:
    """Give the bytes that a passage takes; in a small library what is empty counts too much, so there is a limit."""
    passages = sum(dossier.passages for dossier in library.dossiers.all())
    if passages < FEW:
        return DISK_A_PASSAGE
    files = [*data.glob("library.sqlite*"), *(data / "indexes").rglob("*")]
    return min(sum(path.stat().st_size for path in files if path.is_file()) / passages, 2 * DISK_A_PASSAGE)
