"""The listening half of a peer in the test's own event loop: 127.0.0.1, a port of its own.

    class Deaf(Listener):
        async def talk(self, reader, writer): …

    async with Deaf() as peer:
        await client.get(peer.url)

Whatever still talks at the end of the block is cut off, so no test waits for a peer.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self


class Listener(ABC):
    """`talking`: the connections that are open now; `connections`: how many there were."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def talking(self) -> int:
        return len(self._tasks)

    @abstractmethod
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; what the other side breaks ends it without a word."""

    def hang_up(self, writer: asyncio.StreamWriter) -> None:
        """End a connection; the other side sees its end."""
        with suppress(OSError):
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
        finally:
            self._tasks.discard(task)
            self.hang_up(writer)
