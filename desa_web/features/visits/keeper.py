"""Brings the counts of this process to the disk now and then, in a thread of its own.

Readers never wait for it: the page store counts in memory, on the fast path too. What was counted
since the last time is lost with the process.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any

from desa_web.core import db
from desa_web.core.errors import DesaError
from desa_web.core.site import Site
from desa_web.engines.pages import PageStore
from desa_web.engines.pages.middleware import WsgiApp
from desa_web.features.visits import service

log = logging.getLogger(__name__)

EVERY_S = 20.0


class Keeper:
    """start() and stop() around serving; stop() keeps the rest."""

    def __init__(self, site: Site, store: PageStore, every_s: float = EVERY_S) -> None:
        self._site, self._store, self._every_s = site, store, every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_failing = False

    def start(self) -> None:
        if not db.is_read_only(self._site.database):
            self._thread = threading.Thread(target=self._run, name="visits", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._every_s):
                self._keep()
            self._keep()
        finally:
            self._site.close()

    def _keep(self) -> None:
        views = self._store.take_views()
        if not views:
            return
        try:
            with self._site.bound():
                service.keep(self._site, views)
            self._is_failing = False
        except (DesaError, sqlite3.Error, OSError) as error:
            if not self._is_failing:
                log.warning("visits are not counted for now: %s", error)
            self._is_failing = True
        except Exception:
            log.exception("these visits are lost")


class Counting:
    """WSGI app that keeps counts under a server of somebody else's, which may fork."""

    def __init__(self, app: WsgiApp, site: Site, store: PageStore) -> None:
        self._app, self._site, self._store = app, site, store
        self._pid = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self._pid != os.getpid():
            self._begin()
        return self._app(environ, start)

    def _begin(self) -> None:
        # Threads do not survive a fork, so each process has its own.
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                Keeper(self._site, self._store).start()
