from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from running import Running

from ui.api.replies import AnswerReply, HitsReply

BRIDGE = "The bridge was lifted on 3 May.\nIt had rusted."
FERRY = "The ferry is to run until June.\nTickets are free."


def events_of(reply: httpx.Response) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in reply.text.strip().split("\n\n")]
    return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks]


def test_an_answer_has_quotes_at_their_offsets(server: Running) -> None:
    server.add(BRIDGE, FERRY)
    answer = server.http.post("/v1/ask", json={"question": "What was lifted?"}).json()
    assert answer["standing"] == "grounded"
    for statement in answer["statements"]:
        assert answer["text"][statement["start"] : statement["end"]] == statement["text"]
    for citation in answer["citations"]:
        text = server.http.get(f"/v1/documents/{citation['document']['id']}/text").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_the_description_of_answers_is_complete(server: Running) -> None:
    server.add(BRIDGE)
    for question in ("What was lifted?", "nonsense"):
        answer = server.http.post("/v1/ask", json={"question": question}).json()
        assert AnswerReply.model_validate(answer).model_dump(mode="json") == answer
    hits = server.http.post("/v1/search", json={"question": "bridge"}).json()
    assert HitsReply.model_validate(hits).model_dump(mode="json") == hits


@pytest.mark.parametrize("how", [{"json": {"stream": True}}, {"headers": {"accept": "text/event-stream"}}])
def test_the_streamed_answer_is_the_unstreamed_one(server: Running, how: dict[str, dict[str, object]]) -> None:
    server.add(BRIDGE, FERRY)
    body = {"question": "What was lifted?"}
    plain = server.http.post("/v1/ask", json=body).json()
    reply = server.http.post("/v1/ask", json=body | how.get("json", {}), headers=how.get("headers"))
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply)
    assert [name for name, _ in events] == ["passages", "statement", "text", "statement", "text", "answer", "done"]
    assert dict(events)["answer"] == plain
    statements = [event for name, event in events if name == "statement"]
    assert [citation for event in statements for citation in event["citations"]] == plain["citations"]
    for name, event in events:
        if name in ("statement", "text"):
            assert plain["text"][event["start"] : event["end"]] == event["text"]
    added_up = sorted((event for name, event in events if name in ("statement", "text")), key=lambda e: e["start"])
    assert "".join(event["text"] for event in added_up).replace(" ", "") == plain["text"].replace(" ", "")


def test_an_error_before_the_start_of_a_stream_has_its_status(server: Running) -> None:
    reply = server.http.post("/v1/ask", json={"question": "?", "dossier": "nowhere", "stream": True})
    assert reply.status_code == 404
    assert reply.json()["error"]["type"] == "not_found"


def test_an_error_after_the_start_is_an_event_without_a_secret(server: Running) -> None:
    server.add(BRIDGE)
    reply = server.http.post("/v1/ask", json={"question": "broken", "stream": True})
    events = events_of(reply)
    assert [name for name, _ in events] == ["passages", "error"]
    assert events[1][1]["error"]["type"] == "internal"
    assert "secret" not in reply.text


def test_an_unforeseen_error_shows_no_trace(server: Running) -> None:
    server.add(BRIDGE)
    reply = server.http.post("/v1/ask", json={"question": "raise"})
    assert reply.status_code == 500
    assert set(reply.json()["error"]) == {"type", "message", "hint"}
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text


def test_a_program_can_go_on_after_an_unforeseen_error(server: Running) -> None:
    server.add(BRIDGE)
    for _ in range(20):  # a connection that closes unannounced fails the next request, now and then
        reply = server.http.post("/v1/ask", json={"question": "raise"})
        assert (reply.status_code, reply.headers["connection"]) == (500, "close")
        assert server.http.get("/health").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_closing_the_connection_stops_the_work(server: Running, stream: bool) -> None:
    server.add(BRIDGE)
    with pytest.raises(httpx.ReadTimeout):
        server.http.post("/v1/ask", json={"question": "wait", "stream": stream}, timeout=0.3)
    until = time.monotonic() + 5
    while server.rag.withdrawn == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert server.rag.withdrawn == 1
    assert server.service.busy == 0


def test_eight_askers_at_once_get_the_same_answer(server: Running) -> None:
    server.add(BRIDGE, FERRY)
    alone = server.http.post("/v1/ask", json={"question": "What was lifted?"}).json()
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda _: server.http.post("/v1/ask", json={"question": "What was lifted?"}), range(32))
        )
    assert all(reply.json() == alone for reply in replies)


def test_a_full_queue_asks_to_come_back(start: Callable[..., Running]) -> None:
    server = start(workers=1, queue=1)
    server.add(BRIDGE)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(server.http.post, "/v1/ask", json={"question": "wait"}) for _ in range(2)]
        until = time.monotonic() + 5
        while server.service.busy < 2 and time.monotonic() < until:
            time.sleep(0.01)
        for body in ({"question": "one more"}, {"question": "one more", "stream": True}):
            reply = server.http.post("/v1/ask", json=body)
            assert reply.status_code == 429
            assert int(reply.headers["retry-after"]) >= 1
            assert reply.json()["error"]["type"] == "overloaded"
        assert server.http.post("/v1/search", json={"question": "one more"}).status_code == 429
        assert server.http.get("/health").status_code == 200
        server.rag.gate.set()
        assert [future.result().status_code for future in waiting] == [200, 200]
    assert server.http.post("/v1/ask", json={"question": "one more"}).status_code == 200


def test_what_is_asked_reaches_the_pipeline(server: Running) -> None:
    server.add(BRIDGE)
    body = {
        "question": "And then?",
        "standalone_question": "What came then?",
        "history": [{"role": "user", "content": "What was lifted?"}, {"role": "assistant", "content": "The bridge."}],
        "filter": {"publishers": ["The Post"], "published_from": "2024", "published_to": "2024-06", "undated": False},
        "max_citations": 3,
        "unsupported": "show",
    }
    assert server.http.post("/v1/ask", json=body).status_code == 200
    ask = server.rag.asked[-1]
    assert ask.standalone_question == "What came then?"
    assert [(turn.role, turn.content) for turn in ask.history] == [
        ("user", "What was lifted?"),
        ("assistant", "The bridge."),
    ]
    assert ask.filter.publishers == ("The Post",)
    assert (ask.filter.published_from, ask.filter.published_to, ask.filter.undated) == ("2024", "2024-06", False)
    assert (ask.max_citations, ask.unsupported) == (3, "show")


def test_the_page_and_the_routes_share_one_pool(start: Callable[..., Running]) -> None:
    from index.errors import Overloaded
    from rag.answers import Ask

    server = start(workers=1, queue=1)
    server.add(BRIDGE)
    cancel = threading.Event()
    first = server.service.stream(Ask("wait"), cancel)
    second = server.service.stream(Ask("wait"))
    with pytest.raises(Overloaded):
        server.service.stream(Ask("wait"))
    next(first)
    first.close()
    assert cancel.is_set()
    server.rag.gate.set()
    *_, last = second
    assert last.answer.standing == "grounded"


def test_the_description_names_every_event(server: Running) -> None:
    server.add(BRIDGE)
    answers = server.http.get("/openapi.json").json()["paths"]["/v1/ask"]["post"]["responses"]["200"]["content"]
    known = answers["text/event-stream"]["itemSchema"]["properties"]["event"]["enum"]
    told = server.http.post("/v1/ask", json={"question": "When was the bridge lifted?", "stream": True}).text
    assert {"passages", "answer", "done"} <= set(re.findall(r"^event: (\w+)$", told, re.MULTILINE)) <= set(known)
