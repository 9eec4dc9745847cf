"""The data folder of every released version opens, with everything in it found as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import LibraryDamaged
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.released.make import expected

HERE = Path(__file__).parent
VERSIONS = sorted(path.stem for path in HERE.glob("*.zip"))


def test_there_is_a_released_version() -> None:
    assert "0.1.0" in VERSIONS


@pytest.mark.models
@pytest.mark.parametrize("indexes", ["kept", "gone"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_released_version_opens_with_everything_in_it(
    version: str, indexes: str, tmp_path: Path, models_folder: Path
) -> None:
    data = tmp_path / "data"
    shutil.unpack_archive(HERE / f"{version}.zip", data)
    if indexes == "gone":
        shutil.rmtree(data / "indexes")
    wanted = json.loads((HERE / f"{version}.json").read_text(encoding="utf-8"))
    for _ in range(2):  # and again, once it was brought up to date
        with Shelf.open(IndexConfig(data=data, models=models_folder)) as shelf:
            assert expected(shelf) == wanted
            unwell = {health.part: health.mend for health in shelf.doctor() if not health.well}
            assert unwell.pop("splitter", "dossier reindex") == "dossier reindex"  # an older splitter's cuts stay
            assert unwell.keys() <= {"space"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def backup_of(version: str, target: Path) -> None:
    """Write what `dossier backup` of that version wrote: its library, its original files, and their proofs."""
    with zipfile.ZipFile(HERE / f"{version}.zip") as data, zipfile.ZipFile(target, "w") as archive:
        kept = [name for name in data.namelist() if name == "library.sqlite" or name.startswith("originals/")]
        for name in kept:
            archive.writestr(name, data.read(name))
        proofs = {name: hashlib.sha256(data.read(name)).hexdigest() for name in kept}
        about = {"format": "dossier-backup-1", "created": "2026-01-01T00:00:00Z", "sha256": proofs}
        archive.writestr("manifest.json", json.dumps(about))


@pytest.mark.models
@pytest.mark.parametrize("version", VERSIONS)
def test_one_can_go_back_to_what_was_before_an_upgrade_and_forward_again(
    version: str, tmp_path: Path, models_folder: Path
) -> None:
    data, other, backup = tmp_path / "data", tmp_path / "other", tmp_path / "before.zip"
    shutil.unpack_archive(HERE / f"{version}.zip", data)
    wanted = json.loads((HERE / f"{version}.json").read_text(encoding="utf-8"))
    backup_of(version, backup)
    with Shelf.open(IndexConfig(data=data, models=models_folder)) as shelf:  # the upgrade
        job = shelf.add("affair", [Source("rain.txt", "upload:rain.txt", text="It rained on the new bridge.")])
        assert shelf.wait(job.id).added == 1
    assert Shelf.restore(backup, other) == sum("originals/" in name for name in zipfile.ZipFile(backup).namelist())
    with Shelf.open(IndexConfig(data=other, models=models_folder)) as shelf:
        assert expected(shelf) == wanted
    with Shelf.open(IndexConfig(data=data, models=models_folder)) as shelf:  # going back took nothing away
        assert {document.name for document in shelf.documents("affair")[0]} > {"rain.txt"}


def test_a_library_of_a_newer_version_is_refused_with_the_way_back_and_left_as_it_is(tmp_path: Path) -> None:
    config = IndexConfig(data=tmp_path / "data")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        shelf.wait(shelf.add("default", [Source("a.txt", "upload:a.txt", text="It rained.")]).id)
    library = sqlite3.connect(config.data / "library.sqlite")
    (version,) = library.execute("PRAGMA user_version").fetchone()
    library.execute(f"PRAGMA user_version = {version + 1}")
    library.close()
    before = contents(config.data)
    for _ in range(2):
        with pytest.raises(LibraryDamaged, match=f"version {version + 1}.*up to {version}") as caught:
            Shelf.open(config, FakeEmbedder())
        assert "dossier restore BACKUP.zip --data NEW_FOLDER" in str(caught.value)
    after = contents(config.data)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.startswith("owner.")} == set()
