"""The web server: waitress with guards, and kept pages answered before any thread is asked.

    serve(app, store, host="0.0.0.0", port=8080, on_ready=print)        until SIGTERM or Ctrl-C
    server = make_server(app, store, port=0); server.run()              for tests; server.stop()

On any waitress but the tested one (serving/pins.py) the same pages go through plain waitress with
the strict parser: slower, and without deadlines for slow clients. The launcher asks glibc for one
arena before the first thread starts (cli/serving.py). Nothing here knows Flask.
"""

import contextlib
import logging
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from desa_web.engines.pages import PageMiddleware, PageStore
from desa_web.engines.pages.middleware import WsgiApp
from desa_web.web.serving import pins, selftest
from desa_web.web.serving.channel import GuardedChannel
from desa_web.web.serving.dispatch import Dispatcher
from desa_web.web.serving.loop import GuardedServer, Limits
from desa_web.web.serving.parser import StrictParser
from desa_web.web.serving.proxies import TrustedProxies
from desa_web.web.serving.tasks import KeepAliveTask, PlainErrorTask

__all__ = ["Limits", "Options", "Server", "TrustedProxies", "make_server", "serve"]

log = logging.getLogger("desa_web.server")

# A thread that computes hands over after this long (5 ms by default): a reader of a kept page
# does not wait behind a page that is being rendered. No loss of throughput could be seen.
SWITCH_INTERVAL_S = 0.0001
# A page and most pictures at once; 1,200 connections then hold 300 MB of the kernel at the most.
SEND_BUFFER_BYTES = 128 << 10


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. Empty `hosts` accept every well-formed Host."""

    threads: int = 4
    hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[str, ...] = ()
    private_cookies: tuple[str, ...] = ("sid",)
    max_body_bytes: int = 25 << 20
    fast: bool = True
    limits: Limits = field(default_factory=Limits)


class Server:
    """A bound server: run() in one thread, stop() from any other."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.host: str = inner.effective_host
        self.port: int = int(inner.effective_port)

    @property
    def is_fast(self) -> bool:
        """Are kept pages answered on the fast path right now?"""
        return bool(getattr(self._inner, "is_fast", False))

    @property
    def is_guarded(self) -> bool:
        """False on an untested waitress: no deadlines, no epoll."""
        return isinstance(self._inner, GuardedServer)

    def run(self) -> None:
        """Serve until stop() or an interrupt; answers under way are finished."""
        self._inner.run()

    def stop(self, grace_s: float = 10.0) -> None:
        """End run(), from any thread or signal handler."""
        self._inner.stop(grace_s)


def make_server(
    app: WsgiApp,
    store: PageStore,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    options: Options | None = None,
) -> Server:
    """Return a server that already listens; port 0 takes a free one. Raises OSError."""
    options = options or Options()
    # Bare names compare with what a Host header says, whatever its case.
    hosts = frozenset(name.lower() for name in options.hosts)
    pages = PageMiddleware(app, store, private_cookies=options.private_cookies)
    application = TrustedProxies(pages, options.trusted_proxies, hosts)
    adj = _adjustments(host, port, options)
    parser = type("Parser", (StrictParser,), {"hosts": hosts})
    reason = pins.mismatch()
    if reason is not None:
        log.warning("waitress is not the tested one (%s): plain serving, no deadlines", reason)
        return Server(_bind(_PlainServer, application, adj, _channel(HTTPChannel, parser)))
    fast = options.fast and _passes_selftest(adj)
    return Server(
        _bind(
            GuardedServer,
            application,
            adj,
            _channel(GuardedChannel, parser),
            store=store,
            limits=options.limits,
            hosts=hosts,
            private_cookies=tuple(f"{name}=".encode() for name in options.private_cookies),
            fast=fast,
        )
    )


def serve(
    app: WsgiApp,
    store: PageStore,
    *,
    host: str,
    port: int,
    options: Options | None = None,
    on_ready: Callable[[str, int], None] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or an error; call `on_ready(host, port)` once it listens."""
    options = options or Options()
    _raise_descriptor_limit(options.limits.connections * 2 + 256)
    # Said for every request that waits for a thread: noise on a busy day, a full log under attack.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    store.sweep()
    server = make_server(app, store, host=host, port=port, options=options)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
    if on_ready is not None:
        on_ready(server.host, server.port)
    try:
        server.run()
    finally:
        store.close()


class _PlainServer(TcpWSGIServer):  # type: ignore[misc]
    """Any waitress: nothing of its inside is used but one turn of its loop."""

    _is_stopping = False

    def stop(self, grace_s: float = 10.0) -> None:
        self._is_stopping = True
        self.pull_trigger()

    def run(self) -> None:
        try:
            while not self._is_stopping:
                wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)
        except (SystemExit, KeyboardInterrupt):
            log.info("interrupted")
        finally:
            self.task_dispatcher.shutdown(timeout=5)
            wasyncore.close_all(self._map, ignore_all=True)


def _adjustments(host: str, port: int, options: Options) -> Adjustments:
    adj = Adjustments(
        host=host,
        port=port,
        threads=options.threads,
        connection_limit=options.limits.connections,
        asyncore_use_poll=True,
        channel_timeout=max(1, int(options.limits.idle_s)),
        cleanup_interval=1,
        backlog=512,
        max_request_header_size=16_384,
        max_request_body_size=options.max_body_bytes,
        outbuf_high_watermark=4 << 20,
        # TrustedProxies does it, under every server the same.
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        ident=None,
    )
    # Header and body in one packet. As an argument it warns of a removal that 3.0.2 does not make.
    adj.send_bytes = 18_000
    # The kernel would take 2.6 MB for each reader on a fast line who does not read.
    buffer = (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    adj.socket_options = [*adj.socket_options, buffer]
    return adj


def _channel(base: type, parser: type) -> type:
    return type(
        "Channel",
        (base,),
        {
            "parser_class": parser,
            "task_class": KeepAliveTask,
            "error_task_class": PlainErrorTask,
        },
    )


def _bind(
    kind: type, application: TrustedProxies, adj: Adjustments, channel: type, **extra: Any
) -> Any:
    dispatcher = Dispatcher()
    dispatcher.set_thread_count(adj.threads)
    # One address: "localhost" may mean several, and an announced one must be the one.
    server_class = type("Server", (kind,), {"channel_class": channel})
    try:
        return server_class(
            application, map={}, dispatcher=dispatcher, adj=adj, sockinfo=adj.listen[0], **extra
        )
    except BaseException:
        dispatcher.shutdown(timeout=1)
        raise


def _passes_selftest(adj: Adjustments) -> bool:
    try:
        differing = selftest.difference(adj)
    except Exception:
        log.exception("the fast path failed its self-test and stays off")
        return False
    if differing is not None:
        log.error("the fast path stays off: it answers %r differently", differing)
    return differing is None


def _raise_descriptor_limit(wanted: int) -> None:
    """The usual limit of 1,024 open files is less than our connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
