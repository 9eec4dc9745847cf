"""A kill at any moment of an answer leaves its turn whole or absent; a removed document leaves no word behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from asked import BRIDGE, FERRY, Library, ask, begin, compact

from index.config import IndexConfig
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from tests.index.test_tending import holding
from ui.owner import LOCAL

ROOT = Path(__file__).parents[2]
WHEN = "When was the Varnholt bridge lifted?"
SERVER = """
import os, signal, sys
from pathlib import Path
from index.library import history
from index.records import Source
from index.shelf import Shelf
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from ui import conversations
from ui.config import Config
from ui.server import serve

data, when, text = sys.argv[1:]
calls = 0

def mortal(work):
    def done(*given):
        global calls
        result = work(*given)
        calls += 1
        if calls == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return done

if when == "inside":  # the answer is written, what it cites is not committed
    history._refer = mortal(history._refer)
if when == "after":  # committed, and not yet given
    conversations.Conversations.kept = mortal(conversations.Conversations.kept)

def open_rag(config, address):
    shelf = Shelf.open(config, FakeEmbedder(), address)
    shelf.wait(shelf.add("default", [Source("bridge.txt", "upload:bridge.txt", text=text)]).id, 30)
    return Rag(shelf, FakeReranker(), config)

serve(Config(data=data, port=0, page=False), open_rag, lambda address, service: print(address, flush=True))
"""


@contextmanager
def serving(data: Path, when: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(data), when, BRIDGE],
        stdout=subprocess.PIPE,
        text=True,
        env=environment | {"PYTHONPATH": str(ROOT)},
        cwd=data.parent,
    )
    try:
        assert process.stdout is not None
        with httpx.Client(base_url=process.stdout.readline().strip(), timeout=30, trust_env=False) as http:
            yield process, http
    finally:
        process.kill()
        process.communicate()


def check_turns(data: Path, conversation: str) -> list[str]:
    """Every turn that is there is whole; give the answers' ids."""
    with Shelf.open(IndexConfig(data=data), FakeEmbedder()) as shelf:
        turns = shelf.history.answers(LOCAL, conversation)
        assert shelf.history.find(LOCAL, conversation).turns == len(turns)
        assert bool(shelf.history.find(LOCAL, conversation).title) == bool(turns)
        with shelf._library.database.read() as connection:
            rows = connection.execute("SELECT answer, version FROM cited_versions").fetchall()
            answers = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        assert len(rows) == answers == len(turns)
        for turn in turns:
            assert turn.content["conversation_id"] == conversation
            (citation,) = turn.content["citations"]
            text = shelf.text(citation["document"]["id"], citation["document"]["version"])
            assert text[citation["start"] : citation["end"]] == citation["quote"]
        return [turn.id for turn in turns]


@pytest.mark.parametrize(("when", "kept"), [("inside", 2), ("after", 3)])
def test_a_kill_at_the_worst_moment_leaves_whole_turns(tmp_path: Path, when: str, kept: int) -> None:
    with serving(tmp_path / "data", when) as (process, http):
        id = begin(http)
        given = [ask(http, f"{WHEN} {number}", conversation_id=id)["id"] for number in range(2)]
        with pytest.raises(httpx.HTTPError):
            ask(http, WHEN, conversation_id=id)
        assert process.wait(10) == -signal.SIGKILL
    found = check_turns(tmp_path / "data", id)
    assert found[:2] == given
    assert len(found) == kept


def test_a_kill_at_any_moment_loses_no_answer_that_was_given(tmp_path: Path) -> None:
    given: list[str] = []
    with serving(tmp_path / "data", "any") as (process, http):
        id = begin(http)

        def go_on() -> None:
            try:
                while True:
                    given.append(ask(http, WHEN, conversation_id=id)["id"])
            except httpx.HTTPError:
                return

        asking = [threading.Thread(target=go_on) for _ in range(3)]
        for thread in asking:
            thread.start()
        until = time.monotonic() + 20
        while len(given) < 5 and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        for thread in asking:
            thread.join(20)
    found = check_turns(tmp_path / "data", id)
    assert len(given) >= 5
    assert set(given) <= set(found)
    assert len(found) <= len(given) + len(asking)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "data")
    yield opened
    opened.stop()


def test_an_old_version_is_served_while_an_answer_cites_it(library: Library) -> None:
    person = library.browser()
    document = library.add("bridge.txt", BRIDGE)
    answer = ask(person, WHEN)
    (cited,) = answer["citations"]
    library.add("bridge.txt", BRIDGE.replace("3 May", "4 May"))
    library.add("bridge.txt", BRIDGE.replace("3 May", "5 May"))
    path = f"/v1/documents/{document}/text"

    def quoted() -> str:
        text = person.get(path, params={"version": cited["document"]["version"]}).json()["text"]
        return str(text[cited["start"] : cited["end"]])

    assert quoted() == cited["quote"]
    compact(person)
    assert quoted() == cited["quote"]
    assert "5 May" in person.get(path).json()["text"]
    person.delete(f"/v1/answers/{answer['id']}")
    compact(person)
    assert person.get(path, params={"version": cited["document"]["version"]}).status_code == 404


def test_a_removed_document_leaves_no_word_in_the_data_folder(library: Library) -> None:
    person, other = library.browser(), library.browser()
    library.add("ferry.txt", FERRY)
    document = library.add("bridge.txt", BRIDGE)
    id = begin(person)
    answers = [ask(person, question, conversation_id=id) for question in (WHEN, "And by whom?", "Who lifted it?")]
    assert all(answer["citations"] for answer in answers)
    strange = ask(other, "What had rusted for nineteen winters?")
    another = ask(other, "Which crane sings operas in nineteen theatres?")
    assert "Brennick" in str(another["nearest"] or another["citations"])
    words = ("Brennick", "crane", "rusted")
    assert all(holding(library.data, word) for word in words)
    assert person.delete(f"/v1/documents/{document}").status_code == 204
    turns = person.get(f"/v1/conversations/{id}").json()["turns"]
    for turn in turns:
        answer = turn["answer"]
        assert {citation["quote"] for citation in answer["citations"]} == {"(deleted)"}
        assert all(citation["deleted"] for citation in answer["citations"])
        for statement in answer["statements"]:
            assert answer["text"][statement["start"] : statement["end"]] == statement["text"] == "(deleted)"
    assert other.get(f"/v1/answers/{strange['id']}").json()["citations"][0]["quote"] == "(deleted)"
    page = person.get(f"/v1/conversations/{id}/export", params={"format": "html"})
    assert page.headers["content-disposition"].startswith("inline;")
    assert "sandbox" in page.headers["content-security-policy"]
    assert "(deleted)" in page.text
    for answer in (strange["id"], another["id"]):  # what they asked was in the document's own words
        other.delete(f"/v1/answers/{answer}")
    compact(person)
    for word in words:
        assert holding(library.data, word) == [], word
    assert holding(library.data, "Skarrow")
