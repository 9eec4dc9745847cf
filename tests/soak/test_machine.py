"""The state machine at length: 500 times 100 steps, in slices of five."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.index.test_state_machine import ShelfMachine
from tests.soak.ledger import SEED, Ledger

pytestmark = [pytest.mark.soak, pytest.mark.timeout(48 * 3600)]
SLICE = 5
STEPS = 100


def test_the_shelf_equals_a_dict_at_length() -> None:
    ledger = Ledger(f"state machine, {SLICE} times {STEPS} steps", 500 / SLICE, tell_each=1)
    how = settings(
        max_examples=SLICE,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    for number, _ in ledger:
        machine = seed(SEED * 10_000 + number)(type("Slice", (ShelfMachine,), {}))
        failure = None
        try:
            run_state_machine_as_test(machine, settings=how)
        except Exception as error:  # whatever it is, it is counted
            failure = f"{error!r} {getattr(error, '__notes__', '')}"[:3000]
        ledger.note(number, "done", failure)
    ledger.close()
