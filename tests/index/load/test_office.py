from __future__ import annotations

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from index.split import split
from tests.index.load.made import RTF, book, open_text, packed, repacked, simple_word, slides, workbook


def test_slides_with_titles_tables_and_groups(config: IndexConfig) -> None:
    reading = read("a.pptx", slides(), config)
    assert reading.text == (
        "The bridge\n\nIt costs 534 million.\nIt opens in 2027.\n\nGrowth\n\nYear | Growth\n2023 | 26%\n\nIn a group."
    )
    assert [(mark.kind, mark.label) for mark in reading.marks] == [
        ("slide", "1"), ("heading", "The bridge"), ("slide", "4"), ("heading", "Growth"),
    ]  # fmt: skip
    assert reading.metadata.title == "Harbour plan"


def test_sheets_with_rows_dates_and_what_formulas_gave(config: IndexConfig) -> None:
    reading = read("a.xlsx", workbook(), config)
    assert reading.text == (
        "Year | Growth\n2023 | 0.26\n\n2024-05-17 | yes\n | last\n\nSteel | 1.5 | 2024-05-17 10:30:00"
    )
    assert [(mark.kind, mark.label) for mark in reading.marks] == [("sheet", "Trade"), ("sheet", "Prices")]
    assert (reading.metadata.title, reading.metadata.author) == ("Figures", None)


def test_open_document_texts(config: IndexConfig) -> None:
    reading = read("a.odt", open_text(), config)
    assert reading.text == "The bridge\n\nIt costs  534 million crowns.\n\n- one\n- two\n\nYear | 2023"
    assert [mark.label for mark in reading.marks] == ["The bridge"]
    assert reading.metadata.title == "Harbour plan"


def test_a_gap_in_an_open_document_is_not_endless(config: IndexConfig) -> None:
    body = '<text:p>a<text:s text:c="999999999"/>b<text:s text:c="9999"/>c<text:s text:c="-1"/>d</text:p>'
    assert len(read("a.odt", open_text(body), config).text) < 250


def test_books_in_the_order_of_the_spine(config: IndexConfig) -> None:
    reading = read("a.epub", book(), config)
    assert reading.text == "One\n\nkept\n\nIt was decided.\n\nTwo\n\nThe bridge opens in 2027."
    assert [mark.label for mark in reading.marks] == ["One", "Two"]
    found = reading.metadata
    assert (found.title, found.author, found.published, found.language) == (
        "The bridge",
        "Jane Doe",
        "2024-05-17",
        "en",
    )


def test_a_locked_book_says_so(config: IndexConfig) -> None:
    locked = book(more={"META-INF/encryption.xml": "<e Algorithm='http://www.w3.org/2001/04/xmlenc#aes256-cbc'/>"})
    with pytest.raises(UnreadableFile, match="locked"):
        read("a.epub", locked, config)


