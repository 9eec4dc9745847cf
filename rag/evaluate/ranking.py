"""Measure the search alone, on a folder of queries and judgements as BEIR has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from index.errors import NotInstalled
from rag.evaluate.marks import Marks, Measure
from rag.evaluate.questions import Faults, lines_of

DEPTH = 100
"""How many documents a query is answered with."""
QUERIES, JUDGEMENTS = "queries.jsonl", "qrels.tsv"
RANKING_MEASURES = (
    Measure("nDCG@10", "how near the first ten are to the best order there is"),
    Measure("recall@100", "relevant documents that are among the first hundred"),
    Measure("MRR", "one divided by the place of the first relevant document"),
    Measure("seconds", "time of a search", is_share=False),
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query and how relevant documents are for it."""

    id: str
    text: str
    relevant: Mapping[str, int]
    """Grades by the document's name."""


def is_ranking(path: Path) -> bool:
    """Whether the path is a folder of queries and judgements."""
    return path.is_dir() and (path / JUDGEMENTS).exists()


def read_queries(folder: Path, names: Iterable[str]) -> tuple[Query, ...]:
    """Read the queries that are judged; `names` are the dossier's documents. Raises BadInput with every fault."""
    relevant = _judgements(folder / JUDGEMENTS, frozenset(names))
    faults, queries = Faults(folder / QUERIES), {}
    for number, line in lines_of(folder / QUERIES):
        try:
            given = json.loads(line)
            id, text = str(given["_id"]), str(given["text"])
        except (ValueError, KeyError, TypeError):
            faults.add(number, 'not an object with "_id" and "text"')
            continue
        if id in relevant:
            queries[id] = Query(id, text, relevant[id])
    for id in relevant.keys() - queries.keys():
        faults.add(1, f"the query {id!r} is judged but not there")
    faults.tell()
    return tuple(queries.values())


def mark_ranking(query: Query, names: Sequence[str]) -> Marks:
    """Mark the names of the documents found, best first. Raises NotInstalled."""
    measures = _library()
    ranked = {name: float(-place) for place, name in enumerate(dict.fromkeys(names))}
    judged = {query.id: dict(query.relevant)}
    wanted = {measures.nDCG @ 10: "nDCG@10", measures.R @ DEPTH: "recall@100", measures.RR: "MRR"}
    if not ranked:  # a query without hits is unknown to the library, and worth nothing
        return dict.fromkeys(wanted.values(), 0.0)
    found = measures.iter_calc(list(wanted), judged, {query.id: ranked})
    return {wanted[metric.measure]: float(metric.value) for metric in found}


def require_library() -> None:
    """Raise NotInstalled before anything is asked."""
    _library()


def _judgements(path: Path, names: frozenset[str]) -> dict[str, dict[str, int]]:
    faults = Faults(path)
    relevant: dict[str, dict[str, int]] = {}
    for number, line in lines_of(path):
        parts = line.rstrip("\r").split("\t")
        if number == 1 and not parts[-1].strip().lstrip("-").isdecimal():
            continue  # the heading
        if len(parts) != 3 or not parts[2].strip().lstrip("-").isdecimal():
            faults.add(number, "not a query's id, a document's name and a grade, with tabs between them")
            continue
        if parts[1] not in names:
            faults.add(number, f"there is no document {parts[1]!r} in the dossier")
        relevant.setdefault(parts[0], {})[parts[1]] = int(parts[2])
    faults.tell()
    return {id: grades for id, grades in relevant.items() if any(grade > 0 for grade in grades.values())}


def _library() -> ModuleType:
    try:
        import ir_measures
    except ImportError:
        raise NotInstalled("Measuring a ranking needs ir-measures.", "Install it: make evaluation") from None
    return ir_measures
