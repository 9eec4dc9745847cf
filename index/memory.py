"""Memory that is free goes back to the system, and none that held a text is written to a file unseen."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EACH_SECONDS = 30.0
_PERTURB = -6
"""`M_PERTURB` of mallopt(3): a byte that overwrites what is freed and what is handed out."""
_last = 0.0
_blanking = 0
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


@contextmanager
def blanked() -> Iterator[None]:
    """Let no memory be handed out with what it held before, where the C library can be told to.

    The index that Chroma writes has gaps that it never fills: they reach the disk as they are, with words of documents
    that were in this memory before, removed ones among them.
    """
    _blank(1)
    try:
        yield
    finally:
        _blank(-1)


def _blank(more: int) -> None:
    global _blanking
    with _lock:
        _blanking += more
        set_to = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_to is not None:
            set_to(_PERTURB, 0x55 if _blanking else 0)
