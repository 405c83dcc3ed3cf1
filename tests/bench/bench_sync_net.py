"""Pulling over the network: CPU beside the package `reader`, memory, dead sources, two pullers.

    python -m tests.bench.bench_sync_net [PART …] --reader ~/venv-with-reader/bin/python

Parts: plain, tls (400 sources × 20 articles, polls without news and the first pull, rounds taking
turns in one run), dead, many (10,000 sources in one process), pair (two pullers on PostgreSQL).
What is measured is the CPU time of the process that asks: once pull and Receiver alone (HTTP,
verification, storage), once a hub's whole run (leases, inbox, receipts as well).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Outcome, Receiver, log
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.line import Line, parse
from desa_web.engines.sync.pull import pull
from desa_web.engines.sync.request import Limits
from desa_web.features.hub import collect, leases, sources
from desa_web.features.hub.source import Kind
from desa_web.features.sync import service as sync
from tests.bench.bench_sync import publish
from tests.bench.farm import address_of
from tests.harness import certificates
from tests.harness.hub import make_hub
from tests.harness.postgres import running_postgres
from tests.harness.site import ROOT, client, make_site

PARTS = ("plain", "tls", "dead", "many", "pair")
ROUNDS = 5
_HEADER = {"v", "site", "epoch", "seq", "op", "kind", "id", "rev"}
_READER = """
import json, sys, time
import requests.adapters
from reader import make_reader
if sys.argv[3]:
    requests.adapters.DEFAULT_CA_BUNDLE_PATH = sys.argv[3]
reader = make_reader(sys.argv[1])
for url in json.load(open(sys.argv[2])):
    reader.add_feed(url)
