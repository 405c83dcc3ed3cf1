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
from ipaddress import ip_address

from aiohappyeyeballs import start_connection

from desa_web.engines.sync.connecting import Resolver, of_connecting, of_name
from desa_web.engines.sync.quick import Exchange, Plain, request_of
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
        limits = self._limits
        sent = {**request.headers, "User-Agent": limits.agent}
        raw = request_of(request.method, place.path, place.authority, sent)
        exchange = Exchange(raw, max_bytes, limits.stall_s, request.timeout_s)
        try:
            async with asyncio.timeout(limits.connect_s):
                await self._connect(exchange, place)
        except TimeoutError as error:
            raise Unreachable(Reason.CLOSED) from error
        except OSError as error:
            raise of_connecting(error, limits.clock) from error
        try:
            answer = await exchange.answer
        finally:
            exchange.close()
        if answer is not None and not answer.status:
            raise Unreachable(Reason.SLOW if answer.is_slow else Reason.CUT)
        return answer

    async def _connect(self, exchange: Exchange, place: Place) -> None:
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
        if place.is_tls:
            await loop.create_connection(
                lambda: exchange, sock=sock, ssl=self._context(), server_hostname=place.host
            )
        else:
            await loop.create_connection(lambda: exchange, sock=sock)

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


def _literal(host: str) -> list[tuple[int, str]]:
    """Return an IP address as it stands in an address; nothing for a name."""
    if not host[-1].isdigit():
        return []
    try:
        ip_address(host)
    except ValueError:
        return []
    return [(socket.AF_INET, host)]
