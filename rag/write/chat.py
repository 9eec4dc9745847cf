"""What is asked of a language model: to write, and to judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rag.write.budget import Budget


class Chat(Protocol):
    """A language model that writes."""

    name: str

    def stream(self, system: str, user: str, budget: Budget) -> Iterator[str]:
        """Give the words as they come. Raises ModelFailed, Cancelled; closing the iterator closes the connection."""
        ...

    def truth(self, prompt: str, budget: Budget) -> float | None:
        """Give the log-odds of `True` against `False` for a prompt that asks for one of them; None if it fails."""
        ...
