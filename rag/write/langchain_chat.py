"""Listen to a language model: streaming, with a time limit that holds, a stop that closes the connection, retries."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langsmith import tracing_context

from index.errors import Cancelled, ModelFailed
from rag.write.budget import Budget

LONGEST = 20_000
"""How many characters of an answer are read at most."""
_BACKOFF = (0.5, 1.5)
"""How long is waited before a call is tried again, in seconds."""
_TICK = 0.05
"""How often a cancelled question is noticed, in seconds."""


class LangChainChat:
    """Any chat model of LangChain, driven from one event loop so that a call can be ended from outside."""

    def __init__(self, name: str, model: BaseChatModel, *, tells_probabilities: bool = False) -> None:
        self.name = name
        self._model = model
        self._tells_probabilities = tells_probabilities

    def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        """Give the words as they come; a call that fails before its first word is tried again."""
        for attempt in range(len(_BACKOFF) + 1):
            try:
                yield from self._streamed(system, user, budget)
            except _Failed as failed:
                wait = max(failed.wait, _BACKOFF[min(attempt, len(_BACKOFF) - 1)])
                if not failed.can_be_tried_again or attempt >= len(_BACKOFF) or wait >= budget.left or budget.calls < 1:
                    raise failed.reason from None
                _sleep(wait, budget)
            else:
                return

    def truth(self, prompt: str, budget: Budget) -> float | None:
        """Ask for one word; where the provider tells probabilities they count, else the word itself."""
        if budget.spent:
            return None
        budget.begin()
        bound = self._model.bind(**({"logprobs": True, "top_logprobs": 8} if self._tells_probabilities else {}))
        call = _run(_with_no_trace(bound.ainvoke([HumanMessage(prompt)], max_tokens=2)))
        try:
            message = _wait(call, budget)
        except (ModelFailed, Cancelled):
            return None
        _count(message, prompt, budget)
        return _log_odds(message)

    def _streamed(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        if budget.spent:
            raise ModelFailed("The language model's time or number of calls was used up.")
        budget.begin()
        chunks: queue.SimpleQueue[AIMessageChunk | BaseException | None] = queue.SimpleQueue()
        call = _run(self._pump([SystemMessage(system), HumanMessage(user)], budget.tokens, chunks))
        total: AIMessageChunk | None = None
        length = 0
        try:
            while (chunk := _next(chunks, budget)) is not None:
                total = chunk if total is None else total + chunk
                if text := str(chunk.text):
                    length += len(text)
                    yield text
                if length > LONGEST:
                    break
        except _Failed as failed:
            if length:
                raise failed.reason from None
            raise
        finally:
            call.cancel()
            if total is not None:
                _count(total, system + user, budget)
        if not length:
            raise ModelFailed("The language model answered nothing.")
        _look_at_the_end(total)

    async def _pump(self, messages: list[Any], tokens: int, chunks: queue.SimpleQueue[Any]) -> None:
        try:
            with tracing_context(enabled=False):
                async for chunk in self._model.astream(messages):
                    chunks.put(chunk)
            chunks.put(None)
        except BaseException as error:
            chunks.put(error)
            raise


class _Failed(Exception):
    """A call went wrong: why, in our words, and whether another try may help."""

    def __init__(self, reason: ModelFailed, *, can_be_tried_again: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason.message)
        self.reason = reason
        self.can_be_tried_again = can_be_tried_again
        self.wait = wait


def _next(chunks: queue.SimpleQueue[Any], budget: Budget) -> AIMessageChunk | None:
    """Wait for the next chunk, no longer than the budget allows."""
    while True:
        if budget.stopped:
            raise Cancelled("The question was cancelled.")
        try:
            found = chunks.get(timeout=max(0.001, min(_TICK, budget.left)))
        except queue.Empty:
            if budget.left <= 0:
                raise ModelFailed(
                    "The language model did not finish in time.", "Allow more with DOSSIER_MODEL_SECONDS."
                ) from None
            continue
        if isinstance(found, BaseException):
            raise _translated(found) from None
        return found if isinstance(found, AIMessageChunk) else None


def _look_at_the_end(message: AIMessageChunk | None) -> None:
    """Find an answer that is not whole: cut off, or at its limit. Raises ModelFailed."""
    told = message.response_metadata if message is not None else {}
    if told.get("model_provider") == "openai" and not told.get("finish_reason"):
        raise _failed("its answer broke off", "")
    if told.get("finish_reason", told.get("stop_reason", told.get("done_reason"))) in ("length", "max_tokens"):
        raise _failed("its answer grew too long", "")


def _wait(call: Future[Any], budget: Budget) -> Any:  # noqa: ANN401 - what the provider gives
    while not call.done():
        if budget.stopped or budget.left <= 0:
            call.cancel()
            raise ModelFailed("The language model did not finish in time.")
        _sleep(_TICK / 5, budget)
    try:
        return call.result()
    except Exception as error:
        raise _translated(error).reason from None


def _sleep(seconds: float, budget: Budget) -> None:
    threading.Event().wait(min(seconds, budget.left)) if budget.cancel is None else budget.cancel.wait(
        min(seconds, budget.left)
    )


_STATUS = {
    401: ("it refused the key", "Set the provider's key in the environment, for example OPENAI_API_KEY."),
    403: ("it refused the key", "Set the provider's key in the environment, for example OPENAI_API_KEY."),
    404: ("it knows no model of that name", "`dossier models` lists what can be used."),
    413: ("the question with its passages is too long for it", ""),
    429: ("it takes no more questions for now", "Ask again later, or ask another model."),
}


def _translated(error: BaseException) -> _Failed:
    """Say in our words what went wrong; a provider's own words may repeat a key or a document, so they are left out."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        why, hint = _STATUS.get(status, (f"it answered with status {status}", ""))
        if status == 400 and "context" in str(error).casefold():
            why, hint = _STATUS[413]
        again = status == 429 or status >= 500
        return _Failed(_failed(why, hint), can_be_tried_again=again, wait=_retry_after(error))
    kind = type(error).__name__
    if "Timeout" in kind:
        return _Failed(_failed("it did not answer in time", "Allow more with DOSSIER_MODEL_SECONDS."))
    if "Connect" in kind or "Network" in kind or isinstance(error, OSError):
        hint = "Is it running? DOSSIER_MODEL_URL says where it is looked for."
        return _Failed(_failed("it cannot be reached", hint), can_be_tried_again=True)
    return _Failed(_failed(f"its answer cannot be read ({kind})", ""))


