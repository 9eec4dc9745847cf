from __future__ import annotations

from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import ModelMissing
from index.onnx import Remembered
from rag.rerank import CrossEncoder, open_reranker

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def cross_encoder(models_folder: Path) -> CrossEncoder:
    opened = open_reranker(IndexConfig(models=models_folder))
    opened.remembered = Remembered(0)  # the model itself is tried, every time
    return opened


def test_only_the_text_is_cut(cross_encoder: CrossEncoder) -> None:
    text = "Trade grew by 26%. " + "Nothing else is known about it. " * 200
    first, second = cross_encoder.score("How much did trade grow?", [text, text + "More."])
    assert first == second > 0


def test_a_very_long_question_leaves_room_for_the_text(cross_encoder: CrossEncoder) -> None:
    question = "How much did trade grow? " + "I ask because I have to know it. " * 200
    right, wrong = cross_encoder.score(question, ["Trade grew by 26%.", "Ferries stayed in port."])
    assert right > wrong


def test_the_number_of_threads_changes_nothing(models_folder: Path) -> None:
    texts = [f"Trade grew by {number}%." for number in range(20)]
    one, four = (open_reranker(IndexConfig(models=models_folder, threads=threads)) for threads in (1, 4))
    assert one.score("How much did trade grow?", texts) == four.score("How much did trade grow?", texts)


def test_without_its_files_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="dossier models fetch ms-marco-MiniLM-L-12-v2"):
        open_reranker(IndexConfig(models=tmp_path))


def test_a_pair_that_was_scored_lately_is_not_scored_again(
    models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = open_reranker(IndexConfig(models=models_folder))
    first = scorer.score("Who approved the bridge?", ["The council approved it.", "It rained."])
    monkeypatch.setattr(scorer._model, "run", lambda encoding: pytest.fail("scored again"))
    assert scorer.score("Who approved the bridge?", ["It rained.", "The council approved it."]) == first[::-1]
