"""The one door to Tantivy: passages found by their words, scored by exact BM25."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import struct
import threading
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import Stemmer
import tantivy

from index.errors import IndexDamaged

RECIPE = "words-1"
"""How texts become terms; an index of another recipe is built anew."""
STAMP = "stamp.json"
META = "meta.json"
"""Tantivy's own list of its files, written anew with each commit and each merge."""
K1, B = 1.2, 0.75
TITLE_WEIGHT = 0.5
LONGEST_TERM = 64
MOST_TERMS = 200
MOST_COUNTS = 10_000
MOST_REMEMBERED = 200_000
HEAP = 15_000_000
MAGIC = 1337
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"\d+(?:[.,]\d+)+|[^\W_{UNSPACED}]+|[{UNSPACED}]")
UNUSUAL = re.compile("[^\x03-\x7f\u00a0-\u00a9\u2000-\u2064\u20a0-\u20bf]")
"""What may be part of a word outside ASCII, or is what stands in for points and commas inside of numbers."""
NUMBER = re.compile(rb"[0-9](?<![0-9A-Za-z][0-9])[0-9]*(?:[.,][0-9]+)+")
IN_NUMBERS = bytes.maketrans(b".,", b"\x01\x02")
PLAIN = b" .," + bytes(byte if byte < 128 and chr(byte).isalnum() else ord(" ") for byte in range(3, 256))
STEMMER = Stemmer.Stemmer("english")
STEMMING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as the words see it."""

    key: int
    document: int
    """The document's key, for filters."""
    text: str
    title: str
    """The document's title and the passage's heading."""


class _View:
    """The index as of one commit, and what was counted in it."""

    def __init__(self, index: tantivy.Index, folder: Path) -> None:
        written, read = b"", b"-"
        while read != written:  # a merge may write what it made at any time
            written = (folder / META).read_bytes()
            index.reload()
            self.searcher = index.searcher()
            read = (folder / META).read_bytes()
        self.lengths = _lengths(self.searcher)
        self._schema = index.schema
        self._whole = all(segment["deletes"] is None for segment in json.loads(read)["segments"])
        """Whether nothing is in it any more that was deleted: then Tantivy's own counts hold."""
        self._counts: dict[tuple[str, str], int] = {}

    def rarity(self, field: str, term: str) -> float:
        """Give the weight of a term by how many of the passages have it."""
        found = self._count(field, term)
        return math.log(1 + (self.searcher.num_docs - found + 0.5) / (found + 0.5))

    def _count(self, field: str, term: str) -> int:
        if self._whole:
            return int(self.searcher.doc_freq(field, term))
        if (field, term) not in self._counts:  # reads all that have the term
            if len(self._counts) >= MOST_COUNTS:
                self._counts = {}
            wanted = tantivy.Query.term_query(self._schema, field, term)
            self._counts[field, term] = self.searcher.search(wanted, 1).count or 0
        return self._counts[field, term]


