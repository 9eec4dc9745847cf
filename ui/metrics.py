"""Figures for Prometheus that tell whether all is well, whether it is slow, and whether it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector

from rag.answers import Answer

if TYPE_CHECKING:
    from index.shelf import Shelf
    from ui.access import Exchange

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
Trouble = Literal["failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Load:
    """How much the pool for asking has to do."""

    busy: int
    """Questions that are being answered or wait."""
    room: int
    """How many there may be before others are asked to come back."""


class Metrics:
    """Counts in a registry of its own; nothing here holds a question, an answer, a name or a key."""

    def __init__(self, shelf: Shelf, load: Callable[[], Load]) -> None:
        self.registry = registry = CollectorRegistry()
        self._asked = Counter("dossier_questions", "Questions whose answering began.", registry=registry)
        self._answers = Counter(
            "dossier_answers", "Answers by how well they are proved.", ["standing"], registry=registry
        )
        self._dropped = Counter(
            "dossier_statements_dropped", "Statements left out: their citations do not prove them.", registry=registry
        )
        self._troubles = Counter(
            "dossier_questions_unanswered", "Questions that broke off.", ["reason"], registry=registry
        )
        self._refused = Counter(
            "dossier_questions_refused", "Questions for which there was no room.", registry=registry
        )
        self._steps = Histogram(
            "dossier_answer_step_seconds",
            "Where the time of answers went.",
            ["step"],
            buckets=SECONDS,
            registry=registry,
        )
        self._responses = Counter(
            "dossier_http_responses", "Answers over HTTP.", ["method", "route", "status"], registry=registry
        )
        self._http = Histogram(
            "dossier_http_seconds", "How long answers over HTTP took.", ["route"], buckets=SECONDS, registry=registry
        )
        registry.register(Now(shelf, load))
        ProcessCollector(registry=registry)
        for standing in ("grounded", "partly_grounded", "ungrounded", "declined", "aside"):
            self._answers.labels(standing)
        for reason in ("failed", "cancelled"):
            self._troubles.labels(reason)

    def asked(self) -> None:
        """Count a question that is being answered."""
        self._asked.inc()

    def answered(self, answer: Answer) -> None:
        """Count an answer and the time of its steps."""
        self._answers.labels(answer.standing).inc()
        self._dropped.inc(answer.dropped)
        took = answer.took
        for step in ("total", "retrieve", "rerank", "answer", "verify"):
            self._steps.labels(step).observe(getattr(took, f"{step}_ms") / 1000)

    def broke_off(self, reason: Trouble) -> None:
        """Count a question without an answer."""
        self._troubles.labels(reason).inc()

    def refused(self) -> None:
        """Count a question for which there was no room."""
        self._refused.inc()

    def exchanged(self, exchange: Exchange) -> None:
        """Count an answer over HTTP."""
        method = exchange.method if exchange.method in METHODS else "other"
        self._responses.labels(method, exchange.route, str(exchange.status)).inc()
        self._http.labels(exchange.route).observe(exchange.seconds)

    def exposition(self) -> bytes:
        """Give all figures as Prometheus reads them."""
        return generate_latest(self.registry)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Now(Collector):
    """What is so at the moment of asking, read from where it is known."""

    def __init__(self, shelf: Shelf, load: Callable[[], Load]) -> None:
        self._shelf = shelf
        self._load = load

    def collect(self) -> Iterator[Metric]:
        """Give the gauges."""
        load, shelf = self._load(), self._shelf
        dossiers, indexes = shelf.dossiers(), shelf.in_step()
        yield _gauge("dossier_queue_length", "Questions that are being answered or wait.", load.busy)
        yield _gauge("dossier_queue_room", "How many questions there may be at once.", load.room)
        yield _gauge("dossier_ready", "Whether the indexes are in step with the library.", int(shelf.ready()[0]))
        yield _gauge("dossier_index_lag", "Changes of the library that an index does not show yet.", indexes.lag)
        yield _counter("dossier_index_builds", "Indexes built since the start, new dossiers' included.", indexes.builds)
        yield _gauge("dossier_dossiers", "Dossiers.", len(dossiers))
        yield _gauge("dossier_documents", "Documents.", sum(one.documents for one in dossiers))
        yield _gauge("dossier_passages", "Passages.", sum(one.passages for one in dossiers))
        jobs = GaugeMetricFamily("dossier_jobs", "Jobs of adding documents.", labels=["state"])
        states = [job.state for job in shelf.jobs()]
        for state in ("queued", "running", "done", "failed", "cancelled"):
            jobs.add_metric([state], states.count(state))
        yield jobs

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: nothing is read while the registry is made."""
        return []


def metrics_route(metrics: Metrics) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["Operations"])

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text."}},
    )
    def show() -> Response:
        """Give figures for Prometheus."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_1_0_0)

    return router


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(name, meaning, value)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)
