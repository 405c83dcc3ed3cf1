"""The front page, and what machines read first: robots.txt, sitemaps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape

from flask import Blueprint, Response

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import Feature, adapters, of_role
from desa_web.core.site import Site
from desa_web.features.news import presentation, queries, rubrics
from desa_web.features.news.queries import Item
from desa_web.web.context_parts import CallOut, Card, Link, Meta, Section, Services, ServiceTile
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.contexts import HomePage
from desa_web.web.public import keep, public_site

blueprint = Blueprint("portal", __name__)

CARDS, ROWS, BOARD = 3, 4, 4


@blueprint.get("/")
def home() -> Response:
    public = public_site()
    site = public.site
    values = public.settings()
    notices = queries.board(site, limit=100)
    context = public.context(announcement=_bar(notices, values["front_notice"]))
    items = _items(site, values["front_lead"])
    shown = presentation.cards(site, items, context)
    lead, cards, rows = _arranged(shown, is_pinned=bool(values["front_lead"]))
    added = _added(site, context, values["services"], items)
    page = HomePage(
        site=context,
        meta=Meta(path="/", title="Beranda", description=_about(context),
                  picture=lead.picture if lead else None),
        lead=lead,
        cards=cards,
        rows=rows,
        board=presentation.notices(notices[:BOARD], context),
        sections=added.sections,
        services=added.services,
        call_out=_call_out(context),
    )  # fmt: skip
    media = {f"media:{item.lead_photo_id}" for item in items if item.lead_photo_id}
    # A pinned article may have fallen out of the newest: its own changes count, too.
    keys = {"list:article", "list:announcement", *media, *(f"article:{i.id}" for i in items[:1])}
    return public.answer(page, keys | added.keys)


@blueprint.get("/robots.txt")
def robots() -> Response:
    base = public_site().context().base_url
    # Search results are made for one reader and endless in number (RFC 9309).
    closed = ("/kelola", "/masuk", "/api/", "/cari")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    if base:
        lines += ["", f"Sitemap: {base}/sitemap.xml"]
    keep(())
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """One sitemap for standing lists, one a month: an old month never changes again."""
    public = public_site()
    base = _address()
    known = queries.months(public.site, public.settings())
    months = (f"/sitemap/{y}-{m:02d}.xml" for y, m in known)
    parts = ["/sitemap/umum.xml", "/sitemap/kabar.xml", *months]
    body = "".join(f"<sitemap>{_location(base + part)}</sitemap>" for part in parts)
    keep({"list:months", "list:article"})
    return _xml(f'<sitemapindex xmlns="{_NAMESPACE}">{body}</sitemapindex>')


@blueprint.get("/sitemap/umum.xml")
def sitemap_lists() -> Response:
    public = public_site()
    base = _address()
    paths = ["/", "/berita/", "/pengumuman/", *(f"/rubrik/{r.slug}" for r in rubrics.rubrics())]
    paths += [f"/berita/{notice.slug}" for notice in queries.board(public.site, limit=100)]
    urls = [(base + path, "") for path in paths]
    keys = {"rubrics", "list:announcement"}
    for offered in adapters(_features(), "sitemap"):
        found, its_keys = offered(public.site)
        urls += [(base + path, at.isoformat() if at else "") for path, at in found]
        keys |= its_keys
    keep(keys)
    return _xml(_urlset(urls))


@blueprint.get("/sitemap/<int:year>-<int(fixed_digits=2):month>.xml")
def sitemap_month(year: int, month: int) -> Response:
    public = public_site()
    base = _address()
    items = queries.month(public.site, public.settings(), year, month)
    if not items:
        raise NotFound(_("Belum ada berita pada bulan itu."))
    keep({f"month:{year}-{month:02d}"})
    return _xml(_urlset([(f"{base}/berita/{i.slug}", i.published_at.isoformat()) for i in items]))


def _address() -> str:
    """Return the site's address; a sitemap with half an address helps nobody."""
    base = public_site().context().base_url
    if not base:
        raise NotFound(_("Alamat situs belum diisi di Pengaturan, jadi belum ada peta situs."))
    return base


_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def _items(site: Site, pinned: str) -> list[Item]:
    """Return the newest articles, the one that the village pinned before them."""
    items = queries.published(site, limit=1 + CARDS + ROWS)
    top = queries.item_at(site, pinned) if pinned else None
    if top is None:
        return items
    return [top, *(item for item in items if item.id != top.id)][: 1 + CARDS + ROWS]


