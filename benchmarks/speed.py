"""How fast it is, against the plain recipe in the same run: both sides by turns (A B B A), each in its own process.

python -m benchmarks.speed [--set FOLDER] [--pairs 7] [--questions 30] [--only adding,asking,crowd,while-adding] [--dry]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import figures
from benchmarks.probe import known, probe

EXAMPLES = Path(__file__).parents[1] / "examples"
OTHERS = ("minilm", "bge-small")
RESAMPLED = 10_000


def side(name: str, work: str, folder: Path, data: Path, questions: int) -> dict[str, Any]:
    """Let one side work in a process of its own. Raises CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.sides", name, work, str(folder), str(data)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [*command, "--questions", str(questions)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},  # spinning threads would be counted as work
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def by_turns(pairs: int) -> list[tuple[bool, int]]:
    """Give whether we are next, and in which pair: A B, B A, A B..."""
    return [(ours, pair) for pair in range(pairs) for ours in ((True, False) if pair % 2 == 0 else (False, True))]


def interval(ratios: Sequence[float]) -> dict[str, Any]:
    """Give the median with its 95% percentile bootstrap interval."""
    chance = np.random.default_rng(1)
    drawn = np.median(chance.choice(ratios, (RESAMPLED, len(ratios))), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"median": statistics.median(ratios), "low": float(low), "high": float(high), "pairs": len(ratios)}


def adding(folder: Path, scratch: Path, pairs: int) -> dict[str, Any]:
    """Add the set to empty folders by turns; ratios are of characters a second."""
    found: dict[str, Any] = {"adding": {}}
    ours: list[dict[str, Any]] = []
    for other in OTHERS:
        mine: list[dict[str, Any]] = []
        theirs: list[dict[str, Any]] = []
        for is_ours, pair in by_turns(pairs):
            name = "ours" if is_ours else other
            made = side(name, "add", folder, scratch / f"{other}-{name}-{pair}", 0)
            (mine if is_ours else theirs).append(made)
            print(name, json.dumps(made), flush=True)
        for kind, label in (("wall", other), ("cpu", f"{other} cpu")):
            speeds = [[one["characters"] / one[kind] for one in side] for side in (mine, theirs)]
            found["adding"][label] = interval([a / b for a, b in zip(*speeds, strict=True)])
        found["adding"][f"{other} peak"] = statistics.median(one["peak"] for one in theirs)
        ours += mine
    found["adding"]["peak"] = statistics.median(one["peak"] for one in ours)
    for name in ("elsewhere", "again", "work"):
        found[name] = statistics.median(one[name] for one in ours)
    return found


def asking(folder: Path, scratch: Path, pairs: int, questions: int) -> dict[str, Any]:
    """Ask the same questions by turns over what was added before."""
    data = {name: scratch / f"asked-{name}" for name in ("ours", "minilm")}
    for name, place in data.items():
        side(name, "add", folder, place, 0)
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "minilm": []}
    for is_ours, _ in by_turns(pairs):
        name = "ours" if is_ours else "minilm"
        found[name].append(side(name, "ask", folder, data[name], questions))
        print(name, json.dumps(found[name][-1]), flush=True)
    mine, theirs = (
        {key: statistics.median(one[key] for one in found[name]) for key in ("p50", "p95", "cpu", "quality", "peak")}
        for name in ("ours", "minilm")
    )
    return {"asking": mine | {"questions": questions, "retrieval alone, plain": theirs}}


def main() -> None:
    """Measure, say what got worse, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", type=Path, default=EXAMPLES, help="A folder with documents/ and questions.jsonl.")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--only", default="adding,asking,crowd,while-adding")
    parser.add_argument("--dry", action="store_true", help="Print, and keep no figures.")
    given = parser.parse_args()
    before, parts = probe(), given.only.split(",")
    print(before.line(), flush=True)
    found: dict[str, Any] = {"before": asdict(before), "known": known(), "set": given.set.name}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if "adding" in parts:
            found |= adding(given.set, scratch, given.pairs)
        if "asking" in parts:
            found |= asking(given.set, scratch, given.pairs, given.questions)
        for work in {"crowd", "while-adding"} & set(parts):
            data = scratch / work
            side("ours", "add", given.set, data, 0)
            found[work.replace("-", " ")] = side("ours", work, given.set, data, given.questions)
    after = probe()
    print(after.line())
    found["after"] = asdict(after)
    if "work" in found:  # the encoder's speed is of one core's second, the probe's of all cores
        found["encoder"] = found["work"] / (max(before.int8, after.int8) / before.cores)
    figures.tell("speed", found, keep=not given.dry)


if __name__ == "__main__":
    main()
