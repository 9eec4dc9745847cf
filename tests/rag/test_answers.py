from __future__ import annotations

import json

import pytest

from rag.answers import Answer, Citation, Statement, Support, Took
from tests.rag.made import document, hit

HIT = hit("Trade grew by 26%.", document("d_1", title="Trade", publisher="The Post", published="2024"))


def answer(*supports: Support, missing: tuple[str, ...] = (), is_aside: bool = False) -> Answer:
    return Answer(
        "a_1", "Q?", "Q?", "news", "extractive", 0.93217, "", missing=missing, is_aside=is_aside,
        statements=tuple(Statement("x", 0, 1, (1,), support, 0.97) for support in supports),
        citations=(Citation(1, "cited", HIT.passage.text, 0, 18, HIT.passage.place, HIT.document, HIT.passage),),
        took=Took(total_ms=41),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        (answer(), "declined"),
        (answer("supported"), "grounded"),
        (answer("supported", "supported"), "grounded"),
        (answer("supported", "unsupported"), "partly_grounded"),
        (answer("supported", "unchecked"), "partly_grounded"),
        (answer("supported", missing=("the price",)), "partly_grounded"),
        (answer("unsupported"), "ungrounded"),
        (answer("unchecked"), "ungrounded"),
        (answer(is_aside=True), "aside"),
    ],
)
def test_the_standing_is_derived(given: Answer, standing: str) -> None:
    assert given.standing == standing


def test_the_object_of_the_interface_has_every_field() -> None:
    told = json.loads(json.dumps(answer("supported").to_json()))
    assert set(told) == set(
        """id question standalone_question dossier model standing confidence text statements citations nearest missing
        disagreements warnings took usage conversation_id dropped""".split()
    )
    assert told["confidence"] == 0.9322
    (citation,) = told["citations"]
    assert set(citation) == set("number kind quote start end place document passage also_in".split())
    assert citation["document"] == {
        "id": "d_1", "version": "v_d_1", "name": "d_1.txt", "title": "Trade", "publisher": "The Post", "author": None,
        "published": "2024", "published_from": None, "source": "upload:d_1.txt", "url": None,
    }  # fmt: skip
    assert citation["passage"]["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert told["took"]["total_ms"] == 41
