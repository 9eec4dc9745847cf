"""Choose the passages that are worth reading: no copies of one another, more than one source, no furniture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from index.copies import distinct, furniture
from index.records import Hit, Sentence


def worth_reading(found: Sequence[Hit], wanted: int) -> tuple[Hit, ...]:
    """Take the best passages, near-copies once; the last place goes to another document where one alone fills them."""
    read = distinct(found, wanted)
    if len(read) == wanted > 1 and len({hit.document.id for hit in read}) == 1:
        other = next((hit for hit in found if hit.document.id != read[0].document.id), None)
        read = (*read[:-1], other) if other else read
    lines = furniture(found)
    return tuple(_without(hit, lines) for hit in read) if lines else read


def _without(hit: Hit, lines: Collection[str]) -> Hit:
    """The passage with its furniture marked as such, so that nothing of it is quoted."""
    spans, position = [], hit.passage.start
    for line in hit.passage.text.split("\n"):
        if line.strip() in lines:
            spans.append((position, position + len(line)))
        position += len(line) + 1
    sentences = tuple(_marked(sentence, spans) for sentence in hit.passage.sentences)
    return replace(hit, passage=replace(hit.passage, sentences=sentences))


def _marked(sentence: Sentence, spans: Sequence[tuple[int, int]]) -> Sentence:
    inside = any(start <= sentence.start and sentence.end <= end for start, end in spans)
    return replace(sentence, kind="boilerplate") if inside else sentence
