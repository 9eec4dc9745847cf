"""`dossier eval`, alone and through a running server, over scripted answers; and over the examples with real models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import Running
from stand_ins import FakeRag

from index.errors import Overloaded
from index.owner import Owner
from rag.answers import Answer, Ask
from ui.cli import FAILED, STOPPED, main

EXAMPLES = Path(__file__).parents[2] / "examples"
BRIDGE = "The bridge was lifted on 3 May.\nIt had rusted."
LIFTED = {
    "id": "lifted",
    "kind": "fact",
    "question": "When was it lifted?",
    "answer": ["3 may"],
    "evidence": [[{"document": "bridge.txt", "quote": "The bridge was lifted on 3 May."}]],
}
RUSTED = {"id": "rusted", "kind": "fact", "question": "What was wrong?", "answer": ["rusted"]}
NONSENSE = {"id": "nonsense", "kind": "unanswerable", "question": "Some nonsense?", "abstain": True}
FOLLOW_UP = {
    "id": "then",
    "kind": "followup",
    "question": "And then?",
    "history": [{"role": "user", "content": "What was lifted?"}, {"role": "assistant", "content": "The bridge."}],
}


@dataclass
class Terminal:
    """Runs `dossier eval` in this process."""

    rag: FakeRag
    capture: pytest.CaptureFixture[str]
    data: Path
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(self.data), *arguments])
        self.out, self.err = self.capture.readouterr()
        assert "Traceback" not in self.err
        return int(ended.value.code or 0)

    def json(self, *arguments: str, status: int = 0) -> dict[str, dict[str, dict[str, float]]]:
        assert self("eval", *arguments, "--json") == status, self.err
        return dict(json.loads(self.out))


@pytest.fixture(params=["alone", "through a server"])
def terminal(
    request: pytest.FixtureRequest,
    server: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Terminal]:
    monkeypatch.chdir(tmp_path)
    server.job({"dossier": "default", "documents": [{"name": "bridge.txt", "text": BRIDGE}]})
    data = tmp_path / "data"
    if request.param == "alone":
        monkeypatch.setattr("index.shelf.Shelf.open", lambda config: server.rag.shelf)
        monkeypatch.setattr("ui.desk.OwnDesk.rag", server.rag)
        yield Terminal(server.rag, capsys, data)
    else:
        owner = Owner.take(data, server.address)
        yield Terminal(server.rag, capsys, data)
        owner.release()


def questions(*rows: object, name: str = "questions.jsonl") -> str:
    Path(name).write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return name


def test_answers_are_measured_by_kind_and_overall(terminal: Terminal) -> None:
    assert terminal("eval", questions(LIFTED, RUSTED, NONSENSE, FOLLOW_UP)) == 0
    found = terminal.json(questions(LIFTED, RUSTED, NONSENSE, FOLLOW_UP))
    means = {name: figure["mean"] for name, figure in found["overall"].items()}
    assert means["correct"] == means["proved"] == 0.5
    assert means["answered"] == means["declined_rightly"] == means["exact"] == means["evidence"] == 1.0
    assert means["quality"] == 0.75
    assert found["by_kind"]["fact"]["quality"]["mean"] == 0.5
    assert set(found["by_kind"]) == {"fact", "followup", "unanswerable"}
    assert terminal.rag.asked[-1].history[0].content == "What was lifted?"
    assert {ask.dossier for ask in terminal.rag.asked} == {"default"}


def test_a_missed_bar_fails(terminal: Terminal) -> None:
    file = questions(LIFTED, RUSTED)
    assert terminal("eval", file, "--bar", "proved>=0.5", "--bar", "words<=50") == 0
    assert re.findall(r"^bar .*", terminal.out, re.MULTILINE)[0].startswith("bar proved >= 0.5: cleared, 0.500")
    assert terminal("eval", file, "--bar", "proved>=0.5", "--bar", "correct>=0.51") == FAILED
    assert [line.split(",")[0] for line in re.findall(r"^bar .*", terminal.out, re.MULTILINE)] == [
        "bar proved >= 0.5: cleared",
        "bar correct >= 0.51: MISSED",
    ]
    assert terminal("eval", file, "--bar", "declined_rightly>=0") == FAILED
    assert "could not be judged" in terminal.out
    assert terminal("eval", file, "--bar", "answered>=1.1", "--json") == FAILED
    assert json.loads(terminal.out)["bars"] == [
        {"measure": "answered", "direction": ">=", "value": 1.1, "cleared": False}
    ]
    assert "MISSED" in terminal.err


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        ([LIFTED, {**RUSTED, "answer": ["("]}], [], "line 2: answer: '(' is not a regular expression"),
        ([LIFTED, {**RUSTED, "documents": ["ferry.txt"]}], [], "line 2: there is no document 'ferry.txt'"),
        ([{**LIFTED, "evidence": [[{"document": "bridge.txt", "quote": "4 May"}]]}], [], "does not hold the quote"),
        ([LIFTED], ["--bar", "proofs>=1"], "is not a bar"),
        ([LIFTED], ["--resume"], "--out"),
        ([LIFTED], ["--compare", "none.jsonl"], "no file none.jsonl"),
        ([LIFTED], ["--report", "none/report.html"], "no folder none"),
    ],
)
def test_faults_are_told_before_anything_is_asked(
    terminal: Terminal, rows: list[object], options: list[str], told: str
) -> None:
    assert terminal("eval", questions(*rows), *options) == FAILED
    assert told in terminal.err
    assert not terminal.rag.asked


def test_an_evaluation_goes_on_where_it_was_stopped(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    file = questions(LIFTED, RUSTED, NONSENSE)
    asking = terminal.rag.ask

    def ask(question: Ask) -> Answer:
        if question.question == RUSTED["question"]:
            raise KeyboardInterrupt
        return asking(question)

    monkeypatch.setattr("ui.client.Client.ask", lambda client, question: ask(question))
    monkeypatch.setattr(terminal.rag, "ask", ask)
    assert terminal("eval", file, "--out", "out.jsonl", "--bar", "answered>=0") == STOPPED
    assert "1 of 3 questions" in terminal.out
    assert len(Path("out.jsonl").read_text().splitlines()) == 1


def test_what_was_kept_is_not_asked_again(terminal: Terminal) -> None:
    assert terminal("eval", questions(LIFTED), "--out", "out.jsonl") == 0
    assert terminal("eval", questions(LIFTED), "--out", "out.jsonl") == FAILED
    assert "--resume" in terminal.err
    begun = len(terminal.rag.asked)
    found = terminal.json(questions(LIFTED, NONSENSE), "--out", "out.jsonl", "--resume")
    assert [ask.question for ask in terminal.rag.asked[begun:]] == ["Some nonsense?"]
    assert found["overall"]["quality"]["count"] == 2
    assert len(Path("out.jsonl").read_text().splitlines()) == 2


def test_a_later_evaluation_is_compared_with_an_earlier_one(terminal: Terminal) -> None:
    assert terminal("eval", questions(LIFTED, RUSTED, NONSENSE), "--out", "before.jsonl") == 0
    lines = [json.loads(line) for line in Path("before.jsonl").read_text().splitlines()]
    lines[0]["marks"]["quality"] = 0.25
    Path("before.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    file = questions(LIFTED, RUSTED, {**NONSENSE, "question": "Other nonsense?"})
    assert terminal("eval", file, "--compare", "before.jsonl") == 0
    assert "better: 1 (lifted)\nworse: 0\n" in terminal.out
    found = terminal.json(file, "--compare", "before.jsonl")["comparison"]
    assert found["shared"] == 2
    assert found["differences"]["quality"]["mean"] == 0.375


def test_a_report_is_written(terminal: Terminal) -> None:
    assert terminal("eval", questions(LIFTED, RUSTED, NONSENSE), "--report", "report.html") == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert "What was wrong?" in page
    assert "bridge.txt" in page


def test_what_cannot_be_drawn_is_told_before_anything_is_asked(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert terminal("eval", questions(LIFTED), "--report", "report.html") == FAILED
    assert "make evaluation" in terminal.err
    assert not terminal.rag.asked
    assert terminal("eval", questions(LIFTED)) == 0


def test_a_busy_server_is_asked_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    asking, refused = terminal.rag.ask, [Overloaded("Busy.", retry_after=0)] * 2

    def ask(question: Ask) -> Answer:
        if refused:
            raise refused.pop()
        return asking(question)

    monkeypatch.setattr("ui.client.Client.ask", lambda client, question: ask(question))
    monkeypatch.setattr(terminal.rag, "ask", ask)
    assert terminal("eval", questions(LIFTED)) == 0
    assert not refused


def test_a_search_is_measured_on_judged_queries(terminal: Terminal) -> None:
    Path("judged").mkdir()
    questions({"_id": "1", "text": "bridge"}, {"_id": "2", "text": "unjudged"}, name="judged/queries.jsonl")
    Path("judged/qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tbridge.txt\t1\n")
    found = terminal.json("judged", "--out", "out.jsonl", "--bar", "nDCG@10>=1")
    assert {name: figure["mean"] for name, figure in found["overall"].items() if name != "seconds"} == {
        "nDCG@10": 1.0,
        "recall@100": 1.0,
        "MRR": 1.0,
    }
    assert terminal.json("judged", "--compare", "out.jsonl")["comparison"]["shared"] == 1
    Path("judged/qrels.tsv").write_text("1\tferry.txt\t1\n")
    assert terminal("eval", "judged") == FAILED
    assert "line 1: there is no document 'ferry.txt'" in terminal.err


@pytest.mark.models
def test_the_examples_are_measured(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOSSIER_MODELS", str(models_folder))
    terminal = Terminal(FakeRag(), capsys, tmp_path / "data")
    rows = [json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [row for row in rows if row["id"] in ("a01", "a02", "a05", "a07")]
    chosen += [row for row in rows if row["abstain"]][:1]
    needed = {piece["document"] for row in chosen for group in row.get("evidence", ()) for piece in group}
    assert terminal("add", *(str(EXAMPLES / "documents" / name) for name in sorted(needed))) == 0
    found = terminal.json(questions(*chosen), "--out", "out.jsonl", "--report", "report.html")
    shares = {name: one["mean"] for name, one in found["overall"].items() if name not in ("words", "seconds")}
    assert all(0 <= share <= 1 for share in shares.values())
    assert shares["exact"] == 1.0
    assert found["overall"]["quality"]["count"] == 5
    assert shares["proved"] <= shares["correct"] <= shares["answered"]
    assert Path("report.html").read_text(encoding="utf-8").count("<svg") == 4
    with pytest.raises(SystemExit) as ended:
        main(["--data", "data", "eval", str(EXAMPLES / "questions.jsonl")])
    assert ended.value.code == FAILED
    assert "there is no document" in capsys.readouterr().err
