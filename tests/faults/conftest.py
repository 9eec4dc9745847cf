from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.faults.served import Server, served

CANARY = "the-canary-sings-7f3a"
SECRET = f"The secret of the other dossier is {CANARY}."


@pytest.fixture(scope="session")
def with_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with its page and a document; beside its data folder lies a file that nobody may get."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "canary.txt").write_text(CANARY)
    environment = {"GRADIO_TEMP_DIR": str(folder / "gradio"), "GRADIO_ANALYTICS_ENABLED": "True"}
    with served(folder, environment=environment, page=True) as server:
        server.add("The bridge was lifted on 3 May 2024.", "The ferry is to run until June.")
        until = time.monotonic() + 120
        while "The page is starting" in server.http.get("/").text and time.monotonic() < until:
            time.sleep(0.2)
        assert "gradio" in server.http.get("/").text.lower()
        yield server
        assert server.well()
        assert server.outbound() == ""
