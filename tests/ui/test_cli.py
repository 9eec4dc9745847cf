from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import Running
from stand_ins import FakeRag

from index.errors import LibraryBusy
from index.owner import Owner
from ui.cli import DECLINED, FAILED, STOPPED, USAGE, main
from ui.config import Config
from ui.flags import SECRET, settings

BRIDGE = "The bridge was lifted on 3 May.\nIt had rusted."
DOSSIER = Path(sys.executable).parent / "dossier"


@dataclass
class Terminal:
    """Runs commands in this process, over a scripted pipeline: at a running server, or without one."""

    rag: FakeRag
    capture: pytest.CaptureFixture[str]
    data: Path
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(self.data), *arguments])
        self.out, self.err = self.capture.readouterr()
        assert "Traceback" not in self.err
        return int(ended.value.code or 0)


@pytest.fixture(params=["alone", "through a server"])
def terminal(
    request: pytest.FixtureRequest,
    server: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Terminal]:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    monkeypatch.setattr("ui.adding.POLL", 0.01)
    if request.param == "alone":
        monkeypatch.setattr("index.shelf.Shelf.open", lambda config: server.rag.shelf)
        monkeypatch.setattr("ui.desk.OwnDesk.rag", server.rag)
        yield Terminal(server.rag, capsys, data)
    else:
        owner = Owner.take(data, server.address)
        yield Terminal(server.rag, capsys, data)
        owner.release()


def test_files_are_added_listed_asked_and_removed(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "bridge.txt").write_text(BRIDGE)
    (folder / "ferry.md").write_text("The ferry runs.")
    (folder / "photo.xyz").write_bytes(b"\x00")
    assert terminal("add", str(folder)) == 0
    assert terminal.out == "2 added, 0 replaced, 0 unchanged, 0 failed\n"
    assert "photo.xyz" in terminal.err
    assert terminal("add", str(folder)) == 0
    assert terminal.out == "0 added, 0 replaced, 2 unchanged, 0 failed\n"
    assert terminal("list") == 0
    assert "bridge.txt" in terminal.out
    assert terminal("ask", "What was lifted?") == 0
    assert "The bridge was lifted on 3 May. [1]" in terminal.out
    assert "“The bridge was lifted on 3 May.”" in terminal.out
    assert terminal("search", "bridge", "--limit", "1") == 0
    assert terminal.out.startswith("1. bridge.txt")
    assert terminal("remove", "bridge.txt") == 0
    assert terminal("list", "--json") == 0
    (left,) = json.loads(terminal.out)["documents"]
    assert left["source"] == f"file:{folder.resolve() / 'ferry.md'}"


def test_a_failed_file_is_named_and_the_others_are_added(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "small.txt").write_text("small")
    assert terminal("add", "big.txt", "small.txt", "missing.txt", "--json") == FAILED
    told = json.loads(terminal.out)
    assert told["added"] == 1
    assert sorted(failure["name"] for failure in told["failed"]) == ["big.txt", "missing.txt"]


def test_many_files_are_added_in_several_jobs(terminal: Terminal, tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number}.txt").write_text(str(number))
    assert terminal("add", *(f"{number}.txt" for number in range(120))) == 0
    assert terminal.out == "120 added, 0 replaced, 0 unchanged, 0 failed\n"
    assert len(terminal.rag.shelf.log) == 3


