"""Number the citations and compose the answer's text around its statements."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from index.records import Hit
from rag.answers import (
    Citation,
    CitationKind,
    Statement,
    StatementShown,
    TextShown,
    Twin,
    Window,
)
from rag.verify import Checked

_SAFE = str.maketrans("[]<>`*|［］【】〔〕", "()‹›'·/()()()")


@dataclass
class Composition:
    """An answer's text as it grows; nothing that was added is changed again."""

    hits: Sequence[Hit]
    """Everything that was found: where the same words stand elsewhere is looked up here."""
    elsewhere: Callable[[Window], Iterable[Twin]] = lambda _: ()
    """Finds more places with the very words of a window."""
    text: str = ""
    statements: list[Statement] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def add(self, checked: Sequence[Checked], *, name_sources: bool) -> Iterator[StatementShown | TextShown]:
        """Append statements with their markers; with `name_sources` each is followed by its publisher and date."""
        for verdict in checked:
            if self.text:
                yield self._append("\n\n" if name_sources else " ")
            yield self._state(verdict)
            numbers = self.statements[-1].citations
            marker = "".join(f" [{number}]" for number in numbers)
            source = self._source(numbers[0]) if name_sources and numbers else ""
            if marker or source:
                yield self._append(marker + source)

    def listed(
        self, opening: str, checked: Sequence[tuple[str, Checked]], closing: str
    ) -> Iterator[StatementShown | TextShown]:
        """Append statements under an opening, each after its label; opening, labels and closing are fixed forms."""
        yield self._append(opening + "\n\n")
        for place, (label, verdict) in enumerate(checked):
            lead = ("" if place == 0 else "\n\n" if label else " ") + label
            if lead:
                yield self._append(lead)
            yield self._state(verdict)
            yield self._append("".join(f" [{number}]" for number in self.statements[-1].citations))
        if closing:
            yield self._append(closing)

    def _append(self, text: str) -> TextShown:
        start = len(self.text)
        self.text += text
        return TextShown(text, start, len(self.text))

    def _state(self, verdict: Checked) -> StatementShown:
        introduced: list[Citation] = []
        numbers: list[int] = []
        for window in verdict.draft.evidence if verdict.support == "supported" else ():
            citation = self._cited(window)
            if citation is None:
                citation = cite(window, len(self.citations) + 1, "cited", self.hits, self.elsewhere(window))
                self.citations.append(citation)
                introduced.append(citation)
            numbers.append(citation.number)
        start = len(self.text)
        self.text += verdict.draft.text
        statement = Statement(
            verdict.draft.text, start, len(self.text), tuple(dict.fromkeys(numbers)), verdict.support, verdict.score
        )
        self.statements.append(statement)
        return StatementShown(statement, tuple(introduced))

    def _cited(self, window: Window) -> Citation | None:
        key = (window.hit.document.version, window.start, window.end)
        return next((c for c in self.citations if (c.document.version, c.start, c.end) == key), None)

    def _source(self, number: int) -> str:
        metadata = self.citations[number - 1].document.metadata
        about = ", ".join(plain(part) for part in (metadata.publisher, metadata.published) if part)
        return f" ({about})" if about else ""


def cite(window: Window, number: int, kind: CitationKind, hits: Sequence[Hit], more: Iterable[Twin] = ()) -> Citation:
    """Make a citation of a window and name the other documents that have its very words."""
    passage = window.hit.passage
    return Citation(
        number=number,
        kind=kind,
        quote=window.text,
        start=window.start,
        end=window.end,
        place=passage.place,
        document=window.hit.document,
        passage=passage,
        also_in=_twins(window, hits, more),
    )


def plain(metadata: str) -> str:
    """Make metadata safe inside the answer's text: one line that cannot imitate a marker or markup."""
    spaced = re.sub(r"\s", " ", metadata)
    seen = "".join(letter for letter in spaced if unicodedata.category(letter)[0] != "C")  # none that turns text around
    return re.sub(r" +", " ", seen.translate(_SAFE)).strip()[:120].strip()


def _twins(window: Window, hits: Sequence[Hit], more: Iterable[Twin]) -> tuple[Twin, ...]:
    twins: dict[str, Twin] = {}
    for hit in hits:
        if hit.document.id == window.hit.document.id or hit.document.id in twins:
            continue
        position = hit.passage.text.find(window.text)
        if position >= 0:
            start = hit.passage.start + position
            twins[hit.document.id] = Twin(hit.document, start, start + len(window.text))
    for twin in more:
        if twin.document.id != window.hit.document.id:
            twins.setdefault(twin.document.id, twin)
    return tuple(twins.values())
