"""Asks other sites over the internet: bounded in bytes, time, hops and connections.

    async with Client(allow_private=False) as client:
        answer = await client.get("https://sukamaju.desa.id/feed.atom", max_bytes=5 << 20)
        await client.download(url, folder / sha256, size=812_331, sha256=sha256)
        reply = await client.send("POST", url, data, headers={"Authorization": "Bearer …"})

Every failure is one `Unreachable`. Connections are made to public addresses only unless the
operator allows more; that is checked on the address really connected to, at every hop. One host
is asked one thing at a time. Nothing is known here of logs, feeds or pages.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from desa_web.core.clock import Clock, SystemClock
from desa_web.core.disk import FileLock
from desa_web.core.errors import Busy
from desa_web.core.i18n import _
from desa_web.engines.sync.connecting import Resolver, allowed_socket, of_error
from desa_web.engines.sync.part_file import PartFile
from desa_web.engines.sync.unreachable import (
    Reason,
    Unreachable,
    of_status,
)

__all__ = ["Answer", "Client", "Reason", "Unreachable"]

MAX_HOPS = 5
# A day: what a source asks for in Retry-After is honoured up to here.
MAX_RETRY_AFTER_S = 86_400
_MOVED = (301, 302, 303, 307, 308)
_GOOD = (200, 201, 202, 204, 206, 304)
_WEB_PORTS = (80, 443)
# An attempt that brings nothing new, so often in a row, ends a download.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site said. The names in `headers` are found in any case.

    is_whole is False only where part="keep" was asked: `body` is then what came before the cut,
    and `cut` says what happened.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    cut: Reason | None = None

    @property
    def is_whole(self) -> bool:
        return self.cut is None


class Client:
    """A bounded HTTP client for one event loop; enter it, use it from many tasks."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        agent: str = "desa",
        max_open: int = 32,
        connect_s: float = 10,
        stall_s: float = 20,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._agent = agent
        self._max_open = max_open
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_read=stall_s)
        self._tls = tls
        self._clock = clock or SystemClock()
        self._slots = asyncio.Semaphore(max_open)
        self._hosts: dict[str, _Turn] = {}
        # The second one hands its connections back closed.
        self._session: aiohttp.ClientSession | None = None
        self._last: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,
            # Idle connections are for the next page of the same village, not for ever.
            keepalive_timeout=3,
            ttl_dns_cache=300,
            resolver=Resolver(self._max_open),
            ssl=self._tls or True,
            socket_factory=partial(allowed_socket, allow_private=self._allow_private),
        )
        self._session = self._new_session(connector, aiohttp.ClientResponse)
        self._last = self._new_session(connector, _LastAnswer)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in (self._last, self._session):
            if session is not None:
                await session.close()
        self._session = self._last = None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 5 << 20,
        timeout_s: float = 60,
        accept: Collection[int] = (),
        keep_part: bool = False,
        stays: bool = False,
    ) -> Answer:
        """Return the answer, unpacked; redirects are followed. 304 has an empty body.

        Other statuses than 2xx and 304 raise unless they stand in `accept`. keep_part: a body
        that is cut off is returned as far as it came, instead of raising. stays: more will be
        asked of this host at once, so the connection is kept. Raises Unreachable.
        """
        asked = {"Accept-Encoding": "gzip", **(headers or {})}
        request = _Request("GET", url, asked, timeout_s=timeout_s, stays=stays)
        return await self._whole(request, max_bytes, accept, keep_part=keep_part)

    async def send(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 1 << 20,
        timeout_s: float = 60,
        accept: Collection[int] = (),
    ) -> Answer:
        """Send `body` by POST, PATCH, HEAD … and return the answer; no redirect is followed.

        Nothing is sent twice: whether a cut request was heard is for the caller to find out.
        Raises Unreachable as `get`, MOVED for a redirect: a token goes to no other address.
        """
        asked = {"Accept-Encoding": "gzip", **(headers or {})}
        request = _Request(method, url, asked, body, timeout_s=timeout_s)
        return await self._whole(request, max_bytes, accept)

    async def download(
        self,
        url: str,
        file: Path,
        *,
        size: int | None = None,
        sha256: str | None = None,
        max_bytes: int = 64 << 20,
        timeout_s: float = 900,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Fetch a file to `file`, durable and whole; return how many bytes came over the line.

        With `sha256` the source's ETag must be that hash: a cut is resumed at its byte, now or in
        a later call, from `<file>.part`, and only the right bytes get their name. Raises
        Unreachable (CORRUPT: not what the hash says; TOO_LARGE), Busy while another download
        writes the same file, OSError of the disk.
        """
        part = file.with_name(f"{file.name}.part")
        lock = FileLock(part)
        if not lock.try_acquire():
            raise Busy(_("Berkas ini sedang diambil proses lain. Coba lagi sebentar lagi."))
        try:
            fetch = PartFile(part, size, sha256, max_bytes if size is None else size)
            async with asyncio.timeout(timeout_s):
                came = await self._fetch(url, fetch, headers or {})
            await asyncio.to_thread(fetch.settle, file)
        except TimeoutError as error:
            raise Unreachable(Reason.SLOW) from error
        finally:
            if sha256 is None or (part.exists() and not part.stat().st_size):
                part.unlink(missing_ok=True)
            lock.release()
        return came

    def _new_session(
        self, connector: aiohttp.TCPConnector, answers: type[aiohttp.ClientResponse]
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=answers is aiohttp.ClientResponse,
            response_class=answers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            headers={"User-Agent": self._agent},
        )

    async def _fetch(self, url: str, fetch: PartFile, headers: Mapping[str, str]) -> int:
        """Ask until the file is whole; give up when nothing new comes any more."""
        came, idle, mended = 0, 0, False
        while not fetch.is_whole:
            try:
                got = await self._fetch_once(url, fetch, headers)
            except Unreachable as error:
                if error.reason not in (Reason.CUT, Reason.SLOW) or idle + 1 >= _TRIES:
                    raise
                got = 0
            came += got
            idle = 0 if got else idle + 1
            if idle >= _TRIES:
                raise Unreachable(Reason.CUT)
            if fetch.has_all and not fetch.is_right():
                # An older piece on our disk may be at fault: once more from the start.
                if mended or got == fetch.offset:
                    fetch.forget()
                    raise Unreachable(Reason.CORRUPT)
                fetch.forget()
                mended = True
        return came

    async def _fetch_once(self, url: str, fetch: PartFile, headers: Mapping[str, str]) -> int:
        """Take what one request brings and return its bytes; a cut ends it early."""
        asked = {"Accept-Encoding": "identity", **headers, **fetch.range()}
        before = 0
        async with self._asked(_Request("GET", url, asked)) as (answer, _url):
            if answer.status == 416:
                fetch.forget()
                return 0
            if answer.status not in (200, 206):
                raise _refused(answer)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise Unreachable(Reason.STRANGER)
            fetch.begin(answer.status, answer.headers.get("Content-Range", ""))
            before = fetch.offset
            try:
                async for data in self._chunks(answer):
                    fetch.write(data)
            except Unreachable as error:
                if error.reason not in (Reason.CUT, Reason.SLOW):
                    raise
            else:
                fetch.ended()
            finally:
                fetch.close()
        return fetch.offset - before

    async def _whole(
        self,
        request: _Request,
        max_bytes: int,
        accept: Collection[int],
        *,
        keep_part: bool = False,
    ) -> Answer:
        parts = _Parts(max_bytes)
        cut: Reason | None = None
        async with self._asked(request) as (answer, found):
            try:
                async with asyncio.timeout(request.timeout_s):
                    status = answer.status
                    if status not in _GOOD and status not in accept:
                        raise _refused(answer)
                    if request.method != "HEAD" and status not in (204, 304):
                        parts.begin(answer.headers)
                        async for data in self._chunks(answer):
                            parts.add(data)
                        parts.end()
            except (Unreachable, TimeoutError) as error:
                failure = error if isinstance(error, Unreachable) else Unreachable(Reason.SLOW)
                is_cut = failure.reason in (Reason.CUT, Reason.SLOW) and not failure.http_status
                if not (keep_part and is_cut and parts.size):
                    raise failure from error
                cut = failure.reason
        return Answer(status, answer.headers, parts.joined(), str(found), cut)

    @asynccontextmanager
    async def _asked(self, request: _Request) -> AsyncIterator[tuple[aiohttp.ClientResponse, URL]]:
        """Give the answer's head, when it is this host's turn; the body is still to be read."""
        target = self._checked(request.url)
        async with self._turn(target.authority):
            try:
                async with asyncio.timeout(request.timeout_s):
                    answer, target = await self._hops(request, target)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise of_error(error, self._clock) from error
            async with answer:
                yield answer, target

    async def _hops(self, request: _Request, target: URL) -> tuple[aiohttp.ClientResponse, URL]:
        session = self._session if request.stays else self._last
        assert session is not None, "enter the client first"  # noqa: S101
        for _hop in range(MAX_HOPS + 1):
            answer = await session.request(
                request.method,
                target,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
            )
            location = answer.headers.get("Location", "")
            if answer.status not in _MOVED or not location:
                return answer, target
            answer.close()
            following = self._checked(location, target)
            is_safe = not (target.scheme == "https" and following.scheme == "http")
            if request.method != "GET" or not is_safe:
                raise Unreachable(Reason.MOVED, http_status=answer.status, where=str(following))
            target = following
        raise Unreachable(Reason.MOVED, http_status=answer.status, where=str(target))

    def _checked(self, url: str, base: URL | None = None) -> URL:
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
        if not self._allow_private and port is not None and port < 1024 and port not in _WEB_PORTS:
            raise Unreachable(Reason.ADDRESS)
        return target

    async def _chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises Unreachable."""
        while True:
            try:
                data = await answer.content.readany()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                found = of_error(error, self._clock)
                # A body whose end does not come is cut, whatever HTTP calls it.
                raise found if found.reason is Reason.SLOW else Unreachable(Reason.CUT) from error
            if not data:
                return
            yield data

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the host, then for a free connection; forget hosts nobody waits for."""
        turn = self._hosts.setdefault(host, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock, self._slots:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._hosts[host]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeout_s: float = 60
    stays: bool = True


class _LastAnswer(aiohttp.ClientResponse):
    """An answer after which nothing more is asked: its connection is closed when it is read.

    Ten thousand idle sockets help nobody, and "Connection: close" would be 38 bytes of each poll.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.protocol is not None:
            connection.add_callback(connection.protocol.force_close)
        return await super().start(connection)


class _Turn:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class _Parts:
    """Collects a body, unpacked, up to a limit: a gzip bomb ends at the limit."""

    def __init__(self, max_bytes: int) -> None:
        self.size = 0
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._unpack: Any = None

    def begin(self, headers: Mapping[str, str]) -> None:
        encoding = headers.get("Content-Encoding", "identity").lower()
        if encoding in ("gzip", "x-gzip"):
            self._unpack = zlib.decompressobj(31)
        elif encoding == "deflate":
            self._unpack = zlib.decompressobj()
        elif encoding != "identity":
            raise Unreachable(Reason.STRANGER)
        length = headers.get("Content-Length", "")
        if length.isdigit() and int(length) > self._max_bytes:
            raise Unreachable(Reason.TOO_LARGE)

    def add(self, data: bytes) -> None:
        if self._unpack is not None:
            try:
                data = self._unpack.decompress(data, self._max_bytes - self.size + 1)
            except zlib.error as error:
                # Bits fell over on the way: what came before them is as good as a cut.
                raise Unreachable(Reason.CUT) from error
        self.size += len(data)
        if self.size > self._max_bytes:
            raise Unreachable(Reason.TOO_LARGE)
        self._parts.append(data)

    def end(self) -> None:
        if self._unpack is not None and not self._unpack.eof:
            raise Unreachable(Reason.CUT)

    def joined(self) -> bytes:
        return b"".join(self._parts)


def _refused(answer: aiohttp.ClientResponse) -> Unreachable:
    return of_status(answer.status, _retry_after_s(answer.headers.get("Retry-After", "")))


def _retry_after_s(text: str) -> int:
    """Return seconds from Retry-After, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait_s = (moment - datetime.now(UTC)).total_seconds()
    return min(max(int(wait_s), 0), MAX_RETRY_AFTER_S)
