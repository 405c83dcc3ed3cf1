"""Whose turn it is: one thing at a time for each host, and so many at once for all together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Lets at most `most` of its holders go on, and never two of one host."""

    def __init__(self, most: int) -> None:
        self._slots = asyncio.Semaphore(most)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Wait for the host, then for a free place; forget hosts that nobody waits for."""
        turn = self._hosts.setdefault(host, _Host())
        turn.waiting += 1
        try:
            # The host first: who waits for one holds no place of the others.
            async with turn.lock, self._slots:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._hosts[host]


class _Host:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
