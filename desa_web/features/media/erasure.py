"""Erasing photos for somebody's privacy: rows, masters, originals and pictures go at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from desa_web.core import due, erased, journal
from desa_web.core.actor import Actor
from desa_web.core.site import Site
from desa_web.features.media import masters, service
from desa_web.features.media.models import PhotoRow, PhotoUploadRow
from desa_web.features.media.renditions import renditions
from desa_web.features.media.uses import uses

KIND = "media"


def erase_unused(actor: Actor, photo_ids: Iterable[str], kind: str, object_id: str) -> int:
    """Erase those photos that only (kind, object_id) shows; return how many. Joins a change."""
    # Kits are zips of texts and photos, made anew when somebody asks.
    shutil.rmtree(actor.site.cache / "kits", ignore_errors=True)
    found = uses(actor.site)
    count = 0
    for photo_id in sorted(photo_ids):
        others = [u for u in found.of(photo_id) if (u.kind, u.object_id) != (kind, object_id)]
        if not others:
            count += _erase(actor, photo_id)
    return count


def erase_again(actor: Actor, photo_id: str) -> None:
    """Erase what an older backup brought back; nothing happens when it did not."""
    with journal.change(actor):
        _erase(actor, photo_id)


def _erase(actor: Actor, photo_id: str) -> bool:
    with journal.change(actor) as change:
        row = PhotoRow.get_or_none(PhotoRow.id == photo_id)
        if row is None:
            return False
        due.cancel("media.purge", photo_id)
        uploads = [
            u.sha256 for u in PhotoUploadRow.select().where(PhotoUploadRow.photo_id == row.id)
        ]
        row.delete_instance()
        keys = {f"media:{photo_id}", "list:media", service.file_key(row.master_sha256)}
        change.record(KIND, photo_id, "erase", keys=keys)
        # The file goes before the commit: when that fails the desk shows a photo without a
        # picture, never the other way round.
        _remove_files(actor.site, row.master_sha256, uploads)
        erased.note(actor.site.path, KIND, photo_id)
        return True


def _remove_files(site: Site, master_sha256: str, uploads: Iterable[str]) -> None:
    made = renditions(site)
    shutil.rmtree(made.folder_of(master_sha256), ignore_errors=True)
    made.forget(master_sha256)
    originals = [masters.original_path(site, upload) for upload in uploads]
    for path in (masters.path_of(site, master_sha256), *originals):
        path.unlink(missing_ok=True)
