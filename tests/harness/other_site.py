"""A site of other software on loopback: pages that a test sets, in a thread of its own.

with other_site() as there:
    there.pages["/feed"] = Page(rss, "application/rss+xml", etag='"1"')
    there.url, there.asked
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What stands at an address; an etag that is asked for answers 304."""

    body: bytes | str = b""
    kind: str = "text/html"
    status: int = 200
    etag: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class OtherSite:
    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def other_site() -> Iterator[OtherSite]:
    """Serve until the block ends; what is not in `pages` is 404."""
    found = OtherSite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append(self.path)
            page = found.pages.get(self.path, Page(b"Tidak ada", status=404))
            body = page.body.encode() if isinstance(page.body, str) else page.body
            status = page.status
            if page.etag and self.headers.get("If-None-Match") == page.etag:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", page.kind)
            if page.etag:
                self.send_header("ETag", page.etag)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the test looks at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
