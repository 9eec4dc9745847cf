"""Lines of PDF pages joined to paragraphs, across columns and pages where a sentence goes on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.load.compose import Composition
from index.load.pdf_lines import Line

_STOP = re.compile(r"""[.!?:;。！？]["'’”»)\]]*(?:\d{1,2}|\[\d+\])?$""")
_ITEM = re.compile(r"(?:[•◦▪‣●·∙]|[-–—] |\(?[a-z]\) |\(\d{1,2}\) )")
_NUMBERED = re.compile(r"\d{1,2}[.)] ")
_BEFORE_HYPHEN = re.compile(r"(\w+)-$")
_WORD = re.compile(r"\w+(?:-\w+)*")
_KEEPS_HYPHEN = frozenset(("well", "self", "vice", "ex"))
_HEADING_IS_LARGER = 1.15
_LONGEST_HEADING = 200
_MOST_HEADING_LINES = 3
_BUCKET = 20.0


@dataclass(frozen=True, slots=True)
class _Look:
    """What the lines of a document have in common, to judge each of them by."""

    size: float
    """The letters' size in most of the text."""
    bold: bool
    gap: float
    """The usual gap between two lines of a paragraph."""
    reach: dict[tuple[int, int], float]
    """By page and left edge: how far to the right lines go."""
    words: frozenset[str]
    """Every word of the text, to tell a broken word from a hyphenated one."""

    def is_short(self, line: Line, share: float) -> bool:
        """Whether the line fills less than this share of its column."""
        bucket = round(line.left / _BUCKET)
        right = max(self.reach.get((line.page, near), line.right) for near in (bucket - 1, bucket, bucket + 1))
        return line.right - line.left < share * (right - line.left)


def compose(lines: Sequence[Line]) -> Composition:
    """Join the lines of all pages to paragraphs; mark pages and headings."""
    composition = Composition()
    page = 0
    look = _look_of(lines)
    for paragraph in _paragraphs(lines, look):
        pieces = _pieces(paragraph, look.words)
        composition.begin()
        if _is_heading(paragraph, look):
            composition.mark_heading("".join(pieces))
        for line, piece in zip(paragraph, pieces, strict=True):
            if line.page != page:
                page = line.page
                composition.mark_page(page)
            composition.run(piece)
    return composition


def _look_of(lines: Sequence[Line]) -> _Look:
    sizes: Counter[float] = Counter()
    bold = 0
    reach: dict[tuple[int, int], float] = {}
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
        bold += len(line.text) * (1 if line.bold else -1)
        edge = (line.page, round(line.left / _BUCKET))
        reach[edge] = max(reach.get(edge, 0.0), line.right)
    gaps = sorted(
        upper.bottom - lower.top
        for upper, lower in pairwise(lines)
        if upper.page == lower.page and -0.5 * upper.size < upper.bottom - lower.top < 1.5 * upper.size
    )
    words = frozenset(word.casefold() for line in lines for word in _WORD.findall(line.text))
    usual = gaps[len(gaps) // 4] if gaps else 0.0  # between paragraphs it is wider: take the lower quartile
    return _Look(max(sizes, key=lambda size: sizes[size], default=0.0), bold > 0, usual, reach, words)


def _paragraphs(lines: Sequence[Line], look: _Look) -> Iterator[list[Line]]:
    paragraph: list[Line] = []
    for line in lines:
        if paragraph and not _goes_on(paragraph[-1], line, look):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _goes_on(line: Line, following: Line, look: _Look) -> bool:
    """Whether the following line belongs to the same paragraph. Breaking after a full stop does no harm."""
    size = max(line.size, following.size)
    if abs(line.size - following.size) > 0.12 * size or _ITEM.match(following.text):
        return False
    stopped = bool(_STOP.search(line.text))
    lower = following.text[0].islower()
    if not stopped and lower and (line.broken or _BEFORE_HYPHEN.search(line.text)):
        return True
    if line.page != following.page or following.top > line.top + 0.5 * size:  # the next page or column
        return not stopped and (lower or not look.is_short(line, 0.85))
    if line.bottom - following.top > look.gap + 0.4 * size:
        return False
    return not _ends_paragraph(line, following, look, stopped=stopped, lower=lower)


def _ends_paragraph(line: Line, following: Line, look: _Look, *, stopped: bool, lower: bool) -> bool:
    """Whether a paragraph ends between two lines that stand closely one below the other."""
    if stopped:
        indented = following.left > line.left + 0.8 * line.size
        return indented or look.is_short(line, 0.9) or bool(_NUMBERED.match(following.text))
    if lower or _BEFORE_HYPHEN.search(line.text):
        return False
    if look.is_short(line, 0.85) and (line.bold != following.bold or _NUMBERED.match(following.text)):
        return True
    return look.is_short(line, 0.6)


def _pieces(paragraph: Sequence[Line], words: frozenset[str]) -> list[str]:
    """Give the lines' texts with what joins each to the next."""
    pieces = [_joined(line.text, following.text, words) for line, following in pairwise(paragraph)]
    return [*pieces, paragraph[-1].text]


def _joined(text: str, following: str, words: frozenset[str]) -> str:
    first = _BEFORE_HYPHEN.search(text)
    second = _WORD.match(following)
    if not first or not second:
        return f"{text} "
    start, end = first.group(1).casefold(), second.group().casefold()
    hyphenated = (start in _KEEPS_HYPHEN or f"{start}-{end}" in words) and f"{start}{end}" not in words
    return text if hyphenated or not following[0].islower() else text[:-1]


def _is_heading(paragraph: Sequence[Line], look: _Look) -> bool:
    text = " ".join(line.text for line in paragraph)
    if len(paragraph) > _MOST_HEADING_LINES or len(text) > _LONGEST_HEADING or text.endswith((".", ":", ";", ",")):
        return False
    if sum(letter.isalpha() for letter in text) < max(3, len(text) // 2):
        return False
    larger = min(line.size for line in paragraph) >= _HEADING_IS_LARGER * look.size
    return larger or (not look.bold and all(line.bold for line in paragraph))
