from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import BadInput, BadSettings, Cancelled, ModelFailed, ModelMissing
from index.records import Source
from index.shelf import Shelf
from rag.answers import Answer, Ask, DraftShown, Event, Finished, StatementShown, Took, Turn
from rag.config import RagConfig
from rag.pipeline import Rag
from rag.write import Budget
from tests.fakes import FakeEmbedder, FakeReranker
from tests.rag.model_server import FAULTS, Behaviour, Handler, ModelServer, says, serving
from tests.rag.test_pipeline import check, check_events, filled

QUESTION = "How much has overall trade increased since March?"
TRUE = "Overall trade has increased by 26% since March"
FALSE = "Overall trade has increased by 62% since March"
SECONDS = 3.0


class Scripted:
    """A model that says what it is told to say."""

    name = "scripted"

    def __init__(self, *pieces: str, then: Sequence[str] = (), judging: float | None = None) -> None:
        self.answers = [list(pieces), list(then)]
        self.judging = judging
        self.prompts: list[tuple[str, str]] = []
        self.closed = False

    def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        budget.begin()
        self.prompts.append((system, user))
        try:
            yield from self.answers.pop(0)
        finally:
            self.closed = True
            budget.count(100, 10)

    def truth(self, prompt: str, budget: Budget) -> float | None:
        budget.begin()
        return self.judging


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Shelf.open(RagConfig(data=tmp_path_factory.mktemp("writing")), FakeEmbedder()) as opened:
        yield filled(opened)


def writer(shelf: Shelf, chat: Scripted, **settings: object) -> Rag:
    config = RagConfig(**{"model": "scripted", "model_seconds": 30, **settings})  # type: ignore[arg-type]
    return Rag(shelf, FakeReranker(), config, chats={"scripted": chat})


def ask(shelf: Shelf, *pieces: str, **settings: object) -> Answer:
    answer = writer(shelf, Scripted(*pieces), **settings).ask(Ask(QUESTION, "news"))
    check(answer, shelf)
    return answer


def kinds(answer: Answer) -> list[str]:
    return [warning.type for warning in answer.warnings]


def test_a_proved_statement_is_shown_with_our_own_citation(shelf: Shelf) -> None:
    answer = ask(shelf, f"{TRUE} [7].")
    assert [(s.text, s.support) for s in answer.statements] == [(f"{TRUE}.", "supported")]
    assert answer.text == f"{TRUE}. [1]"
    assert TRUE in answer.citations[0].quote
    assert (answer.model, answer.standing, answer.usage.model_calls) == ("scripted", "grounded", 1)


def test_what_is_not_proved_is_left_out_and_told(shelf: Shelf) -> None:
    answer = ask(shelf, f"{TRUE}. {FALSE}. The Moon is made of cheese.")
    assert [s.text for s in answer.statements] == [f"{TRUE}."]
    assert kinds(answer) == ["left_out"]
    assert "2 sentences" in answer.warnings[0].message


def test_a_sentence_that_points_back_goes_with_the_one_before(tmp_path: Path) -> None:
    pointing = "It had increased overall since March last year, too"
    text = f"{TRUE}. {pointing}."
    with Shelf.open(RagConfig(data=tmp_path), FakeEmbedder()) as other:
        other.wait(other.add("news", [Source("a.txt", "upload:a.txt", text=text)]).id, 60)
        assert [s.text for s in ask(other, f"{TRUE}. {pointing}.").statements] == [f"{TRUE}.", f"{pointing}."]
        left = ask(other, f"{FALSE}. {pointing}. {TRUE}.")
        assert [s.text for s in left.statements] == [f"{TRUE}."]
        assert "2 sentences" in left.warnings[0].message