print("ready", flush=True)
for line in sys.stdin:
    began = time.process_time()
    reader.update_feeds(scheduled=False, workers=int(line))
    spent = time.process_time() - began
    failed = sum(feed.last_exception is not None for feed in reader.get_feeds())
    counts = reader.get_entry_counts().total
    print(json.dumps([spent, counts, failed]), flush=True)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("DESA_FACQA", "../shared/data/facqa-id")
    options.add_argument("parts", nargs="*", default=PARTS)
    options.add_argument("--data", type=Path, default=Path(default))
    options.add_argument("--reader", default=os.environ.get("DESA_READER", ""))
    options.add_argument("--sources", type=int, default=400)
    options.add_argument("--many", type=int, default=10_000)
    options.add_argument("--pair", type=int, default=1000)
    chosen = options.parse_args()
    print(f"load at the beginning: {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        sentences = read_sentences(chosen.data)
        for part in chosen.parts:
            (here / part).mkdir()
            if part in ("plain", "tls"):
                beside_reader(here / part, sentences, chosen.sources, chosen.reader, part == "tls")
            elif part == "dead":
                dead_sources(here / part, sentences, chosen.sources)
            elif part == "many":
                many_sources(here / part, sentences, chosen.many)
            else:
                two_pullers(here / part, sentences, chosen.pair)


def read_sentences(data: Path) -> list[str]:
    file = data / "facqa_passages.jsonl"
    if file.exists():
        return [json.loads(line)["body"] for line in file.read_text().splitlines()]
    print(f"No sentences at {data}: made up ones are used (--data names a folder).")
    words = [
        "warga",
        "desa",
        "jalan",
        "sawah",
        "panen",
        "air",
        "bersih",
        "kerja",
        "bakti",
        "balai",
        "dusun",
        "musyawarah",
    ]
    return [" ".join(words[n % 7 :] + words[: n % 5]) for n in range(500)]


def write_template(folder: Path, sentences: list[str], articles: int) -> Path:
    """Let a real village publish; keep what its log and its feed say."""
    village = make_site(folder / "templat", options={"base_url": "https://sukamaju.desa.id"})
    with village.bound():
        publish(village, sentences, articles)
        catch_up(village, sync.publisher(village))
        page = log.page(village, max_lines=10_000, max_bytes=1 << 30).body
        atom = client(village).get("/feed.atom").get_data(as_text=True)
    village.close()
    found = [line for raw in page.split(b"\n")[:-2] if isinstance(line := parse(raw), Line)]
    said = [
        {"id": line.fields["id"],
         "content": {k: v for k, v in line.fields.items() if k not in _HEADER}}
        for line in found if line.fields["kind"] == "article"
    ]  # fmt: skip
    file = folder / "templat.json"
    file.write_text(json.dumps({"articles": said, "atom": atom}))
    return file


@contextmanager
def farm(template: Path, count: int, *options: str | Path) -> Iterator[int]:
    """Run the villages in a process of their own; give their port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.farm", template, "--sources", str(count), *options],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def add_sources(hub: Site, urls: Sequence[str]) -> None:
    with hub.bound(), journal.change(operator(hub)):
        for n, url in enumerate(urls):
            sources.register(operator(hub), kind=Kind.DESA, name=f"Desa {n}", address=url)


def urls_of(count: int, port: int, scheme: str = "http") -> list[str]:
    return [f"{scheme}://{address_of(n)}:{port}" for n in range(count)]


def collected(hub: Site, tls: ssl.SSLContext | None = None) -> tuple[float, collect.Report]:
    """Ask all sources once; return the CPU seconds of it."""
    with hub.bound(), trusting(tls):
        began = time.process_time()
        report = collect.run(hub, is_due=False)
        return time.process_time() - began, report


async def load_modules() -> None:
    """Neither side is measured loading its modules."""
    async with Client():
        pass


def engine_alone(folder: Path, urls: list[str], tls: ssl.SSLContext | None) -> float:
    """Pull all logs, verified and stored, without a hub around it; return the CPU seconds."""
    file = folder / "alone" / "situs"
    site = open_site(file) if file.exists() else make_site(folder / "alone")
    names = {url: name for url, name in _known(file).items() if url in urls}
    receiver = Receiver(site)

    def take(name: str, data: bytes) -> Outcome:
        return receiver.receive(name, data, is_live=True)

    async def run() -> None:
        waiting = iter(urls)
        heads = receiver.etags(list(names.values())) if names else {}
        async with Client(allow_private=True, tls=tls) as client:

            async def work() -> None:
                for url in waiting:
                    name = names.get(url, "")
                    done = await pull(
                        client, url, name=name, resume=receiver.resume, take=take,
                        etag=heads.get(name, ""),
                    )  # fmt: skip
                    assert done.is_end, done
                    names[url] = done.site

            await asyncio.gather(*(work() for _n in range(32)))

    with site.bound():
        began = time.process_time()
        asyncio.run(run())
        spent = time.process_time() - began
    site.close()
    (folder / "names.json").write_text(json.dumps(names))
    return spent


def _known(file: Path) -> dict[str, str]:
    names = file.parent.parent / "names.json"
    found: dict[str, str] = json.loads(names.read_text()) if names.exists() else {}
    return found


@contextmanager
def trusting(tls: ssl.SSLContext | None) -> Iterator[None]:
    """Let clients of this process trust the issuer of the farm's certificate."""
    before = Client.__init__

    def patched(self: Client, **options: Any) -> None:
        before(self, **options)
        old = self._limits
        self._limits = Limits(
            old.allow_private, old.agent, old.max_open, old.connect_s, old.stall_s, tls, old.clock
        )

    if tls is not None:
        Client.__init__ = patched  # type: ignore[method-assign]
    try:
        yield
    finally:
        Client.__init__ = before  # type: ignore[method-assign]


class Reader:
    """`reader` in an environment of its own, told when to ask."""

    def __init__(self, python: str, folder: Path, urls: list[str]) -> None:
        (folder / "feeds.json").write_text(json.dumps([f"{url}/feed.atom" for url in urls]))
        issuer = folder / "ca.pem"
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-c", _READER, folder / "reader.db", folder / "feeds.json",
             issuer if issuer.exists() else ""],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._said()

    def update(self, workers: int) -> tuple[float, int, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{workers}\n")
        self._process.stdin.flush()
        spent, entries, failed = json.loads(self._said())
        return spent, entries, failed

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def beside_reader(
    folder: Path, sentences: list[str], count: int, python: str, is_tls: bool
) -> None:
    articles = 20
    template = write_template(folder, sentences, articles)
    options: tuple[str | Path, ...] = ()
    tls = None
    if is_tls:
        tls = certificates.make(folder, [address_of(n) for n in range(count)]).client
        options = ("--tls", folder)
    hub = make_hub(folder / "hub")
    with farm(template, count, *options) as port:
        urls = urls_of(count, port, "https" if is_tls else "http")
        add_sources(hub, urls)
        asyncio.run(load_modules())
        stored = engine_alone(folder, urls, tls)
        first, report = collected(hub, tls)
        assert (report.failed, report.accepted) == (0, count * (articles + 2)), report
        reader = Reader(python, folder, urls) if python else None
        if reader is None:
            print("Without --reader there is nothing to compare with.")
        theirs_first, entries, failed = reader.update(1) if reader else (float("nan"), 0, 0)
        assert not reader or (entries, failed) == (count * articles, 0), (entries, failed)
        ours, alone, theirs, pooled = [], [], [], []
        for _n in range(ROUNDS):
            alone.append(engine_alone(folder, urls, tls) / count)
            spent, report = collected(hub, tls)
            assert report.failed == report.accepted == 0
            ours.append(spent / count)
            if reader:
                theirs.append(reader.update(1)[0] / count)
                pooled.append(reader.update(10)[0] / count)
        if reader:
            reader.close()
    hub.close()
    label = "https" if is_tls else "http"
    print(f"{count} sources x {articles} articles over {label}: CPU, median of {ROUNDS} polls")
    polls = {"pull and Receiver": statistics.median(alone), "a hub's run": statistics.median(ours)}
    firsts = {"pull and Receiver": stored, "a hub's run": first}
    best = min(statistics.median(theirs), statistics.median(pooled)) if theirs else float("nan")
    for name in polls:
        print(f"  poll without news, {name:17} {polls[name] * 1e3:6.3f} ms a source   "
              f"reader {best * 1e3:6.3f} ms   1/{best / polls[name]:.1f}")  # fmt: skip
    for name in firsts:
        spent, theirs_s = (s / count / articles * 1e3 for s in (firsts[name], theirs_first))
        print(f"  first pull, {name:24} {spent:6.3f} ms an article  "
              f"reader {theirs_s:6.3f} ms   1/{theirs_s / spent:.1f}")  # fmt: skip


def dead_sources(folder: Path, sentences: list[str], count: int) -> None:
    """Some villages answer nothing: what the others notice of it, and what it costs."""
    template = write_template(folder, sentences, 5)
    mute = 20
    hub = make_hub(folder / "hub")
    with farm(template, count) as port:
        add_sources(hub, urls_of(count, port))
        collected(hub)
        began = time.monotonic()
        alone, _report = collected(hub)
        alone_s = time.monotonic() - began
    with farm(template, count, "--mute", str(mute)) as port:
        with hub.bound(), db.write(hub.database):
            for n, url in enumerate(urls_of(count, port)):
                sql = "UPDATE hub_source SET address = ? WHERE name = ?"
                db.execute(hub.database, sql, url, f"Desa {n}")
        times: list[float] = []
        with hub.bound():
            began = time.monotonic()
            spent = time.process_time()
            report = collect.run(
                hub, is_due=False, tell=lambda _one: times.append(time.monotonic() - began)
            )
            spent = time.process_time() - spent
            whole_s = time.monotonic() - began
    hub.close()
    assert report.failed == mute, report
    times.sort()
    print(f"{mute} of {count} sources answer nothing (stall limit 20 s)")
    print(f"  all alive: {alone_s:.2f} s, {alone * 1e3:.0f} ms CPU")
    print(f"  the living ones are done after {times[count - mute - 1]:.2f} s, all after "
          f"{whole_s:.2f} s, {spent * 1e3:.0f} ms CPU")  # fmt: skip


def many_sources(folder: Path, sentences: list[str], count: int) -> None:
    """A real `desa sync pull --all` over very many sources; its peak of memory."""
    template = write_template(folder, sentences, 2)
    hub = make_hub(folder / "hub")
    with farm(template, count) as port:
        add_sources(hub, urls_of(count, port))
        hub.close()
        for name in ("first pull", "poll without news"):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.monotonic()
            peak, code = _pull(hub.path, "--all")
            took = time.monotonic() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{count} sources in one process, {name}: peak {peak / 1024:.0f} MB, "
                  f"{cpu:.1f} s CPU, {took:.1f} s, exit {code}")  # fmt: skip