class Keywords:
    """The keyword index of one dossier, in a folder that can be thrown away."""

    def __init__(self, folder: Path, index: tantivy.Index, seq: int) -> None:
        self.folder = folder
        self.seq = seq
        """The last change of the library that is in the index and on the disk."""
        self._index = index
        self._writer: tantivy.IndexWriter | None = None
        self._view = _View(index, folder)

    @property
    def _searcher(self) -> tantivy.Searcher:
        return self._view.searcher

    @classmethod
    def open(cls, folder: Path) -> Keywords:
        """Open an index that proves sound. Raises IndexDamaged."""
        with _translated(folder):
            stamp = json.loads((folder / STAMP).read_text())
            if stamp["recipe"] != RECIPE or stamp["fields"] != _fields(folder):
                raise IndexDamaged(f"{folder} was made by another recipe.")
            for path in folder.iterdir():
                _prove(path)
            index = tantivy.Index.open(str(folder))
            return cls(folder, _prepared(index), int(stamp["seq"]))

    @classmethod
    def build(cls, folder: Path, entries: Iterable[Entry], seq: int) -> Keywords:
        """Build an index anew beside the old one, then swap it in."""
        beside = folder.with_name(folder.name + ".new")
        with _translated(folder):
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(parents=True)
            fresh = cls(beside, _prepared(tantivy.Index(_schema(), path=str(beside))), 0)
            fresh.apply((), entries, seq)
            fresh.close()
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
        return cls.open(folder)

    def apply(self, removed: Collection[int], entries: Iterable[Entry], seq: int) -> None:
        """Remove and put passages, commit, then stamp; doing it twice changes nothing."""
        with _translated(self.folder):
            if self._writer is None:
                self._writer = self._index.writer(HEAP, 1)
            for key in removed:
                self._writer.delete_documents_by_term("key", key)
            for entry in entries:
                self._writer.delete_documents_by_term("key", entry.key)
                self._writer.add_document(_document(entry))
            self._writer.commit()
            self._view = _View(self._index, self.folder)
            self.seq = seq
            self._stamp()

    def keys(self) -> set[int]:
        """Give the keys of all passages in the index."""
        with _translated(self.folder):
            everything = self._searcher.search(tantivy.Query.all_query(), max(self._searcher.num_docs, 1)).hits
            found = self._searcher.fast_field_values("key", [address for _, address in everything])
            return {int(key) for key in found if key is not None}

    def candidates(self, words: str, limit: int, documents: Collection[int] | None = None) -> list[int]:
        """Find passages that have some of the words, likely best first, of these documents only (None: of all)."""
        terms = list(dict.fromkeys(terms_of(words)))[:MOST_TERMS]
        if not terms or (documents is not None and not documents):
            return []
        with _translated(self.folder):
            schema, occur, query = self._index.schema, tantivy.Occur, tantivy.Query
            wanted = [(occur.Should, query.term_query(schema, "text", term)) for term in terms]
            wanted += [
                (occur.Should, query.boost_query(query.term_query(schema, "title", term), TITLE_WEIGHT))
                for term in terms
            ]
            search = query.boolean_query(wanted)
            if documents is not None:
                among = query.term_set_query(schema, "document", list(documents))
                search = query.boolean_query([(occur.Must, search), (occur.Must, query.const_score_query(among, 0.0))])
            searcher = self._searcher
            hits = searcher.search(search, limit, count=False).hits
            keys = searcher.fast_field_values("key", [address for _, address in hits])
            return [int(key) for key in keys if key is not None]

    def holding(self, words: str, limit: int, documents: Collection[int] | None = None) -> list[int]:
        """Find passages that have all of the words, in order of their keys, of these documents only (None: of all)."""
        terms = list(dict.fromkeys(terms_of(words)))[:MOST_TERMS]
        if not terms or (documents is not None and not documents):
            return []
        with _translated(self.folder):
            schema, occur, query = self._index.schema, tantivy.Occur, tantivy.Query
            wanted = [(occur.Must, query.term_query(schema, "text", term)) for term in terms]
            if documents is not None:
                wanted.append((occur.Must, query.term_set_query(schema, "document", list(documents))))
            searcher = self._searcher
            search = query.const_score_query(query.boolean_query(wanted), 1.0)
            hits = searcher.search(search, limit, count=False).hits
            keys = searcher.fast_field_values("key", [address for _, address in hits])
            return sorted(int(key) for key in keys if key is not None)

    def knows(self, word: str) -> bool:
        """Whether any passage has the word, or another form of it."""
        searcher = self._searcher
        with _translated(self.folder):
            return all(searcher.doc_freq("text", term) for term in terms_of(word))

    def rarest(self, words: Sequence[str]) -> str | None:
        """Give the word that the fewest passages have, in any form, of those that any has; None where none has one."""
        searcher = self._searcher
        with _translated(self.folder):
            often = {
                word: min((searcher.doc_freq("text", term) for term in terms_of(word)), default=0) for word in words
            }
        return min((word for word in words if often[word]), key=lambda word: often[word], default=None)

    def documents_with(self, words: Sequence[str], documents: Collection[int]) -> set[int]:
        """Give those of the documents that have one of the words, in any form, in their text or a title."""
        terms = list(dict.fromkeys(term for word in words for term in terms_of(word)))[:MOST_TERMS]
        if not terms or not documents:
            return set()
        with _translated(self.folder):
            schema, occur, query = self._index.schema, tantivy.Occur, tantivy.Query
            held = [
                (occur.Should, query.term_query(schema, field, term)) for term in terms for field in ("text", "title")
            ]
            among = query.term_set_query(schema, "document", list(documents))
            both = query.boolean_query([(occur.Must, query.boolean_query(held)), (occur.Must, among)])
            counted = {"found": {"terms": {"field": "document", "size": len(documents)}}}
            found = self._searcher.aggregate(both, counted)
        return {int(bucket["key"]) for bucket in found["found"]["buckets"]}

    def like(self, word: str, limit: int) -> list[int]:
        """Find passages that have a word which is spelled so but for one letter or two, endings aside."""
        with _translated(self.folder):
            near = tantivy.Query.fuzzy_term_query(self._index.schema, "text", _term(word), 2)
            searcher = self._searcher
            hits = searcher.search(near, limit, count=False).hits
            keys = searcher.fast_field_values("key", [address for _, address in hits])
            return [int(key) for key in keys if key is not None]

    def score(self, words: str, entries: Sequence[Entry]) -> list[float]:
        """Score passages by BM25 over the passages that are there now.

        Tantivy's own scores still count what was deleted, until it merges its segments; these do not, so that an
        index that was built anew gives the same ones.
        """
        terms = list(dict.fromkeys(terms_of(words)))[:MOST_TERMS]
        view, wanted = self._view, frozenset(terms)
        with _translated(self.folder):
            rarities = {field: [view.rarity(field, term) for term in terms] for field in ("text", "title")}
        text_length, title_length = view.lengths
        scores = []
        for entry in entries:
            text = _bm25(terms, rarities["text"], terms_of(entry.text), wanted, text_length)
            title = _bm25(terms, rarities["title"], terms_of(entry.title), wanted, title_length)
            scores.append(text + TITLE_WEIGHT * title)
        return scores

    def close(self) -> None:
        """Wait for merges and stamp what they left."""
        with _translated(self.folder):
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None

    def _stamp(self) -> None:
        stamp = {"seq": self.seq, "recipe": RECIPE, "fields": _fields(self.folder)}
        beside = self.folder / (STAMP + ".new")
        with beside.open("w") as file:
            json.dump(stamp, file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self.folder / STAMP)


