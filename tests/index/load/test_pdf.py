from __future__ import annotations

import pytest
from reportlab.pdfgen.canvas import Canvas

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from index.load.pdf import read as read_pdf
from index.load.pdf_lines import Line, Page
from index.records import place_of
from tests.index.load.made import pdf, pdf_of_lines

FIRST = [
    "# Trade grows",
    "Overall trade has increased by 26%, the ministry said on Friday. It was the largest",
    "rise since 2010. Officials told reporters in a well-known hotel that the new minis-",
    "ter had agreed with the well-",
    "known economist of the Anglo-",
    "American bank.",
    "",
    "A second paragraph begins after a gap, and it goes on to the very end of the page as",
]
SECOND = [
    "if nothing had happened, over the page's end.",
    "# Tit for tat",
    "Tariffs were raised in March by both sides, and exporters complained of paperwork.",
]
TEXT = """Trade grows

Overall trade has increased by 26%, the ministry said on Friday. It was the largest rise since 2010. Officials told \
reporters in a well-known hotel that the new minister had agreed with the well-known economist of the Anglo-American \
bank.

A second paragraph begins after a gap, and it goes on to the very end of the page as if nothing had happened, over the \
page's end.

Tit for tat

Tariffs were raised in March by both sides, and exporters complained of paperwork."""


def test_lines_become_paragraphs_and_running_lines_go(config: IndexConfig) -> None:
    reading = read("a.pdf", pdf_of_lines(FIRST, SECOND, title="Trade", author="Jane Doe"), config)
    assert reading.text == TEXT
    assert (reading.metadata.title, reading.metadata.author) == ("Trade", "Jane Doe")
    assert reading.metadata.published is None


def test_pages_and_headings_are_marked() -> None:
    reading = read_pdf("a.pdf", pdf_of_lines(FIRST, SECOND))
    across = place_of(reading.marks, TEXT.index("A second"), TEXT.index("Tit for tat"))
    assert (across.page, across.page_end, across.heading) == (1, 2, "Trade grows")
    below = place_of(reading.marks, TEXT.index("Tariffs"), len(TEXT))
    assert (below.page, below.heading) == (2, "Tit for tat")
    assert [mark.start for mark in reading.marks if mark.kind == "page"] == [0, TEXT.index("if nothing")]
    assert reading.metadata.title == "Trade grows"


def test_a_single_page_keeps_its_first_and_last_line() -> None:
    assert "The Running Header" in read_pdf("a.pdf", pdf_of_lines(SECOND)).text


def test_running_lines_with_dates_and_page_numbers_go_and_sums_stay() -> None:
    def draw(canvas: Canvas) -> None:
        for page in (1, 2, 3):
            canvas.drawString(72, 810, f"City of Skarrow, 20 January 2025 Page {page} of 3")
            canvas.drawString(72, 400, f"Some words of page {page}.")
            canvas.drawString(72, 60, f"Subtotal {page * 17}")
            canvas.drawString(300, 30, "i" * page)
            canvas.showPage()

    text = read_pdf("a.pdf", pdf(draw)).text
    assert text.split("\n\n") == [
        line for n in (1, 2, 3) for line in (f"Some words of page {n}.", f"Subtotal {n * 17}")
    ]


def test_a_pdf_of_nameless_letters_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(1, (Line(1, "\ue001\ue002\ue003 a", 0, 9, 9, 0, bold=False, broken=False),), 0, 800)
    monkeypatch.setattr("index.load.pdf._pages", lambda *_: ({}, [page], set()))
    with pytest.raises(UnreadableFile, match="do not say which letters"):
        read_pdf("a.pdf", b"%PDF-")


def test_a_line_at_the_top_of_a_few_pages_stays() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(8):
            canvas.drawString(72, 810, "It was so." if page in (2, 5) else f"Other words {'abcdefgh'[page]}.")
            canvas.showPage()

    assert read_pdf("a.pdf", pdf(draw)).text.count("It was so.") == 2


def test_prefixes_that_keep_their_hyphen() -> None:
    lines = ["The number of people who say in such surveys that they are self-", "employed grew in the coun-", "try."]
    assert read_pdf("a.pdf", pdf_of_lines(["# Work", *lines])).text.endswith("are self-employed grew in the country.")


def test_tables_at_a_pages_edge_are_no_running_lines() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(4):
            canvas.drawString(72, 800, f"1{page}.5 2{page}.5 3{page}.5 4{page}.5")
            canvas.drawString(72, 400, f"Some words of page {page}.")
            canvas.showPage()

    assert "13.5 23.5 33.5 43.5" in read_pdf("a.pdf", pdf(draw)).text


def test_two_columns_are_read_one_after_the_other() -> None:
    def draw(canvas: Canvas) -> None:
        for left, lines in (
            (72, ["The first column has", "these words, and they", "go on to the"]),
            (320, ["second."]),
        ):
            for number, line in enumerate(lines):
                canvas.drawString(left, 700 - 14 * number, line)

    assert read_pdf("a.pdf", pdf(draw)).text == "The first column has these words, and they go on to the second."


def _scan(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (pdf(_scan), "without text: most likely scanned", "ocrmypdf"),
        (pdf(_scan, password="secret"), "encrypted PDF that needs a password", "qpdf"),
        (pdf(_scan)[:300], "damaged PDF", "print it"),
        (b"<html>not a pdf</html>", "is not a PDF", "Fetch it again"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, message: str, hint: str, config: IndexConfig) -> None:
    without = config.model_copy(update={"ocr_languages": ""})
    with pytest.raises(UnreadableFile, match=message) as caught:
        read("a.pdf", content, without)
    assert hint in caught.value.hint


@pytest.mark.parametrize("title", ["Microsoft Word - a.docx", "untitled", "report.indd", "", "(anonymous)"])
def test_titles_that_tools_leave_are_no_titles(title: str) -> None:
    assert read_pdf("a.pdf", pdf_of_lines(FIRST, SECOND, title=title)).metadata.title == "Trade grows"
