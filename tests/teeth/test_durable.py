"""Guards that only show when the machine fails: they are seen at work by what they ask of the system."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from index.library.originals import Originals
from index.load.formats import MD
from index.load.sandbox import Sandbox
from ui.keys import KeyFile


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down, in order, which files are synced and renamed."""
    told: list[str] = []
    sync, rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        told.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        sync(handle)

    def renamed(self: Path, target: Path) -> Path:
        told.append(f"rename {self.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    return told


def test_a_key_is_on_the_disk_before_it_is_shown(tmp_path: Path, asked: list[str]) -> None:
    KeyFile(tmp_path / "data").add("anna")
    assert asked == ["sync keys.new", "rename keys.new", "sync data"]


def test_keys_are_changed_under_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    lock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda handle, how: (held.append(how), lock(handle, how)))
    KeyFile(tmp_path / "data").add("anna")
    assert held == [fcntl.LOCK_EX]


def test_an_original_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path, asked: list[str]) -> None:
    name = Originals(tmp_path / "originals").put(b"text")
    assert asked[0] == f"sync {name}.part"


def test_a_parser_has_limits() -> None:
    box = Sandbox(memory=700, seconds=33)
    try:
        box.read("a.md", MD, b"text", 1000)
        assert box._worker is not None
        limits = Path(f"/proc/{box._worker._process.pid}/limits").read_text()
    finally:
        box.close()
    rows = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert int(rows["Max address space"]) == 700_000_000 + 8 * 4
    assert 33 <= int(rows["Max cpu time"]) <= 45
    assert rows["Max file size"] == "0"
    assert rows["Max core file size"] == "0"
