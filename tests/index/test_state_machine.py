"""Whatever is done in whatever order, killed at whatever moment, the shelf equals a dict of texts."""

from __future__ import annotations

import shutil
import time
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.soak.machine import Remote
from tests.soak.nursery import folder_in_memory

NAMES = st.sampled_from(["a", "b", "c", "d"])
PARTS = ["Trade grew by 26%.", "A storm came.", "Copper fell.", "北京 opened.", "Zoë said no."]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=6).map("\n\n".join)
TITLES = st.sampled_from(["One", "Two"])
MOMENTS = st.sampled_from([0, 1, 3, 5, 8, 12, 20, 40])
"""Milliseconds between the beginning of something and the kill."""
PLACES = st.integers(0, 3)
QUESTION = "trade storm copper"


class ShelfMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = folder_in_memory()
        self.texts: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.corrected: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.gone: set[str] = set()

    @initialize(chroma_from=st.sampled_from([5000] * 7 + [4]))
    def begin(self, chroma_from: int) -> None:
        self.shelf = Remote(self.folder / "data", chroma_from)
        self.shelf.start()

    @rule(name=NAMES, text=TEXTS, title=TITLES, as_file=st.booleans())
    def add_or_replace(self, name: str, text: str, title: str, as_file: bool) -> None:
        job = self.shelf.call("add", name, text, title, as_file)
        assert job["failed"] == 0
        assert job["state"] == "done"
        assert (job["added"] == 1) == (name not in self.texts)
        self.texts[name], self.titles[name] = text, title
        id = self.look()["documents"][name]["id"]
        assert self.ids.setdefault(name, id) == id

    @rule(place=PLACES, text=TEXTS, title=TITLES)
    def replace(self, place: int, text: str, title: str) -> None:
        if name := self.one(place):
            self.add_or_replace(name, text, title, True)

    @rule(name=NAMES, text=TEXTS)
    def add_the_same_again(self, name: str, text: str) -> None:
        self.add_or_replace(name, text, "One", False)
        job = self.shelf.call("add", name, text, "One", False)
        assert job["unchanged"] == 1
        assert job["embedded"] == 0

    @rule(name=NAMES, text=TEXTS, title=TITLES, after=MOMENTS)
    def killed_while_adding(self, name: str, text: str, title: str, after: int) -> None:
        """Either nothing happened, or the new version is there whole."""
        self.shelf.send("add", name, text, title, False)
        time.sleep(after / 1000)
        self.shelf.kill()
        there = self.look()["documents"].get(name)
        if there is None:
            assert name not in self.texts
            return
        assert self.ids.setdefault(name, there["id"]) == there["id"]
        if name not in self.texts or self.known(name) != (there["text"].rstrip(), there["title"]):
            self.texts[name], self.titles[name] = text, title  # the invariants compare

    @rule(place=PLACES)
    def remove(self, place: int) -> None:
        if name := self.one(place):
            self.shelf.call("remove", self.ids[name])
            self.forget(name)

    @rule(place=PLACES, after=MOMENTS)
    def killed_while_removing(self, place: int, after: int) -> None:
        name = self.one(place)
        if not name:
            return
        self.shelf.send("remove", self.ids[name])
        time.sleep(after / 1000)
        self.shelf.kill()
        if name not in self.look()["documents"]:
            self.forget(name)

    @rule(place=PLACES, title=st.sampled_from(["Corrected", "Mended"]))
    def correct(self, place: int, title: str) -> None:
        if name := self.one(place):
            self.shelf.call("correct", self.ids[name], title)
            self.corrected[name] = title

    @rule(killed=st.sampled_from([None, None, 2, 10, 30]))
    def reindex(self, killed: int | None) -> None:
        if killed is None:
            assert not any(self.shelf.call("reindex"))  # no vector had to be mended, nothing read or split anew
            return
        self.shelf.send("reindex")
        time.sleep(killed / 1000)
        self.shelf.kill()

    @rule(killed=st.sampled_from([None, None, 2, 10, 30]))
    def compact(self, killed: int | None) -> None:
        if killed is None:
            self.shelf.call("compact")
            return
        self.shelf.send("compact")
        time.sleep(killed / 1000)
        self.shelf.kill()

    @rule()
    def reopen(self) -> None:
        self.shelf.restart()

    @rule()
    def kill(self) -> None:
        self.shelf.kill()

    @rule()
    def reopen_without_indexes(self) -> None:
        before = self.shelf.call("scores", QUESTION)
        self.shelf.restart(without_indexes=True)
        assert self.shelf.call("scores", QUESTION) == before

    @rule(question=st.sampled_from(["By how much did trade grow?", "What did Zoë say?", "What about copper?"]))
    def ask(self, question: str) -> None:
        answer = self.shelf.call("ask", question)
        assert answer["resolved"]
        for id, quote in answer["quotes"]:
            (name,) = [name for name, one in self.ids.items() if one == id]
            assert quote in self.texts[name]
        if not any(self.texts.values()):
            assert answer["standing"] == "declined"

    @invariant()
    def the_documents_are_those_of_the_model(self) -> None:
        found = self.look()
        assert found["count"] == len(found["documents"]) == len(self.ids)
        assert {name: one["id"] for name, one in found["documents"].items()} == self.ids
        for name, one in found["documents"].items():
            assert (one["text"].rstrip(), one["title"]) == self.known(name)

    @invariant()
    def every_passage_is_found_both_ways_and_nothing_else(self) -> None:
        texts = [*self.texts.values(), QUESTION]
        found = self.look(texts)
        expected = {id for one in found["documents"].values() for id in one["passages"]}
        for text, by_meaning, by_words in zip(texts, found["by_meaning"], found["by_words"], strict=True):
            assert set(by_meaning) == expected
            assert {id for id, _, _ in by_words} <= expected
            assert not self.gone & {id for _, id, _ in by_words}
            shown = " ".join(shown for _, _, shown in by_words)
            assert text is QUESTION or all(part in shown for part in text.split("\n\n"))

    def one(self, place: int) -> str:
        """A document that is there, or nothing; what is drawn must not depend on what a kill left."""
        there = sorted(self.texts)
        return there[place % len(there)] if there else ""

    def look(self, texts: list[str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self.shelf.call("look", texts or [])
        return found

    def known(self, name: str) -> tuple[str, str]:
        """Give text and title as they have to be."""
        return self.texts[name].rstrip(), self.corrected.get(name, self.titles[name])

    def forget(self, name: str) -> None:
        self.gone.add(self.ids.pop(name))
        del self.texts[name], self.titles[name]
        self.corrected.pop(name, None)

    def teardown(self) -> None:
        if hasattr(self, "shelf"):
            self.shelf.stop()
        shutil.rmtree(self.folder)


TestShelfMachine = ShelfMachine.TestCase
pytestmark = pytest.mark.timeout(600)  # hundreds of processes are killed and begun anew
TestShelfMachine.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
