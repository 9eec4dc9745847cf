"""1,000 texts in 40 encodings: what is kept is cited by offsets that select the very characters."""

from __future__ import annotations

import random
import unicodedata

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import from_text, read
from index.split import split

ENCODINGS = (
    "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii latin-1 iso8859-2 iso8859-3 iso8859-4 "
    "iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 "
    "cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp437 cp850 koi8-r koi8-u mac-roman shift_jis euc-jp gb18030"
).split()
ALPHABETS = (
    "abcdefgh ijklm.\n",
    "äöüßéèçñå .",
    "жшщюяэ .\n",
    "αβγδε .",
    "漢字日本語。",
    "😀🎈👩‍👩‍👧 ",
    "\u200b\u202e\u2066\ufeff a.",
    "e\u0301o\u0308 .",
)


def made(chance: random.Random) -> str:
    letters = chance.choice(ALPHABETS) + chance.choice(ALPHABETS)
    return "".join(chance.choice(letters) for _ in range(chance.randint(20, 900))) + " The end of it."


def test_a_thousand_texts_in_forty_encodings(config: IndexConfig) -> None:
    chance = random.Random(29)  # noqa: S311 - a seed
    assert len(set(ENCODINGS)) == 40
    tried = kept = 0
    for number in range(1000):
        text = made(chance)
        encoding = ENCODINGS[number % 40]
        content = text.encode(encoding, "replace")
        tried += 1
        try:
            reading = read("a.txt", content, config)
        except UnreadableFile:
            continue
        kept += 1
        assert not {"Cs"} & {unicodedata.category(letter) for letter in reading.text}
        assert "\0" not in reading.text
        for draft in split(reading, "", 700, len, 5000):
            assert 0 <= draft.start < draft.end <= len(reading.text)
            for sentence in draft.sentences:
                assert draft.start <= sentence.start < sentence.end <= draft.end
        if encoding.startswith("utf-8"):
            expected = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
            assert reading.text.strip("\ufeff") == expected.strip("\ufeff")
    assert (tried, kept > 600) == (1000, True)


@pytest.mark.parametrize("odd", ["\0", "\ud800", "\u00ad", "\u202e", "\u200b", "\r", "\u2028", "\x85", "\x1b"])
def test_text_given_as_text_is_kept_character_for_character(odd: str) -> None:
    text = f"One{odd} two.\r\nThree {odd}four. " * 20
    stored = from_text(text).text
    assert len(stored) == len(text)
    assert all(
        new == old or (new == "\ufffd" and (old == "\0" or "\ud800" <= old <= "\udfff"))
        for new, old in zip(stored, text, strict=True)
    )
