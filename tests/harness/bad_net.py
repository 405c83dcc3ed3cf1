"""A bad net between a client and a server, in the test's own event loop.

    async with BadNet(server_port) as net:
        net.cut_after = 200                     # the next connection dies after 200 bytes down
        await client.get(net.url)

A real TCP proxy. Faults count bytes from the server to the client, from the start of each
connection, and strike the next `times` connections; others pass whole.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from tests.harness.listener import Listener

# SO_LINGER with zero seconds: close sends RST, as a lost signal looks after a while.
_RESET = struct.pack("ii", 1, 0)


class BadNet(Listener):
    """Forwards 127.0.0.1:`port` to the server's port. One fault at a time."""

    def __init__(self, server_port: int) -> None:
        super().__init__()
        self._server_port = server_port
        self.cut_after: int | None = None
        self.stall_after: int | None = None
        self.flip: int | None = None
        self.is_reset = False
        self.times = 1
        # Bytes of the last connection, in both directions.
        self.up = 0
        self.down = 0

    def strike(
        self,
        *,
        cut_after: int | None = None,
        stall_after: int | None = None,
        flip: int | None = None,
        times: int = 1,
    ) -> None:
        """Set the one fault of the next connections."""
        self.cut_after, self.stall_after, self.flip = cut_after, stall_after, flip
        self.times = times

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.up = self.down = 0
        is_struck = self.times > 0
        self.times -= is_struck
        await self._forward(reader, writer, is_struck)

    def hang_up(self, writer: asyncio.StreamWriter) -> None:
        if not self.is_reset:
            super().hang_up(writer)
            return
        with suppress(OSError):
            raw: socket.socket | None = writer.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_struck: bool
    ) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        up = asyncio.create_task(self._up(reader, back_writer))
        try:
            await self._down(back_reader, writer, is_struck)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            super().hang_up(back_writer)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.up += len(data)
            writer.write(data)
            await writer.drain()
        # The client has gone: so does its connection to the server.
        with suppress(OSError):
            writer.close()

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_struck: bool
    ) -> None:
        """Pass the answer on until its end, or until the fault."""
        passed = 0
        end = self.cut_after if self.cut_after is not None else self.stall_after
        if not is_struck:
            end = None
        while end is None or passed < end:
            data = await reader.read(65536)
            if not data:
                return
            if is_struck and self.flip is not None and passed <= self.flip < passed + len(data):
                at = self.flip - passed
                data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            if end is not None:
                data = data[: end - passed]
            passed += len(data)
            self.down += len(data)
            writer.write(data)
            await writer.drain()
        if self.stall_after is not None:
            await asyncio.Event().wait()
