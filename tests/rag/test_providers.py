"""The real clients of Ollama and Anthropic, before a server that speaks as theirs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from index.shelf import Shelf
from rag.answers import Answer, Ask
from rag.config import RagConfig
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.model_server import Behaviour, Handler, refuses, serving
from tests.rag.test_pipeline import check, filled

QUESTION = "How much has overall trade increased since March?"
TRUE = "Overall trade has increased by 26% since March"
PIECES = ("Overall trade has ", "increased by 26%", " since March. And ", "more.")
KEY = "sk-canary-42"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Shelf.open(RagConfig(data=tmp_path_factory.mktemp("providers")), FakeEmbedder()) as opened:
        yield filled(opened)


def ollama(handler: Handler) -> None:
    """Answer as Ollama's `/api/chat` does: a JSON object a line, the last with the counts."""
    handler.begin(200, "application/x-ndjson")
    for piece in PIECES:
        message = {"role": "assistant", "content": piece}
        handler.raw(json.dumps({"model": "fake", "created_at": "x", "message": message, "done": False}) + "\n")
    counts = {"prompt_eval_count": 120, "eval_count": 30}
    ended = {"model": "fake", "created_at": "x", "message": {"role": "assistant", "content": ""}, "done": True}
    handler.raw(json.dumps(ended | {"done_reason": "stop"} | counts) + "\n")


def anthropic(handler: Handler) -> None:
    """Answer as Anthropic's `/v1/messages` does: named events."""
    handler.begin()
    usage = {"input_tokens": 120, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "fake", "content": [], "usage": usage}
    told = [
        {"type": "message_start", "message": message | {"stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}} for p in PIECES),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"input_tokens": 120, "output_tokens": 30},
        },
        {"type": "message_stop"},
    ]
    for event in told:
        handler.raw(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n")


def asking(
    shelf: Shelf, provider: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> tuple[Answer, list[dict[str, Any]]]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with serving(behaviour) as server:
        url = server.url.removesuffix("/v1")
        config = RagConfig(model=f"{provider}:fake", model_url=url, model_seconds=120)
        rag = Rag(shelf, FakeReranker(), config)
        rag.writing.chat(config.model)  # importing its client takes a while on a busy machine
        answer = rag.ask(Ask(QUESTION, "news"))
        check(answer, shelf)
        assert KEY not in str(answer.to_json())
        return answer, server.asked


@pytest.mark.parametrize(("provider", "behaviour"), [("ollama", ollama), ("anthropic", anthropic)])
def test_its_words_are_checked_counted_and_shown(
    shelf: Shelf, provider: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(f"langchain_{provider}")
    answer, asked = asking(shelf, provider, behaviour, monkeypatch)
    assert (answer.text, answer.model) == (f"{TRUE}. [1]", f"{provider}:fake")
    usage = answer.usage
    assert (usage.model_calls, usage.input_tokens, usage.output_tokens) == (1, 120, 30)
    (request,) = asked
    settings = request.get("options", request)
    assert (settings["temperature"], settings.get("num_predict", settings.get("max_tokens"))) == (0, 500)
    assert "tools" not in request or not request["tools"]


@pytest.mark.parametrize("provider", ["ollama", "anthropic"])
def test_its_refusal_means_the_sources_own_words(shelf: Shelf, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(f"langchain_{provider}")
    answer, _ = asking(shelf, provider, refuses(401, f"invalid key {KEY}"), monkeypatch)
    assert answer.model == "extractive"
    (warning,) = answer.warnings
    assert (warning.type, "refused the key" in warning.message) == ("model_failed", True)
