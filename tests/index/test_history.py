"""The store of conversations: whole or not at all, each owner's alone, and without the words of removed documents."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from index.config import IndexConfig
from index.errors import BadInput, LibraryBusy, NotFound
from index.library import erasing
from index.library.database import Database
from index.library.history import History
from index.library.history_quotes import KNOWN, erased, moved
from index.library.schema import FIRST
from index.records import Document, Metadata, Passage, Place, Source
from index.shelf import Shelf
from rag.answers import Answer, Citation, Disagreement, Statement, Twin, Value
from rag.answers import Warning as AnswerWarning
from tests.fakes import FakeEmbedder
from tests.index.test_tending import holding
from ui.unwire import answer_of

ZEBRA = "Quixotic zebras galloped over the Skarrow pass. A veterinarian counted seventeen of them."
PLAIN = "The bridge was lifted on 3 May. It had rusted."


def document(shelf: Shelf, name: str, text: str, dossier: str = "news", **known: str) -> Document:
    """Add a text, or its next version."""
    source = Source(name, f"upload:{name}", text=text, metadata=Metadata(**known))
    assert shelf.wait(shelf.add(dossier, [source]).id, 30).state == "done"
    return next(one for one in shelf.documents(dossier, None, 1000)[0] if one.name == name)


def citation(shelf: Shelf, of: Document, number: int, kind: str = "cited", twins: Iterable[Document] = ()) -> Citation:
    """Quote the first sentence of a document."""
    text = shelf.text(of.id, of.version)
    end = text.index(".") + 1
    passage = Passage("p_1", of.id, of.version, 0, 0, len(text), text, Place(1, 1, "A heading of it"), ())
    also = tuple(Twin(twin, 0, end) for twin in twins)
    return Citation(number, kind, text[:end], 0, end, passage.place, of, passage, also)


def answer(id: str, *cited: Citation, question: str = "What happened?", dossier: str = "news", **more: Any) -> Answer:
    """State each quote, followed by its marker and its source, as answers from several sources do."""
    text, statements = "", []
    for one in cited:
        text += "\n\n" if text else ""
        statements.append(Statement(one.quote, len(text), len(text) + len(one.quote), (one.number,), "supported", 0.9))
        text += f"{one.quote} [{one.number}] ({one.document.metadata.publisher}, 2024)"
    made = Answer(id, question, question, dossier, "extractive", 0.9, text, tuple(statements), tuple(cited))
    return replace(made, **more)


def keep(shelf: Shelf, made: Answer, owner: str = "me", conversation: str | None = None) -> None:
    shelf.history.keep(owner, made.to_json(), conversation, made.question)


def kept(shelf: Shelf, id: str, owner: str = "me") -> Answer:
    return answer_of(shelf.history.answer(owner, id).content)


def check_offsets(made: Answer) -> None:
    for statement in made.statements:
        assert made.text[statement.start : statement.end] == statement.text


def test_an_answer_comes_back_as_it_was_given(shelf: Shelf) -> None:
    made = answer("a_1", citation(shelf, document(shelf, "a.txt", PLAIN), 1))
    keep(shelf, made)
    keep(shelf, replace(made, text="another"))  # the same id: nothing happens
    assert shelf.history.answer("me", "a_1").content == made.to_json()
    assert shelf.history.answer("me", "a_1").conversation is None
    with pytest.raises(NotFound):
        shelf.history.answer("you", "a_1")


def test_every_field_of_an_answer_is_known_to_the_eraser() -> None:
    assert set(Answer("a", "q", "q", "d", "m", 0.5, "").to_json()) == KNOWN


def test_a_turn_is_whole_or_absent(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = shelf.history.begin("me")
    made = answer("a_1", citation(shelf, document(shelf, "a.txt", PLAIN), 1))

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("index.library.history._refer", fail)
        with pytest.raises(RuntimeError):
            keep(shelf, made, conversation=begun.id)
    assert shelf.history.answers("me", begun.id) == ()
    with pytest.raises(NotFound):
        shelf.history.answer("me", "a_1")
    keep(shelf, made, conversation=begun.id)
    assert shelf.history.find("me", begun.id).turns == 1


def test_nothing_is_kept_in_a_strange_conversation(shelf: Shelf) -> None:
    begun = shelf.history.begin("you")
    for id in (begun.id, "t_none"):
        with pytest.raises(NotFound):
            keep(shelf, answer("a_1"), conversation=id)
    with pytest.raises(NotFound):
        shelf.history.answer("me", "a_1")


@pytest.mark.parametrize("title", [" ", "x" * 201])
def test_a_title_has_a_length(shelf: Shelf, title: str) -> None:
    with pytest.raises(BadInput):
        shelf.history.begin("me", title)


def test_a_cited_version_stays_as_long_as_an_answer_cites_it(shelf: Shelf) -> None:
    first = document(shelf, "a.txt", PLAIN)
    twin = document(shelf, "b.txt", PLAIN + " Again.")
    keep(shelf, answer("a_1", citation(shelf, first, 1, twins=[twin])))
    keep(shelf, answer("a_2", citation(shelf, first, 1)), owner="you")
    versions = [first.version]
    for number in range(3):  # two of them nobody cites
        versions.append(document(shelf, "a.txt", f"Edition {number} of it. Nothing else.").version)
    document(shelf, "b.txt", "The twin says something else.")
    assert [readable(shelf, first.id, version) for version in versions] == [True, False, True, True]
    assert shelf.compact().versions == 1  # the one that was replaced last
    assert [readable(shelf, first.id, version) for version in versions] == [True, False, False, True]
    assert shelf.text(first.id, first.version) == PLAIN
    assert shelf.text(twin.id, twin.version) == PLAIN + " Again."
    shelf.history.remove_answer("me", "a_1")
    shelf.compact()
    assert not readable(shelf, twin.id, twin.version)
    assert readable(shelf, first.id, first.version)  # the other person's answer cites it
    shelf.history.remove_all("you")
    document(shelf, "a.txt", "One more edition.")
    assert not readable(shelf, first.id, first.version)


def readable(shelf: Shelf, id: str, version: str) -> bool:
    try:
        return bool(shelf.text(id, version))
    except NotFound:
        return False


def test_deleted_words_are_in_no_file(config: IndexConfig) -> None:
    words = ("quixotic", "zebras", "galloped", "veterinarian", "seventeen", "herdbook", "zoological")
    with Shelf.open(config, FakeEmbedder()) as shelf:
        gone = document(shelf, "herdbook.txt", ZEBRA, title="Zoological herdbook notes", publisher="Zoological Gazette")
        twin = document(shelf, "twin.txt", ZEBRA.replace("Quixotic z", "Z"))
        stays = document(shelf, "a.txt", PLAIN)
        old = document(shelf, "herdbook.txt", ZEBRA + " Later.", title="Zoological herdbook notes")
        talk = shelf.history.begin("me")
        told = answer("a_1", citation(shelf, gone, 1), citation(shelf, stays, 2, twins=[gone]), question="Who ran?")
        sides = (Disagreement("beasts", (Value("seventeen", (1,)), Value("3 May", (2,)))),)
        caution = AnswerWarning("old", "Zoological  herdbook_notes is old.")
        told = replace(told, disagreements=sides, warnings=(caution,))
        keep(shelf, told, conversation=talk.id)
        later = answer("a_2", citation(shelf, stays, 1), standalone_question="Where did the quixotic zebras run?")
        keep(shelf, replace(later, missing=("where the zebras ran",)), conversation=talk.id)
        keep(shelf, answer("a_3", nearest=(citation(shelf, old, 1, "nearest"),), missing=("it",)), owner="you")
        listed = answer("a_4", citation(shelf, stays, 1))
        keep(shelf, replace(listed, text=listed.text + "\n\nAlso: Zoological herdbook notes (2024); A bridge."))
        shelf.history.judge("me", "a_1", 1, "good")
        assert holding(config.data, "zebras")
        shelf.remove_document(gone.id)
        shelf.remove_document(twin.id)
        first, second, third, fourth = (
            kept(shelf, id, owner) for id, owner in (("a_1", "me"), ("a_2", "me"), ("a_3", "you"), ("a_4", "me"))
        )
        assert first.text == "(deleted) [1]\n\nThe bridge was lifted on 3 May. [2] (None, 2024)"
        assert [one.text for one in first.statements] == ["(deleted)", "The bridge was lifted on 3 May."]
        assert [one.quote for one in first.citations] == ["(deleted)", "The bridge was lifted on 3 May."]
        assert first.citations[0].document.title == first.citations[0].passage.text == "(deleted)"
        assert first.citations[1].also_in[0].document.name == "(deleted)"
        assert [value.value for value in first.disagreements[0].values] == ["(deleted)", "3 May"]
        assert first.standing == "grounded"
        assert second.standalone_question == "Where did the (deleted) (deleted) run?"
        assert third.nearest[0].quote == "(deleted)"
        assert third.standing == "declined"
        assert fourth.text.endswith("Also: (deleted) (2024); A bridge.")
        for made in (first, second, third, fourth):
            check_offsets(made)
        shelf.compact()
        for word in words:
            assert holding(config.data, word) == [], word
        assert kept(shelf, "a_1").citations[1].quote == told.citations[1].quote


def test_a_dossier_takes_its_words_with_it(config: IndexConfig) -> None:
    with Shelf.open(config, FakeEmbedder()) as shelf:
        gone = document(shelf, "herdbook.txt", ZEBRA, "zoo", title="Zoological notes")
        stays = document(shelf, "a.txt", PLAIN)
        made = answer("a_1", citation(shelf, gone, 1), dossier="zoo", missing=("when zebras sleep",))
        keep(shelf, made)
        keep(shelf, replace(answer("a_2", dossier="zoo"), text="Hello!", is_aside=True))
        keep(shelf, answer("a_3", citation(shelf, stays, 1)))
        shelf.remove_dossier("zoo")
        check_offsets(kept(shelf, "a_1"))
        assert "(deleted)" in kept(shelf, "a_1").text
        assert kept(shelf, "a_2").text == "Hello!"
        assert kept(shelf, "a_3").text == answer("a_3", citation(shelf, stays, 1)).text
        shelf.compact()
        assert holding(config.data, "zebras") == holding(config.data, "zoological") == []


def test_many_answers_are_erased_in_small_steps(config: IndexConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others write between the steps, and what was not reached is erased when the library is opened again."""
    monkeypatch.setattr(erasing, "AT_ONCE", 4)
    wrote = []

    def killed_later(_: float) -> None:
        writer = threading.Thread(target=lambda: wrote.append(shelf.history.begin("you").id))
        writer.start()
        writer.join(20)
        if len(wrote) == 2:
            raise KeyboardInterrupt

    with Shelf.open(config, FakeEmbedder()) as shelf:
        gone, stays = document(shelf, "herdbook.txt", ZEBRA), document(shelf, "a.txt", PLAIN)
        talks = [shelf.history.begin("me").id for _ in range(2)]
        for number in range(12):  # each conversation is cut by a step
            made = answer(f"a_{number}", citation(shelf, gone, 1))
            keep(shelf, made, conversation=talks[number % 2])
            later = answer(f"b_{number}", citation(shelf, stays, 1), standalone_question="Did zebras gallop?")
            keep(shelf, later, conversation=talks[number % 2])
        with monkeypatch.context() as killed:
            killed.setattr(erasing.time, "sleep", killed_later)
            with pytest.raises(KeyboardInterrupt):
                shelf.remove_document(gone.id)
        assert len(wrote) == 2
        assert sum("zebras" in kept(shelf, f"a_{number}").text for number in range(12)) == 4
    with Shelf.open(config, FakeEmbedder()) as shelf:
        assert [kept(shelf, f"a_{number}").citations[0].quote for number in range(12)] == ["(deleted)"] * 12
        assert {kept(shelf, f"b_{n}").standalone_question for n in range(12)} == {"Did (deleted) gallop?"}
        assert holding(config.data, "zebras") == []


