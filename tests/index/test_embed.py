from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.config import IndexConfig
from index.embed import Embedder, OnnxEmbedder, open_embedder
from index.errors import ModelMissing, NotInstalled
from index.onnx import Remembered

pytestmark = pytest.mark.models
PREFIX = "Represent this sentence for searching relevant passages: "


@pytest.fixture(scope="module")
def opened(models_folder: Path) -> Embedder:
    return open_embedder(IndexConfig(models=models_folder))


def test_only_questions_have_the_prefix(opened: Embedder) -> None:
    text = "How much did trade grow?"
    assert np.array_equal(opened.embed_query(text), opened.embed_passages([PREFIX + text])[0])
    assert not np.array_equal(opened.embed_query(text), opened.embed_passages([text])[0])


def test_the_number_of_threads_changes_nothing(models_folder: Path) -> None:
    texts = [f"Trade grew by {number}% in the year {1900 + number}. " * (number % 5 + 1) for number in range(12)]
    several = [open_embedder(IndexConfig(models=models_folder, threads=threads)) for threads in (1, 4)]
    first, second = (embedder.embed_passages(texts) for embedder in several)
    assert np.array_equal(first, second)
    assert several[0].fingerprint == several[1].fingerprint


def test_a_question_asked_again_is_not_embedded_again(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = open_embedder(IndexConfig(models=models_folder))
    assert isinstance(embedder, OnnxEmbedder)
    first = embedder.embed_query("Who approved the bridge?")
    kept = first.copy()
    first[:] = 0  # a caller's vector is its own
    monkeypatch.setattr(embedder, "_embed", lambda text: pytest.fail("embedded again"))
    assert np.array_equal(embedder.embed_query("Who approved the bridge?"), kept)


def test_what_is_remembered_is_bounded_and_bound_to_all_of_its_texts() -> None:
    memory, made = Remembered[int](2), []

    def make(*texts: str) -> int:
        return memory.of(lambda: made.append(texts) or len(made), *texts)

    assert [make("a", "b"), make("ab", ""), make("a", "b")] == [1, 2, 1]
    assert [make("c"), make("a", "b"), make("ab", "")] == [3, 1, 4], "the least lately used is forgotten first"
    memory.forget()
    assert make("a", "b") == 5


def test_meaning_is_nearer_than_words(opened: Embedder) -> None:
    passages = opened.embed_passages(
        ["Commerce rose by a quarter.", "The trade union elected a chairman.", "Ferries stayed in port."]
    )
    assert int(np.argmax(passages @ opened.embed_query("By how much did trade increase?"))) == 0


def test_a_text_over_the_limit_is_cut_and_counted_in_full(opened: Embedder) -> None:
    long = "word " * 2000
    assert opened.count_tokens(long) == 2002
    assert np.array_equal(*opened.embed_passages([long, long + "more"]))
    assert opened.count_tokens("") == 2


def test_the_fingerprint_names_what_the_vectors_depend_on(opened: Embedder) -> None:
    assert isinstance(opened, OnnxEmbedder)
    for part in ("bge-small-en-v1.5", "6c9c6101a956", "int8", "cls", PREFIX, "512"):
        assert part in opened.fingerprint


def test_without_its_files_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"dossier models fetch bge-small-en-v1\.5"):
        open_embedder(IndexConfig(models=tmp_path))


def test_another_model_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(NotInstalled, match="DOSSIER_EMBEDDER"):
        open_embedder(IndexConfig(embedder="some/model"))


def test_the_built_in_model_needs_no_torch(models_folder: Path) -> None:
    code = (
        "import sys; from index.config import IndexConfig; from index.embed import open_embedder\n"
        "open_embedder(IndexConfig()).embed_query('x')\n"
        "print({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"DOSSIER_MODELS": str(models_folder)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert child.stdout.strip() == "set()"
