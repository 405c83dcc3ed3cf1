"""Readers' pages cost the same whether a village has a little news or a lot of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desa_web.core import settings
from desa_web.core.actor import Role, operator
from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.news import queries, rubrics, service
from desa_web.features.news.article import Kind, Text
from desa_web.features.pages import service as pages
from tests.harness.site import ROOT, START_MS, actor_as, app_of, make_site

FEW, MANY = 40, 300
# Every third day: the few lie within three months, the many within thirty.
DAYS_APART = 3


def paths(site: Site) -> dict[str, str]:
    """Return one address of each kind of page, each with as much on it as its kind shows."""
    year, month = queries.months(site, settings.read(site))[1]
    slug = queries.published(site, limit=12)[-1].slug
    return {
        "home": "/",
        "list": "/berita/",
        "month": f"/berita/{year}/{month:02d}/",
        "rubric": "/rubrik/kesehatan",
        "tag": "/tag/posyandu",
        "article": f"/berita/{slug}",
        "announcement": "/berita/rapat-warga",
        "announcements": "/pengumuman/",
        "page": "/halaman/sejarah",
        "search": "/cari",
        "gallery": "/galeri/",
        "help": "/bantuan/",
        "missing": "/berita/tidak-pernah-ada",
        "sitemap index": "/sitemap.xml",
        "sitemap of lists": "/sitemap/umum.xml",
        "sitemap of a month": f"/sitemap/{year}-{month:02d}.xml",
        "sitemap of news": "/sitemap/kabar.xml",
        "atom": "/feed.atom",
        "json": "/feed.json",
        "rss": "/rss.xml",
        "atom of a rubric": "/rubrik/kesehatan/feed.atom",
        "atom of a month": f"/arsip/{year}-{month:02d}.atom",
        "media kit": "/media-kit/",
        "robots": "/robots.txt",
    }


@contextmanager
def village(folder: Path, count: int) -> Iterator[Site]:
    site = make_site(folder, options={"base_url": "https://sukamaju.desa.id"})
    with site.bound():
        boss = operator(site)
        actor_as(site, Role.ADMIN)
        rubrics.add_defaults(boss)
        body = "<p>Warga berkumpul di balai.</p><p>Selesai sebelum magrib.</p>"
        for number in range(count):
            text = Text(title=f"Kabar {number}", body=body, rubric="kesehatan", tags=("posyandu",))
            at = as_utc(START_MS) - timedelta(days=DAYS_APART * (count - number))
            made = service.create(boss, text, published_at=at)
            service.publish_now(boss, made.id)
            if number % 10 == 5:
                service.act(boss, service.Op.WITHDRAW, made.id)
        notice = service.create(boss, Text(title="Rapat warga", body=body), kind=Kind.ANNOUNCEMENT)
        service.publish_now(boss, notice.id)
        pages.create(boss, pages.Text(title="Sejarah", body=body))
        yield site
    site.close()


def statements(site: Site) -> dict[str, list[str]]:
    """Return the statements that each page takes once the process has warmed up."""
    web = app_of(site).test_client()
    seen: list[str] = []
    found = {}
    site.database.query_hooks.append(lambda event: seen.append(event.sql))
    for kind, path in paths(site).items():
        wanted = 404 if kind == "missing" else 200
        assert web.get(path).status_code == wanted, path
        seen.clear()
        web.get(path)
        found[kind] = list(seen)
    site.database.query_hooks.clear()
    return found


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, list[str]]]:
    found = {}
    for count in (FEW, MANY):
        with village(tmp_path_factory.mktemp(str(count)), count) as site:
            found[count] = statements(site)
    return found


def test_ten_times_the_articles_take_the_same_statements(
    counted: dict[int, dict[str, list[str]]],
) -> None:
    few, many = counted[FEW], counted[MANY]
    numbers = {kind: (len(few[kind]), len(many[kind])) for kind in few}
    differing = {kind: pair for kind, pair in numbers.items() if pair[0] != pair[1]}
    assert differing == {}


def test_no_page_of_readers_takes_many_statements(
    counted: dict[int, dict[str, list[str]]],
) -> None:
    # The media kit asks for each article's photos on their own; it is kept like all others.
    numbers = {kind: len(sql) for kind, sql in counted[MANY].items() if kind != "media kit"}
    assert max(numbers.values()) <= 14, numbers


def test_feeds_find_what_is_gone_without_walking_through_the_journal(site: Site) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []
    actor_as(site, Role.ADMIN)
    site.database.query_hooks.append(lambda event: seen.append((event.sql, event.params)))
    assert app_of(site).test_client().get("/feed.atom").status_code == 200
    site.database.query_hooks.clear()
    sql, params = next(pair for pair in seen if "'erase'" in pair[0])
    plan = site.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
    assert "journal_gone" in str(plan)


_SERVER = """
import sys
from pathlib import Path
from desa_web.app import create_app
from desa_web.cli.serving import _followers
from desa_web.core.site import open_site
from desa_web.features import due_handlers
site = open_site(Path(sys.argv[1]))
app = create_app(site)
_followers(site, app), due_handlers(site)
for path in ("/", "/berita/", "/feed.atom"):
    app.test_client().get(path)
print(*sys.modules)
"""


def test_a_village_s_server_loads_only_what_serving_needs(site: Site) -> None:
    """60 MB are soon full: asyncio alone takes 3, lxml 5, aiohttp 15."""
    done = subprocess.run(
        [sys.executable, "-c", _SERVER, str(site.path)],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    unneeded = {
        "psycopg2",
        "asyncio",
        "aiohttp",
        "lxml",
        "PIL",
        "whoosh",
        "pypdf",
        "yaml",
        "segno",
        "numpy",
        "markdown_it",
    }
    assert not unneeded & set(done.stdout.split())


def test_lists_never_read_bodies(counted: dict[int, dict[str, list[str]]]) -> None:
    for kind in ("home", "list", "month", "rubric", "tag", "announcements", "sitemap index"):
        for sql in counted[MANY][kind]:
            assert ".body" not in sql, kind


@pytest.mark.both_databases
def test_months_are_found_across_gaps_and_time_zones(site: Site) -> None:
    boss = operator(site)
    settings.change(boss, {"time_zone": "WIT"})
    assert queries.months(site, settings.read(site)) == []
    # 31 January, 23.30 WIB is February in Papua.
    for at in (
        datetime(2019, 12, 31, 12, tzinfo=UTC),
        datetime(2024, 1, 31, 16, 30, tzinfo=UTC),
        datetime(2026, 10, 1, tzinfo=UTC),
    ):
        made = service.create(
            boss, Text(title=f"Kabar {at.year}", body="<p>Isi.</p>"), published_at=at
        )
        service.publish_now(boss, made.id)
    assert queries.months(site, settings.read(site)) == [(2026, 10), (2024, 2), (2019, 12)]


@pytest.mark.both_databases
def test_readers_pages_and_feeds_are_made_from_either_database(site: Site) -> None:
    actor_as(site, Role.ADMIN)
    boss = operator(site)
    rubrics.add_defaults(boss)
    text = Text(title="Panen raya", body="<p>Isi.</p>", rubric="budaya", tags=("sawah",))
    service.publish_now(boss, service.create(boss, text).id)
    web = app_of(site).test_client()
    for path in ("/", "/berita/", "/berita/panen-raya", "/rubrik/budaya", "/tag/sawah"):
        assert "Panen raya" in web.get(path).text, path
    for path in ("/feed.atom", "/feed.json", "/rss.xml", "/arsip/2026-11.atom"):
        assert "Panen raya" in web.get(path).text, path
