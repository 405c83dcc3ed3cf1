"""Clearing up: files that no row speaks of, expired uploads, old kits; making renditions anew."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from desa_web.core import db
from desa_web.core.errors import storage_error
from desa_web.core.site import Site
from desa_web.features.media import masters, uploads
from desa_web.features.media.followers import RenditionFollower
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.renditions import State, renditions

# A file may be older than its row by as long as a transaction takes; a day is beyond doubt.
SETTLED_S = 86_400
KIT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that gc removed, or would remove."""

    what: str
    name: str
    size_bytes: int


def gc(site: Site, *, is_dry_run: bool = False, settled_s: float = SETTLED_S) -> list[Removed]:
    """Remove what nobody needs; with `is_dry_run` only say what it would be."""
    found = orphans(site, settled_s=settled_s)
    found += [Removed("unggahan", name, 0) for name in uploads.sweep(site, is_dry_run=True)]
    found += _old_kits(site)
    if not is_dry_run:
        try:
            for one in found:
                if one.what != "unggahan":
                    (site.path / one.name).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error) or error from error
        uploads.sweep(site)
    return found


def orphans(site: Site, *, settled_s: float = SETTLED_S) -> list[Removed]:
    """Return the files in media/ and data/uploads that no row and no upload speaks of."""
    sql = "SELECT master_sha256 FROM photo UNION ALL SELECT sha256 FROM document"
    known = {row[0] for row in db.execute(site.database, sql)}
    kept = {row[0] for row in db.execute(site.database, "SELECT sha256 FROM photo_upload")}
    found = [path for path in masters.files(site) if path.name not in known]
    found += (site.media / masters.INCOMING).glob("*")
    found += (p for p in (site.media / masters.ORIGINALS).glob("*/*") if p.name not in kept)
    folder = site.data / "uploads"
    found += (p for p in folder.glob("*.part") if not p.with_suffix(".json").exists())
    return [_removed(site, "berkas", path) for path in _settled(found, settled_s)]


def rebuild(site: Site, photo_ids: list[str]) -> Iterator[tuple[str, State]]:
    """Make renditions anew, of all photos or of these; photos that failed are tried again."""
    follower, shelf = RenditionFollower(site), renditions(site)
    query = PhotoRow.select().where(PhotoRow.trashed_at.is_null())
    if photo_ids:
        query = query.where(PhotoRow.id.in_(photo_ids))
    for row in list(query.order_by(PhotoRow.created_at.desc())):
        shutil.rmtree(shelf.folder_of(row.master_sha256), ignore_errors=True)
        shelf.forget(row.master_sha256)
        yield row.id, follower.make(row.id, row.master_sha256)


def _settled(paths: list[Path], settled_s: float) -> Iterator[Path]:
    # The files' own time on the same clock: a wrong date is wrong for both.
    newest = time.time() - settled_s
    for path in paths:
        with suppress(OSError):
            if path.stat().st_mtime <= newest:
                yield path


def _old_kits(site: Site) -> list[Removed]:
    kits = list((site.cache / "kits").glob("*.zip"))
    return [_removed(site, "paket", path) for path in _settled(kits, KIT_DAYS * SETTLED_S)]


def _removed(site: Site, what: str, path: Path) -> Removed:
    return Removed(what, str(path.relative_to(site.path)), path.stat().st_size)
