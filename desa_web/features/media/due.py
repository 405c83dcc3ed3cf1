"""What the ticker does for media."""

from __future__ import annotations

from desa_web.core.actor import program
from desa_web.core.site import Site
from desa_web.features.media import service


def purge(site: Site, photo_id: str) -> None:
    """Forget a photo whose days in the trash are over."""
    service.purge(program(site), photo_id)
