"""Bytes to a child process and back, for no longer than it may take."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable
from typing import IO

_MOST_ANSWERED = 2**31
_AT_ONCE = 1 << 16
"""Bytes: what a pipe holds."""
_LOOK_SECONDS = 0.2


class Late(Exception):
    """The child did not answer in its time."""


class Exchange:
    """One message and its answer, over pipes that do not block, until a time of the monotonic clock.

    `look` is called while one waits, and what it raises ends the waiting.
    """

    def __init__(self, requests: IO[bytes], answers: IO[bytes], until: float, look: Callable[[], None]) -> None:
        self._requests, self._answers = requests.fileno(), answers.fileno()
        self._until = until
        self._look = look

    def send(self, head: bytes, content: bytes) -> None:
        """Write it all. Raises Late, or OSError when the child has ended."""
        parts = (head, content) if len(content) > _AT_ONCE else (head + content,)  # a small file wakes the child once
        for part in parts:
            self._write(memoryview(part))

    def receive(self) -> bytearray:
        """Read an answer, which comes after its length in eight bytes. Raises Late, EOFError or ValueError."""
        came, end = bytearray(), 8
        while len(came) < end:
            self._wait(self._answers, select.POLLIN)
            more = os.read(self._answers, _AT_ONCE)
            if not more:
                raise EOFError
            if len(came) < 8 <= len(came) + len(more):
                size = struct.unpack("!Q", (bytes(came) + more)[:8])[0]
                if size > _MOST_ANSWERED:
                    raise ValueError(size)
                end += size
            came += more
        if len(came) > end:
            raise ValueError(len(came))
        del came[:8]
        return came

    def _write(self, rest: memoryview) -> None:
        while rest:
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                self._wait(self._requests, select.POLLOUT)

    def _wait(self, pipe: int, way: int) -> None:
        ready = select.poll()  # unlike `select`, it takes pipes of any number
        ready.register(pipe, way)
        while (left := self._until - time.monotonic()) > 0:
            if ready.poll(min(left, _LOOK_SECONDS) * 1000):
                return
            self._look()
        raise Late
