"""Parsing in a child process, so that a file that breaks its parser takes nothing else with it."""

from __future__ import annotations

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from index.errors import Cancelled, UnreadableFile
from index.load.formats import MOST_PICTURES, Format, shown
from index.load.pipes import Exchange, Late
from index.records import Mark, Metadata, Reading

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from index.load.child import serve; serve()"
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "TESSDATA_PREFIX")
"""Nothing else: keys and passwords are no business of a parser."""
_ALWAYS = {"PYTHONHASHSEED": "0", "OMP_THREAD_LIMIT": "1"}
_MEGABYTE = 1_000_000
_HINT = "Leave it out, or save it in another of the supported formats."
_ROOT = Path(__file__).parents[2]
"""Where `index` lies; the child does without what an installation adds to finding modules."""
_ENDING_SECONDS = 2
_SECONDS_A_PICTURE = 15
"""Of processor time, for a page whose text is recognised; most take one or two."""


class _Died(Exception):
    """The child ended instead of answering."""

    def __init__(self, reason: str, *, by_time: bool) -> None:
        super().__init__(reason)
        self.by_time = by_time


class Sandbox:
    """A child process that reads files one at a time; started when first needed, renewed after some files.

    A file of n megabytes may take `seconds` + 4n of processor time (and more for pages whose text is recognised), half
    as much again by the clock, and `memory` + 8n megabytes of address space.
    """

    def __init__(self, *, files: int = 1000, memory: int = 512, seconds: int = 20) -> None:
        self._files = files
        self._memory = memory
        self._seconds = seconds
        self._lock = Lock()
        self._worker: _Worker | None = None

    def read(
        self,
        name: str,
        known: Format,
        content: bytes,
        most_characters: int,
        look: Callable[[], None] | None = None,
        languages: str = "",
    ) -> Reading:
        """Read a file in the child. Raises UnreadableFile, also when the parser dies or hangs.

        `look` is called while one waits for the child, and what it raises ends the child. Pages that are pictures are
        read in the languages, such as `eng+deu`, where text recognition is installed.
        """
        wish = {"reader": known.name, "characters": most_characters, "languages": languages, "pictures": 0}
        answer = self._made(name, wish, content, look or _go_on)
        pictures = answer.get("pictures")
        if isinstance(pictures, int) and 0 < pictures <= MOST_PICTURES:  # no child grants itself more time
            answer = self._made(name, {**wish, "pictures": pictures}, content, look or _go_on)
        return _reading(name, answer)

    def view(self, name: str, wish: Mapping[str, object], content: bytes) -> Any:  # noqa: ANN401  # JSON is any
        """Look at a PDF in the child, as `pdf_view` says. Raises UnreadableFile, also when its parser dies or hangs."""
        answer = self._made(name, {"view": wish}, content, _go_on)
        if "seen" not in answer:
            raise UnreadableFile(f"{shown(name)} could not be shown: {answer.get('failed', 'it is damaged')}.", _HINT)
        return answer["seen"]

    def _made(self, name: str, wish: Mapping[str, Any], content: bytes, look: Callable[[], None]) -> dict[str, Any]:
        request = {
            **wish,
            "name": name[:1000],
            "size": len(content),
            "memory": self._memory * _MEGABYTE + 8 * len(content),
            "seconds": self._seconds + 4 * len(content) // _MEGABYTE + _SECONDS_A_PICTURE * wish.get("pictures", 0),
        }
        with self._lock:
            answer = self._ask(name, request, content, look)
            if "failed" in answer:
                self._end()  # what it holds of the file is not worth keeping
        return answer

    def close(self) -> None:
        """End the child; the next file starts another."""
        with self._lock:
            self._end()

    def _ask(self, name: str, request: dict[str, Any], content: bytes, look: Callable[[], None]) -> dict[str, Any]:
        while True:
            worker = self._ready()
            fresh = worker.served == 0
            try:
                answer = worker.ask(request, content, look)
            except Cancelled:
                self._end()
                raise
            except _Died as error:
                self._end()
                if fresh or error.by_time:
                    raise UnreadableFile(f"{shown(name)} could not be read: {error}.", _HINT) from error
                continue  # what earlier files left behind may be the cause: the outcome must be the file's own
            if "failed" in answer and not fresh:
                self._end()
                continue
            return answer

    def _ready(self) -> _Worker:
        if self._worker is not None and (self._worker.served >= self._files or not self._worker.is_ours()):
            self._end()
        if self._worker is None:
            self._worker = _Worker()
        return self._worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


