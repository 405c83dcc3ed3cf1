"""Very many loopback villages in one process: each with a signed log of its own, and as Atom.

    python -m tests.bench.farm template.json --sources 400 [--tls FOLDER] [--latency 1] [--mute 20]

Every village has its own address in 127.0.0.0/8, so each one is a host of its own to whoever
asks. Prints the port, then serves until it is killed. Not the product's server: only who asks is
measured. What is sent is what a real village says (template.json is made of one), the headers of
an answer are the real ones.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import socket
import ssl
import sys
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from desa_web.engines.sync.keys import public_of
from desa_web.engines.sync.line import START, Trailer, compact, hash_of, sign, site_of, wire

_SO_BINDTODEVICE = 25
_DATE = b"Date: Sun, 22 Nov 2026 01:00:00 GMT\r\n"


def address_of(n: int) -> str:
    """Return the address of the n-th village."""
    n += 1
    return f"127.{20 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"


class Village:
    """One source: its log and its feed, packed, and their tags."""

    def __init__(self, n: int, template: dict[str, Any]) -> None:
        key = SigningKey(sha256(b"farm %d" % n).digest())
        public = public_of(key)
        name, epoch = site_of(public), sha256(b"epoch %d" % n).hexdigest()[:16]
        said = [("epoch", epoch, {"parent": None, "key": public})]
        said.append(("profile", "site", {"name": f"Desa {n}", "kode_wilayah": ""}))
        said += [("article", f"{a['id']}-{n}", a["content"]) for a in template["articles"]]
        lines, prev = [], START
        for seq, (kind, object_id, content) in enumerate(said, 1):
            fields = {
                "v": 1, "site": name, "epoch": epoch, "seq": seq, "op": "put", "kind": kind,
                "id": object_id, "rev": 1, **content,
            }  # fmt: skip
            body = compact(fields)
            lines.append(wire(body, sign(key, prev, body)))
            prev = hash_of(prev, body)
        self.site = name
        self.head = prev[:32].encode()
        self.page = gzip.compress(b"".join(lines) + Trailer(len(lines), False).wire(), 6)
        card = {"v": 1, "site": name, "name": f"Desa {n}", "program": "farm", "kode_wilayah": "",
                "keys": [{"key": public, "endorsement": ""}]}  # fmt: skip
        self.card = json.dumps(card).encode()
        atom = template["atom"].replace("sukamaju.desa.id", f"desa{n}.id")
        for article in template["articles"]:
            atom = atom.replace(article["id"], f"{article['id']}-{n}")
        self.atom = gzip.compress(atom.encode(), 6)
        self.atom_tag = sha256(self.atom).hexdigest()[:32].encode()

    def answer(self, request: bytes) -> bytes:
        if request.startswith(b"GET /sync/v1/changes"):
            return self._tagged(request, self.head, self.page, b"application/x-ndjson")
        if request.startswith(b"GET /feed.atom"):
            kind = b"application/atom+xml; charset=utf-8"
            return self._tagged(request, self.atom_tag, self.atom, kind)
        if request.startswith(b"GET /.well-known/desa"):
            return _whole(self.card, b"application/json; charset=utf-8")
        return b"HTTP/1.1 404 NOT FOUND\r\nContent-Length: 0\r\n\r\n"

    def _tagged(self, request: bytes, tag: bytes, packed: bytes, kind: bytes) -> bytes:
        if b'"' + tag + b'"' in request:
            return b'HTTP/1.1 304 NOT MODIFIED\r\n%sETag: "%s"\r\n\r\n' % (_DATE, tag)
        extra = b'Content-Encoding: gzip\r\nETag: "%s"\r\n' % tag
        return _whole(packed, kind, extra)


class Connection(asyncio.Protocol):
    """Answers requests one after the other; mute villages say nothing for ever."""

    def __init__(self, villages: list[Village], mute: int, latency_s: float) -> None:
        self._villages = villages
        self._mute = mute
        self._latency_s = latency_s
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        _, a, b, c = transport.get_extra_info("sockname")[0].split(".")
        self._n = (int(a) - 20 << 16) + (int(b) << 8) + int(c) - 1

    def data_received(self, data: bytes) -> None:
        self._came += data
        while b"\r\n\r\n" in self._came:
            request, _, self._came = self._came.partition(b"\r\n\r\n")
            if self._n < self._mute:
                continue
            said = self._villages[self._n].answer(request)
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency_s, self._transport.write, said)


def _whole(body: bytes, kind: bytes, extra: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
    return head % (_DATE, kind, len(body), extra) + body


async def serve(villages: list[Village], tls: ssl.SSLContext | None, mute: int, s: float) -> None:
    listener = socket.socket()
    # All of 127.0.0.0/8, and nothing else.
    listener.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, b"lo\0")
    listener.bind(("0.0.0.0", 0))
    made = partial(Connection, villages, mute, s)
    server = await asyncio.get_running_loop().create_server(
        made, sock=listener, ssl=tls, backlog=1024
    )
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("template", type=Path)
    options.add_argument("--sources", type=int, default=400)
    options.add_argument("--tls", type=Path)
    options.add_argument("--latency", type=float, default=0)
    options.add_argument("--mute", type=int, default=0)
    chosen = options.parse_args()
    template = json.loads(chosen.template.read_text())
    villages = [Village(n, template) for n in range(chosen.sources)]
    tls = None
    if chosen.tls is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(chosen.tls / "good.pem", chosen.tls / "good.key")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(villages, tls, chosen.mute, chosen.latency))


if __name__ == "__main__":
    main()
