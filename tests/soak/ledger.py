"""How many tries a figure wants, which of them were done, and what came of them.

`SOAK_LOG` names a file of JSON lines, one a try; what is in it for this seed is not tried again, so that a long run
can be stopped and gone on with. `python -m tests.soak.ledger FILE` prints what all runs in it came to.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

POINTS = int(os.environ.get("SOAK_POINTS") or 100)
SEED = int(os.environ.get("SOAK_SEED") or 1)
LOG = Path(os.environ["SOAK_LOG"]) if os.environ.get("SOAK_LOG") else None


class Ledger:
    """The tries of one figure; a hundred points stand for the whole of it."""

    def __init__(self, figure: str, wanted: float, tell_each: int = 10) -> None:
        self.figure = figure
        self.wanted = max(1, round(wanted * POINTS / 100))
        self._tell_each = tell_each
        self.lines = [one for one in _read(LOG) if (one["figure"], one["seed"]) == (figure, SEED)]
        self._said = time.monotonic()
        print(f"\n{figure}: {self.wanted} tries, seed {SEED}, {len(self.lines)} of them done before", flush=True)

    def __iter__(self) -> Iterator[tuple[int, random.Random]]:
        """Give the number of each try that is left, and a source of luck of its own."""
        done = {one["number"] for one in self.lines}
        for number in range(self.wanted):
            if number not in done:
                yield number, random.Random(f"{SEED} {self.figure} {number}")  # noqa: S311 - no secret

    def note(self, number: int, end: str, failure: str | None = None, **measured: Any) -> None:
        """Write down what came of a try."""
        line = {"figure": self.figure, "seed": SEED, "number": number, "end": end, "failure": failure, **measured}
        self.lines.append(line)
        if LOG is not None:
            with LOG.open("a") as file:
                file.write(json.dumps(line) + "\n")
        if failure:
            print(json.dumps(line), flush=True)
        if len(self.lines) % self._tell_each == 0:
            print(f"{time.strftime('%H:%M:%S')} {summary(self.lines)}", flush=True)

    def close(self) -> None:
        """Say what it came to, and fail if anything failed."""
        print(f"{self.figure}: {summary(self.lines)}", flush=True)
        failures = [one for one in self.lines if one["failure"]]
        assert not failures, failures[:3]
        assert len(self.lines) >= self.wanted


def summary(lines: list[dict[str, Any]]) -> str:
    """Say in one line what came of the tries."""
    ends = ", ".join(f"{count} {end}" for end, count in sorted(Counter(one["end"] for one in lines).items()))
    failed = sum(bool(one["failure"]) for one in lines)
    worst = [
        f"worst {name} {max(values):.3g}"
        for name in ("seconds", "opening", "recovery")
        if (values := [one[name] for one in lines if name in one])
    ]
    return "; ".join([f"{len(lines)} tries ({ends})", f"{failed} failures", *worst])


def _read(log: Path | None) -> list[dict[str, Any]]:
    if log is None or not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]


if __name__ == "__main__":
    figures: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for path in sys.argv[1:]:
        for one in _read(Path(path)):
            figures.setdefault((one["figure"], one["seed"]), []).append(one)
    for (figure, seed), lines in figures.items():
        print(f"{figure}, seed {seed}: {summary(lines)}")