def _bar(notices: list[Item], pinned: str) -> Link | None:
    """Return the announcement for the bar: the pinned one while it holds, or the newest."""
    chosen = next((item for item in notices if item.slug == pinned), None)
    chosen = chosen or next(iter(notices), None)
    return Link(text=chosen.title, url=f"/berita/{chosen.slug}") if chosen else None


@dataclass(frozen=True, slots=True)
class _Added:
    """What stands on the front page besides the newest news, and the keys it was made from."""

    services: Services | None
    sections: tuple[Section, ...]
    keys: frozenset[str]


def _added(site: Site, context: SiteContext, lines: list[str], items: list[Item]) -> _Added:
    """Return the village's services; a site of another role has what its feature adds.

    The adapter "front" gives tiles and sections, each with its keys.
    """
    own = _services(tuple(lines))
    for adapter in adapters(of_role(_features(), site.config.text("role")), "front"):
        tiles, tile_keys = adapter.tiles(site)
        sections, section_keys = adapter.sections(site, context, {item.id for item in items})
        return _Added(own or tiles, sections, frozenset(tile_keys | section_keys))
    return _Added(own, (), frozenset())


@lru_cache(maxsize=8)
def _services(lines: tuple[str, ...]) -> Services | None:
    """Read "Surat pengantar: Selesai 15 menit: /halaman/layanan", one line a tile."""
    tiles = []
    for line in lines:
        name, _colon, rest = line.partition(":")
        promise, _colon, url = rest.rpartition(":")
        name, promise = name.strip(), promise.strip()
        tiles.append(ServiceTile(name=name, url=url.strip(), promise=promise, icon=_icon(name)))
    return Services(tiles=tuple(tiles), all_url=tiles[0].url) if tiles else None


def _icon(name: str) -> str:
    words = name.casefold()
    found = (icon for icon, known in _ICONS.items() if any(word in words for word in known))
    return next(found, "surat")


_ICONS = {
    "ktp": ("ktp", "kk", "kartu", "akta", "penduduk"),
    "sehat": ("sehat", "posyandu", "kia", "lahir", "obat"),
    "bantu": ("bantu", "blt", "pkh", "sosial", "sembako"),
    "lapor": ("lapor", "adu", "keluh", "usul"),
    "info": ("info", "tanya", "ppid", "dokumen"),
}


def _features() -> tuple[Feature, ...]:
    from desa_web.features import FEATURES

    return FEATURES


def _arranged(
    shown: tuple[Card, ...], *, is_pinned: bool
) -> tuple[Card | None, tuple[Card, ...], tuple[Card, ...]]:
    """Return lead, cards with pictures, rows: the newest leads, pictures go to the cards."""
    if not shown:
        return None, (), ()
    ahead = shown[:1] if is_pinned else shown[:3]
    lead = next((card for card in ahead if card.picture), shown[0])
    rest = [card for card in shown if card is not lead]
    pictured = [card for card in rest if card.picture][:CARDS]
    return lead, tuple(pictured), tuple(card for card in rest if card not in pictured)


def _about(context: SiteContext) -> str:
    parts = (context.name, context.place_line, context.province)
    where = ", ".join(part for part in parts if part)
    return context.tagline or _("Kabar dan layanan {where}.").format(where=where)


def _call_out(context: SiteContext) -> CallOut | None:
    """Invite readers to write to the office; absent without a number."""
    contacts = context.contacts
    if not contacts.whatsapp_url:
        return None
    other = Link(text=contacts.phone, url=contacts.phone_url) if contacts.phone else None
    return CallOut(
        title=_("Ada jalan rusak, lampu mati, atau usul?"),
        text=_("Kirim lewat WhatsApp, atau datang langsung ke kantor."),
        action=Link(text=_("Lapor lewat WhatsApp"), url=contacts.whatsapp_url),
        other=other,
        is_whatsapp=True,
    )


def _location(address: str) -> str:
    return f"<loc>{escape(address, quote=False)}</loc>"


def _urlset(urls: list[tuple[str, str]]) -> str:
    body = "".join(
        f"<url>{_location(loc)}{f'<lastmod>{at}</lastmod>' if at else ''}</url>" for loc, at in urls
    )
    return f'<urlset xmlns="{_NAMESPACE}">{body}</urlset>'


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', mimetype="application/xml")
