"""Before the socket opens: does the fast path give the bytes that the WSGI way gives?"""

import re
import socket
from types import SimpleNamespace
from typing import Any

from waitress.adjustments import Adjustments

from desa_web.engines.pages import Page, PageMiddleware
from desa_web.web.serving.channel import GuardedChannel
from desa_web.web.serving.loop import Limits
from desa_web.web.serving.parser import StrictParser
from desa_web.web.serving.tasks import KeepAliveTask

_BODY = b"<!doctype html><title>Uji</title>" + b"<p>Uji mandiri server desa.</p>" * 40
_PAGE = Page.of_body("200 OK", [("Content-Type", "text/html; charset=utf-8")], _BODY)
_LINES = (
    b"GET /uji HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /uji HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br\r\n",
    b"HEAD /uji HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n",
    b'GET /uji HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: W/"%b"\r\n' % _PAGE.opaque.encode(),
    b"GET /uji HTTP/1.0\r\nHost: localhost\r\n",
)


class _OnePage:
    """Stands where the store stands, holding the one page."""

    def hot(self, target: bytes) -> Page | None:
        return _PAGE if target == b"/uji" else None

    def get(self, target: str) -> Page | None:
        return _PAGE if target == "/uji" else None

    def count_view(self, target: bytes) -> None:
        """Nobody is reading."""


def difference(adj: Adjustments) -> str | None:
    """Return the first request that is answered differently; None when all are the same."""
    for lines in _LINES:
        request = lines + b"\r\n"
        fast, slow = _fast(request, adj), _slow(request, adj)
        if fast != slow or not fast.startswith(b"HTTP/1."):
            return lines.decode("ascii").strip()
    return None


def _fast(request: bytes, adj: Adjustments) -> bytes:
    ours, theirs = socket.socketpair()
    failures: list[str] = []
    server = SimpleNamespace(
        store=_OnePage(),
        limits=Limits(),
        hosts=frozenset(),
        private_cookies=(),
        is_fast=True,
        date_at=0,
        date=b"",
        restless=set(),
        active_channels={},
        break_fast_path=lambda error: failures.append("broken"),
        unwatch=lambda fd: None,
        add_task=lambda channel: failures.append("left to WSGI"),
    )
    channel = GuardedChannel(server, ours, ("127.0.0.1", 0), adj, map={})
    try:
        theirs.settimeout(1)
        theirs.sendall(request)
        channel.handle_read()
        answer = b"" if failures else theirs.recv(1 << 16)
    except OSError:
        answer = b""
    finally:
        if channel.socket is not None:
            channel.handle_close()
        theirs.close()
    return _without_date(answer)


def _slow(request: bytes, adj: Adjustments) -> bytes:
    parser = StrictParser(adj)
    parser.received(request)
    store: Any = _OnePage()
    written: list[bytes] = []

    def write_soon(data: bytes) -> int:
        written.append(bytes(data))
        return len(data)

    server = SimpleNamespace(
        adj=adj,
        effective_port=80,
        server_name="localhost",
        application=PageMiddleware(lambda environ, start: [], store),
    )
    channel = SimpleNamespace(
        server=server,
        adj=adj,
        addr=("127.0.0.1", 0),
        write_soon=write_soon,
        check_client_disconnected=lambda: False,
    )
    KeepAliveTask(channel, parser).service()
    return _without_date(b"".join(written))


def _without_date(answer: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate:", answer)
