"""Polls: the plain request for a plain answer, over a connection of its own.

    plain = await poller.ask(request, place, max_bytes)      None: ask in the ordinary way

Names are looked up, addresses checked and certificates verified as everywhere else; only what
aiohttp would do around it is left out.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiohappyeyeballs import start_connection

from desa_web.engines.sync.connecting import Resolver, of_connecting, of_name
from desa_web.engines.sync.quick import Plain, Reading, request_of
from desa_web.engines.sync.request import Limits, Request, may_be_port
from desa_web.engines.sync.unreachable import Reason, Unreachable

# An address that stands as it is sent; any other is taken apart with more care.
_PLACE = re.compile(
    r"(https?)://([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?"
    r"(/[A-Za-z0-9._~/?&=+%,:-]*)"
)
_PORTS = {"http": 80, "https": 443}
# Names that are remembered, and for how long.
_NAMES, _NAMES_S = 20_000, 300
_READ_BYTES = 64 << 10

# What a socket is made from, as getaddrinfo tells it.
Info = tuple[int, int, int, str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """A simple address, taken apart. authority: as it stands in Host."""

    is_tls: bool
    host: str
    port: int
    authority: str
    path: str


class Poller:
    """Asks many hosts once each. For the event loop in which it was made."""

    def __init__(
        self, limits: Limits, resolver: Resolver, new_socket: Callable[[Info], socket.socket]
    ) -> None:
        self._limits = limits
        self._resolver = resolver
        self._new_socket = new_socket
        self._known: dict[str, tuple[float, list[tuple[int, str]]]] = {}
        self._tls = limits.tls

    def place_of(self, url: str) -> Place | None:
        """Take an address apart; None when it is not a simple one."""
        found = _PLACE.fullmatch(url)
        if found is None:
            return None
        scheme, host, given, path = found.groups()
        port = int(given) if given else _PORTS[scheme]
        if port > 65535 or not may_be_port(port, self._limits):
            return None
        authority = f"{host}:{port}" if port != _PORTS[scheme] else host
        return Place(scheme == "https", host, port, authority, path)

    async def ask(self, request: Request, place: Place, max_bytes: int) -> Plain | None:
        """Return the answer; None when it is not plain and should be asked for again.

        A body that was cut has `missing` bytes. Raises Unreachable when nothing was answered.
        """
        sent = {**request.headers, "User-Agent": self._limits.agent}
        raw = request_of(request.method, place.path, place.authority, sent)
        reading = Reading(max_bytes)
        await self._exchange(place, raw, reading, request.timeout_s)
        answer = reading.answer
        if answer is not None and not answer.status:
            raise Unreachable(Reason.SLOW if answer.is_slow else Reason.CUT)
        return answer

    async def _exchange(self, place: Place, raw: bytes, reading: Reading, total_s: float) -> None:
        """Send, and read until the answer is whole, cut, or too slow; the connection is closed."""
        limits = self._limits
        loop = asyncio.get_running_loop()
        line: _Line | None = None
        try:
            async with asyncio.timeout(limits.connect_s) as limit:
                line = await self._connected(place)
                until = loop.time() + total_s
                await line.send(raw)
                while not reading.is_done:
                    limit.reschedule(min(loop.time() + limits.stall_s, until))
                    data = await line.receive()
                    if data:
                        reading.feed(data)
                    else:
                        reading.cut()
        except TimeoutError as error:
            if line is None:
                raise Unreachable(Reason.CLOSED) from error
            reading.cut(is_slow=True)
        except OSError as error:
            if line is None:
                raise of_connecting(error, limits.clock) from error
            reading.cut()
        finally:
            if line is not None:
                line.close()

    async def _connected(self, place: Place) -> _Line:
        loop = asyncio.get_running_loop()
        infos = await self._infos(place)
        if len(infos) == 1:
            sock = self._new_socket(infos[0])
            try:
                sock.setblocking(False)
                await loop.sock_connect(sock, infos[0][4])
            except BaseException:
                sock.close()
                raise
        else:
            sock = await start_connection(
                infos, happy_eyeballs_delay=0.25, socket_factory=self._new_socket
            )
        if not place.is_tls:
            return _Bare(sock)
        return _Secure(
            *await asyncio.open_connection(
                sock=sock, ssl=self._context(), server_hostname=place.host
            )
        )

    async def _infos(self, place: Place) -> list[Info]:
        """Return where a host may be reached; a name is looked up every five minutes."""
        host = place.host
        now = asyncio.get_running_loop().time()
        until, known = self._known.get(host, (0.0, []))
        if until < now:
            known = _literal(host) or await self._looked_up(host)
            if len(self._known) >= _NAMES:
                self._known.clear()
            self._known[host] = (now + _NAMES_S, known)
        return [(family, socket.SOCK_STREAM, 0, "", (one, place.port)) for family, one in known]

    async def _looked_up(self, host: str) -> list[tuple[int, str]]:
        try:
            found = await self._resolver.resolve(host, 0, socket.AF_UNSPEC)
        except OSError as error:
            raise of_name(error) from error
        return [(one["family"], one["host"]) for one in found]

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Line(Protocol):
    """A connection, whatever it is made of."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    def close(self) -> None: ...


class _Bare:
    """A TCP connection without asyncio's transports: they cost a fifth of a poll."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        return await self._loop.sock_recv(self._sock, _READ_BYTES)

    def close(self) -> None:
        self._sock.close()


class _Secure:
    """A connection over TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        return await self._reader.read(_READ_BYTES)

    def close(self) -> None:
        self._writer.transport.abort()


def _literal(host: str) -> list[tuple[int, str]]:
    """Return an IP address as it stands in an address; nothing for a name."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return []
    return [(socket.AF_INET, host)]
