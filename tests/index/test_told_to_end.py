"""A server that is told to end while it adds ends soon, and the next one goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.faults import told_to_end


@pytest.mark.parametrize("after", [0.05, 0.3, 0.7])
def test_a_server_told_to_end_while_it_adds(tmp_path: Path, after: float) -> None:
    _, _, failure, embedded = told_to_end(tmp_path / "data", 100, after)
    assert failure is None
    assert embedded > 0  # else it was told too late, and this shows nothing
