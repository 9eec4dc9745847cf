"""Commands as someone types them, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.cli import main


class CommandLine:
    """Runs commands over a data folder; `out` and `err` hold what the last one printed."""

    def __init__(self, capture: pytest.CaptureFixture[str], data: Path) -> None:
        self.capture = capture
        self.data = data
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(self.data), *arguments])
        self.out, self.err = self.capture.readouterr()
        return int(ended.value.code or 0)
