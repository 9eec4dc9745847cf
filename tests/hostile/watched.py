"""Runs a piece of work in a process of its own and writes down what it did to files, the network and programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOOK = """
import json, os, sys, threading
_seen = []
_watched = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system",
            "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link",
            "os.symlink", "os.truncate", "os.chmod", "shutil.rmtree", "pickle.find_class", "exec", "compile")
_writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_on = False
def _hook(event, arguments):
    global _on
    if not _on:
        return
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _writing or event in _watched:
        _on = False
        _seen.append([event, str(arguments[:2])[:300], threading.current_thread().name])
        _on = True
sys.addaudithook(_hook)
class watching:
    def __enter__(self):
        global _on
        _on = True
    def __exit__(self, *rest):
        global _on
        _on = False
def report(**more):
    print(json.dumps({"seen": _seen, **more}), flush=True)
"""


def watched(code: str, *arguments: str, cwd: Path, timeout: float = 240) -> dict[str, object]:
    """Run `code`, which calls `watching()` and `report(...)`; give what it reports, with all events under `seen`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}
    environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests' / 'ui'}"
    if models := os.environ.get("DOSSIER_MODELS"):
        environment["DOSSIER_MODELS"] = models
    child = subprocess.run(
        [sys.executable, "-c", HOOK + code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=timeout,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    reported: dict[str, object] = json.loads(child.stdout.splitlines()[-1])
    return reported
