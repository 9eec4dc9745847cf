"""The benchmark of what a language model writes, over two questions and words that are given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import writing
from index.shelf import Shelf
from rag.config import RagConfig
from rag.evaluate.questions import Case, read_cases
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.test_pipeline import filled

NAME = "said before"
TRUE = "Overall trade has increased by 26% since March."
QUESTIONS = (
    {"id": "a", "question": "How much has overall trade increased since March?", "answers": ["26%"]},
    {"id": "b", "question": "Who won the chess final?", "abstain": True},
)


def call(text: str, tokens: int) -> dict[str, Any]:
    return {"text": text, "input_tokens": tokens, "output_tokens": 9}


def test_kept_words_are_heard_and_checked_again(tmp_path: Path) -> None:
    kept, questions = tmp_path / "kept.jsonl", tmp_path / "questions.jsonl"
    for case in QUESTIONS:
        row = {"set": "news", "id": case["id"], "checked": {"calls": [call(f"{TRUE} It fell by 62%.", 100)]}}
        writing.keep(kept, row | {"alone": {"call": call(f"{TRUE} Nobody knows why.", 400)}})
    questions.write_text("\n".join(map(json.dumps, QUESTIONS)))
    with Shelf.open(RagConfig(data=tmp_path / "data"), FakeEmbedder()) as shelf:
        rows = [asked(filled(shelf), kept, case) for case in read_cases(questions)]
    first = rows[0]
    assert [one["text"] for one in first["checked"]["statements"] if one["shown"]] == [TRUE]
    assert [one["shown"] for one in first["alone"]["statements"]] == [True, False]
    assert (first["checked"]["marks"]["correct"], first["alone"]["correct"]) == (1.0, 1.0)
    told = "\n".join(writing.table(rows))
    assert "prompt tokens over" in told
    assert "0.25 times" in told
    assert len(list(writing.sheet(rows))) >= 3


def asked(shelf: Shelf, kept: Path, case: Case) -> dict[str, Any]:
    config = RagConfig(model=NAME)
    chat = writing.Heard(writing.Again(NAME))
    rag = Rag(shelf, FakeReranker(), config, chats={NAME: chat})
    rag.writing = writing.Watched(config, FakeReranker(), rag._text_of, {NAME: chat})
    asking = writing.Run(rag, shelf, NAME, chat, kept)
    case = replace(case, history=())
    row = asking.answer("news", case)
    return row | {"alone": asking.alone("news", case, case.question)}
