from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from running import Running

from index.errors import BadSettings, Overloaded
from ui.access import COOKIE, check_binding, is_loopback
from ui.keyring import OWNER, Keyring, Visitor

KEY = "a key of enough length"
BEARER = {"authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(("host", "loopback"), [
    ("127.0.0.1", True), ("127.3.2.1", True), ("localhost", True), ("::1", True), ("[::1]", True),
    ("0.0.0.0", False), ("::", False), ("192.168.0.2", False), ("example.org", False),  # noqa: S104
    ("localhost.example.org", False),
])  # fmt: skip
def test_only_loopback_needs_no_key(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    check_binding(host, True)
    if loopback:
        check_binding(host, False)
    else:
        with pytest.raises(BadSettings, match="DOSSIER_KEY"):
            check_binding(host, False)


def test_no_route_but_health_and_login_is_open(start: Callable[..., Running]) -> None:
    server = start(key=KEY)
    described = server.http.get("/openapi.json", headers=BEARER).json()
    paths = {*described["paths"], "/docs", "/docs/start.js", "/logout", "/openapi.json"}
    assert {"/v1/ask", "/v1/documents/{id}/file", "/health"} <= paths
    page = {"/", "/config", "/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/x"}
    for path in {path.replace("{id}", "d").replace("{name}", "n") for path in paths} | page | {"/login"}:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            reply = server.http.request(method, path)
            is_open = path in ("/health", "/login")
            assert is_open or reply.status_code == 401, (method, path)
    assert server.http.get("/health").json() == {"status": "ok", "name": "dossier"}
    assert server.http.get("/v1/dossiers", headers=BEARER).status_code == 200


@pytest.mark.parametrize("value", ["Bearer", "Bearer wrong", "Basic " + KEY, KEY, "Bearer " + KEY + "x", "bearer \xff"])
def test_a_wrong_key_is_refused(start: Callable[..., Running], value: str) -> None:
    server = start(key=KEY)
    reply = server.http.get("/v1/dossiers", headers={"authorization": value.encode("latin-1")})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert KEY not in reply.text


def test_a_browser_logs_in_once(start: Callable[..., Running]) -> None:
    server = start(key=KEY)
    sent_on = server.http.get("/?answer=a_1", headers={"accept": "text/html"})
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, "/login?next=/%3Fanswer%3Da_1")
    form = server.http.get(sent_on.headers["location"])
    assert 'value="/?answer=a_1"' in form.text
    origin = {"origin": server.address}
    wrong = server.http.post("/login", data={"key": "wrong", "next": "/"}, headers=origin)
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    right = server.http.post("/login", data={"key": KEY, "next": "/?answer=a_1"}, headers=origin)
    assert (right.status_code, right.headers["location"]) == (303, "/?answer=a_1")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY not in cookie
    assert server.http.get("/v1/dossiers").status_code == 200
    server.http.post("/logout", headers=origin)
    assert server.http.get("/v1/dossiers").status_code == 401


