"""The village's emblem: a photo of the library that the setting "emblem" names by its master.

It stands in the header of every page, in the tab of the browser, in feeds' and previews' place of
a picture, and in the village's media kit. Like every photo it is re-encoded once: what was sent
is never served.
"""

from __future__ import annotations

from pathlib import Path

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.media import masters, service
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.photo import Photo, as_photo
from desa_web.features.media.renditions import KEY_DIGITS, renditions

_EDGE_PX = 320


def choose(actor: Actor, file: Path, name: str) -> Photo:
    """Make a picture the emblem. Raises PhotoRefused and what `service.add` raises."""
    actor.require(Permission.MANAGE_SITE)
    alt = _("Lambang {name}").format(name=settings.read(actor.site).full_name)
    kept = service.add(actor, file, name=name, alt=alt)
    settings.change(actor, {"emblem": kept.master_sha256})
    return kept


def drop(actor: Actor) -> None:
    """Go back to the theme's emblem; the picture stays in the library."""
    settings.change(actor, {"emblem": ""})


def chosen(site: Site) -> Photo | None:
    """Return the emblem's photo, None while the village has none of its own."""
    sha256 = settings.read(site)["emblem"]
    row = PhotoRow.get_or_none(PhotoRow.master_sha256 == sha256) if sha256 else None
    return None if row is None or row.trashed_at is not None else as_photo(row)


def url(photo: Photo) -> str:
    """Return the address at which pages show the emblem."""
    return f"/media/lambang/{photo.master_sha256[:KEY_DIGITS]}.webp"


def file(site: Site, photo: Photo) -> tuple[Path, str]:
    """Return the small rendition and its type; the master until that is made."""
    state = renditions(site).state(photo.master_sha256)
    for one in state.renditions if state is not None else ():
        if one.mime == "image/webp" and max(one.width_px, one.height_px) <= _EDGE_PX:
            return renditions(site).folder_of(photo.master_sha256) / one.name, one.mime
    return masters.path_of(site, photo.master_sha256), photo.mime
