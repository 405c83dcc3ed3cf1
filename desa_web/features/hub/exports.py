"""What a media centre hands on: tables for spreadsheets, ninjs for newsrooms, kits in one zip.

    chosen = Choice(shelf=Shelf.PUBLISHED, source_id="", since_on=None, until_on=None)
    for line in table(site, chosen): …            CSV, line by line
    ninjs(site, chosen)                           a JSON array of ninjs 3.1
    made = kits(site, chosen)                     a file with the kit of each article in a folder

Read only; a picture's or a text's owner stays who it was: a village's text names the village.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path

from desa_web.core import db, settings
from desa_web.core.clock import as_utc, to_ms, zone
from desa_web.core.errors import NotFound, storage_error
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import content, items
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.models import ItemRow, SourceRow
from desa_web.features.media import kit, kit_sources
from desa_web.features.media import ninjs as press
from desa_web.features.news.models import ArticleRow

NINJS_MAX, KITS_MAX = 1000, 50
_AT_ONCE = 500
_HEAD = (
    "id", "desa", "kode_wilayah", "kecamatan", "judul", "rubrik", "penulis", "terbit_di_desa",
    "diterima", "rak", "alasan", "diputuskan_oleh", "diputuskan_pada", "naskah_asli",
    "terbit_di_sini", "lisensi", "foto",
)  # fmt: skip
_NAMES = {
    "new": "baru", "held": "disimpan", "published": "terbit", "returned": "dikembalikan",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Which items: one shelf, perhaps one village, perhaps the days on which they were received.

    Days are those of the centre's own time zone, both included.
    """

    shelf: Shelf = Shelf.PUBLISHED
    source_id: str = ""
    since_on: date | None = None
    until_on: date | None = None


def count(site: Site, chosen: Choice) -> int:
    """Return how many items would be handed on."""
    where, values = _where(site, chosen)
    sql = f"SELECT count(*) FROM hub_item i JOIN hub_source s ON s.id = i.source_id WHERE {where}"  # noqa: S608 - fragments of our own
    return int(db.execute(site.database, sql, *values).fetchone()[0])


def table(site: Site, chosen: Choice) -> Iterator[str]:
    """Yield CSV for a spreadsheet, some lines at a time, what came last first."""
    # The mark lets spreadsheets of old read UTF-8.
    yield "\ufeff" + _lines([_HEAD])
    for rows in _batches(site, chosen):
        yield _lines(rows)


def ninjs(site: Site, chosen: Choice) -> bytes:
    """Return the published articles of a choice as a JSON array of ninjs 3.1 documents."""
    giver = kit_sources.source()
    context = kit.context_of(site)
    found = _article_ids(site, chosen, NINJS_MAX)
    documents = []
    for article_id in found:
        article = giver.kit_article(site, article_id) if giver is not None else None
        if article is None:
            continue
        owner = kit.owned(context, article)
        text = press.document(article, kit.article_photos(article), owner)
        documents.append(json.loads(text))
    return json.dumps(documents, ensure_ascii=False, indent=1, sort_keys=True).encode()


def kits(site: Site, chosen: Choice) -> Path:
    """Return a zip with the media kit of each published article of a choice, newest first.

    Raises NotFound when nothing of it is published.
    """
    made = []
    for article_id in _article_ids(site, chosen, KITS_MAX):
        # Withdrawn since the list was read: then it is no more to be handed on.
        with suppress(NotFound):
            made.append(kit.of_article(site, article_id))
    if not made:
        raise NotFound(_("Belum ada berita yang terbit dalam pilihan ini."))
    digest = sha256("".join(one.etag for one in made).encode()).hexdigest()[:24]
    path = site.cache / "kits" / f"pilihan-{digest}.zip"
    if not path.exists():
        try:
            _gather(path, made)
        except OSError as error:
            raise storage_error(error) or error from error
    return path


def cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    is_risky = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_risky else value


def _lines(rows: Sequence[Sequence[object]]) -> str:
    sheet = io.StringIO()
    csv.writer(sheet).writerows([[cell(value) for value in row] for row in rows])
    return sheet.getvalue()


