"""Whose turn it is: one thing at a time for each host, and so many at once for all together."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Turns:
    """Lets at most `most` of its holders go on, and never two of one host."""

    def __init__(self, most: int) -> None:
        self.slots = asyncio.Semaphore(most)
        self.hosts: dict[str, Turn] = {}

    def of(self, host: str) -> Turn:
        """Return the turn of a host, to be entered; who waits for it holds no place of others."""
        turn = self.hosts.get(host)
        if turn is None:
            turn = self.hosts[host] = Turn(self, host)
        return turn


class Turn:
    """The turn of one host; forgotten when nobody holds it or waits for it."""

    __slots__ = ("_host", "_lock", "_turns", "_waiting")

    def __init__(self, turns: Turns, host: str) -> None:
        self._turns = turns
        self._host = host
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def __aenter__(self) -> None:
        self._waiting += 1
        try:
            await self._lock.acquire()
            try:
                await self._turns.slots.acquire()
            except BaseException:
                self._lock.release()
                raise
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turns.slots.release()
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._turns.hosts.pop(self._host, None)
