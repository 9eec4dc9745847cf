"""A hundred ways in which a language model's server goes wrong: an answer in the sources' own words, in time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

import pytest

from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.pipeline import Rag
from rag.write.langchain_chat import _Loop
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.model_server import FAULTS, Behaviour, Handler, serving
from tests.rag.test_pipeline import check, filled
from tests.soak.ledger import Ledger

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2 * 3600)]
QUESTION = "How much has overall trade increased since March?"
TRUE = "Overall trade has increased by 26% since March"
FALSE = "Overall trade has increased by 62% since March"
STREAMED = ("slow", "cut", "endless", "flood", "one long line", "garbage", "nothing", "refusal")
"""Faults that can come after some words."""
SPARE = 1.0
"""How long after the time limit an answer may come, besides the time that any answer takes, in seconds."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Shelf.open(RagConfig(data=tmp_path_factory.mktemp("faulty")), FakeEmbedder()) as opened:
        yield filled(opened)


def drawn(luck: random.Random, fault: str) -> tuple[str, Behaviour]:
    """Draw how a fault shows: at once, after another fault, or in the middle of an answer."""
    way = luck.choice(["at once", "on another try", *(["after words"] if fault in STREAMED else [])])
    words = "".join(luck.choice([f"{TRUE}. ", f"{FALSE}. ", "And ", "\n"]) for _ in range(luck.randint(1, 4)))

    def behave(handler: Handler) -> None:
        if way == "on another try" and len(handler.owner.asked) == 1:
            FAULTS["busy"](handler)
        elif way == "after words":
            handler.begin()
            handler.piece(words)
            handler.begin = lambda *_, **__: None  # type: ignore[method-assign]
            FAULTS[fault](handler)
        else:
            FAULTS[fault](handler)

    return way, behave


def timed(rag: Rag, **asked: str) -> tuple[float, str | None]:
    """Ask, and give the time and what is wrong with the answer."""
    began = time.monotonic()
    answer = rag.ask(Ask(QUESTION, "news", **asked))  # type: ignore[arg-type]
    took = time.monotonic() - began
    check(answer, rag.shelf)
    if not answer.citations or answer.standing != "grounded":
        return took, f"it is {answer.standing}: {answer.text!r}"
    if not asked and not answer.warnings:
        return took, "nothing is told of the fault"
    return took, "a key is told" if "canary" in str(answer.to_json()) else None


def test_a_hundred_faults(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-42")
    ledger = Ledger("faults of a language model's server", 100)
    for number, luck in ledger:
        fault = list(FAULTS)[number % len(FAULTS)]
        way, behave = drawn(luck, fault)
        seconds = luck.uniform(0.3, 2.5)
        with serving(behave) as server:
            config = RagConfig(
                model="openai:fake",
                model_url=server.url,
                model_seconds=seconds,
                verify=luck.choice(["rules", "judge"]),
                unsupported=luck.choice(["drop", "rewrite"]),
            )
            rag = Rag(shelf, FakeReranker(), config)
            rag.writing.chat(config.model)  # what opening takes is tried elsewhere
            usual, _ = timed(rag, model="extractive")
            took, wrong = timed(rag)
        late = took - usual - seconds
        if wrong is None and late > SPARE:
            wrong = f"{late:.2f} s after the time limit"
        ledger.note(number, f"{fault}, {way}", wrong, late=round(late, 3), seconds=round(took, 2))
    assert wait_until_idle() == 0, "calls are still under way"
    ledger.close()


def wait_until_idle() -> int:
    """Wait for the calls that were ended, and give how many are left."""
    until = time.monotonic() + 20
    while (left := len(asyncio.all_tasks(_Loop.get()))) and time.monotonic() < until:
        time.sleep(0.1)
    return left
