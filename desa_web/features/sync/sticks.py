"""Files for a stick, made and kept for the desk: the browser fetches them one after the other.

    cache/stik/<name>.desa     made by `prepare`, offered by `ready`, gone with the next ones

The files hold what the log holds: public news. They may be made again at any time.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from desa_web.core.actor import Actor, Permission
from desa_web.core.disk import free_bytes
from desa_web.core.errors import DiskFull, NotFound, storage_error
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.sync import bundles

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,120}\.desa")
_ROOM_BYTES = 64 << 20
# What a file has besides lines and photos: its lists, and the form around it on its way.
_LIST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Stick:
    """One file that is ready to be fetched."""

    name: str
    size_bytes: int


def prepare(actor: Actor) -> list[Stick]:
    """Make the files anew; those of the last time go. Raises DiskFull, NotFound.

    Each file is small enough for the other side to take in a browser, whose limit is the same
    option: without that a village of many photos would need a technician at the hub.
    """
    _require(actor)
    folder = _folder(actor.site)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        if free_bytes(folder) < _ROOM_BYTES + bundles.size_bytes(actor.site):
            raise DiskFull(
                _("Ruang server tidak cukup untuk membuat berkasnya. Kosongkan ruang dulu.")
            )
        limit = actor.site.config.number("max_upload_mb") << 20
        bundles.create(actor, folder, part_bytes=limit - _LIST_BYTES)
    except OSError as error:
        raise storage_error(error) or error from error
    return ready(actor)


def ready(actor: Actor) -> list[Stick]:
    """Return the files that can be fetched now."""
    _require(actor)
    found = sorted(path for path in _folder(actor.site).glob("*.desa") if path.is_file())
    return [Stick(path.name, path.stat().st_size) for path in found]


def path_of(actor: Actor, name: str) -> Path:
    """Return where a file lies. Raises NotFound for any other name."""
    _require(actor)
    path = _folder(actor.site) / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(_("Berkas ini tidak ada lagi. Buat berkasnya sekali lagi."))
    return path


def _require(actor: Actor) -> None:
    """An officer of a hub hands out its receipts; at a village this is for its admin."""
    if not actor.may(Permission.RUN_HUB):
        actor.require(Permission.MANAGE_SITE)


def _folder(site: Site) -> Path:
    return site.cache / "stik"
