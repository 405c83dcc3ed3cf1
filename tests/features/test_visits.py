"""Visits: counted on both ways to a page, without a trace of who reads, and never in the way."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from desa_web.app import create_app, page_store, server_options
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.engines.pages.readers import is_reader
from desa_web.features.news import queries
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.visits import service
from desa_web.features.visits.counters import KEPT_DAYS, counters
from desa_web.features.visits.keeper import Counting, Keeper
from desa_web.web.server import make_server
from tests.harness.site import actor_as, client, clock_of, run_desa, serving

PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Mobile"


def publish(site: Site, title: str) -> str:
    boss = operator(site)
    made = news.create(boss, Text(title=title, body="<p>Isi.</p>"))
    return news.publish_now(boss, made.id).slug


def ask(port: int, *paths: str, agent: str = PHONE, more: str = "") -> list[bytes]:
    """Ask on one connection, as a browser does; return the status of each answer."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for path in paths:
            head = f"GET {path} HTTP/1.1\r\nHost: desa\r\nUser-Agent: {agent}\r\n{more}\r\n"
            line.sendall(head.encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += line.recv(1 << 16)
            top, _end, body = answer.partition(b"\r\n\r\n")
            size = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < size:
                body += line.recv(1 << 16)
            found.append(top.split()[1])
    return found


@contextmanager
def served(site: Site) -> Iterator[tuple[int, Keeper]]:
    """Serve in this process; the keeper keeps when it is told to stop."""
    app = create_app(site)
    store = page_store(app)
    server = make_server(app, store, options=server_options(site))
    assert server.is_fast
    thread = threading.Thread(target=server.run)
    thread.start()
    keeper = Keeper(site, store, every_s=3600)
    keeper.start()
    try:
        yield server.port, keeper
    finally:
        server.stop()
        thread.join()
        keeper.stop()
        store.close()


def test_readers_are_counted_on_the_fast_path_and_off_it(site: Site) -> None:
    actor_as(site, Role.ADMIN)
    slug = publish(site, "Panen raya")
    with served(site) as (port, keeper):
        # The first is rendered, the others come out of the store.
        assert ask(port, *[f"/berita/{slug}"] * 5, "/", "/") == [b"200"] * 7
        keeper.stop()
        assert service.popular(site)[0].views == 5
    assert sum(n for _day, n in service.a_day(site)) == 7


def test_programs_prefetches_staff_and_lost_pages_are_not_counted(site: Site) -> None:
    actor_as(site, Role.ADMIN)
    path = f"/berita/{publish(site, 'Panen raya')}"
    with served(site) as (port, keeper):
        for _ in range(2):
            ask(port, path, agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
            ask(port, path, agent="WhatsApp/2.23.20.0 A")
            ask(port, path, more="Sec-Purpose: prefetch;prerender\r\n")
            ask(port, path, more="Purpose: prefetch\r\n")
            ask(port, path, more="X-Moz: prefetch\r\n")
            ask(port, path, more="Cookie: desa_sesi=abc\r\n")
            ask(port, "/berita/tidak-ada", "/robots.txt")
        keeper.stop()
    assert service.popular(site) == []
    assert sum(n for _day, n in service.a_day(site)) == 0


@pytest.mark.parametrize(
    ("agent", "reads"),
    [
        (PHONE, True),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", True),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/9.80) Presto/2.12.423 Version/12.16", True),
        ("UCWEB/2.0 (MIDP-2.0; U; Adr 4.4.4; id; SM-G313HZ) U2/1.0.0 UCBrowser/10.7", True),
        ("", False),
        ("curl/8.5.0", False),
        ("facebookexternalhit/1.1", False),
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html)", False),
        ("Mozilla/5.0 HeadlessChrome/156.0", False),
    ],
)
def test_who_counts_as_a_reader(agent: str, reads: bool) -> None:
    assert is_reader(agent, "") is reads
    assert not is_reader(agent, "prefetch")


def test_the_file_holds_days_objects_and_numbers_only(site: Site) -> None:
    publish(site, "Panen raya")
    service.keep(site, {"/berita/panen-raya": 2, "/?utm_source=x": 1, "/": 1})
    with sqlite3.connect(site.data / "counters.db") as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(views)")]
        rows = db.execute("SELECT object, n FROM views ORDER BY n, object").fetchall()
    assert names == ["day", "object", "n"]
    article = queries.published(site)[0].id
    assert sorted(rows) == sorted([("/", 2), (article, 2)])