def _failed(why: str, hint: str) -> ModelFailed:
    return ModelFailed(f"The language model failed: {why}.", hint)


def _retry_after(error: BaseException) -> float:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, min(60.0, float(headers.get("retry-after", 0))))
    except ValueError:
        return 0.0


def _count(message: AIMessage, prompt: str, budget: Budget) -> None:
    """Count tokens as the provider tells them, else by the rule of thumb of four characters a token."""
    told = message.usage_metadata
    if told:
        budget.count(told["input_tokens"], told["output_tokens"])
    else:
        budget.count(math.ceil(len(prompt) / 4), math.ceil(len(str(message.text)) / 4))


def _log_odds(message: AIMessage) -> float | None:
    tokens = (message.response_metadata.get("logprobs") or {}).get("content") or []
    odds = {"true": 0.0, "false": 0.0}
    for candidate in tokens[0].get("top_logprobs", ()) if tokens else ():
        word = candidate["token"].strip(" \"'*.").casefold()
        if word in odds:
            odds[word] += math.exp(candidate["logprob"])
    if odds["true"] + odds["false"] > 0.05:
        return math.log(max(odds["true"], 1e-5) / max(odds["false"], 1e-5))
    word = str(message.text).strip(" \"'*.\n").casefold()
    return 3.0 if word.startswith("true") else -3.0 if word.startswith("false") else None


async def _with_no_trace(call: Any) -> Any:  # noqa: ANN401 - what the provider gives
    with tracing_context(enabled=False):
        return await call


class _Loop:
    """One event loop in a thread of its own, begun with the first call."""

    _lock = threading.Lock()
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def get(cls) -> asyncio.AbstractEventLoop:
        """Give the running loop."""
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._loop.run_forever, name="models", daemon=True).start()
            return cls._loop


def _run(call: Any) -> Future[Any]:  # noqa: ANN401 - a coroutine of whatever the provider gives
    return asyncio.run_coroutine_threadsafe(call, _Loop.get())
