from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from index import models
from index.config import IndexConfig
from index.shelf import Shelf
from tests.chroma_server import ChromaServer
from tests.fakes import FakeEmbedder
from tests.soak.nursery import folder_in_memory

# A busy machine is no fault of ours: how long an example takes is measured elsewhere.
settings.register_profile("dossier", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dossier")


@pytest.fixture
def config(tmp_path: Path) -> IndexConfig:
    """Settings with a data folder of its own."""
    return IndexConfig(data=tmp_path / "data")


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def shelf(config: IndexConfig, embedder: FakeEmbedder) -> Iterator[Shelf]:
    """An empty shelf with the fake embedder."""
    with Shelf.open(config, embedder) as opened:
        yield opened


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, if there is room, for tests that wait for the disk hundreds of times."""
    folder = folder_in_memory()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A running Chroma server."""
    server = ChromaServer(tmp_path_factory.mktemp("chroma"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """The folder of the model files: `DOSSIER_MODELS`, else the one that `make setup` fills; fetched where missing."""
    folder = Path(os.environ.get("DOSSIER_MODELS") or Path(__file__).parents[1] / "data" / "models").resolve()
    for model in (models.EMBEDDER, models.RERANKER):
        models.fetch(IndexConfig(models=folder), model.name)
    return folder
