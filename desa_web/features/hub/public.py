"""Readers' pages of a media centre: all villages, one village, one kecamatan, and their feeds."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, request
from markupsafe import Markup

from desa_web.core.clock import as_utc, to_ms
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import readers
from desa_web.features.hub.readers import Village
from desa_web.features.news import presentation
from desa_web.features.portal import feeds
from desa_web.web.context_parts import Link, Meta
from desa_web.web.contexts import ContentPage, ListPage
from desa_web.web.public import public_site

blueprint = Blueprint("hub_public", __name__)

PAGE_SIZE = 20
# What may change these pages: news that comes or goes, a village that comes, goes or is renamed.
_KEYS = {"list:article", "list:source"}
HOME, VILLAGES = Link(text="Beranda", url="/"), Link(text="Desa", url="/desa/")


@blueprint.get("/desa/")
def villages() -> Response:
    """All villages, by kecamatan."""
    public = public_site()
    known = readers.villages(public.site)
    districts = _districts(known)
    page = ContentPage(
        site=public.context(),
        meta=Meta(
            path="/desa/", title=_("Desa"), crumbs=(HOME,),
            description=_("Desa yang kabarnya dimuat {name}.").format(name=public.context().name),
        ),
        title=_("Desa"),
        standfirst=_("{n} desa di {m} kecamatan mengirim kabar ke sini.").format(
            n=len(known), m=len(districts)
        ) if known else _("Belum ada desa yang tersambung."),
        body=_by_district(districts),
    )  # fmt: skip
    return public.answer(page, _KEYS)


@blueprint.get("/desa/<slug>/")
def village(slug: str) -> Response:
    """One village's news."""
    found, around = _village(slug)
    links = (VILLAGES, _district_link(found)) if found.district else (VILLAGES,)
    others = [one for one in around if one.district == found.district and one.articles]
    intro = _("Kabar dari {name}").format(name=found.name)
    intro += f", Kecamatan {found.district}." if found.district else "."
    filters = tuple(
        Link(text=one.name, url=f"/desa/{one.slug}/", current=one.id == found.id)
        for one in others[:12]
    )
    own = (Link(text=_("Situs desa"), url=found.address),) if found.address else ()
    return _news(
        f"/desa/{found.slug}/", found.name, [found.id], intro,
        crumbs=(HOME, *links), filters=(*(filters if len(filters) > 1 else ()), *own),
        count=found.articles,
    )  # fmt: skip


@blueprint.get("/kecamatan/<slug>/")
def district(slug: str) -> Response:
    """The news of all villages of a kecamatan."""
    name, members = _district(slug)
    filters = tuple(
        Link(text=one.name, url=f"/desa/{one.slug}/", count=one.articles) for one in members
    )
    return _news(
        f"/kecamatan/{slug}/", _("Kecamatan {name}").format(name=name),
        [one.id for one in members],
        _("Kabar dari {n} desa.").format(n=len(members)),
        crumbs=(HOME, VILLAGES), filters=filters, count=sum(one.articles for one in members),
    )  # fmt: skip


@blueprint.get("/desa/<slug>/<any('feed.atom', 'feed.json', 'rss.xml'):file>")
def village_feed(slug: str, file: str) -> Response:
    found, _around = _village(slug)
    return _feed(f"/desa/{found.slug}/{file}", found.name, [found.id])


@blueprint.get("/kecamatan/<slug>/<any('feed.atom', 'feed.json', 'rss.xml'):file>")
def district_feed(slug: str, file: str) -> Response:
    name, members = _district(slug)
    title = _("Kecamatan {name}").format(name=name)
    return _feed(f"/kecamatan/{slug}/{file}", title, [one.id for one in members])


def addresses(site: Site) -> tuple[list[tuple[str, datetime | None]], set[str]]:
    """Return what search engines should know of a media centre (the adapter "sitemap")."""
    if site.config.text("role") != "hub":
        return [], set()
    known = readers.villages(site)
    found: list[tuple[str, datetime | None]] = [("/desa/", None)]
    found += [
        (f"/kecamatan/{slug}/", None)
        for slug in sorted({v.district_slug for v in known if v.district})
    ]
    found += [(f"/desa/{one.slug}/", one.last_at) for one in known if one.articles]
    return found, _KEYS


