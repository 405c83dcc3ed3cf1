"""Tells the publication log what news says to the world outside (the adapter "sync").

A line speaks of the revision that the journal row names, which is frozen, never of a text that
somebody is still writing. What is not sent to Kominfo never enters; switched off later, it is
taken back. Photos are named by their master's hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from desa_web.core import db, settings
from desa_web.core.clock import as_utc
from desa_web.core.journal import Row
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.engines.sync import Op, Spoken, Statement
from desa_web.features.media import masters
from desa_web.features.media import service as media
from desa_web.features.media.photo import Photo
from desa_web.features.media.uses import uses
from desa_web.features.news.models import ArticleRow, RevisionRow, RubricRow

kind = "article"
_TEXT = ("standfirst", "dateline", "byline", "initials", "source", "correction", "corrected_on",
         "expires_on", "body")  # fmt: skip


def statements(site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
    """Return what a journal row changes for the world outside."""
    if row.kind == "article":
        return _of_article(site, row, spoken)
    if row.kind == "media":
        return _of_photo(site, row.object_id, spoken)
    return ()


def current(site: Site) -> Iterator[Statement]:
    """Yield a put for every article that readers see and that is sent, oldest first."""
    sql = (
        "SELECT id FROM article WHERE live_revision_id IS NOT NULL AND sends_to_kominfo = 1 "
        "ORDER BY published_at, id"
    )
    for (article_id,) in db.execute(site.database, sql).fetchall():
        article = ArticleRow.get_by_id(article_id)
        yield from _put(site, article, article.live_revision_id)


def gone(site: Site, object_id: str) -> Statement:
    """Return how to take back an article that is not public any more."""
    exists = ArticleRow.select().where(ArticleRow.id == object_id).exists()
    return Statement(op=Op.UNPUBLISH if exists else Op.DELETE, object_id=object_id)


def _of_article(site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
    if row.op == "erase":
        return [Statement(op=Op.ERASE, object_id=row.object_id)]
    if row.op == "purge":
        return [Statement(op=Op.DELETE, object_id=row.object_id)]
    if row.op == "withdraw":
        return [Statement(op=Op.UNPUBLISH, object_id=row.object_id)]
    article = ArticleRow.get_or_none(ArticleRow.id == row.object_id)
    if article is None:
        return []
    if not article.sends_to_kominfo:
        return [Statement(op=Op.UNPUBLISH, object_id=article.id)]
    if row.op == "publish":
        return _put(site, article, row.revision_id)
    if row.op == "sending":
        return _put(site, article, article.live_revision_id)
    if row.op in ("move", "expire"):
        return _put(site, article, spoken(article.id))
    return []


def _of_photo(site: Site, photo_id: str, spoken: Spoken) -> Iterator[Statement]:
    """Say again what shows this photo: its words, its picture or its readiness changed."""
    for use in uses(site).of(photo_id):
        if use.kind == kind and (revision_id := spoken(use.object_id)):
            article = ArticleRow.get_or_none(ArticleRow.id == use.object_id)
            if article is not None:
                yield from _put(site, article, revision_id)


def _put(site: Site, article: ArticleRow, revision_id: str | None) -> Iterator[Statement]:
    """Yield a put of a revision of an article that readers see.

    A follower that comes late sends no text any more that was withdrawn meanwhile.
    """
    revision = RevisionRow.get_or_none(RevisionRow.id == revision_id) if revision_id else None
    if revision is not None and article.live_revision_id is not None:
        content = _content(site, article, revision)
        yield Statement(op=Op.PUT, object_id=article.id, revision=revision.id, content=content)


def _content(site: Site, article: ArticleRow, revision: RevisionRow) -> dict[str, Any]:
    rubric = RubricRow.get_or_none(RubricRow.id == revision.rubric_id)
    published_at = as_utc(article.published_at or 0)
    content: dict[str, Any] = {
        "slug": article.slug,
        "type": article.kind,
        "title": revision.title,
        "published_at": published_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "rubric": rubric.name if rubric else "",
        "tags": list(revision.tags),
        **{name: getattr(revision, name) for name in _TEXT},
        "media": _media(site, revision),
        "licence": settings.read(site)["licence"],
        **_origin(article.id),
    }
    # Empty parts are not sent: every byte counts on a slow line.
    return {name: value for name, value in content.items() if value}


def _origin(article_id: str) -> dict[str, Any]:
    """Return where an article comes from that was not written here (the adapter "origins")."""
    from desa_web.features import FEATURES

    said: dict[str, Any] = {}
    for adapter in adapters(FEATURES, "origins"):
        said |= adapter.origin(article_id)
    return said


def _media(site: Site, revision: RevisionRow) -> list[dict[str, Any]]:
    ids = [revision.lead_photo_id or "", *media.photo_ids(revision.body)]
    found = media.photos(ids)
    wanted = [found[i] for i in dict.fromkeys(ids) if i in found]
    lead = revision.lead_photo_id
    return [_photo(p, is_lead=p.id == lead) for p in wanted if _is_ready(site, p)]


def _is_ready(site: Site, photo: Photo) -> bool:
    return masters.path_of(site, photo.master_sha256).exists()


def _photo(photo: Photo, *, is_lead: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": photo.id,
        "sha256": photo.master_sha256,
        "bytes": photo.size_bytes,
        "type": photo.mime,
        "w": photo.width_px,
        "h": photo.height_px,
        "lead": is_lead,
        "alt": photo.alt,
        "caption": photo.caption,
        "credit": photo.credit,
        "licence": photo.licence,
    }
    return {name: part for name, part in value.items() if part}
