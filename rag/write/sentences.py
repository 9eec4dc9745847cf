"""Cut what a model writes into statements while it is still writing, and clean each of what is not its words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from index.split import sentences_of

_MARKER = re.compile(
    r"\s*[\[(（【](?:(?:passages?|sources?|no\.?)\s*)?(\d{1,3}(?:\s*(?:,|;|and|&|-|–)\s*\d{1,3})*)[\])）】]",
    re.IGNORECASE,
)
"""A citation as models write it: [1], [1, 2], (passage 3)."""
_PLAIN_PARENTHESES = re.compile(r"\s*\(\d{4}\)")
_CANDIDATE = re.compile(r"[.!?。！？…][\"”’»)\]*_]*((?:\s*\[[^\]\n]{0,20}\])*)(?=\s+(\S+)\s)|\n")
_BULLET = re.compile(r"^\s*(?:[-*•–—>]+|#+(?=\s)|\d{1,2}[.)])\s+")
_LABEL = re.compile(
    r"^\W*(?:(?:short |final )?answer|summary|response|note|sources?|passages?|references?|citations?)\s*:\s*",
    re.IGNORECASE,
)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_SAFE = str.maketrans("[]<>`*|［］【】〔〕", "()‹›'\0/()()()")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a model."""

    text: str
    """Without markers and markup."""
    hints: tuple[int, ...]
    """The numbers of the passages that it names itself: only hints."""


class Sentences:
    """Cuts a growing text into sentences; where it is cut depends on the text alone, not on how it came in."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[Said]:
        """Take in more text, and give the sentences that are complete: the word after them has been read."""
        self._text += piece
        position = 0
        while match := _CANDIDATE.search(self._text, position):
            position = match.end()
            if match.group() == "\n" or _ends(self._text[: match.end()], match.group(2)):
                sentence, self._text = self._text[: match.end()], self._text[match.end() :]
                position = 0
                yield from _said(sentence)

    def end(self) -> Iterator[Said]:
        """Give what is left when nothing more comes."""
        rest, self._text = self._text, ""
        yield from _said(rest)


def _ends(text: str, following: str) -> bool:
    """Whether a sentence ends at the end of the text, seen the word that follows."""
    if following.startswith("[") and following[1:2].isdigit():
        return False  # its marker comes behind the full stop
    plain = re.sub(r"[*_`#]", "", _MARKER.sub("", text)).strip()
    whole = f"{plain} {following} goes on to its end."
    return any(sentence.end == len(plain) for sentence in sentences_of(whole))


def _said(sentence: str) -> Iterator[Said]:
    marked = _LINK.sub(_without_target, sentence)
    hints = [
        int(n)
        for m in _MARKER.finditer(marked)
        if not _PLAIN_PARENTHESES.fullmatch(m.group())
        for n in re.findall(r"\d+", m.group(1))
    ]
    text = _MARKER.sub(lambda match: match.group() if _PLAIN_PARENTHESES.fullmatch(match.group()) else "", marked)
    text = _LABEL.sub("", _BULLET.sub("", text))
    text = "".join(" " if letter.isspace() else letter for letter in text if letter.isspace() or _is_seen(letter))
    text = re.sub(r"__+|\0+|^#+\s+", "", text.translate(_SAFE))
    text = re.sub(r"\s+([.,;:!?])", r"\1", re.sub(r"\s+", " ", text)).strip()
    if not re.search(r"\w", text) or (text.endswith(":") and len(text) < 80):
        return
    yield Said(text, tuple(dict.fromkeys(hints)))


def _without_target(link: re.Match[str]) -> str:
    """Keep a link's words, not where it leads; of an image nothing."""
    words = "" if link.group(1) else link.group(2)
    return f"[{words}]" if words.strip().isdigit() else words


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cn", "Cs")
