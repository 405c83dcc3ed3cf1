"""The HTTP itself: aiohttp, one hop at a time, each address checked before it is asked.

The only module that brings aiohttp; `Client` loads it when it is entered, so that a program that
asks nobody never does. Whose turn it is, and how much is read, is decided in client.py.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial
from ipaddress import ip_address

import aiohttp
from aiohappyeyeballs import start_connection
from aiohttp.connector import Connection
from yarl import URL

from desa_web.engines.sync.connecting import (
    Resolver,
    allowed_socket,
    of_connecting,
    of_error,
    of_name,
)
from desa_web.engines.sync.quick import Exchange, Plain, request_of
from desa_web.engines.sync.request import Limits, Request
from desa_web.engines.sync.turns import Turns
from desa_web.engines.sync.unreachable import Reason, Unreachable

MAX_HOPS = 5
_MOVED = (301, 302, 303, 307, 308)
_WEB_PORTS = (80, 443)
# Names that are remembered, and for how long.
_NAMES, _NAMES_S = 20_000, 300
# What a socket is made from, as getaddrinfo tells it.
Info = tuple[int, int, int, str, tuple[str, int]]


class Wire:
    """The connections of one client. Make it in the event loop that uses it; close it there."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        resolver = Resolver(limits.max_open)
        self._new_socket = partial(allowed_socket, allow_private=limits.allow_private)
        connector = aiohttp.TCPConnector(
            limit=0,
            # Idle connections are for the next page of the same village, not for ever.
            keepalive_timeout=3,
            ttl_dns_cache=300,
            resolver=resolver,
            ssl=limits.tls or True,
            socket_factory=self._new_socket,
        )
        # The second one hands its connections back closed.
        self._session = self._new_session(connector, aiohttp.ClientResponse)
        self._last = self._new_session(connector, _LastAnswer)

        self._resolver = resolver
        self._known: dict[str, tuple[float, list[tuple[int, str]]]] = {}
        self._tls = limits.tls
        self.turns = Turns(limits.max_open)

    async def close(self) -> None:
        await self._last.close()
        await self._session.close()
        await self._resolver.close()

    def within(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)

    async def apart(self, work: Callable[[], None]) -> None:
        """Do what takes the disk's time in a thread."""
        await asyncio.to_thread(work)

    async def plain(self, request: Request, target: URL, max_bytes: int) -> Plain | None:
        """Return the answer of a poll; None when it should be asked in the ordinary way.

        A body that was cut has `missing` bytes. Raises Unreachable when nothing was answered.
        """
        limits = self._limits
        host, port = target.raw_host or "", target.port or 80
        sent = {**request.headers, "User-Agent": limits.agent}
        raw = request_of(
            request.method, target.raw_path_qs, target.host_port_subcomponent or "", sent
        )
        exchange = Exchange(raw, max_bytes, limits.stall_s, request.timeout_s)
        is_tls = target.scheme == "https"
        try:
            async with asyncio.timeout(limits.connect_s):
                infos = await self._infos(host, port)
                sock = await start_connection(
                    infos, happy_eyeballs_delay=0.25, socket_factory=self._new_socket
                )
                await asyncio.get_running_loop().create_connection(
                    lambda: exchange, sock=sock, ssl=self._context() if is_tls else None,
                    server_hostname=host if is_tls else None,
                )  # fmt: skip
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

    async def _infos(self, host: str, port: int) -> list[Info]:
        """Return where a host may be reached; a name is looked up every five minutes."""
        now = asyncio.get_running_loop().time()
        until, known = self._known.get(host, (0.0, []))
        if until < now:
            known = _literal(host)
            if not known:
                try:
                    found = await self._resolver.resolve(host, 0, socket.AF_UNSPEC)
                except OSError as error:
                    raise of_name(error) from error
                known = [(one["family"], one["host"]) for one in found]
            if len(self._known) >= _NAMES:
                self._known.clear()
            self._known[host] = (now + _NAMES_S, known)
        return [(family, socket.SOCK_STREAM, 0, "", (one, port)) for family, one in known]

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def ask(self, request: Request, target: URL) -> tuple[aiohttp.ClientResponse, URL]:
        """Return the head of the answer, and where it came from. Raises Unreachable."""
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._hops(request, target)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise of_error(error, self._limits.clock) from error

    async def chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises Unreachable."""
        while True:
            try:
                data = await answer.content.readany()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                found = of_error(error, self._limits.clock)
                # A body whose end does not come is cut, whatever HTTP calls it.
                raise found if found.reason is Reason.SLOW else Unreachable(Reason.CUT) from error
            if not data:
                return
            yield data

    def checked(self, url: str, base: URL | None = None) -> URL:
        """Return an address that may be asked. Raises Unreachable."""
        try:
            target = URL(url)
            target = base.join(target) if base is not None else target
            port = target.port
        except ValueError as error:
            raise Unreachable(Reason.ADDRESS) from error
        if target.scheme not in ("http", "https") or not target.host or target.user is not None:
            raise Unreachable(Reason.ADDRESS)
        # Mail and other old services are not to be talked to in HTTP.
        is_old = port is not None and port < 1024 and port not in _WEB_PORTS
        if is_old and not self._limits.allow_private:
            raise Unreachable(Reason.ADDRESS)
        return target

    async def _hops(self, request: Request, target: URL) -> tuple[aiohttp.ClientResponse, URL]:
        session = self._session if request.stays else self._last
        headers = request.headers
        for _hop in range(MAX_HOPS + 1):
            answer = await session.request(
                request.method,
                target,
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            )
            location = answer.headers.get("Location", "")
            if answer.status not in _MOVED or not location:
                return answer, target
            answer.close()
            following = self.checked(location, target)
            is_safe = not (target.scheme == "https" and following.scheme == "http")
            if request.method != "GET" or not is_safe:
                raise Unreachable(Reason.MOVED, http_status=answer.status, where=str(following))
            if following.origin() != target.origin():
                # A token is for the site that it was given for.
                headers = {n: v for n, v in headers.items() if n.lower() != "authorization"}
            target = following
        raise Unreachable(Reason.MOVED, http_status=answer.status, where=str(target))

    def _new_session(
        self, connector: aiohttp.TCPConnector, answers: type[aiohttp.ClientResponse]
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=answers is aiohttp.ClientResponse,
            response_class=answers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._limits.connect_s, sock_read=self._limits.stall_s
            ),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            headers={"User-Agent": self._limits.agent},
        )


def _literal(host: str) -> list[tuple[int, str]]:
    """Return an IP address as it stands in an address; nothing for a name."""
    try:
        version = ip_address(host).version
    except ValueError:
        return []
    return [(socket.AF_INET if version == 4 else socket.AF_INET6, host)]


class _LastAnswer(aiohttp.ClientResponse):
    """An answer after which nothing more is asked: its connection is closed when it is read.

    Ten thousand idle sockets help nobody, and "Connection: close" would be 38 bytes of each poll.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.protocol is not None:
            connection.add_callback(connection.protocol.force_close)
        return await super().start(connection)
