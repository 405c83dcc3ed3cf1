"""Serving and following, as one process does it: the order in which things start and stop."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable

from flask import Flask

from desa_web.app import create_app, page_store, server_options
from desa_web.core import memory, migrate
from desa_web.core.errors import Conflict
from desa_web.core.follow import Follower, Worker, beat, once
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.pages import PageMiddleware
from desa_web.features import due_handlers, followers
from desa_web.features.visits.keeper import Keeper
from desa_web.web.auth import PRIVATE_COOKIES
from desa_web.web.baking import PageFollower


def serve(site: Site, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl+C. Followers run once before the socket opens."""
    from desa_web.web import server

    _require_host(host, port)
    _share_one_arena()
    _start_log(site)
    if not _is_read_only(site):
        migrate.upgrade(site.database)
    app = create_app(site)
    worker = _worker(site, app) if _may_follow(site) else None
    keeper = Keeper(site, page_store(app))
    keeper.start()
    _settle_memory()
    try:
        server.serve(
            app,
            page_store(app),
            host=host,
            port=port,
            options=server_options(site),
            on_ready=lambda address, number: on_ready(_url(address, number)),
        )
    except OSError as error:
        raise _cannot_listen(error, host, port) from error
    finally:
        keeper.stop()
        if worker is not None:
            worker.stop()


def follow(site: Site) -> None:
    """Follow until SIGTERM or Ctrl+C, beside another server that serves the same site."""
    _share_one_arena()
    _start_log(site)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker = Worker(site, _followers(site, create_app(site)), due_handlers(site))
    worker.start()
    stopping.wait()
    worker.stop()


def follow_once(site: Site) -> int:
    """Catch up once and return the rows taken."""
    taken = once(site, _followers(site, create_app(site)), due_handlers(site))
    beat(site)
    return taken


def _followers(site: Site, app: Flask) -> list[Follower]:
    """Return the features' followers and the one that bakes pages, which needs the app."""
    pages = PageMiddleware(app, page_store(app), private_cookies=PRIVATE_COOKIES)
    return [*followers(site), PageFollower(site, page_store(app), pages)]


def _worker(site: Site, app: Flask) -> Worker:
    found = _followers(site, app)
    # Making a lost search index anew may take a minute; readers need not wait for it.
    once(site, [f for f in found if not getattr(f, "may_wait", False)], due_handlers(site))
    worker = Worker(site, found, due_handlers(site))
    worker.start()
    return worker


def _may_follow(site: Site) -> bool:
    return site.config.flag("follow") and not _is_read_only(site)


def _is_read_only(site: Site) -> bool:
    from desa_web.core import db

    return db.is_read_only(site.database)


def _settle_memory() -> None:
    """Take what is there for good out of the collector's rounds: a large search index in memory
    made every page a third dearer."""
    gc.collect()
    gc.freeze()
    memory.give_back()


def _share_one_arena() -> None:
    # Whoever chose a number for this machine knows why.
    if "MALLOC_ARENA_MAX" not in os.environ:
        memory.share_one_arena()


def _require_host(host: str, port: int) -> None:
    """Raise Conflict for a name that this machine does not know."""
    if host in ("", "*"):
        return
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        sentence = _(
            "Alamat jaringan {host} tidak dikenal komputer ini. Pilih: --host 127.0.0.1 untuk "
            "komputer ini saja, atau --host 0.0.0.0 untuk seluruh jaringan kantor"
        )
        raise Conflict(sentence.format(host=host)) from error


def _cannot_listen(error: OSError, host: str, port: int) -> Exception:
    """Return the sentence for an address that cannot be had, or the error itself."""
    sentences = {
        errno.EADDRINUSE: _("Port {port} sedang dipakai program lain. Pilih: --port NOMOR"),
        errno.EACCES: _("Port {port} hanya untuk administrator. Pilih: --port 8080"),
        errno.EADDRNOTAVAIL: _("Komputer ini tidak punya alamat {host}. Pilih: --host 127.0.0.1"),
    }
    sentence = sentences.get(error.errno or 0)
    return error if sentence is None else Conflict(sentence.format(host=host, port=port))


def _url(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - only shown
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def _start_log(site: Site) -> None:
    level = logging.getLevelNamesMapping().get(site.config.text("log_level").upper(), logging.INFO)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
