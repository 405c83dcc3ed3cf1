"""What the officer's pages show: cards of the inbox, one item beside what readers see of it.

Read only; decisions are made by inbox.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desa_web.core import db, html
from desa_web.core.clock import as_utc
from desa_web.core.disk import write_atomic
from desa_web.core.errors import DesaError, NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync.line import is_hash
from desa_web.features.hub import content, items, takeover
from desa_web.features.hub.content import Content, Picture
from desa_web.features.hub.item import Full, Item
from desa_web.features.hub.models import ItemRow, PhotoRow, PollRow, SourceRow
from desa_web.features.hub.source import Source, as_source
from desa_web.features.media import masters
from desa_web.features.news.models import RevisionRow
from desa_web.features.sync.bundles import received_path

_PREVIEW_PX = 640
# The shelves that wait, in the words of their indexes.
_NEW = "state = 'new' AND op = 'put'"
_LOOK = "needs_look = 1 AND (op <> 'put' OR state IN ('published', 'held'))"
# Fields besides the body whose change an officer should see.
_FIELDS = (("title", "Judul"), ("standfirst", "Ringkasan"), ("dateline", "Tempat berita"),
           ("byline", "Nama penulis"), ("correction", "Ralat"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """One line of the inbox. picture: hash of the lead photo that is here, "" for none."""

    item: Item
    source: Source
    byline: str
    rubric: str
    photo_count: int
    licence: str
    picture: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What readers see of an item, marked with what the village has changed since."""

    body: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture of an item for the officer. sha256 "" while it is not here."""

    picture: Picture
    state: str
    sha256: str
    reason: str


def cards(site: Site, found: Sequence[Item]) -> list[Card]:
    """Return the cards of these items (four queries)."""
    if not found:
        return []
    marks = ", ".join("?" * len(found))
    rows = db.select(ItemRow, f"id IN ({marks})", *[item.id for item in found])
    said = {row.id: content.read(row.content) for row in rows}
    by_id = _sources(site, {item.source_id for item in found})
    leads = {
        row.id: (row.source_id, lead.ref)
        for row in rows
        if (lead := _lead(said[row.id])) is not None
    }
    here = _here(leads.values())
    return [
        Card(
            item=item,
            source=by_id[item.source_id],
            byline=said[item.id].byline,
            rubric=said[item.id].rubric,
            photo_count=len(said[item.id].pictures),
            licence=said[item.id].licence,
            picture=here.get(leads.get(item.id, ("", "")), ""),
        )
        for item in found
        if item.id in said
    ]


def place_of(item: Item) -> tuple[int, str]:
    """Return where an item stands in its list, for the page after it."""
    return round(item.received_at.timestamp() * 1000), item.id


def body_of(full: Full) -> str:
    """Return the village's text as safe HTML; figures are left to the list of photos."""
    return html.normalise(full.content.body)


def beside(full: Full) -> Beside | None:
    """Return what changed between our article and the village's newest text; None before one."""
    row = items.row_of(full.item.id)
    article = takeover.article_of(row)
    if article is None or not full.item.needs_look:
        return None
    ours = RevisionRow.get_or_none(RevisionRow.id == article.working_revision_id)
    if ours is None:
        return None
    said = full.content
    pairs = [(label, str(getattr(ours, name)), getattr(said, name)) for name, label in _FIELDS]
    theirs = takeover.text_of("", said, _photo_ids(row.source_id, said)).body
    return Beside(
        body=html.diff(ours.body, theirs),
        fields=tuple((label, old, new) for label, old, new in pairs if old != new),
    )


def photos_of(full: Full) -> list[Photo]:
    """Return an item's pictures in their order, with what became of each."""
    rows = _rows(full.item.source_id, full.content)
    found = []
    for picture in full.content.pictures:
        row = rows.get(picture.ref)
        if row is None:
            found.append(Photo(picture, "wanted", "", ""))
        else:
            sha256 = row.sha256 if row.state == "here" else ""
            found.append(Photo(picture, row.state, sha256, row.reason))
    return found


