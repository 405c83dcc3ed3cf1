"""Offers live articles to feeds (the adapter "feeds"). Announcements stay on the board.

An entry is the article's live revision; its id is the article's and never changes. Enclosures
are renditions as they lie on the disk, so their lengths are those a reader will fetch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from desa_web.core import db, html, settings
from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.feeds import Enclosure, Entry, Offer, Scope, Tombstone, absolute
from desa_web.engines.images import Rendition
from desa_web.features.media import service as media
from desa_web.features.media.photo import Photo
from desa_web.features.media.renditions import KEY_DIGITS, renditions
from desa_web.features.news import queries, rubrics
from desa_web.features.news.models import ArticleRow, RevisionRow
from desa_web.features.news.queries import Item

_SUMMARY_CHARS = 300


def offer(site: Site, scope: Scope, base_url: str) -> Offer:
    """Return the live articles of `scope` with their whole texts, newest first."""
    items, keys = _items(site, scope)
    revisions = _live_revisions(items)
    shown = [(item, revisions[item.id]) for item in items if item.id in revisions]
    ids = {i for _item, revision in shown for i in _photo_ids(revision)}
    pictures = _pictures(site, ids)
    went_live = _went_live(site, [item.id for item, _revision in shown])
    entries = [
        _entry(item, revision, pictures, base_url, went_live[item.id]) for item, revision in shown
    ]
    return Offer(tuple(entries), frozenset(keys | {f"media:{photo_id}" for photo_id in ids}))


def tombstones(site: Site, limit: int) -> Sequence[Tombstone]:
    """Return the articles that readers could see once and cannot see now, newest first."""
    sql = (
        "SELECT j.object_id, max(j.at) FROM journal j LEFT JOIN article a ON a.id = j.object_id "
        "WHERE j.kind = 'article' AND j.op IN ('withdraw', 'erase') "
        "AND (j.op = 'withdraw' OR EXISTS (SELECT 1 FROM journal p WHERE p.kind = 'article' "
        "AND p.object_id = j.object_id AND p.op = 'publish')) AND (a.id IS NULL OR "
        "(a.live_revision_id IS NULL AND a.kind = 'article')) "
        "GROUP BY j.object_id ORDER BY max(j.seq) DESC LIMIT ?"
    )
    rows = db.execute(site.database, sql, limit).fetchall()
    return [Tombstone(article_id, as_utc(at_ms)) for article_id, at_ms in rows]


def months(site: Site) -> Sequence[tuple[int, int]]:
    """Return the (year, month)s that have live articles, newest first."""
    return queries.months(site, settings.read(site))


@dataclass(frozen=True, slots=True)
class _Picture:
    """A photo whose renditions are ready: `rendition` is the JPEG that every reader shows."""

    photo: Photo
    rendition: Rendition

    @property
    def path(self) -> str:
        return f"/media/{self.photo.master_sha256[:KEY_DIGITS]}/{self.rendition.name}"


def _items(site: Site, scope: Scope) -> tuple[list[Item], set[str]]:
    if scope.ids is not None:
        named = queries.live_items(site, scope.ids)
        return sorted(named, key=lambda item: (item.published_at, item.id), reverse=True), set()
    if scope.month is not None:
        year, month = scope.month
        found = queries.month(site, settings.read(site), year, month)
        return found, {f"month:{year}-{month:02d}", "list:months"}
    if scope.rubric_slug:
        rubric = rubrics.rubric(scope.rubric_slug)
        found = queries.published(site, rubric_id=rubric.id, limit=scope.limit)
        return found, {f"rubric:{rubric.id}", "rubrics"}
    if scope.tag:
        return queries.published(site, tag=scope.tag, limit=scope.limit), {f"tag:{scope.tag}"}
    return queries.published(site, limit=scope.limit), {"list:article"}


def _live_revisions(items: Sequence[Item]) -> dict[str, RevisionRow]:
    """Return the live revision of each article, by the article's id (two queries)."""
    ids = [item.id for item in items]
    live = ArticleRow.select(ArticleRow.live_revision_id).where(ArticleRow.id.in_(ids))
    found = RevisionRow.select().where(RevisionRow.id.in_(live))
    return {row.article_id: row for row in found}


