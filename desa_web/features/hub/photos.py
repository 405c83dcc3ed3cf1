"""Pictures that items speak of: wanted, fetched after the texts, brought into our library.

A picture lies in media/kiriman under its hash until an item that shows it is published. An
article is whole without its pictures; they come later ("foto menyusul").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from desa_web.core import db, journal
from desa_web.core.actor import Actor
from desa_web.core.errors import DesaError
from desa_web.core.site import current_site
from desa_web.engines.sync.line import is_hash
from desa_web.features.hub.content import Content, Picture
from desa_web.features.hub.models import ItemRow, PhotoRow
from desa_web.features.media import service as media
from desa_web.features.sync.bundles import received_path

# A picture that fails so often is given up; a line that is cut does not count.
_TRIES_MAX = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to ask for. ref: sha256 at a village, address at a feed; size 0: unknown."""

    ref: str
    size_bytes: int


def want(item_id: str, source_id: str, pictures: Sequence[Picture]) -> None:
    """Note which pictures an item shows now, and ask for those that are not here."""
    database = db.current()
    known = db.execute(database, "SELECT ref FROM hub_item_photo WHERE item_id = ?", item_id)
    before = {row[0] for row in known.fetchall()}
    wanted = {picture.ref: picture for picture in pictures}
    for ref in before - wanted.keys():
        sql = "DELETE FROM hub_item_photo WHERE item_id = ? AND ref = ?"
        db.execute(database, sql, item_id, ref)
    for ref in wanted.keys() - before:
        sql = "INSERT INTO hub_item_photo (item_id, source_id, ref) VALUES (?, ?, ?)"
        db.execute(database, sql, item_id, source_id, ref)
    for picture in wanted.values():
        _ask(source_id, picture)


def wanted(source_id: str, limit: int = 200) -> list[Wanted]:
    """Return what to ask a source for, what was tried least first."""
    sql = (
        "SELECT ref, size_bytes FROM hub_photo WHERE source_id = ? AND state = 'wanted' "
        "ORDER BY tries, size_bytes, ref LIMIT ?"
    )
    rows = db.execute(db.current(), sql, source_id, limit).fetchall()
    return [Wanted(*row) for row in rows]


def arrived(source_id: str, ref: str, sha256: str, size_bytes: int) -> None:
    """Note that a picture lies in media/kiriman; published items that show it get it soon."""
    with db.write(db.current()):
        sql = (
            "UPDATE hub_photo SET state = 'here', reason = '', sha256 = ?, size_bytes = ? "
            "WHERE source_id = ? AND ref = ? AND state <> 'here'"
        )
        if not db.execute(db.current(), sql, sha256, size_bytes, source_id, ref).rowcount:
            return
        sql = (
            "UPDATE hub_item SET lacks_photos = 1 WHERE state = 'published' AND op = 'put' AND id "
            "IN (SELECT item_id FROM hub_item_photo WHERE source_id = ? AND ref = ?)"
        )
        db.execute(db.current(), sql, source_id, ref)


def failed(
    source_id: str, ref: str, reason: str, state: Literal["wanted", "gone", "refused"] = "wanted"
) -> None:
    """Note a try that brought nothing; `gone` and `refused` are not asked for again."""
    with db.write(db.current()):
        db.execute(
            db.current(),
            "UPDATE hub_photo SET tries = tries + 1, reason = ?, state = CASE WHEN tries >= ? "
            "THEN 'refused' ELSE ? END WHERE source_id = ? AND ref = ? AND state = 'wanted'",
            reason, _TRIES_MAX, state, source_id, ref,
        )  # fmt: skip


def bring_in(actor: Actor, row: ItemRow, said: Content, credit: str) -> dict[str, str]:
    """Take an item's pictures that are here into our library; return our id by the source's.

    credit: who made a picture of which the source says nothing. Works on pictures, so call it
    outside of any change. One that cannot be used is refused and left out.
    """
    found: dict[str, str] = {}
    known = _of(row, said)
    ours = media.photos([p.photo_id or "" for p in known.values()])
    for picture in said.pictures:
        photo = known.get(picture.ref)
        if photo is None or photo.state != "here":
            continue
        if photo.photo_id not in ours:
            photo_id = _take(actor, photo, picture, credit)
        else:
            photo_id = photo.photo_id
        if photo_id:
            found[picture.id] = photo_id
    return found


