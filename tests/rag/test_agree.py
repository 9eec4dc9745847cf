from __future__ import annotations

import pytest

from rag.verify.agree import CHECKS
from rag.verify.speech import stays_reported

EVIDENCE = "Sales of Acme rose from 12 to 15 million crowns in May 2023, before Beta bought it; “we are glad”, it said."


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        ("quotes", "Acme is “very glad”."),
        ("quotes", "See https://evil.example/x."),
        ("figures", "Sales of Acme rose to 16 million crowns."),
        ("figures", "Sales of Acme rose from 15 to 12 million crowns."),
        ("bound", "Beta paid 15 million crowns for wages."),
        ("dates", "Sales of Acme rose in June 2023."),
        ("names", "Sales of the firm Gamma rose."),
        ("names", "Reuters: sales rose."),
        ("negation", "Sales of Acme did not rise."),
        ("direction", "Sales of Acme fell."),
        ("direction", "Sales rose after Beta bought it."),
        ("scope", "Only the sales of Acme rose."),
        ("scope", "Sales of Acme rose because Beta bought it."),
    ],
)
def test_what_does_not_agree_is_seen(check: str, statement: str) -> None:
    assert not CHECKS[check](statement, EVIDENCE)


@pytest.mark.parametrize(
    "statement",
    [
        "Sales of Acme rose from 12 to 15 million crowns in May 2023.",
        "In May 2023 the sales of Acme rose to 15,000,000 crowns.",
        "Acme said “we are glad”.",
        "Beta bought Acme after its sales rose.",
    ],
)
def test_what_agrees_passes(statement: str) -> None:
    failed = [name for name, agrees in CHECKS.items() if not agrees(statement, EVIDENCE)]
    assert failed in ([], ["direction"])


@pytest.mark.parametrize(
    ("statement", "evidence", "stays"),
    [
        ("The minister lied.", "The opposition claims that the minister lied.", False),
        ("The opposition claims that the minister lied.", "The opposition claims that the minister lied.", True),
        ("The bridge opens in May.", "The bridge might open in May.", False),
        ("The bridge may open in May.", "The bridge might open in May.", True),
        ("The bridge opened in May.", "The bridge opened in May.", True),
        ("The deal is a disaster.", "According to Smith, the deal is a disaster.", False),
    ],
)
def test_what_somebody_says_stays_theirs(statement: str, evidence: str, stays: bool) -> None:
    assert stays_reported(statement, evidence) is stays
