"""Erasing for somebody's privacy: the article and all that was made of it goes, for good.

Unlike the trash nothing can be taken back, and no address says "removed": the address itself may
name a person. Kominfo is told to erase its copies (syncable.py); the search index is made anew,
because an index keeps the words of what was taken out until it is merged.
"""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import db, due, erased, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Forbidden, NotFound
from desa_web.core.i18n import _
from desa_web.features.media import erasure as photos
from desa_web.features.media import service as media
from desa_web.features.news import publication, rows
from desa_web.features.news.models import (
    ArticleRow,
    ArticleSlugRow,
    OutboundDomainRow,
    RevisionRow,
)

KIND = "article"


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: revisions of the text, and photos that nothing else showed."""

    revisions: int
    photos: int


def erase(actor: Actor, article_id: str, *, keeps_photos: bool = False) -> Erased:
    """Erase an article with all its revisions, and its photos unless something else shows them.

    Raises NotFound, and Forbidden for everybody but those who care for the site.
    """
    if not (actor.may(Permission.MANAGE_SITE) or actor.may(Permission.RUN_HUB)):
        raise Forbidden(_("Hanya Admin yang boleh menghapus berita untuk selamanya."))
    site = actor.site
    with db.wiping(site.database), journal.change(actor) as change:
        row = ArticleRow.get_or_none(ArticleRow.id == article_id)
        if row is None:
            raise NotFound(_("Berita itu tidak ada. Mungkin sudah dihapus."))
        shown = set() if keeps_photos else _photos_of(article_id)
        keys = {f"article:{article_id}"}
        if row.live_revision_id is not None:
            keys |= rows.live_keys(site, row) | publication.month_keys(site, row)
        count = RevisionRow.select().where(RevisionRow.article_id == article_id).count()
        _forget(article_id, row)
        change.record(KIND, article_id, "erase", keys=keys)
        unused = photos.erase_unused(actor, shown, KIND, article_id)
        erased.note(site.path, KIND, article_id)
    return Erased(revisions=count, photos=unused)


def erase_again(actor: Actor, article_id: str) -> None:
    """Erase what an older backup brought back; nothing happens when it did not."""
    if ArticleRow.get_or_none(ArticleRow.id == article_id) is not None:
        # Photos have lines of their own in the list of what was erased.
        erase(actor, article_id, keeps_photos=True)


def _photos_of(article_id: str) -> set[str]:
    found: set[str] = set()
    for revision in RevisionRow.select().where(RevisionRow.article_id == article_id):
        found.update(media.photo_ids(revision.body))
        if revision.lead_photo_id:
            found.add(revision.lead_photo_id)
    return found


def _forget(article_id: str, row: ArticleRow) -> None:
    """Delete all rows that speak of the article; revisions and the rest go with it."""
    for kind in ("news.publish", "news.expire", "news.purge"):
        due.cancel(kind, article_id)
    ArticleSlugRow.delete().where(ArticleSlugRow.article_id == article_id).execute()
    OutboundDomainRow.delete().where(OutboundDomainRow.article_id == article_id).execute()
    # What people wrote about it on the way ("kembalikan: nama korban harus disamarkan").
    sql = "UPDATE journal SET note = '' WHERE kind = ? AND object_id = ?"
    db.execute(db.current(), sql, KIND, article_id)
    row.delete_instance()
