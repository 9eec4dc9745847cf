from __future__ import annotations

import pytest

from rag.kinds import holds_kind
from rag.question import understand


@pytest.mark.parametrize(
    ("asked", "holding", "lacking"),
    [
        ("When did the bridge open?", "It opened in May 1994.", "It opened to great applause."),
        ("How many people came?", "Some 300 people came.", "People came from everywhere to see it."),
        ("Who built it?", "Orrin built it.", "it was built by its owners."),
        ("What percentage voted for it?", "A third voted for it.", "300 people voted for it in 2020."),
        ("How much money did it cost?", "It cost 4 million.", "It cost 17 working days."),
        ("On what date was it signed?", "It was signed on 5 May.", "It was signed in 2024."),
        ("On what date was it signed?", "It was signed on Friday.", "It was signed last month."),
        ("In which year did it open?", "It opened in 1894.", "It opened on a Monday in May."),
        ("How often do they meet?", "They meet every week.", "They meet in the town hall, 12 of them."),
        ("Why did it fail?", "It was late.", ""),
    ],
)
def test_a_text_holds_what_is_asked_for_or_lacks_it(asked: str, holding: str, lacking: str) -> None:
    question = understand(asked)
    assert holds_kind(question, holding)
    assert not lacking or not holds_kind(question, lacking)


def test_who_somebody_is_needs_no_other_name() -> None:
    assert holds_kind(understand("Who is Anna Bell?"), "Anna Bell, a retired judge, leads it.")
    assert not holds_kind(understand("Who is the judge of Kolmere?"), "the judge of Kolmere is retired.")
