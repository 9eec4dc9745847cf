from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.config import IndexConfig
from index.embed import Vector
from index.errors import BadInput, Conflict, EmbedderChanged, LibraryBusy, NotFound
from index.given import storable
from index.records import Filter, Hit, Job, Metadata, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

TRADE = "Overall trade has increased by 26%. The minister said so on Friday.\n\nExports of copper fell."
STORM = "A storm closed the harbour of Odessa. Ferries stayed in port until Sunday."


def text(name: str, content: str, **metadata: str) -> Source:
    return Source(name, f"upload:{name}", text=content, metadata=Metadata(**metadata))  # type: ignore[arg-type]


def add(shelf: Shelf, *sources: Source, dossier: str = "news", **options: str) -> Job:
    job = shelf.wait(shelf.add(dossier, sources, **options).id, 30)  # type: ignore[arg-type]
    assert job.finished
    return job


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.passage.id for hit in hits]


def test_what_is_added_is_found_by_meaning_and_by_words(shelf: Shelf) -> None:
    job = add(shelf, text("trade.txt", TRADE, publisher="The Post"), text("storm.txt", STORM))
    assert (job.state, job.added, job.failed, job.total) == ("done", 2, (), 2)
    found = shelf.search("NEWS", "How much did trade increase?")
    assert found.by_words[0].document.name == found.by_meaning[0].document.name == "trade.txt"
    assert found.by_words[0].stage == "words"
    assert found.by_meaning[0].stage == "meaning"
    assert shelf.dossier("news").documents == 2
    assert shelf.dossier("news").passages == job.passages


def test_files_are_read_and_given_back_as_they_came(shelf: Shelf) -> None:
    content = TRADE.replace("\n", "\r\n").encode("utf-16")
    add(shelf, Source("trade.txt", "upload:trade.txt", content=content))
    (document,), _ = shelf.documents("news")
    assert shelf.original(document.id) == (content, document.media_type, "trade.txt")
    assert "trade has increased" in shelf.text(document.id)


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), max_size=12).map("\n\n".join))
def test_text_is_kept_character_for_character(content: str) -> None:
    kept = storable(content)
    assert len(kept) == len(content)
    assert all(a == b or b == "\ufffd" for a, b in zip(content, kept, strict=True))
    assert kept.encode().decode() == kept


def test_every_passage_and_sentence_lies_where_it_says(shelf: Shelf) -> None:
    odd = "Ünï \x00 \ud800 cödé. Ein Satz! 🎈🎈 Noch einer?\r\n\r\n北京的贸易增长了。真的。\n\n" + TRADE * 30
    add(shelf, text("odd.txt", odd), text("trade.txt", TRADE))
    for document in shelf.documents("news")[0]:
        whole = shelf.text(document.id)
        if document.name == "odd.txt":
            assert whole == odd.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
        passages = shelf.passages(document.id)
        assert len(passages) == document.passages
        assert [passage.ordinal for passage in passages] == list(range(len(passages)))
        for passage in passages:
            assert whole[passage.start : passage.end] == passage.text
            assert all(passage.start <= one.start < one.end <= passage.end for one in passage.sentences)


def test_adding_twice_changes_nothing_and_embeds_nothing(shelf: Shelf, embedder: FakeEmbedder) -> None:
    sources = [text("trade.txt", TRADE, title="Trade"), Source("s.txt", "upload:s.txt", content=STORM.encode())]
    add(shelf, *sources)
    before, embedded, found = shelf.documents("news"), embedder.embedded, shelf.search("news", "trade")
    for _ in range(3):
        job = add(shelf, *sources)
        assert (job.unchanged, job.added, job.replaced) == (2, 0, 0)
    assert (shelf.documents("news"), embedder.embedded) == (before, embedded)
    assert shelf.search("news", "trade") == found


def test_equal_passages_are_embedded_once(shelf: Shelf, embedder: FakeEmbedder) -> None:
    add(shelf, text("a.txt", TRADE, title="Same"))
    embedded = embedder.embedded
    add(shelf, text("b.txt", TRADE, title="Same"))
    assert embedder.embedded == embedded
    first, second = shelf.documents("news")[0]
    shelf.remove_document(first.id)
    assert {hit.document.id for hit in shelf.search("news", "trade").by_meaning} == {second.id}


