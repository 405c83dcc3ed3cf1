"""What an officer decides on what came in; each decision is told to the village.

    publish(actor, item_id)          to readers, with credit; also the newer text of a published one
    hold(actor, item_id)             not now
    return_(actor, item_id, reason)  back to the village with a reason
    settle(actor, item_id)           seen: our text stays as it is
    take_back(actor, item_id)        our own withdrawal; also undoes a publication

`work_off` decides for trusted sources, and gives published news the photos that came later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission, program
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.engines.sync import Op
from desa_web.features.hub import content, items, photos, receipts, sources, takeover
from desa_web.features.hub.item import Item, State, as_item
from desa_web.features.hub.models import ItemRow, SourceRow
from desa_web.features.hub.source import Kind as Origin
from desa_web.features.hub.source import Trust
from desa_web.features.news import service as news
from desa_web.features.news.article import Kind, one_line
from desa_web.features.news.workflow import Op as Step

log = logging.getLogger(__name__)
_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one item of many; `sentence` says why it was left."""

    item_id: str
    item: Item | None
    sentence: str = ""


def publish(
    actor: Actor, item_id: str, *, version: int | None = None, replaces_edit: bool = False
) -> Item:
    """Bring what the village says now to readers, with its photos as far as they are here.

    A derivative is replaced only when `replaces_edit` says so; our text stays among the article's
    revisions. Raises Conflict, InvalidInput, NotFound.
    """
    actor.require(Permission.RUN_HUB)
    row = items.row_of(item_id)
    _require_said(row)
    source = SourceRow.get_by_id(row.source_id)
    said = content.read(row.content)
    photo_ids = photos.bring_in(actor, row, said, source.name)
    with journal.change(actor) as change:
        row = _held(item_id)
        _expect(row, version)
        _require_said(row)
        if takeover.is_edited_here(row) and not replaces_edit:
            raise Conflict(
                _(
                    "Berita ini sudah disunting di sini. Bandingkan dulu, lalu pilih naskah desa "
                    "atau pertahankan naskah kita."
                )
            )
        # It may have changed while the photos were worked on.
        said = content.read(row.content)
        article = takeover.write(actor, source, row, said, photo_ids)
        is_first = not row.taken_digest
        _decide(
            change, row, State.PUBLISHED, "publish",
            article_id=article.id, taken_digest=row.digest,
            taken_revision_id=article.working_revision_id, lacks_photos=False,
        )  # fmt: skip
        if is_first:
            _count(change, source)
        base = items.public_base(actor.site)
        url = f"{base}/berita/{article.slug}" if base else ""
        _say(source, row, "published", address=url)
    return as_item(row)


def publish_many(actor: Actor, item_ids: Sequence[str]) -> Iterator[Done]:
    """Publish one after the other; what cannot be published is left with its sentence."""
    for item_id in item_ids:
        try:
            yield Done(item_id, publish(actor, item_id))
        except DesaError as error:
            if error.exit_code == 75 or error.status == 507:
                raise
            yield Done(item_id, None, error.message)


def hold(actor: Actor, item_id: str, *, version: int | None = None) -> Item:
    """Put an item aside; nothing is told to the village."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as change:
        row = _held(item_id)
        _expect(row, version)
        if row.state == State.PUBLISHED:
            raise Conflict(_("Berita ini sudah terbit. Tarik dulu, baru simpan."))
        _decide(change, row, State.HELD, "hold")
        return as_item(row)


def return_(actor: Actor, item_id: str, reason: str, *, version: int | None = None) -> Item:
    """Give an item back to the village with a reason; what readers see of it is withdrawn."""
    actor.require(Permission.RUN_HUB)
    why = one_line(reason)
    if not why or len(why) > _REASON_MAX:
        sentence = _("Tulis alasan untuk desa: apa yang perlu ditambah atau diganti.")
        raise InvalidInput(fields={"reason": sentence})
    with journal.change(actor) as change:
        row = _held(item_id)
        _expect(row, version)
        source = SourceRow.get_by_id(row.source_id)
        _dark(actor, row, why)
        _decide(change, row, State.RETURNED, "return", reason=why)
        _say(source, row, "returned", reason=why)
        return as_item(row)


def settle(actor: Actor, item_id: str, *, version: int | None = None) -> Item:
    """Say that somebody has looked: nothing here changes, and the item waits no more."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as change:
        row = _held(item_id)
        _expect(row, version)
        if row.needs_look:
            _write(change, row, "settle", needs_look=False, taken_digest=row.digest, reason="")
        return as_item(row)


def take_back(actor: Actor, item_id: str, *, reason: str = "", version: int | None = None) -> Item:
    """Withdraw our article from readers and hold the item: our decision, or an undo."""
    actor.require(Permission.RUN_HUB)
    why = one_line(reason)[:_REASON_MAX]
    with journal.change(actor) as change:
        row = _held(item_id)
        _expect(row, version)
        source = SourceRow.get_by_id(row.source_id)
        if _dark(actor, row, why):
            _say(source, row, "withdrawn", reason=why)
        _decide(change, row, State.HELD, "take_back", reason=why)
        return as_item(row)