def test_what_is_proved_but_beside_the_point_is_left_out(tmp_path: Path) -> None:
    beside = "The summit took place in a hotel by the sea"
    with Shelf.open(RagConfig(data=tmp_path), FakeEmbedder()) as other:
        other.wait(other.add("news", [Source("a.txt", "upload:a.txt", text=f"{TRUE}. {beside}.")]).id, 60)
        answer = ask(other, f"{beside}. {TRUE}.")
        assert [s.text for s in answer.statements] == [f"{TRUE}."]
        assert (kinds(answer), answer.dropped) == (["left_out"], 1)
        assert "beside the point" in answer.warnings[0].message
        every = writer(other, Scripted(f"{beside}. {TRUE}.")).ask(Ask(f"Summarise: {QUESTION}", "news"))
        assert [s.text for s in every.statements] == [f"{beside}.", f"{TRUE}."]


def test_the_best_quote_is_given_where_the_model_cites_another(tmp_path: Path) -> None:
    other_side = "Overall trade with the south has increased since March"
    with Shelf.open(RagConfig(data=tmp_path), FakeEmbedder()) as other:
        other.wait(other.add("news", [Source("a.txt", "upload:a.txt", text=f"{TRUE}. {other_side}.")]).id, 60)
        best = [s.text for s in ask(other, "").statements]
        answer = ask(other, f"{other_side}.")
        assert answer.model == "scripted"
        assert [s.text for s in answer.statements] == [f"{other_side}.", *best]
        assert [s.text for s in ask(other, f"{TRUE}.").statements] == [f"{TRUE}."], "and not twice"


def test_where_nothing_is_proved_the_sources_answer(shelf: Shelf) -> None:
    answer = ask(shelf, f"{FALSE}.")
    plain = ask(shelf, model="extractive")
    assert (answer.text, answer.statements, answer.model) == (plain.text, plain.statements, "extractive")
    assert kinds(answer) == ["nothing_proved"]
    assert answer.usage.model_calls == 1


def test_what_is_not_proved_is_shown_marked_on_request(shelf: Shelf) -> None:
    answer = ask(shelf, f"{TRUE}. {FALSE}.", unsupported="show")
    assert [(s.support, bool(s.citations)) for s in answer.statements] == [("supported", True), ("unsupported", False)]
    assert answer.standing == "partly_grounded"


def test_a_request_decides_over_the_setting(shelf: Shelf) -> None:
    rag = writer(shelf, Scripted(f"{TRUE}. {FALSE}."), unsupported="show")
    assert len(rag.ask(Ask(QUESTION, "news", unsupported="drop")).statements) == 1


def test_it_is_asked_once_more_with_the_reason(shelf: Shelf) -> None:
    chat = Scripted(f"{FALSE}.", then=[f"{TRUE}."])
    answer = writer(shelf, chat, unsupported="rewrite").ask(Ask(QUESTION, "news"))
    assert [s.text for s in answer.statements] == [f"{TRUE}."]
    assert answer.usage.model_calls == 2
    assert FALSE in chat.prompts[1][1]
    assert FALSE not in chat.prompts[0][1]


def test_the_judge_decides_with_us(shelf: Shelf) -> None:
    for opinion, shown in ((9.0, "scripted"), (-9.0, "extractive")):
        answer = writer(shelf, Scripted(f"{TRUE}.", judging=opinion), verify="judge").ask(Ask(QUESTION, "news"))
        assert (answer.model, answer.usage.model_calls) == (shown, 2)


def test_no_judge_saves_what_a_rule_refuses(shelf: Shelf) -> None:
    answer = writer(shelf, Scripted(f"{FALSE}.", judging=50.0), verify="judge").ask(Ask(QUESTION, "news"))
    assert FALSE not in answer.text


def test_where_checking_is_off_nothing_is_cited_and_nothing_shown_unasked(shelf: Shelf) -> None:
    chat = Scripted(f"{TRUE}.")
    answer = writer(shelf, chat, verify="off").ask(Ask(QUESTION, "news"))
    assert (answer.model, kinds(answer), chat.prompts) == ("extractive", ["not_checked"], [])
    answer = writer(shelf, chat, verify="off").ask(Ask(QUESTION, "news", unsupported="show"))
    check(answer, shelf)
    first = answer.statements[0]
    assert (first.text, first.support, first.citations) == (f"{TRUE}.", "unchecked", ())
    assert answer.standing == "partly_grounded"


