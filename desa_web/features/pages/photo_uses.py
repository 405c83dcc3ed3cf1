"""Tells the media feature which pages show which photos (its adapter "photo_uses")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desa_web.core import db
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.uses import Use

kind = "page"

_SELECT = (
    "SELECT p.id, p.slug, p.created_at, r.title, r.lead_photo_id, r.body FROM page p "
    "JOIN page_revision r ON r.id = p.revision_id WHERE p.trashed_at IS NULL"
)
# Databases limit how many values one statement may carry.
_AT_ONCE = 500


def uses(site: Site, object_ids: Sequence[str] | None) -> Iterator[Use]:
    """Yield one Use for each page (of these) that shows photos."""
    if object_ids is None:
        yield from _uses(site, _SELECT)
        return
    for at in range(0, len(object_ids), _AT_ONCE):
        some = object_ids[at : at + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        yield from _uses(site, f"{_SELECT} AND p.id IN ({marks})", *some)


def open_to(actor: Actor, object_ids: Sequence[str]) -> set[str]:
    """Return which of these pages the person may open in the desk: all or none."""
    return set(object_ids) if actor.may(Permission.MANAGE_PAGES) else set()


def _uses(site: Site, sql: str, *params: str) -> Iterator[Use]:
    for page_id, slug, created_at, title, lead, body in db.execute(site.database, sql, *params):
        ids = [lead or "", *media.photo_ids(body)]
        shown = tuple(dict.fromkeys(i for i in ids if i))
        if shown:
            yield Use(
                kind=kind,
                object_id=page_id,
                title=title,
                url=f"/halaman/{slug}",
                desk_url=f"/kelola/halaman/{page_id}",
                ids=shown,
                live_ids=shown,
                published_at=as_utc(created_at),
            )
