"""Public pages: a context goes in, an answer that the page store may keep comes out.

    public = public_site()                      # of the current app
    page = HomePage(site=public.context(), meta=…, …)
    return public.answer(page, keys={"list:article"})

Public answers carry no session and no token. The menu comes from whoever offers it (a callable
handed in by app.py), so that nothing here knows a feature.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import journal, settings
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.settings import Settings
from desa_web.core.site import Site as CoreSite
from desa_web.web.accents import SHIPPED_ACCENTS, Accents
from desa_web.web.context_parts import (
    Contacts,
    Hours,
    Licence,
    Link,
    MenuItem,
    Meta,
    Site,
    Words,
)
from desa_web.web.contexts import ErrorPage, Page
from desa_web.web.theming import Theme

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

# Every public page shows the village's name, its menu and its theme.
EVERYWHERE = frozenset({"site", "menu", "theme"})
_PAGE_HEADERS = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache"))
FEEDS = (
    Link(text="Atom", url="/feed.atom"),
    Link(text="JSON", url="/feed.json"),
    Link(text="RSS", url="/rss.xml"),
)
_DAYS = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
_TIME = re.compile(r"\d{1,2}[.:]\d{2}")
_LICENCE_URLS = {
    "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/deed.id",
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/deed.id",
}

Menu = Callable[[], tuple[MenuItem, ...]]


@dataclass(frozen=True, slots=True)
class _Village:
    """What every page knows of the village, and where the journal stood when it was read."""

    head: journal.Cursor
    values: Settings
    menu: tuple[MenuItem, ...]
    context: Site


class _PageResponse(Response):
    """A page that is whole: its headers go out as they are.

    Werkzeug copies and checks them once more, for answers that may still lack a length or an
    absolute address.
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        if self.status_code == 304 or "Content-Length" not in self.headers:
            return super().get_wsgi_headers(environ)
        return self.headers


class Public:
    """The public side of one app: its theme, its menu, and how its answers are made."""

    def __init__(self, site: CoreSite, menu: Menu) -> None:
        self.site = site
        self._menu = menu
        self._themes: dict[str, Theme] = {}
        self._village: _Village | None = None
        # The same with the announcement that it was asked with last: the front page's.
        self._announced: tuple[Site, Link, Site] | None = None
        self._newest: Site | None = None
        self._newest_theme: Theme | None = None

    def theme(self, name: str = "") -> Theme:
        """Return the village's theme (loaded once)."""
        name = name or self.settings()["theme"]
        if name not in self._themes:
            folder = self.site.path / "themes"
            self._themes[name] = Theme.load(name, site_themes=folder)
        return self._themes[name]

    def settings(self) -> Settings:
        """Return the settings as they were when this request first asked."""
        return self._of_now().values

    def context(self, *, announcement: Link | None = None) -> Site:
        """Return what templates know of the village, as it was when this request first asked."""
        context = self._of_now().context
        if announcement is None:
            return context
        known = self._announced
        if known is None or known[0] is not context or known[1] != announcement:
            made = replace(context, announcement=announcement)
            known = self._announced = context, announcement, made
        return known[2]

    def answer(self, page: Page, keys: Iterable[str], status: int = 200) -> Response:
        """Return the rendered page, marked with the surrogate keys it was made from."""
        text = self.theme().render(page)
        response = _PageResponse(text, status, _PAGE_HEADERS)
        keep(keys)
        return response

    def _of_now(self) -> _Village:
        """Return the village of this request, kept as long as no process changes anything.

        Settings and menu never change without a row in the journal, whose head is asked first: what
        is read after it may be newer than its head says, but never older.
        """
        village: _Village | None = g.get("desa_village")
        if village is not None:
            return village
        head, known = journal.head(self.site), self._village
        if known is None or known.head != head:
            known = self._village_at(head, known)
            # What a transaction has not committed yet has no head of its own.
            if not self.site.database.in_transaction():
                self._village = known
        g.desa_village = known
        self._newest, self._newest_theme = known.context, self.theme(known.values["theme"])
        return known

    def _village_at(self, head: journal.Cursor, known: _Village | None) -> _Village:
        values, menu = settings.read(self.site), self._menu()
        if known is not None and known.values == values and known.menu == menu:
            # Another article: header and footer stay what they were.
            return replace(known, head=head)
        made = site_context(
            values,
            base_url=self.site.config.text("base_url"),
            is_hub=settings.is_hub(self.site),
        )
        made = replace(made, menu=menu, footer_links=_flat(menu), feeds=FEEDS)
        return _Village(head, values, menu, made)

    def error(self, status: int, message: str) -> str | None:
        """Return an error page in the theme, without the database once any page was made.

        None when neither that nor the theme works; the caller has a plainer one.
        """
        try:
            return self._error(status, message)
        except Exception:
            log.exception("the theme has no page for %s", status)
            return None

    def _error(self, status: int, message: str) -> str | None:
        if self._newest is None:
            self.context()
        context = self._newest
        if context is None:
            return None
        label, title = _ERROR_WORDS.get(status, _ERROR_WORDS[500])
        page = ErrorPage(
            site=context,
            meta=Meta(path=request.path, title=_(label), noindex=True),
            status=status,
            label=_(label),
            title=_(title),
            text=message,
            way_on=(Link(text=_("Beranda"), url="/"), Link(text=_("Berita"), url="/berita/")),
            has_search=bool(context.search_url),
        )
        return self._newest_theme.render(page) if self._newest_theme else None

    def moved(self, path: str, keys: Iterable[str]) -> AnyResponse:
        """Return a permanent redirect to another path of the site."""
        keep(keys)
        return redirect(path, 301)


