"""Traces for OpenTelemetry: where the time of requests, answers and adding went; nobody's words, names or keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING

from index.errors import NotInstalled

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from index.records import Handled, Lap
    from rag.answers import Answer
    from ui.access import Exchange

PATIENCE = 2.0
"""Seconds that a stopping server waits for the collector."""
SEND_SECONDS = 3.0
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Untraced:
    """Is told the same as `Traces` and keeps it to itself: the default."""

    def entered(self, request: str, parent: str) -> None:
        """A request came, perhaps as part of somebody's trace (the header `traceparent`)."""

    def left(self, exchange: Exchange) -> None:
        """It was answered."""

    def asked(self) -> None:
        """Answering a question began."""

    def answered(self, answer: Answer, laps: Iterable[Lap]) -> None:
        """It ended with an answer."""

    def broke_off(self, error: BaseException) -> None:
        """It ended without one."""

    def handled(self, handled: Handled) -> None:
        """The worker that adds is done with a file."""

    def close(self) -> None:
        """Nothing more comes."""


class Traces(Untraced):
    """Sends spans to a collector in the background; what cannot be sent is lost and holds nothing up.

    Errors are told by their kind alone: what they say may hold somebody's words. Nothing is registered with the
    process as a whole, so that no library's own spans, which could hold words, are sent along.
    """

    def __init__(self, address: str) -> None:
        """Begin to send to the collector at `address`, over OTLP/HTTP. Raises NotInstalled."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise NotInstalled("The setting 'traces' needs OpenTelemetry.", "Install it: make traces") from None
        release = version("dossier")
        resource = Resource.create({"service.name": "dossier", "service.version": release})
        exporter = OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # a dead collector must not stop us
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("dossier", release)
        self._span: ContextVar[Span | None] = ContextVar("span", default=None)

    def entered(self, request: str, parent: str) -> None:
        """Begin the request's span, in the trace that its sender named, if any."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        self._span.set(self._tracer.start_span("request", context, attributes={"dossier.request": request}))

    def left(self, exchange: Exchange) -> None:
        """End it, named by its route's pattern."""
        span = self._span.get()
        if span is None:
            return
        method = exchange.method if exchange.method in METHODS else "other"
        span.update_name(f"{method} {exchange.route}")
        span.set_attributes({"http.request.method": method, "http.route": exchange.route})
        span.set_attribute("http.response.status_code", exchange.status)
        _end(span, f"{exchange.status}" if exchange.status >= 500 else None)

    def asked(self) -> None:
        """Begin an answer's span, in its request's if there is one."""
        self._span.set(self._tracer.start_span("ask", _within(self._span.get())))

    def answered(self, answer: Answer, laps: Iterable[Lap]) -> None:
        """End it, with a span for each of its steps."""
        if (span := self._span.get()) is None:
            return
        self._laps(span, laps)
        usage = answer.usage
        span.set_attributes(
            {
                "dossier.answer": answer.id,
                "dossier.standing": answer.standing,
                "dossier.statements": len(answer.statements),
                "dossier.citations": len(answer.citations),
                "dossier.dropped": answer.dropped,
                "dossier.model_calls": usage.model_calls,
                "dossier.input_tokens": usage.input_tokens,
                "dossier.output_tokens": usage.output_tokens,
            }
        )
        _end(span)

    def broke_off(self, error: BaseException) -> None:
        """End it with the kind of what went wrong."""
        if (span := self._span.get()) is not None:
            _end(span, type(error).__name__)

    def handled(self, handled: Handled) -> None:
        """Send the span of a file that was added or tried, with its steps."""
        span = self._tracer.start_span(handled.kind, start_time=_clock(handled.began))
        self._laps(span, handled.laps)
        _end(span, handled.error, handled.ended)

    def close(self) -> None:
        """Send what is left, if the collector takes it soon."""
        last = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        last.start()
        last.join(PATIENCE)

    def _laps(self, parent: Span, laps: Iterable[Lap]) -> None:
        for lap in laps:
            span = self._tracer.start_span(lap.step, _within(parent), start_time=_clock(lap.began))
            span.end(_clock(lap.ended))


def traces_to(address: str) -> Untraced:
    """Give what sends to that address; an empty one sends nothing. Raises NotInstalled."""
    return Traces(address) if address else Untraced()


def _within(parent: Span | None) -> Context:
    """Give the context of a span."""
    from opentelemetry.context import Context
    from opentelemetry.trace import set_span_in_context

    return Context() if parent is None else set_span_in_context(parent, Context())


def _end(span: Span, wrong: str | None = None, at: float | None = None) -> None:
    """End a span, at a moment of `time.perf_counter()` if one is given."""
    from opentelemetry.trace import StatusCode

    if wrong is not None:
        span.set_attribute("error.type", wrong)
        span.set_status(StatusCode.ERROR)
    span.end(None if at is None else _clock(at))


def _clock(moment: float) -> int:
    """Give the nanoseconds since 1970 of a moment of `time.perf_counter()`."""
    return time.time_ns() - round(1e9 * (time.perf_counter() - moment))
