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
        ("?", ""),
    ],
)
def test_what_agrees_or_is_asked_either_way_is_none(asked: str, told: str) -> None:
    assert contrast(understand(asked), told) is None
