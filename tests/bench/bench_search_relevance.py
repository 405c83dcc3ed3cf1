"""Relevance on a judged set: ours, ours without stemming, and SQLite FTS5 with the same text.

    python tests/bench/bench_search_relevance.py [--data ../shared/data/facqa-id]

Prints nDCG@10, MRR, recall@100 and the zero-result rate, a paired bootstrap of ours against
unstemmed, and known-item searches: three words of a title, also with one typing error.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from desa_web.engines.search import Cursor, Document, Query, SearchIndex

DEPTH = 100
Search = Callable[[str], list[str]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("DESA_FACQA", "../shared/data/facqa-id")
    options.add_argument("--data", type=Path, default=Path(default))
    options.add_argument("--prefix", default="facqa", help="files PREFIX_passages.jsonl, …")
    options.add_argument("--unstemmed", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    passages_path = chosen.data / f"{chosen.prefix}_passages.jsonl"
    if not passages_path.exists():
        sys.exit(f"The judged set is not at {chosen.data}: give its folder with --data.")
    passages = _rows(passages_path)
    queries = _rows(chosen.data / f"{chosen.prefix}_queries.jsonl")
    if chosen.unstemmed:
        _turn_stemming_off()
        print(json.dumps(_measured(_ours(passages), queries)))
        return
    unstemmed = json.loads(
        subprocess.run(
            [sys.executable, *sys.argv, "--unstemmed"], check=True, capture_output=True
        ).stdout
    )
    ours = _measured(_ours(passages), queries)
    fts5 = _measured(_fts5(passages), queries)
    for name, rows in (("ours", ours), ("no stemming", unstemmed), ("FTS5", fts5)):
        ndcg, mrr, recall, empty = (sum(column) / len(rows) for column in zip(*rows, strict=True))
        print(
            f"{name:12} nDCG@10 {ndcg:.4f}  MRR {mrr:.4f}  recall@{DEPTH} {recall:.4f}"
            f"  zero results {empty:.2%}"
        )
    _bootstrap([row[0] for row in ours], [row[0] for row in unstemmed])
    _known_items(passages)


def _turn_stemming_off() -> None:
    from desa_web.engines.search import analysis

    analysis.stem = lambda word: word


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _ours(passages: list[dict[str, object]]) -> Search:
    from desa_web.engines.search import segment, store

    folder = Path(tempfile.mkdtemp())
    built = segment.Builder()
    for row in passages:
        built.add(Document("p", str(row["id"]), "", str(row.get("title", "")), str(row["body"])))
    # In this process, so that switching the stemmer off holds for the index too.
    written = store.open_segment(folder, *store.write_segment(folder, built))
    store.save(folder, [written], Cursor("bench", 1))
    index = SearchIndex(folder)
    return lambda text: [hit.id for hit in index.find(Query(text, size=DEPTH)).hits]


def _fts5(passages: list[dict[str, object]]) -> Search:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, title, body)")
    db.executemany(
        "INSERT INTO t VALUES (?, ?, ?)",
        [(row["id"], row.get("title", ""), row["body"]) for row in passages],
    )

    def search(text: str) -> list[str]:
        words = [f'"{word}"' for word in re.findall(r"\w+", text)]
        found: list[str] = []
        for glue in (" AND ", " OR "):
            rows = db.execute(
                "SELECT id FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?", (glue.join(words), DEPTH)
            )
            found += [row[0] for row in rows if row[0] not in found]
            if len(found) >= 10:
                break
        return found[:DEPTH]

    return search


def _measured(search: Search, queries: list[dict[str, object]]) -> list[list[float]]:
    rows = []
    for query in queries:
        relevant = set(query["rel"])  # type: ignore[call-overload]
        found = search(str(query["q"]))
        gains = [1 / math.log2(i + 2) for i, key in enumerate(found[:10]) if key in relevant]
        ideal = sum(1 / math.log2(i + 2) for i in range(min(len(relevant), 10)))
        first = next((i for i, key in enumerate(found) if key in relevant), None)
        recall = len(relevant & set(found)) / len(relevant)
        mrr = 0.0 if first is None else 1 / (first + 1)
        rows.append([sum(gains) / ideal, mrr, recall, float(not found)])
    return rows


def _bootstrap(ours: list[float], other: list[float], rounds: int = 2_000) -> None:
    picker = random.Random(7)
    differences = [a - b for a, b in zip(ours, other, strict=True)]
    size = len(differences)
    means = sorted(sum(picker.choices(differences, k=size)) / size for _ in range(rounds))
    low, high = means[int(rounds * 0.025)], means[int(rounds * 0.975)]
    print(f"ours - no stemming: {sum(differences) / size:+.4f}, 95 % {low:+.4f} … {high:+.4f}")


def _known_items(passages: list[dict[str, object]]) -> None:
    """Give every passage its first eight words as a title and look for it by three of them."""
    titled = []
    for row in passages:
        words = re.findall(r"[^\W\d_]{3,}", str(row["body"]))
        titled.append({**row, "title": " ".join(words[:8])})
    ours, fts5 = _ours(titled), _fts5(titled)
    picker = random.Random(11)
    found: dict[str, int] = dict.fromkeys(("ours", "ours typo", "FTS5", "FTS5 typo"), 0)
    asked = 0
    for row in picker.sample(titled, min(600, len(titled))):
        words = [word for word in str(row["title"]).split() if len(word) > 3]
        if len(words) < 3:
            continue
        asked += 1
        wanted = picker.sample(words, 3)
        broken = list(wanted)
        place = picker.randrange(3)
        broken[place] = _mistyped(picker, broken[place])
        for name, search in (("ours", ours), ("FTS5", fts5)):
            found[name] += row["id"] in search(" ".join(wanted))[:10]
            found[f"{name} typo"] += row["id"] in search(" ".join(broken))[:10]
    shares = "  ".join(f"{name} {count / asked:.1%}" for name, count in found.items())
    print(f"known item, 3 title words, in the top 10 of {asked}: {shares}")


def _mistyped(picker: random.Random, word: str) -> str:
    place = picker.randrange(1, len(word))
    letter = picker.choice("abcdefghijklmnopqrstuvwxyz")
    return picker.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + letter + word[place:],
            word[:place] + letter + word[place + 1 :],
            word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
        )
    )


if __name__ == "__main__":
    main()
