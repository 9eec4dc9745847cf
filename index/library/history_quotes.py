"""Where a document's words stand in the JSON of an answer: the one thing that the library knows of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from copy import deepcopy
from typing import Any

Content = dict[str, Any]
"""An answer as the HTTP interface gives it; `FORMAT` says by which rules."""
FORMAT = 1
DELETED = "(deleted)"
KNOWN = frozenset(
    "id question standalone_question dossier model standing confidence text statements citations nearest missing "
    "disagreements warnings took usage conversation_id".split()
)
"""The fields whose words are accounted for here; a test holds them against the answers that are made."""
SHORTEST_NAME = 4
"""Shorter titles and names are not looked for in other words."""
SHORTEST_WORD = 3
_WORD = re.compile(r"\w+")
_MARKER = re.compile(r"\[\d{1,4}\]")


def versions_in(content: Content) -> set[tuple[str, str]]:
    """Give the document and version ids that an answer refers to."""
    return {(document["id"], document["version"]) for document in _documents(content)}


def erased(content: Content, documents: Set[str]) -> Content:
    """Give the answer without a word of these documents (by id).

    What they said reads "(deleted)"; `statement.text == text[start:end]` holds anew. A statement falls with any of its
    citations, and one that cites nothing falls with the first of them, for nobody knows where it is from.
    """
    content = deepcopy(content)
    names = {name for document in _documents(content) if document["id"] in documents for name in _names(document)}
    fallen = {one["number"] for one in content["citations"] if one["document"]["id"] in documents}
    for citation in (*content["citations"], *content["nearest"]):
        if citation["document"]["id"] in documents:
            names |= {
                heading for heading in (citation["place"].get("heading"), citation["place"].get("sheet")) if heading
            }
            _erase_citation(citation)
        for twin in citation["also_in"]:
            if twin["document"]["id"] in documents:
                twin["document"]["name"] = DELETED
    if fallen:
        _erase_statements(content, fallen)
    for disagreement in content["disagreements"]:
        for value in disagreement["values"]:
            if fallen.intersection(value["citations"]):
                value["value"] = DELETED
    _erase_names(content, names)
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
    content = deepcopy(content)
    content["standalone_question"] = _without(content["standalone_question"], taken)
    _rewrite(content, lambda told: _without(told, taken))
    return content


def question_words(content: Content) -> set[str]:
    """Give the words that the person used."""
    return _words(content["question"])


def moved(content: Content, places: Mapping[tuple[str, str], tuple[str, str]]) -> Content:
    """Give the answer with other ids for documents and versions: `places` leads from pairs of old to pairs of new."""
    content = deepcopy(content)
    for document in _documents(content):
        here = (document["id"], document["version"])
        document["id"], document["version"] = places.get(here, here)
    for citation in (*content["citations"], *content["nearest"]):
        citation["passage"]["id"] = ""  # passages have other ids in another library
    return content


def words_of(content: Content) -> str:
    """Give what a stored answer is found by."""
    return f"{content['question']}\n{content['text']}".casefold()


def _documents(content: Content) -> Iterator[dict[str, Any]]:
    for citation in (*content["citations"], *content["nearest"]):
        yield citation["document"]
        for twin in citation["also_in"]:
            yield twin["document"]


def _names(document: Mapping[str, Any]) -> Iterator[str]:
    """Give what a document is called, which may stand in warnings and templates too."""
    for field in ("title", "name", "source", "author", "publisher"):
        if document.get(field):
            yield document[field]


def _erase_citation(citation: dict[str, Any]) -> None:
    """Leave only which document it was and where the quote stood in it."""
    document = citation["document"]
    kept = {"id": document["id"], "version": document["version"]}
    called = {name: DELETED for name in ("name", "title", "source") if name in document}
    citation["document"] = {**dict.fromkeys(document), **called, **kept}
    citation["quote"] = citation["passage"]["text"] = DELETED
    citation["place"] |= dict.fromkeys(("heading", "sheet"))
    citation["deleted"] = True


def _erase_statements(content: Content, fallen: set[int]) -> None:
    """Write the text anew around what remains of its statements."""
    old, text, end, gone = content["text"], "", 0, False
    for statement in sorted(content["statements"], key=lambda statement: statement["start"]):
        text += _between(old[end : statement["start"]], gone)
        end = statement["end"]
        gone = not statement["citations"] or bool(fallen.intersection(statement["citations"]))
        if gone:
            statement["text"] = DELETED
        statement["start"], statement["end"] = len(text), len(text) + len(statement["text"])
        text += statement["text"]
    content["text"] = text + _between(old[end:], gone)


def _between(gap: str, gone: bool) -> str:
    """Keep of what follows a deleted statement only its markers and line breaks: the rest names its source."""
    if not gone:
        return gap
    return "".join(f" {marker}" for marker in _MARKER.findall(gap)) + gap[len(gap.rstrip()) :]


def _erase_names(content: Content, names: Set[str]) -> None:
    """Take the documents' names out of what was said about them; the person's own question stays."""
    for name in sorted((name for name in names if len(name) >= SHORTEST_NAME), key=len, reverse=True):
        _rewrite(content, lambda told, name=name: told.replace(name, DELETED))  # type: ignore[misc] # mypy and defaults


def _rewrite(content: Content, change: Callable[[str], str]) -> None:
    """Change what is told about an answer besides its statements."""
    content["missing"] = [change(told) for told in content["missing"]]
    for warning in content["warnings"]:
        warning["message"] = change(warning["message"])
    for disagreement in content["disagreements"]:
        disagreement["about"] = change(disagreement["about"])


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text) if len(word) >= SHORTEST_WORD}


def _without(text: str, words: Set[str]) -> str:
    return _WORD.sub(lambda found: DELETED if found[0].casefold() in words else found[0], text)
