"""Sync against its own parts, in one run: CPU of a line, bytes of a first sync beside Atom.

    python -m tests.bench.bench_sync [--articles 1000] [--data ../shared/data/facqa-id]

A real village publishes the articles (sentences of the data set), follows them into its log and
renders them as Atom archives. Then a hub receives the log. CPU time; the rounds of one comparison
take turns; ratios of medians.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nacl.signing import VerifyKey

from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.sync import Receiver, log
from desa_web.engines.sync.line import PREFIX, START, Line, parse
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Text
from desa_web.features.sync import service as sync
from tests.harness.feed_rules import parsed
from tests.harness.site import client, clock_of, make_site

WORDS = 250
ROUNDS = 5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("DESA_FACQA", "../shared/data/facqa-id")
    options.add_argument("--data", type=Path, default=Path(default))
    options.add_argument("--articles", type=int, default=1000)
    chosen = options.parse_args()
    file = chosen.data / "facqa_passages.jsonl"
    if not file.exists():
        sys.exit(f"No sentences at {chosen.data}: give the folder of the data set with --data.")
    sentences = [json.loads(line)["body"] for line in file.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), sentences, chosen.articles)


def measure(folder: Path, sentences: list[str], articles: int) -> None:
    village = make_site(folder / "desa", options={"base_url": "https://sukamaju.desa.id"})
    with village.bound():
        publish(village, sentences, articles)
        catch_up(village, sync.publisher(village))
        page = log.page(village, max_lines=10 * articles, max_bytes=1 << 40).body
        pages = in_pages(village)
        atom = archives(village)
        last = log.head(village)
    assert last is not None
    ours = sum(len(gzip.compress(part, 6)) for part in pages)
    theirs = sum(len(gzip.compress(part, 6)) for part in atom)
    print(f"{articles} articles of {WORDS} words, first sync")
    print(f"  signed log, {len(pages)} pages, gzip  {ours:>9,} bytes")
    print(f"  Atom, {len(atom)} months, gzip       {theirs:>9,} bytes   ratio {ours / theirs:.3f}")
    newest = [raw for raw in page.split(b"\n") if b'"kind":"article"' in raw][-1]
    print(f"  one new article on the wire, gzip {len(gzip.compress(newest, 6)):,} bytes")
    speed(folder, last.site, page, log_keys(village))
    village.close()


def log_keys(village: Site) -> str:
    with village.bound():
        return log.keys(village)[0].public


def publish(village: Site, sentences: list[str], articles: int) -> None:
    rnd = random.Random(7)
    boss = operator(village)
    rubrics.add_defaults(boss)
    for n in range(articles):
        words = 0
        paragraphs: list[str] = []
        while words < WORDS:
            sentence = rnd.choice(sentences)
            words += len(sentence.split())
            paragraphs.append(f"<p>{sentence}</p>")
        title = f"{' '.join(rnd.choice(sentences).split()[:7])} {n}"
        text = Text(title=title, body="".join(paragraphs), byline="Nur Aini", rubric="Kegiatan",
                    tags=("desa", "warga"), standfirst=rnd.choice(sentences)[:200])  # fmt: skip
        service.publish_now(boss, service.create(boss, text).id)
        clock_of(village).advance(seconds=3600 * 6)


def in_pages(village: Site) -> list[bytes]:
    """Return the log as a hub pulls it."""
    found, have = [], []
    while True:
        page = log.page(village, have)
        found.append(page.body)
        have = [page.end]
        if not page.more:
            return found


def archives(village: Site) -> list[bytes]:
    """Return the month archives, which together hold every article once."""
    web = client(village)
    found = []
    with village.bound():
        root = parsed(web.get("/feed.atom").data)
    link = root.find("{*}link[@rel='prev-archive']").get("href")
    # The newest month's archive: the feed's first months are in it, too.
    while newer := _links(web, link).get("next-archive"):
        link = newer
    while link:
        found.append(web.get(_path(link)).data)
        link = _links(web, link).get("prev-archive", "")
    return found


def _links(web: object, url: str) -> dict[str, str]:
    root = parsed(web.get(_path(url)).data)  # type: ignore[attr-defined]
    return {link.get("rel"): link.get("href") for link in root.findall("{*}link")}


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def speed(folder: Path, source: str, page: bytes, public: str) -> None:
    lines = page.split(b"\n")[:-2]
    found = [line for raw in lines if isinstance(line := parse(raw), Line)]
    messages, prev = [], START
    for line in found:
        messages.append((PREFIX + bytes.fromhex(prev) + line.body, line.signature))
        prev = line.hash_after(prev)
    key = VerifyKey(bytes.fromhex(public))

    def bare() -> None:
        for message, signature in messages:
            key.verify(message, signature)

    def read() -> None:
        for raw in lines:
            parse(raw)

    hubs = iter(range(100))

    def ingest() -> float:
        hub = make_site(folder / f"hub{next(hubs)}")
        with hub.bound():
            began = time.process_time()
            outcome = Receiver(hub).receive(source, page)
            spent = time.process_time() - began
            assert len(outcome.accepted) == len(lines)
            assert outcome.problem is None
        hub.close()
        return spent

    taken: dict[str, list[float]] = {"bare verification": [], "read": [], "ingest": []}
    for _ in range(ROUNDS):
        taken["bare verification"].append(_cpu(bare))
        taken["read"].append(_cpu(read))
        taken["ingest"].append(ingest())
    middle = {name: statistics.median(values) / len(lines) for name, values in taken.items()}
    print(f"CPU of a line, {len(lines)} lines, median of {ROUNDS}")
    for name, value in middle.items():
        ratio = value / middle["bare verification"]
        print(f"  {name:18} {value * 1e6:7.1f} µs   {ratio:.2f} x bare verification")


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
