from __future__ import annotations

import pytest

from tests.soak.faults import Masters


@pytest.fixture(scope="session")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Masters:
    """Data folders with twenty documents: searched exactly, and through Chroma."""
    return Masters(tmp_path_factory.mktemp("masters"))
