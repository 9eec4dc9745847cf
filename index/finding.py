"""From a question to two lists of hits, every one checked against the library."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rapidfuzz.distance import OSA

from index.embed import Embedder, Vector
from index.errors import BadInput, IndexDamaged
from index.keep_words import entry_of
from index.keywords import TOKEN, terms_of
from index.library import Kept, Library
from index.records import Filter, Found, Hit, Stage
from index.scan import Ranked, ranked
from index.upkeep import Upkeep

MOST_HITS = 400
SPARE = 30
"""How many more candidates are scored exactly than are asked for: an index's own order differs a little."""

SHORTEST_MENDED, LONG = 5, 8
"""In letters: shorter words are never taken for misspelled; from `LONG` on two letters may be wrong."""
CLEARLY = 3
"""How many times as often the nearest word has to stand in what is looked at as the next one that is as near."""


class Finding:
    """Searches one library by meaning and by words."""

    def __init__(self, library: Library, upkeep: Upkeep, embedder: Embedder) -> None:
        self._library = library
        self._upkeep = upkeep
        self._embedder = embedder
        self._allowed: tuple[object, set[int]] = (None, set())
        self._beside = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="words")
        """Searches by words while the question is embedded and searched by meaning."""

    def close(self) -> None:
        """End the threads."""
        self._beside.shutdown()

    def find(self, dossier: int, question: str, words: str, filter: Filter, limit: int) -> Found:
        """Find passages of a dossier, by meaning of the question and by the words; each list best first."""
        if not 1 <= limit <= MOST_HITS:
            raise BadInput(f"{limit} hits cannot be asked for.", f"Ask for 1 to {MOST_HITS}.")
        allowed = self._allowed_documents(dossier, filter)
        beside = self._beside.submit(self._by_words, dossier, words, allowed, limit)
        meant = self._by_meaning(dossier, self._embedder.embed_query(question), allowed, limit)
        said, kept = beside.result()
        kept |= self._library.passages.load({key for key, _ in meant} - kept.keys(), dossier)
        return Found(_hits(meant, kept, "meaning"), _hits(said, kept, "words"))

    def holding(self, dossier: int, words: str, filter: Filter, limit: int) -> tuple[Hit, ...]:
        """Find the passages of a dossier that have all of the words, in order of adding; at most `limit`."""
        allowed = self._allowed_documents(dossier, filter)
        try:
            keys = self._upkeep.words(dossier).holding(words, limit, allowed)
        except IndexDamaged:
            keys = self._upkeep.words_anew(dossier).holding(words, limit, allowed)
        kept = self._library.passages.load(keys, dossier)
        return _hits([(key, 1.0) for key in keys], kept, "words")

    def naming(self, dossier: int, names: Iterable[Sequence[str]], documents: Collection[str]) -> frozenset[str] | None:
        """Give those of the documents (ids) that name one of several things, each given by the words of its name.

        A thing is known by the rarest of its words, or by its initials. None where the dossier knows none of them.
        """
        index = self._upkeep.words(dossier)
        try:
            known = [(words, rarest) for words in names if (rarest := index.rarest(words))]
            if not known:
                return None
            initials = ["".join(word[0] for word in words) for words, _ in known if len(words) > 1]
            keys = self._library.documents.keys(documents)
            found = index.documents_with([*(rarest for _, rarest in known), *initials], keys)
        except IndexDamaged:  # the search itself, which comes first, mends it
            return None
        return frozenset(keys[key] for key in found)

    def spelled(self, dossier: int, words: Iterable[str]) -> dict[str, str]:
        """Give those words that no passage has and the language does not know, each with what is likely meant."""
        index = self._upkeep.words(dossier)
        letter = self._embedder.count_tokens("a")
        found = {}
        try:
            for word in dict.fromkeys(words):
                mended = len(word) >= SHORTEST_MENDED and word.isalpha() and not index.knows(word)
                if mended and self._embedder.count_tokens(word) > letter and (meant := self._meant(dossier, word)):
                    found[word] = meant
        except IndexDamaged:  # the search itself, which follows, mends it
            return {}
        return found

    def _meant(self, dossier: int, word: str) -> str | None:
        """The one word of the dossier's passages that is spelled nearly so and stands out among such words."""
        kept = self._library.passages.load(self._upkeep.words(dossier).like(word, SPARE), dossier)
        for edits in range(1, 2 + (len(word) >= LONG)):
            forms: dict[str, Counter[str]] = {}
            for one in kept.values():
                for token in TOKEN.findall(one.passage.text):
                    if token[0] == word[0] and OSA.distance(word.casefold(), token.casefold()) <= edits:
                        forms.setdefault(terms_of(token)[0], Counter())[token] += 1
            ranked = sorted(forms.values(), key=lambda counted: -counted.total())
            if ranked and (len(ranked) == 1 or ranked[0].total() >= CLEARLY * ranked[1].total()):
                return min(ranked[0], key=lambda token: (-ranked[0][token], token))
            if ranked:
                return None
        return None

    def _by_meaning(self, dossier: int, query: Vector, allowed: set[int] | None, limit: int) -> Ranked:
        near = self._upkeep.nearest(dossier, query, limit + SPARE) if allowed is None else None
        if near is None:
            return self._upkeep.scan(dossier).nearest(query, limit, allowed)
        vectors = self._library.embeddings.of_passages(near, len(query))
        return ranked(vectors.keys, vectors.matrix, query, limit)

    def _by_words(
        self, dossier: int, words: str, allowed: set[int] | None, limit: int
    ) -> tuple[Ranked, dict[int, Kept]]:
        """Rank by words what is still in the library, and give what was loaded for that."""
        index = self._upkeep.words(dossier)
        try:
            candidates = index.candidates(words, limit + SPARE, allowed)
        except IndexDamaged:
            index = self._upkeep.words_anew(dossier)
            candidates = index.candidates(words, limit + SPARE, allowed)
        kept = self._library.passages.load(candidates, dossier)
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
