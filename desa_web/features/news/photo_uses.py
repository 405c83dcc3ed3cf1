"""Tells the media feature which articles show which photos (its adapter "photo_uses")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desa_web.core import db
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.uses import Use
from desa_web.features.news import rows
from desa_web.features.news.models import ArticleRow

kind = "article"

# A working text that is the live one is not read twice.
_SELECT = (
    "SELECT a.id, a.slug, a.published_at, l.title, l.lead_photo_id, l.body, w.title, "
    "w.lead_photo_id, CASE WHEN a.working_revision_id = a.live_revision_id THEN '' ELSE w.body END "
    "FROM article a LEFT JOIN revision l ON l.id = a.live_revision_id "
    "LEFT JOIN revision w ON w.id = a.working_revision_id WHERE a.trashed_at IS NULL"
)
# Databases limit how many values one statement may carry.
_AT_ONCE = 500


def uses(site: Site, object_ids: Sequence[str] | None) -> Iterator[Use]:
    """Yield one Use for each article (of these) whose working or live text shows photos."""
    if object_ids is None:
        yield from _uses(site, _SELECT)
        return
    for at in range(0, len(object_ids), _AT_ONCE):
        some = object_ids[at : at + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        yield from _uses(site, f"{_SELECT} AND a.id IN ({marks})", *some)


def open_to(actor: Actor, object_ids: Sequence[str]) -> set[str]:
    """Return which of these articles the person may open in the desk."""
    if actor.may(Permission.EDIT_ALL):
        return set(object_ids)
    found: set[str] = set()
    for at in range(0, len(object_ids), _AT_ONCE):
        some = object_ids[at : at + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        known = db.select(ArticleRow, f"id IN ({marks})", *some)
        found |= {row.id for row in known if rows.may_see(actor, row)}
    return found


def _uses(site: Site, sql: str, *params: str) -> Iterator[Use]:
    for values in db.execute(site.database, sql, *params):
        article_id, slug, published_at, title, lead, body, w_title, w_lead, w_body = values
        live = _photos(lead, body)
        ids = tuple(dict.fromkeys((*_photos(w_lead, w_body), *live)))
        if not ids:
            continue
        is_live = title is not None and published_at is not None
        yield Use(
            kind=kind,
            object_id=article_id,
            title=w_title if title is None else title,
            url=f"/berita/{slug}" if is_live else "",
            desk_url=f"/kelola/berita/{article_id}",
            ids=ids,
            live_ids=live,
            published_at=as_utc(published_at) if is_live else None,
        )


def _photos(lead_photo_id: str | None, body: str | None) -> tuple[str, ...]:
    ids = [lead_photo_id or "", *media.photo_ids(body or "")]
    return tuple(dict.fromkeys(i for i in ids if i))
