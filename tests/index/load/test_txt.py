from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import from_text, read
from index.load.decode import decode
from index.load.headings import headings_in, title_in

ENGLISH = "Trade “grew” by 26% – more than café owners in Zürich hoped, the ministry said.\n" * 3
SAMPLES = {
    "Привет, мир! Торговля выросла на двадцать шесть процентов, сообщило министерство.\n": (
        "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 cp1251 koi8-r iso8859-5 cp866 mac_cyrillic"
    ),
    "Le ministère a annoncé que l’économie française s’était améliorée dès l’été.\n": (
        "utf-8 utf-16 cp1252 utf-8-sig utf-32-le utf-32-be"
    ),
    "Der Außenhandel wuchs um 26 Prozent, erklärte das Ministerium für Wirtschaft.\n": "latin-1 cp1252 iso8859-15",
    "Обсяг торгівлі зріс на двадцять шість відсотків, повідомило міністерство.\n": "koi8-u cp1251 cp1125 iso8859-5",
    "貿易は二十六パーセント増加したと経済産業省が金曜日に発表しました。\n": (
        "shift_jis euc_jp iso2022_jp utf-8 cp932 utf-16-le"
    ),
    "该部周五表示，整体贸易增长了百分之二十六，为二零一零年以来的最大增幅。\n": "gb18030 gbk gb2312 utf-8 hz",
    "該部週五表示，整體貿易增長了百分之二十六，為二零一零年以來的最大增幅。\n": "big5 big5hkscs utf-8",
    "무역이 이십육 퍼센트 증가했다고 산업통상자원부가 금요일에 발표했다.\n": "euc_kr cp949 iso2022_kr utf-8",
    "Το συνολικό εμπόριο αυξήθηκε κατά είκοσι έξι τοις εκατό, είπε το υπουργείο.\n": "iso8859-7 cp1253 utf-8",
    "نمت التجارة الإجمالية بنسبة ستة وعشرين في المئة، حسبما قالت الوزارة.\n": "cp1256 iso8859-6 utf-8",
    "היקף הסחר הכולל גדל בעשרים ושישה אחוזים, כך הודיע המשרד ביום שישי.\n": "cp1255 iso8859-8 utf-8",
    "Handel wzrósł o dwadzieścia sześć procent, ogłosiło w piątek ministerstwo.\n": "cp1250 iso8859-2 utf-8",
    "Toplam ticaret yüzde yirmi altı arttı, bakanlık cuma günü açıkladı.\n": "cp1254 iso8859-9 utf-8",
}
# Those in which every letter must come back; the statistics cannot tell some sisters apart, and say so nowhere.
CERTAIN = frozenset(
    "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be cp1251 koi8-r cp1252 latin-1 shift_jis "
    "euc_jp iso2022_jp gb18030 gbk gb2312 big5 euc_kr cp949 iso2022_kr iso8859-7 cp1253 cp1256 cp1255".split()
)


@pytest.mark.parametrize(
    ("text", "encoding"), [(text, encoding) for text, names in SAMPLES.items() for encoding in names.split()]
)
def test_texts_in_fifty_encodings(text: str, encoding: str, config: IndexConfig) -> None:
    content = (text * 4).encode(encoding, errors="ignore")
    if encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be") and not text.isascii():
        content = "\ufeff".encode(encoding) + content
    reading = read("a.txt", content, config)
    assert not any(letter in reading.text for letter in "\0\ud800\udfff")
    if encoding in CERTAIN:
        assert reading.text == content.decode(encoding).lstrip("\ufeff")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_quotation_marks_and_accents_of_short_english_texts(encoding: str) -> None:
    assert decode("a.txt", ENGLISH.encode(encoding)) == ENGLISH


def test_a_declared_encoding_is_used_but_not_believed() -> None:
    assert decode("a", "Zürich".encode("latin-1"), "iso-8859-1") == "Zürich"
    assert decode("a", "Zürich “a”".encode("cp1252"), "ascii") == "Zürich “a”"
    assert decode("a", "Zürich".encode(), "latin-1") == "Zürich"
    assert decode("a", "Zürich".encode(), "no-such-encoding") == "Zürich"