def _pull(site: Path, *options: str) -> tuple[int, int]:
    """Run `desa sync pull`; return its peak memory in KB and its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "desa_web.cli", "--site", site, "--json", "sync", "pull", *options],
        cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss, process.returncode


def two_pullers(folder: Path, sentences: list[str], count: int) -> None:
    """Sources a second away; one puller, then two machines with one PostgreSQL."""
    template = write_template(folder, sentences, 2)
    with running_postgres() as server, server.fresh_url() as url:
        first = make_hub(folder / "hub-1", database_url=url)
        with farm(template, count) as port:
            add_sources(first, urls_of(count, port))
            collected(first)
        with farm(template, count, "--latency", "1") as port:
            with first.bound(), db.write(first.database):
                for n, address in enumerate(urls_of(count, port)):
                    sql = "UPDATE hub_source SET address = ? WHERE name = ?"
                    db.execute(first.database, sql, address, f"Desa {n}")
            first.close()
            second = folder / "hub-2"
            shutil.copytree(first.path, second)
            one = _together(first, [first.path])
            two = _together(first, [first.path, second])
    print(f"{count} sources with 1 s latency on PostgreSQL: one puller {one:.2f} s, two {two:.2f} s"
          f"   {one / two:.2f} times as fast")  # fmt: skip


def _together(hub: Site, machines: list[Path]) -> float:
    """Make everything due and let the machines pull; return how long it took."""
    with hub.bound(), db.write(hub.database):
        db.execute(hub.database, "UPDATE hub_poll SET next_at = 0, lease_owner = ''")
    began = time.monotonic()
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "desa_web.cli", "--site", path, "sync", "pull", "--due"],
            cwd=ROOT, stdout=subprocess.DEVNULL,
        )
        for path in machines
    ]  # fmt: skip
    codes = [process.wait() for process in running]
    took = time.monotonic() - began
    assert set(codes) == {0}, codes
    with hub.bound():
        left = leases.take(hub, "bench", limit=10)
        assert not left, left
    hub.close()
    return took


if __name__ == "__main__":
    main()
