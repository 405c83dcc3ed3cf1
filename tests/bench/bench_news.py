"""Save, publish, list at 1,000 and 10,000 articles: CPU, statements, ratio. Gates nothing.

python -m tests.bench.bench_news [--many 10000]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.site import Site, create
from desa_web.features.news import queries, rubrics, service
from desa_web.features.news.article import Text

WORDS = ("warga", "desa", "jalan", "sawah", "panen", "rapat", "posyandu", "pasar", "air", "bibit")
RUNS = 60


def filled(folder: Path, count: int, *, a_day: float = 0) -> Site:
    """Return a site with `count` published articles of ~250 words, all of today or some a day."""
    site = create(folder)
    rnd = random.Random(7)
    with site.bound():
        boss = operator(site)
        rubrics.add_defaults(boss)
        # Durability is not what is measured while filling.
        db.execute(site.database, "PRAGMA synchronous = OFF")
        for number in range(count):
            age = timedelta(days=(count - number) / a_day if a_day else 0)
            made = service.create(boss, text(rnd, number), published_at=datetime.now(UTC) - age)
            service.publish_now(boss, made.id)
        db.execute(site.database, "PRAGMA synchronous = FULL")
        db.execute(site.database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return site


def text(rnd: random.Random, number: int) -> Text:
    body = "".join(f"<p>{' '.join(rnd.choices(WORDS, k=50))}.</p>" for _ in range(5))
    rubric = rnd.choice(rubrics.DEFAULTS)
    return Text(title=f"Kabar {number}", body=body, rubric=rubric, tags=(rnd.choice(WORDS),))


def measured(site: Site, work: Callable[[], object]) -> tuple[float, int]:
    """Return (CPU ms, statements) of one call, the middle of many."""
    seen: list[str] = []
    real = site.database.execute_sql
    site.database.execute_sql = lambda sql, *a, **k: (seen.append(sql), real(sql, *a, **k))[1]
    times = []
    try:
        work()
        for _ in range(RUNS):
            seen.clear()
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
    finally:
        site.database.execute_sql = real
    return sorted(times)[RUNS // 2] * 1000, len(seen)


def works(site: Site) -> dict[str, Callable[[], object]]:
    boss, rnd = operator(site), random.Random(11)
    drafts = [service.create(boss, text(rnd, 900_000 + n)) for n in range(3 * RUNS)]
    queue = iter(drafts)
    rubric = rubrics.rubric("pembangunan")
    return {
        "save": lambda: service.save(boss, drafts[-1].id, text(rnd, rnd.getrandbits(40))),
        "publish": lambda: service.publish_now(boss, next(queue).id),
        "list": lambda: queries.published(site, limit=12),
        "rubric": lambda: queries.published(site, rubric_id=rubric.id, limit=12),
        "desk": lambda: queries.desk(boss, limit=30),
        "article": lambda: queries.live(site, "kabar-500"),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10_000)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, int]]] = {}
    for count in (options.few, options.many):
        with tempfile.TemporaryDirectory() as folder:
            site = filled(Path(folder) / "situs", count)
            with site.bound():
                for name, work in works(site).items():
                    found.setdefault(name, []).append(measured(site, work))
            site.close()
    print(f"{'':10}{options.few:>10} {options.many:>10}   ratio  statements")
    for name, ((few, one), (many, other)) in found.items():
        print(f"{name:10}{few:8.2f}ms {many:8.2f}ms {many / few:7.2f}  {one} / {other}")


if __name__ == "__main__":
    main()
