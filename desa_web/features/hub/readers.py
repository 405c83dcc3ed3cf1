"""What readers see of villages at a media centre: which there are, and their published news.

Read only. A village that was removed keeps its page as long as its news is published here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import db
from desa_web.core.clock import as_utc, to_ms
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.features.news import queries
from desa_web.features.news.queries import Item

_FAR_MS = 1 << 52
# Only what readers see counts: a withdrawn article has no live revision.
_PUBLISHED = (
    "FROM hub_item i JOIN article a ON a.id = i.article_id "
    "WHERE a.live_revision_id IS NOT NULL AND a.kind = 'article'"
)


@dataclass(frozen=True, slots=True)
class Village:
    """A source as readers know it. articles: how many of its news are published here."""

    id: str
    name: str
    slug: str
    district: str
    address: str
    is_signed: bool
    articles: int
    last_at: datetime | None

    @property
    def district_slug(self) -> str:
        return slugify(self.district, fallback="lainnya")


def villages(site: Site) -> list[Village]:
    """Return the villages that readers may know of, by name (two queries).

    One that no officer has confirmed yet is shown only once something of it was published.
    """
    sql = f"SELECT i.source_id, count(*), max(a.published_at) {_PUBLISHED} GROUP BY i.source_id"
    known = {row[0]: (int(row[1]), as_utc(row[2])) for row in db.execute(site.database, sql)}
    columns = "id, name, slug, district, address, kind, state, is_confirmed"
    sql = f"SELECT {columns} FROM hub_source ORDER BY lower(name), id"  # noqa: S608 - our own
    found = []
    for row in db.execute(site.database, sql).fetchall():
        count, last = known.get(row[0], (0, None))
        if count or (row[6] != "removed" and row[7]):
            source_id, name, slug, district, address, kind = row[:6]
            is_signed = kind == "desa"
            found.append(Village(source_id, name, slug, district, address, is_signed, count, last))
    return found


def newest(
    site: Site,
    source_ids: Sequence[str],
    *,
    before: tuple[datetime, str] | None = None,
    limit: int = 20,
) -> list[Item]:
    """Return the published news of these sources, newest first (two queries)."""
    if not source_ids:
        return []
    at, last_id = (to_ms(before[0]), before[1]) if before else (_FAR_MS, "")
    marks = ", ".join("?" * len(source_ids))
    sql = (
        f"SELECT i.article_id {_PUBLISHED} AND i.source_id IN ({marks}) "
        "AND (a.published_at, a.id) < (?, ?) ORDER BY a.published_at DESC, a.id DESC LIMIT ?"
    )
    rows = db.execute(site.database, sql, *source_ids, at, last_id, limit).fetchall()
    items = queries.live_items(site, [row[0] for row in rows])
    return sorted(items, key=lambda item: (item.published_at, item.id), reverse=True)
