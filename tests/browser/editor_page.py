"""A small real server with one writing form: the editor and autosave without the rest of the desk.

The pages carry the product's own headers (strict CSP) and files; what the API answers is told by
`answers`, what came in is kept in `typings` and `posts`.
"""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from desa_web.web.headers import CONSTANT

STATIC = Path(__file__).parents[2] / "desa_web" / "web" / "static"
PAGE = """<!DOCTYPE html>
<html lang="id"><head><meta charset="utf-8"><title>Tulis – Desa Uji</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/statis/desk/lambang.svg" type="image/svg+xml">
<link rel="stylesheet" href="/statis/desk/kelola.css">
<link rel="stylesheet" href="/statis/editor/editor.css">
<script type="module" src="/statis/editor/editor.js"></script>
{autosave}</head><body class="tanpa-nav"><main class="isi" id="isi"><h1>Tulis</h1>
<div class="pemberitahuan"></div>
<form class="tulis" id="naskah" method="post" action="/tulis" {attributes}>
<input type="hidden" name="_token" value="rahasia">
<input type="hidden" name="version" value="{version}">
<input type="hidden" name="sheet" value="{sheet}">
<input type="hidden" name="base_revision_id" value="r{version}">
<input type="hidden" name="format" value="markdown" data-editor-format>
<div class="keadaan"><p>
<span class="meta" data-autosave-status role="status">Belum disimpan</span></p></div>
<div class="kertas-tulis">
<label for="title">Judul</label><textarea id="title" name="title" rows="2">
{title}</textarea>
<div class="medan"><label for="body">Isi</label>
<textarea class="tulisan" id="body" name="body" rows="14"
 data-editor data-photos="/api/v1/media/{{id}}" aria-describedby="body-bantu">
{markdown}</textarea><template data-editor-html>{body}</template>
<p class="bantu" id="body-bantu" data-editor-hint>Baris kosong memisah paragraf.</p></div>
<button class="tombol">Simpan</button></div></form></main></body></html>"""
DONE = """<!DOCTYPE html><html lang="id"><head><meta charset="utf-8"><title>Tersimpan</title>
<link rel="icon" href="/statis/desk/lambang.svg" type="image/svg+xml">
<script type="module" src="/statis/editor/sent.js"></script></head>
<body><main><h1>Tersimpan</h1></main></body></html>"""
PIXEL = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)


@dataclass
class EditorSite:
    """What the page shows, what the API answers, and what came in."""

    url: str = ""
    body: str = ""
    markdown: str = ""
    title: str = ""
    article: str = "a1"
    user: str = "u1"
    version: int = 1
    has_autosave: bool = False
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    typings: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, str]] = field(default_factory=list)

    def page(self) -> str:
        about = f'data-user="{self.user}" '
        if self.article:
            about += f'data-article="{self.article}" '
            about += f'data-autosave="/api/v1/articles/{self.article}/typing"'
        else:
            about += 'data-autosave-sheet="/api/v1/typing/tulis/"'
        script = '<script type="module" src="/statis/editor/autosave.js"></script>'
        return PAGE.format(
            attributes=about,
            autosave=script if self.has_autosave else "",
            version=self.version,
            sheet="" if self.article else f"lembar-{len(self.typings)}",
            title=html.escape(self.title),
            markdown=html.escape(self.markdown),
            body=self.body,
        )


@contextmanager
def editor_site() -> Iterator[EditorSite]:
    """Serve the page on 127.0.0.1 until the block ends."""
    site = EditorSite()
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    site: EditorSite
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/tulis":
            self._answer(self.site.page())
        elif path == "/selesai":
            self._answer(DONE)
        elif path.startswith("/api/v1/media/"):
            photo = {
                "id": path.rpartition("/")[2],
                "caption": "Rapat di balai",
                "alt": "Warga duduk",
            }
            self._answer(json.dumps({**photo, "thumb": "/foto.gif"}), kind="application/json")
        elif path == "/foto.gif":
            self._answer(PIXEL, kind="image/gif")
        elif path.startswith("/statis/") and (STATIC / path[8:]).is_file():
            kind = guess_type(path)[0] or "application/octet-stream"
            self._answer((STATIC / path[8:]).read_bytes(), kind=kind)
        else:
            self._answer("tidak ada", status=404)

    def do_PUT(self) -> None:
        self.site.typings.append(json.loads(self._body()))
        status, told = self.site.answers.pop(0) if self.site.answers else (200, {})
        self._answer(json.dumps(told), status=status, kind="application/json")

    def do_POST(self) -> None:
        fields = parse_qs(self._body().decode(), keep_blank_values=True)
        self.site.posts.append({name: values[0] for name, values in fields.items()})
        self._answer("", status=303, location="/selesai")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _answer(
        self, text: str | bytes, *, status: int = 200, kind: str = "text/html", location: str = ""
    ) -> None:
        raw = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for name, value in CONSTANT.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if "text" in kind else kind)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Cache-Control", "no-store")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests look at what came in."""