def test_a_vector_that_goes_while_it_is_to_be_shared_is_made_again(shelf: Shelf, embedder: FakeEmbedder) -> None:
    long = "\n\n".join(f"{TRADE} Paragraph {n} is about trade and nothing else at all." * 5 for n in range(5))
    add(shelf, text("a.txt", long, title="Same"))
    (first,), _ = shelf.documents("news")
    before, embed = embedder.embedded, embedder.embed_passages

    def remove_then_embed(texts: Sequence[str]) -> Vector:
        embedder.embed_passages = embed  # type: ignore[method-assign]
        assert len(texts) < first.passages
        shelf.remove_document(first.id)
        return embed(texts)

    embedder.embed_passages = remove_then_embed  # type: ignore[method-assign]
    assert add(shelf, text("b.txt", f"{long}\n\n{STORM * 12}", title="Same")).added == 1
    assert embedder.embedded > before + first.passages
    assert {hit.document.name for hit in shelf.search("news", "trade").by_meaning} == {"b.txt"}


def test_original_files_go_when_nothing_needs_them(shelf: Shelf, config: IndexConfig) -> None:
    def file(name: str, content: str) -> Source:
        return Source(name, f"upload:{name}", content=content.encode())

    add(shelf, file("a.txt", TRADE), file("copy.txt", TRADE), file("b.pdf", "%PDF-1.7 nothing"))
    assert len(list((config.data / "originals").iterdir())) == 1  # shared, and the failed one is gone
    add(shelf, file("a.txt", STORM))
    assert len(list((config.data / "originals").iterdir())) == 2
    add(shelf, file("copy.txt", STORM))
    assert len(list((config.data / "originals").iterdir())) == 1
    assert all(health.well for health in shelf.doctor() if health.part != "space")


def test_removing_leaves_no_vector_behind(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE), text("b.txt", STORM))
    add(shelf, text("a.txt", STORM * 3))
    for document in shelf.documents("news")[0]:
        shelf.remove_document(document.id)
    with shelf._library.database.read() as connection:
        for table in ("documents", "versions", "passages", "embeddings"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608 - constants


def test_replacing_swaps_the_new_for_the_old_and_keeps_the_old_text(shelf: Shelf) -> None:
    add(shelf, text("news.txt", TRADE))
    (old,), _ = shelf.documents("news")
    job = add(shelf, text("news.txt", STORM))
    assert job.replaced == 1
    (new,), _ = shelf.documents("news")
    assert new.id == old.id
    assert new.version != old.version
    assert shelf.text(new.id) == STORM
    assert shelf.text(old.id, old.version) == TRADE
    found = shelf.search("news", "trade copper storm harbour")
    assert {hit.document.version for hit in found.by_words + found.by_meaning} == {new.version}


def test_a_file_that_cannot_be_read_fails_alone_and_keeps_the_old_version(shelf: Shelf) -> None:
    add(shelf, text("a.pdf", TRADE), text("b.txt", STORM))
    job = add(shelf, Source("a.pdf", "upload:a.pdf", content=b"%PDF-1.7 nothing"), text("c.txt", STORM))
    assert job.state == "done"
    assert [failure.name for failure in job.failed] == ["a.pdf"]
    assert job.failed[0].error
    assert job.added == 1
    assert shelf.text(shelf.documents("news")[0][0].id) == TRADE
    only = add(shelf, Source("a.pdf", "upload:a.pdf", content=b"%PDF-1.7 nothing"))
    assert only.state == "failed"


def test_conflicts_are_settled_as_asked(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE))
    assert add(shelf, text("a.txt", STORM), on_conflict="fail").failed[0].name == "a.txt"
    add(shelf, text("a.txt", STORM), on_conflict="keep_both")
    add(shelf, text("a.txt", STORM), on_conflict="keep_both")
    assert [document.source for document in shelf.documents("news")[0]] == [
        "upload:a.txt",
        "upload:a.txt (2)",
        "upload:a.txt (3)",
    ]


def test_a_removed_document_is_nowhere_from_then_on(shelf: Shelf, config: IndexConfig) -> None:
    add(shelf, Source("t.txt", "upload:t.txt", content=b"Xylophones are unmistakable here."), text("s.txt", STORM))
    gone = shelf.documents("news")[0][0]
    assert shelf.search("news", "xylophones").by_words
    shelf.remove_document(gone.id)
    found = shelf.search("news", "xylophones are unmistakable")
    assert gone.id not in {hit.document.id for hit in found.by_words + found.by_meaning}
    for ask in (shelf.document, shelf.text, shelf.original, shelf.passages, shelf.remove_document):
        with pytest.raises(NotFound):
            ask(gone.id)
    with pytest.raises(NotFound):
        shelf.text(gone.id, gone.version)
    assert list((config.data / "originals").iterdir()) == []
    for path in config.data.glob("library.sqlite*"):
        assert b"ylophones are unmistakable" not in path.read_bytes()


