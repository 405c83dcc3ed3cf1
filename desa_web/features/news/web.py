"""Readers' pages of news: lists, month archives, rubrics, tags, the board, articles."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from flask import Blueprint, Response
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import html
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import adapters, of_role
from desa_web.core.site import Site
from desa_web.features.news import presentation, queries, rubrics
from desa_web.features.news.article import Kind
from desa_web.features.news.queries import Live, Moved
from desa_web.web.context_parts import Link, ListKind, Meta
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.contexts import AnnouncementPage, ArticlePage, ListPage, Page
from desa_web.web.public import public_site

blueprint = Blueprint("news", __name__)

HOME = Link(text="Beranda", url="/")
NEWS = Link(text="Berita", url="/berita/")
BOARD = Link(text="Pengumuman", url="/pengumuman/")
PAGE_SIZE = 20


@blueprint.get("/berita/")
def news() -> Response:
    public = public_site()
    context = public.context()
    items = queries.published(public.site, limit=PAGE_SIZE)
    page = ListPage(
        site=context,
        meta=Meta(path="/berita/", title="Berita", crumbs=(HOME,),
                  description=_("Kabar terbaru dari {name}.").format(name=context.name)),
        kind="news",
        title="Berita",
        cards=presentation.cards(public.site, items, context),
        filters=_rubric_links(),
        months=_month_links(queries.months(public.site, public.settings())),
        feed_url="/feed.atom",
    )  # fmt: skip
    return public.answer(page, {"list:article", "rubrics", *_media_keys(items)})


@blueprint.get("/berita/<int:year>/<int(fixed_digits=2):month>/")
def month(year: int, month: int) -> Response:
    public = public_site()
    context = public.context()
    values = public.settings()
    items = queries.month(public.site, values, year, month)
    known = queries.months(public.site, values)
    if not items:
        raise NotFound(_("Belum ada berita pada bulan itu."))
    name = presentation.month_link(year, month).text
    newer, older = _neighbours(known, (year, month))
    page = ListPage(
        site=context,
        meta=Meta(path=f"/berita/{year}/{month:02d}/", title=_("Berita {month}").format(month=name),
                  crumbs=(HOME, NEWS)),
        kind="month",
        title=_("Berita {month}").format(month=name),
        count_line=_("{n} berita").format(n=len(items)),
        cards=presentation.cards(public.site, items, context),
        months=_month_links(known, current=(year, month)),
        newer=newer,
        older=older,
    )  # fmt: skip
    # A new month elsewhere changes the links beside the list, so lists of months share a key.
    keys = {f"month:{year}-{month:02d}", "list:months", *_media_keys(items)}
    return public.answer(page, keys)


@blueprint.get("/rubrik/<slug>")
def rubric(slug: str) -> Response:
    public = public_site()
    found = rubrics.rubric(slug)
    items = queries.published(public.site, rubric_id=found.id, limit=100)
    path = f"/rubrik/{found.slug}"
    feed, filters = f"{path}/feed.atom", _rubric_links(current=found.slug)
    context = public.context()
    page = _filtered(context, "rubric", found.name, path, items, feed=feed, filters=filters)
    return public.answer(page, {f"rubric:{found.id}", "rubrics", *_media_keys(items)})


@blueprint.get("/tag/<slug>")
def tag(slug: str) -> Response:
    public = public_site()
    items = queries.published(public.site, tag=slug, limit=100)
    if not items:
        raise NotFound(_("Belum ada berita dengan kata kunci itu."))
    name = queries.tag_name(public.site, slug)
    path = f"/tag/{slug}"
    page = _filtered(public.context(), "tag", name, path, items, feed=f"{path}/feed.atom")
    return public.answer(page, {f"tag:{slug}", *_media_keys(items)})


@blueprint.get("/pengumuman/")
def board() -> Response:
    public = public_site()
    context = public.context()
    items = queries.board(public.site, limit=100)
    page = ListPage(
        site=context,
        meta=Meta(path="/pengumuman/", title="Pengumuman", crumbs=(HOME,)),
        kind="announcements",
        title="Papan pengumuman",
        notices=presentation.notices(items, context),
        empty=_("Tidak ada pengumuman yang masih berlaku."),
    )
    return public.answer(page, {"list:announcement"})


@blueprint.get("/berita/<slug>")
def article(slug: str) -> AnyResponse:
    public = public_site()
    found = queries.live(public.site, slug)
    if isinstance(found, Moved):
        target = queries.live(public.site, found.slug)
        keys = {f"article:{target.article.id}"} if isinstance(target, Live) else set()
        return public.moved(f"/berita/{found.slug}", keys)
    context = public.context()
    page, keys = article_page(context, found)
    return public.answer(page, keys)


def article_page(context: SiteContext, found: Live) -> tuple[Page, set[str]]:
    """Return the page of a live article or announcement and the keys it was made from."""
    site = public_site().site
    text = found.revision.text
    is_notice = found.article.kind is Kind.ANNOUNCEMENT
    # Related articles are older ones, so a new article changes nobody's links.
    related = [] if is_notice else queries.related(site, found)
    pictures = presentation.article_pictures(site, found, related)
    body, lead, keys = presentation.body(site, found, pictures)
    keys.add(f"article:{found.article.id}")
    origin, origin_keys = _origin(site, found.article.id)
    keys |= origin_keys
    meta = Meta(
        path=f"/berita/{found.article.slug}",
        title=text.title,
        description=text.standfirst or html.excerpt(text.body, 160),
        crumbs=(HOME, BOARD if is_notice else NEWS),
        picture=lead,
    )
    published_at = _known(found.article.published_at)
    if is_notice:
        until = text.expires_on
        others = [i for i in queries.board(site, limit=5) if i.id != found.article.id]
        notice = AnnouncementPage(
            site=context, meta=meta, title=text.title, body=body, published_at=published_at,
            until_on=datetime.fromisoformat(until).date() if until else None, picture=lead,
            others=presentation.notices(others[:4], context), origin=origin,
        )  # fmt: skip
        return notice, keys | {"list:announcement"}
    keys |= {f"article:{item.id}" for item in related} | _media_keys(related)
    kicker = Link(text=found.rubric_name, url=f"/rubrik/{text.rubric}") if text.rubric else None
    changed = found.revision.number > 1 and bool(text.correction)
    page = ArticlePage(
        site=context, meta=meta, title=text.title, body=body, published_at=published_at,
        updated_at=found.revision.saved_at if changed else None, standfirst=text.standfirst,
        kicker=kicker, byline=text.byline, initials=_initials(text.byline),
        organisation=text.source or (context.words.kim if text.byline else ""),
        dateline=text.dateline, code=f"[{text.initials}]" if text.initials else "", picture=lead,
        corrections=presentation.corrections(found), tags=presentation.tag_links(text.tags),
        related=presentation.cards(site, related, context, pictures), origin=origin,
    )  # fmt: skip
    return page, keys


def _origin(site: Site, article_id: str) -> tuple[Markup, set[str]]:
    """Return the line that says whose text it is (the adapter "provenance"), and its keys."""
    from desa_web.features import FEATURES

    shown = of_role(FEATURES, site.config.text("role"))
    for adapter in adapters(shown, "provenance"):
        line, keys = adapter.line(site, article_id)
        return line, keys
    return Markup(), set()


def _filtered(
    context: SiteContext, kind: ListKind, name: str, path: str, items: list[queries.Item], *,
    feed: str = "", filters: tuple[Link, ...] = (),
) -> ListPage:  # fmt: skip
    public = public_site()
    feeds = (Link(text=f"Umpan {name}", url=feed),) if feed else ()
    return ListPage(
        site=context,
        meta=Meta(path=path, title=name, crumbs=(HOME, NEWS), feeds=feeds),
        kind=kind,
        title=name,
        count_line=_("{n} berita").format(n=len(items)) if items else "",
        cards=presentation.cards(public.site, items, context),
        filters=filters,
        feed_url=feed,
    )


def _rubric_links(current: str = "") -> tuple[Link, ...]:
    return tuple(
        Link(text=r.name, url=f"/rubrik/{r.slug}", current=r.slug == current)
        for r in rubrics.rubrics()
    )


def _month_links(
    known: list[tuple[int, int]], current: tuple[int, int] | None = None
) -> tuple[Link, ...]:
    links = []
    for year, number in known[:24]:
        link = presentation.month_link(year, number)
        is_here = (year, number) == current
        links.append(Link(text=link.text, url=link.url, current=is_here))
    return tuple(links)


def _neighbours(
    known: list[tuple[int, int]], here: tuple[int, int]
) -> tuple[Link | None, Link | None]:
    newer = next((a for a, b in pairwise(known) if b == here), None)
    older = next((b for a, b in pairwise(known) if a == here), None)
    return (
        presentation.month_link(*newer) if newer else None,
        presentation.month_link(*older) if older else None,
    )


def _media_keys(items: list[queries.Item]) -> set[str]:
    return {f"media:{item.lead_photo_id}" for item in items if item.lead_photo_id}


def _initials(byline: str) -> str:
    return "".join(part[0] for part in byline.split()[:2]).upper()


def _known(moment: datetime | None) -> datetime:
    assert moment is not None  # noqa: S101 - a live article has its date (CHECK in the schema)
    return moment
