"""The data folder of every released version opens, with everything in it found as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.shelf import Shelf
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
