from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the stand-ins lie beside the tests

from page_fixtures import address, allowed, browser, context, rag, visit, with_folders
from running import Running
from stand_ins import FakeRag

from ui.config import Config

__all__ = ["address", "allowed", "browser", "context", "rag", "visit", "with_folders"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Start servers with settings of one's own; they stop with the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("DOSSIER_KEY", "DOSSIER_DATA", "DOSSIER_PORT"):
        monkeypatch.delenv(name, raising=False)
    running: list[Running] = []

    def start(rag: FakeRag | None = None, **settings: object) -> Running:
        config = Config.load(data=tmp_path / "data", page=False, **settings)
        running.append(Running(rag or FakeRag(), config))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def long_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = Running(FakeRag(), Config(data=tmp_path_factory.mktemp("data"), page=False))
    yield server
    server.stop()


@pytest.fixture
def server(long_running: Running) -> Running:
    """Give a server without documents, with the settings' defaults and no key."""
    long_running.rag.empty()
    long_running.http.cookies.clear()
    return long_running