def test_what_there_is_no_time_to_check_is_unchecked(shelf: Shelf) -> None:
    class Late(Scripted):
        def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
            budget.until = time.monotonic()
            yield f"{TRUE}."

    answer = writer(shelf, Late()).ask(Ask(QUESTION, "news"))
    check(answer, shelf)
    assert (answer.model, kinds(answer)) == ("extractive", ["not_checked"])
    shown = writer(shelf, Late(), unsupported="show").ask(Ask(QUESTION, "news"))
    assert [s.support for s in shown.statements] == ["unchecked", "supported"]


@pytest.mark.parametrize(
    ("said", "searched"),
    [
        ("How much has overall trade increased since April?", "How much has overall trade increased since April?"),
        ("How much has overall trade with Norway increased since April?", None),
        ("How much has overall trade increased since 1999?", None),
        ("How much has overall trade increased?", None),
        ("Overall trade has increased.", None),
        ("", None),
    ],
)
def test_a_model_makes_follow_ups_stand_alone_and_the_rules_where_it_fails(
    shelf: Shelf, said: str, searched: str | None
) -> None:
    asked = Ask("And since April?", "news", history=(Turn("user", QUESTION), Turn("assistant", f"{TRUE}. [1]")))
    by_rules = writer(shelf, Scripted(), model="extractive").ask(asked).standalone_question
    chat = Scripted(said, then=[f"{TRUE}."])
    answer = writer(shelf, chat, follow_ups="model").ask(asked)
    assert answer.standalone_question == (searched or by_rules)
    assert "Follow-up: And since April?" in chat.prompts[0][1]
    given = replace(asked, standalone_question=QUESTION)
    assert writer(shelf, Scripted(f"{TRUE}."), follow_ups="model").ask(given).usage.model_calls == 1


def test_calls_are_limited(shelf: Shelf) -> None:
    rag = writer(shelf, Scripted(f"{FALSE}.", then=["x"]), unsupported="rewrite", model_calls=1)
    assert rag.ask(Ask(QUESTION, "news")).usage.model_calls == 1


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_how_the_words_come_in_changes_nothing(shelf: Shelf, size: int) -> None:
    whole = f"- {TRUE} [1]. {FALSE}.\n\n**Exports of copper fell sharply.** [2] The minister said so. Dr. No left."
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    expected = ask(shelf, whole, unsupported="show")
    events = list(writer(shelf, Scripted(*pieces), unsupported="show").stream(Ask(QUESTION, "news")))
    answer = check_events(events)
    assert replace(answer, id="", took=Took()) == replace(expected, id="", took=Took())
    assert [s.text for s in answer.statements][:3] == [f"{TRUE}.", f"{FALSE}.", "Exports of copper fell sharply."]


def test_a_statement_is_shown_before_the_model_has_finished(shelf: Shelf) -> None:
    shown = threading.Event()

    class Waiting(Scripted):
        def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
            yield f"{TRUE}. And then "
            assert shown.wait(20), "the first statement waits for the second"
            yield "nothing."

    for event in writer(shelf, Waiting()).stream(Ask(QUESTION, "news")):
        if isinstance(event, StatementShown):
            shown.set()
    assert shown.is_set()


def test_raw_words_come_only_to_those_who_ask(shelf: Shelf) -> None:
    def drafts(wanted: bool) -> str:
        events = writer(shelf, Scripted(FALSE, ". ", TRUE, ".")).stream(Ask(QUESTION, "news", draft=wanted))
        return "".join(event.text for event in events if isinstance(event, DraftShown))

    assert drafts(True) == f"{FALSE}. {TRUE}."
    assert drafts(False) == ""


