"""How an answer is written: keep-alive after 304 and 204, and the same bytes for the fast path."""

from types import SimpleNamespace
from typing import Any

from waitress.task import ErrorTask, WSGITask

from desa_web.engines.pages import Page

_DATE_MARK = "\x01date\x01"


class KeepAliveTask(WSGITask):  # type: ignore[misc]
    """waitress 3.0.2 closes after every answer without Content-Length, so after each 304."""

    def set_close_on_finish(self) -> None:
        asked = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.wrote_header or self.has_body or self.version != "1.1" or asked:
            super().set_close_on_finish()


# Sent before the program is asked, so without its pages; for people behind a broken proxy.
_SENTENCES = {
    400: "Permintaan ini tidak dapat dibaca. Muat ulang halaman dari alamat situs.",
    413: "Kiriman terlalu besar. Perkecil berkas atau kirim satu per satu.",
    431: "Alamat atau cookie terlalu panjang. Hapus cookie situs ini, lalu coba lagi.",
    500: "Terjadi kesalahan di server. Coba lagi sebentar lagi.",
    501: "Cara pengiriman ini tidak didukung.",
}


class PlainErrorTask(ErrorTask):  # type: ignore[misc]
    """One plain sentence, then the connection closes."""

    def execute(self) -> None:
        error = self.request.error
        body = f"{error.code}: {_SENTENCES.get(error.code, error.reason)}\n".encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ]
        )
        self.set_close_on_finish()
        self.content_length = len(body)
        # An answer to HEAD is its header alone; what follows would be taken for the next answer.
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


class Wire:
    """The bytes of one answer around its date; `body` is None when the body is a file."""

    __slots__ = ("after_date", "before_date", "body", "closes")

    def __init__(
        self, before_date: bytes, after_date: bytes, body: bytes | None, *, closes: bool
    ) -> None:
        self.before_date = before_date
        self.after_date = after_date
        self.body = body
        self.closes = closes


def wire(
    page: Page, *, version: str, connection: str, gzipped: bool, unchanged: bool, ident: str | None
) -> Wire:
    """Build the header with waitress's own code: the same bytes as the way through WSGI."""
    status, headers, body = page.wire(gzipped=gzipped, unchanged=unchanged)
    channel: Any = SimpleNamespace(server=SimpleNamespace(adj=SimpleNamespace(ident=ident)))
    request = SimpleNamespace(
        version=version, headers={"CONNECTION": connection} if connection else {}
    )
    task = KeepAliveTask(channel, request)
    task.status = status
    task.response_headers = [*headers, ("Date", _DATE_MARK)]
    for name, value in headers:
        if name == "Content-Length":
            task.content_length = int(value)
    before, after = task.build_response_header().split(_DATE_MARK.encode())
    return Wire(before, after, body, closes=task.close_on_finish)
