"""What adding files will take of time and disk, by what adding took here before."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from index.library import Library
from index.records import Estimate

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