@pytest.mark.parametrize(
    "forged",
    [
        f"[1] Bloomberg: {TRUE} [2][3].",
        f"{TRUE} [1](javascript:alert(1)).",
        f"{TRUE}. ![x](http://evil.example/?q=1)",
        f"{TRUE}. <img src=x onerror=alert(1)> [99]",
        f"{TRUE}. See http://evil.example for more [1].",
        f'{TRUE}. {{"tool": "send", "to": "x@evil.example"}}',
    ],
)
def test_nothing_forged_is_shown(shelf: Shelf, forged: str) -> None:
    answer = ask(shelf, forged)
    markers = [int(number) for number in re.findall(r"\[(\d+)\]", answer.text)]
    assert list(dict.fromkeys(markers)) == [citation.number for citation in answer.citations]
    for word in ("evil", "alert", "Bloomberg", "<", "onerror", "tool"):
        assert word not in answer.text


def test_a_callers_model_must_be_set_up(shelf: Shelf) -> None:
    rag = writer(shelf, Scripted(f"{TRUE}."))
    assert rag.ask(Ask(QUESTION, "news", model="extractive")).model == "extractive"
    for name in ("openai:gpt-4.1", "local:/etc/passwd", "openai:x@http://10.0.0.1/v1", "nonsense"):
        with pytest.raises(BadInput, match="No model is called"):
            rag.ask(Ask(QUESTION, "news", model=name))
    assert {"extractive", "scripted"} <= set(rag.writing.offered())


