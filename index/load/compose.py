"""A reading put together block by block, so that every mark knows its offset."""

from __future__ import annotations

import re

from index.load.decode import sound
from index.records import Mark, MarkKind

_SPACES = re.compile(r"\s+")
_WEB = re.compile(r"https?://[^\s/?#]+\S{0,1900}", re.IGNORECASE)


def one_line(text: str) -> str:
    """Put text on one line: every run of white space becomes one space."""
    return _SPACES.sub(" ", text).strip()


def web_address(text: object) -> str | None:
    """Give the whole address of a page on the web, None for anything else."""
    address = sound(one_line(text)) if isinstance(text, str) else ""
    return address if _WEB.fullmatch(address) else None


def as_statement(line: str) -> str:
    """End a line of values with a stop, without which it would count as a heading and never be quoted."""
    return line if line.endswith((".", "!", "?", "…", "。")) else f"{line}."


class Composition:
    """Text that grows by blocks; headings and pages are marked where they come to stand."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []

    def __len__(self) -> int:
        return self._length

    @property
    def text(self) -> str:
        """All blocks so far."""
        return "".join(self._pieces)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks so far, in order of their offsets, a page, slide or sheet before its headings."""
        return tuple(sorted(self._marks, key=lambda mark: (mark.start, mark.kind == "heading")))

    def begin(self, gap: str = "\n\n") -> None:
        """Begin a block: leave a gap to the block before, if there is one."""
        if self._length:
            self.run(gap)

    def block(self, text: str, *, gap: str = "\n\n") -> None:
        """Add a block after a gap; an empty block adds nothing."""
        if text:
            self.begin(gap)
            self.run(text)

    def heading(self, text: str) -> None:
        """Add a heading as a line of its own, and mark it."""
        if label := one_line(text):
            self.begin()
            self.mark_heading(label)
            self.run(label)

    def mark_heading(self, label: str) -> None:
        """Mark that what is added next is a heading."""
        self._marks.append(Mark(self._length, "heading", sound(label)))

    def mark_page(self, number: int) -> None:
        """Mark that a page begins with what is added next."""
        self._marks.append(Mark(self._length, "page", str(number)))

    def mark(self, kind: MarkKind, label: str) -> None:
        """Mark that a slide or sheet begins here, with the gap before what is added next."""
        self._marks.append(Mark(self._length, kind, sound(label)))

    def append(self, other: Composition) -> None:
        """Add another composition after a gap, with its marks."""
        if len(other):
            self.begin()
            self._marks += [Mark(mark.start + self._length, mark.kind, mark.label) for mark in other.marks]
            self.run(other.text)

    def run(self, text: str) -> None:
        """Add text to the block that is open."""
        self._pieces.append(sound(text))
        self._length += len(text)
