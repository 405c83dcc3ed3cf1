"""The feeds of the whole site, of a rubric, of a tag; the month archives; the news sitemap.

Gathers what the features offer (adapter "feeds"). Addresses inside a feed are absolute. Without
base_url they begin with the host that was asked for; such an answer is never kept, because the
next reader may have come by another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import quote
from uuid import UUID, uuid5

from flask import Blueprint, Response, request
from werkzeug.http import http_date

from desa_web.core import db, journal
from desa_web.core.clock import as_utc, zone
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.engines.feeds import (
    Archive,
    Entry,
    Feed,
    Feedable,
    Offer,
    Scope,
    Tombstone,
    atom,
    json_feed,
    news_sitemap,
    rss,
)
from desa_web.engines.pages.page import digest
from desa_web.features.news import queries, rubrics
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.public import keep, public_site

blueprint = Blueprint("feeds", __name__)

ATOM, JSON, RSS = "application/atom+xml", "application/feed+json", "application/rss+xml"
ENTRIES = 30
# A reader that was away longer finds older ones in the month archives.
TOMBSTONES = 200
_MAX_TOMBSTONES = 100_000
# Any fixed UUID will do; this one names the feeds of this program.
_NAMESPACE = UUID("6f5e1a43-6d3f-5a0b-9a57-0f4cbb6f7c11")

Write = Callable[[Feed], bytes]
_FORMATS: dict[str, tuple[Write, str]] = {
    "atom": (atom, ATOM),
    "json": (json_feed, JSON),
    "xml": (rss, RSS),
}


@blueprint.get("/feed.atom")
def site_atom() -> Response:
    """The newest entries and tombstones; older ones are behind the link prev-archive."""
    offer = _offer(Scope(limit=ENTRIES))
    stones = _tombstones(TOMBSTONES)
    older = _older_month(offer.entries)
    archive = Archive(older_url=_archive_url(*older) if older else "")
    feed = _feed("/feed.atom", "", offer.entries, stones, archive)
    return _answer(feed, atom, ATOM, offer.keys)


@blueprint.get("/feed.json")
def site_json() -> Response:
    offer = _offer(Scope(limit=ENTRIES))
    return _answer(_feed("/feed.json", "", offer.entries), json_feed, JSON, offer.keys)


@blueprint.get("/rss.xml")
def site_rss() -> Response:
    offer = _offer(Scope(limit=ENTRIES))
    return _answer(_feed("/rss.xml", "", offer.entries), rss, RSS, offer.keys)


@blueprint.get("/rubrik/<slug>/feed.atom")
def rubric_atom(slug: str) -> Response:
    found = rubrics.rubric(slug)
    offer = _offer(Scope(limit=ENTRIES, rubric_slug=found.slug))
    feed = _feed(f"/rubrik/{found.slug}/feed.atom", found.name, offer.entries, _tombstones())
    return _answer(feed, atom, ATOM, offer.keys | {"list:article"})


@blueprint.get("/tag/<slug>/feed.atom")
def tag_atom(slug: str) -> Response:
    offer = _offer(Scope(limit=ENTRIES, tag=slug))
    if not offer.entries:
        raise NotFound(_("Belum ada berita dengan kata kunci itu."))
    name = queries.tag_name(public_site().site, slug)
    feed = _feed(f"/tag/{quote(slug)}/feed.atom", name, offer.entries, _tombstones())
    return _answer(feed, atom, ATOM, offer.keys | {"list:article"})


def of_articles(path: str, part: str, ids: tuple[str, ...], keys: Iterable[str]) -> Response:
    """Return the feed of chosen articles at a path; its ending names the format.

    For features that have lists of their own; `keys` go stale when the choice would differ.
    """
    offer = _offer(Scope(limit=ENTRIES, ids=ids))
    write, mime = _FORMATS[path.rpartition(".")[2]]
    stones = _tombstones() if write is atom else []
    feed = _feed(path, part, offer.entries, stones)
    return _answer(feed, write, mime, offer.keys | set(keys))


@blueprint.get("/arsip/<int:year>-<int(fixed_digits=2):month>.atom")
def month_atom(year: int, month: int) -> Response:
    """All entries of a month, and what was withdrawn in it (RFC 5005, 4)."""
    known = _months()
    if (year, month) not in known:
        raise NotFound(_("Belum ada berita pada bulan itu."))
    at = known.index((year, month))
    archive = Archive(
        is_archive=True,
        current_url=f"{_base_url()}/feed.atom",
        older_url=_archive_url(*known[at + 1]) if at + 1 < len(known) else "",
        newer_url=_archive_url(*known[at - 1]) if at else "",
    )
    offer = _offer(Scope(month=(year, month)))
    stones = [s for s in _tombstones(_MAX_TOMBSTONES) if _month_of(s.at) == (year, month)]
    path = f"/arsip/{year}-{month:02d}.atom"
    feed = _feed(path, "", offer.entries, stones, archive)
    return _answer(feed, atom, ATOM, offer.keys | {"list:article"})


@blueprint.get("/sitemap/kabar.xml")
def sitemap_news() -> Response:
    offer = _offer(Scope(limit=ENTRIES))
    feed = _feed("/sitemap/kabar.xml", "", offer.entries)
    return _answer(feed, news_sitemap, "application/xml", offer.keys)


def feed_id(site: Site, path: str) -> str:
    """Return the UUID of the feed at `path`: the same for ever, whatever the site is called.

    It is made from the oldest object of the journal, which a backup and a move carry along.
    """
    sql = (
        "SELECT object_id FROM journal WHERE object_id LIKE '________-____-7___-____-____________' "
        "ORDER BY seq LIMIT 1"
    )
    row = db.execute(site.database, sql).fetchone()
    root = row[0] if row else journal.head(site).journal_id
    return str(uuid5(_NAMESPACE, f"{root} {path}"))


def _feed(
    path: str,
    part: str,
    entries: tuple[Entry, ...],
    tombstones: Iterable[Tombstone] = (),
    archive: Archive | None = None,
) -> Feed:
    public = public_site()
    context = public.context()
    base_url = _base_url()
    stones = tuple(tombstones)
    is_part = archive is None and bool(part)
    return Feed(
        # An archive is a part of the feed that it continues, so it has the same id.
        id=feed_id(public.site, path if is_part else "/feed.atom"),
        title=f"{context.name}: {part}" if part else context.name,
        subtitle=_subtitle(context),
        home_url=f"{base_url}/",
        self_url=f"{base_url}{path}",
        author=context.name,
        updated_at=_updated_at(public.site, entries, stones),
        rights=context.licence.sentence,
        licence_url=context.licence.url,
        entries=entries,
        tombstones=stones,
        archive=archive or Archive(),
    )


def _subtitle(context: SiteContext) -> str:
    return context.tagline or _("Kabar terbaru dari {name}.").format(name=context.name)


def _updated_at(
    site: Site, entries: tuple[Entry, ...], tombstones: tuple[Tombstone, ...]
) -> datetime:
    """Return the newest moment in the feed; for an empty one when the site began."""
    moments = [entry.updated_at for entry in entries] + [stone.at for stone in tombstones]
    if moments:
        return max(moments)
    row = db.execute(site.database, "SELECT at FROM journal ORDER BY seq LIMIT 1").fetchone()
    return as_utc(row[0] if row else 0)


def _offer(scope: Scope) -> Offer:
    site, base_url = public_site().site, _base_url()
    offers = [source.offer(site, scope, base_url) for source in _sources()]
    entries = sorted(
        (entry for offer in offers for entry in offer.entries),
        key=lambda entry: (entry.published_at, entry.id),
        reverse=True,
    )
    wanted = entries if scope.month is not None else entries[: scope.limit]
    return Offer(tuple(wanted), frozenset().union(*(offer.keys for offer in offers)))


def _tombstones(limit: int = TOMBSTONES) -> list[Tombstone]:
    site = public_site().site
    found = [stone for source in _sources() for stone in source.tombstones(site, limit)]
    return sorted(found, key=lambda stone: (stone.at, stone.id), reverse=True)[:limit]


def _months() -> list[tuple[int, int]]:
    site = public_site().site
    return sorted({month for source in _sources() for month in source.months(site)}, reverse=True)


def _sources() -> list[Feedable]:
    from desa_web.features import FEATURES

    return list(adapters(FEATURES, "feeds"))


def _older_month(entries: tuple[Entry, ...]) -> tuple[int, int] | None:
    """Return the month in which a reader of `entries` has to go on; None if that was all."""
    if len(entries) < ENTRIES:
        return None
    return _month_of(entries[-1].published_at)


def _month_of(moment: datetime) -> tuple[int, int]:
    local = moment.astimezone(zone(public_site().settings()["time_zone"]))
    return local.year, local.month


def _archive_url(year: int, month: int) -> str:
    return f"{_base_url()}/arsip/{year}-{month:02d}.atom"


def _base_url() -> str:
    return public_site().context().base_url or request.host_url.rstrip("/")


def _answer(feed: Feed, write: Write, mime: str, keys: Iterable[str]) -> Response:
    body = write(feed)
    response = Response(body, content_type=f"{mime}; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    newest_ms = journal.newest_ms(public_site().site) or 0
    response.headers["Last-Modified"] = http_date(max(feed.updated_at, as_utc(newest_ms)))
    if public_site().context().base_url:
        keep(keys)
        return response
    # The page store is out of play, so the answer carries its validator itself.
    response.set_etag(digest(body), weak=True)
    response.make_conditional(request)
    return response