def work_off(site: Site) -> Iterator[Done]:
    """Publish what trusted sources said, and bring late photos to what is published.

    One item that fails is left for a person and does not stop the others. Announcements always
    wait for a person: what holds in one village is no news in all.
    """
    actor = program(site)
    for item_id in _waiting_for_us():
        try:
            row = items.row_of(item_id)
            if _needs_a_person(row):
                continue
            if takeover.is_edited_here(row):
                _let_look(row)
                continue
            yield Done(item_id, publish(actor, item_id, version=row.version))
        except DesaError as error:
            if error.exit_code == 75 or error.status == 507:
                raise
            log.warning("item %s waits for a person: %s", item_id, error)
            yield Done(item_id, None, error.message)


def _held(item_id: str) -> ItemRow:
    """Return the item as it is now; what its village says next waits for this transaction."""
    db.hold_row(db.current(), "hub_source", items.row_of(item_id).source_id)
    return items.row_of(item_id)


def _waiting_for_us(limit: int = 5000) -> list[str]:
    """Return what may need no person, oldest first; found by indexes alone, no item is read."""
    trusted = (
        "SELECT id FROM hub_source WHERE trust = 'auto' AND is_confirmed = 1 AND state <> 'removed'"
    )
    # "Not in" instead of "published": the few are not to be sought through all that is.
    out = "state NOT IN ('new', 'held', 'returned')"
    sql = (
        "SELECT id, received_at FROM hub_item WHERE state = 'new' AND op = 'put' "  # noqa: S608 - our own
        f"AND source_id IN ({trusted}) "
        "UNION SELECT id, received_at FROM hub_item WHERE needs_look = 1 AND op = 'put' "
        f"AND {out} AND source_id IN ({trusted}) "
        "UNION SELECT id, received_at FROM hub_item WHERE lacks_photos = 1 AND needs_look = 0 "
        f"AND {out} ORDER BY 2, 1 LIMIT ?"
    )
    return [row[0] for row in db.execute(db.current(), sql, limit).fetchall()]


def _needs_a_person(row: ItemRow) -> bool:
    """Was it put aside, lost by its village, or is it an announcement that nobody took yet?"""
    if row.op != Op.PUT or row.is_lost or row.reason:
        return True
    is_new = row.state == State.NEW
    return is_new and content.read(row.content).kind is Kind.ANNOUNCEMENT


def _let_look(row: ItemRow) -> None:
    """Late photos of a derivative are for a person to put in."""
    with db.write(db.current()):
        sql = "UPDATE hub_item SET lacks_photos = 0, needs_look = 1 WHERE id = ?"
        db.execute(db.current(), sql, row.id)


def _dark(actor: Actor, row: ItemRow, note: str) -> bool:
    article = takeover.article_of(row)
    if article is None or article.live_revision_id is None:
        return False
    news.act(actor, Step.WITHDRAW, article.id, note=note)
    return True


def _decide(change: Change, row: ItemRow, state: State, op: str, **values: Any) -> None:
    values = {
        "state": state.value, "needs_look": False, "reason": "", "is_lost": row.is_lost,
        "decided_by": change.actor.name, "decided_at": change.at_ms, **values,
    }  # fmt: skip
    _write(change, row, op, **values)


def _write(change: Change, row: ItemRow, op: str, **values: Any) -> None:
    """Change the item only if nobody was faster, and journal it."""
    db.overwrite_deleted(change.actor.site.database)
    values["version"] = row.version + 1
    same = (ItemRow.id == row.id) & (ItemRow.version == row.version)
    if not ItemRow.update(**values).where(same).execute():
        raise _faster()
    for name, value in values.items():
        setattr(row, name, value)
    keys = {f"article:{row.article_id}"} if row.article_id else set()
    state = {n: getattr(row, n) for n in ("id", "state", "rev", "digest", "article_id")}
    change.record("hub_item", row.id, op, keys=keys, digest=journal.digest(state))


def _count(change: Change, source: SourceRow) -> None:
    """Count what was accepted; enough of it makes a confirmed source trusted, if so chosen."""
    sql = "UPDATE hub_source SET accepted = accepted + 1 WHERE id = ? RETURNING accepted"
    accepted = db.execute(change.actor.site.database, sql, source.id).fetchone()[0]
    enough = sources.trusted_after(change.actor.site)
    if enough and accepted == enough and source.is_confirmed and source.trust != Trust.AUTO:
        sources.trust(change.actor, source.id, Trust.AUTO)


def _say(source: SourceRow, row: ItemRow, status: receipts.Word, **words: str) -> None:
    """Tell the village; a feed has no way back."""
    if source.kind == Origin.DESA:
        receipts.say(source.id, row.object_id, row.rev, status, **words)


def _require_said(row: ItemRow) -> None:
    if row.op != Op.PUT:
        raise Conflict(_("Desa sudah menarik berita ini, jadi tidak bisa diterbitkan."))


def _expect(row: ItemRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise _faster()


def _faster() -> Conflict:
    return Conflict(_("Kiriman ini baru saja berubah. Muat ulang, lihat, lalu ulangi."))
