"""Every guard still stands where the list says; `make teeth` takes each away and sees its test fail."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.teeth.guards import GUARDS, Guard

ROOT = Path(__file__).parents[2]


def test_there_are_forty_and_more() -> None:
    assert len({(guard.file, guard.text) for guard in GUARDS}) == len(GUARDS) >= 40


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.about for guard in GUARDS])
def test_a_guard_stands_and_its_test_is_there(guard: Guard) -> None:
    text = (ROOT / guard.file).read_text(encoding="utf-8")
    assert text.count(guard.text) == 1
    ast.parse(text.replace(guard.text, guard.instead))
    file, _, test = guard.test.partition("::")
    source = (ROOT / file).read_text(encoding="utf-8")
    assert not test or f"def {test}(" in source
