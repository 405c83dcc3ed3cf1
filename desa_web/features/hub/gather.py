"""What a puller needs of a leased source in one look, and the fetching of its photos."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from desa_web.core import db
from desa_web.core.disk import digest_of, sync_folder
from desa_web.core.errors import Busy
from desa_web.core.site import Site
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.pull import MEDIA
from desa_web.engines.sync.unreachable import Reason, Unreachable
from desa_web.features.hub import leases, photos
from desa_web.features.hub.source import Kind
from desa_web.features.media import masters, space
from desa_web.features.sync.bundles import received_path

# One run spends no more than this on the photos of one source; the next goes on.
_PHOTOS_S = 300
# After these the line is bad or the site is gone: the rest would fail alike.
_NO_USE = frozenset(
    {Reason.DNS, Reason.NETWORK, Reason.CLOSED, Reason.CERTIFICATE, Reason.CLOCK, Reason.SLOW,
     Reason.CUT, Reason.BUSY, Reason.STRANGER, Reason.FAILED}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A source that is to be asked. head: hash of the newest line that is held, "" for none.

    is_new: nothing ever came from it.
    """

    id: str
    kind: Kind
    name: str
    address: str
    site: str | None
    head: str
    failures: int
    interval_s: int
    news_ms: int
    is_new: bool
    etag: str
    modified: str


def asks(source_ids: Sequence[str]) -> list[Ask]:
    """Return what is to be known for asking these sources, in their order."""
    if not source_ids:
        return []
    marks = ", ".join("?" * len(source_ids))
    sql = (
        "SELECT s.id, s.kind, s.name, s.address, s.site, p.failures, p.interval_s, p.news_at, "  # noqa: S608 - question marks
        "p.ok_at, p.etag, p.modified, coalesce(r.hash, ''), coalesce(r.epoch, ''), "
        "CASE WHEN r.site IS NULL THEN 0 ELSE (SELECT count(*) FROM sync_received u "
        "WHERE u.site = s.site AND u.is_proven = 0 AND u.is_orphan = 0) END "
        "FROM hub_source s JOIN hub_poll p ON p.source_id = s.id "
        f"LEFT JOIN sync_source r ON r.site = s.site WHERE s.id IN ({marks})"
    )
    found = {row[0]: row for row in db.execute(db.current(), sql, *source_ids).fetchall()}
    return [_ask(found[source_id]) for source_id in source_ids if source_id in found]


def askable() -> list[str]:
    """Return all sources that may be asked, the longest waiting first."""
    sql = (
        "SELECT s.id FROM hub_source s JOIN hub_poll p ON p.source_id = s.id "
        "WHERE s.state = 'active' AND p.host <> '' ORDER BY p.next_at, s.id"
    )
    return [row[0] for row in db.execute(db.current(), sql).fetchall()]


def rhythm(source_id: str) -> list[int]:
    """Return when its last news was published, newest first, in ms."""
    sql = (
        "SELECT published_at FROM hub_item WHERE source_id = ? ORDER BY received_at DESC, id DESC "
        "LIMIT 20"
    )
    rows = db.execute(db.current(), sql, source_id).fetchall()
    return sorted((row[0] for row in rows), reverse=True)


def wants_photos(source_id: str) -> bool:
    sql = "SELECT 1 FROM hub_photo WHERE source_id = ? AND state = 'wanted' LIMIT 1"
    return db.execute(db.current(), sql, source_id).fetchone() is not None


async def photos_of(client: Client, site: Site, owner: str, ask: Ask) -> int:
    """Fetch the photos that a source's items show; return how many came."""
    came = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_PHOTOS_S):
            for wanted in photos.wanted(ask.id):
                space.require_room(site, wanted.size_bytes or 2 << 20)
                try:
                    digest, size = await _fetched(client, site, ask, wanted)
                except Unreachable as error:
                    if error.http_status == 410:
                        photos.failed(ask.id, wanted.ref, error.message, "gone")
                    elif error.reason not in (Reason.SLOW, Reason.CUT, Reason.BUSY):
                        photos.failed(ask.id, wanted.ref, error.message)
                    if error.reason in _NO_USE:
                        break
                except Busy:
                    continue
                else:
                    photos.arrived(ask.id, wanted.ref, digest, size)
                    came += 1
                    leases.renew(site, owner, [ask.id])
    return came


async def _fetched(client: Client, site: Site, ask: Ask, wanted: photos.Wanted) -> tuple[str, int]:
    """Bring one photo to media/kiriman; return its hash and size."""
    limit = site.config.number("max_upload_mb") << 20
    if ask.kind is Kind.DESA:
        file = received_path(site, wanted.ref)
        _make(file.parent)
        if not file.exists():
            await client.download(
                f"{ask.address}{MEDIA}{wanted.ref}", file, sha256=wanted.ref,
                size=wanted.size_bytes or None, max_bytes=limit,
            )  # fmt: skip
        return wanted.ref, file.stat().st_size
    with masters.incoming(site) as fresh:
        await client.download(wanted.ref, fresh, max_bytes=limit, timeout_s=120)
        digest, size = digest_of(fresh), fresh.stat().st_size
        target = received_path(site, digest)
        _make(target.parent)
        fresh.replace(target)
        sync_folder(target.parent)
    return digest, size


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


def _ask(row: Sequence[object]) -> Ask:
    (source_id, kind, name, address, site, failures, interval_s, news_at, ok_at, etag, modified,
     head, epoch, unproven) = row  # fmt: skip
    return Ask(
        id=str(source_id), kind=Kind(str(kind)), name=str(name), address=str(address),
        site=str(site) if site else None,
        # A line that is said to be erased is asked for again until that is proven.
        head=str(head) if epoch and not unproven else "",
        failures=int(str(failures)), interval_s=int(str(interval_s)), news_ms=int(str(news_at)),
        is_new=not ok_at, etag=str(etag), modified=str(modified),
    )  # fmt: skip
