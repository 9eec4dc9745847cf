from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

DOSSIER = Path(sys.executable).parent / "dossier"
SCRIPTED = """
import sys
sys.path.insert(0, sys.argv[1])
from stand_ins import FakeRag
from ui.config import Config
from ui.server import serve
rag = FakeRag()
rag.shelf.create_dossier("default")
config = Config(port=0, page=sys.argv[2] == "page")
serve(config, lambda config, address: rag, lambda address, service: print(address, flush=True))
print("closed" if rag.closed else "left open", flush=True)
"""


@contextmanager
def scripted(tmp_path: Path, page: str = "no page") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve a scripted pipeline in a process of its own."""
    command = [sys.executable, "-c", SCRIPTED, str(Path(__file__).parent), page]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_in_order_within_five_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with scripted(tmp_path) as (process, address):
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        with pytest.raises(httpx.ReadTimeout):  # a question is being answered
            httpx.post(f"{address}/v1/ask", json={"question": "wait"}, timeout=0.2, trust_env=False)
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))):  # and a connection is open
            began = time.monotonic()
            process.send_signal(number)
            out, err = process.communicate(timeout=6)
        assert time.monotonic() - began < 5
        assert process.returncode == 0
        assert out == "closed\n"
        assert err == ""


def test_the_interface_answers_before_the_page_is_there(tmp_path: Path) -> None:
    with scripted(tmp_path, "page") as (_, address), httpx.Client(base_url=address, trust_env=False) as http:
        assert http.get("/v1/dossiers").status_code == 200
        first = http.get("/")
        assert (first.status_code, "starting" in first.text, 'http-equiv="refresh"' in first.text) == (200, True, True)
        until = time.monotonic() + 40
        while "The page is starting" in http.get("/").text and time.monotonic() < until:
            time.sleep(0.2)
        page = http.get("/")
        assert page.status_code == 200
        assert "gradio" in page.text.lower()
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert http.get("/v1/dossiers").status_code == 200
        assert http.get("/v1/nothing").status_code == 404


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = subprocess.run(
            [DOSSIER, "serve", "--port", port], capture_output=True, text=True, cwd=tmp_path, timeout=20, check=False
        )
    assert result.returncode == 1
    assert result.stderr.startswith(f"dossier: The port {port} of 127.0.0.1 is taken.")
    assert result.stderr.count("\n") == 1


def test_other_machines_are_not_served_without_a_key(tmp_path: Path) -> None:
    result = subprocess.run(
        [DOSSIER, "serve", "--host", "0.0.0.0", "--port", "0"],  # noqa: S104
        capture_output=True, text=True, cwd=tmp_path, timeout=20, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "DOSSIER_KEY" in result.stderr


@pytest.mark.models
def test_a_real_server_adds_answers_and_stops(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_MODELS", str(models_folder))
    (tmp_path / "bridge.txt").write_text("The bridge was lifted on 3 May 2024. It cost 571 million crowns.")
    command = [DOSSIER, "serve", "bridge.txt", "--data", "data", "--port", "0", "--no-page"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Dossier is ready at http://127.0.0.1:")
        assert "Adding bridge.txt" in process.stderr.readline()
        assert process.stderr.readline() == "1 added, 0 replaced, 0 unchanged, 0 failed\n"
        asking = [DOSSIER, "--data", "data", "ask", "How much did the bridge cost?"]
        result = subprocess.run(asking, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
        assert "571 million crowns" in result.stdout
        assert result.returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        result = subprocess.run(asking, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
        assert "571 million crowns" in result.stdout
    finally:
        process.kill()
        process.communicate()
