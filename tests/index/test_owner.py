from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from index.errors import LibraryBusy
from index.owner import Owner

HOLD = """
import sys, time
from pathlib import Path
from index.owner import Owner
owner = Owner.take(Path(sys.argv[1]), "http://127.0.0.1:7860")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_within_a_second_naming_the_first(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        began = time.monotonic()
        with pytest.raises(LibraryBusy, match=f"process {holder.pid} at http://127.0.0.1:7860") as refused:
            Owner.take(tmp_path)
        assert time.monotonic() - began < 1
        assert (refused.value.pid, refused.value.address) == (holder.pid, "http://127.0.0.1:7860")
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    began = time.monotonic()
    Owner.take(tmp_path).release()  # what the killed one left is no obstacle
    assert time.monotonic() - began < 1


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    owner = Owner.take(tmp_path)
    with pytest.raises(LibraryBusy, match=str(os.getpid())):
        Owner.take(tmp_path)
    owner.release()
    Owner.take(tmp_path).release()


def test_a_garbled_note_still_refuses(tmp_path: Path) -> None:
    owner = Owner.take(tmp_path)
    (tmp_path / "owner.json").write_text("[")
    with pytest.raises(LibraryBusy, match="another process") as refused:
        Owner.take(tmp_path)
    assert refused.value.pid is None
    owner.release()
