"""Bytes to text: the declared or found encoding, newlines normalised once, nothing else changed."""

from __future__ import annotations

import codecs
import re

from index.errors import UnreadableFile
from index.load.formats import shown

_SAMPLE = 64 * 1024
_UNSOUND = re.compile("[\0\ud800-\udfff]")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ISO_2022 = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$B", "iso2022_jp_2"), (b"\x1b$@", "iso2022_jp_2"))
# Control characters that texts really hold: tab, newline, return, form feed, escape and the old end of file.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")
_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜàáâãäåæçèéêëìíîïñòóôõöøùúûüßŒœŸÿ‘’“”„‚‹›«»–—…•€£°§©®™·´ºª¡¿\xa0")


def sound(text: str) -> str:
    """Replace NUL and lone surrogates, which no database or JSON takes, by U+FFFD one for one."""
    return _UNSOUND.sub("\ufffd", text)


def decode(name: str, content: bytes, declared: str | None = None) -> str:
    """Make text of a file's bytes. Raises UnreadableFile for what is no text.

    A byte order mark wins, then UTF-8 where it fits, then `declared`, then what the bytes look like.
    """
    text = _decoded(name, content, declared)
    if len(_CONTROLS.findall(text)) > max(4, len(text) // 100):
        raise _not_text(name)
    return sound(text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(name: str, content: bytes, declared: str | None) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    for guess in (_wide, _seven_bit, lambda _: "utf-8", lambda _: _known(declared), _guess):
        likely = guess(content)  # the last one is dear, and hardly ever needed
        text = _try(content, likely) if likely else None
        if text is not None:
            return text
    raise _not_text(name)


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeError, ValueError):
        # A broken character or two must not make a foreign text of a long UTF-8 file.
        text = content.decode(encoding, errors="replace") if encoding == "utf-8" else ""
        broken = text.count("\ufffd")
        return text if broken and broken * 1000 < len(text) and _foreign(text) > 5 * broken else None


def _foreign(text: str) -> int:
    return sum(1 for letter in text if letter > "\x7f" and letter != "\ufffd")


def _known(declared: str | None) -> str | None:
    try:
        found = codecs.lookup(declared or "").name
    except (LookupError, ValueError):
        return None
    # Pages that declare Latin-1 mean Windows-1252, as every browser reads them.
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(found, found)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of mostly Latin text is zero."""
    sample = content[:_SAMPLE]
    if len(content) % 2 or b"\0" not in sample:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.05 else None


def _seven_bit(content: bytes) -> str | None:
    """Encodings that switch with escape sequences are valid ASCII, so they must be tried before UTF-8."""
    sample = content[:_SAMPLE]
    return next((encoding for escape, encoding in _ISO_2022 if escape in sample), None)


def _guess(content: bytes) -> str | None:
    if content.count(0) > len(content) // 1000:
        return None
    sample = content[:_SAMPLE]
    if len(content) > _SAMPLE:  # cut at a line's end, so that no character is cut
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    return "cp1252" if _is_western(sample) else _most_likely(sample)


def _is_western(sample: bytes) -> bool:
    """Mostly ASCII with letters and quotation marks of Western Europe: short samples mislead the statistics."""
    foreign = [letter for letter in sample.decode("cp1252", errors="replace") if letter > "\x7f"]
    return len(foreign) * 5 < len(sample) and all(letter in _WESTERN for letter in foreign)


def _most_likely(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # not needed for UTF-8, and not free to import

    best = from_bytes(sample).best()
    return best.encoding if best else None


def _not_text(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"{shown(name)} holds binary data where text was expected, or its encoding cannot be told.",
        "Save it as UTF-8 text, or give it the ending of its real format.",
    )
