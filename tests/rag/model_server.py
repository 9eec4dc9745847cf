"""A server that speaks OpenAI's dialect and does what a test tells it: well, slowly, wrongly or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


@dataclass
class ModelServer:
    """What it does next, and what it saw."""

    behaviour: Behaviour
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    was_asked: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when a caller closed the connection before the end."""


class Handler(BaseHTTPRequestHandler):
    owner: ModelServer
    timeout = 30

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self.owner.asked.append(json.loads(self.rfile.read(length)))
        self.owner.keys.append(self.headers.get("authorization", ""))
        self.owner.was_asked.set()
        try:
            self.owner.behaviour(self)
        except OSError:
            self.owner.hung_up.set()

    def log_message(self, *_: object) -> None:
        pass

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def raw(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def piece(self, text: str, **more: Any) -> None:
        delta = {"role": "assistant", "content": text} | more
        self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    def event(self, told: dict[str, Any]) -> None:
        whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake"} | told
        self.raw(f"data: {json.dumps(whole)}\n\n")

    def end_answer(self, usage: tuple[int, int] | None = (120, 30)) -> None:
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if usage:
            counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            self.event({"choices": [], "usage": counts})
        self.raw("data: [DONE]\n\n")

    def whole(self, text: str, logprobs: dict[str, float]) -> None:
        """Answer at once, with the probabilities of the first word."""
        top = [{"token": token, "logprob": logprob, "bytes": None} for token, logprob in logprobs.items()]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
            "logprobs": {"content": [top[0] | {"top_logprobs": top}]},
        }
        usage = {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51}
        told = {"id": "c", "object": "chat.completion", "created": 1, "model": "fake", "choices": [choice]}
        self.begin(200, "application/json")
        self.raw(json.dumps(told | {"usage": usage}))

    def error(self, status: int, message: str, **headers: str) -> None:
        self.begin(status, "application/json", **headers)
        self.raw(json.dumps({"error": {"message": message, "type": "x", "code": "x"}}))


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ModelServer]:
    owner = ModelServer(behaviour)
    handler = type("Own", (Handler,), {"owner": owner})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    owner.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield owner
    finally:
        server.shutdown()
        server.server_close()


def says(*pieces: str) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.begin()
        for piece in pieces:
            handler.piece(piece)
        handler.end_answer()

    return behave


def refuses(status: int, message: str = "no", **headers: str) -> Behaviour:
    return lambda handler: handler.error(status, message, **headers)


def is_silent(handler: Handler) -> None:
    """Begins and then says nothing."""
    handler.begin()
    _until_hung_up(handler, ": wait\n\n")


def never_begins(handler: Handler) -> None:
    handler.connection.settimeout(20)
    handler.rfile.read(1)


def is_cut(handler: Handler) -> None:
    handler.begin()
    handler.piece("Overall trade has ")
    handler.connection.close()


def talks_for_ever(handler: Handler) -> None:
    handler.begin()
    while True:
        handler.piece("and trade and so on ")
        time.sleep(0.01)


def floods(handler: Handler) -> None:
    """Sends ten megabytes."""
    handler.begin()
    for _ in range(160):
        handler.piece("Trade grew a lot. " * 3640)
    handler.end_answer()


def sends_one_long_line(handler: Handler) -> None:
    handler.begin()
    handler.raw("data: " + "x" * 10_000_000)


def sends_garbage(handler: Handler) -> None:
    handler.begin()
    handler.raw('data: {"choices": [{"delta": \x00\x01 nonsense\n\ndata: 17\n\n<html>\n\n')


def sends_a_page(handler: Handler) -> None:
    handler.begin(200, "text/html")
    handler.raw("<html><body>Welcome</body></html>")


def answers_nothing(handler: Handler) -> None:
    handler.begin()
    handler.end_answer(None)


def will_not(handler: Handler) -> None:
    says("I'm sorry, but I can't help with that.")(handler)


def trickles(handler: Handler) -> None:
    """Sends headers byte by byte."""
    for letter in "HTTP/1.1 200 OK\r\nX-Slow: " + "y" * 10_000:
        handler.raw(letter)
        time.sleep(0.05)


def _until_hung_up(handler: Handler, text: str) -> None:
    for _ in range(2000):
        handler.raw(text)
        time.sleep(0.01)


FAULTS: dict[str, Behaviour] = {
    "slow": is_silent,
    "never begins": never_begins,
    "cut": is_cut,
    "endless": talks_for_ever,
    "flood": floods,
    "one long line": sends_one_long_line,
    "garbage": sends_garbage,
    "a page": sends_a_page,
    "nothing": answers_nothing,
    "refusal": will_not,
    "trickle": trickles,
    "context too long": refuses(400, "maximum context length is 4096 tokens"),
    "rate limit": refuses(429, "slow down", retry_after="30"),
    "rate limit, short": refuses(429, "slow down", retry_after="0"),
    "wrong key": refuses(401, "Incorrect API key provided: sk-canary-42"),
    "unknown model": refuses(404, "no such model sk-canary-42"),
    "broken": refuses(500, "Traceback sk-canary-42"),
    "busy": refuses(503, "loading model"),
}
"""What can be wrong with a model's server."""