def test_what_was_removed_while_the_answer_was_given_is_not_kept(shelf: Shelf) -> None:
    gone = document(shelf, "herdbook.txt", ZEBRA)
    made = answer("a_1", citation(shelf, gone, 1))
    shelf.remove_document(gone.id)
    keep(shelf, made)
    assert kept(shelf, "a_1").citations[0].quote == "(deleted)"


def test_a_statement_falls_with_one_of_its_citations(shelf: Shelf) -> None:
    one, two = (citation(shelf, document(shelf, f"{n}.txt", f"Fact {n} is true. More."), n) for n in (1, 2))
    text = "Both are true. [1] [2] Nobody knows why."
    statements = (
        Statement(text[:14], 0, 14, (1, 2), "supported", 0.9),
        Statement(text[23:], 23, 40, (), "unsupported", 0),
    )
    made = Answer("a_1", "?", "?", "news", "m", 0.9, text, statements, (one, two))
    content = erased(made.to_json(), {two.document.id})
    assert content["text"] == "(deleted) [1] [2] (deleted)"
    check_offsets(answer_of(content))
    assert content["citations"][0] == made.to_json()["citations"][0]
    assert content["citations"][1]["deleted"] is True
    assert erased(made.to_json(), {"d_other"}) == made.to_json()


