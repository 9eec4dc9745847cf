"""Sees every request and every answer, counts them and tells the log; keeps nothing that was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from index.errors import Cancelled
from index.records import Lap
from index.shelf import Shelf
from rag.answers import Answer, Ask
from ui.access import Exchange
from ui.logs import LOG, REQUEST
from ui.metrics import Load, Metrics
from ui.traces import Untraced


class Watch:
    """The composer of metrics, traces and log."""

    def __init__(
        self, shelf: Shelf, load: Callable[[], Load], *, contents: bool = False, traces: Untraced | None = None
    ) -> None:
        self.metrics = Metrics(shelf, load)
        self.traces = traces or Untraced()
        self._contents = contents

    def entered(self, request: str, parent: str) -> None:
        """Remember whose request the following is about, and whose trace it belongs to."""
        REQUEST.set(request)
        self.traces.entered(request, parent)

    def left(self, exchange: Exchange) -> None:
        """Note how a request ended."""
        self.metrics.exchanged(exchange)
        self.traces.left(exchange)
        about = {"method": exchange.method, "route": exchange.route, "status": exchange.status}
        more = {"ms": round(1000 * exchange.seconds), "client": exchange.client, "key": exchange.visitor.name}
        LOG.info("request", extra=about | more)

    def asked(self, ask: Ask) -> None:
        """Note that answering begins."""
        self.metrics.asked()
        self.traces.asked()
        if self._contents:
            LOG.info("asked", extra={"question": ask.question, "dossier": ask.dossier})

    def answered(self, answer: Answer, laps: Iterable[Lap] = ()) -> None:
        """Note an answer and when its steps ran."""
        self.metrics.answered(answer)
        self.traces.answered(answer, laps)
        about: dict[str, object] = {"standing": answer.standing, "ms": answer.took.total_ms, "dropped": answer.dropped}
        about |= {"statements": len(answer.statements), "citations": len(answer.citations)}
        if self._contents:
            about |= {"text": answer.text, "missing": list(answer.missing)}
        LOG.info("answered", extra=about)

    def broke_off(self, error: BaseException) -> None:
        """Note that there was no answer."""
        self.metrics.broke_off("cancelled" if isinstance(error, Cancelled) else "failed")
        self.traces.broke_off(error)
        LOG.info("unanswered", extra={"error": type(error).__name__})

    def refused(self) -> None:
        """Note that there was no room."""
        self.metrics.refused()
