from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from docx.document import Document
from docx.oxml import parse_xml

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from index.load.docx import read as read_docx
from tests.index.load.made import repacked, simple_word, word

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _article(document: Document) -> None:
    document.core_properties.title = "Trade grows by 26%"
    document.core_properties.author = "Jane Doe"
    document.add_heading("Trade grows", 0)
    document.add_paragraph("Overall trade has increased  by 26%.")
    document.add_heading("Tit for tat", 1)
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Bullet")
    table = document.add_table(2, 2)
    for at, text in enumerate(("Year", "Growth", "2023", "26%")):
        table.cell(at // 2, at % 2).text = text
    document.add_paragraph("The end.")


def test_paragraphs_headings_lists_and_tables(config: IndexConfig) -> None:
    reading = read("a.docx", word(_article), config)
    assert reading.text == (
        "Trade grows\n\nOverall trade has increased  by 26%.\n\nTit for tat\n\n- one\n- two\n\n"
        "Year | Growth\n2023 | 26%\n\nThe end."
    )
    assert [mark.label for mark in reading.marks] == ["Trade grows", "Tit for tat"]
    assert (reading.metadata.title, reading.metadata.author) == ("Trade grows by 26%", "Jane Doe")
    assert reading.metadata.published is None


def test_tracked_changes_links_controls_and_hidden_text() -> None:
    def build(document: Document) -> None:
        body = document.element.body
        for xml in (
            f"<w:p {W}><w:r><w:t>kept </w:t></w:r><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>"
            "<w:del><w:r><w:delText>deleted</w:delText><w:t>deleted</w:t></w:r></w:del></w:p>",
            f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>",
            f"<w:p {W}><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>shown</w:t></w:r></w:p>",
            f"<w:p {W}><w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r></w:p>",
        ):
            body.insert(len(body) - 1, parse_xml(xml))

    assert read_docx("a.docx", word(build)).text == "kept inserted\n\nin a control\n\nshown\n\none\ntwo\tthree"


def test_styles_based_on_headings_are_headings() -> None:
    def build(document: Document) -> None:
        style = document.styles.add_style("Kapitel", 1)
        style.base_style = document.styles["Heading 2"]
        document.add_paragraph("A chapter", style="Kapitel")
        document.add_paragraph("Its text.")

    assert [mark.label for mark in read_docx("a.docx", word(build)).marks] == ["A chapter"]


def _with_document(xml: bytes) -> bytes:
    return repacked(simple_word(), lambda name, content: xml if name == "word/document.xml" else content)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BODY = f"<w:document {W}><w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"


@pytest.mark.parametrize(
    ("doctype", "text"),
    [
        (f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),
        ('<!DOCTYPE x [<!ENTITY q "' + "a" * 50_000 + '">]>', "&q;" * 5_000),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}">]>', "&e;"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>', "&e;"),
        ('<!DOCTYPE x SYSTEM "file://{canary}">', "text"),
        ('<!DOCTYPE x [<!ENTITY % p SYSTEM "file://{canary}"> %p;]>', "text"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_attacks_are_refused(
    doctype: str, text: str, encoding: str, tmp_path: Path, config: IndexConfig
) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY")
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    xml = declaration + doctype.replace("{canary}", str(canary)) + BODY % text
    for part in ("word/document.xml", "word/styles.xml", "_rels/.rels", "[Content_Types].xml"):
        attack = repacked(simple_word(), lambda name, old, part=part: xml.encode(encoding) if name == part else old)
        with pytest.raises(UnreadableFile, match="declares XML entities or a document type"):
            read("a.docx", attack, config)


def test_xml_in_an_odd_encoding_is_refused() -> None:
    xml = '<?xml version="1.0" encoding="UTF-7"?>' + BODY % "text"
    with pytest.raises(UnreadableFile, match="encoding that Office programs do not write"):
        read_docx("a.docx", _with_document(xml.encode()))


def _bomb() -> bytes:
    return repacked(simple_word(), lambda _, content: content, {"word/media/bomb.bin": b"\0" * 20_000_000})


def _huge() -> bytes:
    """A directory that claims a terabyte."""
    package = bytearray(simple_word())
    at = package.rfind(b"PK\x01\x02")
    package[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    return bytes(package)


def _many() -> bytes:
    return repacked(simple_word(), lambda _, content: content, {f"word/{n}": b"" for n in range(10_001)})


def _long_directory() -> bytes:
    more = {f"word/{'x' * 30_000}{n}": b"" for n in range(70)}
    return repacked(simple_word(), lambda _, content: content, more)


def _overlapping() -> bytes:
    """Two entries of the directory point at one part, as in Fifield's bomb."""
    package = bytearray(simple_word())
    first = package.find(b"PK\x01\x02")
    second = package.find(b"PK\x01\x02", first + 4)
    package[second + 42 : second + 46] = package[first + 42 : first + 46]
    return bytes(package)


def _encrypted() -> bytes:
    package = bytearray(simple_word())
    package[package.find(b"PK\x01\x02") + 8] |= 1
    return bytes(package)


def _twice() -> bytes:
    buffer = BytesIO(simple_word())
    with zipfile.ZipFile(buffer, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("word/document.xml", "<x/>")
    return buffer.getvalue()


def _other_zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("a.txt", "text")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_bomb, "as a ZIP bomb does"),
        (_huge, "as a ZIP bomb does"),
        (_many, "more than 10000 parts"),
        (_long_directory, "more than 10000 parts"),
        (_overlapping, "parts overlap"),
        (_encrypted, "password-protected"),
        (_twice, "one part twice"),
        (_other_zip, "a ZIP archive, but not a Word document"),
        (lambda: b"plain text named docx", "is not a Word document"),
        (lambda: simple_word()[:2000], "is not a Word document"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old or password-protected Office file"),
        (lambda: _with_document(b"<broken"), "damaged Word document"),
        (lambda: repacked(simple_word(), lambda name, old: None if name == "word/document.xml" else old), "damaged"),
    ],
)
def test_bad_packages_say_why(content: object, message: str, config: IndexConfig) -> None:
    assert callable(content)
    with pytest.raises(UnreadableFile, match=message):
        read("a.docx", content(), config)


def test_external_parts_are_not_fetched() -> None:
    relation = (
        b'<Relationship Id="rId99" TargetMode="External" Target="http://127.0.0.1:9/x.png" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"/></Relationships>'
    )

    def change(name: str, content: bytes) -> bytes:
        if name == "word/_rels/document.xml.rels":
            return content.replace(b"</Relationships>", relation)
        return content

    assert read_docx("a.docx", repacked(simple_word(), change)).text == "Overall trade has increased by 26%."
