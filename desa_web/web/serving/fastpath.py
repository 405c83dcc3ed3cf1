"""Kept pages answered in the I/O thread: whole, body-less GET and HEAD requests only.

Whatever is not certain is left to the parser and the WSGI way, which gives the same bytes. An
error before the first byte is sent turns the fast path off and takes that way too.
"""

import logging
import os
import re
import socket
from typing import TYPE_CHECKING, BinaryIO

from waitress.utilities import build_http_date

from desa_web.engines.pages import Page
from desa_web.engines.pages.middleware import open_whole
from desa_web.engines.pages.page import etag_matches, wants_gzip
from desa_web.engines.pages.readers import is_reader
from desa_web.web.serving.output import Tail
from desa_web.web.serving.parser import MAX_HEADER_LINES, is_host_allowed
from desa_web.web.serving.tasks import Wire, wire

if TYPE_CHECKING:
    from desa_web.web.serving.channel import GuardedChannel

log = logging.getLogger("desa_web.server")

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_HEAD = re.compile(
    rb" HTTP/1\.([01])\r\n((?:"
    + _TOKEN
    + rb"++:[\t\x20-\x7e]*+\r\n){1,%d}+)\r\n" % MAX_HEADER_LINES
)
_PICK = re.compile(
    # What begins alike stands together: the engine tries each word at each line.
    rb"^(host|con(?:nection|tent-length)|accept-encoding|if-(?:none-match|match|unmodified-since"
    rb"|modified-since)|cookie|range|authorization|transfer-encoding|expect|upgrade|user-agent"
    rb"|sec-purpose|purpose|x-moz):[ \t]*+([^\r]*)",
    re.I | re.M,
)
# The WSGI way decides about these.
_LEAVE = frozenset(
    {b"authorization", b"content-length", b"transfer-encoding", b"expect", b"upgrade"}
    | {b"if-match", b"if-unmodified-since", b"if-modified-since"}
)
_CONNECTION = {b"": "", b"close": "close", b"keep-alive": "keep-alive"}
_PURPOSES = frozenset({b"sec-purpose", b"purpose", b"x-moz"})
# Which User-Agents read, so that most are not decoded each time.
_readers: dict[bytes, bool] = {}
_READERS_KNOWN = 500
# Longer values would fill the caches of the negotiation.
_LONGEST_VALUE = 512


class _Plan:
    """A complete answer, decided before anything is sent."""

    __slots__ = ("body", "closes", "head", "page", "source", "used")

    def __init__(
        self, head: bytes, body: bytes, source: BinaryIO | None, page: Page, used: int, closes: bool
    ) -> None:
        self.head = head
        self.body = body
        self.source = source
        self.page = page
        self.used = used
        self.closes = closes


def answer(channel: "GuardedChannel", data: bytes) -> int:
    """Answer the request at the start of `data`; return its length, 0 when it is not ours."""
    server = channel.server
    if not server.is_fast:
        return 0
    try:
        plan = _plan(channel, data)
    except Exception as error:
        server.break_fast_path(error)
        return 0
    if plan is None:
        return 0
    try:
        _send(channel, plan)
    except Exception as error:
        # Bytes may have left: this connection cannot be taken over, all others can.
        server.break_fast_path(error)
        channel.handle_close()
    return plan.used


def _plan(channel: "GuardedChannel", data: bytes) -> _Plan | None:
    if data[:5] == b"GET /":
        start, is_head = 4, False
    elif data[:6] == b"HEAD /":
        start, is_head = 5, True
    else:
        return None
    end = data.find(b" ", start)
    server = channel.server
    target = data[start:end]
    page = server.store.hot(target)
    if page is None:
        return None
    match = _HEAD.match(data, end)
    if match is None:
        return None
    headers = _pick(match[2])
    if headers is None:
        return None
    choice = _choose(channel, page, headers, match[1])
    if choice is None:
        return None
    now = int(channel.last_activity)
    if now != server.date_at:
        server.date_at, server.date = now, build_http_date(now).encode()
    head = choice.before_date + server.date + choice.after_date
    body, source = b"", None
    if not is_head:
        if choice.body is not None:
            body = choice.body
        elif page.file is not None:
            source = open_whole(page.file, page.size_bytes)
            if source is None:
                return None
        if page.is_document and _is_read(headers):
            server.store.count_view(target)
    return _Plan(head, body, source, page, match.end(), choice.closes)


