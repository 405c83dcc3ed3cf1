"""How the hub's sources stand, for `desa sync status` (the adapter "sources")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.features.hub import sources
from desa_web.features.hub.source import Source, State
from desa_web.features.sync.received import Received


def received(site: Site, known: Mapping[str, Received]) -> Iterator[Received]:
    """Yield every source of the hub, also one from which nothing came yet."""
    counted = _counts(site)
    for source in sources.listed(site):
        articles, revs = counted.get(source.id, (0, 0))
        yield _standing(source, known.get(source.site or ""), articles, revs)


def _standing(source: Source, log: Received | None, articles: int, revs: int) -> Received:
    asked_at = source.poll.ok_at.isoformat() if source.poll.ok_at else None
    problem = source.poll.error or (log.problem if log else "")
    return Received(
        site=source.site or "",
        name=source.name,
        epoch=log.epoch if log else "",
        last_seq=log.last_seq if log else revs,
        articles=articles,
        lines=log.lines if log else revs,
        last_ok_at=max(filter(None, (asked_at, log.last_ok_at if log else None)), default=None),
        problem=problem if source.state is State.ACTIVE else "",
    )


def _counts(site: Site) -> dict[str, tuple[int, int]]:
    """Return how many articles a source has public, and how many changes it told."""
    sql = (
        "SELECT source_id, sum(CASE WHEN op = 'put' AND is_lost = 0 THEN 1 ELSE 0 END), sum(rev) "
        "FROM hub_item GROUP BY source_id"
    )
    rows = db.execute(site.database, sql).fetchall()
    return {row[0]: (int(row[1] or 0), int(row[2] or 0)) for row in rows}
