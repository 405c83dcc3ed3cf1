"""A site that says whatever the test wants: raw bytes for each request, then closes, or hangs.

async with LyingSite(lambda request: b"HTTP/1.1 503 Busy\\r\\nRetry-After: 7\\r\\n\\r\\n") as site:
    await client.get(site.url)
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, Callable, Mapping

from desa_web.core.site import Site
from tests.harness.listener import Listener
from tests.harness.site import client

# What the site says to a request (its first line and headers): bytes, or pieces of them in time.
Say = Callable[[str], bytes | AsyncIterable[bytes]]


def answer(
    body: bytes = b"",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    kind: str = "application/x-ndjson",
) -> bytes:
    """Return a whole HTTP answer."""
    lines = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def always(said: bytes) -> Say:
    """Say the same to everybody."""
    return lambda _request: said


def honest(site: Site) -> Callable[[str], bytes]:
    """Answer what the site's own app says, as a server in front of it would send it."""
    web = client(site)

    def say(request: str) -> bytes:
        line, *rest = request.rstrip("\r\n").split("\r\n")
        method, path, _version = line.split(" ")
        sent = [(name, value) for name, _, value in (one.partition(": ") for one in rest)]
        found = web.open(path, method=method, headers=sent)
        told = {name: value for name, value in found.headers.items() if name != "Content-Length"}
        if found.status_code == 304:
            return f"HTTP/1.1 304 X\r\nETag: {told['ETag']}\r\n\r\n".encode()
        return answer(found.get_data(), found.status_code, told, kind="")

    return say


class LyingSite(Listener):
    """Answers one request a connection. `requests`: what was asked, `most`: how many at once."""

    def __init__(self, say: Say, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self._say = say
        self.requests: list[str] = []
        self.most = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.most = max(self.most, self.talking)
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(request)
        said = self._say(request)
        if isinstance(said, bytes):
            writer.write(said)
            await writer.drain()
            return
        async for piece in said:
            writer.write(piece)
            await writer.drain()
