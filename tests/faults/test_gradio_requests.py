"""The requests by which Gradio's published holes gave files away or reached other hosts, sent to our page."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.faults.conftest import CANARY
from tests.faults.served import Server

PREFIXES = ("", "/gradio_api")
STEPS = "/".join([".."] * 12)


class Listener:
    """A host that nobody may be sent to: it counts who comes."""

    def __init__(self) -> None:
        self.hits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.shutdown(socket.SHUT_RDWR)
    listener.socket.close()


def files(server: Server) -> list[Path]:
    """What nobody may get: a file beside the data folder, the library, our own code, the machine's users."""
    folder = server.log.parent
    return [folder / "canary.txt", folder / "data" / "library.sqlite", Path(__file__), Path("/etc/passwd")]


def reads(wanted: Path) -> list[str]:
    """CVE-2023-34239, CVE-2023-51449, CVE-2024-1561, CVE-2024-1728, CVE-2024-4941, CVE-2024-47164 and their like."""
    path = str(wanted)
    spelled = [
        path, quote(path, safe=""), f"{STEPS}{path}", quote(f"{STEPS}{path}", safe=""), f"file://{path}", f"/{path}",
        f"./{path}", path.replace("/", "\\"), f"{path}%00.png", f"{path}/", f"static/{STEPS}{path}",
    ]  # fmt: skip
    doors = ["/file=", "/file/", "/gradio_api/file=", "/gradio_api/file/", "/gradio_api/proxy=file://", "/static/"]
    doors += [
        "/assets/",
        "/gradio_api/stream/",
        "/custom_component/x/component/",
        "/svelte/",
        "/gradio_api/deep_link?session_hash=",
    ]
    return [door + spelling for door in doors for spelling in spelled]  # fmt: skip


def outward(address: str) -> list[str]:
    """CVE-2023-34239, CVE-2024-1183, CVE-2024-2206, CVE-2024-4325, CVE-2024-47167 and their like."""
    bare = address.removeprefix("http://")
    return [
        f"/file={address}/a", f"/gradio_api/file={address}/a", f"/proxy={address}/a", f"/gradio_api/proxy={address}/a",
        f"/gradio_api/proxy=http://x.hf.space@{bare}/", f"/gradio_api/file=//{bare}/a", f"/?view=api&url={address}",
        f"/gradio_api/deep_link?session_hash={address}", f"/?__theme={address}", f"//{bare}/%2e%2e",
        f"/login?next={address}",
    ]  # fmt: skip


def assert_nothing_leaks(server: Server, reply: httpx.Response, listener: Listener) -> None:
    held = [CANARY, "root:x:", "SQLite format 3", "def assert_nothing_leaks"]
    assert not [one for one in held if one in reply.text], reply.url
    assert reply.status_code < 500 or reply.json()["error"]["type"] == "internal", reply.text[:300]
    assert not reply.headers.get("location", "").startswith((listener.address, "//"))
    assert listener.hits == 0
    assert server.outbound() == ""


def test_no_address_gives_a_file(with_page: Server, listener: Listener) -> None:
    tried = 0
    for wanted in files(with_page):
        for path in reads(wanted):
            reply = with_page.http.request("GET", httpx.URL(with_page.address).copy_with(raw_path=path.encode()))
            assert_nothing_leaks(with_page, reply, listener)
            assert reply.status_code == 404, path  # such requests do not even reach Gradio
            tried += 1
    assert tried >= 30


def test_no_address_reaches_another_host(with_page: Server, listener: Listener) -> None:
    for path in outward(listener.address):
        for method in ("GET", "HEAD", "POST"):
            url = httpx.URL(with_page.address).copy_with(raw_path=path.encode())
            assert_nothing_leaks(with_page, with_page.http.request(method, url), listener)


