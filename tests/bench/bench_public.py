"""What the whole program costs on real pages: uncached, kept, at two sizes, after publishing.

    python -m tests.bench.bench_public [--few 1000] [--many 10000] [--requests 160] [--rounds 9]

One run, servers side by side, asked in turns: a Flask hello (one route, five bytes) on the same
waitress 3.0.2 with its four threads; the real `desa serve` of a village with --few articles and of
one with --many, two a day, so that one has more months and not longer ones; that of the demo
village with its menu and photos; nginx on the folder that the first one baked. CPU is the server
processes' own, from the scheduler.

One connection asks for one uncached page at a time: with eight of them it is chance which thread
wakes which, and the Flask hello alone cost between 166 and 3,600 us on a machine with other work.
A ratio is made within each round, where all met the same machine; the middle one and the largest
are printed. "Uncached" requests carry If-Unmodified-Since, which the page store leaves to the
program: what is measured is reading the database and rendering, without keeping the page. What
keeping adds is printed apart. Gates nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from desa_web.app import create_app, page_store
from desa_web.core import settings
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, open_site
from desa_web.engines.pages import PageMiddleware, render_through
from desa_web.features.accounts import service as accounts
from desa_web.features.news import queries, service
from desa_web.features.news.article import Text
from desa_web.web.baking import PageFollower
from tests.bench import bench_serving
from tests.bench.bench_news import filled
from tests.bench.bench_serving import HELLO, Client, Target, cpu_us, nginx_server, python_server
from tests.harness.site import run_desa, running

FLASK_HELLO = """
import logging, waitress
from flask import Flask
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
app = Flask("hello")
app.add_url_rule("/", "hello", lambda: "hello")
server = waitress.create_server(app, host="127.0.0.1", port=0)
print(server.effective_port, flush=True)
server.run()
"""
UNCACHED = "If-Unmodified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n"
# The addresses of one kind of page each; {…} is filled in for a village.
PAGES = {
    "home": "/",
    "list": "/berita/",
    "article": "{article}",
    "month": "{month}",
    "rubric": "/rubrik/kesehatan",
    "tag": "/tag/posyandu",
    "board": "/pengumuman/",
    "search": "/cari",
    "sitemap": "/sitemap.xml",
    "sitemap, month": "/sitemap/{sitemap}.xml",
    "feed": "/feed.atom",
}
# Answers that are dear enough to be asked for less often.
DEAR = frozenset({"month", "rubric", "tag", "feed", "sitemap, month"})
ADDRESS = "http://sukamaju.desa.id"


@dataclass(frozen=True, slots=True)
class Village:
    """A served village and one of its articles that is neither new nor the oldest."""

    target: Target
    folder: Path
    pages: dict[str, str]


class Uncached(Client):
    """Asks past the page store."""

    def __init__(self, port: int, target: str) -> None:
        super().__init__(port, target, connections=1)
        self._request = self._request.replace(b"\r\n\r\n", f"\r\n{UNCACHED}\r\n".encode())


@contextmanager
def village(name: str, folder: Path, count: int) -> Iterator[Village]:
    """A village with `count` articles, or the demo village for 0; made unless it is there."""
    if (folder / "situs").is_dir():
        site = open_site(folder / "situs")
    elif count:
        site = filled(folder / "situs", count, a_day=2)
        with site.bound():
            # Without anybody the front page leads to the first day's wizard.
            accounts.add(operator(site), "siti", "Siti Rahayu", Role.ADMIN)
    else:
        done = run_desa("init", folder / "situs", "--demo")
        assert done.returncode == 0, done.stderr
        site = open_site(folder / "situs")
    with site.bound():
        settings.change(operator(site), {"public_address": ADDRESS})
        pages = addresses(site)
    site.close()
    launched = running("--site", folder / "situs", "serve", "--port", "0")
    with launched as (process, url):
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        target = Target(name, port, (process.pid,))
        print(f"{name}: {memory_line(target)} at the start", flush=True)
        _settle(target)
        print(f"{name}: {memory_line(target)} with all made that followers make", flush=True)
        yield Village(target, folder / "situs", pages)


def addresses(site: Site) -> dict[str, str]:
    """Return the page of each kind; the article is neither new nor among the oldest."""
    year, month = queries.months(site, settings.read(site))[-1]
    found = {
        "article": f"/berita/{queries.published(site, limit=40)[-1].slug}",
        "month": f"/berita/{year}/{month:02d}/",
        "sitemap": f"{year}-{month:02d}",
    }
    return {name: path.format(**found) for name, path in PAGES.items()}


def memory_line(target: Target) -> str:
    """Return resident and proportional memory: the latter shares libraries with others."""
    (pid,) = target.pids
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss_kb = int(rollup.split("Pss:")[1].split()[0])
    return f"{target.memory_mb():.0f} MB resident, {pss_kb / 1024:.0f} MB proportional"


def _settle(target: Target) -> None:
    """Wait until followers have nothing left to do: their work is not the page's."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        before = target.cpu_s()
        time.sleep(1)
        if target.cpu_s() - before < 0.02:
            return


