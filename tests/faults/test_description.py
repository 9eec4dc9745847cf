"""The interface is as it describes itself, whatever is sent: schemathesis with all of its checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.served import served

SETTINGS = Path(__file__).parent / "schemathesis.toml"
SEED = os.environ.get("SOAK_SEED") or "1"


def cases(tmp_path: Path, phases: str, examples: int, *more: str) -> int:
    """Send generated requests to a server of its own; give how many. Fails on any that is not answered as described."""
    with served(tmp_path) as server:
        server.add("The bridge was lifted on 3 May 2024.", "The ferry is to run until June.")
        server.http.post("/v1/conversations", json={})
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", SETTINGS, "run"]
        command += [f"{server.address}/openapi.json", "--phases", phases]
        command += ["--max-examples", str(examples), "--seed", SEED, "--no-shrink", "--no-color"]
        command += ["--continue-on-failure", *more]
        command += ["--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30"]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        told = run.stdout[-12_000:] + run.stderr[-2_000:]
        assert run.returncode == 0, told
        assert server.well()
        assert "Traceback" not in server.log.read_text(), server.log.read_text()[-6_000:]
    found = re.search(r"([\d,]+) generated", run.stdout)
    assert found, told
    return int(found[1].replace(",", ""))


@pytest.mark.timeout(900)
def test_a_thousand_requests_are_answered_as_described(tmp_path: Path) -> None:
    imports = "/(turns|answers)$"  # whole answers that are brought here: as many cases as all the rest; soak tries them
    assert cases(tmp_path, "coverage,stateful", 5, "--exclude-path-regex", imports) >= 1_000


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_ten_thousand_requests_are_answered_as_described(tmp_path: Path) -> None:
    count = cases(tmp_path, "examples,coverage,fuzzing,stateful", 400)
    print(f"\nschemathesis: {count} requests, seed {SEED}")
    assert count >= 10_000
