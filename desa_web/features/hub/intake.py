"""What comes in: lines of a village's log, or entries of a feed, become items of the inbox.

    outcome = taken(site, source_id, page_bytes, is_live=True)

The log (sync_received) and the inbox move in one transaction. An item is always what the newest
line of its object says, so pages may come twice, shuffled, or from a stick: each change shows
once. A withdrawal takes our own article from readers in the same transaction; nothing else is
decided here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from desa_web.core import db, due, journal
from desa_web.core.actor import program
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.engines.sync import Op, Outcome, Receiver, log
from desa_web.engines.sync.shelf import Held, Shelf, Source
from desa_web.features.hub import (
    content,
    erasures,
    log_words,
    origins,
    photos,
    receipts,
    sources,
    takeover,
)
from desa_web.features.hub.models import ItemRow, SourceRow
from desa_web.features.news.article import Kind

KIND = "article"


@dataclass(frozen=True, slots=True)
class Said:
    """What the newest line of one article says, and its JSON; both empty once it is taken back."""

    object_id: str
    op: Op
    rev: int
    fields: Mapping[str, Any]
    text: str


def taken(
    site: Site, source_id: str, data: bytes, *, is_live: bool = False, is_pull: bool = False
) -> Outcome:
    """Take lines of a village into its log and into the inbox. Raises as Receiver.receive.

    is_live: the village itself answered just now. is_pull: a run of collect.py goes on, which
    notes how it went and publishes afterwards; a push or a stick has nobody else to do that.
    """
    with ExitStack() as stack:
        if b'"erase"' in data:
            stack.enter_context(db.wiping(site.database))
        change = stack.enter_context(journal.change(program(site)))
        source = _held(site, source_id)
        name = source.site or ""
        receiver = Receiver(site)
        before = receiver.shelf.source(name)
        outcome = receiver.receive(name, data, is_live=is_live)
        log_words.follow(site, source.id, before, outcome, is_live=is_live)
        is_redrawn = not before.is_new and _is_redrawn(before, receiver.shelf.source(name))
        # Read afresh beside items of before, the log may know less than they do.
        is_afresh = before.is_new and _has_items(source.id)
        if (is_redrawn or is_afresh) and not source.must_compare:
            _set_compare(source, True)
        _follow(change, source, _said(receiver.shelf, name, outcome, is_redrawn))
        if any(a.kind == "profile" for a in outcome.accepted):
            sources.heard_of_itself(change, source)
        if source.must_compare and outcome.is_whole and not outcome.more:
            _compare(change, receiver.shelf, source)
        if not is_pull and outcome.problem is None:
            _note(site, source, has_news=any(a.kind == KIND for a in outcome.accepted))
    return outcome


def entries(site: Site, source_id: str, found: Sequence[Mapping[str, Any]]) -> int:
    """Take what a feed says now, oldest first; return how many are new or changed.

    found: content of each entry, its id as "id". What a feed no longer lists is not taken back:
    feeds forget the old.
    """
    with journal.change(program(site)) as change:
        source = _held(site, source_id)
        newest = {str(entry["id"]): entry for entry in found}
        known = _rows(source.id, list(newest))
        said = []
        for object_id, entry in newest.items():
            row = known.get(object_id)
            if row is None or row.digest != content.digest_of(entry) or row.op != Op.PUT:
                rev = row.rev + 1 if row else 1
                said.append(Said(object_id, Op.PUT, rev, entry, content.kept(entry)))
        _follow(change, source, said)
        return len(said)


def _note(site: Site, source: SourceRow, *, has_news: bool) -> None:
    """Note that a village was heard; what it may publish by itself is soon looked at."""
    now_ms = site.clock.now_ms()
    sql = (
        "UPDATE hub_poll SET ok_at = ?, news_at = CASE WHEN ? = 1 THEN ? ELSE news_at END, "
        "error_code = '', error = '' WHERE source_id = ?"
    )
    db.execute(site.database, sql, now_ms, int(has_news), now_ms, source.id)
    if has_news and source.trust == "auto":
        due.plan(sources.DUE, "", now_ms)


def _said(shelf: Shelf, name: str, outcome: Outcome, is_redrawn: bool) -> list[Said]:
    """Return the newest word about each article that the page touched, in the order of the log."""
    touched = {a.object_id: a for a in outcome.accepted if a.kind == KIND}
    if not (is_redrawn or outcome.duplicates):
        # Lines were appended one after the other: the last of each object is what holds.
        return [
            Said(a.object_id, a.op, int(a.fields["rev"]), a.fields, a.body.decode())
            for a in touched.values()
        ]
    held = (shelf.newest_of(name, KIND, object_id) for object_id in touched)
    return [_of_held(one) for one in held if one is not None]


def _of_held(held: Held) -> Said:
    if held.body is None:
        # Its text is blank: an erase line has named it.
        return Said(held.object_id, Op.ERASE, 0, {}, "")
    fields = json.loads(held.body)
    return Said(held.object_id, Op(fields["op"]), int(fields["rev"]), fields, held.body)


def _follow(change: Change, source: SourceRow, said: Iterable[Said]) -> None:
    words = list(said)
    db.overwrite_deleted(change.actor.site.database)
    known = _rows(source.id, [word.object_id for word in words])
    left = _goes_round(change.actor.site, source, words)
    lost = _lost(source.id) if any(word.object_id not in known for word in words) else {}
    arrived: list[tuple[str, int]] = []
    fresh: list[tuple[dict[str, Any], Said]] = []
    for word in words:
        if word.object_id in left and word.object_id not in known:
            continue
        row = known.get(word.object_id)
        if row is None and lost and word.op is Op.PUT:
            row = lost.pop(_mark(word.fields, change.at_ms), None)
            if row is not None:
                # The village has it back, as an article of its own with a new id.
                _update(row, object_id=word.object_id)
        # A page comes in one moment: the inbox keeps the order in which the village spoke.
        at_ms = change.at_ms + len(arrived)
        if word.op is not Op.PUT:
            if row is not None:
                _taken_back(change, source, row, word)
            continue
        if row is None:
            fresh.append((_new(source, word, at_ms), word))
        else:
            _renew(change, source, row, word, at_ms)
        arrived.append((word.object_id, word.rev))
    # Together: a village's first pull brings hundreds of them.
    db.insert(ItemRow, [values for values, _word in fresh])
    for values, word in fresh:
        if pictures := content.pictures_of(word.fields):
            photos.want(values["id"], source.id, pictures)
    if arrived and source.kind == "desa":
        receipts.arrived(source.id, arrived)


def _lost(source_id: str) -> dict[tuple[str, int], ItemRow]:
    """Return what a village lost with its disk, as it would be known again."""
    rows = db.select(ItemRow, "source_id = ? AND is_lost = 1 AND op = 'put'", source_id)
    return {(row.title, row.published_at // 1000): row for row in rows}


def _mark(fields: Mapping[str, Any], now_ms: int) -> tuple[str, int]:
    return content.title_of(fields), content.moment_of(fields, now_ms) // 1000


def _goes_round(site: Site, source: SourceRow, words: Sequence[Said]) -> set[str]:
    """Return which of these began here, passed here already, or come to us directly."""
    own = log.head(site)
    begun = {w.object_id: origins.begun_at(w.fields, source.site or "") for w in words}
    asked = set()
    for name in set(begun.values()) - {source.site or ""}:
        if db.first(SourceRow, "site = ? AND state <> 'removed'", name) is not None:
            asked.add(name)
    ours = {own.site} if own is not None else set()
    return {
        word.object_id
        for word in words
        if begun[word.object_id] in ours | asked or ours & set(origins.path_of(word.fields))
    }


def _new(source: SourceRow, word: Said, now_ms: int) -> dict[str, Any]:
    """Return the row of an article that was never heard of."""
    return {
        "id": new_id(now_ms), "source_id": source.id, "object_id": word.object_id,
        "received_at": now_ms, "state": "new", "needs_look": False, "article_id": None,
        "taken_digest": "", "taken_revision_id": "", "lacks_photos": False, "reason": "",
        "decided_by": "", "decided_at": 0, "version": 1, **_as_said(word, now_ms),
    }  # fmt: skip


def _renew(change: Change, source: SourceRow, row: ItemRow, word: Said, now_ms: int) -> None:
    """Let an item say what its village says now, and think of what was decided on the older."""
    values = _as_said(word, now_ms)
    if row.digest != values["digest"] or row.op != Op.PUT:
        values |= _after_news(row, values["digest"], now_ms)
        if word.rev < row.rev and row.state == "published":
            # The newer one was lost with a disk: nothing goes back to it by itself.
            values |= {"needs_look": True, "reason": _("Desa kembali ke naskah yang lama.")}
    _update(row, **values)
    if row.article_id is not None:
        # The link to the original may have changed, and nothing else.
        keys = {f"article:{row.article_id}"}
        change.record("hub_item", row.id, "hear", keys=keys, digest=row.digest)
    photos.want(row.id, source.id, content.pictures_of(word.fields))


def _as_said(word: Said, now_ms: int) -> dict[str, Any]:
    """Return what an item holds of the word itself."""
    return {
        "op": Op.PUT.value,
        "rev": word.rev,
        "digest": content.digest_of(word.fields),
        "title": content.title_of(word.fields),
        "published_at": content.moment_of(word.fields, now_ms),
        "is_notice": content.kind_of(word.fields) is Kind.ANNOUNCEMENT,
        "content": word.text,
        "is_lost": False,
    }


def _after_news(row: ItemRow, digest: str, now_ms: int) -> dict[str, Any]:
    """Return what a changed text does to the decision on the older one."""
    values: dict[str, Any] = {"received_at": now_ms, "reason": ""}
    if row.state == "returned":
        values["state"] = "new"
    elif row.state == "held":
        values["needs_look"] = True
    elif row.state == "published":
        is_back = row.op != Op.PUT
        values["needs_look"] = is_back or digest != row.taken_digest
    return values


def _taken_back(change: Change, source: SourceRow, row: ItemRow, word: Said) -> None:
    """The village withdrew, deleted or erased it: so do we, at once."""
    was_live = takeover.withdraw(change.actor, row, source.name)
    if was_live:
        receipts.say(source.id, row.object_id, max(word.rev, row.rev), "withdrawn")
    values: dict[str, Any] = {
        "op": word.op.value, "rev": max(word.rev, row.rev), "is_lost": False,
        "needs_look": row.state == "published" and (was_live or row.needs_look),
    }  # fmt: skip
    if word.op is Op.ERASE:
        erasures.erase(change, row)
        values |= erasures.EMPTY
    if any(getattr(row, name) != value for name, value in values.items()):
        _update(row, **values)
        change.record("hub_item", row.id, word.op.value)


def _compare(change: Change, shelf: Shelf, source: SourceRow) -> None:
    """Compare every item with the log; what the log no longer knows was lost by the village."""
    view = {
        object_id: held
        for (kind, object_id), held in shelf.view(source.site or "").items()
        if kind == KIND
    }
    known = {row.object_id: row for row in ItemRow.select().where(ItemRow.source_id == source.id)}
    for object_id, row in known.items():
        if object_id not in view and row.op == Op.PUT and not row.is_lost:
            _update(row, is_lost=True, needs_look=True)
    _follow(
        change,
        source,
        [word for held in view.values() if _differs(word := _of_held(held), known)],
    )
    _set_compare(source, False)


def _differs(word: Said, known: Mapping[str, ItemRow]) -> bool:
    row = known.get(word.object_id)
    if row is None:
        return word.op is Op.PUT
    is_same_text = word.op is not Op.PUT or row.digest == content.digest_of(word.fields)
    return row.op != word.op or row.is_lost or not is_same_text


def _held(site: Site, source_id: str) -> SourceRow:
    """Return the source; officers and other transports wait until this transaction ends."""
    db.hold_row(site.database, "hub_source", source_id)
    row = db.first(SourceRow, "id = ?", source_id)
    if row is None:
        raise NotFound(_("Sumber ini tidak ada. Lihat: desa hub source list"))
    return row


def _rows(source_id: str, object_ids: Sequence[str]) -> dict[str, ItemRow]:
    found: dict[str, ItemRow] = {}
    for at in range(0, len(object_ids), 400):
        part = object_ids[at : at + 400]
        marks = ", ".join("?" * len(part))
        rows = db.select(ItemRow, f"source_id = ? AND object_id IN ({marks})", source_id, *part)
        found |= {row.object_id: row for row in rows}
    return found


def _has_items(source_id: str) -> bool:
    sql = "SELECT 1 FROM hub_item WHERE source_id = ? LIMIT 1"
    return db.execute(db.current(), sql, source_id).fetchone() is not None


def _is_redrawn(before: Source, after: Source) -> bool:
    """Did a restore of the village cut lines off that were held here?"""
    return after.head.epoch != before.head.epoch or after.head.seq < before.head.seq


def _update(row: ItemRow, **values: Any) -> None:
    values["version"] = row.version + 1
    db.update(ItemRow, values, "id = ?", row.id)
    for name, value in values.items():
        setattr(row, name, value)


def _set_compare(source: SourceRow, value: bool) -> None:
    db.update(SourceRow, {"must_compare": value}, "id = ?", source.id)
    source.must_compare = value
