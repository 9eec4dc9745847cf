"""Where a document's words stand in the JSON of an answer: the one thing that the library knows of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

Content = dict[str, Any]
"""An answer as the HTTP interface gives it; `FORMAT` says by which rules."""
FORMAT = 1
DELETED = "(deleted)"
KNOWN = frozenset(
    "id question standalone_question dossier model standing confidence text statements citations nearest missing "
    "disagreements warnings took usage conversation_id dropped".split()
)
"""The fields whose words are accounted for here; a test holds them against the answers that are made."""
SHORTEST_WORD = 3
SMALL_WORDS = frozenset("the and for was are his her who how why did has had not but its der die das und".split())
"""Longer ones that tell nothing."""
SHORTEST_NAME = 4
"""In letters and digits; shorter titles are too likely to mean something else."""
LONGEST_NAME = 110
"""Longer titles are cut where they are told, so that only their beginning is looked for."""
_WORD = re.compile(r"\w+")
_PART = re.compile(r"[^\W_]+")
_MARKER = re.compile(r"\[\d{1,4}\]")
_SUFFIX = re.compile(r"\.\w{1,10}$")


def versions_in(content: Content) -> set[tuple[str, str]]:
    """Give the document and version ids that an answer refers to."""
    return {(document["id"], document["version"]) for document in _documents(content)}


def erased(content: Content, documents: Set[str], names: Iterable[str] = ()) -> Content:
    """Give the answer without a word of these documents (by id), which are called so.

    What they said reads "(deleted)"; `statement.text == text[start:end]` holds anew. A statement falls with any of its
    citations, and one that cites nothing falls with the first of them, for nobody knows where it is from.
    """
    content = _copied(content)
    fallen = {one["number"] for one in content["citations"] if one["document"]["id"] in documents}
    called = {*names}
    for citation in (*content["citations"], *content["nearest"]):
        if citation["document"]["id"] in documents:
            called |= {citation["document"]["title"], citation["document"]["name"]}
            _erase_citation(citation)
        for twin in citation["also_in"]:
            if twin["document"]["id"] in documents:
                called.add(twin["document"]["name"])
                twin["document"]["name"] = DELETED
    nameless = _nameless(called)
    _rewrite_text(content, fallen, nameless)
    _rewrite(content, nameless)
    for disagreement in content["disagreements"]:
        for value in disagreement["values"]:
            if fallen.intersection(value["citations"]):
                value["value"] = DELETED
    return content


def emptied(content: Content, documents: Set[str]) -> Content:
    """Give an answer about a dossier that is gone with all its documents: nothing but the question is left of it."""
    if content["standing"] == "aside":
        return content
    content = erased(content, documents)
    _rewrite_text(content, {one["number"] for one in content["citations"]}, lambda told: "")
    _rewrite(content, lambda told: DELETED)
    content["standalone_question"] = content["question"]
    return content


def quoted_words(content: Content, documents: Set[str]) -> set[str]:
    """Give the words that an answer has from these documents (by id)."""
    quotes = [one["quote"] for one in content["citations"] if one["document"]["id"] in documents]
    fallen = {one["number"] for one in content["citations"] if one["document"]["id"] in documents}
    said = [one["text"] for one in content["statements"] if fallen.intersection(one["citations"])]
    return {word for text in (*quotes, *said) for word in _words(text)}


def unlearned(content: Content, words: Set[str]) -> Content:
    """Give a later answer of the conversation without the words that its standalone question took from an erased one.

    Words of the question itself stay: they are the person's own.
    """
    taken = {word for word in _words(content["standalone_question"]) if word in words} - _words(content["question"])
    if not taken:
        return content
    content = _copied(content)
    content["standalone_question"] = _without(content["standalone_question"], taken)
    _rewrite(content, lambda told: _without(told, taken))
    return content


def question_words(content: Content) -> set[str]:
    """Give the words that the person used."""
    return _words(content["question"])


def moved(content: Content, places: Mapping[tuple[str, str], tuple[str, str]]) -> Content:
    """Give the answer with other ids for documents and versions: `places` leads from pairs of old to pairs of new."""
    content = _copied(content)
    for document in _documents(content):
        here = (document["id"], document["version"])
        document["id"], document["version"] = places.get(here, here)
    for citation in (*content["citations"], *content["nearest"]):
        citation["passage"]["id"] = ""  # passages have other ids in another library
    return content


def words_of(content: Content) -> str:
    """Give what a stored answer is found by."""
    return f"{content['question']}\n{content['text']}".casefold()


def _copied(value: Any) -> Any:  # noqa: ANN401  # JSON is any
    """Copy JSON, several times as fast as what copies everything can."""
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _documents(content: Content) -> Iterator[dict[str, Any]]:
    for citation in (*content["citations"], *content["nearest"]):
        yield citation["document"]
        for twin in citation["also_in"]:
            yield twin["document"]


def longest_part(name: str) -> str:
    """Give the longest word of a document's name, by which to look for answers that may tell it."""
    return max(_PART.findall(_SUFFIX.sub("", name)), key=len, default="").casefold()


