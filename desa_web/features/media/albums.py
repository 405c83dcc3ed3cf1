"""Albums: chosen photos in an order, for the gallery. An album's address stays its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.core.journal import Change
from desa_web.features.media.models import AlbumPhotoRow, AlbumRow, PhotoRow
from desa_web.features.media.photo import Photo, as_photo, one_line

TITLE_MAX, INTRO_MAX = 100, 500


@dataclass(frozen=True, slots=True)
class Album:
    """An album; `count` are its photos that readers may see."""

    id: str
    slug: str
    title: str
    intro: str
    count: int
    updated_at: datetime


def albums() -> list[Album]:
    """Return all albums, newest change first (one query)."""
    return [_album(values) for values in db.execute(db.current(), _SELECT + _NEWEST)]


def get(album_id: str) -> Album:
    """Return an album by id or by slug. Raises NotFound."""
    sql = f"{_SELECT} WHERE a.id = ? OR a.slug = ?"
    row = db.execute(db.current(), sql, album_id, album_id).fetchone()
    if row is None:
        raise NotFound(_("Album ini tidak ada."))
    return _album(row)


def photos(album_id: str, *, include_private: bool = False) -> list[Photo]:
    """Return an album's photos in their order; readers never get private ones."""
    query = (
        PhotoRow.select()
        .join(AlbumPhotoRow, on=AlbumPhotoRow.photo_id == PhotoRow.id)
        .where(AlbumPhotoRow.album_id == album_id, PhotoRow.trashed_at.is_null())
        .order_by(AlbumPhotoRow.position, PhotoRow.id)
    )
    found = [as_photo(row) for row in query]
    return found if include_private else [p for p in found if not p.is_private]


def of_photo(photo_id: str) -> set[str]:
    """Return the ids of the albums in which a photo is."""
    rows = AlbumPhotoRow.select().where(AlbumPhotoRow.photo_id == photo_id)
    return {row.album_id for row in rows}


def add(actor: Actor, title: str, intro: str = "") -> Album:
    """Make an empty album."""
    actor.require(Permission.PUBLISH)
    title, intro = _checked(title, intro)
    with journal.change(actor) as change:
        album_id = new_id(change.at_ms)
        row = AlbumRow(
            id=album_id,
            slug=_free_slug(title, album_id),
            title=title,
            intro=intro,
            created_at=change.at_ms,
            updated_at=change.at_ms,
        )
        row.save(force_insert=True)
        _record(change, row, "add")
    return get(album_id)


def change(actor: Actor, album_id: str, *, title: str, intro: str, order: Sequence[str]) -> Album:
    """Change an album's words; `order` are the photos that stay, in their order."""
    actor.require(Permission.PUBLISH)
    title, intro = _checked(title, intro)
    with journal.change(actor) as current:
        row = _row(album_id)
        row.title, row.intro, row.updated_at = title, intro, current.at_ms
        row.save()
        here = {p.photo_id for p in _members(album_id)}
        _write_order(album_id, [i for i in dict.fromkeys(order) if i in here])
        _record(current, row, "change")
    return get(album_id)


def set_albums_of(actor: Actor, photo_id: str, album_ids: Sequence[str]) -> None:
    """Put a photo into exactly these albums; at the end where it is new."""
    actor.require(Permission.PUBLISH)
    with journal.change(actor) as current:
        if PhotoRow.get_or_none(PhotoRow.id == photo_id) is None:
            raise NotFound(_("Foto ini tidak ada, atau sudah dibuang."))
        before, after = of_photo(photo_id), {_row(i).id for i in album_ids}
        for album_id in sorted(before ^ after):
            order = [p.photo_id for p in _members(album_id)]
            order = [*order, photo_id] if album_id in after else [i for i in order if i != photo_id]
            _write_order(album_id, order)
            row = _row(album_id)
            row.updated_at = current.at_ms
            row.save()
            _record(current, row, "change")


def remove(actor: Actor, album_id: str) -> None:
    """Remove an album; its photos stay in the library."""
    actor.require(Permission.PUBLISH)
    with journal.change(actor) as current:
        row = _row(album_id)
        AlbumRow.delete().where(AlbumRow.id == album_id).execute()
        current.record("album", row.id, "remove", keys=_keys(row.id))


_SELECT = (
    "SELECT a.id, a.slug, a.title, a.intro, a.updated_at, (SELECT count(*) FROM album_photo m "
    "JOIN photo p ON p.id = m.photo_id WHERE m.album_id = a.id AND p.trashed_at IS NULL "
    "AND p.children <> 'unasked') FROM album a"
)
_NEWEST = " ORDER BY a.updated_at DESC, a.id DESC"


def _album(values: Sequence[object]) -> Album:
    album_id, slug, title, intro, updated_at, count = values
    moment = as_utc(int(str(updated_at)))
    return Album(str(album_id), str(slug), str(title), str(intro), int(str(count)), moment)


def _row(album_id: str) -> AlbumRow:
    row = AlbumRow.get_or_none(AlbumRow.id == album_id)
    if row is None:
        raise NotFound(_("Album ini tidak ada."))
    return row


def _members(album_id: str) -> list[AlbumPhotoRow]:
    query = AlbumPhotoRow.select().where(AlbumPhotoRow.album_id == album_id)
    return list(query.order_by(AlbumPhotoRow.position))


def _write_order(album_id: str, order: Sequence[str]) -> None:
    AlbumPhotoRow.delete().where(AlbumPhotoRow.album_id == album_id).execute()
    for position, photo_id in enumerate(order):
        AlbumPhotoRow.insert(album_id=album_id, photo_id=photo_id, position=position).execute()


def _free_slug(title: str, album_id: str) -> str:
    slug = slugify(title, fallback=f"album-{album_id[-6:]}")
    taken = AlbumRow.get_or_none(AlbumRow.slug == slug) is not None
    return f"{slug}-{album_id[-6:]}" if taken else slug


def _checked(title: str, intro: str) -> tuple[str, str]:
    title, intro = one_line(title), one_line(intro)
    if not title:
        raise InvalidInput(fields={"title": _("Beri nama album ini.")})
    for name, value, limit in (("title", title, TITLE_MAX), ("intro", intro, INTRO_MAX)):
        if len(value) > limit:
            sentence = _("Terlalu panjang: paling banyak {n} huruf.").format(n=limit)
            raise InvalidInput(fields={name: sentence})
    return title, intro


def _record(change: Change, row: AlbumRow, op: str) -> None:
    members = [p.photo_id for p in _members(row.id)]
    state = {"id": row.id, "slug": row.slug, "title": row.title, "intro": row.intro}
    digest = journal.digest({**state, "photos": members})
    change.record("album", row.id, op, keys=_keys(row.id), digest=digest)


def _keys(album_id: str) -> set[str]:
    return {f"album:{album_id}", "list:album"}
