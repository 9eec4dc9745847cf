"""The commands that look after a library, alone and through a running server, over a real shelf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import CommandLine
from running import Running
from stand_ins import FakeRag

from index.config import IndexConfig
from index.errors import EmbedderChanged
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.cli import FAILED
from ui.config import Config
from ui.serving import EXAMPLES

TEXT = "The bridge was lifted on 3 May, said the mayor of {0}. It had rusted.\n"
OPEN = Shelf.open


class Line(CommandLine):
    def documents(self, name: str = "default") -> list[dict[str, object]]:
        assert self("list", "--dossier", name, "--json") == 0
        return list(json.loads(self.out)["documents"])


@pytest.fixture(autouse=True)
def fake_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    embedders = {"bge-small-en-v1.5": "fake-32", "other": "other-32"}

    def made(config: IndexConfig) -> FakeEmbedder:
        embedder = FakeEmbedder(embedders[config.embedder])
        embedder.name = config.embedder
        return embedder

    monkeypatch.setattr("index.shelf._configured", made)
    monkeypatch.setattr("ui.adding.POLL", 0.01)
    monkeypatch.setattr("ui.moving.POLL", 0.01)


@pytest.fixture(params=["alone", "through a server"])
def line(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Line]:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    if request.param == "alone":
        yield Line(capsys, data)
        return
    shelf = OPEN(IndexConfig(data=data))
    server = Running(FakeRag(shelf=shelf), Config(data=data, page=False))  # type: ignore[arg-type] # a real one
    shelf._owner.note(server.address)
    yield Line(capsys, data)
    server.stop()


def filled(line: Line, folder: Path, count: int = 3) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(TEXT.format(number))
    assert line("add", str(folder)) == 0


def test_a_backup_is_restored_elsewhere(line: Line, tmp_path: Path) -> None:
    filled(line, tmp_path / "news")
    before = line.documents()
    assert line("backup", "safe.zip") == 0
    assert "3 original files" in line.out
    assert list((line.data / "backups").iterdir()) == []
    assert line("backup", "safe.zip") == FAILED
    assert "safe.zip already" in line.err
    assert line("backup") == 0
    assert len(list((line.data / "backups").iterdir())) == 2
    assert line("restore", "safe.zip") == FAILED
    elsewhere = Line(line.capture, tmp_path / "elsewhere")
    assert elsewhere("restore", "safe.zip") == 0
    assert elsewhere.documents() == before
    assert (tmp_path / "safe.zip").stat().st_mode & 0o077 == 0


def test_compacting_says_what_it_dropped_and_where_it_lives_on(line: Line, tmp_path: Path) -> None:
    filled(line, tmp_path / "news")
    (tmp_path / "news" / "1.txt").write_text("Something else altogether.")
    assert line("add", str(tmp_path / "news")) == 0
    line("backup")
    assert line("compact") == 0
    assert line.out.startswith("Dropped 1 replaced versions")
    assert "1 backups" in line.err


def test_the_doctor_mends(line: Line, tmp_path: Path) -> None:
    filled(line, tmp_path / "news")
    assert line("doctor", "--mend") == 0
    assert "Built every index anew." in line.err


def test_reindexing_by_the_same_embedder(line: Line, tmp_path: Path) -> None:
    filled(line, tmp_path / "news")
    assert line("reindex") == 0
    assert "0 vectors were mended" in line.out


def test_reindexing_by_another_embedder(line: Line, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    filled(line, tmp_path / "news")
    if "server" in request.node.name:
        assert line("reindex", "--embedder", "other") == FAILED
        assert "Stop it, run `dossier reindex --embedder other`" in line.err
        return
    assert line("--embedder", "other", "list") == FAILED
    assert "dossier reindex --embedder other" in line.err
    assert line("reindex", "--embedder", "other") == 0
    assert "Embedded 3 passages with other" in line.out
    assert line("--embedder", "other", "list") == 0
    with pytest.raises(EmbedderChanged):
        OPEN(IndexConfig(data=line.data))


def test_a_dossier_moves_to_another_library(line: Line, tmp_path: Path) -> None:
    assert line("add", str(EXAMPLES), "--dossier", "affair") == 0
    corrected = line.documents("affair")[0]
    assert line("export", "affair", "affair.zip") == 0
    count = len(line.documents("affair"))
    assert line("export", "affair", "affair.zip") == FAILED
    assert count > 20
    elsewhere = Line(line.capture, tmp_path / "elsewhere")
    assert elsewhere("import", "affair.zip") == 0
    assert elsewhere("import", "affair.zip") == FAILED
    assert "--dossier NAME" in elsewhere.err
    assert elsewhere("import", "affair.zip", "--dossier", "copy") == 0
    for name in ("affair", "copy"):
        there = {str(one["source"]): one for one in elsewhere.documents(name)}
        for document in line.documents("affair"):
            for field in ("name", "title", "publisher", "published", "characters", "passages"):
                assert there[str(document["source"])][field] == document[field]
    assert corrected["sha256"]


def test_what_is_no_export_is_refused(line: Line, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("nothing")
    assert line("import", "x.zip") == FAILED
    assert "x.zip is no exported dossier" in line.err
    assert line("import", "missing.zip") == FAILED
