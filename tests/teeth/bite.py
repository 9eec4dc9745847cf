"""Take away one guard after the other, in a copy of the code, and see its test fail: `make teeth`.

The tests are run with all guards in place first: one that fails anyway shows nothing. With TEETH_LOG=FILE what was seen
is written there, and not tried again while guard, guarded file and test file are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from tests.teeth.guards import GUARDS, Guard

ROOT = Path(__file__).parents[2]
COPIED = (
    "index",
    "rag",
    "ui",
    "tests",
    "examples",
    "docs",
    "packaging",
    "scripts",
    "benchmarks",
    "pyproject.toml",
    "README.md",
)


SECONDS = count(int(time.time()) - 10_000_000)
JOBS = int(os.environ.get("TEETH_JOBS") or 2)
LOG = Path(os.environ["TEETH_LOG"]) if os.environ.get("TEETH_LOG") else None


def main(words: Sequence[str]) -> int:
    """Try all guards, or those whose description holds one of the words; 0 where a test fails for each."""
    chosen = [guard for guard in GUARDS if not words or any(word in guard.about for word in words)]
    seen = already_seen()
    left = [guard for guard in chosen if digest(guard) not in seen]
    with tempfile.TemporaryDirectory(prefix="dossier-teeth-") as folder, ThreadPoolExecutor(JOBS) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(JOBS):
            trees.put(copied(Path(folder) / str(number)))
        well = not left or passes(Path(folder) / "0" / "tree", *sorted({guard.test for guard in left}))
        assert well, "a test fails with every guard in place, and so shows nothing: run make test"
        bitten = len(chosen) - len(left) + sum(pool.map(lambda guard: told(trees, guard), left))
    print(f"{bitten} of {len(chosen)} guards: a test fails without it")
    return 0 if bitten == len(chosen) else 1


def told(trees: SimpleQueue[Path], guard: Guard) -> bool:
    """Try one, print a line about it, note it where a test failed."""
    tree = trees.get()
    began = time.monotonic()
    try:
        with without(tree, guard):
            failed = not passes(tree, guard.test)
    finally:
        trees.put(tree)
    state = "fails" if failed else "PASSES"
    print(
        f"| {guard.about} | `{guard.file}` | `{guard.test}` | {state} | {time.monotonic() - began:.0f} s |", flush=True
    )
    if failed and LOG is not None:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"guard": guard.about, "digest": digest(guard)}) + "\n")
    return failed


def already_seen() -> set[str]:
    """Give the digests of those whose test was seen to fail."""
    if LOG is None or not LOG.exists():
        return set()
    return {json.loads(line)["digest"] for line in LOG.read_text(encoding="utf-8").splitlines()}


def digest(guard: Guard) -> str:
    """Tell a guard, its file and its test from every other state of them."""
    files = [(ROOT / file).read_text(encoding="utf-8") for file in (guard.file, guard.test.partition("::")[0])]
    return hashlib.sha256("\0".join((guard.text, guard.instead, guard.test, *files)).encode()).hexdigest()


@contextmanager
def without(tree: Path, guard: Guard) -> Iterator[None]:
    """Take a guard away for the time of a block."""
    path = tree / guard.file
    before = path.read_text(encoding="utf-8")
    assert before.count(guard.text) == 1, guard.about
    changed = before.replace(guard.text, guard.instead)
    compile(changed, str(path), "exec")  # what is no Python proves nothing
    try:
        _write(path, changed)
        yield
    finally:
        _write(path, before)


def _write(path: Path, text: str) -> None:
    """Write a file with a time of its own, by which Python knows that what it compiled is out of date."""
    path.write_text(text, encoding="utf-8")
    second = next(SECONDS)
    os.utime(path, (second, second))


def copied(folder: Path) -> Path:
    """Copy the code."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    leave = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=leave)
        else:
            shutil.copy2(source, tree / name)
    return tree


def passes(tree: Path, *tests: str) -> bool:
    """Run tests in the copy; a guard's test that cannot be found or collected is no failing test."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    environment.setdefault("DOSSIER_MODELS", str(ROOT / "data" / "models"))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout", "120", *tests]
    run = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), f"{tests} could not be run:\n{run.stdout[-2000:]}"
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
