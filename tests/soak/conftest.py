from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.soak.faults import Masters

sys.path.insert(0, str(Path(__file__).parents[1] / "ui"))  # the stand-ins lie beside the tests of the page


@pytest.fixture(scope="session")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Masters:
    """Data folders with twenty documents: searched exactly, and through Chroma."""
    return Masters(tmp_path_factory.mktemp("masters"))
