"""Spans reach a real collector, tell where the time went, and hold nobody's words, names or keys."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from index.errors import BadSettings
from tests.faults.served import Server, served
from ui.config import Config

CANARY = "canary-7f3a"
KEY = f"key-{CANARY}-of-enough-length"
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


class Collector:
    """Takes traces over OTLP/HTTP, as a collector does; `slow` answers nobody."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.slow = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if collector.slow.is_set():
                    time.sleep(10)
                assert self.path == "/v1/traces"
                collector.bodies.append(body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self, *names: str) -> list[Span]:
        """Wait until each name was seen, and give all spans."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
            scopes = [scope for one in requests for group in one.resource_spans for scope in group.scope_spans]
            found = [span for scope in scopes for span in scope.spans]
            if {span.name for span in found} >= set(names):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{set(names) - {span.name for span in found}} did not come")


@pytest.fixture
def collector() -> Iterator[Collector]:
    running = Collector()
    yield running
    running.server.shutdown()
    running.server.server_close()


def said(span: Span) -> dict[str, object]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def named(spans: list[Span], name: str) -> Span:
    return next(span for span in spans if span.name == name)


def bearer(server: Server) -> None:
    server.http.headers["authorization"] = f"Bearer {KEY}"


def test_requests_answers_and_adding_are_told_by_where_their_time_went(tmp_path: Path, collector: Collector) -> None:
    with served(tmp_path, environment=QUICK | {"DOSSIER_KEY": KEY}, traces=collector.address) as server:
        bearer(server)
        server.add(f"The bridge of {CANARY} was lifted on 3 May 2024.", dossier=f"about {CANARY}")
        trace = "0af7651916cd43dd8448eb211c80319c"
        asked = {"question": f"When was the bridge of {CANARY} lifted?", "dossier": f"about {CANARY}"}
        parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": f"x={CANARY}", "x-request-id": "r-1"}
        answer = server.http.post("/v1/ask", json=asked, headers=parent).json()
        assert answer["standing"] == "grounded"
        files = {"files": (f"{CANARY}.pdf", f"%PDF-1.4 {CANARY}".encode())}
        job = server.http.post("/v1/documents", files=files).json()["job"]
        while job["state"] in ("queued", "running"):
            job = server.http.get(f"/v1/jobs/{job['id']}").json()["job"]
        server.http.get(f"/v1/documents/{CANARY}")
        server.http.get(f"/{CANARY}?{CANARY}", headers={"cookie": f"dossier_session={CANARY}", "user-agent": CANARY})
        server.http.request("SECRET", "/v1/documents", headers={"authorization": f"Bearer {CANARY}"})
        names = ["POST /v1/ask", "ask", "retrieve", "rerank", "answer", "verify", "add", "reading", "splitting"]
        spans = collector.spans(*names, "embedding", "storing", "GET /v1/documents/{id}", "GET page", "other page")
        failed = [span for span in spans if span.name == "add" and span.status.code == Status.STATUS_CODE_ERROR]
        assert "error.type" in said(failed[0])

    request, answering = named(spans, "POST /v1/ask"), named(spans, "ask")
    assert request.trace_id.hex() == trace
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    told = {"http.request.method": "POST", "http.route": "/v1/ask", "http.response.status_code": 200}
    assert said(request) == {"dossier.request": "r-1", **told}
    assert answering.parent_span_id == request.span_id
    assert said(answering)["dossier.answer"] == answer["id"]
    assert (said(answering)["dossier.standing"], said(answering)["dossier.citations"]) == ("grounded", 1)
    steps = [span for span in spans if span.parent_span_id == answering.span_id]
    assert {span.name for span in steps} == {"retrieve", "rerank", "answer", "verify"}
    slack = 50_000_000
    for step in steps:
        assert answering.start_time_unix_nano - slack <= step.start_time_unix_nano <= step.end_time_unix_nano
        assert step.end_time_unix_nano <= answering.end_time_unix_nano + slack
    adding = named(spans, "add")
    parts = [span.name for span in spans if span.parent_span_id == adding.span_id]
    assert parts == ["reading", "splitting", "embedding", "storing"]
    everything = b"".join(collector.bodies)
    assert CANARY.encode() not in everything
    for word in (b"bridge", b"lifted", b".txt", b".pdf", b"SECRET", b"dossier_session", b"127.0.0.1"):
        assert word not in everything, word


def test_what_breaks_off_is_told_by_its_kind_alone(tmp_path: Path, collector: Collector) -> None:
    with served(tmp_path, environment=QUICK, traces=collector.address) as server:
        server.add("The bridge was lifted.")
        wrong = {"question": "Was it?", "dossier": CANARY}
        assert server.http.post("/v1/ask", json=wrong).status_code == 404
        spans = collector.spans("ask", "POST /v1/ask")
    assert said(named(spans, "ask")) == {"error.type": "NotFound"}
    assert CANARY.encode() not in b"".join(collector.bodies)


@pytest.mark.parametrize("slow", [True, False])
def test_a_collector_that_is_slow_or_gone_holds_nothing_up(tmp_path: Path, collector: Collector, slow: bool) -> None:
    if slow:
        collector.slow.set()
    else:
        collector.server.server_close()
    with served(tmp_path, environment=QUICK, traces=collector.address) as server:
        server.add("The bridge was lifted on 3 May 2024.")
        for _ in range(20):
            asked = server.http.post("/v1/ask", json={"question": "When was the bridge lifted?"}, timeout=9)
            assert asked.json()["standing"] == "grounded"
        server.process.terminate()
        assert server.process.wait(9) == 0  # long before the collector would have answered
        assert "Traceback" not in server.log.read_text()


def test_without_the_setting_nobody_is_told(tmp_path: Path, collector: Collector) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_TRACES_EXPORTER": "otlp"}
    with served(tmp_path, environment=QUICK | environment) as server:
        server.add("The bridge was lifted.")
        server.http.post("/v1/ask", json={"question": "Was the bridge lifted?"})
    assert collector.bodies == []
    code = "import sys, ui.server; print([one for one in sys.modules if one.startswith('opentelemetry.exporter')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "address", ["localhost:4318", "ftp://a/", "http://name:word@a/", "http://a/?key=1", "http://a b"]
)
def test_what_is_no_collector_is_refused(address: str) -> None:
    with pytest.raises(BadSettings, match="traces"):
        Config.load(traces=address)