def values(server: Server, listener: Listener) -> list[object]:
    """What CVE-2024-0964, CVE-2024-1561, CVE-2024-4253, CVE-2024-47167 and CVE-2024-48052 put in place of a value."""
    path = str(files(server)[0])
    kinds = [
        {"path": path},
        {"url": f"{listener.address}/a", "path": f"{listener.address}/a"},
        {"name": path, "is_file": True},
    ]
    return [
        value
        for kind in kinds
        for value in (kind | {"meta": {"_type": "gradio.FileData"}}, [kind], {"files": [kind], "text": "?"}, path)
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_event_takes_a_file_or_an_address(with_page: Server, listener: Listener, prefix: str) -> None:
    http = with_page.http
    config = http.get("/config").json()
    events = [one for one in config["dependencies"] if one.get("id") is not None]
    assert events
    given = values(with_page, listener)
    tried = 0
    for number, event in enumerate(events):
        for value in given[number % 4 :: 4]:
            given_to = {"fn_index": event["id"], "session_hash": f"s{prefix}{number}"}
            body = given_to | {"data": [value] * len(event["inputs"])}
            body["trigger_id"] = (event.get("targets") or [[None]])[0][0]
            for door in ("/queue/join", "/run/predict", "/api/predict", f"/call/{event.get('api_name') or 'x'}"):
                reply = http.post(prefix + door, json=body)
                assert_nothing_leaks(with_page, reply, listener)
                assert reply.status_code in (404, 422) or "gradio.FileData" not in json.dumps(body)
                tried += 1
        assert_nothing_leaks(with_page, heard(http, prefix, f"s{prefix}{number}"), listener)
    assert tried >= 15
    kept = [path for path in (with_page.log.parent / "gradio").rglob("*") if path.is_file()]
    assert not [path for path in kept if CANARY in path.read_text(errors="replace")]


def heard(http: httpx.Client, prefix: str, session: str) -> httpx.Response:
    """Listen a moment to what the events gave."""
    told = b""
    try:
        with http.stream("GET", f"{prefix}/queue/data", params={"session_hash": session}, timeout=1.0) as stream:
            for piece in stream.iter_bytes():
                told += piece
                if b"process_completed" in piece or b"close_stream" in piece:
                    break
    except (httpx.TimeoutException, httpx.RemoteProtocolError):  # nothing was begun, so nothing is told
        pass
    return httpx.Response(200, content=told, request=http.build_request("GET", f"{prefix}/queue/data"))


COMPONENT = (
    "move_resource_to_block_cache",
    "make_temp_copy_if_needed",
    "async_move_resource_to_block_cache",
    "__init__",
)


@pytest.mark.parametrize("name", COMPONENT)
def test_no_method_of_a_component_is_called(with_page: Server, listener: Listener, name: str) -> None:
    for prefix in PREFIXES:
        for component in (1, 2, 5):
            body = {"component_id": component, "fn_name": name, "data": str(files(with_page)[0]), "session_hash": "s"}
            assert_nothing_leaks(with_page, with_page.http.post(f"{prefix}/component_server", json=body), listener)


UPLOADS = ("../../../../canary.txt", "..\\..\\x", "/etc/x", "a\x00b", "x" * 5_000, "C:\\x", "%2e%2e%2fx", ".", "..")


@pytest.mark.parametrize("name", UPLOADS)
def test_no_upload_leaves_its_folder(with_page: Server, listener: Listener, name: str) -> None:
    folder = with_page.log.parent
    before = set(folder.iterdir())
    for prefix in PREFIXES:
        body = {"files": (name, b"was here")}
        for query in ("", "?upload_id=../../x"):
            reply = with_page.http.post(f"{prefix}/upload{query}", files=body)
            assert_nothing_leaks(with_page, reply, listener)
            if reply.status_code == 200:
                assert all(Path(one).resolve().is_relative_to(folder / "gradio") for one in json.loads(reply.text))
    assert set(folder.iterdir()) <= before | {folder / "gradio"}
    assert (folder / "canary.txt").read_text() == CANARY
    assert not Path("/etc/x").exists()
