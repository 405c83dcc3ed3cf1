"""The only place where everything meets: `create_app(site)`, and `wsgi` for other servers.

app = create_app(site)                  what `desa serve` and the tests use
gunicorn desa_web.app:wsgi              DESA_SITE names the folder; `desa follow` runs beside it
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from flask import Flask, g

from desa_web import __version__
from desa_web.core import db, journal, migrate
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import adapters, of_role, resolve
from desa_web.core.site import Site, open_site
from desa_web.engines.pages import PageMiddleware, PageStore
from desa_web.features import FEATURES, checks
from desa_web.features.accounts.sessions import session_of
from desa_web.features.visits.keeper import Counting
from desa_web.web import auth, csrf, desk, errors, forms, headers, health, public
from desa_web.web.context_parts import MenuItem
from desa_web.web.house import House, install
from desa_web.web.server import Options, TrustedProxies

# Forms hold at most one long article; uploads ask for more in their own view.
FORM_BYTES = 3_000_000
_STORE = "desa_pages"


class _App(Flask):
    """Flask without its search for coroutines, ten times a request: nothing here is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(site: Site) -> Flask:
    """Return the program for one site, without a server around it."""
    app = _App("desa_web", static_folder=None, template_folder=str(desk.TEMPLATES))
    app.config.update(MAX_CONTENT_LENGTH=FORM_BYTES, MAX_FORM_MEMORY_SIZE=FORM_BYTES)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    features = of_role(FEATURES, site.config.text("role"))
    menu = tuple(entry for feature in features for entry in feature.menu)
    own_house = House(site, session_of, menu=menu, checks=tuple(checks(site)))
    install(app, own_house)
    readers = public.install(app, site, lambda: _readers_menu(site))
    own_house.public_error = readers.error
    _around_requests(app, site)
    errors.install(app)
    desk.install(app)
    health.install(app)
    for feature in features:
        for dotted in feature.blueprints:
            app.register_blueprint(resolve(dotted))
    desk.install_home(app)
    app.extensions[_STORE] = _open_store(app, site)
    return app


def page_store(app: Flask) -> PageStore:
    """Return the store of kept public pages that belongs to the app."""
    store: PageStore = app.extensions[_STORE]
    return store


def server_options(site: Site) -> Options:
    """Return how web/server.py is to serve this site."""
    return Options(
        threads=site.config.number("threads"),
        trusted_proxies=site.config.names("trusted_proxies"),
        private_cookies=auth.PRIVATE_COOKIES,
        max_body_bytes=max(FORM_BYTES, site.config.number("max_upload_mb") << 20),
        fast=site.config.flag("fast_path"),
    )


def __getattr__(name: str) -> Any:
    """`wsgi` is made when a server asks for it: importing this module opens no site."""
    if name != "wsgi":
        raise AttributeError(name)
    made = globals()["wsgi"] = _wsgi()
    return made


def _wsgi() -> Callable[..., Iterable[bytes]]:
    folder = os.environ.get("DESA_SITE", "")
    if not folder:
        raise NotFound(_("Sebut folder situs dengan variabel DESA_SITE."))
    site = open_site(Path(folder))
    with site.bound():
        migrate.require_current(site.database)
    app = create_app(site)
    pages = PageMiddleware(app, page_store(app), private_cookies=auth.PRIVATE_COOKIES)
    counted = Counting(pages, site, page_store(app))
    return TrustedProxies(counted, site.config.names("trusted_proxies"))


def _readers_menu(site: Site) -> tuple[MenuItem, ...]:
    """Return the menu of whichever feature offers one; a site without pages has the lists."""
    for offered in adapters(FEATURES, "menu"):
        menu: tuple[MenuItem, ...] = offered(site)
        if menu:
            return menu
    return (
        MenuItem(text=_("Beranda"), url="/"),
        MenuItem(text=_("Berita"), url="/berita/"),
        MenuItem(text=_("Pengumuman"), url="/pengumuman/"),
    )


def _around_requests(app: Flask, site: Site) -> None:
    def bind() -> None:
        g.desa_bound = site.bound()
        g.desa_bound.__enter__()

    def unbind(_error: BaseException | None) -> None:
        bound: AbstractContextManager[Site] | None = g.pop("desa_bound", None)
        if bound is not None:
            bound.__exit__(None, None, None)

    app.before_request(bind)
    app.before_request(forms.refuse_wrong_encoding)
    app.before_request(csrf.protect)
    # Flask calls these in reverse: the cookies come before the headers, packing comes last.
    app.after_request(headers.compress)
    app.after_request(headers.secure)
    app.after_request(csrf.keep_cookie)
    app.after_request(auth.renew_cookie)
    app.teardown_request(unbind)


def _open_store(app: Flask, site: Site) -> PageStore:
    """Return the page store; what a commit of this process touches is gone at once."""
    with site.bound(), app.app_context():
        # Another journal, program or theme: none of the pages on the disk is of today.
        theme = public.public_site().theme().identity
        identity = f"{journal.head(site).journal_id} {__version__} {theme}"
    store = PageStore(site.cache / "pages", identity)
    site.on_stale.append(store.drop)
    if not db.is_read_only(site.database):
        site.on_commit.append(lambda rows: _drop(store, rows))
    return store


def _drop(store: PageStore, rows: Iterable[journal.Row]) -> None:
    keys = {key for row in rows for key in row.keys}
    if keys:
        store.drop(keys)