def _news(
    path: str,
    title: str,
    source_ids: list[str],
    intro: str,
    *,
    crumbs: tuple[Link, ...],
    filters: tuple[Link, ...],
    count: int,
) -> Response:
    public = public_site()
    context = public.context()
    before = _place(request.args.get("sebelum", ""))
    found = readers.newest(public.site, source_ids, before=before, limit=PAGE_SIZE + 1)
    items = found[:PAGE_SIZE]
    older = None
    if len(found) > PAGE_SIZE:
        place = f"{to_ms(items[-1].published_at)}~{items[-1].id}"
        older = Link(text=_("Kabar sebelumnya"), url=f"{path}?sebelum={place}")
    formats = (("Atom", "feed.atom"), ("JSON", "feed.json"), ("RSS", "rss.xml"))
    page = ListPage(
        site=context,
        meta=Meta(
            path=path, title=title, crumbs=crumbs, noindex=before is not None,
            description=intro,
            feeds=tuple(Link(text=f"{title} – {kind}", url=path + f) for kind, f in formats),
        ),
        kind="rubric",
        title=title,
        count_line=_("{n} berita").format(n=count) if count else "",
        intro=intro,
        cards=presentation.cards(public.site, items, context),
        filters=filters,
        feed_url=f"{path}feed.atom",
        newer=Link(text=_("Kabar terbaru"), url=path) if before else None,
        older=older,
        empty=_("Belum ada kabar dari sini."),
    )  # fmt: skip
    media = {f"media:{item.lead_photo_id}" for item in items if item.lead_photo_id}
    return public.answer(page, _KEYS | media | {f"article:{item.id}" for item in items})


def _feed(path: str, title: str, source_ids: list[str]) -> Response:
    items = readers.newest(public_site().site, source_ids, limit=feeds.ENTRIES)
    return feeds.of_articles(path, title, tuple(item.id for item in items), _KEYS)


def _village(slug: str) -> tuple[Village, list[Village]]:
    known = readers.villages(public_site().site)
    found = next((one for one in known if one.slug == slug), None)
    if found is None:
        raise NotFound(_("Desa itu belum ada di sini. Lihat semua desa di /desa/."))
    return found, known


def _district(slug: str) -> tuple[str, list[Village]]:
    known = [one for one in readers.villages(public_site().site) if one.district]
    members = [one for one in known if one.district_slug == slug]
    if not members:
        raise NotFound(_("Kecamatan itu belum ada di sini. Lihat semua desa di /desa/."))
    return members[0].district, members


def _districts(known: list[Village]) -> dict[str, list[Village]]:
    found: dict[str, list[Village]] = {}
    for one in known:
        found.setdefault(one.district, []).append(one)
    # What has no kecamatan stands last.
    return dict(sorted(found.items(), key=lambda pair: (not pair[0], pair[0].casefold())))


def _district_link(found: Village) -> Link:
    return Link(text=found.district, url=f"/kecamatan/{found.district_slug}/")


def _by_district(districts: dict[str, list[Village]]) -> Markup:
    parts = []
    for name, members in districts.items():
        link = Markup('<a href="/kecamatan/{}/">{}</a>').format(
            members[0].district_slug, _("Kecamatan {name}").format(name=name)
        )
        parts.append(Markup("<h2>{}</h2>").format(link if name else _("Lainnya")))
        rows = Markup("").join(
            Markup('<li><a href="/desa/{}/">{}</a>{}</li>').format(one.slug, one.name, _note(one))
            for one in members
        )
        parts.append(Markup('<ul class="kolom">{}</ul>').format(rows))
    return Markup("").join(parts)


def _note(one: Village) -> str:
    return _(" – {n} berita").format(n=one.articles) if one.articles else ""


def _place(text: str) -> tuple[datetime, str] | None:
    at, _tilde, article_id = text[:80].partition("~")
    is_good = at.isascii() and at.isdigit() and len(at) < 15 and "\x00" not in article_id
    return (as_utc(int(at)), article_id) if is_good else None
