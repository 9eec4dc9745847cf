from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import pdf, read, recognise, sandbox
from index.records import Source, place_of
from index.shelf import Shelf
from rag.answers import Ask
from rag.config import RagConfig
from rag.pipeline import Rag
from tests.fakes import FakeEmbedder, FakeReranker
from tests.index.load.made import pdf_of_lines
from ui.show import about

pytestmark = pytest.mark.skipif(not recognise.installed(), reason="text recognition is an extra: make ocr")
FIRST = [
    "# The bridge at Kolmere",
    "The council approved the new bridge on Friday. It is 318 metres long and",
    "will cost 534 million crowns, said the mayor. Others spoke of a mis-",
    "take that the town will pay for.",
]
SECOND = ["The old bridge was closed in March after cracks had been found in two of its piers."]


def scan(*pages: Sequence[str]) -> bytes:
    """Print pages and photograph them: a PDF of nothing but pictures, 150 dots an inch."""
    printed = pypdfium2.PdfDocument(pdf_of_lines(*pages))
    pictures: list[Image.Image] = [page.render(scale=150 / 72, grayscale=True).to_pil() for page in printed]
    buffer = BytesIO()
    pictures[0].save(buffer, "PDF", save_all=True, append_images=pictures[1:], resolution=150)
    return buffer.getvalue()


def bound(*files: bytes) -> bytes:
    """Bind PDFs one after the other."""
    buffer = BytesIO()
    whole = pypdfium2.PdfDocument.new()
    for file in files:
        whole.import_pages(pypdfium2.PdfDocument(file))
    whole.save(buffer)
    return buffer.getvalue()


def test_scanned_pages_read_as_printed_ones_do(config: IndexConfig) -> None:
    scanned, printed = (read("a.pdf", make(FIRST, SECOND), config) for make in (scan, pdf_of_lines))
    assert scanned.text == printed.text  # headings, joined words and all, without the running header
    assert tuple(mark for mark in scanned.marks if mark.kind != "recognised") == printed.marks
    assert scanned.metadata == printed.metadata
    (page,) = (mark.start for mark in scanned.marks if (mark.kind, mark.label) == ("page", "2"))
    for start, number in ((0, 1), (page, 2)):
        place = place_of(scanned.marks, start, start + 10)
        assert (place.page, place.recognised) == (number, True)
    assert not place_of(printed.marks, page, page + 10).recognised


def test_only_pages_without_text_are_recognised(config: IndexConfig) -> None:
    reading = read("a.pdf", bound(pdf_of_lines(FIRST), scan(SECOND), pdf_of_lines(FIRST)), config)
    told = [(mark.kind, mark.label) for mark in reading.marks if mark.kind != "heading"]
    assert told == [("page", "1"), ("recognised", "2"), ("page", "2"), ("recognised", "0"), ("page", "3")]
    assert reading.text.count("318 metres") == 2
    assert SECOND[0] in reading.text
    scanned = reading.text.index(SECOND[0])
    assert place_of(reading.marks, scanned - 10, scanned + 10).recognised
    assert not place_of(reading.marks, len(reading.text) - 10, len(reading.text)).recognised


def test_an_answer_from_a_scan_says_so(config: IndexConfig) -> None:
    settings = RagConfig(data=config.data)
    file = Source("scan.pdf", "upload:scan.pdf", content=scan(FIRST, SECOND))
    with Rag(Shelf.open(settings, FakeEmbedder()), FakeReranker(), settings) as rag:
        job = rag.shelf.add("news", [file])
        assert rag.shelf.wait(job.id, 120).added == 1
        assert rag.shelf.passages(rag.shelf.documents("news")[0][0].id)[-1].place.recognised
        answer = rag.ask(Ask("When was the old bridge closed?", "news"))
        again = rag.shelf.add("news", [file])
        assert rag.shelf.wait(again.id, 120).unchanged == 1
    assert SECOND[0] in answer.text
    assert (answer.citations[0].place.page_end, answer.citations[0].place.recognised) == (2, True)
    assert answer.to_json()["citations"][0]["place"]["recognised"] is True
    assert [one.type for one in answer.warnings] == ["recognised"]
    assert "read from a picture" in about(answer.citations[0])


def test_what_is_missing_is_named(config: IndexConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    content = scan(SECOND)
    with pytest.raises(UnreadableFile, match=r"has pages that are pictures.* know xyz here.*tesseract-ocr-xyz"):
        read("a.pdf", content, config.model_copy(update={"ocr_languages": "eng+xyz"}))
    with pytest.raises(UnreadableFile, match="without text: most likely scanned"):
        read("a.pdf", content, config.model_copy(update={"ocr_languages": ""}))
    monkeypatch.setattr(recognise, "installed", lambda: False)
    with pytest.raises(UnreadableFile, match=r"most likely scanned pictures.*`make ocr`"):
        pdf.read("a.pdf", content, "eng")


def test_pictures_get_the_time_they_need(config: IndexConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    ask = sandbox._Worker.ask

    def noted(self: Any, request: dict[str, Any], *rest: Any) -> dict[str, Any]:
        asked.append((request["pictures"], request["seconds"]))
        return ask(self, request, *rest)

    monkeypatch.setattr(sandbox._Worker, "ask", noted)
    read("a.pdf", scan(FIRST, SECOND), config)
    assert asked == [(0, 20), (2, 50)]
    monkeypatch.setattr(recognise, "MOST_PAGES", 1)
    with pytest.raises(UnreadableFile, match="2 pages that are pictures; at most 1 are recognised"):
        pdf.read("a.pdf", scan(FIRST, SECOND), "eng")


def test_a_picture_without_words_is_refused(config: IndexConfig) -> None:
    buffer = BytesIO()
    Image.new("L", (800, 800), 200).save(buffer, "PDF")
    with pytest.raises(UnreadableFile, match="text recognition found none"):
        read("a.pdf", buffer.getvalue(), config)
