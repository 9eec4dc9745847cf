"""A real nginx with TLS shows a real server under a path of its own, to programs and to a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import Visit, _note_request, chromium
from test_page import GROWTH

from ui.keys import KeyFile

pytestmark = [pytest.mark.soak, pytest.mark.browser]
ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".venv" / "unpacked" / "nginx"


@pytest.fixture(scope="module")
def nginx() -> str:
    """Find nginx, or unpack it."""
    if found := shutil.which("nginx"):
        return found
    subprocess.run([ROOT / "scripts" / "unpacked", "nginx", UNPACKED], check=True, timeout=300)
    return str(UNPACKED / "usr" / "sbin" / "nginx")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def configured(folder: Path, port: int, behind: int) -> Path:
    """Write our own configuration with everything that it needs around it."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:dossier.example,DNS:localhost"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=dossier.example"]
    made += ["-addext", names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    words = {"LISTEN": f"127.0.0.1:{port}", "CERTIFICATE_KEY": key, "CERTIFICATE": certificate, "PORT": behind}
    ours = (ROOT / "packaging" / "nginx.conf").read_text()
    for word, value in words.items():
        ours = (
            ours.replace(f" {word} ", f" {value} ")
            .replace(f" {word};", f" {value};")
            .replace(f":{word}/", f":{value}/")
        )
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{places}{ours}\n}}\n"
    )
    return file


SERVER = """
import sys
from pathlib import Path
from scripted import ScriptedRag, put
from test_page import GROWTH
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.config import Config
from ui.server import serve
config = Config(data=Path(sys.argv[1]), port=0, hosts=("dossier.example", "localhost"), path="/dossier")
with Shelf.open(config, FakeEmbedder()) as shelf:
    put(shelf, "default", "trade.txt", GROWTH)
    serve(config, lambda config, address: ScriptedRag(shelf), lambda address, service: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, nginx: str) -> Iterator[tuple[str, Path, str]]:
    """Serve behind nginx; give the address, the certificate and a key."""
    folder = tmp_path_factory.mktemp("proxy")
    _, key = KeyFile(folder / "data").add("anna")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'ui'}"}
    command = [sys.executable, "-c", SERVER, str(folder / "data")]
    port = free_port()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment) as server:
        assert server.stdout is not None
        behind = int(server.stdout.readline().rpartition(":")[2])
        with subprocess.Popen([nginx, "-p", folder, "-c", configured(folder, port, behind)]) as process:
            try:
                address = f"https://localhost:{port}/dossier"
                wait_for(address, folder / "cert.pem", folder / "error.log")
                yield address, folder / "cert.pem", key
            finally:
                process.terminate()
                server.terminate()


def wait_for(address: str, certificate: Path, log: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/health", verify=trusting(certificate), trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_programs_reach_it_under_its_path(proxied: tuple[str, Path, str]) -> None:
    address, certificate, key = proxied
    bearer = {"authorization": f"Bearer {key}"}
    with httpx.Client(verify=trusting(certificate), trust_env=False, headers=bearer, timeout=30) as http:
        assert http.get(f"{address}/v1/dossiers").json()["dossiers"][0]["name"] == "default"
        asked = http.post(f"{address}/v1/ask", json={"question": "Has overall trade increased since the agreement?"})
        assert asked.json()["statements"][0]["text"] == GROWTH
        with http.stream("POST", f"{address}/v1/ask", json={"question": "overall trade", "stream": True}) as stream:
            assert "event: done" in "".join(stream.iter_text())
        assert http.get(f"{address}/openapi.json").json()["servers"] == [{"url": "/dossier"}]
        assert http.get(f"{address}/docs").status_code == 200
        assert http.get(f"{address}/docs/swagger-ui.css").status_code == 200
        assert http.get(f"{address}/v1/dossiers", headers={"host": "evil.example"}).status_code == 403
        assert http.get(f"{address}/v1/dossiers", headers={"origin": "https://evil.example"}).status_code == 403
    with httpx.Client(verify=trusting(certificate), trust_env=False) as http:
        assert http.get(f"{address}/v1/dossiers").status_code == 401
        sent = http.get(f"{address}/?answer=a_1", headers={"accept": "text/html"})
        assert sent.headers["location"] == "/dossier/login?next=/%3Fanswer%3Da_1"
        origin = {"origin": address.removesuffix("/dossier")}
        reply = http.post(f"{address}/login", data={"key": key, "next": "/?answer=a_1"}, headers=origin)
        assert reply.headers["location"] == "/dossier/?answer=a_1"
        cookie = reply.headers["set-cookie"].lower()
        assert "path=/dossier" in cookie
        assert "secure" in cookie
        forged = {"authorization": "Bearer wrong", "x-forwarded-for": "8.8.8.8"}
        statuses = {http.get(f"{address}/v1/dossiers", headers=forged).status_code for _ in range(12)}
        assert statuses == {401, 429}


def test_a_browser_logs_in_asks_and_uploads_under_its_path(proxied: tuple[str, Path, str]) -> None:
    address, _, key = proxied
    with chromium() as browser:
        context = browser.new_context(ignore_https_errors=True, viewport={"width": 1400, "height": 900})
        context.set_default_timeout(60_000)
        visit = Visit(context.new_page(), address)
        visit.page.on("request", lambda request: _note_request(visit, request.url))
        visit.page.goto(f"{address}/")
        visit.page.get_by_label("Key").fill(key)
        visit.page.get_by_role("button", name="Log in").click()
        visit.page.locator("#dossier-name").wait_for(state="attached")  # the page may still be starting
        visit.ask("Has overall trade increased since the agreement?")
        assert GROWTH in visit.page.locator("#chat .answer").inner_text()
        visit.upload(("roses.txt", b"Roses need water twice weekly."))
        assert visit.page.locator("#upload-list li.done").count() == 1
        assert visit.foreign == []
