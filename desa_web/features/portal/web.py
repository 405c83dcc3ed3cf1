"""The front page, and what machines read first: robots.txt, sitemaps."""

from __future__ import annotations

from xml.sax.saxutils import escape

from flask import Blueprint, Response

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.features.news import presentation, queries, rubrics
from desa_web.web.context_parts import CallOut, Card, Link, Meta
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.contexts import HomePage
from desa_web.web.public import keep, public_site

blueprint = Blueprint("portal", __name__)

CARDS, ROWS, BOARD = 3, 4, 4


@blueprint.get("/")
def home() -> Response:
    public = public_site()
    site = public.site
    board = queries.board(site, limit=BOARD)
    bar = Link(text=board[0].title, url=f"/berita/{board[0].slug}") if board else None
    context = public.context(announcement=bar)
    items = queries.published(site, limit=1 + CARDS + ROWS)
    shown = presentation.cards(site, items, context)
    lead, cards, rows = _arranged(shown)
    page = HomePage(
        site=context,
        meta=Meta(path="/", title="Beranda", description=_about(context),
                  picture=lead.picture if lead else None),
        lead=lead,
        cards=cards,
        rows=rows,
        board=presentation.notices(board, context),
        call_out=_call_out(context),
    )  # fmt: skip
    media = {f"media:{item.lead_photo_id}" for item in items if item.lead_photo_id}
    return public.answer(page, {"list:article", "list:announcement", *media})


@blueprint.get("/robots.txt")
def robots() -> Response:
    base = public_site().context().base_url
    lines = ["User-agent: *", "Disallow: /kelola", "Disallow: /masuk", "Disallow: /api/"]
    if base:
        lines += ["", f"Sitemap: {base}/sitemap.xml"]
    keep(())
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """One sitemap for standing lists, one a month: an old month never changes again."""
    public = public_site()
    base = public.context().base_url
    known = queries.months(public.site, public.settings())
    months = (f"/sitemap/{y}-{m:02d}.xml" for y, m in known)
    parts = ["/sitemap/umum.xml", "/sitemap/kabar.xml", *months]
    body = "".join(f"<sitemap><loc>{escape(base + part)}</loc></sitemap>" for part in parts)
    keep({"list:months", "list:article"})
    return _xml(f'<sitemapindex xmlns="{_NAMESPACE}">{body}</sitemapindex>')


@blueprint.get("/sitemap/umum.xml")
def sitemap_lists() -> Response:
    public = public_site()
    base = public.context().base_url
    paths = ["/", "/berita/", "/pengumuman/", *(f"/rubrik/{r.slug}" for r in rubrics.rubrics())]
    keep({"rubrics"})
    return _xml(_urlset([(base + path, "") for path in paths]))


@blueprint.get("/sitemap/<int:year>-<int(fixed_digits=2):month>.xml")
def sitemap_month(year: int, month: int) -> Response:
    public = public_site()
    base = public.context().base_url
    items = queries.month(public.site, public.settings(), year, month)
    if not items:
        raise NotFound(_("Belum ada berita pada bulan itu."))
    keep({f"month:{year}-{month:02d}"})
    return _xml(_urlset([(f"{base}/berita/{i.slug}", i.published_at.isoformat()) for i in items]))


_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def _arranged(
    shown: tuple[Card, ...],
) -> tuple[Card | None, tuple[Card, ...], tuple[Card, ...]]:
    """Return lead, cards with pictures, rows: the newest leads, pictures go to the cards."""
    if not shown:
        return None, (), ()
    lead = next((card for card in shown[:3] if card.picture), shown[0])
    rest = [card for card in shown if card is not lead]
    pictured = [card for card in rest if card.picture][:CARDS]
    return lead, tuple(pictured), tuple(card for card in rest if card not in pictured)


def _about(context: SiteContext) -> str:
    place = ", ".join(part for part in (context.place_line, context.province) if part)
    return context.tagline or _("Kabar dan layanan {name}, {place}.").format(
        name=context.name, place=place
    )


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


def _urlset(urls: list[tuple[str, str]]) -> str:
    body = "".join(
        f"<url><loc>{escape(loc)}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>"
        for loc, at in urls
    )
    return f'<urlset xmlns="{_NAMESPACE}">{body}</urlset>'


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', mimetype="application/xml")