def _erase_citation(citation: dict[str, Any]) -> None:
    """Leave only which document it was and where the quote stood in it."""
    document = citation["document"]
    kept = {"id": document["id"], "version": document["version"]}
    called = {name: DELETED for name in ("name", "title", "source") if name in document}
    citation["document"] = {**dict.fromkeys(document), **called, **kept}
    citation["quote"] = citation["passage"]["text"] = DELETED
    citation["place"] |= dict.fromkeys(("heading", "sheet"))
    citation["deleted"] = True


def _rewrite_text(content: Content, fallen: set[int], nameless: Callable[[str], str]) -> None:
    """Write the text anew around what remains of its statements; what stands between them names sources."""
    old, text, end, gone = content["text"], "", 0, False
    for statement in sorted(content["statements"], key=lambda statement: statement["start"]):
        before, gap = gone, old[end : statement["start"]]
        end = statement["end"]
        gone = bool(fallen) and (not statement["citations"] or bool(fallen.intersection(statement["citations"])))
        text += _between(gap, before, gone, nameless)
        if gone:
            statement["text"] = DELETED
        statement["start"], statement["end"] = len(text), len(text) + len(statement["text"])
        text += statement["text"]
    content["text"] = text + _between(old[end:], gone, False, nameless)


def _between(gap: str, after_gone: bool, before_gone: bool, nameless: Callable[[str], str]) -> str:
    """Keep of what names a deleted statement's source only markers and line breaks: its line's end and beginning."""
    head, line_break, tail = gap.rpartition("\n")
    if not line_break:
        head, tail = gap, ""
    if after_gone:
        head = "".join(f" {marker}" for marker in _MARKER.findall(head)) + head[len(head.rstrip()) :]
    if before_gone:
        tail = ""
    return nameless(head) + line_break + nameless(tail)


def _nameless(names: Iterable[str]) -> Callable[[str], str]:
    """Make what takes names out of a text, however their words are joined there."""
    parts = {told for name in names for told in _tellings(name) if len("".join(told)) >= SHORTEST_NAME}
    if not parts:
        return lambda told: told
    patterns = [r"[\W_]+".join(map(re.escape, words)) for words in sorted(parts, key=len, reverse=True)]
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])", re.IGNORECASE)
    return lambda told: pattern.sub(DELETED, told)


def _tellings(name: str) -> Iterator[tuple[str, ...]]:
    """Give the words of a title or a file's name, and those without the numbers that it may begin with."""
    words = _PART.findall(_SUFFIX.sub("", name)[:LONGEST_NAME])
    while words:
        yield tuple(words)
        if not words.pop(0).isdigit():
            return


def _rewrite(content: Content, change: Callable[[str], str]) -> None:
    """Change what is told about an answer besides its statements."""
    content["missing"] = [change(told) for told in content["missing"]]
    for warning in content["warnings"]:
        warning["message"] = change(warning["message"])
    for disagreement in content["disagreements"]:
        disagreement["about"] = change(disagreement["about"])


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text) if len(word) >= SHORTEST_WORD} - SMALL_WORDS


def _without(text: str, words: Set[str]) -> str:
    return _WORD.sub(lambda found: DELETED if found[0].casefold() in words else found[0], text)
