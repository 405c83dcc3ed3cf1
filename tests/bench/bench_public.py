"""What the whole program costs on real pages: uncached, kept, at two sizes, after publishing.

    python -m tests.bench.bench_public [--few 1000] [--many 10000] [--requests 300]

One run, servers side by side: a Flask hello on stock waitress, the real `desa serve` of a village
with --few articles and of one with --many, nginx on the folder it baked. CPU is the server
processes' own, from the scheduler. "Uncached" requests carry If-Match, which the page store leaves
to the program. Gates nothing.
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

from desa_web.app import create_app, page_store
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, open_site
from desa_web.engines.pages import PageMiddleware
from desa_web.features.accounts import service as accounts
from desa_web.features.news import queries, service
from desa_web.features.news.article import Text
from desa_web.web.baking import PageFollower
from tests.bench import bench_serving
from tests.bench.bench_news import filled
from tests.bench.bench_serving import HELLO, Client, Target, cpu_us, nginx_server, python_server
from tests.harness.site import running

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
UNCACHED = "If-Match: *\r\n"


@dataclass(frozen=True, slots=True)
class Village:
    """A served village and one of its articles that is neither new nor the oldest."""

    target: Target
    article: str


class Uncached(Client):
    """Asks past the page store."""

    def __init__(self, port: int, target: str) -> None:
        super().__init__(port, target)
        self._request = self._request.replace(b"\r\n\r\n", f"\r\n{UNCACHED}\r\n".encode())


@contextmanager
def village(name: str, folder: Path, count: int) -> Iterator[Village]:
    site = filled(folder / "situs", count)
    with site.bound():
        # Without anybody the front page leads to the first day's wizard.
        accounts.add(operator(site), "siti", "Siti Rahayu", Role.ADMIN)
        article = queries.published(site, limit=40)[-1].slug
    site.close()
    launched = running("--site", folder / "situs", "serve", "--port", "0")
    with launched as (process, url):
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        target = Target(name, port, (process.pid,))
        _settle(target)
        yield Village(target, f"/berita/{article}")


def _settle(target: Target) -> None:
    """Wait until followers have nothing left to do: their work is not the page's."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        before = target.cpu_s()
        time.sleep(1)
        if target.cpu_s() - before < 0.02:
            return


def uncached(few: Village, many: Village, hello: Target, requests: int) -> None:
    """Print CPU a request of pages that nobody kept, beside a Flask hello."""
    asked = {
        "flask hello": (hello, Client(hello.port, "/")),
        "home, few": (few.target, Uncached(few.target.port, "/")),
        "home, many": (many.target, Uncached(many.target.port, "/")),
        "article, few": (few.target, Uncached(few.target.port, few.article)),
        "article, many": (many.target, Uncached(many.target.port, many.article)),
    }
    costs = _in_turns(asked, requests)
    base = costs["flask hello"]
    for name, cost in costs.items():
        print(f"{name:14} {cost:8.0f} us CPU a request = {cost / base:.2f} x flask hello")
    for page in ("home", "article"):
        ratio = costs[f"{page}, many"] / costs[f"{page}, few"]
        print(f"{page}: many / few {ratio:.2f}   (promised <= 1.3; uncached <= 5 x flask hello)")


def kept(place: Village, baked: Path, folder: Path, requests: int) -> None:
    """Print CPU a request of kept real pages, beside a bare hello and nginx on the same files."""
    with ExitStack() as stack:
        hello = stack.enter_context(python_server("hello", HELLO))
        asked = {
            "hello": (hello, Client(hello.port, "/")),
            "home": (place.target, Client(place.target.port, "/")),
            "article": (place.target, Client(place.target.port, place.article)),
        }
        if shutil.which("nginx"):
            nginx = stack.enter_context(nginx_server(baked, folder))
            asked["nginx home"] = (nginx, Client(nginx.port, "/"))
            asked["nginx article"] = (nginx, Client(nginx.port, place.article))
        costs = _in_turns(asked, requests)
    for name, cost in costs.items():
        print(f"{name:14} {cost:8.1f} us CPU a request")
    for page in ("home", "article"):
        print(f"kept {page} / hello {costs[page] / costs['hello']:.2f}   (promised <= 0.3)")
        if f"nginx {page}" in costs:
            ratio = costs[page] / costs[f"nginx {page}"]
            print(f"kept {page} / nginx {ratio:.2f}   (promised <= 2)")


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


def _in_turns(asked: dict[str, tuple[Target, Client]], requests: int) -> dict[str, float]:
    costs: dict[str, list[float]] = {name: [] for name in asked}
    for target, client in asked.values():
        cpu_us(target, client, 80)
    for _ in range(5):
        for name, (target, client) in asked.items():
            costs[name].append(cpu_us(target, client, requests))
    for _target, client in asked.values():
        client.close()
    return {name: statistics.median(values) for name, values in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=304)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(bench_serving.ROOT)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        few = stack.enter_context(village("few", folder / "few", options.few))
        many = stack.enter_context(village("many", folder / "many", options.many))
        print(f"memory of desa serve: {few.target.memory_mb():.0f} MB, search index just built")
        hello = stack.enter_context(python_server("flask hello", FLASK_HELLO))
        uncached(few, many, hello, options.requests)
        (folder / "nginx").mkdir()
        baked = folder / "few" / "situs" / "cache" / "pages" / "public"
        kept(few, baked, folder / "nginx", options.requests * 10)
        after = [round(v.target.memory_mb()) for v in (few, many)]
        print(f"memory of desa serve: {after} MB (few, many), with search   (promised <= 120)")
        stack.close()
        publishing(folder / "few" / "situs")


if __name__ == "__main__":
    main()