def test_stopping_says_what_was_kept(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text(str(number))
    terminal.rag.shelf.slowness = 0.05

    def tell(done: int, all: int, name: str) -> None:
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr("ui.adding.progress", lambda: nullcontext(tell))
    status = terminal("add", *(f"{number}.txt" for number in range(30)))
    assert status == STOPPED
    assert terminal.out.startswith("Stopped; kept what was done: ")
    assert 0 < len(terminal.rag.shelf.kept) < 30


def test_declining_has_a_status_of_its_own(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    terminal("add", "bridge.txt")
    assert terminal("ask", "nonsense") == DECLINED
    assert "The documents do not answer this question." in terminal.out
    assert terminal("ask", "nonsense", "--json") == DECLINED
    assert json.loads(terminal.out)["standing"] == "declined"


def test_the_only_dossier_is_asked(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("ask", "What?") == FAILED
    assert terminal.err == "dossier: There are no documents yet. Add some: dossier add PATH\n"
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    assert terminal("add", "bridge.txt", "--dossier", "News") == 0
    assert terminal("ask", "What?", "--json") == 0
    assert json.loads(terminal.out)["dossier"] == "News"
    terminal("dossiers", "create", "Other")
    assert terminal("ask", "What?") == FAILED
    assert "--dossier" in terminal.err
    terminal("add", "bridge.txt")
    assert terminal("ask", "What?", "--json") == 0
    assert json.loads(terminal.out)["dossier"] == "default"


def test_dossiers_are_made_renamed_and_removed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal("dossiers", "create", "Brücken/1") in (0, FAILED)  # the real shelf refuses the slash
    assert terminal("dossiers", "create", "A") == 0
    assert terminal("dossiers", "rename", "A", "B") == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert terminal("dossiers", "remove", "B") == STOPPED
    assert terminal("dossiers", "remove", "B", "--yes") == 0
    assert terminal("dossiers", "remove", "B", "--yes") == FAILED
    assert terminal("dossiers", "--json") == 0
    assert "B" not in [one["name"] for one in json.loads(terminal.out)["dossiers"]]


def test_what_is_not_there_is_not_removed(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    terminal("add", "bridge.txt")
    assert terminal("remove", "bridge.txt", "other.txt") == FAILED
    assert "other.txt" in terminal.err
    assert terminal("list") == 0
    assert "bridge.txt" in terminal.out


def test_filters_reach_the_pipeline(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    terminal("add", "bridge.txt")
    terminal("ask", "What?", "--publisher", "A", "--publisher", "B", "--from", "2024", "--to", "2024-06")
    asked = terminal.rag.asked[-1].filter
    assert (asked.publishers, asked.published_from, asked.published_to) == (("A", "B"), "2024", "2024-06")


def test_the_doctor_examines(terminal: Terminal) -> None:
    assert terminal("doctor") == 0
    assert terminal.out == "ok   library: The library is whole.\n"


def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    owner = Owner.take(tmp_path / "data", "http://127.0.0.1:9")
    terminal = Terminal(FakeRag(), capsys, tmp_path / "data")
    assert terminal("list") == FAILED
    assert "http://127.0.0.1:9" in terminal.err
    owner.release()


def test_an_owner_without_an_address_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    owner = Owner.take(tmp_path / "data")
    terminal = Terminal(FakeRag(), capsys, tmp_path / "data")
    assert terminal("list") == FAILED
    assert f"{os.getpid()}" in terminal.err
    assert issubclass(LibraryBusy, Exception)
    owner.release()


def test_a_server_with_a_key(
    start: Callable[..., Running],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = start(key="a key of enough length")
    owner = Owner.take(tmp_path / "own", server.address)
    terminal = Terminal(server.rag, capsys, tmp_path / "own")
    assert terminal("dossiers") == FAILED
    assert "--key-file" in terminal.err
    (tmp_path / "key").write_text("a key of enough length\n")
    assert terminal("--key-file", "key", "dossiers") == 0
    monkeypatch.setenv("DOSSIER_KEY", "a key of enough length")
    assert terminal("dossiers") == 0
    owner.release()


def test_models_are_listed_with_their_sha256(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOSSIER_MODELS", raising=False)
    terminal = Terminal(FakeRag(), capsys, tmp_path / "data")
    assert terminal("models") == 0
    assert "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4" in terminal.out
    assert "missing" in terminal.out
    assert terminal("models", "--json") == 0
    assert {model["state"] for model in json.loads(terminal.out)["models"]} == {"missing"}
    assert terminal("models", "fetch", "no-such-model") == FAILED


def test_only_commands_that_need_a_model_fetch_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOSSIER_MODELS", raising=False)
    fetched: list[str] = []
    monkeypatch.setattr("index.models.fetch", lambda config, name, progress: fetched.append(name))
    terminal = Terminal(FakeRag(), capsys, tmp_path / "data")
    for command in (["list"], ["doctor"], ["dossiers"], ["remove", "x"]):
        assert terminal(*command) == FAILED
        assert "dossier models fetch" in terminal.err
    assert fetched == []
    for command in (["ask", "What?"], ["search", "x"], ["add", "x.txt"]):
        assert terminal(*command) == FAILED
        assert fetched
        fetched.clear()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["ask"], USAGE), (["nonsense"], USAGE), (["search", "x", "--limit", "0"], USAGE), (["--prot", "1"], USAGE)],
)
def test_wrong_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == status
    assert "Usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--port", "x", "list"], ["list", "--port", "70000"], ["--threads", "-1", "list"]]
)
def test_an_impossible_setting_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == FAILED
    told = capsys.readouterr().err
    assert told.startswith("dossier: The setting ")
    assert told.count("\n") == 1


def test_every_setting_but_the_key_is_a_flag() -> None:
    flags = {setting.name: setting.meaning for setting in settings()}
    fields = {name: field.description for name, field in Config.model_fields.items() if name != SECRET}
    assert {name: " ".join((meaning or "").split()) for name, meaning in fields.items()} == flags


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    heavy = ("gradio", "chromadb", "torch", "onnxruntime", "fastapi", "pydantic", "httpx", "rich", "numpy", "tantivy")
    script = (
        "import sys, time\n"
        "from ui.cli import main\n"
        "try:\n    main([*sys.argv[1:], '--help'])\n"
        "except SystemExit as ended: assert not ended.code\n"
        f"print([name for name in {heavy} if name in sys.modules], time.process_time(), file=sys.stderr)"
    )
    for command in ([], ["serve"], ["models", "fetch"]):
        result = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
        assert "Usage: dossier" in result.stdout
        imported, seconds = result.stderr.rsplit(" ", 1)
        assert imported == "[]"
        assert float(seconds) < 0.5  # of the processor, since other work on the machine is not the command's


def test_the_command_is_installed() -> None:
    result = subprocess.run([DOSSIER, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("dossier 0.")


def test_errors_of_a_command_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "dossier.toml").write_text("prot = 1\n")
    result = subprocess.run([DOSSIER, "list"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == FAILED
    assert result.stderr == "dossier: 'prot' in the settings file dossier.toml is not a setting. Did you mean 'port'?\n"
    assert result.stdout == ""


def test_a_metadata_file_beside_files_tells_about_them(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "a.txt").write_text("The bridge opens in 2027.")
    (folder / "b.txt").write_text("It was decided.")
    (folder / "metadata.csv").write_text("name,publisher,published\na.txt,The Post,2024-05-17\ngone.txt,X,\n")
    assert terminal("add", str(folder)) == 0
    assert "metadata.csv names gone.txt, which is not here" in terminal.err
    documents, _ = terminal.rag.shelf.documents("default")
    known = {document.name: (document.metadata.publisher, document.metadata.published) for document in documents}
    assert known == {"a.txt": ("The Post", "2024-05-17"), "b.txt": (None, None)}
    (folder / "metadata.csv").write_text("nome,publisher\na.txt,The Post\n")
    assert terminal("add", str(folder)) == FAILED
    assert "unknown column 'nome'" in terminal.err


def test_an_archive_and_pages_are_added(terminal: Terminal, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.txt", "one")
        archive.writestr("p.png", "x")
    assert terminal("add", str(tmp_path / "all.zip"), "https://news.example/a") == 0
    assert "2 added" in terminal.out
    assert "all.zip/p.png" in terminal.err
    documents, _ = terminal.rag.shelf.documents("default")
    assert {document.source for document in documents} == {
        "https://news.example/a",
        f"file:{tmp_path.resolve()}/all.zip#a.txt",
    }


def test_metadata_is_corrected(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The bridge opens in 2027.")
    terminal("add", str(tmp_path / "a.txt"))
    assert terminal("metadata", "a.txt", "--publisher", "The Post", "--published", "2024-05") == 0
    assert "The Post" in terminal.out
    ((document,), _) = terminal.rag.shelf.documents("default")
    assert (document.metadata.publisher, document.metadata.published) == ("The Post", "2024-05")
    assert terminal("metadata", "a.txt") == USAGE
    assert "Nothing to correct" in terminal.err
    assert terminal("metadata", "b.txt", "--title", "B") == FAILED


def test_a_large_import_is_judged_first(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tmp_path / "articles"
    files.mkdir()
    for number in range(3):
        (files / f"{number}.txt").write_text(BRIDGE)
    assert terminal("add", str(files)) == 0
    assert "may take" not in terminal.err  # three files are no large import
    monkeypatch.setattr("index.estimating.LARGE_FILES", 3)
    size = 3 * len(BRIDGE)
    assert terminal("add", str(files)) == 0
    told = f"This may take {size / 60:.1f} hours and 0 MB of disk (1000.0 GB free): about {size // 10} passages"
    assert told in terminal.err
    monkeypatch.setattr(terminal.rag.shelf, "free", size)
    assert terminal("add", str(files), "--dossier", "other") == FAILED
    assert "would take about 0 MB of disk; 0 MB are free. Free some space" in terminal.err
    assert "other" not in [dossier.name for dossier in terminal.rag.shelf.dossiers()]
    assert terminal("add", str(files), "--dossier", "other", "--yes") == 0
    assert "3 added" in terminal.out
