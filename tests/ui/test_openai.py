"""The endpoint in OpenAI's dialect, by OpenAI's own client and by LangChain's, against a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from running import Running

from rag.pipeline import Rag
from ui.api.replies import AnswerReply
from ui.config import Config
from ui.openai.replies import ChatReply, DialectErrorReply, ModelReply, ModelsReply

KEY = "a key that programs send"
COST = "🌉 The bridge across the Łyna cost 571 million crowns, the council said on 3 May 2024."
TUNNEL = "The tunnel under the harbour cost 88 million crowns, as the city’s engineers 👷 had foreseen."
MODEL = "dossier/Große Häfen"
COSTS = "How much did the bridge and the tunnel cost?"


def client_of(server: Running, key: str = "none", **settings: Any) -> OpenAI:
    return OpenAI(base_url=f"{server.address}/v1", api_key=key, **({"max_retries": 0, "timeout": 20} | settings))


def asked(question: str) -> list[Any]:
    return [{"role": "user", "content": question}]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Iterator[Running]:
    """A server over real documents, real models and a real library, with a key."""
    config = Config(data=tmp_path_factory.mktemp("data"), models=models_folder, page=False, key=KEY)
    rag = Rag.open(config)
    rag.gate = threading.Event()  # what stopping sets free in the stand-in
    server = Running(rag, config)
    server.http.headers["authorization"] = f"Bearer {KEY}"
    documents = [{"name": "bridge.txt", "text": COST}, {"name": "tunnel.txt", "text": TUNNEL}]
    assert server.job({"dossier": MODEL.removeprefix("dossier/"), "documents": documents})["added"] == 2
    yield server
    server.stop()


@pytest.fixture
def client(real: Running) -> Iterator[OpenAI]:
    with client_of(real, KEY) as client:
        yield client


@pytest.mark.models
def test_dossiers_are_models(client: OpenAI, real: Running) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == (MODEL, "model", "dossier")
    assert abs(model.created - time.time()) < 3600
    assert client.models.retrieve(MODEL) == model
    listed = real.http.get("/v1/models").json()
    assert ModelsReply.model_validate(listed).model_dump() == listed
    assert ModelReply.model_validate(listed["data"][0]).model_dump() == listed["data"][0]


@pytest.mark.models
def test_every_sentence_has_its_citations_at_its_place(client: OpenAI, real: Running) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=asked(COSTS))
    message = reply.choices[0].message
    answer = reply.dossier
    assert AnswerReply.model_validate(answer).standing == "grounded"
    assert "571 million" in message.content
    assert "88 million" in message.content
    assert message.content == answer["text"]
    assert (reply.choices[0].finish_reason, reply.model, message.role) == ("stop", MODEL, "assistant")
    found = []
    for annotation in message.annotations:
        cited = annotation.url_citation
        found.append(message.content[cited.start_index : cited.end_index])
        address = httpx.URL(cited.url)
        assert str(address.copy_with(query=None)) == f"{real.address}/"
        number = int(address.params["citation"])
        citation = next(one for one in answer["citations"] if one["number"] == number)
        assert address.params["answer"] == answer["id"]
        assert cited.title == citation["document"]["title"]
        text = real.http.get(f"/v1/documents/{citation['document']['id']}/text").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert sorted(found) == sorted(statement["text"] for statement in answer["statements"])
    assert {COST, TUNNEL} == set(found)


@pytest.mark.models
def test_the_answer_is_the_one_that_ask_gives(client: OpenAI, real: Running) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=asked(COSTS))
    plain = real.http.post("/v1/ask", json={"question": COSTS, "dossier": MODEL.removeprefix("dossier/")}).json()
    own = ("id", "took")
    assert {k: v for k, v in reply.dossier.items() if k not in own} == {k: v for k, v in plain.items() if k not in own}


@pytest.mark.models
@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_is_kept_for_whoever_asked(client: OpenAI, real: Running, stream: bool) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=asked(COSTS), stream=stream)
    answer = list(reply)[-1].dossier if stream else reply.dossier
    assert real.http.get(f"/v1/answers/{answer['id']}").json() == answer


@pytest.mark.models
@pytest.mark.parametrize("with_usage", [False, True])
def test_the_stream_adds_up_to_the_whole(client: OpenAI, with_usage: bool) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=asked(COSTS))
    options = {"stream_options": {"include_usage": True}} if with_usage else {}
    chunks = list(client.chat.completions.create(model=MODEL, messages=asked(COSTS), stream=True, **options))
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    if with_usage:
        assert chunks[-1].choices == []
        assert chunks.pop().usage == whole.usage
    pieces = [chunk.choices[0].delta.content for chunk in chunks]
    assert "".join(piece or "" for piece in pieces) == whole.choices[0].message.content
    assert {COST, TUNNEL} <= set(pieces)  # a sentence comes whole, once it is proved
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert AnswerReply.model_validate(chunks[-1].dossier).text == whole.dossier["text"]
    told = chunks[-1].choices[0].delta.annotations
    spans = [(one["url_citation"]["start_index"], one["url_citation"]["end_index"]) for one in told]
    expected = [one.url_citation for one in whole.choices[0].message.annotations]
    assert spans == [(one.start_index, one.end_index) for one in expected]
    assert f"answer={chunks[-1].dossier['id']}&citation=1" in told[0]["url_citation"]["url"]


@pytest.mark.models
@pytest.mark.parametrize("stream", [False, True])
def test_declining_says_what_is_missing(client: OpenAI, stream: bool) -> None:
    question = "Who painted the ceiling of the opera house?"
    reply = client.chat.completions.create(model=MODEL, messages=asked(question), stream=stream)
    if stream:
        chunks = list(reply)
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        answer = chunks[-1].dossier
    else:
        content, answer = reply.choices[0].message.content, reply.dossier
        assert reply.choices[0].message.annotations == []
    assert answer["standing"] == "declined"
    assert content.startswith("The documents do not answer this question.\n\nThe documents do not say:\n- ")
    assert answer["missing"][0] in content
    assert "million" not in content


@pytest.mark.models
def test_a_follow_up_leans_on_the_messages_before(client: OpenAI) -> None:
    messages = [
        {"role": "system", "content": "Answer in the voice of a pirate."},
        {"role": "user", "content": [{"type": "text", "text": part} for part in ("How much did the", "bridge cost?")]},
        {"role": "assistant", "content": COST},
        {"role": "user", "content": "And the tunnel?"},
    ]
    reply = client.chat.completions.create(model=MODEL, messages=messages, temperature=0.2, seed=7, max_tokens=5)
    assert TUNNEL in reply.choices[0].message.content
    assert "tunnel cost" in reply.dossier["standalone_question"]
    assert reply.dossier["question"] == "And the tunnel?"


@pytest.mark.models
def test_options_of_our_own_are_passed_beside(client: OpenAI) -> None:
    beside = {"dossier": {"standalone_question": "How much did the tunnel cost?", "max_citations": 1}}
    reply = client.chat.completions.create(model=MODEL, messages=asked("And now?"), extra_body=beside)
    assert TUNNEL in reply.choices[0].message.content
    closed = {"dossier": {"filter": {"published_from": "2050", "undated": False}}}
    reply = client.chat.completions.create(model=MODEL, messages=asked(COSTS), extra_body=closed)
    assert reply.dossier["standing"] == "declined"
    with pytest.raises(openai.BadRequestError, match="did you mean 'filter'"):
        client.chat.completions.create(model=MODEL, messages=asked(COSTS), extra_body={"dossier": {"filtre": {}}})


@pytest.mark.models
def test_not_even_a_greeting_is_answered_for_a_dossier_that_is_not_there(client: OpenAI) -> None:
    assert client.chat.completions.create(model=MODEL, messages=asked("hello")).dossier["standing"] == "aside"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="dossier/nowhere", messages=asked("hello"))


@pytest.mark.models
def test_langchain_asks_and_streams(real: Running) -> None:
    from langchain_openai import ChatOpenAI

    with httpx.Client(trust_env=False) as http:
        model = ChatOpenAI(model=MODEL, base_url=f"{real.address}/v1", api_key=KEY, max_retries=0, http_client=http)
        whole = model.invoke([("system", "Be brief."), ("human", COSTS)])
        follow_up = [("human", "How much did the bridge cost?"), ("ai", COST), ("human", "And the tunnel?")]
        chunks = list(model.stream(follow_up))
    assert COST in whole.content
    assert TUNNEL in whole.content
    assert TUNNEL in "".join(chunk.content for chunk in chunks)
    assert sum(bool(chunk.content) for chunk in chunks) >= 2


def test_a_stream_with_a_gap_still_adds_up(server: Running) -> None:
    server.add("The bridge was lifted on 3 May.", "The ferry is to run until June.")  # the stand-in skips a space
    with client_of(server) as client:
        whole = client.chat.completions.create(model="dossier/default", messages=asked("What was lifted?"))
        chunks = client.chat.completions.create(
            model="dossier/default", messages=asked("What was lifted?"), stream=True
        )
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert content == whole.choices[0].message.content
    assert " [1] The ferry" in content


def test_the_description_of_completions_is_complete(server: Running) -> None:
    server.add("The bridge was lifted on 3 May.")
    for question in ("What was lifted?", "nonsense"):
        body = {"model": "dossier/default", "messages": asked(question)}
        reply = server.http.post("/v1/chat/completions", json=body).json()
        assert ChatReply.model_validate(reply).model_dump(mode="json") == reply


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["dossier/nowhere", "gpt-9", "dossier/", "default", "dossier"])
@pytest.mark.parametrize("question", ["What was lifted?", "hello"])
def test_an_unknown_model_is_not_found(server: Running, model: str, stream: bool, question: str) -> None:
    server.add("The bridge was lifted on 3 May.")
    with client_of(server) as client:
        with pytest.raises(openai.NotFoundError) as told:
            client.chat.completions.create(model=model, messages=asked(question), stream=stream)
        assert told.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(model)


IMAGE = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {}}}


@pytest.mark.parametrize(
    ("given", "told", "param"),
    [
        ({"messages": []}, "at least 1", "messages"),
        ({"messages": [{"role": "system", "content": "Be kind."}]}, "the user's question", None),
        ({"messages": [*asked("?"), {"role": "assistant", "content": "!"}]}, "the user's question", None),
        ({"messages": asked("  ")}, "the user's question", None),
        ({"messages": asked("x" * 8001)}, "8000 characters", None),
        ({"messages": asked([IMAGE])}, "part of type 'image_url' cannot be read", "messages"),
        ({"messages": asked([{"type": "file", "text": "?"}])}, "part of type 'file' cannot be read", "messages"),
        ({"messages": asked(["text"])}, "cannot be read", "messages"),
        ({"messages": asked([{"type": "text"}])}, "cannot be read", "messages"),
        ({"messages": asked(5)}, "valid string", "messages"),
        ({"messages": [{"role": "tool", "content": "7", "tool_call_id": "t"}, *asked("?")]}, "no tools", "messages"),
        ({"messages": [{"role": "king", "content": "7"}, *asked("?")]}, "'system', 'developer'", "messages"),
        ({"messages": asked("?"), "tools": [TOOL]}, "no tools", "tools"),
        ({"messages": asked("?"), "response_format": {"type": "json_object"}}, "'text'", "response_format"),
        ({"messages": asked("?"), "n": 2}, "n: ", "n"),
        ({"messages": asked("?"), "logprobs": True}, "logprobs", "logprobs"),
        ({"messages": asked("?"), "extra_body": {"stream": "yes"}}, "stream", "stream"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    server: Running, given: dict[str, Any], told: str, param: str | None
) -> None:
    server.add("The bridge was lifted on 3 May.")
    with client_of(server) as client, pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="dossier/default", **given)
    assert told in refused.value.message
    assert (refused.value.type, refused.value.param) == ("invalid_request_error", param)
    assert refused.value.code in ("bad_input", "bad_request")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 400), (b"{}", "text/plain", 415), (b"[]", "application/json", 400)],
)
def test_every_error_has_their_shape(server: Running, body: bytes, kind: str, status: int) -> None:
    reply = server.http.post("/v1/chat/completions", content=body, headers={"content-type": kind})
    assert reply.status_code == status
    assert DialectErrorReply.model_validate(reply.json()).model_dump() == reply.json()
    for other in (server.http.get("/v1/chat/completions"), server.http.get("/v1/chat/nothing")):
        assert other.status_code in (404, 405)
        assert DialectErrorReply.model_validate(other.json()).model_dump() == other.json()


def test_a_wrong_key_is_told_in_their_words(start: Callable[..., Running]) -> None:
    server = start(key=KEY)
    with client_of(server, "wrong") as client, pytest.raises(openai.AuthenticationError) as told:
        client.models.list()
    assert told.value.code == "invalid_api_key"


def test_a_full_queue_is_told_in_their_words_and_tried_again(start: Callable[..., Running]) -> None:
    server = start(workers=1, queue=1)
    server.add("The bridge was lifted on 3 May.")
    ask = {"args": ("/v1/ask",), "kwargs": {"json": {"question": "wait"}}}
    busy = [threading.Thread(target=server.http.post, **ask) for _ in range(2)]
    for asker in busy:
        asker.start()
    until = time.monotonic() + 5
    while server.service.busy < 2 and time.monotonic() < until:
        time.sleep(0.01)
    for stream in (False, True):
        with client_of(server) as client, pytest.raises(openai.RateLimitError) as told:
            client.chat.completions.create(model="dossier/default", messages=asked("One more?"), stream=stream)
        assert told.value.code == "rate_limit_exceeded"
        assert int(told.value.response.headers["retry-after"]) >= 1
    threading.Timer(0.2, server.rag.gate.set).start()
    with client_of(server, max_retries=2) as client:  # the client itself waits as long as it is told, then asks again
        reply = client.chat.completions.create(model="dossier/default", messages=asked("One more?"))
    assert "bridge" in reply.choices[0].message.content
    for asker in busy:
        asker.join()


def test_an_error_after_the_start_reaches_the_client_without_a_secret(server: Running) -> None:
    server.add("The bridge was lifted on 3 May.")
    with client_of(server) as client:
        stream = client.chat.completions.create(model="dossier/default", messages=asked("broken"), stream=True)
        with pytest.raises(openai.APIError) as told:
            list(stream)
        assert "Something inside Dossier failed" in told.value.message
        with pytest.raises(openai.InternalServerError) as told:
            client.chat.completions.create(model="dossier/default", messages=asked("raise"))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("stream", [False, True])
def test_closing_stops_the_work(server: Running, stream: bool) -> None:
    server.add("The bridge was lifted on 3 May.")
    with client_of(server, timeout=0.3) as client:
        if stream:
            reply = client.chat.completions.create(model="dossier/default", messages=asked("wait"), stream=True)
            assert next(iter(reply)).choices[0].delta.role == "assistant"
            reply.close()
        else:
            with pytest.raises(openai.APITimeoutError):
                client.chat.completions.create(model="dossier/default", messages=asked("wait"))
    until = time.monotonic() + 5
    while server.service.busy and time.monotonic() < until:
        time.sleep(0.01)
    assert server.rag.withdrawn == 1


def test_a_long_conversation_is_read_from_its_end(server: Running) -> None:
    server.add("The bridge was lifted on 3 May.")
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n}"} for n in range(200)]
    with client_of(server) as client:
        client.chat.completions.create(model="dossier/default", messages=[*turns, *asked("And then?")])
    history = server.rag.asked[-1].history
    assert [turn.content for turn in history] == [f"turn {n}" for n in range(150, 200)]
    assert history[-1].role == "assistant"
