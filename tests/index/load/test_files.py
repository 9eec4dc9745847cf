from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from index.config import IndexConfig
from index.errors import NotFound, TooLarge, UnreadableFile
from index.load import Skipped, files_of, source_of


def _names(*paths: Path) -> list[str]:
    return [found.name if isinstance(found, Path) else f"-{found.path.name}" for found in files_of(paths)]


def _reason(path: Path) -> str:
    (found,) = files_of([path])
    assert isinstance(found, Skipped)
    return found.reason


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", ".hidden.txt", "sub/c.pdf", ".git/d.txt", "x.xyz", "sub/~e.docx"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert _names(tmp_path) == ["a.md", "b.txt", "c.pdf", "~e.docx", "-x.xyz"]
    assert _names(tmp_path / "b.txt", tmp_path / "sub") == ["b.txt", "c.pdf", "~e.docx"]


def test_links_stay_inside_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "real.txt").write_text("x")
    (folder / "inside.txt").symlink_to(folder / "real.txt")
    (folder / "out.txt").symlink_to(outside)
    (folder / "up.txt").symlink_to("../outside.txt")
    (folder / "etc").symlink_to("/etc")
    (folder / "circle").symlink_to(folder)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "gone.txt").symlink_to(folder / "missing")
    assert _names(folder) == [
        "-circle",
        "-etc",
        "-gone.txt",
        "inside.txt",
        "-out.txt",
        "real.txt",
        "-self.txt",
        "-up.txt",
    ]
    reasons = {found.path.name: found.reason for found in files_of([folder]) if isinstance(found, Skipped)}
    assert "outside" in reasons["out.txt"]
    assert "outside" in reasons["etc"]
    assert "link to a folder" in reasons["circle"]
    assert "leads nowhere" in reasons["gone.txt"]


def test_pipes_devices_and_missing_files(tmp_path: Path, config: IndexConfig) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    assert "a pipe" in _reason(pipe)
    assert _names(tmp_path) == ["-pipe.txt"]
    assert "a device" in _reason(Path("/dev/zero"))
    assert "No such file" in _reason(tmp_path / "none.txt")
    assert "null" in _reason(Path("a\0b.txt"))
    assert "Supported are .txt" in _reason(Path("/etc/passwd"))
    for path, message in ((pipe, "a pipe, not a file"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(UnreadableFile, match=message):
            source_of(path, config)
    with pytest.raises(NotFound, match="There is no file"):
        source_of(tmp_path / "none.txt", config)
    with pytest.raises(UnreadableFile):
        source_of(Path("a\0b.txt"), config)


def test_a_source_has_the_bytes_and_the_absolute_address(tmp_path: Path, config: IndexConfig) -> None:
    path = tmp_path / "a b.txt"
    path.write_bytes(b"text")
    source = source_of(tmp_path / "x" / ".." / "a b.txt" if (tmp_path / "x").mkdir() else path, config)
    assert (source.name, source.content, source.text) == ("a b.txt", b"text", None)
    assert source.address == f"file:{path.resolve()}"


def test_the_limit_holds_by_size_and_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = IndexConfig(max_file_mb=1)
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1_000_000)
    assert len(source_of(path, small).content or b"") == 1_000_000
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(TooLarge, match="1,000,001 bytes; at most 1,000,000"):
        source_of(path, small)
    short = path.stat()
    path.write_bytes(b"x")
    status = path.stat()
    path.write_bytes(b"x" * 1_000_002)
    monkeypatch.setattr(os, "fstat", lambda _: status)  # it has grown since its size was asked
    with pytest.raises(TooLarge, match="1,000,001 bytes"):
        source_of(path, small)
    assert short.st_size == 1_000_001


def test_a_sparse_giant_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(TooLarge):
        source_of(path, IndexConfig(max_file_mb=1))


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(b"first line\nsecond line\n")
    honest = os.fstat

    def earlier(handle: int) -> SimpleNamespace:
        return SimpleNamespace(st_mode=honest(handle).st_mode, st_size=11)

    monkeypatch.setattr(os, "fstat", earlier)
    assert source_of(file, IndexConfig()).content == b"first line\nsecond line\n"
    file.write_bytes(b"x" * 1_000_002)
    with pytest.raises(TooLarge):
        source_of(file, IndexConfig(max_file_mb=1))
