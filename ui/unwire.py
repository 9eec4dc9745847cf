"""The nouns again from what came over the wire, or from an answer that was stored as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from index import errors
from index.errors import DossierError, Overloaded
from index.library.backup import Backup
from index.records import (
    AnswerFeedback,
    Compacted,
    Conversation,
    Document,
    Dossier,
    Estimate,
    Failure,
    Health,
    Hit,
    Job,
    KeptAnswer,
    Metadata,
    Passage,
    Place,
    Reindexed,
    Trouble,
)
from rag.answers import Answer, Citation, Disagreement, Statement, Took, Twin, Usage, Value
from rag.answers import Warning as AnswerWarning


def answer_of(given: Mapping[str, Any]) -> Answer:
    """Give the answer: `answer_of(answer.to_json()).to_json() == answer.to_json()`."""
    return Answer(
        id=given["id"],
        question=given["question"],
        standalone_question=given["standalone_question"],
        dossier=given["dossier"],
        model=given["model"],
        confidence=given["confidence"],
        text=given["text"],
        statements=tuple(_statement(statement) for statement in given["statements"]),
        citations=tuple(_citation(citation) for citation in given["citations"]),
        nearest=tuple(_citation(citation) for citation in given["nearest"]),
        missing=tuple(given["missing"]),
        disagreements=tuple(_disagreement(disagreement) for disagreement in given["disagreements"]),
        warnings=tuple(AnswerWarning(warning["type"], warning["message"]) for warning in given["warnings"]),
        took=Took(**_known(Took, given["took"])),
        usage=Usage(**_known(Usage, given["usage"])),
        conversation_id=given["conversation_id"],
        dropped=given.get("dropped", 0),
        is_aside=given["standing"] == "aside",
    )


def document_of(given: Mapping[str, Any]) -> Document:
    """Give a document; what citations do not name stays empty."""
    metadata = Metadata(
        given.get("title"),
        given.get("publisher"),
        given.get("author"),
        given.get("published"),
        given.get("published_from"),
        given.get("language"),
        given.get("url"),
    )
    return Document(
        given["id"],
        given["version"],
        "",
        given["name"],
        given.get("source", ""),
        metadata,
        given.get("media_type", ""),
        given.get("characters", 0),
        given.get("passages", 0),
        given.get("added", ""),
        given.get("sha256", ""),
    )


def conversation_of(given: Mapping[str, Any]) -> Conversation:
    """Give a conversation."""
    return Conversation(**_known(Conversation, given))


def kept_of(given: Mapping[str, Any]) -> KeptAnswer:
    """Give a turn."""
    feedback = AnswerFeedback(**_known(AnswerFeedback, given["feedback"])) if given["feedback"] else None
    content = given["answer"]
    return KeptAnswer(content["id"], given.get("conversation"), given["asked"], content, feedback, given.get("dossier"))


def hit_of(given: Mapping[str, Any]) -> Hit:
    """Give a hit."""
    document = document_of(given["document"])
    return Hit(_passage(given["passage"], document, Place()), document, given["score"], given["stage"])


def job_of(given: Mapping[str, Any]) -> Job:
    """Give a job."""
    failed = tuple(Failure(failure["name"], failure["error"]) for failure in given["failed"])
    result, error = given.get("result"), given.get("error")
    told = None if result is None else json.dumps(result)
    trouble = None if error is None else Trouble(error["type"], error["message"], error["hint"])
    expected = None if given.get("estimate") is None else estimate_of(given["estimate"])
    made = {"failed": failed, "result": told, "error": trouble, "estimate": expected}
    return Job(**{**_known(Job, given), **made})


def estimate_of(given: Mapping[str, Any]) -> Estimate:
    """Give what adding will take."""
    return Estimate(**_known(Estimate, given))


def dossier_of(given: Mapping[str, Any]) -> Dossier:
    """Give a dossier."""
    return Dossier(**_known(Dossier, given))


def health_of(given: Mapping[str, Any]) -> Health:
    """Give how one part is."""
    return Health(**_known(Health, given))


def backup_of(given: Mapping[str, Any]) -> Backup:
    """Give a backup."""
    return Backup(**_known(Backup, given))


def compacted_of(given: Mapping[str, Any]) -> Compacted:
    """Give what compacting dropped."""
    return Compacted(**_known(Compacted, given))


def reindexed_of(given: Mapping[str, Any]) -> Reindexed:
    """Give what embedding again changed."""
    return Reindexed(**_known(Reindexed, given))


def error_of(given: Mapping[str, Any], retry_after: int = 1) -> DossierError:
    """Give the error that the server raised."""
    told = given["error"]
    kinds = {kind.type: kind for kind in _all_kinds(DossierError)}
    kind = kinds.get(told["type"], errors.UsageError)
    if issubclass(kind, Overloaded):
        return kind(told["message"], told["hint"], retry_after=retry_after)
    return kind(told["message"], told["hint"])


def _statement(given: Mapping[str, Any]) -> Statement:
    return Statement(**{**_known(Statement, given), "citations": tuple(given["citations"])})


def _citation(given: Mapping[str, Any]) -> Citation:
    document, place = document_of(given["document"]), Place(**_known(Place, given["place"]))
    return Citation(
        number=given["number"],
        kind=given["kind"],
        quote=given["quote"],
        start=given["start"],
        end=given["end"],
        place=place,
        document=document,
        passage=_passage(given["passage"], document, place),
        also_in=tuple(Twin(document_of(twin["document"]), twin["start"], twin["end"]) for twin in given["also_in"]),
    )


def _passage(given: Mapping[str, Any], document: Document, place: Place) -> Passage:
    return Passage(
        given["id"], document.id, document.version, 0, given["start"], given["end"], given["text"], place, ()
    )


def _disagreement(given: Mapping[str, Any]) -> Disagreement:
    values = tuple(Value(value["value"], tuple(value["citations"])) for value in given["values"])
    return Disagreement(given["about"], values)


def _known(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Pass over the fields that a newer version added."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def _all_kinds(kind: type[DossierError]) -> Iterator[type[DossierError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all_kinds(below)
