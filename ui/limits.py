"""How often somebody may ask or change something."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from index.errors import Overloaded

WINDOW = 60.0
MOST_CALLERS = 10_000


class Pace:
    """Counts what each caller sent within the last minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, caller: str, per_minute: int) -> None:
        """Count one more request. Raises Overloaded, and counts nothing, where the minute's are used up."""
        now = self._now()
        sent = self._sent.setdefault(caller, deque())
        self._sent.move_to_end(caller)
        while sent and now - sent[0] >= WINDOW:
            sent.popleft()
        if len(sent) >= per_minute:
            wait = max(1, math.ceil(WINDOW - (now - sent[0]))) if sent else round(WINDOW)
            raise Overloaded(
                f"{per_minute} requests a minute are allowed, and they are used up.",
                f"Ask again in {wait} s.",
                retry_after=wait,
            )
        sent.append(now)
        if len(self._sent) > MOST_CALLERS:  # whoever was quiet longest is forgotten first
            self._sent.popitem(last=False)
