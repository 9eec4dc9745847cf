"""The import law: houses downhill, workers apart, one door a library, nothing heavy on the default path."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = ("ui", "rag", "index")
"""From the top of the hill to its foot."""

NOUNS = {"records", "errors", "config", "answers", "recipe"}
"""What everybody in a house may know: what flows, what goes wrong, what is set."""

EDGES = {
    "rag": {
        "pipeline": {"*": "the composer"},
        "gather": {"*": "part of the composer: from a question to its evidence"},
        "langchain": {"pipeline": "another way in: it wraps the composer"},
        "question": {"terms": "what a question names is compared as terms: a noun of its own"},
        "people": {"question": "it reads names as a question's are read"},
        "follow_up": {
            "question": "it reads and gives questions",
            "terms": "as above",
            "people": "whom a pronoun may mean",
        },
        "parts": {
            "question": "it reads and gives questions",
            "follow_up": "a question may lean on the one before",
            "terms": "a noun",
        },
        "contrast": {"question": "a noun", "terms": "a noun"},
        "figures": {"terms": "a noun"},
        "kinds": {"question": "a noun", "terms": "a noun", "figures": "a noun"},
        "extract": {
            "question": "a noun",
            "terms": "a noun",
            "kinds": "what an answer of the asked kind has in it, shared with decline",
            "rerank": "the protocol of the reranker it is given",
        },
        "decline": {
            "question": "a noun",
            "terms": "a noun",
            "kinds": "shared with extract",
            "extract": "the context in which a window is judged",
            "probe": "its noun Probe",
            "contrast": "one of its features, and what it says",
        },
        "probe": {
            "question": "a noun",
            "rerank": "its protocol",
            "terms": "a noun",
            "extract": "the context in which a window is judged",
        },
        "subject": {"question": "a noun", "terms": "a noun"},
        "events": {"question": "a noun", "terms": "a noun", "when": "reads dates"},
        "compare": {
            "question": "a noun",
            "terms": "a noun",
            "figures": "a noun",
            "when": "reads dates",
            "slots": "reads names",
        },
        "slots": {"question": "a noun", "terms": "a noun", "when": "reads dates"},
        "verify": {
            "terms": "a noun",
            "figures": "a noun",
            "extract": "the windows of what was read, and the context in which they are judged",
            "rerank": "the protocol of the reranker it is given",
            "language": "what its rules cannot judge",
            "question": "its noun, and the names in a text",
            "subject": "what a question names",
        },
        "writing": {"*": "part of the composer: a language model's words become checked statements"},
        "cite": {"verify": "the verdict that is cited is verify's noun"},
        "collection": {"when": "its noun Period", "question": "how a question opens"},
        "warn": {
            "question": "a noun",
            "timely": "which evidence is old",
            "language": "what the embedder does not know",
            "cite": "escapes metadata as every answer does",
            "wording": "names documents",
            "events": "its noun Dated",
        },
        "when": {"terms": "the weekdays' names"},
        "timely": {"question": "a noun", "terms": "a noun", "when": "its noun Period"},
        "summary": {"terms": "a noun"},
        "wording": {"cite": "escapes metadata as every answer does", "when": "its noun Period"},
        "mentions": {"terms": "a noun", "cite": "escapes as above", "extract": "which sentence cannot stand alone"},
        "digest": {
            "mentions": "makes evidence of single sentences",
            "summary": "the arithmetic of choosing",
            "terms": "a noun",
            "extract": "as above",
        },
        "survey": {"*": "part of the composer: answers what is asked about the collection"},
    },
    "index": {
        "models": {"manifest": "fetches what it names"},
        "shelf": {"*": "the composer"},
        "adding": {"library": "the queue it works off", "storing": "the step it repeats"},
        "checkup": {"*": "part of the composer: looks at every part"},
        "finding": {"*": "part of the composer: searching"},
        "estimating": {"library": "the truth about what is here and how long adding took"},
        "upkeep": {"*": "part of the composer: keeps the indexes in step"},
        "tending": {"*": "part of the composer: looks after the whole shelf"},
        "chores": {"library": "the log of what it begins"},
        "sync": {"load": "walks folders as adding does"},
        "pages": {"library": "the truth it reads", "load": "looks at files in the same kind of child process"},
        "reindex": {"library": "the truth it writes to", "storing": "the craft it repeats"},
        "given": {"library": "makes the library's nouns of what callers give"},
        "storing": {"embed": "the protocol of the embedder it is given", "library": "the truth it writes to"},
        "keep_vectors": {
            "vectors": "its one index",
            "scan": "searches what the index does not show yet",
            "library": "the truth it follows",
        },
        "vectors": {"memory": "what it writes holds no memory of others"},
        "vectors_served": {"vectors": "the same index, kept elsewhere: its nouns and its graph"},
        "keep_words": {"keywords": "its one index", "library": "the truth it follows"},
        "embed": {"models": "opens the files that the manifest names", "onnx": "the door to the models' runtime"},
    },
}
"""Who knows whom inside a house, besides nouns, and why; a folder is one room."""

DOORS = {
    "chromadb": ("index/vectors", "index/vectors_served"),
    "tantivy": ("index/keywords",),
    "sqlite3": ("index/library/",),
    "gradio": ("ui/page",),
    "onnxruntime": ("index/onnx",),
    "tokenizers": ("index/onnx",),
    "torch": ("index/embed",),
    "sentence_transformers": ("index/embed",),
    "transformers": (),
    "huggingface_hub": ("index/models",),
    "langchain_core": ("rag/langchain", "rag/write/"),
    "langchain": ("rag/write/",),
    "langsmith": ("rag/write/",),
    "langchain_openai": (),
    "openai": (),
    "xllamacpp": ("rag/local_model",),
    "langchain_text_splitters": ("index/split",),
    "sentencex": ("index/split",),
    "Stemmer": ("rag/terms", "index/keywords"),
    "filelock": ("index/owner",),
    "rensa": ("index/copies",),
    "simsimd": ("index/scan",),
    "dateparser": ("rag/when",),
    "watchfiles": ("index/sync",),
    "charset_normalizer": ("index/load/",),
    "frontmatter": ("index/load/",),
    "yaml": ("index/load/",),
    "markdown_it": ("index/load/",),
    "lxml": ("index/load/",),
    "trafilatura": ("index/load/",),
    "pypdfium2": ("index/load/",),
    "tesserocr": ("index/load/recognise",),
    "docx": ("index/load/",),
    "pptx": ("index/load/",),
    "openpyxl": ("index/load/",),
    "striprtf": ("index/load/",),
    "defusedxml": ("index/load/",),
    "fastapi": ("ui/",),
    "starlette": ("ui/",),
    "uvicorn": ("ui/",),
    "matplotlib": ("rag/evaluate/plots", "ui/page/pictures"),
    "ir_measures": ("rag/evaluate/ranking",),
    "httpx": ("ui/", "index/load/", "index/vectors_served"),
    "prometheus_client": ("ui/metrics",),
    "pythonjsonlogger": ("ui/logs",),
    "opentelemetry": ("ui/traces",),
    "click": ("ui/",),
    "mcp": ("ui/mcp/",),
    "rich": ("ui/",),
    "pickle": (),
    "dill": (),
    "joblib": (),
}
"""Where a library may be imported: beyond its door the rest sees our types."""


def files() -> Iterator[Path]:
    for house in HOUSES:
        yield from sorted((ROOT / house).rglob("*.py"))


@cache
def imported(path: Path) -> set[str]:
    """Every module that a file imports anywhere, `from a import b` as both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: write the house's name"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room(path: Path) -> tuple[str, str]:
    house, first, *_ = path.relative_to(ROOT).with_suffix("").parts
    return house, first