def _photo_ids(revision: RevisionRow) -> list[str]:
    ids = [revision.lead_photo_id or "", *media.photo_ids(revision.body)]
    return [photo_id for photo_id in dict.fromkeys(ids) if photo_id]


def _pictures(site: Site, ids: Iterable[str]) -> dict[str, _Picture]:
    """Return those photos whose renditions are ready; the others come when they are."""
    shelf = renditions(site)
    found = {}
    for photo_id, photo in media.photos(ids).items():
        state = shelf.state(photo.master_sha256)
        made = state.renditions if state is not None else ()
        jpeg = next((one for one in made if one.mime == "image/jpeg"), None)
        if jpeg is not None:
            found[photo_id] = _Picture(photo, jpeg)
    return found


def _entry(
    item: Item,
    revision: RevisionRow,
    pictures: Mapping[str, _Picture],
    base_url: str,
    went_live_at: datetime,
) -> Entry:
    shown = [pictures[i] for i in _photo_ids(revision) if i in pictures]
    lead = pictures.get(revision.lead_photo_id or "")
    names = (item.rubric_name, *revision.tags)
    return Entry(
        id=item.id,
        url=f"{base_url}/berita/{item.slug}",
        title=item.title,
        content_html=absolute(_content(revision, pictures), base_url),
        published_at=item.published_at,
        updated_at=max(item.published_at, went_live_at),
        summary=item.standfirst or html.excerpt(revision.body, _SUMMARY_CHARS),
        author=item.byline,
        categories=tuple(dict.fromkeys(name for name in names if name)),
        enclosures=tuple(_enclosure(picture, base_url) for picture in shown),
        image_url=f"{base_url}{lead.path}" if lead else "",
    )


def _went_live(site: Site, ids: Sequence[str]) -> dict[str, datetime]:
    """Return when the text that readers see was published; an edit at the desk does not count."""
    which = f"kind = 'article' AND object_id IN ({', '.join('?' * len(ids))}) AND op = 'publish'"
    sql = f"SELECT object_id, max(at) FROM journal WHERE {which} GROUP BY object_id"  # noqa: S608
    found = dict(db.execute(site.database, sql, *ids).fetchall()) if ids else {}
    return {article_id: as_utc(found.get(article_id, 0)) for article_id in ids}


def _content(revision: RevisionRow, pictures: Mapping[str, _Picture]) -> str:
    """Return the text as a reader outside the site shows it: lead photo, correction, body."""
    parts = []
    lead = pictures.get(revision.lead_photo_id or "")
    if lead is not None and revision.lead_photo_id not in media.photo_ids(revision.body):
        parts.append(_figure(lead, ""))
    if revision.correction:
        words = escape(revision.correction, quote=False)
        parts.append(f"<p><strong>{_('Ralat:')}</strong> {words}</p>")

    def figure(photo_id: str, caption_html: str) -> str:
        picture = pictures.get(photo_id)
        return _figure(picture, caption_html) if picture is not None else ""

    return "".join(parts) + html.render_body(revision.body, figure)


def _figure(picture: _Picture, caption_html: str) -> str:
    photo, made = picture.photo, picture.rendition
    caption = caption_html or escape(photo.caption, quote=False)
    if photo.credit:
        caption += f" {_('Foto:')} {escape(photo.credit, quote=False)}"
    image = (
        f'<img src="{picture.path}" width="{made.width_px}" height="{made.height_px}" '
        f'alt="{escape(photo.alt)}">'
    )
    spoken = f"<figcaption>{caption.strip()}</figcaption>" if caption else ""
    return f"<figure>{image}{spoken}</figure>"


def _enclosure(picture: _Picture, base_url: str) -> Enclosure:
    return Enclosure(
        url=f"{base_url}{picture.path}",
        mime=picture.rendition.mime,
        size_bytes=picture.rendition.size_bytes,
        title=picture.photo.caption,
    )