def preview(site: Site, sha256: str) -> Path:
    """Return a small clean picture of a received photo, made at the first look. Raises NotFound.

    Received bytes are decoded by the picture child, like any upload, and never sent as they are.
    """
    gone = NotFound(_("Foto ini belum ada di sini."))
    if not is_hash(sha256):
        raise gone
    folder = site.cache / "kiriman" / sha256[:2] / sha256
    name = folder / "nama"
    if name.exists():
        return folder / name.read_text()
    photo = received_path(site, sha256)
    if not photo.exists():
        raise gone
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = masters.studio().renditions(photo, folder)
    except DesaError as error:
        raise gone from error
    fits = [one for one in made if one.mime == "image/webp" and one.width_px <= _PREVIEW_PX]
    best = max(fits or made, key=lambda one: one.width_px)
    for one in made:
        if one.name != best.name:
            (folder / one.name).unlink(missing_ok=True)
    write_atomic(name, best.name.encode(), durable=False)
    return folder / best.name


@dataclass(frozen=True, slots=True)
class Told:
    """The newest word to a village about one article; is_heard: the village has it."""

    status: str
    reason: str
    at: datetime
    is_heard: bool


def told(full: Full) -> Told | None:
    """Return what the village was told of an item last, None for nothing."""
    sql = (
        "SELECT r.status, r.reason, r.at, r.n <= h.told FROM hub_receipt r JOIN hub_receipt_head h "
        "ON h.source_id = r.source_id WHERE r.source_id = ? AND r.object_id = ?"
    )
    row = db.execute(db.current(), sql, full.item.source_id, full.item.object_id).fetchone()
    return None if row is None else Told(row[0], row[1], as_utc(row[2]), bool(row[3]))


def waiting(_actor: object) -> int:
    """Return how many items wait for somebody (the badge of the menu; on every page)."""
    # Removed sources are few: theirs are taken off, instead of asking for each item whose it is.
    gone = "AND source_id IN (SELECT id FROM hub_source WHERE state = 'removed')"
    counts = [
        f"(SELECT count(*) FROM hub_item WHERE {shelf} {only})"  # noqa: S608 - our own
        for shelf in (_NEW, _LOOK)
        for only in ("", gone)
    ]
    row = db.execute(db.current(), f"SELECT {', '.join(counts)}").fetchone()
    return int(row[0] - row[1] + row[2] - row[3])


def decided_since(name: str, at_ms: int) -> list[str]:
    """Return what a person published since a moment, for the undo of many."""
    sql = (
        "SELECT id FROM hub_item WHERE state = 'published' AND decided_by = ? AND decided_at >= ? "
        "ORDER BY decided_at LIMIT 200"
    )
    return [row[0] for row in db.execute(db.current(), sql, name, at_ms).fetchall()]


def _sources(site: Site, ids: Collection[str]) -> dict[str, Source]:
    """Return these sources by id (two queries)."""
    marks, now_ms = ", ".join("?" * len(ids)), site.clock.now_ms()
    polls = {poll.source_id: poll for poll in db.select(PollRow, f"source_id IN ({marks})", *ids)}
    rows = db.select(SourceRow, f"id IN ({marks})", *ids)
    return {row.id: as_source(row, polls[row.id], now_ms) for row in rows}


def _lead(said: Content) -> Picture | None:
    leads = [picture for picture in said.pictures if picture.is_lead]
    return next(iter(leads or said.pictures), None)


def _here(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the hash of each picture that is here, by source and ref (one query)."""
    refs = sorted({ref for _source, ref in wanted})
    if not refs:
        return {}
    marks = ", ".join("?" * len(refs))
    rows = db.select(PhotoRow, f"state = 'here' AND ref IN ({marks})", *refs)
    return {(row.source_id, row.ref): row.sha256 for row in rows}


def _rows(source_id: str, said: Content) -> dict[str, PhotoRow]:
    refs = [picture.ref for picture in said.pictures]
    if not refs:
        return {}
    marks = ", ".join("?" * len(refs))
    rows = db.select(PhotoRow, f"source_id = ? AND ref IN ({marks})", source_id, *refs)
    return {row.ref: row for row in rows}


def _photo_ids(source_id: str, said: Content) -> dict[str, str]:
    """Return our own photos by the village's ids, as far as they were taken over."""
    known = _rows(source_id, said)
    ours = {p.id: known[p.ref].photo_id for p in said.pictures if p.ref in known}
    return {name: photo_id for name, photo_id in ours.items() if photo_id}
