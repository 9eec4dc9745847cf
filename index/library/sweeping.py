"""Delete many original files beside other work, some at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from index.errors import DossierError

LOG = logging.getLogger(__name__)
AT_ONCE = 200
"""How many files are deleted before others may keep or delete some."""


class Sweeper:
    """Takes names of files that may be needed no more; what is left at the end is swept when the library opens."""

    def __init__(self, forget: Callable[[set[str]], None]) -> None:
        self._forget = forget
        self._stop = threading.Event()
        self._sweeping: list[threading.Thread] = []

    def take(self, names: set[str]) -> None:
        """Delete those files that nothing needs; a few at once, many by and by."""
        if len(names) <= AT_ONCE:
            self._forget(names)
            return
        thread = threading.Thread(target=self._sweep, args=(sorted(names),), name="sweeping", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine gives no more threads
            LOG.warning("%d files of a cancelled job stay until the library is opened again.", len(names))
            return
        self._sweeping = [*(one for one in self._sweeping if one.is_alive()), thread]

    def close(self) -> None:
        """Stop after the files at hand."""
        self._stop.set()
        for thread in self._sweeping:
            thread.join()

    def _sweep(self, names: list[str]) -> None:
        try:
            for place in range(0, len(names), AT_ONCE):
                if self._stop.is_set():
                    return
                self._forget(set(names[place : place + AT_ONCE]))
        except DossierError as error:
            LOG.warning("Files of a cancelled job stay until the library is opened again: %s", error)
