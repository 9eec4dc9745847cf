from __future__ import annotations

from datetime import date

from rag.answers import Window
from rag.question import understand
from rag.timely import in_order, in_time, old_evidence
from rag.when import period_of
from tests.rag.made import document, window

TODAY = date(2025, 4, 20)


def told(text: str, published: str | None, logit: float) -> Window:
    return window(text, document(f"d_{published}_{logit}", **({"published": published} if published else {})), logit)


def test_the_time_that_is_asked_for_comes_first() -> None:
    late = told("The council voted for the pier by 27 to 24.", "2024-04-24", 5.0)
    early = told("The council voted for the pier by 31 to 20.", "2023-03-15", 4.0)
    named = told("In March 2024 the council voted for the pier.", None, 3.0)
    question = understand("How did the council vote on the pier in 2024?")
    judged = [early, late, named]
    assert in_time(question, judged, period_of(question.text, TODAY)) == (late, named, early)
    assert in_time(question, judged, None) == (early, late, named)


def test_what_was_published_later_may_tell_of_an_earlier_time() -> None:
    later = told("The council had voted for the pier.", "2025-01-01", 4.0)
    question = understand("How did the council vote in 2024?")
    assert in_time(question, [later], period_of(question.text, TODAY)) == (later,)


def test_the_newest_comes_first_where_the_latest_is_asked_for() -> None:
    old, new = (
        told("It will cost 412 million.", "2023-03-15", 5.0),
        told("It will cost 534 million.", "2024-12-19", 4.5),
    )
    far = told("It rained.", "2025-01-01", -5.0)
    assert in_time(understand("What is the latest estimate of the cost?"), [old, new, far], None) == (new, old, far)
    assert in_time(understand("What will it cost?"), [old, new, far], None) == (old, new, far)


def test_old_evidence_is_told_where_a_newer_document_speaks_of_the_same() -> None:
    question = understand("What will the pier cost?")
    old, new = told("The pier will cost 412 million.", "2023-03-15", 5), told("The pier's cost is up.", "2024-12-19", 4)
    assert old_evidence(question, [old], [old, new]) == ("2023-03-15", new)
    assert old_evidence(question, [new], [new, old]) is None
    assert old_evidence(question, [old, new], [old, new]) is None
    assert old_evidence(understand("What will the pier cost in 2023?"), [old], [old, new]) is None
    assert old_evidence(understand("What did the pier cost?"), [old], [old, new]) is None
    assert old_evidence(question, [old], [old, told("It rained on the pier.", "2024-12-19", 4)]) is None
    assert old_evidence(question, [told("The pier will cost 412 million.", None, 5)], [new]) is None


def test_undated_documents_come_last_in_order_of_time() -> None:
    several = [told("Third.", None, 1), told("Second.", "2024", 2), told("First.", "2023-05", 3)]
    assert [one.text for one in in_order(several)] == ["First.", "Second.", "Third."]