FILES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in files()]


@pytest.mark.parametrize("path", FILES)
def test_imports_go_downhill(path: Path) -> None:
    above = HOUSES[: HOUSES.index(room(path)[0])]
    assert not {name for name in imported(path) if name.split(".")[0] in (*above, "tests", "benchmarks")}


@pytest.mark.parametrize("path", [one for one in FILES if "ui/" not in str(one.id)])
def test_workers_do_not_know_each_other(path: Path) -> None:
    house, name = room(path)
    rooms = {one.stem for one in (ROOT / house).iterdir()}
    known = {part[1] for part in (one.split(".") for one in imported(path)) if part[0] == house and len(part) > 1}
    allowed = EDGES[house].get(name, {})
    strangers = {other for other in known & rooms if other not in NOUNS | {name} | allowed.keys()}
    assert "*" in allowed or not strangers, f"{house}/{name} knows {strangers}: let the composer pass what it needs"


def test_no_worker_knows_the_server() -> None:
    knowing = {str(path.relative_to(ROOT)) for path in files() if "ui.server" in imported(path)}
    assert knowing <= {"ui/serving.py", "ui/mcp/serving.py", "ui/cli.py"}


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    for path in files():
        if any(name.split(".")[0] == library for name in imported(path)):
            place = str(path.relative_to(ROOT))
            assert place.startswith(DOORS[library]), f"{place} imports {library}"


def test_every_allowed_edge_is_of_a_room_that_is_there() -> None:
    for house, edges in EDGES.items():
        rooms = {one.stem for one in (ROOT / house).iterdir()}
        known = {other for allowed in edges.values() for other in allowed} - {"*"}
        assert edges.keys() | known <= rooms


@pytest.mark.models
def test_asking_imports_nothing_heavy(tmp_path: Path, models_folder: Path) -> None:
    code = """
import sys
from index.records import Source
from rag.pipeline import Ask, Rag
with Rag.open() as rag:
    text = "The bridge that the council approved is 318 metres long."
    rag.shelf.wait(rag.shelf.add("default", [Source("a.txt", "upload:a.txt", text=text)]).id, 60)
    assert "318" in rag.ask("How long is the bridge that the council approved?").text
heavy = {"torch", "transformers", "sentence_transformers", "gradio", "chromadb", "fastapi", "langchain_core", "pandas"}
print(heavy & set(sys.modules))
"""
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"DOSSIER_DATA": str(tmp_path), "DOSSIER_MODELS": str(models_folder), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == "set()"
