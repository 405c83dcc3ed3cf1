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

import ssl
import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from desa_web.core.clock import Clock, SystemClock
from desa_web.core.disk import FileLock
from desa_web.core.errors import Busy
from desa_web.core.i18n import _
from desa_web.engines.sync.part_file import PartFile
from desa_web.engines.sync.request import Limits, Request
from desa_web.engines.sync.unreachable import Reason, Unreachable, of_status

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from yarl import URL

    from desa_web.engines.sync.wire import Wire

__all__ = ["Answer", "Client", "Reason", "Unreachable"]

# A day: what a source asks for in Retry-After is honoured up to here.
MAX_RETRY_AFTER_S = 86_400
_GOOD = (200, 201, 202, 204, 206, 304)
# An attempt that brings nothing new, so often in a row, ends a download.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site said. The names in `headers` are found in any case.

    is_whole is False only where keep_part was asked for: `body` is then what came before the cut,
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
        self._limits = Limits(
            allow_private, agent, max_open, connect_s, stall_s, tls, clock or SystemClock()
        )
        # Here and below: a village that asks nobody does without these 3 MB.
        import asyncio

        self._slots = asyncio.Semaphore(max_open)
        self._hosts: dict[str, _Turn] = {}
        self._wire: Wire | None = None

    async def __aenter__(self) -> Self:
        # aiohttp is loaded here: who asks nobody never needs it.
        from desa_web.engines.sync.wire import Wire

        self._wire = Wire(self._limits)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

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
        request = Request("GET", url, asked, timeout_s=timeout_s, stays=stays)
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
        request = Request(method, url, asked, body, timeout_s=timeout_s)
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
        import asyncio

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
        async with self._asked(Request("GET", url, asked)) as (answer, _url):
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
                async for data in self._open.chunks(answer):
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
        request: Request,
        max_bytes: int,
        accept: Collection[int],
        *,
        keep_part: bool = False,
    ) -> Answer:
        import asyncio

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
                        async for data in self._open.chunks(answer):
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
    async def _asked(self, request: Request) -> AsyncIterator[tuple[ClientResponse, URL]]:
        """Give the answer's head, when it is this host's turn; the body is still to be read."""
        target = self._open.checked(request.url)
        async with self._turn(target.authority):
            answer, found = await self._open.ask(request, target)
            async with answer:
                yield answer, found

    @property
    def _open(self) -> Wire:
        assert self._wire is not None, "enter the client first"  # noqa: S101
        return self._wire

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


class _Turn:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        import asyncio

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


def _refused(answer: ClientResponse) -> Unreachable:
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
