"""A real small language model, behind a real server that speaks OpenAI's dialect."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import models
from index.config import IndexConfig
from index.errors import BadSettings, ModelAltered
from index.shelf import Shelf
from rag.answers import Ask, DraftShown
from rag.config import RagConfig
from rag.local_model import open_local
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.test_pipeline import check, check_events, filled

QUESTION = "How much has overall trade increased since March?"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Iterator[Rag]:
    pytest.importorskip("xllamacpp")
    models.fetch(IndexConfig(models=models_folder), models.SMOLLM.name)
    config = RagConfig(
        data=tmp_path_factory.mktemp("local"),
        models=models_folder,
        model="local:smollm2-135m",
        unsupported="show",
        model_seconds=240,
    )
    with Rag(Shelf.open(config, FakeEmbedder()), FakeReranker(), config) as rag:
        filled(rag.shelf)
        yield rag


@pytest.mark.models
def test_a_local_model_writes_and_is_checked_like_any_other(local: Rag) -> None:
    events = list(local.stream(Ask(QUESTION, "news", draft=True)))
    raw = "".join(event.text for event in events if isinstance(event, DraftShown))
    answer = check_events([event for event in events if not isinstance(event, DraftShown)])
    check(answer, local.shelf)
    assert raw.strip()
    assert (answer.usage.model_calls, answer.model) == (1, "local:smollm2-135m")
    assert answer.usage.input_tokens > 50
    assert answer.usage.output_tokens > 0
    assert "local:smollm2-135m" in local.writing.offered()


@pytest.mark.models
def test_a_local_model_tells_probabilities(local: Rag) -> None:
    budget = local.writing.budget(None)
    assert local.writing.chat("local:smollm2-135m").truth("Is water wet? Answer True or False.", budget) is not None


@pytest.mark.models
def test_nobody_else_may_use_it(local: Rag) -> None:
    server = open_local(local.config, "smollm2-135m")
    assert server.url.startswith("http://127.0.0.1:")
    request = urllib.request.Request(f"{server.url}/chat/completions", data=b"{}", method="POST")  # noqa: S310 - our own loopback server
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=20)  # noqa: S310 - our own loopback server


@pytest.mark.models
def test_a_stopped_question_leaves_the_model_free(local: Rag) -> None:
    cancel = threading.Event()
    for event in local.stream(Ask(QUESTION, "news", draft=True), cancel):
        if isinstance(event, DraftShown):
            break
    answer = local.ask(Ask(QUESTION, "news"))
    assert answer.usage.model_calls == 1


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no GGUF file"):
        open_local(RagConfig(models=tmp_path), str(tmp_path / "none.gguf"))
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelAltered, match="not a GGUF file"):
        open_local(RagConfig(models=tmp_path), str(tmp_path / "text.gguf"))
