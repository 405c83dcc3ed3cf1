"""Kept pages in front of any WSGI app: the same answers under waitress, gunicorn and Passenger.

Decides what may be answered from the store and what may be kept; rendering stays with the app.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from desa_web.engines.pages.page import Headers, Page
from desa_web.engines.pages.readers import is_reader
from desa_web.engines.pages.store import PageStore

Environ = dict[str, Any]
Start = Callable[..., Any]
WsgiApp = Callable[[Environ, Start], Iterable[bytes]]

KEYS = "desa.surrogate_keys"
QUERY = "desa.cache_query"
FILE = "desa.file"

KEPT_STATUS = frozenset({"200", "301", "308", "404", "410"})
_UNSHARED = re.compile(r"\b(no-store|private)\b", re.IGNORECASE)
# With one of these the answer depends on more than the address.
_PERSONAL = ("HTTP_AUTHORIZATION", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")


class PageMiddleware:
    """WSGI app that answers GET and HEAD from `store` and keeps what `app` marks.

    A request with one of the `private_cookies` (the session) always reaches the app and is never
    kept.
    """

    def __init__(
        self, app: WsgiApp, store: PageStore, *, private_cookies: Iterable[str] = ("sid",)
    ) -> None:
        self._app = app
        self.store = store
        self.private_cookies = tuple(f"{name}=" for name in private_cookies)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if not self._is_public(environ):
            return self._app(environ, start)
        target = request_target(environ)
        page = self.store.get(target)
        if page is not None:
            answer = _answer(page, environ, start)
            if answer is not None:
                self._count(target, page, environ)
                return answer
        if environ["REQUEST_METHOD"] == "HEAD":
            return self._app(environ, start)
        return self._render(target, environ, start)

    def _is_public(self, environ: Environ) -> bool:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return False
        cookies = environ.get("HTTP_COOKIE")
        if cookies and any(name in cookies for name in self.private_cookies):
            return False
        if any(name in environ for name in _PERSONAL):
            return False
        return environ.get("CONTENT_LENGTH") in (None, "", "0")

    def _render(self, target: str, environ: Environ, start: Start) -> Iterable[bytes]:
        generation = self.store.generation()
        reply = _Reply(start)
        result = self._app(environ, reply)
        keys = environ.get(KEYS)
        if not keys or not reply.may_be_kept("?" in target and not environ.get(QUERY)):
            reply.release()
            return result
        page = _page_of(reply, result, environ.get(FILE))
        if page is None:
            reply.release()
            return result
        self.store.put(target, page, frozenset(keys), generation)
        answer = _answer(page, environ, start)
        if answer is None:
            # A range of a file, or a file that went away this moment: the app knows what to say.
            return self._app(environ, start)
        self._count(target, page, environ)
        return answer

    def _count(self, target: str, page: Page, environ: Environ) -> None:
        is_view = page.is_document and environ["REQUEST_METHOD"] == "GET"
        purpose = environ.get("HTTP_SEC_PURPOSE", "") + environ.get("HTTP_PURPOSE", "")
        purpose += environ.get("HTTP_X_MOZ", "")
        if is_view and is_reader(environ.get("HTTP_USER_AGENT", "")[:500], purpose[:100]):
            self.store.count_view(target.encode("latin-1", "replace"))


class _Reply:
    """start_response that waits until we know whether the answer is kept."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._is_open = False
        self._call: tuple[Any, ...] | None = None
        self.status = ""
        self.headers: Headers = []

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        if self._is_open:
            return self._start(status, headers, *((exc_info,) if exc_info else ()))
        self.status, self.headers = status, list(headers)
        self._call = (status, headers, *((exc_info,) if exc_info else ()))
        return self._write

    def release(self) -> None:
        """Hand the waiting call on, and every later one directly."""
        if not self._is_open:
            self._is_open = True
            if self._call is not None:
                self._write_through = self._start(*self._call)

    def may_be_kept(self, has_unmarked_query: bool) -> bool:
        if self._is_open or self.status[:3] not in KEPT_STATUS or has_unmarked_query:
            return False
        for name, value in self.headers:
            lowered = name.lower()
            if lowered in ("set-cookie", "content-encoding", "content-range"):
                return False
            if lowered == "vary" and value.strip().lower() not in ("", "accept-encoding"):
                return False
            if lowered == "cache-control" and _UNSHARED.search(value):
                return False
        return True

    def _write(self, data: bytes) -> Any:
        self.release()
        return self._write_through(data)


def request_target(environ: Environ) -> str:
    """Return the request target as it came; gunicorn and waitress each name it differently."""
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if raw is not None and raw.startswith("/"):
        return str(raw)
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    target = quote(path.encode("latin-1"), safe="/~!$&'()*+,;=:@-._")
    query = environ.get("QUERY_STRING", "")
    return f"{target}?{query}" if query else target


def _page_of(reply: _Reply, result: Iterable[bytes], file: object) -> Page | None:
    """Make the page and close the app's result; None leaves the result as it is."""
    if file is not None:
        if reply.status[:3] != "200":
            return None
        try:
            page = Page.of_file(reply.headers, Path(str(file)))
        except OSError:
            return None
        _close(result)
        return page
    try:
        body = b"".join(result)
    finally:
        _close(result)
    return Page.of_body(reply.status, reply.headers, body)


def _close(result: Iterable[bytes]) -> None:
    close = getattr(result, "close", None)
    if close is not None:
        close()


def _answer(page: Page, environ: Environ, start: Start) -> Iterable[bytes] | None:
    """Send a page; None, with nothing sent, when only the app can answer."""
    if page.file is not None and "HTTP_RANGE" in environ:
        return None
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    status, headers, body = page.choose(
        environ.get("HTTP_ACCEPT_ENCODING"),
        environ.get("HTTP_IF_NONE_MATCH"),
        environ.get("HTTP_IF_MODIFIED_SINCE"),
    )
    source = None
    if body is None and not is_head and page.file is not None:
        source = open_whole(page.file, page.size_bytes)
        if source is None:
            return None
    start(status, headers)
    if source is not None:
        return environ.get("wsgi.file_wrapper", _blocks)(source)  # type: ignore[no-any-return]
    return [body] if body and not is_head else []


def open_whole(file: Path, size_bytes: int) -> BinaryIO | None:
    """Open a content-named file if it still has its size."""
    try:
        source = file.open("rb")
    except OSError:
        return None
    if source.seek(0, 2) != size_bytes:
        source.close()
        return None
    source.seek(0)
    return source


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    with source:
        while block := source.read(1 << 16):
            yield block
