"""What the server tells about itself: figures, log, request ids."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import Running

from ui.logs import HIDDEN, set_up

KEY = "a key of enough length"
CANARY = "canary-7f3a"
Start = Callable[..., Running]


def figures(server: Running, **headers: str) -> dict[str, float]:
    """Give every sample by its name and labels."""
    reply = server.http.get("/metrics", headers=headers)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=1.0.0")
    samples = (sample for family in text_string_to_metric_families(reply.text) for sample in family.samples)
    return {" ".join([sample.name, *sorted(sample.labels.values())]): sample.value for sample in samples}


def test_figures_tell_what_was_asked_answered_declined_and_refused(start: Start) -> None:
    server = start(workers=1, queue=1)
    before = figures(server)
    assert before["dossier_questions_total"] == before["dossier_answers_total declined"] == 0
    server.add("The ferry ran until noon.", "It rained.")
    assert server.http.post("/v1/ask", json={"question": "When did the ferry run?"}).json()["standing"] == "grounded"
    assert server.http.post("/v1/ask", json={"question": "nonsense"}).json()["standing"] == "declined"
    assert server.http.post("/v1/ask", json={"question": "broken"}).status_code == 500
    server.http.post("/v1/ask", json={"question": "When?", "stream": True})
    until = time.monotonic() + 10  # an answer over HTTP is counted once all of it has left
    while figures(server).get("dossier_http_responses_total /v1/ask 200 POST") != 3 and time.monotonic() < until:
        time.sleep(0.01)
    found = figures(server)
    assert found["dossier_questions_total"] == 4
    assert found["dossier_answers_total grounded"] == 2
    assert found["dossier_answers_total declined"] == 1
    assert found["dossier_questions_unanswered_total failed"] == 1
    assert found["dossier_statements_dropped_total"] == 0
    assert found["dossier_http_responses_total /v1/ask 200 POST"] == 3
    assert found["dossier_http_responses_total /v1/ask 500 POST"] == 1
    assert found["dossier_answer_step_seconds_count total"] == 3
    assert (found["dossier_documents"], found["dossier_jobs done"], found["dossier_ready"]) == (2, 1, 1)
    assert found["dossier_index_lag"] == found["dossier_queue_length"] == 0
    assert found["dossier_queue_room"] == 2
    assert found["process_open_fds"] > 0


def test_figures_tell_what_was_dropped_and_found_no_room(start: Start) -> None:
    from dataclasses import replace

    from index.errors import Overloaded
    from rag.answers import Answer

    server = start(workers=1, queue=1)
    watch = server.service.watch
    blank = Answer("a", "q", "q", "d", "extractive", 0.5, "")
    watch.answered(replace(blank, dropped=3))
    server.service._room = 0
    with pytest.raises(Overloaded):
        server.service.ask(None)  # type: ignore[arg-type]
    found = figures(server)
    assert found["dossier_statements_dropped_total"] == 3
    assert found["dossier_questions_refused_total"] == 1


def test_figures_need_the_key_and_hold_no_words(start: Start) -> None:
    server = start(key=KEY)
    bearer = {"authorization": f"Bearer {KEY}"}
    assert server.http.get("/metrics").status_code == 401
    server.http.put(f"/v1/dossiers/{CANARY}", headers=bearer)
    server.http.post("/v1/ask", json={"question": CANARY, "dossier": CANARY}, headers=bearer)
    server.http.get(f"/{CANARY}", headers=bearer)
    server.http.request(f"X{CANARY}", "/health", headers=bearer)
    text = server.http.get("/metrics", headers=bearer).text
    assert CANARY not in text
    assert KEY not in text
    assert 'route="/v1/dossiers/{name}"' in text


def test_every_answer_has_a_request_id(start: Start) -> None:
    server = start()
    made = {server.http.get("/health").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    assert server.http.get("/health", headers={"x-request-id": "proxy-1"}).headers["x-request-id"] == "proxy-1"
    for odd in ("a b", "x" * 65, "<b>", "%0a"):
        assert server.http.get("/health", headers={"x-request-id": odd}).headers["x-request-id"] != odd


@pytest.fixture
def quiet_again() -> Iterator[None]:
    """Leave logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("dossier")
    before, level = list(root.handlers), ours.level
    yield
    root.handlers[:] = before
    ours.setLevel(level)


@pytest.mark.parametrize("contents", [False, True])
def test_the_log_is_json_with_ids_and_holds_words_only_on_wish(
    start: Start, capsys: pytest.CaptureFixture[str], quiet_again: None, contents: bool
) -> None:
    set_up("json", [KEY], contents=contents)
    server = start(key=KEY, log_contents=contents)
    server.service.watch._contents = contents
    bearer = {"authorization": f"Bearer {KEY}", "x-request-id": "r-1"}
    server.http.headers.update(bearer)
    server.add(f"The ferry {CANARY} ran until noon.")
    server.http.post("/v1/ask", json={"question": f"Did {CANARY} run?"})
    server.http.post("/v1/ask", json={"question": f"broken {CANARY}"})
    logging.getLogger("dossier").error("told %s", KEY)
    written = capsys.readouterr().err
    told = [json.loads(line) for line in written.splitlines()]
    asking = [line for line in told if line["message"] == "request" and line["route"] == "/v1/ask"]
    assert [(line["status"], line["key"], line["request"]) for line in asking] == [
        (200, "main", "r-1"),
        (500, "main", "r-1"),
    ]
    answered = [line for line in told if line["message"] == "answered"]
    assert [(line["standing"], line["request"], line["statements"]) for line in answered] == [("grounded", "r-1", 1)]
    assert all({"time", "level", "logger", "message", "request"} <= line.keys() for line in told)
    assert (CANARY in written) is contents
    assert KEY not in written
    assert '"told ***"' in written


def fail_aloud() -> None:
    try:
        int(f"{CANARY} {KEY}")
    except ValueError:
        logging.getLogger("dossier").exception("It broke.")


def test_a_trace_has_no_words_of_people(capsys: pytest.CaptureFixture[str], quiet_again: None) -> None:
    for kind in ("plain", "json"):
        set_up(kind, [KEY], contents=False)
        fail_aloud()
    written = capsys.readouterr().err
    assert written.count(HIDDEN) == 2
    assert "test_watching.py" in written
    assert CANARY not in written
    set_up("plain", [KEY], contents=True)
    fail_aloud()
    assert f"{CANARY} ***" in capsys.readouterr().err


def test_an_unforeseen_error_of_a_real_server_logs_no_words(tmp_path: Path) -> None:
    code = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import httpx
from stand_ins import FakeRag
from ui.config import Config
from ui.server import serve
rag = FakeRag(); rag.shelf.create_dossier("default")
def announce(address, service):
    def ask():
        httpx.post(f"{address}/v1/ask", json={"question": "raise canary-7f3a"}, trust_env=False)
        import os, signal; os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=ask).start()
serve(Config(port=0, page=False, log="json"), lambda config, address: rag, announce)
"""
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    child = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    told = [json.loads(line) for line in child.stderr.splitlines()]
    assert {"request", "unanswered"} <= {line["message"] for line in told}
    assert any("RuntimeError: " + HIDDEN in line.get("exc_info", "") for line in told)
    assert CANARY not in child.stderr