def test_one_broken_character_does_not_turn_utf8_into_something_else() -> None:
    text = "Zürich und Köln – die Märkte.\n" * 100
    broken = text.encode()[:-3] + b"\xff\xfe.\n"
    assert decode("a", broken).startswith(text[:-3])


def test_newlines_are_normalised_and_nothing_else(config: IndexConfig) -> None:
    reading = read("a.txt", "One “line”.\r\nTwo  e\u0301 \u00e9\rThree\t\u200b.\n".encode(), config)
    assert reading.text == "One “line”.\nTwo  e\u0301 \u00e9\nThree\t\u200b.\n"
    assert reading.reader == "txt-1"
    assert reading.media_type == "text/plain"


def test_a_stray_nul_is_replaced(config: IndexConfig) -> None:
    assert read("a.txt", b"before\0after " * 3, config).text == "before\ufffdafter " * 3


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)) * 40, b"\0" * 500, b"\x01\x02\x03\x04\x05\x06" * 50, b"\x7fELF\x02\x01\x01" + b"a" * 99],
)
def test_binary_named_txt_is_refused(content: bytes, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match=r"'a\.txt' (holds binary data|is named \.txt but holds)"):
        read("a.txt", content, config)


def test_headings_stand_alone_above_prose() -> None:
    text = "Trade grows\n\nOverall trade has grown.\n\nTit for tat\n\nTariffs were raised.\n\nnot this\n\nEnd of it.\n"
    assert [(mark.start, mark.label) for mark in headings_in(text)] == [(0, "Trade grows"), (39, "Tit for tat")]


def test_a_line_in_capitals_is_a_heading_above_its_prose() -> None:
    text = "NOTICE\nto residents\n\nFOOT FERRY \nA free ferry runs.\n\nUSA\n\nFoot ferry\nA free ferry runs.\n"
    assert [(mark.start, mark.label) for mark in headings_in(text)] == [(21, "FOOT FERRY"), (53, "USA")]


@pytest.mark.parametrize(
    "line",
    [
        "It ends with a stop.", "Is it a question?", "lower case begins", "- a list item", "2. another item", "17 %",
        "By Jane Doe", "Photo: Reuters", "jane@example.org", "https://example.org", "A\ttable", "* Star", "",
        "Two\nlines", "A clause that ends with a comma,", "x" * 90, "A" + " very" * 15 + " long one",
    ],
)  # fmt: skip
def test_what_is_no_heading(line: str) -> None:
    assert headings_in(f"First prose.\n\n{line}\n\nOverall trade has grown.\n") == ()


def test_a_list_of_short_lines_is_no_list_of_headings() -> None:
    assert len(headings_in("One\n\nTwo\n\nThree\n\nFour\n\nOverall trade has grown.")) == 2
    assert headings_in("One\n\nTwo\n\nThree") == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Will trade grow?\n\nIt will.", "Will trade grow?"),
        ("\n\nTrade grows\nOverall trade has increased by 26 per cent, they say.", "Trade grows"),
        ("Trade has grown.\n\nIt has.", None),
        ("Trade grows", None),
        ("One\ntwo\nthree", None),
        ("", None),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    assert title_in(text) == title


@given(st.text(st.characters()))
def test_text_stays_character_for_character(text: str) -> None:
    reading = from_text(text)
    expected = "".join("\ufffd" if letter == "\0" or "\ud800" <= letter <= "\udfff" else letter for letter in text)
    assert reading.text == expected
    assert reading.reader == "text-1"
    assert all(reading.text.startswith(mark.label, mark.start) for mark in reading.marks)


def test_lone_surrogates_become_one_replacement_each() -> None:
    assert from_text("a\ud83db\udc00\0c\r\n").text == "a\ufffdb\ufffd\ufffdc\r\n"


def test_what_is_plainly_utf8_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def guessed(content: bytes) -> str:
        raise AssertionError(content)

    monkeypatch.setattr("index.load.decode._guess", guessed)
    assert decode("a.txt", "Zoë said no.".encode()) == "Zoë said no."
