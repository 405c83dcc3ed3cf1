"""Speed beside SQLite FTS5 in one run: same articles, same queries, same snippets and facets.

    python tests/bench/bench_search_speed.py [--sizes 1000,10000]

CPU time; prints ratios, gates nothing. FTS5 gets a search with the same work: the ten best by
bm25, a marked snippet for each, counts by rubric, kind and year over all answers.
"""

from __future__ import annotations

import argparse
import gc
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from desa_web.engines.search import Cursor, Document, Query, SearchIndex
from desa_web.engines.search.stem import roots

_RUBRICS = ("Kabar Desa", "Pertanian", "Kesehatan", "Pendidikan", "Budaya", "Pembangunan")
_AFFIXES = ("{}", "{}", "{}", "{}", "di{}", "ber{}", "{}nya", "{}an", "{}kan", "ter{}", "me{}")
_YEAR_MS = 31_557_600_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="1000,10000")
    options.add_argument("--queries", type=int, default=400)
    chosen = options.parse_args()
    for size in map(int, chosen.sizes.split(",")):
        _measure(size, chosen.queries)


def _measure(size: int, count: int) -> None:
    picker = random.Random(size)
    documents = _articles(picker, size)
    queries = _queries(picker, documents, count)
    print(f"\n{size} articles")
    db = _timed_fts5(documents)
    before = _resident_mb()
    index = _timed_index(documents)
    ours = _timings(lambda text: index.find(Query(text)), queries)
    after = _resident_mb()
    fts5 = _timings(lambda text: _fts5_search(db, text), queries)
    _show("FTS5", fts5)
    _show("ours", ours)
    half = len(ours) // 2
    print(
        f"  ratio p50 {sorted(ours)[half] / sorted(fts5)[half]:.2f}"
        f"  own p99/p50 {_quantile(ours, 0.99) / _quantile(ours, 0.5):.1f}"
        f"  resident {after - before:+.0f} MB"
    )
    prefixes = [query[: picker.randint(2, 5)] for query in queries]
    suggesting = _timings(index.suggest, prefixes)
    _show("suggest", suggesting)
    print(f"  suggest / search {_quantile(suggesting, 0.5) / _quantile(ours, 0.5):.3f}")
    typos = [query[:3] + "x" + query[3:] for query in queries]
    _show("typos", _timings(lambda text: index.find(Query(text)), typos))
    quoted = [f'"{query}"' for query in queries]
    _show("phrases", _timings(lambda text: index.find(Query(text)), quoted))
    _commits(index, picker, size)
    _show("after commits", _timings(lambda text: index.find(Query(text)), queries))


def _articles(picker: random.Random, size: int) -> list[Document]:
    """Make articles whose words follow Zipf's law, as real text does; affixes as they come."""
    words = sorted(roots())
    picker.shuffle(words)
    words += [f"{a}{b}" for a, b in zip(words, reversed(words), strict=True)] * 3
    vocabulary = [picker.choice(_AFFIXES).format(word) for word in words * 3]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))

    def text(length: int) -> str:
        return " ".join(picker.choices(vocabulary, cum_weights=weights, k=length))

    return [
        Document(
            "article" if number % 10 else "page",
            str(number),
            f"/berita/{number}",
            text(7).capitalize(),
            ". ".join(text(12).capitalize() for _ in range(21)),
            tuple(text(2).split()),
            _RUBRICS[number % len(_RUBRICS)],
            1_500_000_000_000 + number * 8 * _YEAR_MS // size,
        )
        for number in range(size)
    ]


def _queries(picker: random.Random, documents: list[Document], count: int) -> list[str]:
    """One to three words that stand in some title, so that frequent words come often."""
    return [
        " ".join(picker.sample(picker.choice(documents).title.split(), picker.randint(1, 3)))
        for _ in range(count)
    ]


def _timed_fts5(documents: list[Document]) -> sqlite3.Connection:
    db = sqlite3.connect(Path(tempfile.mkdtemp()) / "fts.db")
    start = time.process_time()
    db.execute(
        "CREATE TABLE doc(id INTEGER PRIMARY KEY, kind, url, title, body, tags, rubric, year)"
    )
    db.execute("CREATE VIRTUAL TABLE fts USING fts5(title, tags, body, content='doc')")
    with db:
        db.executemany(
            "INSERT INTO doc VALUES (?,?,?,?,?,?,?,?)",
            [
                (int(d.id), d.kind, d.url, d.title, d.body, " ".join(d.tags), d.rubric,
                 time.gmtime(d.published_at / 1000).tm_year)
                for d in documents
            ],
        )  # fmt: skip
        db.execute("INSERT INTO fts(fts) VALUES ('rebuild')")
    db.execute("INSERT INTO fts(fts) VALUES ('optimize')")
    _timed_fts5.cpu_s = time.process_time() - start  # type: ignore[attr-defined]
    return db


def _fts5_search(db: sqlite3.Connection, text: str) -> list[object]:
    match = " AND ".join(f'"{word}"' for word in text.split())
    found: list[object] = db.execute(
        "SELECT d.id, d.kind, d.url, d.title, snippet(fts, 2, '[', ']', '…', 32)"
        " FROM fts JOIN doc d ON d.id = fts.rowid WHERE fts MATCH ?"
        " ORDER BY bm25(fts, 3, 1.5, 1) LIMIT 10",
        (match,),
    ).fetchall()
    for facet in ("kind", "rubric", "year"):
        found += db.execute(
            f"SELECT {facet}, count(*) FROM fts JOIN doc ON doc.id = fts.rowid"
            " WHERE fts MATCH ? GROUP BY 1",
            (match,),
        ).fetchall()
    return found


def _timed_index(documents: list[Document]) -> SearchIndex:
    index = SearchIndex(Path(tempfile.mkdtemp()) / "index")
    child, own = _child_cpu_s(), time.process_time()
    index.rebuild(documents, Cursor("bench", 1))
    cpu_s = _child_cpu_s() - child + time.process_time() - own
    fts5_s: float = _timed_fts5.cpu_s  # type: ignore[attr-defined]
    print(f"  rebuild {cpu_s:.2f} s CPU, FTS5 {fts5_s:.2f} s, ratio {cpu_s / fts5_s:.1f}")
    print(f"  index {index.status().size_bytes / 1e6:.1f} MB")
    return index


def _commits(index: SearchIndex, picker: random.Random, size: int) -> None:
    documents = _articles(picker, 300)
    timings = []
    for number, document in enumerate(documents):
        update = Document(**{
            **{name: getattr(document, name) for name in Document.__slots__},
            "id": str(picker.randrange(size) if number % 3 == 0 else size + number),
        })  # fmt: skip
        start = time.process_time()
        index.apply([update], Cursor("bench", number + 2))
        timings.append(time.process_time() - start)
    _show("commit", timings)
    print(f"  segments {index.status().segments}")


def _timings(call: Callable[[str], object], texts: list[str]) -> list[float]:
    for text in texts[:20]:
        call(text)
    gc.collect()
    timings = []
    for text in texts:
        start = time.process_time_ns()
        call(text)
        timings.append((time.process_time_ns() - start) / 1e9)
    return timings


def _show(name: str, timings: list[float]) -> None:
    figures = (f"p{q:g} {_quantile(timings, q / 100) * 1000:.2f}" for q in (50, 90, 99, 100))
    print(f"  {name:14}", *figures, "ms CPU")


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _child_cpu_s() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