def test_rich_text(config: IndexConfig) -> None:
    reading = read("a.rtf", RTF, config)
    assert reading.text == "The bridge\n\nIt opens in 2027…, they saïd."
    assert (reading.metadata.title, reading.metadata.author) == ("Harbour plan", "Jane Doe")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.pptx", simple_word(), "a ZIP archive, but not a presentation"),
        ("a.xlsx", simple_word(), "damaged workbook"),
        ("a.odt", simple_word(), "a ZIP archive, but not an OpenDocument text"),
        ("a.epub", simple_word(), "a ZIP archive, but not a book"),
        ("a.pptx", b"plain", "is not a presentation"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or password-protected"),
        ("a.rtf", b"plain", "is not Rich Text"),
        ("a.txt", RTF, r"Name it \.rtf"),
        ("a.odt", open_text("<text:p> </text:p>"), "holds no text"),
        ("a.epub", packed({"META-INF/container.xml": "<container/>"}), "no table of parts"),
        ("a.epub", packed({"META-INF/container.xml": "<container"}), "damaged part"),
    ],
)
def test_what_is_something_else_is_refused(name: str, content: bytes, told: str, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read(name, content, config)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("outside") / "canary.txt"
    path.write_text("CANARY")
    return path.as_uri()


@pytest.mark.parametrize("kind", ["xxe", "laughs"])
def test_entities_are_never_expanded(kind: str, canary: str, config: IndexConfig) -> None:
    entity = f'<!ENTITY x SYSTEM "{canary}">' if kind == "xxe" else f'<!ENTITY l0 "lol">{LAUGHS}<!ENTITY x "&l9;">'
    doctype = f'<?xml version="1.0"?><!DOCTYPE r [{entity}]>'

    def attacked(part: str, package: bytes) -> bytes:
        def change(name: str, content: bytes) -> bytes:
            body = content.partition(b"?>")[2] if content.startswith(b"<?xml") else content
            return (
                doctype.encode()
                + body.replace(b"534", b"534&x;").replace(b"Steel", b"&x;").replace(b"<dc:title>", b"<dc:title>&x;")
                if name == part
                else content
            )

        return repacked(package, change)

    for name, content in (
        ("a.pptx", attacked("ppt/slides/slide1.xml", slides())),
        ("a.pptx", attacked("ppt/_rels/presentation.xml.rels", slides())),
        ("a.xlsx", attacked("xl/worksheets/sheet4.xml", workbook())),
        ("a.xlsx", attacked("xl/workbook.xml", workbook())),
        ("a.odt", open_text("<text:p>&x;</text:p>", doctype)),
    ):
        with pytest.raises(UnreadableFile, match="entities"):
            read(name, content, config)
    chapter = f"<p>before &x; after</p><p>{'word ' * 10}</p>"
    for one in (
        book(chapter),
        repacked(book(chapter), lambda name, content: content.replace(b"<!DOCTYPE html>", doctype[21:].encode())),
        attacked("OPS/book.opf", book()),
        attacked("META-INF/container.xml", book()),
    ):
        try:
            reading = read("a.epub", one, config)
        except UnreadableFile:
            continue
        assert "CANARY" not in reading.text + str(reading.metadata)
        assert len(reading.text) < 1000


def test_bombs_are_refused_before_they_unpack(config: IndexConfig) -> None:
    zeros = {"bomb.xml": b"\0" * 30_000_000}
    for name, package in (("a.pptx", slides()), ("a.xlsx", workbook()), ("a.odt", open_text()), ("a.epub", book())):
        bomb = repacked(package, lambda _, content: content, zeros)
        with pytest.raises(UnreadableFile, match="ZIP bomb"):
            read(name, bomb, config)


def test_a_sheet_that_claims_to_be_endless(config: IndexConfig) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in (1, 2, 1_048_576))

    def change(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        head, rest = content.split(b"<sheetData>")
        wide = head.replace(b'ref="A1:C5"', b'ref="A1:XFD1048576"')
        return wide + b"<sheetData>" + rows.encode() + b"</sheetData>" + rest.partition(b"</sheetData>")[2]

    assert read("a.xlsx", repacked(workbook(), change), config).text.startswith("1\n2\n\n1048576\n")


def test_passages_do_not_cross_slides_and_sheets_and_rows_can_be_quoted(config: IndexConfig) -> None:
    places = []
    for name, content in (("a.pptx", slides()), ("a.xlsx", workbook())):
        reading = read(name, content, config)
        drafts = split(reading, "", 700, len, 5000)
        places += [(draft.place.slide or draft.place.sheet, reading.text[draft.end - 1]) for draft in drafts]
    assert places == [("1", "."), ("4", "."), ("Trade", "t"), ("Prices", "0")]
    table = read("a.csv", b"Year,Growth\n2023,26%\n2024,24%\n", config)
    kinds = [sentence.kind for draft in split(table, "", 700, len, 5000) for sentence in draft.sentences]
    assert kinds == ["prose", "prose"]