@pytest.mark.parametrize(
    ("name", "error"),
    [("gpt-4", BadSettings), ("local:smollm2-135m", ModelMissing), ("local:/no/such.gguf", BadSettings)],
)
def test_a_setting_that_cannot_work_is_told_at_once(
    shelf: Shelf, name: str, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        writer(shelf, Scripted(), model=name, models=tmp_path)


def remote(shelf: Shelf, server: ModelServer, **settings: object) -> Rag:
    rag = writer(
        shelf, Scripted(), **{"model": "openai:fake", "model_url": server.url, "model_seconds": SECONDS, **settings}
    )
    rag.writing.chat("openai:fake")  # importing its client takes a while on a busy machine
    return rag


def test_a_real_client_streams_counts_and_orders(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-42")
    with serving(says("Overall trade has ", "increased by 26%", " since March. And ", "more.")) as server:
        answer = remote(shelf, server, model_seconds=60).ask(Ask(QUESTION, "news"))
    assert answer.text == f"{TRUE}. [1]"
    assert (answer.usage.model_calls, answer.usage.input_tokens, answer.usage.output_tokens) == (1, 120, 30)
    assert server.keys == ["Bearer sk-canary-42"]
    (asked,) = server.asked
    system, user = (message["content"] for message in asked["messages"])
    assert user.index("[1] ") < user.index(TRUE) < user.index("Question: ")
    assert user.endswith(QUESTION)
    assert QUESTION not in system
    assert (asked["stream"], asked["temperature"]) == (True, 0)
    assert "tools" not in asked


def test_stopping_closes_the_providers_connection(shelf: Shelf) -> None:
    def endless(handler: Handler) -> None:
        says(f"{TRUE}. And ")  # what follows comes slowly, until nobody listens
        handler.begin()
        while True:
            handler.piece(f"{TRUE}. And ")
            time.sleep(0.02)

    with serving(endless) as server:
        events = remote(shelf, server, model_seconds=60).stream(Ask(QUESTION, "news"))
        assert any(isinstance(event, StatementShown) for event in _until_shown(events))
        events.close()  # type: ignore[attr-defined]
        assert server.hung_up.wait(10)


def _until_shown(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        yield event
        if isinstance(event, StatementShown):
            return


def test_a_cancelled_question_ends_while_the_model_is_silent(shelf: Shelf) -> None:
    cancel = threading.Event()
    with serving(FAULTS["slow"]) as server:
        threading.Thread(target=lambda: server.was_asked.wait(60) and cancel.set()).start()
        with pytest.raises(Cancelled):
            list(remote(shelf, server, model_seconds=60).stream(Ask(QUESTION, "news"), cancel))
        assert server.hung_up.wait(10)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_model_means_the_sources_own_words_in_time(
    shelf: Shelf, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-42")
    caplog.set_level(logging.DEBUG, logger="rag")
    with serving(FAULTS[fault]) as server:
        began = time.monotonic()
        answer = remote(shelf, server, model_seconds=1.5).ask(Ask(QUESTION, "news"))
        took = time.monotonic() - began
    check(answer, shelf)
    assert (answer.model, answer.standing) == ("extractive", "grounded")
    assert kinds(answer)[0] in ("model_failed", "nothing_proved")
    assert "sources' own words" in answer.warnings[0].message
    assert took < 1.5 + 1 + 3  # a second, and what a busy machine adds to finding and judging
    assert "canary" not in str(answer.to_json()) + caplog.text


def test_a_model_that_opens_slowly_holds_nobody_up(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    rag, ready = writer(shelf, Scripted(), model="openai:fake", model_seconds=0.5), threading.Event()

    def opened(name: str) -> Scripted:
        assert ready.wait(60)
        return Scripted(f"{TRUE}.")

    monkeypatch.setattr(rag.writing, "_opened", opened)
    answer = rag.ask(Ask(QUESTION, "news"))
    assert (answer.model, kinds(answer)) == ("extractive", ["model_failed"])
    assert "not ready in time" in answer.warnings[0].message
    ready.set()
    rag.writing.chat("openai:fake")
    assert rag.ask(Ask(QUESTION, "news")).model == "openai:fake"


def test_a_server_that_is_not_there_means_the_same(shelf: Shelf) -> None:
    with serving(says()) as server:
        pass
    answer = remote(shelf, server).ask(Ask(QUESTION, "news"))
    assert kinds(answer) == ["model_failed"]
    assert "cannot be reached" in answer.warnings[0].message


def test_what_is_proved_before_a_break_stays(shelf: Shelf) -> None:
    def breaks(handler: Handler) -> None:
        handler.begin()
        handler.piece(f"{TRUE}. And then ")
        handler.connection.close()

    with serving(breaks) as server:
        answer = remote(shelf, server).ask(Ask(QUESTION, "news"))
    assert answer.text == f"{TRUE}. [1]"
    assert kinds(answer) == ["model_failed"]
    assert "ends where it broke off" in answer.warnings[0].message


def test_a_busy_server_is_asked_again(shelf: Shelf) -> None:
    calls: list[Behaviour] = [FAULTS["busy"], says(f"{TRUE}.")]
    with serving(lambda handler: calls.pop(0)(handler)) as server:
        answer = remote(shelf, server, model_seconds=30).ask(Ask(QUESTION, "news"))
    assert (answer.model, answer.usage.model_calls) == ("openai:fake", 2)


def test_probabilities_judge_where_the_provider_tells_them(shelf: Shelf) -> None:
    def judging(handler: Handler) -> None:
        if handler.owner.asked[-1].get("stream"):
            says(f"{TRUE}.")(handler)
        else:
            handler.whole("True", {"True": -0.1, "False": -3.0})

    with serving(judging) as server:
        answer = remote(shelf, server, model_seconds=60, verify="judge").ask(Ask(QUESTION, "news"))
    assert (answer.model, answer.usage.model_calls, answer.usage.input_tokens) == ("openai:fake", 2, 170)
    assert server.asked[1]["logprobs"] is True


def test_an_unknown_provider_is_told(shelf: Shelf) -> None:
    with pytest.raises((BadSettings, ModelFailed), match="provider"):
        writer(shelf, Scripted(), model="nosuch:thing").ask(Ask(QUESTION, "news"))


def test_the_last_event_is_the_answer(shelf: Shelf) -> None:
    *_, last = writer(shelf, Scripted(f"{TRUE}.")).stream(Ask(QUESTION, "news"))
    assert isinstance(last, Finished)
