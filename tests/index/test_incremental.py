"""What is the same is not done again: a changed paragraph, copies, names in other folders, a job that is stopped."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Sequence

import pytest
from reportlab.pdfgen.canvas import Canvas

from index.records import Job, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

Edit = Callable[[list[str], int, str], Sequence[str]]
EDITS: dict[str, Edit] = {
    "changed": lambda all, at, new: [*all[:at], new, *all[at + 1 :]],
    "inserted": lambda all, at, new: [*all[:at], new, *all[at:]],
    "removed": lambda all, at, new: [*all[:at], *all[at + 1 :]],
}


def paragraph(chance: random.Random) -> str:
    """Invent about 500 characters of no meaning."""
    words = [f"{one}{two}{three}" for one in "bdklmrt" for two in ("an", "or", "il", "us", "e") for three in "aeinst"]
    sentences = (" ".join(chance.choices(words, k=chance.randint(6, 26))) for _ in range(chance.randint(4, 8)))
    return " ".join(f"{sentence.capitalize()}." for sentence in sentences)


def add(shelf: Shelf, *sources: Source) -> Job:
    return shelf.wait(shelf.add("news", sources).id, 60)


def text(name: str, content: str, place: str = "") -> Source:
    return Source(name, f"file:{place}/{name}", content=content.encode())


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_one_paragraph_of_a_hundred_pages_embeds_three_passages(
    shelf: Shelf, embedder: FakeEmbedder, edit: Edit
) -> None:
    chance = random.Random(3)  # noqa: S311 - nothing secret
    paragraphs = [paragraph(chance) for _ in range(400)]
    add(shelf, text("long.txt", "\n\n".join(paragraphs)))
    first = embedder.embedded
    assert first > 250
    for at in (0, 123, len(paragraphs) - 1):
        before = embedder.embedded
        new = "\n\n".join(edit(paragraphs, at, paragraph(chance)))
        assert add(shelf, text("long.txt", new)).replaced == 1
        assert embedder.embedded - before <= 3
        (document,), _ = shelf.documents("news")
        passages = shelf.passages(document.id)
        assert "".join("".join(passage.text.split()) for passage in passages) == "".join(new.split())
        assert all(len(passage.text) <= 933 for passage in passages)
        add(shelf, text("long.txt", "\n\n".join(paragraphs)))


def test_the_same_file_name_in_two_folders_is_two_documents(shelf: Shelf) -> None:
    add(shelf, text("notes.txt", "The bridge was lifted in May.", "/a"), text("notes.txt", "It rained.", "/b"))
    assert [one.source for one in shelf.documents("news")[0]] == ["file:/a/notes.txt", "file:/b/notes.txt"]
    assert add(shelf, text("notes.txt", "It snowed.", "/b")).replaced == 1
    assert [shelf.text(one.id) for one in shelf.documents("news")[0]] == ["The bridge was lifted in May.", "It snowed."]


def test_a_job_is_cancelled_while_a_large_pdf_is_read(shelf: Shelf) -> None:
    file = io.BytesIO()
    canvas = Canvas(file)
    for page in range(400):
        for line in range(50):
            canvas.drawString(50, 800 - 15 * line, f"Line {line} of page {page} tells nothing of the bridge.")
        canvas.showPage()
    canvas.save()
    job = shelf.add("news", [Source("long.pdf", "upload:long.pdf", content=file.getvalue())])
    until = time.monotonic() + 20
    while shelf.job(job.id).doing != "reading" and time.monotonic() < until:
        time.sleep(0.01)
    assert shelf.job(job.id).doing == "reading"
    began = time.monotonic()
    assert shelf.cancel(job.id).state == "cancelled"
    assert time.monotonic() - began < 2
    assert add(shelf, text("after.txt", "The next one is not held up.")).added == 1
    assert [one.name for one in shelf.documents("news")[0]] == ["after.txt"]
