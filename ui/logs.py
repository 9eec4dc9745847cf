"""What the server says on standard error: lines for people or JSON for programs; no keys, contents only on wish."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the request that is being answered, in every thread that works for it."""
LOG = logging.getLogger("dossier")
HIDDEN = "(what it says is left out: log_contents is off)"
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Filter):
    """Marks a record with its request, and takes out keys wherever they stand."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, changed."""
        record.request = REQUEST.get()
        message = self.hide(record.getMessage())
        record.msg, record.args = message, None
        return True

    def hide(self, text: str) -> str:
        """Replace every key."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class Plain(logging.Formatter):
    """Lines for people."""

    def __init__(self, discreet: Discreet, *, contents: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._discreet = discreet
        self._contents = contents

    def formatException(self, ei: Raised) -> str:  # noqa: N802  # logging's own name
        """Give the trace; what the error says may hold somebody's words."""
        return _trace(ei, self._discreet, self._contents)


class Json(JsonFormatter):
    """One JSON object a line."""

    def __init__(self, discreet: Discreet, *, contents: bool) -> None:
        super().__init__(
            ("levelname", "name", "message", "request"),
            timestamp="time",
            rename_fields={"levelname": "level", "name": "logger"},
            json_ensure_ascii=True,  # no text steers a terminal that shows the log
        )
        self._discreet = discreet
        self._contents = contents

    def formatException(self, ei: Raised) -> str:  # noqa: N802  # logging's own name
        """Give the trace; what the error says may hold somebody's words."""
        return _trace(ei, self._discreet, self._contents)


def set_up(kind: str, secrets: Sequence[str], *, contents: bool) -> None:
    """Send everything that is logged in this process to standard error, in one form."""
    discreet = Discreet(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(discreet)
    handler.setFormatter((Json if kind == "json" else Plain)(discreet, contents=contents))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    LOG.setLevel(logging.INFO if kind == "json" else logging.WARNING)


def _trace(raised: Raised, discreet: Discreet, contents: bool) -> str:
    kind, error, trace = raised
    if kind is None:
        return ""
    frames = "".join(traceback.format_tb(trace))
    said = discreet.hide(str(error)) if contents else HIDDEN
    return f"Traceback (most recent call last):\n{frames}{kind.__name__}: {said}"
