"""25 attacks by XML in every format that holds it: nothing is expanded, read or connected to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.errors import DossierError
from index.load import read
from index.load.feed import entries
from tests.index.load.made import book, open_text, repacked, simple_word, slides, workbook

CANARY = "CANARY-of-the-outside"
LAUGHS = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
QUADRATIC = f'<!ENTITY x "{"y" * 100_000}">'
KINDS = ("file", "http", "parameter", "laughs", "quadratic", "xinclude")


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[int]]]:
    """A server that counts who comes."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def count() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append(1)
                connection.close()

        threading.Thread(target=count, daemon=True).start()
        yield server.getsockname()[1], came


def declared(kind: str, canary: Path, port: int) -> str:
    inner = {
        "file": f'<!ENTITY x SYSTEM "{canary.as_uri()}">',
        "http": f'<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">',
        "parameter": f'<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p.dtd"> %p; <!ENTITY x "y">',
        "laughs": LAUGHS + '<!ENTITY x "&l9;">',
        "quadratic": QUADRATIC,
        "xinclude": "",
    }[kind]
    return f"<!DOCTYPE r [{inner}]>" if inner else ""


def attacked(package: bytes, part: str, kind: str, canary: Path, port: int) -> bytes:
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.as_uri()}" parse="text"/>'
    hit = include if kind == "xinclude" else "&x;" * (200 if kind == "quadratic" else 1)

    def change(name: str, content: bytes) -> bytes:
        if name != part:
            return content
        body = content.partition(b"?>")[2] if content.startswith(b"<?xml") else content
        end = body.rfind(b"</")
        return f'<?xml version="1.0"?>{declared(kind, canary, port)}'.encode() + body[:end] + hit.encode() + body[end:]

    return repacked(package, change)


Make = Callable[[], bytes]
PLACES: list[tuple[str, Make, str]] = [
    ("a.docx", simple_word, "word/document.xml"), ("a.pptx", slides, "ppt/slides/slide1.xml"),
    ("a.xlsx", workbook, "xl/worksheets/sheet1.xml"), ("a.epub", book, "OPS/book.opf"),
]  # fmt: skip


def refused_or_harmless(name: str, content: bytes, config: IndexConfig) -> None:
    try:
        reading = read(name, content, config)
    except DossierError as error:
        told = str(error)
    else:
        told = ""
    if told:
        assert "a parser tried" not in told  # it was refused before the guard of the last resort was needed
        assert CANARY not in told
        return
    assert CANARY not in reading.text + str(reading.metadata)
    assert len(reading.text) < 100_000
    assert "lollol" not in reading.text


def test_twenty_five_attacks_by_xml(tmp_path: Path, config: IndexConfig, listener: tuple[int, list[int]]) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text(CANARY)
    port, came = listener
    tried = 0
    for kind in KINDS:
        for name, make, part in PLACES[: 4 if kind in ("file", "http", "laughs") else 2]:
            refused_or_harmless(name, attacked(make(), part, kind, canary, port), config)
            tried += 1
    body = "&x; <text:p>Something to read.</text:p>"
    refused_or_harmless("a.odt", open_text(body, declared("file", canary, port)), config)
    relations = attacked(simple_word(), "word/_rels/document.xml.rels", "http", canary, port)
    refused_or_harmless("a.docx", relations, config)
    style = f'<?xml-stylesheet type="text/xsl" href="{canary.as_uri()}"?>'
    page = f"{style}{declared('file', canary, port)}<html><body><p>Before &x; after, and more words.</p></body></html>"
    refused_or_harmless("a.xhtml", page.encode(), config)
    svg = f"<html><body><svg><image href='http://127.0.0.1:{port}/i'/></svg><p>Some words of a page.</p></body></html>"
    refused_or_harmless("a.html", svg.encode(), config)
    tried += 4
    for kind in ("file", "http", "laughs"):
        with pytest.raises(DossierError):
            entries(
                "http://news.example/feed",
                f"{declared(kind, canary, port)}<urlset><url><loc>http://a.example/&x;</loc></url></urlset>".encode(),
                20,
            )
        tried += 1
    assert tried == 25
    assert came == []
