"""Lists of news use their indexes (SQLite's planner; PostgreSQL scans small tables on purpose)."""

from __future__ import annotations

import pytest

from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.features.news import queries


@pytest.mark.parametrize(
    "query",
    [
        lambda site: queries.published(site),
        lambda site: queries.published(site, rubric_id="x"),
        lambda site: queries.published(site, tag="x"),
        lambda site: queries.board(site),
        lambda site: queries.desk(operator(site)),
        lambda site: queries.desk(operator(site), trashed=True),
    ],
)
def test_no_list_scans_a_table(site: Site, query) -> None:  # type: ignore[no-untyped-def]
    plans: list[str] = []
    real = site.database.execute_sql

    def watched(sql, *args, **kwargs):  # type: ignore[no-untyped-def]
        if sql.lstrip().startswith("SELECT"):
            rows = real(f"EXPLAIN QUERY PLAN {sql}", *args).fetchall()
            plans.extend(row[3] for row in rows)
        return real(sql, *args, **kwargs)

    site.database.execute_sql = watched
    try:
        query(site)
    finally:
        site.database.execute_sql = real
    assert plans
    assert not [p for p in plans if p.startswith("SCAN") and "INDEX" not in p], plans
    assert not [p for p in plans if "TEMP B-TREE" in p], plans
