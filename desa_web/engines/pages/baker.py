"""Baking: what the journal touched is dropped, and the pages that matter most are made again.

The caller owns the journal, its cursor and the thread. Nothing here decides what a page shows:
`first` maps surrogate keys to the addresses that must be ready at once, in order.
"""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import unquote_to_bytes, urlsplit

from desa_web.engines.pages.middleware import Environ, WsgiApp
from desa_web.engines.pages.store import PageStore

log = logging.getLogger("desa_web.pages")

# What waits to be baked when idle; beyond it pages come back on demand.
WAITING_LIMIT = 20_000


class Baker:
    """Drops by journal rows and bakes by priority; for one thread."""

    def __init__(
        self,
        store: PageStore,
        render: Callable[[str], bool],
        *,
        first: Callable[[frozenset[str]], Sequence[str]],
    ) -> None:
        self._store = store
        self._render = render
        self._first = first
        self._waiting: dict[str, None] = {}

    def follow(self, rows: Iterable[tuple[int, Iterable[str]]]) -> int | None:
        """Drop what these (seq, keys) touched and bake the first pages; return the last seq.

        Repeating rows is harmless. The other dropped pages wait for idle().
        """
        last: int | None = None
        keys: set[str] = set()
        for seq, touched in rows:
            last = seq
            keys |= set(touched)
        dropped = self._store.drop(keys)
        first = list(dict.fromkeys(self._first(frozenset(keys)))) if keys else []
        for target in dropped:
            if "?" not in target and len(self._waiting) < WAITING_LIMIT:
                self._waiting[target] = None
        self.bake(first)
        return last

    def bake(self, targets: Iterable[str]) -> int:
        """Render the targets that are not kept, in the order given; return how many."""
        made = 0
        for target in targets:
            self._waiting.pop(target, None)
            if self._store.get(target) is None:
                made += self._render_safely(target)
        return made

    def idle(self, limit_s: float = 0.5) -> int:
        """Bake waiting pages for about so long; return how many still wait."""
        until = time.monotonic() + limit_s
        while self._waiting and time.monotonic() < until:
            self.bake([next(iter(self._waiting))])
        return len(self._waiting)

    def _render_safely(self, target: str) -> bool:
        try:
            return self._render(target)
        except Exception:
            # One page that cannot be made must not keep the others from their readers.
            log.exception("baking %s failed", target)
            return False


def render_through(app: WsgiApp, base_url: str = "http://localhost") -> Callable[[str], bool]:
    """Return a function that asks the WSGI app for a target, as a reader would; True for a 200."""
    base = urlsplit(base_url)
    host = base.netloc or "localhost"
    port = base.port or (443 if base.scheme == "https" else 80)

    def render(target: str) -> bool:
        path, _, query = target.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "SERVER_NAME": base.hostname or "localhost",
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": host,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": base.scheme or "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        seen: list[str] = []

        def start(status: str, headers: object, exc_info: object = None) -> Callable[..., None]:
            seen.append(status)
            return lambda data: None

        result = app(environ, start)
        try:
            for _ in result:
                pass
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return bool(seen) and seen[-1].startswith("200")

    return render
