"""30 files built to burst: each is refused or read within limits, and the next file is read as if nothing had been."""

from __future__ import annotations

import io
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest

from index.config import IndexConfig
from index.errors import DossierError
from index.load import read
from tests.index.load.made import book, open_text, pdf_of_lines, repacked, simple_word, slides, workbook

MILLION = 1_000_000
PACKAGES: tuple[tuple[str, Callable[[], bytes]], ...] = (
    ("a.docx", simple_word), ("a.pptx", slides), ("a.xlsx", workbook), ("a.odt", open_text), ("a.epub", book),
)  # fmt: skip


def zeros(package: bytes) -> bytes:
    return repacked(package, lambda _, content: content, {"media/bomb.bin": b"\0" * 30 * MILLION})


def many(package: bytes) -> bytes:
    return repacked(package, lambda _, content: content, {f"x/{n}": b"" for n in range(10_100)})


def lying(package: bytes) -> bytes:
    """Claims four gigabytes."""
    harmed = bytearray(package)
    at = harmed.rfind(b"PK\x01\x02")
    harmed[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    return bytes(harmed)


def nested(levels: int) -> bytes:
    inner = b"\0" * MILLION
    for number in range(levels):
        box = io.BytesIO()
        with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{number}.zip", inner * 3)
        inner = box.getvalue()
    return inner


def pdf_with(stream: bytes, filters: str) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
        f"<< /Length {len(stream)} /Filter {filters} >>\nstream\n".encode() + stream + b"\nendstream",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        out
        + f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF".encode()
    )


def flated(times: int) -> bytes:
    content = b" " * 40 * MILLION
    for _ in range(times):
        content = zlib.compress(content, 9)
    return content


def bombs() -> list[tuple[str, bytes]]:
    plain = pdf_of_lines(["Trade grew."])
    found = [(name, change(make())) for name, make in PACKAGES for change in (zeros, many, lying)]
    found += [
        ("nested.zip", nested(3)),
        ("a.zip", zeros(simple_word())),
        ("once.pdf", pdf_with(flated(1), "/FlateDecode")),
        ("thrice.pdf", pdf_with(flated(3), "[/FlateDecode /FlateDecode /FlateDecode]")),
        ("loop.pdf", plain.replace(b"startxref", b"trailer << /Prev 9 >>\nstartxref")),
        ("prev.pdf", plain + b"\nxref\n0 0\ntrailer\n<< /Prev 0 /Size 1 >>\nstartxref\n0\n%%EOF"),
        ("kids.pdf", pdf_with(b"x", "/None").replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")),
        ("deep.html", b"<div>" * 50_000 + b"text"),
        ("wide.html", b"<p>" * 40_000 + b"text"),
        ("deep.json", b"[" * 200_000),
        ("long.json", b'{"a": ' + b"9" * MILLION + b"}"),
        ("quotes.md", b">" * 100_000 + b" text"),
        ("brackets.md", b"[" * 10_000 + b"text"),
        ("wide.csv", b"," * 2 * MILLION),
        ("deep.rtf", b"{\\rtf1 " + b"{" * 300_000 + b"text"),
    ]
    return found


BOMBS = bombs()


def test_there_are_thirty() -> None:
    assert len(BOMBS) == 30


@pytest.mark.parametrize(("name", "content"), BOMBS, ids=[f"{n} {name}" for n, (name, _) in enumerate(BOMBS)])
def test_a_bomb_bursts_nothing(name: str, content: bytes, config: IndexConfig) -> None:
    began = time.monotonic()
    try:
        reading = read(name, content, config)
    except DossierError as error:
        told = str(error)
        assert "\n" not in told
        assert len(told) < 600
    else:
        assert len(reading.text) < 60 * MILLION
    assert time.monotonic() - began < 60  # five seconds on an idle machine
    assert read("next.md", b"The next words.", config).text == "The next words."
