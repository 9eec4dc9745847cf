"""One bounded pool for asking, used by the page and the routes alike."""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from index.errors import Cancelled, Overloaded
from index.records import Filter, Hit
from index.shelf import Shelf
from rag.answers import Answer, Ask, Event, Finished
from ui.config import Config
from ui.metrics import Load
from ui.traces import Untraced
from ui.watch import Watch

T = TypeVar("T")
Keep = Callable[[Answer], Answer]
"""Takes a whole answer before it is given, and gives it back, with a warning if there is one."""
WITHDRAWN = "The question was withdrawn before it was answered."


def as_it_is(answer: Answer) -> Answer:
    """Give an answer without keeping it."""
    return answer


class Asker(Protocol):
    """What the pool needs of `rag.pipeline.Rag`."""

    shelf: Shelf

    def stream(self, ask: Ask, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Give the answer's events; the last is Finished."""
        ...

    def search(
        self, question: str, dossier: str, filter: Filter, limit: int, per_document: int | None, rerank: bool
    ) -> tuple[Hit, ...]:
        """Give the best passages."""
        ...

    def close(self) -> None:
        """Let the data folder go."""
        ...


class Service:
    """Asks questions in a pool of `workers` threads with a queue; thread-safe, and callable from any thread."""

    def __init__(self, rag: Asker, config: Config, *, contents: bool = False, traces: Untraced | None = None) -> None:
        self.rag = rag
        self.config = config
        self.watch = Watch(rag.shelf, lambda: Load(len(self._running), self._room), contents=contents, traces=traces)
        self.workers = config.workers or os.cpu_count() or 1
        self._room = self.workers + config.queue
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="ask")
        self._lock = threading.Lock()
        self._running: dict[object, threading.Event] = {}
        self._seconds = 0.2
        self._closed = False

    @property
    def shelf(self) -> Shelf:
        """The documents."""
        return self.rag.shelf

    @property
    def busy(self) -> int:
        """How many questions are being answered or waiting."""
        return len(self._running)

    def ask(self, ask: Ask, cancel: threading.Event | None = None, keep: Keep = as_it_is) -> Answer:
        """Answer, waiting for a free worker. Raises Overloaded, Cancelled and what the pipeline raises."""
        nobody = contextvars.Context()
        token = cancel or threading.Event()
        return self._submit(lambda token: self._finish(ask, token, keep), token, nobody).result()

    def stream(self, ask: Ask, cancel: threading.Event | None = None, keep: Keep = as_it_is) -> Iterator[Event]:
        """Give the answer's events as they come; closing the iterator stops the work.

        Raises Overloaded at once, and while iterating Cancelled and what the pipeline raises.
        """
        token = cancel or threading.Event()
        events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        work = self._submit(lambda token: self._pour(ask, token, events.put, keep), token, contextvars.Context())
        work.add_done_callback(lambda done: events.put(_end(done)))
        return self._drain(events, work, token)

    async def ask_async(self, ask: Ask, cancel: threading.Event, keep: Keep = as_it_is) -> Answer:
        """Answer without blocking the event loop; being cancelled stops the work."""
        return await self._await(self._submit(lambda token: self._finish(ask, token, keep), cancel), cancel)

    async def stream_async(self, ask: Ask, cancel: threading.Event, keep: Keep = as_it_is) -> AsyncIterator[Event]:
        """Give the events without blocking the event loop. Raises Overloaded before the first one."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()

        def put(event: Event | BaseException | None) -> None:
            try:
                loop.call_soon_threadsafe(events.put_nowait, event)
            except RuntimeError:  # the loop is closed: nobody reads any more
                cancel.set()

        work = self._submit(lambda token: self._pour(ask, token, put, keep), cancel)
        work.add_done_callback(lambda done: put(_end(done)))
        return self._drain_async(events, work, cancel)

    async def search_async(
        self, question: str, dossier: str, filter: Filter, limit: int, per_document: int | None, rerank: bool
    ) -> tuple[Hit, ...]:
        """Search in the same pool without blocking the event loop."""
        token = threading.Event()
        work = self._submit(lambda _: self.rag.search(question, dossier, filter, limit, per_document, rerank), token)
        return await self._await(work, token)

    def stop(self) -> None:
        """Take no more questions, and ask the running ones to end."""
        self._closed = True
        for token in list(self._running.values()):
            token.set()

    def close(self, patience: float = 2.0) -> None:
        """Stop all questions, then let the data folder go."""
        self.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + patience
        while self._running and time.monotonic() < until:
            time.sleep(0.02)
        self.rag.close()
        self.watch.traces.close()

    def _submit(
        self, work: Callable[[threading.Event], T], token: threading.Event, context: contextvars.Context | None = None
    ) -> Future[T]:
        """Queue work; it is done in the caller's context if none is given, so that the log knows whose it is."""
        with self._lock:
            if self._closed:
                raise Overloaded("The server is stopping.", "Ask again once it is back.", retry_after=5)
            if len(self._running) >= self._room:
                self.watch.refused()
                wait = max(1, round(self._seconds * len(self._running) / self.workers))
                raise Overloaded(
                    f"{self._room} questions are being answered or waiting already.",
                    f"Ask again in {wait} s.",
                    retry_after=wait,
                )
            place = object()
            self._running[place] = token
            future = self._pool.submit((context or contextvars.copy_context()).run, self._timed, work, token)
        future.add_done_callback(lambda _: self._release(place))
        return future

    def _timed(self, work: Callable[[threading.Event], T], token: threading.Event) -> T:
        if token.is_set():
            raise Cancelled(WITHDRAWN)
        began = time.monotonic()
        try:
            return work(token)
        finally:
            self._seconds += 0.1 * (time.monotonic() - began - self._seconds)

    def _release(self, place: object) -> None:
        with self._lock:
            self._running.pop(place, None)

    def _finish(self, ask: Ask, token: threading.Event, keep: Keep) -> Answer:
        """Take the streamed answer's end, so that streamed and unstreamed answers cannot differ."""
        for event in self._events(ask, token, keep):
            if isinstance(event, Finished):
                return event.answer
        raise Cancelled(WITHDRAWN)

    def _pour(self, ask: Ask, token: threading.Event, put: Callable[[Event], None], keep: Keep) -> None:
        for event in self._events(ask, token, keep):
            put(event)
            if token.is_set():
                raise Cancelled(WITHDRAWN)

    def _events(self, ask: Ask, token: threading.Event, keep: Keep) -> Iterator[Event]:
        """Give the answer's events, watched; the whole answer is kept first, unless nobody waits for it any more."""
        self.watch.asked(ask)
        try:
            for event in self.rag.stream(ask, token):
                if isinstance(event, Finished):
                    self.watch.answered(event.answer, event.laps)
                    yield event if token.is_set() else Finished(keep(event.answer))
                else:
                    yield event
        except Exception as error:
            self.watch.broke_off(error)
            raise

    @staticmethod
    def _drain(
        events: queue.SimpleQueue[Event | BaseException | None], work: Future[None], token: threading.Event
    ) -> Iterator[Event]:
        try:
            while (event := events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            token.set()
            work.cancel()

    @staticmethod
    async def _drain_async(
        events: asyncio.Queue[Event | BaseException | None], work: Future[None], token: threading.Event
    ) -> AsyncIterator[Event]:
        try:
            while (event := await events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            token.set()
            work.cancel()

    @staticmethod
    async def _await(work: Future[T], token: threading.Event) -> T:
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            if work.cancelled() and not token.is_set():
                raise Cancelled(WITHDRAWN) from None
            raise
        finally:
            token.set()


def _end(work: Future[None]) -> BaseException | None:
    """Say how the work ended: None where all went well."""
    return Cancelled(WITHDRAWN) if work.cancelled() else work.exception()
