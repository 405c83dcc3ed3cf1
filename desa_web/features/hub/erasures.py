"""Erases what an older backup of the hub brought back (the adapter "erasable")."""

from __future__ import annotations

from desa_web.core import db, erased, journal
from desa_web.core.actor import Actor
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.engines.sync import Op
from desa_web.features.hub import photos, receipts, takeover
from desa_web.features.hub.models import ItemRow, SourceRow

KIND = "hub_item"
# What is left of an item.
EMPTY = {
    "title": "", "content": "", "digest": "", "reason": "", "taken_digest": "",
    "article_id": None, "needs_look": False, "is_lost": False,
}  # fmt: skip


def erase(change: Change, row: ItemRow) -> None:
    """Remove every byte of an item: what the village said, our article of it, its photos.

    Joins the caller's change, around which is db.wiping; noted for restores of older backups.
    """
    photos.forget(change.actor, row)
    if row.article_id is not None:
        takeover.erase(change.actor, row.article_id)
    receipts.forget_words(row.source_id, row.object_id)
    erased.note(change.actor.site.path, KIND, row.id)


def erase_again(actor: Actor, item_id: str) -> None:
    """Erase what a restore brought back; nothing happens when it did not."""
    row = db.first(ItemRow, "id = ?", item_id)
    if row is None or row.op == Op.ERASE:
        return
    with db.wiping(actor.site.database), journal.change(actor) as change:
        erase(change, row)
        _blank_lines(actor.site, row)
        empty = {"op": Op.ERASE.value, **EMPTY, "version": row.version + 1}
        ItemRow.update(**empty).where(ItemRow.id == row.id).execute()
        change.record(KIND, row.id, Op.ERASE.value)


def _blank_lines(site: Site, row: ItemRow) -> None:
    """Blank the lines of the village's log; its own erase line comes with the next pull."""
    source = db.first(SourceRow, "id = ?", row.source_id)
    if source is not None and source.site is not None:
        db.execute(
            site.database,
            "UPDATE sync_received SET body = NULL, signature = NULL, "
            "erased_by = epoch || ' ' || seq WHERE site = ? AND kind = 'article' "
            "AND object_id = ? AND body IS NOT NULL",
            source.site, row.object_id,
        )  # fmt: skip
