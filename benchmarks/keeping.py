"""What it costs to keep answers: questions over the examples with and without, and with a long history before.

python benchmarks/keeping.py [--rounds 5] [--before 10000]
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import tempfile
import time
from pathlib import Path

from index.records import Source
from rag.answers import Ask
from rag.pipeline import Rag
from ui.config import Config
from ui.conversations import Asking, Conversations
from ui.service import Service

EXAMPLES = Path(__file__).parents[1] / "examples"


def measured(service: Service, questions: list[str], rounds: int) -> dict[str, list[float]]:
    """Ask each question kept and not kept by turns, so that both meet the same weather; give milliseconds."""
    mine = Conversations(service.shelf, "bench")
    conversation = mine.begin("bench").id
    times: dict[str, list[float]] = {"not kept": [], "kept": [], "kept in a conversation": []}
    for _ in range(rounds):
        for question in questions:
            for how, taken in times.items():
                id = conversation if "conversation" in how else None
                ask = Ask(
                    question, "examples", standalone_question=question, conversation_id=id, keep=how != "not kept"
                )
                began = time.perf_counter()
                Asking(service, mine).ask(ask)
                taken.append(1000 * (time.perf_counter() - began))
    return times


def storing(service: Service, question: str, times: int) -> list[float]:
    """Keep one answer again and again; give milliseconds."""
    mine = Conversations(service.shelf, "store")
    content = service.ask(Ask(question, "examples")).to_json()
    taken = []
    for _ in range(times):
        content = {**content, "id": f"a_{secrets.token_hex(8)}"}
        began = time.perf_counter()
        mine.shelf.history.keep("store", content)
        taken.append(1000 * (time.perf_counter() - began))
    print(f"one answer is {len(json.dumps(content)) / 1000:.1f} KB")
    return taken


def told(name: str, taken: list[float]) -> None:
    """Print a median and a high quantile."""
    ordered = sorted(taken)
    print(f"{name}: median {statistics.median(ordered):.2f} ms, p95 {ordered[int(0.95 * len(ordered))]:.2f} ms")


def main() -> None:
    """Measure in a data folder of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=int, default=10_000)
    given = parser.parse_args()
    questions = [json.loads(line)["question"] for line in (EXAMPLES / "questions.jsonl").read_text().splitlines()][:12]
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data=Path(folder), page=False)
        service = Service(Rag.open(config), config)
        files = sorted((EXAMPLES / "documents").iterdir())
        sources = [Source(file.name, f"upload:{file.name}", content=file.read_bytes()) for file in files]
        service.shelf.wait(service.shelf.add("examples", sources).id, 300)
        for question in questions:  # warm
            service.ask(Ask(question, "examples"))
        for name, taken in measured(service, questions, given.rounds).items():
            told(f"asking, {name}", taken)
        told("storing alone", storing(service, questions[0], 300))
        storing(service, questions[0], given.before)
        for name, taken in measured(service, questions, 1).items():
            told(f"asking with {given.before} answers before, {name}", taken)
        told("storing with them", storing(service, questions[0], 300))
        began = time.perf_counter()
        Conversations(service.shelf, "bench").page("bridge cost")
        print(f"searching the conversations: {1000 * (time.perf_counter() - began):.1f} ms")
        first = service.shelf.documents("examples")[0][0]
        began = time.perf_counter()
        service.shelf.remove_document(first.id)
        print(f"removing a document: {1000 * (time.perf_counter() - began):.0f} ms")
        service.close()


if __name__ == "__main__":
    main()
