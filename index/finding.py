"""From a question to two lists of hits, every one checked against the library."""

from __future__ import annotations

from index.embed import Embedder, Vector
from index.errors import BadInput, IndexDamaged
from index.keep_words import entry_of
from index.library import Kept, Library
from index.records import Filter, Found, Hit, Stage
from index.scan import Ranked, ranked
from index.upkeep import Upkeep

MOST_HITS = 400
SPARE = 30
"""How many more candidates are scored exactly than are asked for: an index's own order differs a little."""


class Finding:
    """Searches one library by meaning and by words."""

    def __init__(self, library: Library, upkeep: Upkeep, embedder: Embedder) -> None:
        self._library = library
        self._upkeep = upkeep
        self._embedder = embedder
        self._allowed: tuple[object, set[int]] = (None, set())

    def find(self, dossier: int, question: str, words: str, filter: Filter, limit: int) -> Found:
        """Find passages of a dossier, by meaning of the question and by the words; each list best first."""
        if not 1 <= limit <= MOST_HITS:
            raise BadInput(f"{limit} hits cannot be asked for.", f"Ask for 1 to {MOST_HITS}.")
        query = self._embedder.embed_query(question)
        allowed = self._allowed_documents(dossier, filter)
        meant = self._by_meaning(dossier, query, allowed, limit)
        said, kept = self._by_words(dossier, words, allowed, limit, meant)
        return Found(_hits(meant, kept, "meaning"), _hits(said, kept, "words"))

    def _by_meaning(self, dossier: int, query: Vector, allowed: set[int] | None, limit: int) -> Ranked:
        near = self._upkeep.nearest(dossier, query, limit + SPARE) if allowed is None else None
        if near is None:
            return self._upkeep.scan(dossier).nearest(query, limit, allowed)
        vectors = self._library.embeddings.of_passages(near, len(query))
        return ranked(vectors.keys, vectors.matrix, query, limit)

    def _by_words(
        self, dossier: int, words: str, allowed: set[int] | None, limit: int, meant: Ranked
    ) -> tuple[Ranked, dict[int, Kept]]:
        """Rank by words, and load in one go what both lists name, which checks every hit against the library."""
        index = self._upkeep.words(dossier)
        try:
            candidates = index.candidates(words, limit + SPARE, allowed)
        except IndexDamaged:
            index = self._upkeep.words_anew(dossier)
            candidates = index.candidates(words, limit + SPARE, allowed)
        kept = self._library.passages.load({key for key, _ in meant}.union(candidates), dossier)
        there = [key for key in candidates if key in kept]
        scores = index.score(words, [entry_of(kept[key]) for key in there])
        best = sorted(zip(there, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return best[:limit], kept

    def _allowed_documents(self, dossier: int, filter: Filter) -> set[int] | None:
        """Give the keys of the documents that pass, None when all do; the last answer is kept until a commit."""
        if filter.is_open:
            return None
        state = (dossier, filter, self._library.database.commits)
        last, allowed = self._allowed
        if last != state:
            documents = self._library.documents.of_dossier(dossier)
            allowed = {key for key, document in documents.items() if filter.passes(document)}
            self._allowed = (state, allowed)
        return allowed


def _hits(ranking: Ranked, kept: dict[int, Kept], stage: Stage) -> tuple[Hit, ...]:
    return tuple(Hit(kept[key].passage, kept[key].document, score, stage) for key, score in ranking if key in kept)
