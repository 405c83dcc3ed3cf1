"""One plain HTTP/1.1 request and its answer, for polls: almost always a bare 304.

A hub asks thousands of villages that have nothing new. What aiohttp does for each request costs
more than the connection itself (0.15 ms of 0.2), so the plain case is done here: one answer with
a length or without a body. Whatever is not plain is given back as None, and asked again in the
ordinary way. Bytes only: no connection is known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from multidict import CIMultiDict

# Longer heads are nothing plain.
_HEAD_BYTES = 16 << 10
_STATUS = re.compile(r"HTTP/1\.1 ([1-5][0-9]{2})(?: [^\r\n]*)?")
_MOVED = (301, 302, 303, 307, 308)
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


class Reading:
    """Reads one answer as its bytes come; knows no connection.

    is_done: `answer` is final. None there means: not plain, ask in the ordinary way.
    """

    def __init__(self, max_bytes: int) -> None:
        self.is_done = False
        self.answer: Plain | None = None
        self._max_bytes = max_bytes
        self._head: tuple[int, CIMultiDict[str], int] | None = None
        # What came of the head, then of the body.
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._head is None:
            self._read_head()
        if self._head is not None:
            status, headers, length = self._head
            if self._size >= length:
                # What comes after the answer was not asked for, and is not looked at.
                self._end(Plain(status, headers, b"".join(self._parts)[:length]))

    def cut(self, *, is_slow: bool = False) -> None:
        """No more comes."""
        if self._head is None:
            self._end(Plain(0, CIMultiDict(), b"", 1, is_slow))
        else:
            status, headers, length = self._head
            body = b"".join(self._parts)
            self._end(Plain(status, headers, body, length - len(body), is_slow))

    def _read_head(self) -> None:
        """Read the head if it is whole; end it here when it is not plain."""
        came = b"".join(self._parts)
        end = came.find(b"\r\n\r\n")
        if end < 0:
            self._parts = [came]
            if len(came) > _HEAD_BYTES:
                self._end(None)
            return
        head = _head_of(came[:end])
        if head is None or head[2] > self._max_bytes:
            self._end(None)
        else:
            self._head, self._parts = head, [came[end + 4 :]]
            self._size = len(self._parts[0])

    def _end(self, answer: Plain | None) -> None:
        if not self.is_done:
            self.is_done, self.answer = True, answer


def request_of(method: str, path: str, host: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a request without a body. Raises ValueError for a broken line."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _head_of(head: bytes) -> tuple[int, CIMultiDict[str], int] | None:
    """Return status, headers and the length of the body; None when it is not plain."""
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    status = _STATUS.fullmatch(first)
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            return None
        headers.add(field[1], field[2])
    if status is None:
        return None
    code = int(status[1])
    if code < 200 or code in _MOVED or any(name in headers for name in _NOT_PLAIN):
        return None
    if code in (204, 304):
        return code, headers, 0
    lengths = headers.getall("Content-Length", [])
    if len(lengths) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
        return None
    return code, headers, int(lengths[0][:18])