def test_answers_move_to_other_ids(shelf: Shelf) -> None:
    one = document(shelf, "a.txt", PLAIN)
    content = moved(answer("a_1", citation(shelf, one, 1)).to_json(), {(one.id, one.version): ("d_new", "v_new")})
    assert content["citations"][0]["document"]["id"] == "d_new"
    assert content["citations"][0]["passage"]["id"] == ""


def test_history_grows_old(config: IndexConfig) -> None:
    config = config.model_copy(update={"history_days": 30})
    with Shelf.open(config, FakeEmbedder()) as shelf:
        used, unused = shelf.history.begin("me", "used"), shelf.history.begin("me", "unused")
        long_ago = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for id, conversation in (("a_1", used.id), ("a_2", unused.id), ("a_3", None), ("a_4", None)):
            keep(shelf, answer(id), conversation=conversation)
        with shelf._library.database.write() as connection:
            connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", (long_ago, unused.id))
            connection.execute("UPDATE answers SET asked = ? WHERE id IN ('a_1', 'a_2', 'a_3')", (long_ago,))
        assert shelf.compact().history == 2
        assert [one.title for _, one in shelf.history.page("me")] == ["used"]
        assert [turn.id for turn in shelf.history.answers("me", used.id)] == ["a_1"]
        for id, there in (("a_2", False), ("a_3", False), ("a_4", True)):
            if there:
                assert shelf.history.answer("me", id)
            else:
                with pytest.raises(NotFound):
                    shelf.history.answer("me", id)
        assert shelf.forget_old_history() == 0


