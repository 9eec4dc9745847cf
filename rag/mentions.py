"""Find every document that speaks of something, and the sentences that do: complete, unlike a search's best hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from index.records import Filter, Hit, Passage, Sentence
from index.shelf import Shelf
from rag.answers import Window
from rag.cite import plain
from rag.extract import leans_back
from rag.terms import FUNCTION_WORDS, stems_of

SHORT = 25
"""In characters: a shorter sentence is quoted only where there is no other."""
MOST_READ = 5000
"""How many passages are read for what a whole dossier says of something."""
_ARTICLES = frozenset("der die das den dem des ein eine einen einem einer und oder".split())


@dataclass(frozen=True, slots=True)
class Mentions:
    """The sentences that speak of a subject."""

    subject: str
    """As it was looked for; escaped, for the answer's text."""
    windows: dict[str, list[Window]]
    """By document's id, the best sentence first."""
    hits: tuple[Hit, ...] = ()
    """The passages that have its words."""
    spelled: str = ""
    """What was read instead of what the question writes, where that stands nowhere."""
    cut: bool = False
    """Whether more passages have its words than were read."""


def mentions_of(shelf: Shelf, dossier: str, subject: str, filter: Filter, among: Collection[str]) -> Mentions:
    """Find a subject in the documents of those ids; as it is likely spelled, where nothing mentions it as written."""
    found = _mentioning(shelf, dossier, subject, filter, among)
    if found.windows or not (spelled := shelf.spelled(dossier, words_of(subject))):
        return found
    for written, meant in spelled.items():
        subject = subject.replace(written, meant)
    told = ", ".join(f"“{plain(written)}” as “{plain(meant)}”" for written, meant in spelled.items())
    return replace(_mentioning(shelf, dossier, subject, filter, among), spelled=told)


def sentence_of(hit: Hit, sentence: Sentence) -> Window:
    """Make one sentence of a passage a piece of evidence."""
    begin = hit.passage.start
    text = hit.passage.text[sentence.start - begin : sentence.end - begin]
    return Window(hit, sentence.start, sentence.end, text, sentence.start, 0.0)


def prose(passage: Passage) -> list[Sentence]:
    """Give the sentences that may be quoted."""
    return [sentence for sentence in passage.sentences if sentence.kind == "prose"]


def words_of(subject: str) -> list[str]:
    """Give the words of a subject that carry it."""
    words = [word.strip("\"'“”‘’.,;:()&!?") for word in subject.split()]
    return [word for word in words if word and word.casefold() not in FUNCTION_WORDS | _ARTICLES]


def _mentioning(shelf: Shelf, dossier: str, subject: str, filter: Filter, among: Collection[str]) -> Mentions:
    words = words_of(subject)
    found = shelf.holding(dossier, " ".join(words), filter=filter, limit=MOST_READ + 1) if words else ()
    hits = tuple(hit for hit in found[:MOST_READ] if hit.document.id in among)
    wanted = [stem for word in words for stem in stems_of(word)]
    named = any(word[0].isupper() for word in words)
    ranked: dict[str, list[tuple[int, Window]]] = {}
    for hit in hits:
        for rank, window in _speaking(hit, wanted):
            if rank > 0 or not named:
                ranked.setdefault(hit.document.id, []).append((rank, window))
    windows = {id: [one for _, one in sorted(several, key=_by_rank)] for id, several in ranked.items()}
    return Mentions(plain(subject), windows, hits, cut=len(found) > MOST_READ)


def _speaking(hit: Hit, wanted: Sequence[str]) -> Iterable[tuple[int, Window]]:
    """Rank each sentence that has the wanted stems: 2 in a row, 1 all of them; else the one with most of them, 0."""
    windows = [sentence_of(hit, sentence) for sentence in prose(hit.passage)]
    held = [stems_of(window.text) for window in windows]
    ranks = [_rank(stems, wanted) for stems in held]
    if any(ranks) or not windows:
        return [(rank, window) for rank, window in zip(ranks, windows, strict=True) if rank]
    most = max(range(len(windows)), key=lambda place: (len(set(held[place]) & set(wanted)), -place))
    return [(0, windows[most])]


def _rank(stems: Sequence[str], wanted: Sequence[str]) -> int:
    if any(list(stems[start : start + len(wanted)]) == list(wanted) for start in range(len(stems) - len(wanted) + 1)):
        return 2
    return int(set(wanted) <= set(stems))


def _by_rank(ranked: tuple[int, Window]) -> tuple[int, bool, bool]:
    rank, window = ranked
    return -rank, len(window.text) < SHORT, leans_back(window.text)