def _pick(lines: bytes) -> dict[bytes, bytes] | None:
    headers: dict[bytes, bytes] = {}
    for name, value in _PICK.findall(lines):
        key = name.lower()
        if key in headers or key in _LEAVE:
            return None
        headers[key] = value.rstrip(b" \t")
    return headers


def _is_read(headers: dict[bytes, bytes]) -> bool:
    agent = headers.get(b"user-agent", b"")
    if _PURPOSES.isdisjoint(headers):
        known = _readers.get(agent)
        if known is not None:
            return known
    purpose = b"".join(headers.get(name, b"") for name in _PURPOSES)
    reads = is_reader(agent[:500].decode("latin-1"), purpose[:100].decode("latin-1"))
    if not purpose and len(agent) <= _LONGEST_VALUE:
        if len(_readers) >= _READERS_KNOWN:
            _readers.clear()
        _readers[agent] = reads
    return reads


def _choose(
    channel: "GuardedChannel", page: Page, headers: dict[bytes, bytes], minor: bytes
) -> Wire | None:
    server = channel.server
    get = headers.get
    connection = _CONNECTION.get(get(b"connection", b"").lower())
    if connection is None or not is_host_allowed(get(b"host", b"").decode("ascii"), server.hosts):
        return None
    cookie = get(b"cookie")
    if cookie is not None and any(name in cookie for name in server.private_cookies):
        return None
    if page.file is not None and b"range" in headers:
        return None
    accepted, known = get(b"accept-encoding"), get(b"if-none-match")
    if len(accepted or b"") > _LONGEST_VALUE or len(known or b"") > _LONGEST_VALUE:
        return None
    unchanged = (
        known is not None
        and page.status[:3] == "200"
        and etag_matches(known.decode("ascii"), page.opaque)
    )
    gzipped = bool(accepted and page.gz is not None and wants_gzip(accepted.decode("ascii")))
    version = "1.1" if minor == b"1" else "1.0"
    key = (version, connection, gzipped and not unchanged, unchanged)
    kept = page.heads.get(key)
    if kept is None:
        kept = page.heads[key] = wire(
            page,
            version=version,
            connection=connection,
            gzipped=gzipped,
            unchanged=unchanged,
            ident=channel.adj.ident,
        )
    return kept  # type: ignore[return-value]


def _send(channel: "GuardedChannel", plan: _Plan) -> None:
    if plan.source is not None:
        _send_file(channel, plan.head, plan.source, plan.page.size_bytes)
    else:
        data = plan.head + plan.body
        sent = channel.send(data)
        if sent < len(data) and channel.socket is not None:
            # The page's own bytes where possible: a thousand slow readers share them.
            at = sent - len(plan.head)
            if at >= 0:
                channel.wait_for_reader(Tail(plan.body, at, len(plan.body)))
            else:
                channel.wait_for_reader(Tail(data, sent, len(data)))
    if plan.closes:
        channel.finish()


def _send_file(channel: "GuardedChannel", head: bytes, source: BinaryIO, size: int) -> None:
    sent = at = 0
    try:
        # The rest follows: one packet for header and first bytes.
        sent = channel.socket.send(head, getattr(socket, "MSG_MORE", 0))
        if sent == len(head):
            at = os.sendfile(channel.socket.fileno(), source.fileno(), 0, min(size, 1 << 20))
    except BlockingIOError:
        pass
    except OSError:
        source.close()
        channel.handle_close()
        return
    if sent < len(head):
        channel.wait_for_reader(Tail(head, sent, len(head)))
    if at < size:
        channel.wait_for_reader(Tail(source, at, size))
    else:
        source.close()