def test_corrections_win_over_the_caller_and_are_kept_over_replacement(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE, title="Wrong", publisher="The Post", published="2020"))
    (document,), _ = shelf.documents("news")
    corrected = shelf.correct(document.id, Metadata(title="Right", published=""))
    assert corrected.metadata == Metadata(title="Right", publisher="The Post")
    add(shelf, text("a.txt", STORM, title="Wrong again", published="2021"))
    assert shelf.document(document.id).metadata == Metadata(title="Right")
    shelf.correct(document.id, Metadata(published="2022-03"))
    assert shelf.document(document.id).metadata.published_from == "given"
    with pytest.raises(BadInput):
        shelf.correct(document.id, Metadata(published="2022-13"))


def test_a_corrected_title_is_soon_found_by_words_and_by_meaning(shelf: Shelf, embedder: FakeEmbedder) -> None:
    add(shelf, text("a.txt", TRADE, title="Old"), text("b.txt", STORM, title="Old"))
    (a, _), _ = shelf.documents("news")
    before = shelf.search("news", "zeppelin").by_meaning
    shelf.correct(a.id, Metadata(title="Zeppelin"))
    deadline = time.monotonic() + 10
    while not shelf.search("news", "zeppelin").by_words and time.monotonic() < deadline:
        time.sleep(0.02)
    found = shelf.search("news", "zeppelin")
    assert {hit.document.id for hit in found.by_words} == {a.id}
    assert found.by_meaning[0].document.id == a.id
    assert found.by_meaning[0].score > max(hit.score for hit in before)


def test_given_metadata_alone_is_changed_without_a_new_version(shelf: Shelf, embedder: FakeEmbedder) -> None:
    add(shelf, text("a.txt", TRADE, author="A"))
    (old,), _ = shelf.documents("news")
    embedded = embedder.embedded
    assert add(shelf, text("a.txt", TRADE, author="B")).replaced == 1
    (new,), _ = shelf.documents("news")
    assert new == replace(old, metadata=Metadata(author="B"))
    assert embedder.embedded == embedded


def test_a_filter_is_hard_and_full(shelf: Shelf) -> None:
    sources = [
        text(f"{n}.txt", f"{TRADE} Number{n}.", publisher="ABC"[n % 3], published=str(2000 + n)) for n in range(30)
    ]
    add(shelf, *sources, text("undated.txt", TRADE))
    found = shelf.search(
        "news", "trade", filter=Filter(publishers=("b",), published_from="2010", undated=False), limit=5
    )
    for hits in (found.by_meaning, found.by_words):
        assert len(hits) == 5
        assert {hit.document.metadata.publisher for hit in hits} == {"B"}
        assert all((hit.document.metadata.published or "") >= "2010" for hit in hits)
    assert shelf.search("news", "trade", filter=Filter(documents=("d_none",))).by_words == ()


def test_dossiers_do_not_see_each_other(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE), dossier="one")
    before = shelf.search("one", "trade minister")
    add(shelf, text("a.txt", TRADE + STORM), dossier="Two")
    assert shelf.search("one", "trade minister") == before
    assert [dossier.name for dossier in shelf.dossiers()] == ["one", "Two"]
    shelf.remove_dossier("one")
    with pytest.raises(NotFound, match="'Two'"):
        shelf.search("one", "trade")
    assert shelf.search("two", "trade").by_words


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 65, "a\nb", "..", "a\tb", "<b>"])
def test_names_that_are_not_allowed(shelf: Shelf, name: str) -> None:
    with pytest.raises(BadInput):
        shelf.create_dossier(name)


def test_names_are_compared_case_folded_and_the_id_stays(shelf: Shelf) -> None:
    first = shelf.create_dossier("Straße 1")
    assert shelf.create_dossier("STRASSE 1") == first
    renamed = shelf.rename_dossier("straße 1", "Пресса_2.b-c")
    assert (renamed.id, renamed.name) == (first.id, "Пресса_2.b-c")
    shelf.create_dossier("other")
    with pytest.raises(Conflict):
        shelf.rename_dossier("OTHER", "пресса_2.B-c")
    assert shelf.rename_dossier("other", "Other").name == "Other"


