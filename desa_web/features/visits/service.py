"""What was read how often: keeping the counts, and asking them.

    keep(site, store.take_views())                  the path of each page and how often it was read
    popular(site, days=7, limit=10)                 live articles, the most read first
    a_day(site, days=30)                            (day, count), the oldest first, none left out
    of_articles(site, ids, days=30)                 {id: count}

A day is the village's own. While the clock is doubtful the newest day of the journal counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from desa_web.core import db, journal, settings
from desa_web.core.clock import as_utc, zone
from desa_web.core.site import Site
from desa_web.features.news import queries
from desa_web.features.visits.counters import counters

_ARTICLE = "/berita/"
# Statements may not have many more parameters than this.
_SLUGS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Popular:
    """A live article and how often it was read."""

    id: str
    title: str
    url: str
    views: int


def keep(site: Site, views: Mapping[str, int]) -> None:
    """Add what was read since the last call to today. Raises sqlite3.Error, OSError."""
    if not views:
        return
    known = _articles_at(site, list(views))
    found: dict[str, int] = {}
    for target, n in views.items():
        path = target.partition("?")[0][:200]
        name = known.get(path, path)
        found[name] = found.get(name, 0) + n
    with counters(site, writable=True) as kept:
        assert kept is not None  # noqa: S101 - made when it is missing
        kept.add(_today(site).isoformat(), found)


def popular(site: Site, *, days: int = 7, limit: int = 10) -> list[Popular]:
    """Return the most read live articles of the last `days`, today among them."""
    with counters(site) as kept:
        objects = kept.objects(_since(site, days)) if kept is not None else {}
    found: list[Popular] = []
    ids = [name for name in objects if not name.startswith("/")]
    # Withdrawn ones are left out, so more than `limit` may have to be looked at.
    for at in range(0, len(ids), _SLUGS_AT_ONCE):
        some = ids[at : at + _SLUGS_AT_ONCE]
        live = {item.id: item for item in queries.live_items(site, some)}
        for name in some:
            if name in live and len(found) < limit:
                item = live[name]
                url = f"{_ARTICLE}{item.slug}"
                found.append(Popular(item.id, item.title, url, objects[name]))
        if len(found) == limit:
            break
    return found


def a_day(site: Site, *, days: int = 30) -> list[tuple[date, int]]:
    """Return how often pages were read on each of the last `days`."""
    with counters(site) as kept:
        known = kept.days(_since(site, days)) if kept is not None else {}
    first = _today(site) - timedelta(days=days - 1)
    all_days = [first + timedelta(days=n) for n in range(days)]
    return [(day, known.get(day.isoformat(), 0)) for day in all_days]


def of_articles(site: Site, ids: Sequence[str], *, days: int = 30) -> dict[str, int]:
    """Return how often each of these articles was read; those that nobody read are missing."""
    with counters(site) as kept:
        return kept.objects(_since(site, days), ids) if kept is not None and ids else {}


def _articles_at(site: Site, targets: Sequence[str]) -> dict[str, str]:
    """Return the article at each path, by its present address or an old one."""
    paths = {target.partition("?")[0] for target in targets}
    slugs = [path.removeprefix(_ARTICLE) for path in paths if path.startswith(_ARTICLE)]
    slugs = [slug for slug in slugs if slug and "/" not in slug]
    found: dict[str, str] = {}
    for at in range(0, len(slugs), _SLUGS_AT_ONCE):
        some = slugs[at : at + _SLUGS_AT_ONCE]
        sql = f"SELECT slug, id FROM article WHERE slug IN ({', '.join('?' * len(some))})"  # noqa: S608
        rows = db.execute(site.database, sql, *some).fetchall()
        found |= {f"{_ARTICLE}{slug}": article_id for slug, article_id in rows}
    return found


def _today(site: Site) -> date:
    now_ms = site.clock.now_ms()
    if journal.clock_doubt(site) is not None:
        now_ms = journal.newest_ms(site) or now_ms
    return as_utc(now_ms).astimezone(zone(settings.read(site)["time_zone"])).date()


def _since(site: Site, days: int) -> str:
    return (_today(site) - timedelta(days=days - 1)).isoformat()
