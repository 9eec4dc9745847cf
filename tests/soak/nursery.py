"""Processes that pay for no import: forked from one that has everything at hand, hurt at a chosen system call."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 400.0
"""Seconds after which a process counts as one that hangs: the machine may be busy."""
ROOM = 500_000_000
STRACE = ("strace", "-f", "-qq", "-y", "-ttt")
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        *("pytest", "chromadb", "chromadb.api.rust", "index.load", "index.split"),
        *("tests.soak.worker", "tests.soak.checks", "tests.soak.machine"),
    ]
)


@dataclass(slots=True)
class Told:
    """What a process had said when it ended."""

    status: int | None = None
    """Its exit status, negative for the signal that ended it, None if it hung."""
    said: list[list[Any]] = field(default_factory=list)
    """What it said, in order: the time, a word, and what belongs to it."""
    noise: str = ""
    """What it wrote on its standard error."""
    calls: list[str] = field(default_factory=list)
    """The calls that strace logged: those that failed, where some were made to."""

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    @property
    def finished(self) -> bool:
        return self.status == 0

    @property
    def end(self) -> str:
        if self.status is None:
            return "hung"
        return "finished" if self.finished else "killed" if self.killed else f"gave up ({self.status})"

    def all(self, word: str) -> list[list[Any]]:
        """What was said under a word."""
        return [rest for _, kind, *rest in self.said if kind == word]


class Child:
    """A process that does a work of `tests.soak.worker` (or of another module: `checks:damaged`)."""

    def __init__(self, work: str, *arguments: Any, inject: str | None = None, trace: str | None = None) -> None:
        self._noise = tempfile.NamedTemporaryFile(prefix="noise-")  # noqa: SIM115 - closed with the child
        self._log = tempfile.NamedTemporaryFile(prefix="calls-")  # noqa: SIM115
        self._ours, theirs = socket.socketpair()
        self._told = Told()
        self._rest = b""
        self._heard = 0
        self._ended = False
        self._strace: subprocess.Popen[bytes] | None = None
        self.process: BaseProcess = _CONTEXT.Process(target=_live, args=(theirs, self._noise.name, work, arguments))
        self.process.start()
        theirs.close()
        if inject or trace:
            self._attach(inject, trace or (inject or "").partition(":")[0])
        self._ours.send(b"!")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            self.process.kill()
            self.wait(60)

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def hear(self, word: str, seconds: float = PATIENCE) -> list[Any]:
        """Wait until something is said under a word, after what was heard before; give what belongs to it."""
        deadline = time.monotonic() + seconds
        while True:
            while self._heard < len(self._told.said):
                _, kind, *rest = self._told.said[self._heard]
                self._heard += 1
                if kind == word:
                    return rest
            if not self._listen(deadline):
                raise TimeoutError(f"{word!r} was not said: {self._told}")

    def tell(self, what: object) -> None:
        """Say something to a work that listens."""
        self._ours.settimeout(PATIENCE)
        self._ours.sendall((json.dumps(what) + "\n").encode())

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> Told:
        """Wait for its end; one that does not end is killed and counts as hung."""
        if self._ended:
            return self._told
        deadline = time.monotonic() + seconds
        while self._listen(deadline):
            pass
        self.process.join(max(0.1, deadline - time.monotonic()))
        self._told.status = self.process.exitcode
        if self._told.status is None:
            self.process.kill()
            self.process.join()
        if self._strace is not None:
            try:
                self._strace.wait(30)
            except subprocess.TimeoutExpired:  # a child of the one that hung still lives
                self._strace.kill()
            self._told.calls = Path(self._log.name).read_text(errors="replace").splitlines()
        self._told.noise = Path(self._noise.name).read_text(errors="replace")[-3000:]
        for file in (self._noise, self._log, self._ours):
            file.close()
        self._ended = True
        return self._told

    def _listen(self, deadline: float) -> bool:
        """Take what comes next; False at the end of all, or of the time."""
        self._ours.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            came = self._ours.recv(1 << 20)
        except (TimeoutError, OSError):
            return False
        *lines, self._rest = (self._rest + came).split(b"\n")
        self._told.said += map(json.loads, lines)
        return bool(came)

    def _attach(self, inject: str | None, trace: str) -> None:
        command = [*STRACE, "-o", self._log.name, "-e", f"trace={trace}", "-p", str(self.pid)]
        self._strace = subprocess.Popen(
            [*command, *(("-e", f"inject={inject}", "-e", "status=failed") if inject else ())]
        )
        status = Path(f"/proc/{self.pid}/status")
        while "TracerPid:\t0\n" in status.read_text():
            assert self._strace.poll() is None, "strace could not attach"
            time.sleep(0.002)


def folder_in_memory() -> Path:
    """Make a folder where waiting for the disk costs nothing, if there is room.

    A killed process leaves there what it leaves on any disk: only a machine that is turned off tells the difference.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return Path(tempfile.mkdtemp(prefix="dossier-", dir=memory if roomy else None))


def do(work: str, *arguments: Any, inject: str | None = None) -> Told:
    """Let a child do a work and wait for its end."""
    with Child(work, *arguments, inject=inject) as child:
        return child.wait()


def _live(mine: socket.socket, noise: str, work: str, arguments: Sequence[Any]) -> None:
    from tests.soak import worker

    worker.live(mine, noise, work, arguments)
