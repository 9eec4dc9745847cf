"""What was needed for a while is given back."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index.shelf import Shelf

FREED = """
import ctypes
from pathlib import Path
from index.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20

blocks = [bytes(1000) for _ in range(100_000)]
last = blocks[-1]  # lies above all others, which the heap thus keeps
del blocks
before = resident()
give_back()
after = resident()
give_back()  # not again so soon, and no harm
print(before - after)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps heaps and gives them back")
def test_what_threads_freed_goes_back_to_the_system() -> None:
    told = subprocess.run(
        [sys.executable, "-c", FREED],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert int(told.stdout) > 50


def test_it_is_given_back_after_the_indexes_were_looked_after(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Event()
    monkeypatch.setattr("index.upkeep.give_back", given.set)
    shelf.create_dossier("news")
    shelf._upkeep.notice()
    assert given.wait(60)
