"""One plain HTTP/1.1 request over a connection of its own, for polls: almost always a bare 304.

A hub asks thousands of villages that have nothing new. What aiohttp does for each request costs
more than the connection itself (0.15 ms of 0.2), so the plain case is done here: one answer with
a length or without a body. Whatever is not plain is given back as None, and asked again in the
ordinary way. Addresses are checked as everywhere.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from multidict import CIMultiDict

# Longer heads are nothing plain.
_HEAD_BYTES = 16 << 10
_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")
_NOT_PLAIN = ("transfer-encoding", "trailer", "upgrade")


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain answer; `body` as it was sent.

    status 0: no head came. missing: bytes that never came, because it went silent (is_slow) or
    was cut.
    """

    status: int
    headers: CIMultiDict[str]
    body: bytes
    missing: int = 0
    is_slow: bool = False


class Exchange(asyncio.Protocol):
    """Sends `request` as soon as it is connected; `answer` is what came back, None if not plain.

    Longer than stall_s without a byte, or total_s in all, and what came so far is the answer.
    """

    def __init__(self, request: bytes, max_bytes: int, stall_s: float, total_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Plain | None] = loop.create_future()
        self._is_stalled = False
        self._loop = loop
        self._request = request
        self._max_bytes = max_bytes
        self._stall_s = stall_s
        self._until = loop.time() + total_s
        self._came = bytearray()
        self._head: tuple[int, CIMultiDict[str], int, int] | None = None
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has no other
        self._transport = transport
        self._last = self._loop.time()
        self._timer = self._loop.call_at(min(self._last + self._stall_s, self._until), self._look)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._last = self._loop.time()
        self._came += data
        if self._head is None and not self._read_head():
            return
        if self._head is not None:
            status, headers, start, length = self._head
            if len(self._came) >= start + length:
                # What comes after the answer was not asked for, and is not looked at.
                body = bytes(self._came[start : start + length])
                self._end(Plain(status, headers, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._cut()

    def close(self) -> None:
        """Nothing more is wanted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def _read_head(self) -> bool:
        """Read the head if it is whole; end it here when it is not plain."""
        end = self._came.find(b"\r\n\r\n")
        if end < 0:
            if len(self._came) > _HEAD_BYTES:
                self._end(None)
            return False
        self._head = _head_of(bytes(self._came[:end]), end + 4)
        if self._head is None or self._head[3] > self._max_bytes:
            self._end(None)
            return False
        return True

    def _look(self) -> None:
        """Has it been silent for too long? One timer an exchange, however many pieces come."""
        quiet_until = min(self._last + self._stall_s, self._until)
        if quiet_until > self._loop.time():
            self._timer = self._loop.call_at(quiet_until, self._look)
        else:
            self._timer = None
            self._is_stalled = True
            self._cut()

    def _cut(self) -> None:
        if self.answer.done():
            return
        if self._head is None:
            self._end(Plain(0, CIMultiDict(), b"", 1, self._is_stalled))
        else:
            status, headers, start, length = self._head
            body = bytes(self._came[start:])
            self._end(Plain(status, headers, body, length - len(body), self._is_stalled))

    def _end(self, answer: Plain | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)
        self.close()


def request_of(method: str, path: str, host: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a request without a body. Raises ValueError for a broken line."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _head_of(head: bytes, start: int) -> tuple[int, CIMultiDict[str], int, int] | None:
    """Return status, headers, where the body begins and its length; None when it is not plain."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        field = _FIELD.fullmatch(line.decode("utf-8", "surrogateescape"))
        if field is None:
            return None
        headers.add(field[1], field[2])
    if status is None or any(name in headers for name in _NOT_PLAIN):
        return None
    code = int(status[1])
    if code < 200 or code in (301, 302, 303, 307, 308):
        return None
    if code in (204, 304):
        return code, headers, start, 0
    lengths = headers.getall("Content-Length", [])
    if len(lengths) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
        return None
    return code, headers, start, int(lengths[0][:18])
