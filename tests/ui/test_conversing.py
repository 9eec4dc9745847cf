"""The commands about conversations, alone and through a running server, over a real shelf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from asked import BRIDGE, FERRY
from commands import CommandLine
from pydantic import SecretStr
from running import Running

from index.config import IndexConfig
from index.library.history import History
from index.records import Source
from index.shelf import Shelf
from rag.answers import Ask
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from ui.cli import FAILED, USAGE
from ui.config import Config
from ui.conversations import Conversations
from ui.desk import OwnDesk
from ui.keyring import identity_of
from ui.keys import KeyFile
from ui.owner import LOCAL, owner_with_key

OPEN = Shelf.open
WHEN = "When was the Varnholt bridge lifted?"
FARE = "What is the fare of the Skarrow ferry?"


class Line(CommandLine):
    def listed(self, *arguments: str) -> list[dict[str, object]]:
        assert self("conversations", *arguments, "--json") == 0, self.err
        return list(json.loads(self.out)["conversations"])


def fill(shelf: Shelf) -> None:
    """Two conversations and a single answer of this machine's, one of them about two dossiers, and a stranger's."""
    for name, text, dossier in (("bridge.txt", BRIDGE, "news"), ("ferry.txt", FERRY, "ferries")):
        shelf.wait(shelf.add(dossier, [Source(name, f"upload:{name}", text=text)]).id, 20)
    rag = Rag(shelf, FakeReranker(), Config(page=False))
    for owner, title, asked in (
        (LOCAL, "Both", ((WHEN, "news"), (FARE, "ferries"))),
        (LOCAL, "", ((WHEN, "news"), ("And by whom?", "news"))),
        ("browser:x", "A stranger's", ((WHEN, "news"),)),
    ):
        mine = Conversations(shelf, owner)
        id = mine.begin(title).id
        for question, dossier in asked:
            answer = mine.kept(rag.ask(mine.prepared(Ask(question, dossier, conversation_id=id))))
            assert answer.standing == "grounded"
            assert answer.warnings == ()
    mine = Conversations(shelf, LOCAL)
    single = mine.kept(rag.ask(Ask(WHEN, "news")))
    mine.feedback(single.id, -1, "Too short")


@pytest.fixture(params=["alone", "through a server"])
def line(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Line]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("index.shelf._configured", lambda config: FakeEmbedder())
    monkeypatch.setattr("ui.moving.POLL", 0.01)
    rag = cached_property(lambda desk: Rag(desk.shelf, FakeReranker(), Config(page=False)))
    rag.__set_name__(OwnDesk, "rag")
    monkeypatch.setattr(OwnDesk, "rag", rag)
    data = tmp_path / "data"
    shelf = OPEN(IndexConfig(data=data))
    fill(shelf)
    if request.param == "alone":
        shelf.close()
        yield Line(capsys, data)
        return
    config = Config(data=data, page=False)
    server = Running(Rag(shelf, FakeReranker(), config), config)
    shelf._owner.note(server.address)
    yield Line(capsys, data)
    server.stop()


def test_conversations_are_listed_exported_and_deleted(line: Line, tmp_path: Path) -> None:
    first, second = line.listed()
    assert (first["title"], first["turns"], second["title"]) == (WHEN, 2, "Both")
    assert line("conversations") == 0
    assert line.out.startswith(f"{first['id']}  20")
    assert line.out.rstrip().endswith("Both  (2 questions about ferries)")
    assert [one["title"] for one in line.listed("--find", "fare crowns")] == ["Both"]
    assert line("conversations", "export", str(first["id"])) == 0
    assert line.out.startswith("# When was the Varnholt bridge lifted?")
    assert "[^2-1]: “The Varnholt bridge" in line.out
    for form, ending in (("json", "json"), ("html", "html")):
        assert line("conversations", "export", str(first["id"]), f"talk.{ending}", "--format", form) == 0
    assert json.loads((tmp_path / "talk.json").read_text())["conversation"] == first
    assert line("conversations", "export", str(first["id"]), "talk.json") == FAILED
    assert "talk.json already" in line.err
    assert line("conversations", "delete", str(first["id"]), "t_none") == FAILED
    assert len(line.listed()) == 2  # all or none
    assert line("conversations", "delete", str(first["id"])) == 0
    assert line.out == f"Deleted {first['id']} {WHEN}\n"
    assert line("conversations", "delete") == USAGE
    assert line("conversations", "delete", "x", "--all") == USAGE
    assert line("conversations", "delete", "--all", "--yes") == 0
    assert line.out == "Deleted 2 conversations and single answers.\n"
    assert line("conversations") == 0
    assert line.out == "There are no conversations of yours.\n"


def test_what_a_command_asks_is_kept_too(line: Line) -> None:
    assert line("ask", WHEN, "--dossier", "news", "--json") == 0
    answer = json.loads(line.out)
    assert line("export", "news", "news.zip") == 0
    assert answer["id"] in exported(line.data.parent / "news.zip")


def exported(path: Path) -> str:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.read("history.json").decode()


def test_a_dossier_takes_its_conversations_along(line: Line, tmp_path: Path) -> None:
    assert line("export", "news", "news.zip") == 0
    assert "stranger" not in exported(tmp_path / "news.zip")
    elsewhere = Line(line.capture, tmp_path / "elsewhere")
    assert elsewhere("import", "news.zip", "--dossier", "copy") == 0
    assert elsewhere.out == "Imported 1 documents and 4 answers into the dossier 'copy'.\n"
    both, own = sorted(elsewhere.listed(), key=lambda one: str(one["title"]))
    assert (both["title"], both["turns"], both["dossier"]) == ("Both", 1, "copy")  # not what was asked of the ferries
    assert (own["title"], own["turns"]) == (WHEN, 2)
    with OPEN(IndexConfig(data=tmp_path / "elsewhere")) as shelf:
        turns = shelf.history.answers(LOCAL, str(own["id"]))
        assert [turn.content["question"] for turn in turns] == [WHEN, "And by whom?"]
        here = shelf.documents("copy")[0][0]
        for turn in turns:
            assert turn.content["conversation_id"] == own["id"]
            assert turn.content["dossier"] == "copy"
            (citation,) = turn.content["citations"]
            assert (citation["document"]["id"], citation["document"]["version"]) == (here.id, here.version)
            assert shelf.text(here.id)[citation["start"] : citation["end"]] == citation["quote"]
        feedback = [turn.feedback for _, turn in shelf.history.all_answers(LOCAL) if turn.feedback]
        assert [(one.rating, one.comment) for one in feedback] == [(-1, "Too short")]


def test_the_command_line_owns_what_its_key_owns(tmp_path: Path) -> None:
    config = Config(key="a key that is long enough")
    assert owner_with_key(None, tmp_path) == LOCAL
    assert owner_with_key(config.key, tmp_path) == f"key:{identity_of('a key that is long enough')}"
    named, words = KeyFile(tmp_path).add("anna")
    assert owner_with_key(SecretStr(words), tmp_path) == f"key:{named.identity}"


def test_the_history_is_forgotten_daily(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import threading
    import time

    from ui.conversations import forget_daily

    forgotten: list[object] = []
    monkeypatch.setattr(History, "forget_before", lambda self, moment: forgotten.append(moment) or 0)
    with OPEN(IndexConfig(data=tmp_path / "data", history_days=1), FakeEmbedder()) as shelf:
        stopped = threading.Event()
        daily = threading.Thread(target=forget_daily, args=(shelf, stopped, 0.01))
        daily.start()
        until = time.monotonic() + 10
        while len(forgotten) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        stopped.set()
        daily.join(5)
        assert not daily.is_alive()
    assert len(forgotten) >= 3
