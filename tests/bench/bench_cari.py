"""/cari of the real server beside its other pages: latency, CPU, memory. Gates nothing.

    python -m tests.bench.bench_cari [--sizes 1000,10000] [--queries 300]

Every request names another reader's address, so that the limit for one address is not what is
measured. Prints wall and CPU milliseconds a request and the server's resident memory.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

from desa_web.core import db
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, create
from desa_web.engines.search.stem import roots
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Text
from tests.harness.site import actor_as, run_desa, running

_AFFIXES = ("{}", "{}", "{}", "di{}", "ber{}", "{}nya", "{}an", "{}kan", "me{}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="1000,10000")
    options.add_argument("--queries", type=int, default=300)
    chosen = options.parse_args()
    for size in map(int, chosen.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder) / "situs", size, chosen.queries)


def _measure(folder: Path, size: int, count: int) -> None:
    picker = random.Random(size)
    words = sorted(roots())
    picker.shuffle(words)
    print(f"\n{size} articles of ~250 words")
    titles = _filled(folder, size, picker, words)
    began = time.perf_counter()
    done = run_desa("--site", folder, "search", "rebuild")
    assert done.returncode == 0, done.stderr
    print(f"  rebuild, whole command: {time.perf_counter() - began:.1f} s")
    queries = [" ".join(picker.sample(picker.choice(titles).split(), 3)) for _ in range(count)]
    with running("--site", folder, "serve", "--port", "0", timeout_s=600) as (process, url):
        server = _Server(url, process.pid)
        server.get("/")
        before_mb = server.resident_mb()
        began = time.perf_counter()
        server.get(f"/cari?q={quote(queries[0])}")
        first_ms = (time.perf_counter() - began) * 1000
        first_mb = server.resident_mb()
        searching = server.timed([f"/cari?q={quote(q)}" for q in queries])
        suggesting = server.timed([f"/cari/saran?q={quote(q[:5])}" for q in queries])
        starting = server.timed(["/cari"] * (count // 3))
        _show("/cari?q=", searching)
        _show("/cari/saran", suggesting)
        _show("/cari without words (theme and ways on only)", starting)
        print(f"  CPU of a suggestion / a search: {suggesting[1] / searching[1]:.2f}")
        added_mb = server.resident_mb() - before_mb
        print(
            f"  resident: {before_mb:.0f} MB before, {first_mb - before_mb:+.0f} MB after one "
            f"search ({first_ms:.0f} ms), {added_mb:+.0f} MB after all"
        )
        print(f"  published to found: {_found_after(folder, server):.2f} s")


class _Server:
    def __init__(self, url: str, pid: int) -> None:
        where = urlsplit(url)
        self._where = (where.hostname or "", where.port)
        self._pid = pid
        self._number = 0

    def get(self, path: str) -> str:
        self._number += 1
        connection = HTTPConnection(*self._where, timeout=60)
        number = self._number
        sender = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        connection.request("GET", path, headers={"X-Forwarded-For": sender})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, text
        return text

    def timed(self, paths: Sequence[str]) -> tuple[list[float], float]:
        """Return the wall times and the server's CPU time of one request, in ms."""
        times, cpu = [], self._cpu_s()
        for path in paths:
            began = time.perf_counter()
            self.get(path)
            times.append((time.perf_counter() - began) * 1000)
        return sorted(times), (self._cpu_s() - cpu) * 1000 / len(paths)

    def resident_mb(self) -> float:
        text = Path(f"/proc/{self._pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _filled(folder: Path, size: int, picker: random.Random, words: list[str]) -> list[str]:
    site = create(folder, {"trusted_proxies": ("127.0.0.1",)})
    titles = []
    with site.bound():
        boss = actor_as(site, Role.ADMIN)
        rubrics.add_defaults(boss)
        db.execute(site.database, "PRAGMA synchronous = OFF")
        for _ in range(size):
            titles.append(_sentence(picker, words, 6))
            body = "".join(f"<p>{_sentence(picker, words, 50)}.</p>" for _ in range(5))
            text = Text(title=titles[-1], body=body, rubric=picker.choice(rubrics.DEFAULTS))
            service.publish_now(boss, service.create(boss, text).id)
        db.execute(site.database, "PRAGMA wal_checkpoint(TRUNCATE)")
    site.close()
    return titles


def _sentence(picker: random.Random, words: list[str], count: int) -> str:
    """Return words as they fall in texts: a few very often, most seldom (Zipf)."""
    places = (int(len(words) ** picker.random()) - 1 for _ in range(count))
    return " ".join(picker.choice(_AFFIXES).format(words[place]) for place in places)


def _found_after(folder: Path, server: _Server) -> float:
    from desa_web.core.site import open_site

    site: Site = open_site(folder)
    with site.bound():
        boss = operator(site)
        article = service.create(boss, Text(title="Zamrudkhatulistiwa", body="<p>Kabar.</p>"))
        began = time.perf_counter()
        service.publish_now(boss, article.id)
    site.close()
    hit = '<h3 class="judul"><a href="/berita/zamrud'
    while hit not in server.get("/cari?q=zamrudkhatulistiwa"):
        time.sleep(0.05)
    return time.perf_counter() - began


def _show(name: str, measured: tuple[list[float], float]) -> None:
    times, cpu_ms = measured
    p99 = times[int(len(times) * 0.99)]
    print(f"  {name}: p50 {statistics.median(times):.1f} p99 {p99:.1f} ms, CPU {cpu_ms:.1f} ms")


if __name__ == "__main__":
    main()