def test_pages_of_documents_follow_each_other(shelf: Shelf) -> None:
    add(shelf, *(text(f"{n}.txt", f"Text number {n}.") for n in range(7)))
    names, cursor = [], None
    while True:
        documents, cursor = shelf.documents("news", cursor, 3)
        names += [document.name for document in documents]
        if cursor is None:
            break
    assert names == [f"{n}.txt" for n in range(7)]
    with pytest.raises(BadInput):
        shelf.documents("news", "x")


def test_an_empty_dossier_finds_nothing(shelf: Shelf) -> None:
    shelf.create_dossier("empty")
    assert shelf.search("empty", "anything") == shelf.search("empty", "")
    assert shelf.search("empty", "anything").by_meaning == ()


def test_eight_threads_adding_the_same_source_make_one_document(shelf: Shelf) -> None:
    jobs: list[Job] = []
    threads = [threading.Thread(target=lambda: jobs.append(add(shelf, text("a.txt", TRADE)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((job.added, job.unchanged) for job in jobs) == [(0, 1)] * 7 + [(1, 0)]
    assert shelf.dossier("news").documents == 1


def test_files_of_a_cancelled_job_are_deleted_beside_other_work(config: IndexConfig) -> None:
    files = [Source(f"{n}.txt", f"upload:{n}.txt", content=b"Number %d." % n) for n in range(1000)]
    with Shelf.open(config, FakeEmbedder(seconds_a_passage=0.05)) as shelf:
        kept = config.data / "originals"
        job = shelf.add("news", files)
        assert len(list(kept.iterdir())) > 900
        assert shelf.cancel(job.id).state == "cancelled"
        until = time.monotonic() + 60
        while len(list(kept.iterdir())) > shelf.dossier("news").documents and time.monotonic() < until:
            time.sleep(0.02)
        assert len(list(kept.iterdir())) == shelf.dossier("news").documents < 200
        shelf.cancel(shelf.add("news", files).id)
    with Shelf.open(config, FakeEmbedder()) as shelf:  # closed midway: the rest is swept at opening
        assert len(list(kept.iterdir())) == shelf.dossier("news").documents


def test_cancelling_keeps_what_is_done_and_adds_no_more(config: IndexConfig) -> None:
    slow = FakeEmbedder(seconds_a_passage=0.05)
    with Shelf.open(config, slow) as shelf:
        job = shelf.add("news", [text(f"{n}.txt", f"{TRADE} {n}") for n in range(200)])
        while shelf.job(job.id).added < 2:
            time.sleep(0.01)
        began = time.monotonic()
        cancelled = shelf.cancel(job.id)
        assert time.monotonic() - began < 2
        assert cancelled.state == "cancelled"
        assert shelf.dossier("news").documents == cancelled.added < 200
        assert shelf.cancel(job.id) == cancelled
        assert len(shelf.search("news", "trade").by_words) == shelf.dossier("news").passages


def test_a_job_survives_a_restart(config: IndexConfig) -> None:
    sources = [Source(f"{n}.txt", f"upload:{n}.txt", content=f"{TRADE} {n}".encode()) for n in range(30)]
    with Shelf.open(config, FakeEmbedder(seconds_a_passage=0.05)) as shelf:
        id = shelf.add("news", sources).id
        began = time.monotonic()
    assert time.monotonic() - began < 3
    with Shelf.open(config, FakeEmbedder()) as shelf:
        job = shelf.wait(id, 30)
        assert (job.state, job.added) == ("done", 30)
        assert len({hit.document.id for hit in shelf.search("news", "trade", limit=200).by_words}) == 30


def test_another_embedder_is_refused_with_the_command(config: IndexConfig) -> None:
    with Shelf.open(config, FakeEmbedder("one")) as shelf:
        shelf.create_dossier("news")
    with Shelf.open(config, FakeEmbedder("two")) as shelf:  # nothing was embedded yet
        add(shelf, text("a.txt", TRADE))
    with pytest.raises(EmbedderChanged, match=re.escape("dossier reindex --embedder fake")):
        Shelf.open(config, FakeEmbedder("one"))
    with Shelf.open(config, FakeEmbedder("two")) as shelf, pytest.raises(LibraryBusy):
        Shelf.open(config, FakeEmbedder("two"))


def test_the_doctor_finds_a_sound_shelf_sound(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE))
    report = shelf.doctor()
    assert {health.part for health in report} >= {"library", "passages", "vectors", "space", "permission"}
    assert all(health.well for health in report if health.part != "space")


def test_a_shelf_becomes_ready(shelf: Shelf) -> None:
    add(shelf, text("a.txt", TRADE))
    deadline = time.monotonic() + 10
    while not shelf.ready()[0] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert shelf.ready() == (True, "")
