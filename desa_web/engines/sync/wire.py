"""The HTTP itself: aiohttp, one hop at a time, each address checked before it is asked.

The only module that brings aiohttp; `Client` loads it when it is entered, so that a program that
asks nobody never does. Whose turn it is, and how much is read, is decided in client.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from desa_web.engines.sync.connecting import Resolver, allowed_socket, of_error
from desa_web.engines.sync.polling import Poller
from desa_web.engines.sync.request import Limits, Request, may_be_port
from desa_web.engines.sync.turns import Turns
from desa_web.engines.sync.unreachable import Reason, Unreachable

MAX_HOPS = 5
_MOVED = (301, 302, 303, 307, 308)


class Wire:
    """The connections of one client. Make it in the event loop that uses it; close it there."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        resolver = Resolver(limits.max_open)
        new_socket = partial(allowed_socket, allow_private=limits.allow_private)
        connector = aiohttp.TCPConnector(
            limit=0,
            # Idle connections are for the next page of the same village, not for ever.
            keepalive_timeout=3,
            ttl_dns_cache=300,
            resolver=resolver,
            ssl=limits.tls or True,
            socket_factory=new_socket,
        )
        # The second one hands its connections back closed.
        self._session = self._new_session(connector, aiohttp.ClientResponse)
        self._last = self._new_session(connector, _LastAnswer)

        self._resolver = resolver
        self.turns = Turns(limits.max_open)
        self.poller = Poller(limits, resolver, new_socket)

    async def close(self) -> None:
        await self._last.close()
        await self._session.close()
        await self._resolver.close()

    def within(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)

    async def apart(self, work: Callable[[], None]) -> None:
        """Do what takes the disk's time in a thread."""
        await asyncio.to_thread(work)

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
        if port is not None and not may_be_port(port, self._limits):
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


class _LastAnswer(aiohttp.ClientResponse):
    """An answer after which nothing more is asked: its connection is closed when it is read.

    Ten thousand idle sockets help nobody, and "Connection: close" would be 38 bytes of each poll.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.protocol is not None:
            connection.add_callback(connection.protocol.force_close)
        return await super().start(connection)
