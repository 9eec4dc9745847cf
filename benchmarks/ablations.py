"""Measure what each part of answering is worth, by leaving it out or turning it, over sets of questions.

Each folder that is named holds `documents/` and `questions.jsonl` (see examples/README.md). All variants are asked the
same questions in one run; the last columns are differences in quality to the variant that is built in, paired by
question, with 95% bootstrap intervals. `read` is the share of the needed evidence that stands in the passages read;
`pairs` is the price: how many pairs of texts a question has the cross-encoder judge, on any machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.remembered import Remembered
from index.embed import Embedder, open_embedder
from index.load import files_of, source_of
from index.records import Hit, Metadata, Source
from index.shelf import Shelf
from rag.answers import Ask, Event, Finished, PassagesRead
from rag.config import RagConfig
from rag.evaluate.figures import Figure, compare, figures
from rag.evaluate.marks import Marks, TextOf, mark
from rag.evaluate.questions import Case, read_cases
from rag.pipeline import Rag
from rag.recipe import AS_BUILT, Recipe
from rag.rerank import open_reranker

SHOWN = ("proved", "evidence", "precision", "answered", "declined_rightly", "quality")


@dataclass(frozen=True, slots=True)
class Keeping:
    """How documents are kept."""

    passage_characters: int = 700
    title: bool = True
    """Whether the document's title stands over its passages for embedding, keywords and judging."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A row of the table."""

    name: str
    recipe: Recipe = AS_BUILT
    keeping: Keeping = field(default_factory=Keeping)