class _Worker:
    """One child process, and how many files it has read."""

    def __init__(self) -> None:
        self.served = 0
        self._owner = os.getpid()
        paths = [str(Path(path).absolute()) for path in [*sys.path, str(_ROOT)]]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-B", "-P", "-S", "-c", _START, json.dumps(paths)],  # -P: not what lies about here
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ} | _ALWAYS,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)  # so that no child keeps its parent longer than it may
        self._timed_out = False

    def is_ours(self) -> bool:
        """Whether it was not inherited through a fork."""
        return self._owner == os.getpid()

    def ask(self, request: dict[str, Any], content: bytes, look: Callable[[], None]) -> dict[str, Any]:
        """Send a file and wait for what was made of it."""
        until = time.monotonic() + request["seconds"] * 1.5
        try:
            answer = self._exchange(json.dumps(request).encode(), content, until, look)
        except (OSError, EOFError, ValueError, Late) as error:
            self._timed_out = isinstance(error, Late)
            if isinstance(error, OSError | EOFError):
                with suppress(subprocess.TimeoutExpired):  # it is ending by itself, and how is worth knowing
                    self._process.wait(_ENDING_SECONDS)
            self.end()
            raise _Died(self._reason(request["seconds"]), by_time=self._timed_out) from error
        self.served += 1
        return answer

    def end(self) -> None:
        """Kill the process and wait for its end."""
        if self.is_ours():
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _exchange(self, head: bytes, content: bytes, until: float, look: Callable[[], None]) -> dict[str, Any]:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise EOFError
        exchange = Exchange(requests, answers, until, look)
        exchange.send(struct.pack("!I", len(head)) + head, content)
        answer = json.loads(exchange.receive())
        if not isinstance(answer, dict):
            raise ValueError(answer)  # noqa: TRY004 - like every other unsound answer
        return answer

    def _reason(self, seconds: int) -> str:
        code = self._process.returncode
        if self._timed_out or code == -signal.SIGXCPU:
            self._timed_out = True
            return f"it took its parser more than {seconds} s"
        if code == -signal.SIGKILL:
            return "the system ended its parser, most likely for want of memory"
        if code < 0:
            return f"it crashed its parser ({signal.Signals(-code).name})"
        return f"its parser ended with code {code}"


def _go_on() -> None:
    """Wait for the child, however long it takes."""


def _reading(name: str, answer: dict[str, Any]) -> Reading:
    """Make a reading of the child's answer, which is believed as little as the file."""
    try:
        if "refused" in answer:
            message, hint = answer["refused"]
            raise UnreadableFile(str(message), str(hint))
        if "failed" in answer:
            raise UnreadableFile(f"{shown(name)} could not be read: {answer['failed']}.", _HINT)
        found = answer["reading"]
        marks = tuple(Mark(int(mark["start"]), mark["kind"], str(mark["label"])) for mark in found["marks"])
        stated = {key: None if value is None else str(value) for key, value in found["metadata"].items()}
        metadata = Metadata(**stated)  # type: ignore[arg-type]  # `published_from` is one of few words
        return Reading(str(found["text"]), str(found["reader"]), marks, metadata, str(found["media_type"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(f"{shown(name)} could not be read: its parser's answer is unsound.", _HINT) from error


SANDBOX = Sandbox()
"""The one that `index.load.read` uses."""
VIEWER = Sandbox(seconds=10)
"""Another one, so that looking at a page does not wait for a long file that is being read."""
atexit.register(SANDBOX.close)
atexit.register(VIEWER.close)