def states(row: ItemRow, said: Content) -> dict[str, str]:
    """Return the state of each picture of an item by its ref, for the officer."""
    return {ref: photo.state for ref, photo in _of(row, said).items()}


def files_of(row: ItemRow, said: Content) -> dict[str, str]:
    """Return the hash of the received file of each picture of an item that is here, by its ref."""
    return {ref: photo.sha256 for ref, photo in _of(row, said).items() if photo.state == "here"}


def forget(actor: Actor, row: ItemRow) -> None:
    """Remove the pictures that only this item shows, files and all: it is being erased."""
    site = actor.site
    sql = (
        "SELECT p.ref, p.sha256 FROM hub_item_photo i JOIN hub_photo p ON "
        "p.source_id = i.source_id AND p.ref = i.ref WHERE i.item_id = ? AND NOT EXISTS ("
        "SELECT 1 FROM hub_item_photo o WHERE o.source_id = i.source_id AND o.ref = i.ref "
        "AND o.item_id <> i.item_id)"
    )
    alone = db.execute(site.database, sql, row.id).fetchall()
    db.execute(site.database, "DELETE FROM hub_item_photo WHERE item_id = ?", row.id)
    for ref, sha256 in alone:
        sql = "DELETE FROM hub_photo WHERE source_id = ? AND ref = ?"
        db.execute(site.database, sql, row.source_id, ref)
        others = "SELECT 1 FROM hub_photo WHERE sha256 = ? LIMIT 1"
        if is_hash(sha256) and db.execute(site.database, others, sha256).fetchone() is None:
            received_path(site, sha256).unlink(missing_ok=True)


def _ask(source_id: str, picture: Picture) -> None:
    site = current_site()
    digest = picture.ref if is_hash(picture.ref) else ""
    is_here = bool(digest) and received_path(site, digest).exists()
    # A picture that was gone is named again: the village has it back.
    db.execute(
        site.database,
        "INSERT INTO hub_photo (source_id, ref, sha256, size_bytes, state, reason, tries) "
        "VALUES (?, ?, ?, ?, ?, '', 0) ON CONFLICT (source_id, ref) DO UPDATE SET "
        "state = 'wanted', tries = 0 WHERE hub_photo.state = 'gone'",
        source_id, picture.ref, digest, picture.size_bytes, "here" if is_here else "wanted",
    )  # fmt: skip


def _of(row: ItemRow, said: Content) -> dict[str, PhotoRow]:
    refs = [picture.ref for picture in said.pictures]
    if not refs:
        return {}
    marks = ", ".join("?" * len(refs))
    rows = db.select(PhotoRow, f"source_id = ? AND ref IN ({marks})", row.source_id, *refs)
    return {photo.ref: photo for photo in rows}


def _take(actor: Actor, photo: PhotoRow, picture: Picture, credit: str) -> str:
    """Add one picture to the library with its credit; "" when it is refused."""
    site = actor.site
    file = received_path(site, photo.sha256)
    if not file.exists():
        _set(photo, state="wanted", photo_id=None)
        return ""
    try:
        ours = media.add(
            actor, file, caption=picture.caption, credit=picture.credit or credit[:160],
            alt=picture.alt, name=f"{photo.sha256[:12]}.jpg",
        )  # fmt: skip
    except DesaError as error:
        if error.status in (503, 507):
            raise
        _set(photo, state="refused", reason=error.message)
        return ""
    with journal.change(actor):
        if picture.licence and not ours.licence:
            media.describe(actor, ours.id, licence=picture.licence)
        _set(photo, photo_id=ours.id)
    return ours.id


def _set(photo: PhotoRow, **values: object) -> None:
    with db.write(db.current()):
        PhotoRow.update(**values).where(
            (PhotoRow.source_id == photo.source_id) & (PhotoRow.ref == photo.ref)
        ).execute()