def _batches(site: Site, chosen: Choice) -> Iterator[list[Sequence[object]]]:
    """Yield rows of the table, read by key, so that a long table takes no more memory."""
    sources = {row.id: row for row in db.select(SourceRow, "1 = 1")}
    base = items.public_base(site)
    tz = zone(settings.read(site)["time_zone"])
    where, values = _where(site, chosen)
    at, last_id = 1 << 52, ""
    while True:
        sql = (
            f"SELECT i.id FROM hub_item i JOIN hub_source s ON s.id = i.source_id WHERE {where} "  # noqa: S608 - fragments of our own
            "AND (i.received_at, i.id) < (?, ?) ORDER BY i.received_at DESC, i.id DESC LIMIT ?"
        )
        ids = [r[0] for r in db.execute(site.database, sql, *values, at, last_id, _AT_ONCE)]
        if not ids:
            return
        marks = ", ".join("?" * len(ids))
        rows = {row.id: row for row in db.select(ItemRow, f"id IN ({marks})", *ids)}
        slugs = _live_slugs(site, [row.article_id or "" for row in rows.values()])
        # One that was erased in between is not there any more.
        shown = [rows[one] for one in ids if one in rows]
        yield [_row(row, sources[row.source_id], slugs, base, tz) for row in shown]
        if len(ids) < _AT_ONCE or not shown:
            return
        at, last_id = shown[-1].received_at, shown[-1].id


def _row(
    row: ItemRow, source: SourceRow, slugs: dict[str, str], base: str, tz: tzinfo
) -> Sequence[object]:
    said = content.read(row.content)
    slug = slugs.get(row.article_id or "", "")
    return (
        row.id, source.name, source.kode_wilayah, source.district, row.title, said.rubric,
        said.byline, _moment(row.published_at, tz), _moment(row.received_at, tz),
        _NAMES[row.state], row.reason, row.decided_by, _moment(row.decided_at, tz),
        items.link_of(source.address, said) if row.op == "put" else "",
        f"{base}/berita/{slug}" if slug else "", said.licence, len(said.pictures),
    )  # fmt: skip


def _moment(ms: int, tz: tzinfo) -> str:
    local = as_utc(ms).astimezone(tz) if ms else None
    return local.isoformat(timespec="seconds") if local else ""


def _live_slugs(site: Site, article_ids: Sequence[str]) -> dict[str, str]:
    wanted = [one for one in article_ids if one]
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    sql = f"SELECT id, slug FROM article WHERE live_revision_id IS NOT NULL AND id IN ({marks})"  # noqa: S608 - marks of our own
    return dict(db.execute(site.database, sql, *wanted).fetchall())


def _article_ids(site: Site, chosen: Choice, limit: int) -> list[str]:
    """Return our articles of a choice that readers see, newest first."""
    where, values = _where(site, chosen)
    sql = (
        "SELECT a.id FROM hub_item i JOIN hub_source s ON s.id = i.source_id "  # noqa: S608 - fragments of our own
        f"JOIN {ArticleRow._meta.table_name} a ON a.id = i.article_id WHERE {where} "
        "AND a.live_revision_id IS NOT NULL ORDER BY a.published_at DESC, a.id DESC LIMIT ?"
    )
    return [row[0] for row in db.execute(site.database, sql, *values, limit).fetchall()]


def _where(site: Site, chosen: Choice) -> tuple[str, list[object]]:
    where = [items.CONDITIONS[chosen.shelf], "s.state <> 'removed'"]
    values: list[object] = []
    if chosen.source_id:
        where.append("i.source_id = ?")
        values.append(chosen.source_id)
    if chosen.since_on is not None:
        where.append("i.received_at >= ?")
        values.append(_start_ms(site, chosen.since_on))
    if chosen.until_on is not None:
        where.append("i.received_at < ?")
        values.append(_start_ms(site, chosen.until_on + timedelta(days=1)))
    return " AND ".join(where), values


def _start_ms(site: Site, day: date) -> int:
    tz = zone(settings.read(site)["time_zone"])
    return to_ms(datetime.combine(day, time(), tz))


def _gather(path: Path, made: Sequence[kit.KitFile]) -> None:
    """Copy the kits into one zip; what is compressed already is not worked on again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with zipfile.ZipFile(fresh, "w") as archive:
            for one in made:
                with zipfile.ZipFile(one.path) as part:
                    for info in part.infolist():
                        _copy(part, archive, info)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _copy(part: zipfile.ZipFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    made = zipfile.ZipInfo(info.filename, info.date_time)
    made.compress_type, made.external_attr = info.compress_type, info.external_attr
    made.file_size = info.file_size
    with part.open(info) as source, archive.open(made, "w") as target:
        shutil.copyfileobj(source, target, 1 << 18)
