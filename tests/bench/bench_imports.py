"""How much work moving in is: texts a CPU second, photos apart, and memory by the file's size.

python -m tests.bench.bench_imports [--megabytes 100]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from desa_web.core import journal
from desa_web.core.actor import operator
from desa_web.core.clock import zone
from desa_web.core.site import Site
from desa_web.engines.feeds.read import read, without_chrome
from desa_web.features.imports import mysql_dump, service, wordpress
from desa_web.features.imports.photos import photos
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.features.imports import sources
from tests.harness.site import ROOT, make_site

_TEXT = "<p>" + "Warga dusun bekerja bakti memperbaiki saluran air bersama perangkat desa. " * 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _texts(folder)
        _dump(folder)
        _memory(folder, megabytes)
    _chrome()
    _feeds()


def _spent(started: float) -> float:
    return time.process_time() - started


def _texts(folder: Path) -> None:
    """300 posts of an export, with and without a run before; the news service alone beside it."""
    site = make_site(folder)
    media = sources.write_uploads(folder)
    file = sources.write_export(folder / "a.xml", sources.village_items(300))
    with site.bound():
        first, count = _import(site, file, media)
        again, _count = _import(site, file, media)
        before = time.process_time()
        for n in range(300):
            made = news.create(operator(site), Text(title=f"Berita {n}", body=_TEXT * 3))
            news.publish_now(operator(site), made.id)
        alone = _spent(before)
    site.close()
    print(f"import of {count} texts with 4 photos: {first:.2f} CPU s, {count / first:.0f} texts/s")
    print(f"the same again, nothing to do: {again:.2f} CPU s, {count / again:.0f} texts/s")
    print(f"news service alone, 300 texts: {alone:.2f} CPU s; import / service {first / alone:.2f}")


def _import(site: Site, file: Path, media: Path) -> tuple[float, int]:
    actor = operator(site)
    before = time.process_time()
    export = wordpress.open_export(file, zone("WIB"))
    with photos(actor, export.source, media, fetches=False, is_dry_run=False) as pictures:
        count = sum(1 for _ in service.run(actor, export.source, export.items(), pictures))
    spent = _spent(before)
    assert journal.head(site).seq > 0
    return spent, count


def _dump(folder: Path) -> None:
    """A dump whose greatest part are tables that nobody asked for."""
    file = folder / "a.sql"
    row = b"(1,'3599 nama orang; alamat','2020-01-01',NULL),"
    with file.open("wb") as out:
        for _ in range(40):
            out.write(b"INSERT INTO `tweb_penduduk` VALUES " + row * 20_000 + b"(2);\n")
    sources_dump = sources.write_dump(folder / "b.sql", map(sources.sid_article, range(2000)))
    with file.open("ab") as out:
        out.write(sources_dump.read_bytes())
    before = time.process_time()
    count = sum(1 for _ in mysql_dump.rows(file, {"artikel"}))
    spent = _spent(before)
    size = file.stat().st_size / 1e6
    print(
        f"dump of {size:.0f} MB, {count} articles in it: {spent:.2f} CPU s, {size / spent:.0f} MB/s"
    )


def _memory(folder: Path, megabytes: int) -> None:
    code = (
        "import resource, sys, time; from pathlib import Path\n"
        "from desa_web.core.clock import zone\n"
        "from desa_web.features.imports import wordpress\n"
        "export = wordpress.open_export(Path(sys.argv[1]), zone('WIB'))\n"
        "count = sum(1 for _ in export.items())\n"
        "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time())"
    )
    for size in (1, megabytes):
        file = folder / f"{size}.xml"
        items = (sources.wp_item(n, _TEXT * 33) for n in range(size * 96))
        sources.write_export(file, items)
        run = subprocess.run(
            [sys.executable, "-c", code, file], capture_output=True, text=True, check=True, cwd=ROOT
        )
        count, kilobytes, spent = run.stdout.split()
        print(
            f"export of {file.stat().st_size / 1e6:.0f} MB, {count} posts read twice: "
            f"{int(kilobytes) // 1024} MB, {float(spent):.1f} CPU s"
        )


def _chrome() -> None:
    page = _TEXT * 6 + "<p>485 Dilihat</p><p>Bagikan ini:</p><ul><li>Facebook</li></ul>"
    before = time.process_time()
    for _ in range(200):
        without_chrome(page)
    print(f"page furniture: {_spent(before) * 5:.2f} ms for a text of {len(page)} characters")


def _feeds() -> None:
    items = "".join(
        f"<item><title>{n}</title><guid>{n}</guid><description><![CDATA[{_TEXT * 3}]]>"
        "</description><pubDate>Tue, 12 May 2020 07:00:00 +0700</pubDate></item>"
        for n in range(20)
    )
    data = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    read(data, "", "https://a.example/")
    before = time.process_time()
    for _ in range(20):
        read(data, "", "https://a.example/")
    print(f"a feed of 20 entries: {_spent(before) * 50:.1f} ms")


if __name__ == "__main__":
    main()
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
