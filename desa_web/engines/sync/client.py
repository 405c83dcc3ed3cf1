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

import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
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
    import ssl

    from aiohttp import ClientResponse

    from desa_web.engines.sync.quick import Plain
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
        self._wire: Wire | None = None

    async def __aenter__(self) -> Self:
        # asyncio and aiohttp are loaded here: a village that asks nobody saves 15 MB.
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
        # Over TLS a kept connection saves a handshake; a plain one is cheaper made anew.
        stays = stays and not url.startswith("http://")
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
        part = file.with_name(f"{file.name}.part")
        lock = FileLock(part)
        if not lock.try_acquire():
            raise Busy(_("Berkas ini sedang diambil proses lain. Coba lagi sebentar lagi."))
        try:
            fetch = PartFile(part, size, sha256, max_bytes if size is None else size)
            async with self._open.within(timeout_s):
                came = await self._fetch(url, fetch, headers or {})
            await self._open.apart(partial(fetch.settle, file))
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
                raise _refused(answer.status, answer.headers)
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
        body = _Body(request.method, max_bytes, accept, keep_part=keep_part)
        wire = self._open
        place = None if request.stays else wire.poller.place_of(request.url)
        if place is not None:
            async with wire.turns.of(place.authority):
                plain = await wire.poller.ask(request, place, max_bytes)
            if plain is not None:
                return body.of_plain(plain, request.url)
        async with self._asked(request) as (answer, url):
            return await self._read(body, answer, url, request.timeout_s)

    async def _read(
        self, body: _Body, answer: ClientResponse, url: str, timeout_s: float
    ) -> Answer:
        try:
            async with self._open.within(timeout_s):
                if body.begin(answer.status, answer.headers):
                    async for data in self._open.chunks(answer):
                        body.add(data)
                    body.end()
        except Unreachable as error:
            body.failed(error)
        except TimeoutError as error:
            body.failed(Unreachable(Reason.SLOW), error)
        return body.answer(answer.status, answer.headers, url)

    @asynccontextmanager
    async def _asked(self, request: Request) -> AsyncIterator[tuple[ClientResponse, str]]:
        """Give the head of an answer, and whose it is, while it is this host's turn."""
        target = self._open.checked(request.url)
        async with self._open.turns.of(target.authority):
            answer, found = await self._open.ask(request, target)
            async with answer:
                yield answer, str(found)

    @property
    def _open(self) -> Wire:
        assert self._wire is not None, "enter the client first"  # noqa: S101
        return self._wire


class _Body:
    """Takes the body of an answer, unpacked, up to a limit: a gzip bomb ends at the limit."""

    def __init__(
        self, method: str, max_bytes: int, accept: Collection[int], *, keep_part: bool
    ) -> None:
        self._has_none = method == "HEAD"
        self._max_bytes = max_bytes
        self._accept = accept
        self._keep_part = keep_part
        self._size = 0
        self._parts: list[bytes] = []
        self._unpack: Any = None
        self._cut: Reason | None = None

    def of_plain(self, plain: Plain, url: str) -> Answer:
        """Return the answer that a poll brought in one piece, or cut."""
        try:
            if self.begin(plain.status, plain.headers):
                self.add(plain.body)
                if plain.missing:
                    raise Unreachable(Reason.SLOW if plain.is_slow else Reason.CUT)
                self.end()
        except Unreachable as error:
            self.failed(error)
        return self.answer(plain.status, plain.headers, url)

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Is there a body to be read? Raises Unreachable for what is no answer."""
        if status not in _GOOD and status not in self._accept:
            raise _refused(status, headers)
        if self._has_none or status in (204, 304):
            return False
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
        return True

    def add(self, data: bytes) -> None:
        if self._unpack is not None:
            try:
                data = self._unpack.decompress(data, self._max_bytes - self._size + 1)
            except zlib.error as error:
                # Bits fell over on the way: what came before them is as good as a cut.
                raise Unreachable(Reason.CUT) from error
        self._size += len(data)
        if self._size > self._max_bytes:
            raise Unreachable(Reason.TOO_LARGE)
        self._parts.append(data)

    def end(self) -> None:
        if self._unpack is not None and not self._unpack.eof:
            raise Unreachable(Reason.CUT)

    def failed(self, failure: Unreachable, cause: Exception | None = None) -> None:
        """Raise it, unless it is a cut, something came before it, and that is wanted."""
        is_cut = failure.reason in (Reason.CUT, Reason.SLOW) and not failure.http_status
        if not (self._keep_part and is_cut and self._size):
            raise failure from cause
        self._cut = failure.reason

    def answer(self, status: int, headers: Mapping[str, str], url: str) -> Answer:
        return Answer(status, headers, b"".join(self._parts), url, self._cut)


def _refused(status: int, headers: Mapping[str, str]) -> Unreachable:
    return of_status(status, _retry_after_s(headers.get("Retry-After", "")))


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