def test_everything_is_kept_for_ever_unless_told_otherwise(shelf: Shelf) -> None:
    keep(shelf, answer("a_1"))
    with shelf._library.database.write() as connection:
        connection.execute("UPDATE answers SET asked = '1970-01-01'")
    assert shelf.compact().history == 0
    assert shelf.history.answer("me", "a_1")


def test_a_library_from_before_conversations_opens(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "library.sqlite", isolation_level=None)) as old:
        old.executescript(f"{FIRST}\nPRAGMA user_version = 1;")
        old.execute("INSERT INTO dossiers (id, name, folded, created) VALUES ('c_1', 'News', 'news', '')")
    for _ in range(2):  # and once more, for it is migrated only once
        database = Database(tmp_path / "library.sqlite")
        history = History(database)
        begun = history.begin("me", "First")
        history.keep("me", answer(f"a_{begun.id}").to_json(), begun.id)
        assert history.find("me", begun.id).dossier == "News"
        database.close()


def test_who_writes_for_long_is_not_waited_for(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("index.library.history.PATIENCE", 0.05)
    inside, done = threading.Event(), threading.Event()

    def write() -> None:
        with shelf._library.database.write():
            inside.set()
            done.wait(10)

    writer = threading.Thread(target=write)
    writer.start()
    inside.wait(10)
    with pytest.raises(LibraryBusy):
        keep(shelf, answer("a_1"))
    done.set()
    writer.join()
    keep(shelf, answer("a_1"))


def test_a_backup_brings_the_history_along(config: IndexConfig, tmp_path: Path) -> None:
    with Shelf.open(config, FakeEmbedder()) as shelf:
        begun = shelf.history.begin("me", "Talk")
        made = answer("a_1", citation(shelf, document(shelf, "a.txt", PLAIN), 1))
        keep(shelf, made, conversation=begun.id)
        shelf.history.judge("me", "a_1", -1, "why?")
        backup = shelf.back_up()
    Shelf.restore(config.data / "backups" / backup.name, tmp_path / "elsewhere")
    with Shelf.open(IndexConfig(data=tmp_path / "elsewhere"), FakeEmbedder()) as shelf:
        (turn,) = shelf.history.answers("me", begun.id)
        assert turn.content == made.to_json()
        assert turn.feedback is not None
        assert (turn.feedback.rating, turn.feedback.comment) == (-1, "why?")
