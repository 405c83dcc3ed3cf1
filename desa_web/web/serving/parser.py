"""Request parsing where every doubt is a 400: framing, Host, start line, header lines.

waitress 3.0.2 accepts Content-Length beside Transfer-Encoding (request smuggling), two Hosts,
no Host, absolute-form targets, HTTP/9.9 and folded lines. Limits and deadlines are not set here.
"""

import functools
import re
from typing import ClassVar

from waitress.parser import HTTPRequestParser, ParsingError

MAX_HEADER_LINES = 100
_START = re.compile(rb"[A-Z]{3,10} /[\x21-\x7e]* HTTP/1\.([01])")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?")
# Two of these would let a proxy and us read two different requests.
_SINGLE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"cookie", b"authorization"}
)
# What waitress itself parses in place of a request whose header was too large.
_PLACEHOLDER = b"GET / HTTP/1.0\r\n"


@functools.lru_cache(256)
def is_host_allowed(value: str, hosts: frozenset[str]) -> bool:
    """Is this a well-formed Host, and one of ours? An empty set allows every name."""
    match = _HOST.fullmatch(value)
    return match is not None and (not hosts or match[1].lower() in hosts)


class StrictParser(HTTPRequestParser):  # type: ignore[misc]
    """One request; `hosts` is set by the server that makes a subclass."""

    hosts: ClassVar[frozenset[str]] = frozenset()

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus == _PLACEHOLDER:
            super().parse_header(header_plus)
            return
        first, *rest = header_plus.split(b"\r\n")
        lines = [line for line in rest if line]
        version = self._check_lines(first, lines)
        super().parse_header(header_plus)
        self._check_host(version)
        connection = self.headers.get("CONNECTION", "").lower()
        if "close" in re.split(r"[\s,]+", connection):
            # waitress knows the option only when it stands alone.
            self.headers["CONNECTION"] = "close"
            self.connection_close = True

    def _check_lines(self, first: bytes, lines: list[bytes]) -> bytes:
        start = _START.fullmatch(first)
        if start is None:
            raise ParsingError("Start line is not understood")
        if len(lines) > MAX_HEADER_LINES:
            raise ParsingError("Too many header lines")
        if any(line[:1] in b" \t" for line in lines):
            raise ParsingError("Folded header line")
        names = [line.split(b":", 1)[0].lower() for line in lines]
        if len([n for n in names if n in _SINGLE]) != len({n for n in names if n in _SINGLE}):
            raise ParsingError("Repeated header")
        if b"transfer-encoding" in names and (b"content-length" in names or start[1] == b"0"):
            raise ParsingError("Ambiguous length")
        return bytes(start[1])

    def _check_host(self, version: bytes) -> None:
        host = self.headers.get("HOST")
        if host is None:
            if version == b"1":
                raise ParsingError("Host is missing")
        elif not is_host_allowed(host, self.hosts):
            raise ParsingError("Host is not served here")
