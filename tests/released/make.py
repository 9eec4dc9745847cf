"""Makes the data folder of a released version, small enough to be kept: run by the version that is released.

`python -m tests.released.make 0.1.0` writes `tests/released/0.1.0.zip` with library, originals and keyword index, and
`0.1.0.json` with what every later version has to find in it.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import zipfile
from pathlib import Path

from index.config import IndexConfig
from index.records import Metadata, Source
from index.shelf import Shelf

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples" / "documents"
NAMES = (
    "2023-03-15_council-backs-bridge.md",
    "2024-09-18_four-injured-no-alarm.md",
    "2024-12-12_bridge-in-numbers.html",
    "2024-12-19_city-statement.docx",
    "2025-04-10_we-lower-our-estimate.md",
)
QUESTIONS = (
    "What will the bridge cost?",
    "How many people were injured?",
    "Who spoke of the harbour seals?",
    "Which council backed the bridge?",
)


def fill(shelf: Shelf) -> None:
    """Add files and a text, correct one, replace one, remove one."""
    files = [Source(name, f"upload:{name}", content=(EXAMPLES / name).read_bytes()) for name in NAMES]
    note = Source(
        "note.txt", "upload:note.txt", text="A first note about seals.", metadata=Metadata(author="A. Reader")
    )
    shelf.wait(shelf.add("affair", [*files, note]).id)
    seals = "The harbour master said on Friday that seals had come back to the old quay.\nNobody had counted them."
    shelf.wait(shelf.add("affair", [dataclasses.replace(note, text=seals)]).id)
    shelf.wait(shelf.add("other", [Source("gone.txt", "upload:gone.txt", text="This one was removed.")]).id)
    for document in shelf.documents("other")[0]:
        shelf.remove_document(document.id)
    for document in shelf.documents("affair")[0]:
        if document.name == "note.txt":
            shelf.correct(document.id, Metadata(title="Seals at the quay", published="2025-05-01"))
    while shelf._library.jobs.waiting():
        shelf._adding.wait_for(lambda: not shelf._library.jobs.waiting(), 1)


def expected(shelf: Shelf) -> dict[str, object]:
    """Give what has to be found in it, whichever version looks."""
    documents = []
    for document in shelf.documents("affair")[0]:
        known = dataclasses.asdict(document.metadata)
        metadata = {name: known[name] for name in ("title", "publisher", "author", "published", "language")}
        spans = [[passage.start, passage.end] for passage in shelf.passages(document.id)]
        told = {"id": document.id, "version": document.version, "name": document.name, "source": document.source}
        documents.append({**told, **metadata, "text": shelf.text(document.id), "passages": spans})
    answers = {}
    for question in QUESTIONS:
        found = shelf.search("affair", question, limit=3)
        answers[question] = {
            "meaning": [hit.passage.id for hit in found.by_meaning],
            "words": found.by_words[0].passage.id,
        }
    return {"documents": documents, "answers": answers}


def main(version: str) -> None:
    """Write the archive and what is expected of it."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        with Shelf.open(IndexConfig(data=data)) as shelf:
            fill(shelf)
            told = expected(shelf)
            shelf._library.database.empty_log()
        with zipfile.ZipFile(HERE / f"{version}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(data.rglob("*")):
                if path.is_file() and not path.name.startswith("owner."):
                    archive.write(path, path.relative_to(data))
    (HERE / f"{version}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
