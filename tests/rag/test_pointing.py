from __future__ import annotations

import pytest

from rag.answers import Draft
from rag.question import understand
from rag.verify.pointing import DANGLES, UNNAMED, unclear
from rag.verify.quotes import Checked
from tests.rag.made import document, window

REPORTS = {
    "orrin": "Orrin Heavy Lift repaid its debts in July. The company then hired forty riggers.",
    "castell": "Castell & Brane repaid its debts in August. The company then sold a dock.",
    "both": "Orrin Heavy Lift and Castell & Brane agreed on a price. The price was kept secret.",
}
OF_ORRIN = "What did Orrin Heavy Lift do after it repaid its debts?"
OF_BOTH = "What did Orrin Heavy Lift and Castell & Brane do?"
OF_NOBODY = "Who repaid debts?"


def reason(statement: str, told_by: str, question: str, before: tuple[str, ...] = ()) -> str:
    checked = Checked(Draft(statement, (window(REPORTS[told_by], document(told_by)),)), "supported", 1.0)
    return unclear(checked, understand(question), before, lambda one: REPORTS[one.id])


@pytest.mark.parametrize(
    ("statement", "told_by", "question", "before"),
    [
        ("The company then hired forty riggers.", "orrin", OF_ORRIN, ()),
        ("The company then sold a dock.", "castell", OF_BOTH, ("castell",)),
        ("Afterwards the firm sold a dock.", "castell", OF_ORRIN, ("castell", "orrin")),
        ("Castell & Brane said that the company then sold a dock.", "castell", OF_ORRIN, ("orrin",)),
        ("The company then sold a dock.", "castell", OF_NOBODY, ()),
        ("The price was kept secret.", "both", OF_BOTH, ()),
        ("The price was kept secret.", "both", OF_NOBODY, ("orrin",)),
        ("The dock of Castell was sold.", "castell", OF_ORRIN, ()),
        ("Debts were repaid in August.", "castell", OF_ORRIN, ()),
        ("It sold a dock.", "castell", OF_ORRIN, ("castell",)),
        ("It is likely that a dock was sold.", "castell", OF_NOBODY, ()),
        ("The company then sold a dock.", "castell", "Did the EU sell a dock?", ()),
    ],
)
def test_what_is_plain_is_shown(statement: str, told_by: str, question: str, before: tuple[str, ...]) -> None:
    assert reason(statement, told_by, question, before) == ""


@pytest.mark.parametrize(
    ("statement", "told_by", "question", "before", "why"),
    [
        ("The company then sold a dock.", "castell", OF_ORRIN, (), UNNAMED),
        ("The company then sold a dock.", "castell", OF_BOTH, ("orrin",), UNNAMED),
        ("Furthermore, in August, the firm repaid debts.", "castell", OF_BOTH, ("orrin",), UNNAMED),
        ("In August 2024 the company bought a crane of Orrin Heavy Lift.", "castell", OF_ORRIN, (), UNNAMED),
        ("The dock was sold.", "castell", OF_ORRIN, (), UNNAMED),
        ("The company then sold a dock.", "castell", OF_NOBODY, ("orrin",), UNNAMED),
        ("It sold a dock.", "castell", OF_ORRIN, ("orrin",), DANGLES),
        ("This was in August.", "castell", OF_NOBODY, (), DANGLES),
    ],
)
def test_what_would_be_taken_for_something_else_is_not(
    statement: str, told_by: str, question: str, before: tuple[str, ...], why: str
) -> None:
    assert reason(statement, told_by, question, before) == why
