"""What is planted in the folder of the vector index runs, loads and reaches nothing; the answers stay the same."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = """
import os, sys
_told = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_names = ("sentence_transformers", "transformers", "torch", "openai", "huggingface_hub", "planted")
def _hook(event, arguments):
    if event == "import" and str(arguments[0]).split(".")[0] in _names:
        os.write(_told, f"import {arguments[0]}\\n".encode())
    elif event in ("pickle.find_class", "os.system", "os.exec", "socket.getaddrinfo", "socket.connect"):
        os.write(_told, f"{event} {arguments}\\n".encode())
sys.addaudithook(_hook)
"""
WORK = """
import json, sys, time
from pathlib import Path
from index.config import IndexConfig
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
names = json.loads(sys.argv[2])
with Shelf.open(IndexConfig(data=Path(sys.argv[1]), chroma_from=5), FakeEmbedder()) as shelf:
    for name in names:
        if name not in {one.name for one in shelf.dossiers()}:
            texts = [f"The bridge {number} of {name} was lifted." for number in range(6)]
            given = [Source(f"{number}.txt", f"upload:{number}", text=text) for number, text in enumerate(texts)]
            shelf.wait(shelf.add(name, given).id)
            shelf.search(name, "bridge", limit=3)
    until = time.monotonic() + 250
    while shelf.in_step().lag and time.monotonic() < until:
        time.sleep(0.05)
    assert not shelf.in_step().lag
    found = {name: shelf.search(name, f"bridge 3 of {name}", limit=3).by_meaning for name in names}
    print(json.dumps({name: [hit.passage.text for hit in hits] for name, hits in found.items()}))
"""
KNOWN = {
    "sentence_transformer": {
        "model_name": "planted/model", "device": "cpu", "normalize_embeddings": False,
        "kwargs": {"trust_remote_code": True},
    },
    "openai": {"api_key_env_var": "DOSSIER_KEY", "model_name": "a", "api_base": "http://192.0.2.1/"},
    "planted": {"module": "planted", "class": "Planted"},
}  # fmt: skip
NAMES = [*KNOWN, "pickle"]


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(HOOK)
    (folder / "planted.py").write_text("import pathlib; pathlib.Path(__file__).with_name('ran').touch()")
    environment = os.environ | {
        "PYTHONPATH": f"{folder}:{ROOT}", "TOLD": str(folder / "told.txt"), "DOSSIER_KEY": "canary-7f3a-of-length",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def plant(folder: Path, name: str) -> None:
    """Make the index of a dossier name a function of its own, or hold a pickle that runs something."""
    database = sqlite3.connect(folder / "chroma.sqlite3")
    with database:
        if name in KNOWN:
            function = {"type": "known", "name": name, "config": KNOWN[name]}
            ((told,),) = database.execute("SELECT schema_str FROM collections").fetchall()
            schema = json.loads(told)
            for where in (schema["defaults"], schema["keys"]["#embedding"]):
                where["float_list"]["vector_index"]["config"]["embedding_function"] = function
            configured = {"hnsw": {"space": "ip"}, "embedding_function": function}
            database.execute("UPDATE collections SET schema_str = ?", (json.dumps(schema),))
            database.execute("UPDATE collections SET config_json_str = ?", (json.dumps(configured),))
            database.execute(
                "INSERT INTO collection_metadata (collection_id, key, str_value, bool_value) "
                "SELECT id, 'trust_remote_code', 'planted:Planted', 1 FROM collections"
            )
    database.close()
    if name == "pickle":
        (graph,) = (path for path in folder.iterdir() if path.is_dir())
        ran = folder.parents[3] / "ran"
        (graph / "index_metadata.pickle").write_bytes(f"cos\nsystem\n(S'touch {ran}'\ntR.".encode())


@pytest.mark.timeout(600)
def test_what_is_planted_in_an_index_does_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = run(WORK, tmp_path, str(data), json.dumps(NAMES))
    assert first.returncode == 0, first.stderr[-3000:]
    wanted = json.loads(first.stdout)
    assert all(texts[0] == f"The bridge 3 of {name} was lifted." for name, texts in wanted.items())
    (tmp_path / "told.txt").write_text("")
    library = sqlite3.connect(data / "library.sqlite")
    ids = dict(library.execute("SELECT name, id FROM dossiers").fetchall())
    library.close()
    for name in NAMES:
        plant(data / "indexes" / ids[name] / "meaning", name)
    second = run(WORK, tmp_path, str(data), json.dumps(NAMES))
    assert second.returncode == 0, second.stderr[-3000:]
    assert json.loads(second.stdout) == wanted
    assert (tmp_path / "told.txt").read_text() == ""
    assert not (tmp_path / "ran").exists()
    assert "canary" not in second.stdout + second.stderr


def test_the_hook_sees_what_would_be_wrong(tmp_path: Path) -> None:
    run("import pickle, planted; pickle.loads(b\"cos\\nsystem\\n(S'true'\\ntR.\")", tmp_path)
    told = (tmp_path / "told.txt").read_text()
    assert "import planted" in told
    assert "find_class" in told
    assert "os.system" in told
    assert (tmp_path / "ran").exists()