VARIANTS = (
    Variant("as built in"),
    Variant("words only", replace(AS_BUILT, by_meaning=0.0)),
    Variant("30% meaning", replace(AS_BUILT, by_meaning=0.3)),
    Variant("70% meaning", replace(AS_BUILT, by_meaning=0.7)),
    Variant("meaning only", replace(AS_BUILT, by_meaning=1.0)),
    Variant("4 passages read", replace(AS_BUILT, read=4)),
    Variant("8 passages read", replace(AS_BUILT, read=8)),
    Variant("6 windows judged", replace(AS_BUILT, judged=6, judged_most=6)),
    Variant("24 windows judged always", replace(AS_BUILT, judged=24, judged_most=24, clear=99.0)),
    Variant("10, then 24 windows judged", replace(AS_BUILT, judged_most=24)),
    Variant("no kind of answer expected", replace(AS_BUILT, lacking=0.0)),
    Variant("documents without the name as good", replace(AS_BUILT, elsewhere=0.0)),
    Variant("words have no price", replace(AS_BUILT, a_word=0.0)),
    Variant("several things asked as one", replace(AS_BUILT, each=False)),
    Variant("no sentence before", replace(AS_BUILT, sentence_before=False)),
    Variant("400 characters", keeping=Keeping(passage_characters=400)),
    Variant("1000 characters", keeping=Keeping(passage_characters=1000)),
    Variant("no title over it", keeping=Keeping(title=False)),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The models, opened once."""

    embedder: Embedder
    reranker: Remembered


def add(shelf: Shelf, folder: Path, keeping: Keeping) -> None:
    """Add a set's documents as a dossier of its name."""
    about = Metadata() if keeping.title else Metadata(title="-")
    files = [source_of(path, RagConfig()) for path in files_of([folder / "documents"]) if isinstance(path, Path)]
    sources = [Source(file.name, f"upload:{file.name}", file.content, metadata=about) for file in files]
    job = shelf.wait(shelf.add(folder.name, sources).id)
    if job.failed:
        sys.exit(f"{folder}: {job.failed}")


def sample(cases: Sequence[Case], size: int) -> list[Case]:
    """Take cases at even distances."""
    return [cases[place * len(cases) // size] for place in range(size)] if size < len(cases) else list(cases)


def ask(rag: Rag, dossier: str, cases: Sequence[Case], told: str, reranker: Remembered) -> dict[str, Marks]:
    """Ask and mark."""
    text_of = cache(rag.shelf.text)
    marked: dict[str, Marks] = {}
    for case in track(cases, told, console=Console(stderr=True), transient=True):
        asked = Ask(case.question, dossier, history=case.history)
        before = reranker.asked
        events = list(rag.stream(asked))
        answer = next(event.answer for event in events if isinstance(event, Finished))
        marks = dict(mark(case, answer, 0.0, text_of)) | {"pairs": float(reranker.asked - before)}
        if case.evidence:
            marks["read"] = reached(case, read_in(events), text_of)
        marked[case.id] = marks
    return marked


def read_in(events: Sequence[Event]) -> tuple[Hit, ...]:
    """Give the passages that were read."""
    return tuple(hit for event in events if isinstance(event, PassagesRead) for hit in event.hits)


def reached(case: Case, hits: Sequence[Hit], text_of: TextOf) -> float:
    """Give the share of the needed evidence that stands in passages: half a piece, or a paragraph's accepted answer."""

    def stands(document: str, quote: str, *, within: bool) -> bool:
        for hit in (hit for hit in hits if hit.document.name == document):
            start = text_of(hit.document.id, None).find(quote)
            overlap = min(hit.passage.end, start + len(quote)) - max(hit.passage.start, start)
            if start >= 0 and (overlap > 0 and case.accepts(hit.passage.text) if within else overlap >= len(quote) / 2):
                return True
        return False

    shown = [any(stands(p.document, p.quote, within=p.within) for p in group) for group in case.evidence]
    return sum(shown) / len(shown)


def run(folders: Sequence[Path], size: int, parts: Parts, data: Path) -> dict[tuple[str, str], dict[str, Marks]]:
    """Ask every variant everything; the marks by variant and set, by question."""
    marked: dict[tuple[str, str], dict[str, Marks]] = {}
    for number, keeping in enumerate(dict.fromkeys(variant.keeping for variant in VARIANTS)):
        config = RagConfig(
            data=data / str(number),
            models=RagConfig().models_folder,
            passage_characters=keeping.passage_characters,
        )
        with Shelf.open(config, parts.embedder) as shelf:
            for folder in folders:
                add(shelf, folder, keeping)
            for variant in (variant for variant in VARIANTS if variant.keeping == keeping):
                rag = Rag(shelf, parts.reranker, config, variant.recipe)
                for folder in folders:
                    cases = sample(read_cases(folder / "questions.jsonl"), size)
                    told = f"{variant.name}: {folder.name}"
                    marked[variant.name, folder.name] = ask(rag, folder.name, cases, told, parts.reranker)
    return marked


def table(marked: dict[tuple[str, str], dict[str, Marks]], sets: Sequence[str]) -> list[str]:
    """Write the table, in Markdown."""
    columns = ("read", *SHOWN)
    lines = [
        f"| variant | set | {' | '.join(columns)} | pairs | difference in quality |",
        f"|---|---|{'---|' * len(columns)}---|---|",
    ]
    for name in sets:
        before = marked[VARIANTS[0].name, name]
        for variant in VARIANTS:
            found = figures(marked[variant.name, name].values())
            difference = compare(before, marked[variant.name, name]).differences["quality"]
            cells = " | ".join(f"{found[column].mean:.3f}" if column in found else "–" for column in columns)
            changed = "" if variant is VARIANTS[0] else _interval(difference)
            lines.append(f"| {variant.name} | {name} | {cells} | {found['pairs'].mean:.0f} | {changed} |")
    return lines


def _interval(figure: Figure) -> str:
    return f"{figure.mean:+.3f} ({figure.low:+.3f} to {figure.high:+.3f})"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=60, help="how many questions of a set, at even distances")
    options = parser.parse_args()
    folders = [folder.resolve() for folder in options.folders]
    config = RagConfig()
    parts = Parts(open_embedder(config), Remembered(open_reranker(config)))
    with tempfile.TemporaryDirectory() as data:
        marked = run(folders, options.sample, parts, Path(data))
    print("\n".join(table(marked, [folder.name for folder in folders])))


if __name__ == "__main__":
    main()
