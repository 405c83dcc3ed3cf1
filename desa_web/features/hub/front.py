"""What the front page of a media centre adds: the kecamatan as tiles (the adapter "front")."""

from __future__ import annotations

from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.features.hub import readers
from desa_web.web.context_parts import Services, ServiceTile

_TILES = 6


def tiles(site: Site) -> tuple[Services | None, set[str]]:
    """Return the kecamatan that published most, and the keys they were made from."""
    found: dict[str, list[int]] = {}
    for one in readers.villages(site):
        if one.district:
            count = found.setdefault(one.district, [0, 0])
            count[0] += 1
            count[1] += one.articles
    busiest = sorted(found.items(), key=lambda pair: (-pair[1][1], pair[0]))[:_TILES]
    keys = {"list:source"}
    if not busiest:
        return None, keys
    made = tuple(
        ServiceTile(
            name=name,
            url=f"/kecamatan/{slugify(name, fallback='lainnya')}/",
            promise=_("{n} desa, {m} berita").format(n=villages, m=articles),
            icon="info",
        )
        for name, (villages, articles) in sorted(busiest)
    )
    return Services(title=_("Kabar menurut kecamatan"), tiles=made, all_url="/desa/"), keys
