"""Tells the media feature which pages show which photos (its adapter "photo_uses")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.uses import Use
from desa_web.features.pages.models import PageRevisionRow, PageRow

kind = "page"


def uses(site: Site, object_ids: Sequence[str] | None) -> Iterator[Use]:
    """Yield one Use for each page (of these) that shows photos."""
    query = PageRow.select().where(PageRow.trashed_at.is_null())
    if object_ids is not None:
        query = query.where(PageRow.id.in_(list(object_ids)))
    for row in query.iterator():
        text = PageRevisionRow.get_by_id(row.revision_id)
        ids = [text.lead_photo_id or "", *media.photo_ids(text.body)]
        shown = tuple(dict.fromkeys(i for i in ids if i))
        if shown:
            yield Use(
                kind=kind,
                object_id=row.id,
                title=text.title,
                url=f"/halaman/{row.slug}",
                desk_url=f"/kelola/halaman/{row.id}",
                ids=shown,
                live_ids=shown,
                published_at=as_utc(row.created_at),
            )
