"""Headings and titles in plain text, where only the lines' looks tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.records import Mark

_LONGEST_HEADING = 80
_LONGEST_TITLE = 120
_MOST_WORDS = 12
_PROSE = 80
_ENDS = re.compile(r"""[.!?…:;,。！？：；，、\-–—|]["'’”»)\]]*$""")
_OPENING = re.compile(r"""["'“‘«(\[]?\w""")
_NOT_HEADING = re.compile(r"https?://|www\.|@|\t|\s{3,}|\w[:=]\s|^\W*\d[\d\W]*$|^(?:by|photo|source|via|image)\b", re.I)
_LIST_ITEM = re.compile(r"(?:[-*+•‣◦▪–—]|\(?[a-z0-9]{1,2}\))\s|\d{1,3}\.\s+[a-z]")


def headings_in(text: str) -> tuple[Mark, ...]:
    """Mark short lines that stand alone between blank lines, end without a stop and have prose below.

    A line in capitals is one also where the prose follows on the next line.
    A mark's label is the line itself, and stands in the text at the mark's offset.
    """
    blocks = list(_blocks(text))
    marks: list[Mark] = []
    prose_below = False
    for start, block in reversed(blocks):
        if not looks_like_heading(block):
            prose_below = _is_prose(block)
            depth = 0
            line, _, rest = block.partition("\n")
            if line.isupper() and looks_like_heading(line.rstrip()) and _is_prose(rest):
                marks.append(Mark(start, "heading", line.rstrip()))
                depth += 1
        elif prose_below and depth < 2:  # a title and a heading may follow each other; more is a list
            marks.append(Mark(start, "heading", block))
            depth += 1
        else:
            prose_below = False
    return tuple(reversed(marks))


def _is_prose(block: str) -> bool:
    return len(block) >= _PROSE or bool(_ENDS.search(block))


def looks_like_heading(line: str) -> bool:
    """Whether a line, by its own looks, may be a heading."""
    return len(line) <= _LONGEST_HEADING and not _ENDS.search(line) and _is_heading_like(line)


def title_in(text: str) -> str | None:
    """Take the first line for the title if it looks like one and stands apart from what follows."""
    lines = text.lstrip().split("\n", 2)
    title = lines[0].strip()
    if len(lines) < 2 or len(title) > _LONGEST_TITLE or not _is_heading_like(title):
        return None
    if _ENDS.search(title) and not title.endswith(("?", "!")):
        return None
    follower = lines[1].strip()
    return title if not follower or len(follower) > 2 * len(title) else None


def _is_heading_like(line: str) -> bool:
    if "\n" in line or not line or not _OPENING.match(line) or _LIST_ITEM.match(line) or _NOT_HEADING.search(line):
        return False
    first = next((letter for letter in line if letter.isalnum()), " ")
    letters = sum(letter.isalpha() for letter in line)
    return not first.islower() and 2 * letters > len(line) and len(line.split()) <= _MOST_WORDS * 2


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Give the runs of lines between blank lines, stripped, with their offsets."""
    for found in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text):
        block = found.group()
        yield found.start() + len(block) - len(block.lstrip()), block.strip()
