"""Which thread takes the next request: the one that has rested least.

waitress wakes the thread that rested longest, so on a quiet day all of them take turns, and each
keeps a connection to the database and its cache of pages warm. Woken the other way round, a quiet
village works with one thread, and the others stay small.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from waitress.task import ThreadedTaskDispatcher


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The dispatcher of waitress with another order of waking."""

    def __init__(self) -> None:
        super().__init__()
        self.queue_cv = _NewestFirst(self.lock)


class _NewestFirst(threading.Condition):
    def notify(self, n: int = 1) -> None:
        # Python's own order is the deque's; without one this is an ordinary condition.
        waiters: Any = getattr(self, "_waiters", None)
        if n == 1 and isinstance(waiters, deque):
            waiters.rotate(1)
        super().notify(n)
