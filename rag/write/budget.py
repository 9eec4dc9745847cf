"""What one question may cost: time, calls and tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event as Flag

from rag.answers import Usage


@dataclass
class Budget:
    """Counts what a question spends; thread-safe enough for one question, which is answered by one thread."""

    until: float
    """A moment of `time.monotonic()` at which a model is waited for no longer."""
    calls: int
    """How many calls may still be made."""
    tokens: int
    """How many tokens of output may still be written."""
    cancel: Flag | None = None
    """Set when nobody waits for the answer any more."""
    usage: Usage = field(default_factory=Usage)

    @property
    def left(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self.until - time.monotonic())

    @property
    def spent(self) -> bool:
        """Whether no further call may be made."""
        return self.calls < 1 or self.tokens < 1 or self.left <= 0

    @property
    def stopped(self) -> bool:
        """Whether the question was cancelled."""
        return self.cancel is not None and self.cancel.is_set()

    def begin(self) -> None:
        """Count a call."""
        self.calls -= 1
        self.usage = Usage(self.usage.model_calls + 1, self.usage.input_tokens, self.usage.output_tokens)

    def count(self, input_tokens: int, output_tokens: int) -> None:
        """Count the tokens of a call."""
        self.tokens -= output_tokens
        self.usage = Usage(
            self.usage.model_calls, self.usage.input_tokens + input_tokens, self.usage.output_tokens + output_tokens
        )
