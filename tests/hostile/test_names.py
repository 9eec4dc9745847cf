"""60 names and paths that lead elsewhere: nothing outside the data folder is read or written, and nothing hangs."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
import time
import unicodedata
import zipfile
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import DossierError
from index.load import Skipped, expand
from index.load.files import files_of, source_of
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.api.uploads import clean_name

CANARY = "the canary sings outside"
NAMES = [
    "../canary.txt", "../../canary.txt", "../" * 40 + "etc/passwd.txt", "..\\..\\canary.txt", "/etc/passwd.txt",
    "/home/canary.txt", "C:\\Windows\\win.ini.txt", "\\\\server\\share\\a.txt", "//server/share/a.txt", "a/../../canary.txt",
    "./../canary.txt", "....//canary.txt", "..%2f..%2fcanary.txt", "..%252fcanary.txt", "..\u2215canary.txt",
    "..\uff0fcanary.txt", "~/canary.txt", "$HOME/canary.txt", "`id`.txt", "$(id).txt", "a;id.txt", "a|id.txt", "a\nb.txt",
    "a\rb.txt", "a\0.txt", "\0/etc/passwd.txt", "a\tb.txt", "\x1b[2J.txt", "\x7f.txt", "CON.txt", "NUL.txt", "COM1.txt",
    "aux.txt", "a.txt.", "a.txt ", " a.txt", ".txt", "..txt", "...txt", "-rf.txt", "--help.txt", "a" * 4096 + ".txt",
    "b/" * 2000 + "c.txt", "\u202egpj.txt", "\u2066a\u2069.txt", "a\u200b.txt", "\ufeffa.txt", "\ud800.txt", "e\u0301.txt",
    "😀" * 200 + ".txt", "<script>alert(1)</script>.txt", "'; DROP TABLE documents; --.txt", "%s%n%x.txt", "{0.__class__}.txt",
    "file:///etc/passwd.txt", "http://127.0.0.1:9/a.txt", "data:text/plain,a.txt", "a.txt:stream", "/dev/stdin.txt",
    "/proc/self/environ.txt",
]  # fmt: skip


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def zipped(names: list[str]) -> bytes:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        for number, name in enumerate(names):
            member = zipfile.ZipInfo("x.txt")
            member.filename = name.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:60000]
            archive.writestr(member, f"Member number {number} says something of its own.")
    return box.getvalue()


def test_there_are_sixty() -> None:
    assert len(set(NAMES)) == 60


def test_sixty_names_of_uploads_and_members_stay_labels(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary.txt").write_text(CANARY)
    before = everything(outside)
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(hook)
    config = IndexConfig(data=outside / "deep" / "data")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        sources = [
            Source(clean_name(name), f"upload:{n}", content=f"Text number {n}.".encode())
            for n, name in enumerate(NAMES)
        ]
        sources += [
            found
            for found in expand(Source("all.zip", "upload:all.zip", content=zipped(NAMES)), config)
            if not isinstance(found, Skipped)
        ]
        job = shelf.wait(shelf.add("names", sources).id, 120)
        assert job.added + len(job.failed) == job.total > 100
        kept, _ = shelf.documents("names", None, 500)
        for document in kept:
            assert not {"..", "."} & set(document.name.replace("\\", "/").split("/"))
            assert not document.name.startswith(("/", "\\"))
            assert len(document.name) <= 500
            assert not {"Cc", "Cs"} & {unicodedata.category(letter) for letter in document.name}
            assert "\u202e" not in document.name
            assert CANARY not in shelf.text(document.id)
            assert shelf.original(document.id)[0]
    watching = False
    home = str(config.data)
    foreign = [path for path in opened if "canary" in path or ("passwd" in path and not path.startswith(home))]
    assert foreign == []
    assert {path: content for path, content in everything(outside).items() if home not in path} == before
    originals = {path.name for path in (config.data / "originals").rglob("*") if path.is_file()}
    assert all(name.isascii() and "/" not in name and ".." not in name for name in originals)


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder with every kind of thing that is no plain file of its own."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "canary.txt").write_text(CANARY)
    (inside / "good.txt").write_text("A plain text of this folder.")
    (inside / "link.txt").symlink_to(outside / "canary.txt")
    (inside / "folder").symlink_to(outside)
    (inside / "up.txt").symlink_to("../outside/canary.txt")
    (inside / "circle.txt").symlink_to("circle.txt")
    (inside / "proc.txt").symlink_to("/proc/self/environ")
    (inside / "zero.txt").symlink_to("/dev/zero")
    (inside / "root.txt").symlink_to("/")
    os.mkfifo(inside / "pipe.txt")
    os.mkfifo(inside / "deep" / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(inside)
        listener.bind("socket.txt")
    return inside


def test_a_folder_of_links_pipes_and_sockets_gives_its_plain_files_alone(
    odd_folder: Path, config: IndexConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(odd_folder)
    began = time.monotonic()
    walked = list(files_of([odd_folder]))
    assert [path.name for path in walked if isinstance(path, Path)] == ["good.txt"]
    assert len([skipped for skipped in walked if isinstance(skipped, Skipped)]) >= 9
    refused = 0
    for path in (
        "pipe.txt",
        "deep/pipe.txt",
        "socket.txt",
        "circle.txt",
        "root.txt",
        "deep",
        "/dev/zero",
        "/proc/self/mem",
    ):
        with pytest.raises(DossierError):
            source_of(odd_folder / path, config)
        refused += 1
    assert refused == 8
    assert time.monotonic() - began < 10


def test_a_file_that_becomes_a_link_or_vanishes_between_scan_and_read(config: IndexConfig, tmp_path: Path) -> None:
    """100 races: what is read is what lay in the folder, or a clear error."""
    (tmp_path / "canary.txt").write_text(CANARY)
    path = tmp_path / "inside" / "a.txt"
    path.parent.mkdir()
    outcomes = set()
    for number in range(100):
        path.write_text("ours " * 2000)
        swap = threading.Thread(target=_swap, args=(path, number % 3))
        swap.start()
        try:
            content = source_of(path, config).content or b""
            outcomes.add("read")
            assert b"ours" in content or content == b""
        except DossierError as error:
            outcomes.add(type(error).__name__)
        finally:
            swap.join()
        path.unlink(missing_ok=True)
    assert outcomes <= {"read", "NotFound", "UnreadableFile"}


def _swap(path: Path, how: int) -> None:
    if how == 0:
        path.unlink(missing_ok=True)
    elif how == 1:
        path.write_text("")
    else:
        path.chmod(0)
