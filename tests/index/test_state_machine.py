"""Whatever is done in whatever order, the shelf equals a dict of texts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from index.config import IndexConfig
from index.records import Metadata, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

NAMES = st.sampled_from(["a", "b", "c", "d"])
TEXTS = st.lists(
    st.sampled_from(["Trade grew by 26%.", "A storm came.", "Copper fell.", "北京 opened.", "Zoë said no."]), max_size=6
).map("\n\n".join)


class ShelfMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.embedder = FakeEmbedder()
        self.texts: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.corrected: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.gone: set[str] = set()
        self.restart()

    @initialize()
    def create(self) -> None:
        self.shelf.create_dossier("news")

    def restart(self) -> None:
        self.shelf = Shelf.open(IndexConfig(data=self.folder / "data"), self.embedder)

    @rule(name=NAMES, text=TEXTS, title=st.sampled_from(["One", "Two"]), as_file=st.booleans())
    def add(self, name: str, text: str, title: str, as_file: bool) -> None:
        metadata = Metadata(title=title)
        if as_file and text:
            source = Source(f"{name}.txt", f"upload:{name}", content=text.encode(), metadata=metadata)
        else:
            source = Source(f"{name}.txt", f"upload:{name}", text=text, metadata=metadata)
        job = self.shelf.wait(self.shelf.add("news", [source]).id, 20)
        assert job.failed == ()
        assert (job.added == 1) == (name not in self.texts)
        self.texts[name], self.titles[name] = text, title
        (found,) = [one for one in self.shelf.documents("news")[0] if one.source == f"upload:{name}"]
        assert self.ids.setdefault(name, found.id) == found.id

    @rule(name=NAMES, text=TEXTS)
    def add_the_same_again(self, name: str, text: str) -> None:
        self.add(name, text, "One", False)
        before = self.embedder.embedded
        job = self.shelf.wait(
            self.shelf.add("news", [Source(f"{name}.txt", f"upload:{name}", text=text, metadata=Metadata("One"))]).id,
            20,
        )
        assert job.unchanged == 1
        assert self.embedder.embedded == before

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.texts)))
        self.shelf.remove_document(self.ids[name])
        self.gone.add(self.ids.pop(name))
        del self.texts[name], self.titles[name]
        self.corrected.pop(name, None)

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), title=st.sampled_from(["Corrected", "Mended"]))
    def correct(self, data: st.DataObject, title: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.texts)))
        self.shelf.correct(self.ids[name], Metadata(title=title))
        self.corrected[name] = title

    @rule()
    def reopen(self) -> None:
        self.shelf.close()
        self.restart()

    @rule()
    def reopen_without_indexes(self) -> None:
        found = self.shelf.search("news", "trade storm copper", limit=10).by_words
        scores = [(hit.passage.id, hit.score) for hit in found]
        waiting = self.shelf._library.jobs.waiting()
        self.shelf.close()
        shutil.rmtree(self.folder / "data" / "indexes")
        (self.folder / "data" / "indexes").mkdir()
        self.restart()
        if not waiting:
            again = self.shelf.search("news", "trade storm copper", limit=10).by_words
            assert [(hit.passage.id, hit.score) for hit in again] == scores

    @invariant()
    def the_documents_are_those_of_the_model(self) -> None:
        documents = {one.id: one for one in self.shelf.documents("news")[0]}
        assert set(documents) == set(self.ids.values())
        for name, id in self.ids.items():
            assert self.shelf.text(id).rstrip() == self.texts[name].rstrip()
            assert documents[id].title == self.corrected.get(name, self.titles[name])

    @invariant()
    def every_passage_is_found_both_ways_and_nothing_else(self) -> None:
        expected = {passage.id for id in self.ids.values() for passage in self.shelf.passages(id)}
        for text in self.texts.values():
            found = self.shelf.search("news", text, limit=100)
            assert {hit.passage.id for hit in found.by_meaning} == expected
            assert {hit.passage.id for hit in found.by_words} <= expected
            shown = {hit.passage.text for hit in found.by_words}
            assert all(part in " ".join(shown) for part in text.split("\n\n"))
        assert not self.gone & {hit.document.id for hit in self.shelf.search("news", "trade storm").by_words}

    def teardown(self) -> None:
        self.shelf.close()
        shutil.rmtree(self.folder)


TestShelfMachine = ShelfMachine.TestCase
TestShelfMachine.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