def install(app: Flask, site: CoreSite, menu: Menu) -> Public:
    """Give the app its public side: contexts, the theme's files, and errors in the theme."""
    public = Public(site, menu)
    app.extensions["desa.public"] = public
    app.add_url_rule("/tema/<path:name>", "theme_file", _theme_file)
    return public


def public_site() -> Public:
    """Return the public side of the current app."""
    public: Public = current_app.extensions["desa.public"]
    return public


def keep(keys: Iterable[str]) -> None:
    """Let the page store keep the answer to this request until one of `keys` changes."""
    request.environ["desa.surrogate_keys"] = EVERYWHERE | frozenset(keys)


def site_context(values: Settings, *, base_url: str = "", is_hub: bool = False) -> Site:
    """Return the village's part of a page context; menu and feeds are empty."""
    accents = Accents(
        green=values["accent_green"] or SHIPPED_ACCENTS.green,
        brick=values["accent_red"] or SHIPPED_ACCENTS.brick,
        gold=values["accent_gold"] or SHIPPED_ACCENTS.gold,
    )
    term = values["village_term"]
    return Site(
        name=values.full_name,
        short_name=values.short_name,
        tagline=values["motto"],
        district=_with_term("Kec.", values["district"]),
        regency=_with_term("Kab.", values["regency"]),
        province=values["province"],
        code=values["kode_wilayah"],
        words=Words(
            village=term,
            head=values["head_term"],
            office=f"{'Redaksi' if is_hub else 'Kantor'} {term}",
            kim=values["kim_name"] or "KIM",
        ),
        contacts=_contacts(values),
        hours=tuple(_hours(line) for line in values["office_hours"]),
        licence=licence_named(values["licence"]),
        base_url=(base_url or values["public_address"]).rstrip("/"),
        zone=values["time_zone"],
        social=tuple(Link(text=_social_name(u), url=u) for u in values["social_links"]),
        emblem_url=f"/media/lambang/{values['emblem'][:20]}.webp" if values["emblem"] else "",
        accents=accents,
        band=values["band"],
    )


_ERROR_WORDS = {
    404: ("Tidak ditemukan", "Jalan ini buntu, tapi beritanya mungkin hanya pindah."),
    410: ("Sudah ditarik", "Berita ini sudah ditarik."),
    403: ("Belum boleh", "Halaman ini bukan untuk umum."),
    503: ("Sebentar lagi", "Server sedang sibuk."),
    500: ("Belum berhasil", "Ada yang tidak beres di server kami."),
}


def _theme_file(name: str) -> Response:
    public = public_site()
    accents = public.context().accents
    found = public.theme().static_file(name, accents)
    if found is None:
        raise NotFound(_("Berkas tema ini tidak ada."))
    response = Response(found.content, content_type=found.content_type)
    lasting = "public, max-age=31536000, immutable"
    response.headers["Cache-Control"] = lasting if found.is_immutable else "no-cache"
    keep(())
    return response


def _contacts(values: Settings) -> Contacts:
    digits = re.sub(r"[^0-9+]", "", values["phone"])
    whatsapp = values["whatsapp"]
    return Contacts(
        address_lines=tuple(values["address"].splitlines()),
        phone=values["phone"],
        phone_url=f"tel:{digits}" if digits else "",
        whatsapp_url=f"https://wa.me/{whatsapp}" if whatsapp else "",
        email=values["email"],
    )


def _hours(line: str) -> Hours:
    """Read "Senin–Kamis: 08.00–15.00"; what is not understood is shown as it was written."""
    days, colon, times = line.partition(":")
    found = _TIME.findall(times)
    named = [_DAYS.index(d) for d in re.findall(r"[a-z]+", days.casefold()) if d in _DAYS]
    is_range = len(named) == 2 and re.search(r"[–-]|sampai|s/d|s\.d\.", days) is not None
    weekdays = tuple(range(named[0], named[1] + 1)) if is_range else tuple(named)
    if len(found) != 2:
        is_closed = bool(colon) and times.strip().casefold() in ("", "tutup", "libur")
        is_day = is_closed and bool(weekdays)
        # Without weekdays a theme shows the line alone and claims nothing about opening.
        return Hours(days=days.strip() if is_day else line, weekdays=weekdays if is_day else ())
    opens, closes = (t.replace(":", ".").zfill(5) for t in found)
    return Hours(days=days.strip(), weekdays=weekdays, opens=opens, closes=closes)


def licence_named(name: str) -> Licence:
    """Return the licence of this name with its sentence and address."""
    if name == Licence().name:
        return Licence()
    sentence = f"Naskah dan foto boleh dipakai ulang dengan menyebut sumber ({name})."
    return Licence(name=name, url=_LICENCE_URLS.get(name, ""), sentence=sentence)


def _with_term(term: str, name: str) -> str:
    lowered = name.casefold()
    known = ("kec", "kab", "kota", "kapanewon", "distrik")
    return name if not name or lowered.startswith(known) else f"{term} {name}"


def _social_name(url: str) -> str:
    host = re.sub(r"^https?://(www\.)?", "", url).split("/", 1)[0]
    return host.split(".")[0].capitalize()


def _flat(menu: tuple[MenuItem, ...]) -> tuple[Link, ...]:
    return tuple(Link(text=item.text, url=item.url) for item in menu if item.url != "/")[:8]
