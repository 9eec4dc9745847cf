"""Named keys: made, limited, listed, revoked, and never kept."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from running import Running

from index.errors import BadInput, BadSettings, Conflict, NotFound, Overloaded
from ui.cli import dossier
from ui.keyring import COOKIE_SECONDS, MOST_ADDRESSES, Keyring
from ui.keys import FILE, KeyFile
from ui.limits import MOST_CALLERS, Pace

OWN = "a key of enough length"
Start = Callable[..., Running]


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data")


def test_a_key_is_shown_once_and_only_its_hash_is_kept(file: KeyFile) -> None:
    key, words = file.add("anna", 10, 5)
    assert len(words) >= 32
    kept = file.path.read_text()
    assert words not in kept
    assert words.removeprefix("dk_") not in kept
    assert file.path.stat().st_mode & 0o077 == 0
    assert (key.per_minute, key.uploads_mb, key.valid) == (10, 5, True)
    assert KeyFile(file.path.parent).all() == (key,)
    assert file.add("ben")[1] != words


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\n", "x" * 65, "a/b", "\0"])
def test_a_name_is_a_word(file: KeyFile, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be called"):
        file.add(name)


def test_names_are_unique_among_valid_keys_and_identities_among_all(file: KeyFile) -> None:
    first, _ = file.add("anna")
    with pytest.raises(Conflict, match="already"):
        file.add("anna")
    assert file.revoke("anna").revoked
    second, _ = file.add("anna")
    assert second.identity != first.identity
    assert [key.valid for key in file.all()] == [False, True]
    with pytest.raises(NotFound, match="There are: anna"):
        file.revoke("ben")


def test_ten_at_once_lose_no_key(file: KeyFile) -> None:
    threads = [threading.Thread(target=KeyFile(file.path.parent).add, args=(f"k{n}",)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in file.all()} == {f"k{n}" for n in range(10)}


def test_keys_come_and_go_while_the_server_runs(start: Start, file: KeyFile) -> None:
    server = start(key=OWN)
    _, anna = file.add("anna")
    assert server.http.get("/v1/dossiers", headers=bearer(anna)).status_code == 200
    assert server.http.get("/v1/dossiers", headers=bearer(OWN)).status_code == 200
    file.revoke("anna")
    assert server.http.get("/v1/dossiers", headers=bearer(anna)).status_code == 401
    assert server.http.get("/v1/dossiers", headers=bearer(OWN)).status_code == 200


def test_revoking_ends_the_logins_made_with_a_key(start: Start, file: KeyFile) -> None:
    server = start(key=OWN)
    _, anna = file.add("anna")
    reply = server.http.post("/login", data={"key": anna}, headers={"origin": server.address})
    assert reply.status_code == 303
    assert anna not in reply.headers["set-cookie"]
    assert server.http.get("/v1/dossiers").status_code == 200
    file.revoke("anna")
    assert server.http.get("/v1/dossiers").status_code == 401


def test_the_first_key_closes_the_server_and_nothing_opens_it_again(start: Start, file: KeyFile) -> None:
    server = start()
    assert server.http.get("/v1/dossiers").status_code == 200
    _, anna = file.add("anna")
    assert server.http.get("/v1/dossiers").status_code == 401
    assert server.http.get("/v1/dossiers", headers=bearer(anna)).status_code == 200
    file.revoke("anna")
    assert server.http.get("/v1/dossiers").status_code == 401
    file.path.unlink()
    assert server.http.get("/v1/dossiers").status_code == 401


NAMELESS = '{"keys": [{"name": "a"}]}'
HASHLESS = '{"keys": [{"name": "a", "identity": "i", "digest": "", "created": ""}]}'


@pytest.mark.parametrize("content", ["", "{", "[]", NAMELESS, HASHLESS])
def test_a_damaged_file_lets_nobody_in(file: KeyFile, content: str) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.write_text(content)
    with pytest.raises(BadSettings, match="cannot be read"):
        file.all()
    keyring = Keyring(None, file)
    assert keyring.needed
    assert keyring.fits("", "a") is None


def test_identities_are_stable_and_tell_nothing(file: KeyFile) -> None:
    _, words = file.add("anna")
    first, later = (Keyring(OWN, KeyFile(file.path.parent)) for _ in range(2))
    for key in (OWN, words):
        known, again = first.fits(key, "a"), later.fits(key, "a")
        assert known is not None
        assert known == again
        assert known.identity
        assert key not in known.identity
    assert first.fits(OWN, "a") != first.fits(words, "a")


def test_a_key_has_a_pace_of_its_own(start: Start, file: KeyFile) -> None:
    server = start(key=OWN)
    _, slow = file.add("slow", per_minute=3)
    _, quick = file.add("quick")
    asked = [server.http.put("/v1/dossiers/a", headers=bearer(slow)) for _ in range(5)]
    assert [reply.status_code for reply in asked] == [200, 200, 200, 429, 429]
    assert 1 <= int(asked[-1].headers["retry-after"]) <= 60
    assert asked[-1].json()["error"]["type"] == "overloaded"
    assert server.http.get("/v1/dossiers", headers=bearer(slow)).status_code == 200
    assert server.http.put("/v1/dossiers/a", headers=bearer(quick)).status_code == 200


def test_callers_without_a_key_have_the_servers_pace(start: Start) -> None:
    server = start(requests_per_minute=2)
    statuses = [server.http.post("/v1/search", json={"question": "x"}).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]


def test_an_upload_over_a_keys_limit_is_refused(start: Start, file: KeyFile) -> None:
    server = start(key=OWN)
    _, small = file.add("small", uploads_mb=1)
    files = {"files": ("a.txt", b"x" * 1_100_000)}
    assert server.http.post("/v1/documents", files=files, headers=bearer(small)).status_code == 413
    assert server.http.post("/v1/documents", files=files, headers=bearer(OWN)).status_code == 202

    def in_pieces() -> object:
        for _ in range(20):
            yield b"x" * 100_000

    headers = bearer(small) | {"content-type": "application/json"}
    assert server.http.post("/v1/documents", content=in_pieces(), headers=headers).status_code == 413


def test_a_declared_size_is_refused_before_anything_is_sent(start: Start, file: KeyFile) -> None:
    server = start(key=OWN)
    _, small = file.add("small", uploads_mb=1)
    told = f"Host: 127.0.0.1\r\nAuthorization: Bearer {small}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"POST /v1/documents HTTP/1.1\r\n{told}Content-Length: 2000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_minute_passes_and_few_callers_are_remembered() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    for moment in (0.0, 10.0):
        now[0] = moment
        pace.count("a", 2)
    with pytest.raises(Overloaded) as refused:
        pace.count("a", 2)
    assert refused.value.retry_after == 50
    now[0] = 60.0
    pace.count("a", 2)
    for number in range(MOST_CALLERS + 10):
        pace.count(str(number), 1)
    assert len(pace._sent) == MOST_CALLERS


def test_guessing_from_many_addresses_of_one_network_is_slowed() -> None:
    keyring = Keyring(OWN, guesses=3)
    for number in range(3):
        assert keyring.fits("wrong", f"2001:db8:1:2::{number}") is None
    with pytest.raises(Overloaded):
        keyring.fits("wrong", "2001:db8:1:2:ffff::1")
    assert keyring.fits(OWN, "2001:db8:1:3::1") is not None


def test_inventing_addresses_does_not_wipe_the_guesses() -> None:
    keyring = Keyring(OWN, guesses=1)
    for number in range(MOST_ADDRESSES - 1):
        keyring.fits("wrong", f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")
    keyring.fits("wrong", "192.0.2.1")
    keyring.fits("wrong", "192.0.2.2")
    with pytest.raises(Overloaded):
        keyring.fits("wrong", "192.0.2.1")
    assert len(keyring._failures) == MOST_ADDRESSES


def test_keys_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = lambda *words: CliRunner().invoke(dossier, ["--data", "data", "keys", *words])  # noqa: E731
    assert run().stdout == "There are no named keys.\n"
    made = run("add", "anna", "--per-minute", "30", "--uploads-mb", "20")
    assert re.fullmatch(r"dk_[\w-]{32}\n", made.stdout)
    assert KeyFile(tmp_path / "data").path.name == FILE
    listed = json.loads(run("list", "--json").stdout)["keys"]
    assert [(key["name"], key["per_minute"], key["uploads_mb"], key["revoked"]) for key in listed] == [
        ("anna", 30, 20, None)
    ]
    assert made.stdout.strip() not in run("list").stdout
    assert "30 a minute, uploads up to 20 MB" in run("list").stdout
    assert "lets nobody in" in run("revoke", "anna").stdout
    assert "revoked" in run("list").stdout
    assert run("add", "x", "--per-minute", "0").exit_code != 0
    assert COOKIE_SECONDS <= 31 * 24 * 3600