def terms_of(text: str) -> list[str]:
    """Cut a text into words, lower-cased, without accents, stemmed as English; unspaced scripts letter by letter."""
    return list(map(TERMS.__getitem__, tokens_of(text)))


def tokens_of(text: str) -> list[str]:
    """Cut a text into words and numbers, as `TOKEN` does, but faster where only ASCII has letters and digits."""
    if UNUSUAL.search(text):
        return TOKEN.findall(text)
    plain = text.encode("ascii", "replace")
    if NUMBER.search(plain):
        plain = NUMBER.sub(lambda found: b" " + found[0].translate(IN_NUMBERS) + b" ", plain)
    return plain.translate(PLAIN).decode().split()


class _Terms(dict[str, str]):
    """The term of each word that was met, which is looked up far more often than made."""

    def __missing__(self, token: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        term = self[token] = _term(token)
        return term


TERMS = _Terms()


def _term(token: str) -> str:
    token = token.casefold()
    if not token.isascii():
        token = "".join(c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c)) or token
    with STEMMING:
        return str(STEMMER.stemWord(token))[:LONGEST_TERM]


def _bm25(
    terms: Sequence[str], rarities: Sequence[float], words: Sequence[str], wanted: Set[str], usual_length: float
) -> float:
    score = 0.0
    found = Counter(filter(wanted.__contains__, words))
    damping = K1 * (1 - B + B * len(words) / usual_length) if usual_length else K1
    for term, rarity in zip(terms, rarities, strict=True):
        if often := found.get(term):
            score += rarity * often * (K1 + 1) / (often + damping)
    return score


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", indexed=True, fast=True)
    builder.add_integer_field("document", indexed=True, fast=True)
    for field in ("text", "title"):
        builder.add_integer_field(f"{field}_length", fast=True)
        builder.add_text_field(field, tokenizer_name="terms", index_option="freq")
    return builder.build()


def _prepared(index: tantivy.Index) -> tantivy.Index:
    terms = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    index.config_reader("manual")
    index.reload()
    return index


def _document(entry: Entry) -> tantivy.Document:
    document = tantivy.Document()
    document.add_integer("key", entry.key)
    document.add_integer("document", entry.document)
    for field, text in (("text", entry.text), ("title", entry.title)):
        terms = terms_of(text)
        document.add_text(field, " ".join(terms))
        document.add_integer(f"{field}_length", len(terms))
    return document


def _lengths(searcher: tantivy.Searcher) -> tuple[float, float]:
    """Give how many terms a text and a title usually have."""
    asked = {field: {"avg": {"field": f"{field}_length"}} for field in ("text", "title")}
    found = searcher.aggregate(tantivy.Query.all_query(), asked)
    return float(found["text"]["value"] or 0), float(found["title"]["value"] or 0)


def _fields(folder: Path) -> int:
    """Give the checksum of the index's own description of its fields."""
    meta = json.loads((folder / META).read_text())
    return zlib.crc32(json.dumps(meta["schema"], sort_keys=True).encode())


def _prove(path: Path) -> None:
    """Check a segment file against the checksum in its footer: body, JSON, its length (u32), 1337 (u32).

    From `footer.rs` of Tantivy, which itself checks it only when asked.
    """
    if path.name.startswith(".") or path.suffix not in {
        ".store", ".pos", ".fieldnorm", ".idx", ".del", ".term", ".fast",
    }:  # fmt: skip
        return
    content = path.read_bytes()
    length, magic = struct.unpack("<II", content[-8:])
    footer = json.loads(content[-8 - length : -8])
    if magic != MAGIC or zlib.crc32(content[: -8 - length]) != footer["crc"]:
        raise IndexDamaged(f"{path} was changed.")


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn whatever Tantivy raises, panics of its Rust included, into IndexDamaged."""
    try:
        yield
    except (IndexDamaged, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of Rust derives from nothing narrower
        raise IndexDamaged(f"The keyword index {folder} cannot be used ({error}).") from error
