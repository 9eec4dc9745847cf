"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import threading
import time

EACH_SECONDS = 30.0
_last = 0.0
_lock = threading.Lock()


def give_back() -> None:
    """Give free memory back, at most every half a minute, where the C library can be told to.

    glibc keeps what threads freed in a heap for each of them, which only grows while indexes are built and thrown away:
    200 MB of which 18 were in use, after some thousand changes.
    """
    global _last
    with _lock:
        if time.monotonic() - _last < EACH_SECONDS:
            return
        _last = time.monotonic()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
