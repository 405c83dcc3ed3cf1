"""Reading the library for the desk: search, filters, near duplicates. Nothing here writes.

Lists page by key (created_at, id). "Unused" asks uses.py, which the database does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from desa_web.core import db
from desa_web.core.clock import to_ms
from desa_web.core.site import Site
from desa_web.engines.images import NEAR_DUPLICATE, likeness_distance
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.photo import Photo, as_photo
from desa_web.features.media.uses import uses

_FAR_MS = 1 << 52
_BATCH = 200


class Show(StrEnum):
    """What the library page can be narrowed to."""

    ALL = ""
    NO_CAPTION = "tanpa-keterangan"
    NO_ALT = "tanpa-alt"
    UNUSED = "tidak-terpakai"
    UNASKED = "izin-anak"
    TRASH = "keranjang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One question to the library; empty parts do not narrow it."""

    query: str = ""
    show: Show = Show.ALL
    year: int = 0
    uploader_id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Photos, newest first, and the key of the page after it ("" at the end)."""

    photos: list[Photo]
    next_key: str


def photos(site: Site, wanted: Filter, *, after: str = "", limit: int = 48) -> Page:
    """Return one page of the photos that fit, newest first."""
    used = uses(site).used() if wanted.show is Show.UNUSED else set()
    found: list[Photo] = []
    for photo in _fitting(wanted, after, limit):
        if photo.id in used:
            continue
        if len(found) == limit:
            return Page(found, key_of(found[-1]))
        found.append(photo)
    return Page(found, "")


def years(site: Site) -> list[int]:
    """Return the years in which photos came in, newest first: one seek for each."""
    sql = (
        "SELECT created_at FROM photo WHERE trashed_at IS NULL AND created_at < ? "
        "ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    found, before = [], _FAR_MS
    while row := db.execute(site.database, sql, before).fetchone():
        year = datetime.fromtimestamp(row[0] / 1000, UTC).year
        found.append(year)
        before = to_ms(datetime(year, 1, 1, tzinfo=UTC))
    return found


def uploaders(site: Site) -> list[tuple[str, str]]:
    """Return (id, name) of everybody who brought photos, by name."""
    sql = (
        "SELECT uploader_id, max(uploader_name) FROM photo WHERE trashed_at IS NULL "
        "AND uploader_id IS NOT NULL GROUP BY uploader_id ORDER BY 2"
    )
    return [(str(i), str(name)) for i, name in db.execute(site.database, sql)]


def counts(site: Site) -> dict[Show, int]:
    """Return how many photos each filter finds, apart from the unused ones (one query)."""
    sql = (
        "SELECT count(CASE WHEN trashed_at IS NULL THEN 1 END), "
        "count(CASE WHEN trashed_at IS NULL AND caption = '' THEN 1 END), "
        "count(CASE WHEN trashed_at IS NULL AND alt = '' THEN 1 END), "
        "count(CASE WHEN trashed_at IS NULL AND children = 'unasked' THEN 1 END), "
        "count(trashed_at) FROM photo"
    )
    values = db.execute(site.database, sql).fetchone()
    shown = (Show.ALL, Show.NO_CAPTION, Show.NO_ALT, Show.UNASKED, Show.TRASH)
    return dict(zip(shown, map(int, values), strict=True))


def near_duplicates(site: Site, photo: Photo, limit: int = 4) -> list[Photo]:
    """Return photos that look alike, nearest first: a hint, never a rule."""
    sql = "SELECT id, dhash FROM photo WHERE trashed_at IS NULL AND id <> ?"
    near = []
    for photo_id, dhash in db.execute(site.database, sql, photo.id):
        distance = likeness_distance(photo.dhash, dhash)
        if distance <= NEAR_DUPLICATE:
            near.append((distance, str(photo_id)))
    ids = [photo_id for _distance, photo_id in sorted(near)[:limit]]
    rows = {row.id: row for row in PhotoRow.select().where(PhotoRow.id.in_(ids))} if ids else {}
    return [as_photo(rows[photo_id]) for photo_id in ids if photo_id in rows]


def get(photo_id: str) -> Photo | None:
    """Return a photo, also from the trash."""
    row = PhotoRow.get_or_none(PhotoRow.id == photo_id)
    return None if row is None else as_photo(row)


def key_of(photo: Photo) -> str:
    return f"{to_ms(photo.created_at)}~{photo.id}"


def _fitting(wanted: Filter, after: str, limit: int) -> Iterator[Photo]:
    # One more than asked for tells whether there is a next page.
    size = limit + 1 if wanted.show is not Show.UNUSED else _BATCH
    while rows := list(_batch(wanted, after, size)):
        yield from map(as_photo, rows)
        if len(rows) < size:
            return
        after = f"{rows[-1].created_at}~{rows[-1].id}"


def _batch(wanted: Filter, after: str, size: int) -> Sequence[PhotoRow]:
    conditions = _conditions(wanted)
    at, photo_id = _key(after)
    older = (PhotoRow.created_at < at) | ((PhotoRow.created_at == at) & (PhotoRow.id < photo_id))
    query = PhotoRow.select().where(older, *conditions)
    ordered = query.order_by(PhotoRow.created_at.desc(), PhotoRow.id.desc()).limit(size)
    rows: Sequence[PhotoRow] = list(ordered)
    return rows


def _conditions(wanted: Filter) -> list[Any]:
    in_trash = wanted.show is Show.TRASH
    found = [PhotoRow.trashed_at.is_null(not in_trash)]
    if wanted.show is Show.NO_CAPTION:
        found.append(PhotoRow.caption == "")
    elif wanted.show is Show.NO_ALT:
        found.append(PhotoRow.alt == "")
    elif wanted.show is Show.UNASKED:
        found.append(PhotoRow.children == "unasked")
    if wanted.year:
        first = datetime(wanted.year, 1, 1, tzinfo=UTC)
        after = datetime(wanted.year + 1, 1, 1, tzinfo=UTC)
        found.append(PhotoRow.created_at.between(to_ms(first), to_ms(after) - 1))
    if wanted.uploader_id:
        found.append(PhotoRow.uploader_id == wanted.uploader_id)
    for word in wanted.query.split()[:8]:
        fields = (PhotoRow.caption, PhotoRow.credit, PhotoRow.alt, PhotoRow.name, PhotoRow.place)
        found.append(_any([field.contains(word) for field in fields]))
    return found


def _any(conditions: Sequence[Any]) -> Any:
    either = conditions[0]
    for condition in conditions[1:]:
        either = either | condition
    return either


def _key(text: str) -> tuple[int, str]:
    at, _tilde, photo_id = text.partition("~")
    return (int(at), photo_id) if at.isdigit() and len(at) < 17 else (_FAR_MS, "")