@pytest.mark.parametrize("onward", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_logging_in_leads_nowhere_else(start: Callable[..., Running], onward: str) -> None:
    server = start(key=KEY)
    reply = server.http.post("/login", data={"key": KEY, "next": onward})
    assert reply.headers["location"] == "/"


def test_the_form_escapes_where_it_leads(start: Callable[..., Running]) -> None:
    server = start(key=KEY)
    assert "<script" not in server.http.get("/login", params={"next": '/"><script>alert(1)</script>'}).text


@pytest.mark.parametrize("change", ["", "x", "{}.x.y", "9999999999.abc.def"])
def test_a_forged_cookie_is_refused(start: Callable[..., Running], change: str) -> None:
    server = start(key=KEY)
    server.http.cookies.set(COOKIE, change)
    assert server.http.get("/v1/dossiers").status_code == 401


def test_cookies_end_and_belong_to_their_key(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Keyring(KEY).fits(KEY, "a")
    assert visitor is not None
    cookie = Keyring(KEY).cookie(visitor)
    assert Keyring(KEY).of_cookie(cookie) == visitor
    assert Keyring(KEY + "x").of_cookie(cookie) is None
    ends, identity, nonce, signature = cookie.split(".")
    assert Keyring(KEY).of_cookie(f"{int(ends) + 1}.{identity}.{nonce}.{signature}") is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 31 * 24 * 3600)
    assert Keyring(KEY).of_cookie(cookie) is None


def test_guessing_is_slowed() -> None:
    keyring = Keyring(KEY, guesses=3)
    assert [keyring.fits("wrong", "a") for _ in range(3)] == [None] * 3
    with pytest.raises(Overloaded) as refused:
        keyring.fits(KEY, "a")
    assert refused.value.retry_after > 50
    assert keyring.fits(KEY, "b") == Visitor(OWNER, keyring.fits(KEY, "c").identity)  # type: ignore[union-attr]


def test_guessing_over_the_form_is_slowed(start: Callable[..., Running]) -> None:
    server = start(key=KEY)
    statuses = [server.http.post("/login", data={"key": f"guess {n}"}).status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_a_foreign_host_is_refused(server: Running, host: str) -> None:
    for path in ("/v1/dossiers", "/", "/health", "/gradio_api/info"):
        assert server.http.get(path, headers={"host": host}).status_code == 403


def test_our_own_hosts_are_answered(start: Callable[..., Running]) -> None:
    server = start(hosts="dossier.example")
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:7860", "dossier.example"):
        assert server.http.get("/health", headers={"host": host}).status_code == 200
    headers = {"origin": "https://dossier.example"}  # a proxy that rewrites Host
    assert server.http.put("/v1/dossiers/a", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[bad"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_a_foreign_page_changes_nothing(server: Running, headers: dict[str, str]) -> None:
    for path in ("/v1/dossiers/a", "/gradio_api/queue/join"):
        assert server.http.put(path, headers=headers).status_code == 403
    assert server.http.get("/v1/dossiers").json() == {"dossiers": []}


def test_our_own_page_and_links_from_elsewhere_come_in(server: Running) -> None:
    ours = {"origin": server.address, "sec-fetch-site": "same-origin"}
    assert server.http.put("/v1/dossiers/a", headers=ours).status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert server.http.get("/", headers=link).status_code == 200


def test_every_answer_has_the_headers(server: Running) -> None:
    for reply in (
        server.http.get("/health"),
        server.http.get("/v1/none"),
        server.http.get("/"),
        server.http.get("/docs"),
        server.http.get("/v1/dossiers", headers={"host": "evil.example"}),
    ):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert "server" not in reply.headers or reply.headers["server"] != "gradio"


def test_the_documentation_fetches_nothing_from_elsewhere(server: Running) -> None:
    page = server.http.get("/docs")
    assert "http" not in page.text.replace("http-equiv", "").replace("the HTTP", "")
    for path in ("/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"):
        assert path.removeprefix("/") in page.text
        assert server.http.get(path).status_code == 200
    assert server.http.get("/docs/redoc.standalone.js").status_code == 404


def test_the_description_names_every_route(server: Running) -> None:
    described = server.http.get("/openapi.json").json()
    assert {"/v1/ask", "/v1/search", "/v1/documents", "/v1/documents/{id}/text", "/ready"} <= set(described["paths"])
    schemas = described["components"]["schemas"]
    text = httpx.Response(200, json=described).text
    for reference in set(text.split("#/components/schemas/")[1:]):
        assert reference.partition('"')[0] in schemas


def test_who_has_shown_no_key_sends_little(start: Callable[..., Running]) -> None:
    server = start(key=KEY)

    def in_pieces() -> Iterator[bytes]:
        yield b"key="
        for _ in range(20):
            yield b"x" * 10_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    whole = b"key=" + b"x" * 100_000
    assert server.http.post("/login", content=whole, headers=form).status_code == 413
    assert server.http.post("/login", content=in_pieces(), headers=form).status_code == 413
    assert server.http.post("/login", data={"key": KEY}).status_code == 303
