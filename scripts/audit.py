"""Look the locked packages up among the published advisories; say so where they could not be looked up.

Ends with 1 only for a finding: a build on a machine without network must not fail for that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOCKS = ("requirements.lock", "requirements-dev.lock")
SECONDS = 240


def main(arguments: Sequence[str]) -> int:
    """Audit the lock files (those beside the Makefile if none are named)."""
    locks = [Path(name) for name in arguments] or [Path(__file__).parent.parent / name for name in LOCKS]
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--format",
        "json",
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    command += ["--timeout", "10", *(word for lock in locks for word in ("--requirement", str(lock)))]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return told(None, f"no answer within {SECONDS} s")
    try:
        found: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        return told(None, (run.stderr.strip().splitlines() or ["no reason was given"])[-1][:300])
    return told(found["dependencies"], "the service knows none of them")


def told(packages: list[dict[str, Any]] | None, reason: str) -> int:
    """Print what was found, and give the exit status."""
    looked_up = [package for package in packages or [] if "skip_reason" not in package]
    if not looked_up:
        print(f"audit: NOT DONE, the packages could not be looked up among the advisories: {reason}")
        return 0
    findings = [(package, finding) for package in looked_up for finding in package["vulns"]]
    for package, finding in findings:
        mended = ", ".join(finding.get("fix_versions", [])) or "no version yet"
        print(f"audit: {package['name']} {package['version']} has {finding['id']}; mended in {mended}")
    skipped = [package["name"] for package in packages or [] if "skip_reason" in package]
    print(
        f"audit: {len(looked_up)} packages looked up, {len(findings)} findings, {len(skipped)} not known to the service"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