def uncached(villages: dict[str, Village], hello: Target, requests: int, rounds: int) -> None:
    """Print CPU a request of pages that nobody kept, beside a Flask hello."""
    asked = {"flask hello": (hello, Client(hello.port, "/", connections=1), requests)}
    for size, place in villages.items():
        for kind, path in place.pages.items():
            count = max(16, requests // 10) if kind in DEAR else requests
            client = Uncached(place.target.port, path)
            asked[f"{kind}, {size}"] = (place.target, client, count)
    costs = _in_turns(asked, rounds)
    base = costs.pop("flask hello")
    print(f"{'flask hello':22} {statistics.median(base):8.0f} us CPU a request")
    for name, values in costs.items():
        half, most = _ratio(values, base)
        cost = statistics.median(values)
        print(f"{name:22} {cost:8.0f} us = {half:5.2f} x flask hello (most {most:.2f})")
    print("promised: home and article <= 5 x flask hello")
    for kind in PAGES:
        half, most = _ratio(costs[f"{kind}, many"], costs[f"{kind}, few"])
        per_page = [_weight(villages[size], kind) for size in ("few", "many")]
        kb = " / ".join(f"{weight / 1000:.0f}" for weight in per_page)
        print(f"{kind:16} many / few {half:.2f} (most {most:.2f}), {kb} KB")


def _weight(place: Village, kind: str) -> int:
    with urlopen(f"http://127.0.0.1:{place.target.port}{place.pages[kind]}") as answer:
        return len(answer.read())


def _ratio(values: list[float], base: list[float]) -> tuple[float, float]:
    found = [value / one for value, one in zip(values, base, strict=True)]
    return statistics.median(found), max(found)


def statements(villages: dict[str, Village]) -> None:
    """Print how many statements each page takes, and what keeping a page adds."""
    counted = {size: count_statements(place) for size, place in villages.items()}
    for kind in PAGES:
        found = " / ".join(str(counted[size][kind]) for size in villages)
        print(f"{kind:16} {found} statements ({' / '.join(villages)})")


def count_statements(place: Village) -> dict[str, int]:
    site = open_site(place.folder)
    app = create_app(site)
    web, seen = app.test_client(), []
    site.database.query_hooks.append(seen.append)
    found = {}
    for kind, path in place.pages.items():
        for _ in range(2):
            # Twice: what a process learns once and for all is not the page's.
            seen.clear()
            assert web.get(path).status_code == 200, path
        found[kind] = len(seen)
    page_store(app).close()
    site.close()
    return found


def keeping(place: Village) -> None:
    """Print what packing and storing add to a page that is made and kept."""
    site = open_site(place.folder)
    app = create_app(site)
    store = page_store(app)
    wsgi = PageMiddleware(app, store)
    for kind in ("home", "article"):
        path = place.pages[kind]
        made, kept = render_through(app, ADDRESS), render_through(wsgi, ADDRESS)
        costs: dict[str, list[float]] = {"made": [], "kept": []}
        for _ in range(60):
            store.drop({"site"})
            for name, work in (("made", made), ("kept", kept)):
                began = time.thread_time()
                work(path)
                costs[name].append((time.thread_time() - began) * 1e6)
        half = {name: statistics.median(values) for name, values in costs.items()}
        print(f"{kind}: made {half['made']:.0f} us, made and kept {half['kept']:.0f} us")
    store.close()
    site.close()


def kept(place: Village, baked: Path, folder: Path, requests: int) -> None:
    """Print CPU a request of kept real pages, beside a bare hello and nginx on the same files."""
    with ExitStack() as stack:
        hello = stack.enter_context(python_server("hello", HELLO))
        asked = {
            "hello": (hello, Client(hello.port, "/"), requests),
            "home": (place.target, Client(place.target.port, "/"), requests),
            "article": (place.target, Client(place.target.port, place.pages["article"]), requests),
        }
        if shutil.which("nginx"):
            nginx = stack.enter_context(nginx_server(baked, folder))
            asked["nginx home"] = (nginx, Client(nginx.port, "/"), requests)
            asked["nginx article"] = (nginx, Client(nginx.port, place.pages["article"]), requests)
        costs = _in_turns(asked, 7)
    for name, values in costs.items():
        print(f"{name:14} {statistics.median(values):8.1f} us CPU a request")
    for page in ("home", "article"):
        half, most = _ratio(costs[page], costs["hello"])
        print(f"kept {page} / hello {half:.2f} (most {most:.2f})   (promised <= 0.3)")
        if f"nginx {page}" in costs:
            half, most = _ratio(costs[page], costs[f"nginx {page}"])
            print(f"kept {page} / nginx {half:.2f} (most {most:.2f})   (promised <= 2)")


def publishing(folder: Path) -> None:
    """Print how many kept pages one new article takes away."""
    site = open_site(folder)
    with site.bound():
        app = create_app(site)
        store = page_store(app)
        ask = PageMiddleware(app, store)
        follower = PageFollower(site, store, ask)
        targets = ["/", "/berita/", "/feed.atom", "/sitemap.xml", "/pengumuman/"]
        items = queries.published(site, limit=1000)
        targets += [f"/berita/{item.slug}" for item in items]
        targets += sorted({f"/rubrik/{item.rubric_slug}" for item in items})
        follower.bake(targets)
        before = store.stats()["entries"]
        statements, gone = publish_one(site, store)
        print(f"{before} pages kept; publishing one article drops {len(gone)}: {' '.join(gone)}")
        print(f"{statements} statements for one publication")
        store.close()
    site.close()


def publish_one(site: Site, store: object) -> tuple[int, list[str]]:
    dropped: list[str] = []
    real, drop = site.database.execute_sql, store.drop  # type: ignore[attr-defined]
    seen: list[str] = []
    store.drop = lambda keys: dropped.extend(found := drop(keys)) or found  # type: ignore[attr-defined]
    site.database.execute_sql = lambda sql, *a, **k: (seen.append(sql), real(sql, *a, **k))[1]
    try:
        boss = operator(site)
        text = Text(title="Kabar terbaru sekali", body="<p>Baru.</p>", rubric="kesehatan")
        service.publish_now(boss, service.create(boss, text).id)
    finally:
        site.database.execute_sql = real
        store.drop = drop  # type: ignore[attr-defined]
    return len(seen), sorted(set(dropped))


def _in_turns(asked: dict[str, tuple[Target, Client, int]], rounds: int) -> dict[str, list[float]]:
    """Return each one's CPU a request, round by round."""
    costs: dict[str, list[float]] = {name: [] for name in asked}
    for target, client, count in asked.values():
        cpu_us(target, client, min(count, 80))
    for _ in range(rounds):
        for name, (target, client, count) in asked.items():
            costs[name].append(cpu_us(target, client, count))
    for _target, client, _count in asked.values():
        client.close()
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sites", type=Path, help="keep the villages here, use them again")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(bench_serving.ROOT)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = options.sites or Path(name)
        sizes = {"few": options.few, "many": options.many, "demo": 0}
        villages = {
            size: stack.enter_context(village(size, folder / size, count))
            for size, count in sizes.items()
        }
        hello = stack.enter_context(python_server("flask hello", FLASK_HELLO))
        uncached(villages, hello, options.requests, options.rounds)
        baked = villages["few"].folder / "cache" / "pages" / "public"
        (Path(name) / "nginx").mkdir()
        kept(villages["few"], baked, Path(name) / "nginx", options.requests * 20)
        for size, place in villages.items():
            print(f"{size}: {memory_line(place.target)} after all these pages")
        stack.close()
        statements(villages)
        keeping(villages["demo"])
        publishing(villages["few"].folder)


if __name__ == "__main__":
    main()
