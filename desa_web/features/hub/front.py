"""What the front page of a media centre adds (the adapter "front"): kecamatan, news by rubric."""

from __future__ import annotations

from collections.abc import Collection

from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.features.hub import readers
from desa_web.features.news import presentation, queries, rubrics
from desa_web.web.context_parts import Section, Services, ServiceTile
from desa_web.web.context_parts import Site as SiteContext

_TILES, _SECTIONS, _CARDS = 6, 4, 3


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


def sections(
    site: Site, context: SiteContext, shown: Collection[str]
) -> tuple[tuple[Section, ...], set[str]]:
    """Return news of the rubrics that are fresh, without what is `shown` (ids) above, and keys."""
    found = []
    for rubric in rubrics.rubrics():
        newest = queries.published(site, rubric_id=rubric.id, limit=_CARDS + len(shown))
        items = [item for item in newest if item.id not in shown][:_CARDS]
        if len(items) == _CARDS:
            found.append((rubric, items))
    found.sort(key=lambda pair: pair[1][0].published_at, reverse=True)
    # Two beside each other: an odd one would stand alone.
    chosen = found[: min(_SECTIONS, len(found) // 2 * 2)]
    made = tuple(
        Section(
            title=rubric.name,
            url=f"/rubrik/{rubric.slug}",
            cards=presentation.cards(site, items, context),
        )
        for rubric, items in chosen
    )
    return made, {"rubrics", *(f"article:{i.id}" for _rubric, items in chosen for i in items)}
