"""Tells the media feature which articles show which photos (its adapter "photo_uses")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.uses import Use
from desa_web.features.news.models import ArticleRow, RevisionRow

kind = "article"


def uses(site: Site, object_ids: Sequence[str] | None) -> Iterator[Use]:
    """Yield one Use for each article (of these) whose working or live text shows photos."""
    query = ArticleRow.select().where(ArticleRow.trashed_at.is_null())
    if object_ids is not None:
        query = query.where(ArticleRow.id.in_(list(object_ids)))
    for row in query.iterator():
        live = _photos(row.live_revision_id)
        working = live
        if row.working_revision_id != row.live_revision_id:
            working = _photos(row.working_revision_id)
        ids = tuple(dict.fromkeys((*working, *live)))
        if ids:
            yield _use(row, ids, live)


def _use(row: ArticleRow, ids: tuple[str, ...], live: tuple[str, ...]) -> Use:
    is_live = row.live_revision_id is not None and row.published_at is not None
    return Use(
        kind=kind,
        object_id=row.id,
        title=RevisionRow.get_by_id(row.live_revision_id or row.working_revision_id).title,
        url=f"/berita/{row.slug}" if is_live else "",
        desk_url=f"/kelola/berita/{row.id}",
        ids=ids,
        live_ids=live,
        published_at=as_utc(row.published_at or 0) if is_live else None,
    )


def _photos(revision_id: str | None) -> tuple[str, ...]:
    if revision_id is None:
        return ()
    revision = RevisionRow.get_by_id(revision_id)
    ids = [revision.lead_photo_id or "", *media.photo_ids(revision.body)]
    return tuple(dict.fromkeys(i for i in ids if i))
