"""Files that are damaged while nobody looks: the indexes are built anew, the library says so."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.index.test_indexes import empty, garble, halve
from tests.soak.faults import CHROMA, EXACTLY, Masters
from tests.soak.ledger import Ledger
from tests.soak.nursery import do

pytestmark = [pytest.mark.soak, pytest.mark.timeout(12 * 3600)]
PAGE = 4096
BITS = 8
Damage = Callable[[Path], None]
DAMAGES: tuple[Damage, ...] = (empty, halve, garble, Path.unlink)


def test_damaged_index_files(masters: Masters, tmp_path: Path) -> None:
    """Ten times five files, each emptied, halved, flipped and deleted, and a folder that is gone."""
    master = masters.get(CHROMA)
    expected = do("checks:answers", str(master), CHROMA).all("found")[0][0]
    ledger = Ledger("damaged index files", 210)
    for number, _ in ledger:
        luck = random.Random(f"files {number // 21}")  # noqa: S311 - no secret
        files = sorted(path for path in (master / "indexes").rglob("*") if path.is_file() and path.stat().st_size)
        folders = sorted(path for path in (master / "indexes").rglob("*") if path.is_dir())
        chosen = luck.sample(files, 5)
        data = tmp_path / str(number)
        shutil.copytree(master, data)
        which = number % 21
        if which == 20:
            harmed, how = luck.choice(folders), "folder deleted"
            shutil.rmtree(data / harmed.relative_to(master))
        else:
            harmed, damage = chosen[which // 4], DAMAGES[which % 4]
            damage(data / harmed.relative_to(master))
            how = damage.__name__
        told = do("checks:damaged", str(data), CHROMA, expected)
        measured = told.all("found")
        failure = None if measured else f"{harmed.relative_to(master)}: {told.said[-1:]} {told.noise[-500:]}"
        ledger.note(number, how, failure, **(measured[0][0] if measured else {}))
        shutil.rmtree(data)
    ledger.close()


def test_damaged_pages_of_the_library(masters: Masters, tmp_path: Path) -> None:
    """Eight bits of one page are flipped: what is shown is true, or the damage is told."""
    whole = (masters.get(EXACTLY) / "library.sqlite").read_bytes()
    ledger = Ledger("damaged pages of the library", 100)
    for number, luck in ledger:
        data = tmp_path / str(number)
        shutil.copytree(masters.get(EXACTLY), data)
        garbled = bytearray(whole)
        page = luck.randrange(len(whole) // PAGE)
        for _ in range(BITS):
            garbled[page * PAGE + luck.randrange(PAGE)] ^= 1 << luck.randrange(8)
        (data / "library.sqlite").write_bytes(bytes(garbled))
        told = do("checks:pages", str(data), EXACTLY)
        found = told.all("found")
        ledger.note(number, found[0][0]["end"] if found else told.end, None if found else f"page {page}: {told}")
        shutil.rmtree(data)
    ledger.close()
