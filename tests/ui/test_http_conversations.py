"""Conversations over a real server and a real library: kept, found, one's own alone, erased with the documents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from asked import BRIDGE, FERRY, Library, ask, begin, sqlite_rows

from index.errors import LibraryBusy, StorageFull
from index.library.history import History
from ui.api.replies import ConversationsReply, KeptAnswerReply, TurnsReply, WholeConversationReply
from ui.keys import KeyFile
from ui.owner import BROWSER

WHEN = "When was the Varnholt bridge lifted?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    opened = Library(tmp_path_factory.mktemp("history") / "data")
    opened.add("bridge.txt", BRIDGE)
    opened.add("ferry.txt", FERRY)
    yield opened
    opened.stop()


def events_of(reply: httpx.Response) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in reply.text.strip().split("\n\n")]
    return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks]


def test_every_answer_has_a_permanent_address(library: Library) -> None:
    person = library.browser()
    answer = ask(person, WHEN)
    assert answer["standing"] == "grounded"
    assert person.get(f"/v1/answers/{answer['id']}").json() == answer
    streamed = dict(events_of(person.post("/v1/ask", json={"question": WHEN, "stream": True})))["answer"]
    assert person.get(f"/v1/answers/{streamed['id']}").json() == streamed
    declined = ask(person, "Which zebras won the lottery in Timbuktu?")
    assert person.get(f"/v1/answers/{declined['id']}").json() == declined
    passing = ask(person, WHEN, keep=False)
    assert person.get(f"/v1/answers/{passing['id']}").status_code == 404
    assert person.delete(f"/v1/answers/{answer['id']}").status_code == 204
    assert person.get(f"/v1/answers/{answer['id']}").status_code == 404


def test_a_conversation_remembers_what_was_asked(library: Library) -> None:
    person = library.browser()
    id = begin(person)
    first = ask(person, WHEN, conversation_id=id)
    again = person.post("/v1/ask", json={"question": "And by whom?", "conversation_id": id, "stream": True})
    second = dict(events_of(again))["answer"]
    assert (first["conversation_id"], second["conversation_id"]) == (id, id)
    assert "Varnholt" in str(second["standalone_question"])
    whole = person.get(f"/v1/conversations/{id}").json()
    assert [turn["answer"] for turn in whole["turns"]] == [first, second]
    assert whole["conversation"]["title"] == WHEN
    assert (whole["conversation"]["turns"], whole["conversation"]["dossier"]) == (2, "default")
    assert WholeConversationReply.model_validate(whole).conversation.id == id
    assert KeptAnswerReply.model_validate(first)


def test_the_history_of_a_conversation_is_the_last_fifty_messages(library: Library) -> None:
    person = library.browser()
    id = begin(person, title="Long")
    for number in range(30):
        ask(person, f"{WHEN} {number}", conversation_id=id)
    seen = []
    stream = library.server.service.rag.stream
    library.server.service.rag.stream = lambda asked, cancel: seen.append(asked) or stream(asked, cancel)
    try:
        ask(person, "And then?", conversation_id=id)
    finally:
        del library.server.service.rag.stream
    turns = seen[0].history
    assert len(turns) == 50
    assert turns[-2].content == f"{WHEN} 29"
    assert [turn.role for turn in turns[:2]] == ["user", "assistant"]
    assert person.get(f"/v1/conversations/{id}").json()["conversation"]["title"] == "Long"


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_or_foreign_conversation_is_not_found(library: Library, stream: bool) -> None:
    mine, other = library.browser(), library.browser()
    foreign = begin(other)
    for id in ("t_none", foreign):
        body = {"question": WHEN, "conversation_id": id, "stream": stream}
        reply = mine.post("/v1/ask", json=body)
        assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found")
    assert other.get(f"/v1/conversations/{foreign}").json()["turns"] == []


def test_one_past_at_a_time(library: Library) -> None:
    person = library.browser()
    id = begin(person)
    turns = [{"role": "user", "content": "a"}]
    for more in ({"history": turns}, {"keep": False}):
        assert person.post("/v1/ask", json={"question": WHEN, "conversation_id": id, **more}).status_code == 422


def test_nobody_sees_or_changes_what_another_asked(library: Library) -> None:
    mine, other, program = library.browser(), library.browser(), library.program()
    id = begin(mine, title="Zanzibar plans")
    answer = ask(mine, WHEN, conversation_id=id)["id"]
    for stranger in (other, program):
        assert stranger.get("/v1/conversations", params={"q": "zanzibar"}).json()["conversations"] == []
        for method, path, body in (
            ("GET", f"/v1/conversations/{id}", None),
            ("GET", f"/v1/conversations/{id}/export", None),
            ("PATCH", f"/v1/conversations/{id}", {"title": "x"}),
            ("DELETE", f"/v1/conversations/{id}", None),
            ("GET", f"/v1/answers/{answer}", None),
            ("DELETE", f"/v1/answers/{answer}", None),
            ("POST", f"/v1/answers/{answer}/feedback", {"rating": 1}),
        ):
            assert stranger.request(method, path, json=body).status_code == 404, path
        stranger.delete("/v1/conversations")
    assert mine.get(f"/v1/conversations/{id}").json()["turns"][0]["feedback"] is None
    assert mine.delete("/v1/conversations").json() == {"deleted": 1}
    assert mine.get(f"/v1/answers/{answer}").status_code == 404


def test_a_browser_opens_what_a_program_of_its_machine_was_given_and_no_more(library: Library) -> None:
    browser, program = library.browser(), library.program()
    id = begin(program)
    answer = ask(program, WHEN, conversation_id=id)["id"]
    assert browser.get(f"/v1/answers/{answer}").json()["id"] == answer
    assert browser.post(f"/v1/answers/{answer}/feedback", json={"rating": 1}).status_code == 200
    assert browser.get("/v1/answers").json()["turns"] == []
    assert browser.delete(f"/v1/answers/{answer}").status_code == 404
    assert browser.get(f"/v1/conversations/{id}").status_code == 404
    assert program.get(f"/v1/conversations/{id}").json()["turns"][0]["feedback"]["rating"] == 1


def test_with_a_key_nobody_opens_what_programs_were_given_without_one(tmp_path: Path) -> None:
    open_to_all = Library(tmp_path / "data")
    try:
        open_to_all.add("bridge.txt", BRIDGE)
        answer = ask(open_to_all.program(), WHEN)["id"]
    finally:
        open_to_all.stop()
    key = "a key that is long enough"
    locked = Library(tmp_path / "data", key=key)
    try:
        assert locked.program(key).get(f"/v1/answers/{answer}").status_code == 404
    finally:
        locked.stop()


def test_programs_on_this_machine_share_one_history(library: Library) -> None:
    id = begin(library.program())
    assert library.program().get(f"/v1/conversations/{id}").status_code == 200


def test_a_key_owns_what_was_asked_with_it(tmp_path: Path) -> None:
    key = "a key that is long enough"
    library = Library(tmp_path / "data", key=key)
    try:
        id = begin(library.program(key))
        browser = library.program()
        browser.post("/login", data={"key": key})
        assert browser.get(f"/v1/conversations/{id}").status_code == 200
        assert BROWSER not in browser.cookies
        assert library.program().get(f"/v1/conversations/{id}").status_code == 401
        library.program(key).cookies.set(BROWSER, "x" * 40)
    finally:
        library.stop()
    other = Library(tmp_path / "data", key="another key, long enough")
    try:
        assert other.program("another key, long enough").get(f"/v1/conversations/{id}").status_code == 404
    finally:
        other.stop()
    with sqlite_rows(tmp_path / "data") as rows:
        assert key not in str(rows("SELECT owner FROM conversations"))


def test_named_keys_own_for_themselves(tmp_path: Path) -> None:
    keys = [KeyFile(tmp_path / "data").add(name)[1] for name in ("anna", "bert")]
    library = Library(tmp_path / "data")
    try:
        anna, bert = (library.program(key) for key in keys)
        id = begin(anna)
        assert anna.get(f"/v1/conversations/{id}").status_code == 200
        assert bert.get(f"/v1/conversations/{id}").status_code == 404
        assert library.program().get(f"/v1/conversations/{id}").status_code == 401
    finally:
        library.stop()


def test_the_cookie_of_a_browser(library: Library) -> None:
    person = library.program()
    reply = person.get("/")
    told = reply.headers["set-cookie"]
    assert all(part in told for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="))
    token = person.cookies[BROWSER]
    assert person.get("/").headers["set-cookie"].startswith(f"{BROWSER}={token};")  # the same one, for longer
    assert "set-cookie" not in person.get("/v1/conversations").headers
    begin(person)
    with sqlite_rows(library.data) as rows:
        assert token not in str(rows("SELECT owner FROM conversations"))
    person.cookies.set(BROWSER, "short")
    assert person.get("/v1/conversations").json() == library.program().get("/v1/conversations").json()


def test_conversations_are_listed_searched_renamed_and_deleted(library: Library) -> None:
    person = library.browser()
    ids = [begin(person) for _ in range(5)]
    for number, id in enumerate(ids):
        ask(person, f"{WHEN} Label{number}", conversation_id=id)
    ask(person, "What is the fare of the Skarrow ferry?", conversation_id=ids[0])  # used last
    first = person.get("/v1/conversations", params={"limit": 3}).json()
    assert ConversationsReply.model_validate(first).model_dump(mode="json") == first
    second = person.get("/v1/conversations", params={"limit": 3, "cursor": first["next"]}).json()
    assert second["next"] is None
    listed = [one["id"] for one in (*first["conversations"], *second["conversations"])]
    assert listed == [ids[0], *reversed(ids[1:])]
    assert person.get("/v1/conversations", params={"cursor": "x"}).status_code == 422

    def found(words: str) -> list[str]:
        return [one["id"] for one in person.get("/v1/conversations", params={"q": words}).json()["conversations"]]

    assert found("FARE skarrow") == [ids[0]]
    assert found("LABEL3 varnholt") == [ids[3]]  # both words, the title among them
    assert found("12 CROWNS") == [ids[0]]  # of the answer
    assert found("skarrow label3") == []
    assert found("%") == found("zebra") == []
    renamed = person.patch(f"/v1/conversations/{ids[1]}", json={"title": " Ünder  the BRIDGE "})
    assert renamed.json()["conversation"]["title"] == "Ünder the BRIDGE"
    assert found("ünder") == [ids[1]]
    for title in ("", "  ", "x" * 201, None):
        assert person.patch(f"/v1/conversations/{ids[1]}", json={"title": title}).status_code == 422
    assert person.delete(f"/v1/conversations/{ids[1]}").status_code == 204
    assert person.get(f"/v1/conversations/{ids[1]}").status_code == 404
    assert len(found("")) == 4


def test_what_somebody_thinks_of_an_answer_is_kept(library: Library) -> None:
    person = library.browser()
    id = begin(person)
    answer = ask(person, WHEN, conversation_id=id)["id"]
    path = f"/v1/answers/{answer}/feedback"
    assert person.post(path, json={"rating": 1}).json()["feedback"]["rating"] == 1
    assert person.post(path, json={"rating": -1, "comment": "Not the day"}).status_code == 200
    feedback = person.get(f"/v1/conversations/{id}").json()["turns"][0]["feedback"]
    assert (feedback["rating"], feedback["comment"]) == (-1, "Not the day")
    for bad in ({"rating": 0}, {"rating": True}, {}, {"rating": 1, "comment": "x" * 5001}, {"ratings": 1}):
        assert person.post(path, json=bad).status_code == 422
    assert person.post("/v1/answers/a_none/feedback", json={"rating": 1}).status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"", None, 201), (b"{}", "application/json", 201), (b"{}", "text/plain", 415), (b"{", "application/json", 400),
     (b'{"titel": "x"}', "application/json", 422), (b"[]", "application/json", 422)],
)  # fmt: skip
def test_beginning_reads_a_body_or_none(library: Library, content: bytes, kind: str | None, status: int) -> None:
    headers = {"content-type": kind} if kind else {}
    assert library.program().post("/v1/conversations", content=content, headers=headers).status_code == status


@pytest.mark.parametrize("error", [LibraryBusy("It is busy."), StorageFull("It is full."), RuntimeError("a secret")])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_cannot_be_kept_is_given_with_a_warning(
    library: Library, monkeypatch: pytest.MonkeyPatch, error: Exception, stream: bool
) -> None:
    person = library.browser()
    id = begin(person)

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(History, "keep", fail)
        reply = person.post("/v1/ask", json={"question": WHEN, "conversation_id": id, "stream": stream})
    answer = dict(events_of(reply))["answer"] if stream else reply.json()
    assert answer["standing"] == "grounded"
    (warning,) = answer["warnings"]
    assert warning["type"] == "not_kept"
    assert "secret" not in warning["message"]
    assert person.get(f"/v1/answers/{answer['id']}").status_code == 404
    assert person.get(f"/v1/conversations/{id}").json()["turns"] == []


def test_a_library_that_is_written_for_long_does_not_hold_up_an_answer(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.library.history.PATIENCE", 0.1)
    person = library.browser()
    with library.shelf._library.database.write():
        answer = ask(person, WHEN)
    assert [warning["type"] for warning in answer["warnings"]] == ["not_kept"]
    assert ask(person, WHEN)["warnings"] == []


def test_many_ask_in_one_conversation_at_once(library: Library) -> None:
    person = library.browser()
    id = begin(person)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: ask(person, f"{WHEN} {n}", conversation_id=id), range(16)))
    turns = person.get(f"/v1/conversations/{id}").json()["turns"]
    assert sorted(turn["answer"]["id"] for turn in turns) == sorted(answer["id"] for answer in answers)


def test_a_question_that_nobody_waits_for_is_not_kept(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    person = library.browser()
    id = begin(person)
    stream = library.server.service.rag.stream

    def slow(asked: object, cancel: object) -> Iterator[object]:
        for event in stream(asked, cancel):
            cancel.wait(5)
            yield event

    library.server.service.rag.stream = slow
    try:
        with pytest.raises(httpx.ReadTimeout):
            person.post("/v1/ask", json={"question": WHEN, "conversation_id": id}, timeout=0.3)
        until = time.monotonic() + 20
        while library.server.service.busy and time.monotonic() < until:
            time.sleep(0.01)
        assert library.server.service.busy == 0
    finally:
        del library.server.service.rag.stream
    assert person.get(f"/v1/conversations/{id}").json()["turns"] == []


def test_answers_are_listed_and_brought_back(library: Library) -> None:
    person = library.browser()
    id = begin(person, title="There")
    single, within = ask(person, WHEN), ask(person, WHEN, conversation_id=id)
    person.post(f"/v1/answers/{single['id']}/feedback", json={"rating": -1, "comment": "Why?"})
    first = person.get("/v1/answers", params={"limit": 1, "dossier": "default"}).json()
    assert TurnsReply.model_validate(first).next
    second = person.get("/v1/answers", params={"limit": 1, "cursor": first["next"]}).json()
    assert [turn["answer"] for turn in (*first["turns"], *second["turns"])] == [within, single]
    assert [turn["conversation"] for turn in (*first["turns"], *second["turns"])] == [id, None]
    assert person.get("/v1/answers", params={"dossier": "none"}).status_code == 404

    other = library.browser()
    there = begin(other)
    given = [
        {name: turn[name] for name in ("asked", "answer", "feedback")} for turn in (*first["turns"], *second["turns"])
    ]
    assert other.post(f"/v1/conversations/{there}/turns", json={"turns": given}).status_code == 204
    assert other.post("/v1/answers", json={"turns": given[1:]}).status_code == 204
    assert person.post(f"/v1/conversations/{there}/turns", json={"turns": given}).status_code == 404
    turns = other.get(f"/v1/conversations/{there}").json()["turns"]
    assert [turn["answer"]["text"] for turn in turns] == [within["text"], single["text"]]
    assert [turn["asked"] for turn in turns] == [turn["asked"] for turn in given]
    assert {turn["answer"]["id"] for turn in turns}.isdisjoint({within["id"], single["id"]})
    assert turns[1]["feedback"] == given[1]["feedback"] | {"given": turns[1]["feedback"]["given"]}
    assert len(other.get("/v1/answers").json()["turns"]) == 3


def test_a_forged_quote_is_not_brought_in(library: Library) -> None:
    person = library.browser()
    turn = {"asked": "2026-01-02T03:04:05.000000Z", "answer": ask(person, WHEN)}
    forged = json.loads(json.dumps(turn).replace("on 3 May", "on 9 May"))
    assert person.post("/v1/answers", json={"turns": [forged]}).status_code == 204
    brought = person.get("/v1/answers", params={"limit": 1}).json()["turns"][0]["answer"]
    assert brought["citations"][0]["quote"] == brought["statements"][0]["text"] == "(deleted)"
    assert "9 May" not in json.dumps(brought)
    broken = json.loads(json.dumps(turn))
    broken["answer"]["statements"][0]["start"] += 1
    for bad in (
        {"turns": []},
        {"turns": [broken]},
        {"turns": [{**turn, "answer": {}}]},
        {"turns": [{**turn, "asked": "x"}]},
    ):
        assert person.post("/v1/answers", json=bad).status_code == 422
