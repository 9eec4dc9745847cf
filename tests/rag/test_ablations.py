"""The table of ablations compares with the pipeline as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import ablations
from benchmarks.remembered import Remembered
from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.evaluate.questions import Case, Piece
from rag.pipeline import Rag
from rag.recipe import AS_BUILT, Recipe
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.made import document, hit

ARTICLE = "The bridge over the Wend is {0} metres long. It was built in 19{0}. Its builder was Orrin {0}.\n\n"
QUESTIONS = ("How long is the bridge over the Wend?", "Who was its builder? When was it built?", "Why do fish sing?")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wend"
    (folder / "documents").mkdir(parents=True)
    for number in range(40, 52):
        (folder / "documents" / f"{number}.txt").write_text(ARTICLE.format(number) * 3)
    lines = [{"question": question, "answer": ["metres"]} for question in QUESTIONS]
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


@pytest.fixture
def shelf(folder: Path, tmp_path: Path) -> Iterator[Shelf]:
    with Shelf.open(RagConfig(data=tmp_path / "data"), FakeEmbedder()) as shelf:
        ablations.add(shelf, folder, ablations.Keeping())
        yield shelf


def test_a_recipe_is_followed(shelf: Shelf) -> None:
    ask = Ask(QUESTIONS[0], "wend")

    def varied(recipe: Recipe) -> Rag:
        return Rag(shelf, FakeReranker(), RagConfig(), recipe)

    few = varied(replace(AS_BUILT, read=2))
    read = ablations.read_in(list(few.stream(ask)))
    assert len(read) == 2
    assert {window.hit.passage.id for window in few.evidence(ask)[0].judged} <= {hit.passage.id for hit in read}
    assert len(varied(replace(AS_BUILT, judged=3, judged_most=3, differing=3)).evidence(ask)[0].judged) == 3
    words, meaning = varied(replace(AS_BUILT, by_meaning=0.0)), varied(replace(AS_BUILT, by_meaning=1.0))
    found = shelf.search("wend", ask.question, limit=AS_BUILT.found)
    assert {hit.passage.id for hit in words.evidence(ask)[0].found} == {hit.passage.id for hit in found.by_words}
    assert {hit.passage.id for hit in meaning.evidence(ask)[0].found} == {hit.passage.id for hit in found.by_meaning}
    assert all(
        one.start == one.focus for one in varied(replace(AS_BUILT, sentence_before=False)).evidence(ask)[0].judged
    )
    assert any(one.start < one.focus for one in varied(AS_BUILT).evidence(ask)[0].judged)


def test_several_things_are_looked_for_one_by_one_where_the_recipe_says_so(shelf: Shelf) -> None:
    ask = Ask("What did Orrin and Pell build?", "wend")
    assert Rag(shelf, FakeReranker(), RagConfig()).ask(ask).missing
    counting = FakeReranker()
    Rag(shelf, counting, RagConfig(), replace(AS_BUILT, each=False)).ask(ask)
    once = counting.scored
    Rag(shelf, counting, RagConfig()).ask(ask)
    assert counting.scored > 2 * once


def test_titles_are_left_out_by_keeping(shelf: Shelf, folder: Path) -> None:
    shelf.remove_dossier("wend")
    ablations.add(shelf, folder, ablations.Keeping(title=False))
    documents, _ = shelf.documents("wend")
    assert {document.title for document in documents} == {"-"}


def test_the_table_has_every_variant_and_its_difference(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [ablations.VARIANTS[0], ablations.VARIANTS[1], ablations.VARIANTS[-1]]
    monkeypatch.setattr(ablations, "VARIANTS", tuple(kept))
    parts = ablations.Parts(FakeEmbedder(), Remembered(FakeReranker()))
    marked = ablations.run([folder], 2, parts, tmp_path / "run")
    assert all(len(marks) == 2 for marks in marked.values())
    lines = ablations.table(marked, ["wend"])
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {variant.name}" for variant in kept]
    assert "+0.000" in lines[3] or " to " in lines[3]
    assert all(marks["pairs"] > 0 for marks in marked["as built in", "wend"].values())


def test_evidence_is_reached_in_the_passages_read() -> None:
    text = "One two three. Four five six. Seven eight nine."
    read = [hit(text[15:29], document(), 15)]

    def reached(*pieces: Piece, strings: tuple[str, ...] = ()) -> float:
        case = Case("q", "fact", "Q?", 1, strings=strings, evidence=tuple((piece,) for piece in pieces))
        return ablations.reached(case, read, lambda id, version: text)

    assert reached(Piece("d_1.txt", "Four five"), Piece("d_1.txt", "One two")) == 0.5
    assert reached(Piece("d_2.txt", "Four five")) == 0.0
    assert reached(Piece("d_1.txt", text, within=True), strings=("five",)) == 1.0
    assert reached(Piece("d_1.txt", text, within=True), strings=("nine",)) == 0.0
