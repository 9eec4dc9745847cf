from __future__ import annotations

import pytest

from rag.contrast import Contrast, contrast
from rag.question import understand


@pytest.mark.parametrize(
    ("asked", "told", "found"),
    [
        ("How often did the bridge jam in 2021?", "It jammed 43 times in 2022.", Contrast("2021", "2022")),
        (
            "What did Orrin buy in April 2021?",
            "Orrin bought a yard in March 2021.",
            Contrast("April 2021", "March 2021"),
        ),
        ("What opened in May 2020?", "The quay opened in May 2019.", Contrast("2020", "2019")),
        ("Who did not sign?", "Doran Pell signed.", Contrast("not", "")),
        ("What has the smallest span?", "The lift bridge has the largest span.", Contrast("smallest", "largest")),
        ("Which bids were accepted?", "The bids of Orrin were rejected.", Contrast("accepted", "rejected")),
        ("Who was unharmed?", "Two welders were harmed.", Contrast("unharmed", "harmed")),
        ("Who was informed?", "The mayor was uninformed.", Contrast("informed", "uninformed")),
        (
            "What did the second inspection find?",
            "The first inspection found 37 faulty welds.",
            Contrast("second inspection", "first inspection"),
        ),
        (
            "What was dug in the 19th century?",
            "A canal, in the 20th century.",
            Contrast("19th century", "20th century"),
        ),
        (
            "What did the Ministry of Ports order?",
            "The Ministry of Roads ordered a halt.",
            Contrast("Ministry of Ports", "Ministry of Roads"),
        ),
    ],
)
def test_the_opposite_is_found(asked: str, told: str, found: Contrast) -> None:
    assert contrast(understand(asked), told) == found


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("How often did the bridge jam in 2022?", "It jammed 43 times in 2022 and 51 in 2023."),
        ("What did Orrin buy in March?", "Orrin bought a yard in March 2021."),
        ("What did Orrin buy in 2021?", "Orrin bought a yard."),
        ("Who did not sign?", "Doran Pell refused to sign."),
        ("Did prices rise?", "Prices fell."),
        ("What is the largest or smallest span?", "The largest span is that of the lift bridge."),
        ("What is the largest span?", "The largest span is 40 m, the smallest 12 m."),
        ("Who was interested in iron?", "The rested crew wanted iron."),
        ("What did the second inspection find?", "The first found 37; the second inspection found 141."),
        ("What did the second inspection find?", "The first bid was low."),
        ("What did Doran Pell order?", "Mr Pell ordered a halt."),
        ("What did Doran Pel order?", "Doran Pell ordered a halt."),
        ("What did Pell order?", "Doran Pell ordered a halt."),
        ("What was sold in March 2021?", "A yard, sold to Orrin in the March of that year."),
        ("?", ""),
    ],
)
def test_what_agrees_or_is_asked_either_way_is_none(asked: str, told: str) -> None:
    assert contrast(understand(asked), told) is None


def test_a_name_that_stands_around_the_evidence_is_no_other_one() -> None:
    question, told = understand("What did the Harbour Authority order?"), "The Bridges Authority ordered a halt."
    assert contrast(question, told) == Contrast("Harbour Authority", "Bridges Authority")
    assert contrast(question, told, "The Harbour Authority did, too.") is None
