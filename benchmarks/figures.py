"""The figures that are kept: written as JSON, held against those kept before, shown as one table in the README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "figures"
WORSE = 0.10
BEGIN, END = "<!-- figures: made by `make bench` and `make bench-million` -->", "<!-- /figures -->"


@dataclass(frozen=True)
class Measure:
    """A row of the table: where its figure stands, and what it should reach."""

    told: str
    file: str
    path: str
    """Keys, parted by slashes."""
    reach: float
    """At least so much; where less is better, at most so much, with a minus before it."""
    unit: str = ""
    scale: float = 1

    def of(self, found: Mapping[str, Any]) -> float | None:
        """Give the figure, None where it was not measured."""
        place: Any = found
        for key in self.path.split("/"):
            if not isinstance(place, Mapping) or key not in place:
                return None
            place = place[key]
        return float(place) * self.scale

    @property
    def more(self) -> bool:
        """Whether more is better."""
        return self.reach > 0

    def reached(self, figure: float) -> bool:
        """Whether it is as good as it should be."""
        return figure >= self.reach if self.more else figure <= -self.reach


AT_100K = "sizes/100000/"
MEASURES = (
    Measure("text added a second, against MiniLM (half the layers) in torch fp32", "speed", "adding/minilm/median", 1.3, "x"),
    Measure("the same, of a processor second", "speed", "adding/minilm cpu/median", 1.3, "x"),
    Measure("text added a second, against bge-small's shape in torch fp32", "speed", "adding/bge-small/median", 2.5, "x"),
    Measure("the same, of a processor second", "speed", "adding/bge-small cpu/median", 2.5, "x"),
    Measure("encoder, share of the processor's int8 peak", "speed", "encoder", 35, "%", 100),
    Measure("processor time of adding that is not the encoder", "speed", "elsewhere", -15, "%", 100),
    Measure("adding the same again, against the first time", "speed", "again", -1, "%", 100),
    Measure("answer in the sources' words, p50", "speed", "asking/p50", -180, "ms", 1000),
    Measure("answer in the sources' words, p95", "speed", "asking/p95", -350, "ms", 1000),
    Measure("question p95 while adding, against idle", "speed", "while adding/ratio", -2, "x"),
    Measure("processor time a question, eight people against one", "speed", "crowd/cpu", -1.1, "x"),
    Measure("p95 of eight people, against eight times one's p50", "speed", "crowd/p95", -1.1, "x"),
    Measure("search p95, 10,000 passages", "growing", "sizes/10000/search/p95", -20, "ms", 1000),
    Measure("search p95, 100,000 passages", "growing", AT_100K + "search/p95", -35, "ms", 1000),
    Measure("search p95, a million passages", "growing", "sizes/1000000/search/p95", -90, "ms", 1000),
    Measure("search p95, 100,000 passages, filter passes 1%", "growing", AT_100K + "one in a hundred/p95", -40, "ms", 1000),
    Measure("search p95, 100,000 passages, filter passes half", "growing", AT_100K + "one half/p95", -40, "ms", 1000),
    Measure("memory of a server that has answered thirty questions, with 1,000 passages", "growing", "server/small/asked", -350, "MB"),
    Measure("how much more of it 100,000 passages take", "growing", "server/more", -250, "MB"),
    Measure("from the server's start to its first answer, 100,000 passages", "growing", "server/large/first answer", -3, "s"),
    Measure("memory at 100,000 passages, embedder and all", "growing", AT_100K + "memory", -500, "MB"),
    Measure("from opening 100,000 passages to the first search", "growing", AT_100K + "first", -3, "s"),
    Measure("one document added to 100,000 passages, until found", "growing", AT_100K + "add one", -1, "s"),
    Measure("one removed from 100,000 passages, until not found", "growing", AT_100K + "remove one", -1, "s"),
    Measure("growth of search p50 from 1,000 to a million passages", "growing", "growth", -4, "x"),
    Measure("recall@10 of the search, 100,000 passages", "growing", AT_100K + "recall", 0.98),
    Measure("recall@10 of the search, a million passages", "growing", "sizes/1000000/recall", 0.98),
)  # fmt: skip


def kept(name: str) -> dict[str, Any]:
    """Give the figures that are kept, nothing where there are none."""
    file = FOLDER / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def worse(name: str, found: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """Tell every measure that got worse by more than a tenth."""
    for measure in MEASURES:
        now, then = measure.of(found), measure.of(before)
        if measure.file != name or now is None or then is None or then == 0:
            continue
        change = (then - now) / then if measure.more else (now - then) / then
        if change > WORSE:
            yield f"{measure.told}: {then:.3g} -> {now:.3g} {measure.unit} ({change:.0%} worse)"


def tell(name: str, found: Mapping[str, Any], *, keep: bool) -> None:
    """Say what got worse, print the table, and keep the figures where asked to."""
    before = kept(name)
    lines = list(worse(name, found, before))
    print("\n".join(["Worse by more than a tenth:", *lines] if lines else ["Nothing got worse by more than a tenth."]))
    merged = (
        {**before, **found, "sizes": {**before.get("sizes", {}), **found.get("sizes", {})}} if keep else dict(found)
    )
    if growth := _growth(merged.get("sizes", {})):
        merged["growth"] = growth
    if keep:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
        into_readme()
    print(table({name: merged}))


def _growth(sizes: Mapping[str, Any]) -> float | None:
    """Give how many times as long a search takes among a million passages as among a thousand."""
    least, most = (sizes.get(size, {}).get("search", {}).get("p50") for size in ("1000", "1000000"))
    return most / least if least and most else None


def table(files: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the rows that were measured."""
    lines = ["| measure | figure | to reach | reached |", "|---|---|---|---|"]
    for measure in MEASURES:
        figure = measure.of(files.get(measure.file, {}))
        if figure is not None:
            sign = "≥" if measure.more else "≤"
            reached = "yes" if measure.reached(figure) else "**no**"
            lines.append(
                f"| {measure.told} | {figure:.3g} {measure.unit} | {sign} {abs(measure.reach):g} | {reached} |"
            )
    return "\n".join(lines)


def into_readme() -> None:
    """Put the table of all kept figures into the README, between its marks."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    made = f"{BEGIN}\n{table({name: kept(name) for name in ('speed', 'growing')})}\n{END}"
    readme.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: made, text, flags=re.DOTALL), "utf-8")
