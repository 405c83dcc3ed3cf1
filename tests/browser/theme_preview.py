"""Render every page type of a theme to a folder and photograph it with Chromium.

    python -m tests.browser.theme_preview OUT [--theme desa] [--site-themes DIR] [--pictures DIR]
        [--pages beranda,artikel] [--widths 360,1280] [--schemes light,dark] [--no-shots] [--print]

A tool for people who draw, not a test: pictures are looked at, and nothing is compared. Pictures
named scene-WIDTH.webp are taken from --pictures; without them the placeholder shows. Also prints
each page's width when it is wider than the screen.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import functools
import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from desa_web.web.contexts import Accents, Page, Picture
from desa_web.web.sample_village import sample_site
from desa_web.web.theme_samples import bare_pages, full_pages
from desa_web.web.theming import Theme

CHROMIUM_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-port=0"),
]


def main() -> None:
    """Render, serve, photograph."""
    options = _options()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    pages = render_all(out, options)
    with _serve(out) as server, _Browser() as browser:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        for name in pages:
            for width in options.widths.split(","):
                for scheme in options.schemes.split(","):
                    _photograph(browser, f"{base}/{name}.html", out, name, int(width), scheme)
            if options.print:
                browser.open(f"{base}/{name}.html", 800, "light")
                (out / f"{name}.pdf").write_bytes(browser.pdf())


def render_all(out: Path, options: argparse.Namespace) -> list[str]:
    """Write the pages, the theme's static files and the pictures; return the pages' names."""
    theme = Theme.load(options.theme, site_themes=options.site_themes, static_url="/tema")
    accents = Accents(**dict(pair.split("=") for pair in options.accents.split(",") if pair))
    site = dataclasses.replace(sample_site(), band=options.band, accents=accents)
    chosen = set(options.pages.split(",")) if options.pages else set()
    found = {**full_pages(site), **bare_pages()}
    names = [name for name in found if not chosen or name in chosen]
    have = options.pictures if options.pictures and options.pictures.is_dir() else None
    for name in names:
        page = found[name] if have else _without_pictures(found[name])
        (out / f"{name}.html").write_text(theme.render(page), encoding="utf-8")
    (out / "tema").mkdir(exist_ok=True)
    for asset in ("situs.css", "situs.js", "lambang.svg", "buntu.svg"):
        for colours in (accents, Accents()):
            url = theme.asset_url(asset, colours)
            file = theme.static_file(url.removeprefix("/tema/"), colours)
            assert file is not None
            (out / url.lstrip("/")).write_bytes(file.content)
    if have:
        (out / "media").mkdir(exist_ok=True)
        shutil.copytree(have, out / "media" / "contoh", dirs_exist_ok=True)
    for problem in theme.problems:
        print(f"{problem.path}:{problem.line} {problem.message}")
    return names


def _without_pictures(value: Any) -> Any:
    """Return the page with every picture in the making."""
    if isinstance(value, Picture):
        return dataclasses.replace(value, is_pending=True, sources=())
    if isinstance(value, tuple):
        return tuple(_without_pictures(item) for item in value)
    if isinstance(value, Page) or dataclasses.is_dataclass(value):
        fields = {
            field.name: _without_pictures(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init
        }
        return dataclasses.replace(value, **fields)  # type: ignore[type-var]
    return value


def _photograph(browser: _Browser, url: str, out: Path, name: str, width: int, scheme: str) -> None:
    browser.open(url, width, scheme)
    wide = browser.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"{name} at {width}: {wide} px wide")
    suffix = "-gelap" if scheme == "dark" else ""
    (out / f"{name}-{width}{suffix}.png").write_bytes(browser.screenshot(width))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", default="desa")
    parser.add_argument("--site-themes", type=Path)
    repository = Path(__file__).resolve().parents[2]
    default = repository.parent / "shared" / "design" / "look" / "gambar"
    parser.add_argument("--pictures", type=Path, default=default)
    parser.add_argument("--pages", default="")
    parser.add_argument("--widths", default="360,1280")
    parser.add_argument("--schemes", default="light,dark")
    parser.add_argument("--band", default="tenun")
    parser.add_argument("--accents", default="", help="green=#rrggbb,brick=#rrggbb,gold=#rrggbb")
    parser.add_argument("--print", action="store_true", help="write a PDF on A4 too")
    return parser.parse_args()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; the browser's own console is the place to look."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that leaves a page drops its downloads."""


class _serve:  # noqa: N801 -- reads as a verb
    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = _Server(("127.0.0.1", 0), handler)

    def __enter__(self) -> _Server:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Browser:
    """Chromium by its DevTools protocol, over a websocket of the standard library's sockets."""

    def __enter__(self) -> _Browser:
        self._profile = tempfile.mkdtemp()
        command = [os.environ.get("CHROMIUM", "chromium"), *CHROMIUM_FLAGS]
        command += [f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port = self._port(Path(self._profile) / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        self._connect(port, target["webSocketDebuggerUrl"].split(f":{port}", 1)[1])
        self._next = 0
        self.call("Page.enable")
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str, width: int, scheme: str) -> None:
        """Load a page at a width and colour scheme and wait until it stands still."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Page.navigate", url=url)
        ready = (
            "new Promise(r => { const f = () => document.readyState === 'complete' "
            f"&& location.href === {json.dumps(url)} ? document.fonts.ready.then(() => "
            "{ document.querySelectorAll('img').forEach(i => i.loading = 'eager'); "
            "Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => r(1))"
            " }) : setTimeout(f, 20); f() })"
        )
        for _attempt in range(5):
            try:
                self.evaluate(ready)
                return
            except RuntimeError:  # the page was replaced while the promise waited
                continue

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression or promise."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def screenshot(self, width: int) -> bytes:
        """Return the whole page as PNG."""
        height = self.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        """Return the page printed on A4."""
        answer = self.call(
            "Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True
        )
        return base64.b64decode(answer["data"])

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a DevTools method and wait for its answer."""
        self._next += 1
        self._send(json.dumps({"id": self._next, "method": method, "params": params}).encode())
        while True:
            message = json.loads(self._receive())
            if message.get("id") == self._next:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                return dict(message["result"])

    def _port(self, file: Path) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if file.exists() and (lines := file.read_text().splitlines()):
                return int(lines[0])
            if self._process.poll() is not None:
                raise RuntimeError("Chromium ended at once; is it installed?")
            threading.Event().wait(0.05)
        raise RuntimeError("Chromium did not open its port")

    def _connect(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        while self._file.readline() not in (b"\r\n", b""):
            pass

    def _send(self, text: bytes) -> None:
        # RFC 6455, 5.2: a client's frames are masked; a zero mask leaves the text as it is.
        size = struct.pack("!BQ", 0x80 | 127, len(text))
        self._socket.sendall(b"\x81" + size + b"\0\0\0\0" + text)

    def _receive(self) -> bytes:
        message = b""
        while True:
            first, second = self._file.read(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack("!H", self._file.read(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self._file.read(8))[0]
            message += self._file.read(size)
            if first & 0x80:
                return message


if __name__ == "__main__":
    main()