def test_an_article_keeps_its_count_at_a_new_address(site: Site) -> None:
    boss = operator(site)
    publish(site, "Panen raya")
    service.keep(site, {"/berita/panen-raya": 2})
    news.move(boss, queries.published(site)[0].id, "panen-besar")
    service.keep(site, {"/berita/panen-besar": 3})
    (found,) = service.popular(site)
    assert (found.url, found.views) == ("/berita/panen-besar", 5)


def test_the_most_read_are_of_the_last_days_and_live(site: Site) -> None:
    boss = operator(site)
    for title in ("Lama", "Baru", "Ditarik"):
        publish(site, title)
    service.keep(site, {"/berita/lama": 50})
    clock_of(site).advance(days=8)
    service.keep(site, {"/berita/baru": 2, "/berita/ditarik": 9})
    withdrawn = next(item for item in queries.published(site) if item.title == "Ditarik")
    news.act(boss, news.Op.WITHDRAW, withdrawn.id)
    assert [one.title for one in service.popular(site, days=7)] == ["Baru"]
    assert [one.title for one in service.popular(site, days=30)] == ["Lama", "Baru"]
    assert [n for _day, n in service.a_day(site, days=9)] == [50, 0, 0, 0, 0, 0, 0, 0, 11]


def test_old_days_are_forgotten_and_a_wrong_clock_counts_today(site: Site) -> None:
    publish(site, "Kabar")
    service.keep(site, {"/": 1})
    clock_of(site).advance(days=KEPT_DAYS - 1)
    publish(site, "Jauh kemudian")
    clock_of(site).set(0)
    service.keep(site, {"/": 2})
    assert service.a_day(site, days=1)[0][1] == 2, "1970 is no day of this village"
    with counters(site) as kept:
        assert kept is not None
        assert len(kept.days("2000-01-01")) == 2
    clock_of(site).set(1_795_309_200_000 + (KEPT_DAYS + 5) * 86_400_000)
    service.keep(site, {"/": 3})
    with counters(site) as kept:
        assert kept is not None
        assert sorted(kept.days("2000-01-01").values()) == [2, 3]


def test_a_broken_file_is_begun_anew_and_the_desk_goes_on(site: Site) -> None:
    publish(site, "Panen raya")
    file = site.data / "counters.db"
    file.write_bytes(b"not a database" * 500)
    admin = actor_as(site, Role.ADMIN)
    assert client(site, admin).get("/kelola/").status_code == 200
    service.keep(site, {"/berita/panen-raya": 4})
    page = client(site, admin).get("/kelola/").text
    assert "4 kali dalam 30 hari" in page
    assert "Panen raya" in page
    assert "dibaca 4 kali" in client(site, admin).get("/kelola/berita").text


def test_a_full_disk_costs_counts_and_nothing_else(site: Site) -> None:
    actor_as(site, Role.ADMIN)
    publish(site, "Panen raya")
    file = site.data / "counters.db"
    file.mkdir()
    with served(site) as (port, keeper):
        assert ask(port, "/berita/panen-raya") == [b"200"]
        keeper._keep()
        assert ask(port, "/berita/panen-raya") == [b"200"]
        file.rmdir()
        keeper.stop()
    assert service.popular(site)[0].views == 1


def test_each_process_of_another_server_keeps_its_own_counts(site: Site) -> None:
    app = create_app(site)
    store = page_store(app)
    asked = []

    def program(environ: object, start: object) -> list[bytes]:
        asked.append(environ)
        return []

    counting = Counting(program, site, store)
    threads = {thread.name for thread in threading.enumerate()}
    assert "visits" not in threads
    counting({}, lambda *_: None)
    counting({}, lambda *_: None)
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("visits") == 1
    assert len(asked) == 2
    store.close()


def test_desa_serve_keeps_what_it_counted_when_it_stops(site: Site) -> None:
    actor_as(site, Role.ADMIN)
    slug = publish(site, "Panen raya")
    with serving(site) as url:
        port = urlsplit(url).port or 0
        ask(port, *[f"/berita/{slug}"] * 3)
    done = run_desa("--site", site.path, "--json", "visits", "top", "--days", "400")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert (found["title"], found["url"], found["views"]) == ("Panen raya", f"/berita/{slug}", 3)
    done = run_desa("--site", site.path, "--json", "visits", "days", "--days", "400")
    assert sum(day["views"] for day in json.loads(done.stdout)) == 3


def test_counting_a_view_costs_a_hundredth_of_an_answer() -> None:
    # A kept page takes about 8 us; a third of one may be what the headers say.
    began = time.process_time()
    for _ in range(20_000):
        is_reader(PHONE, "")
    assert (time.process_time() - began) / 20_000 < 3e-6
