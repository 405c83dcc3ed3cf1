"""Foreign readers see the same ids as we say: newsboat and sfeed, with our own server."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desa_web.core.actor import operator
from desa_web.features.news import service
from desa_web.features.news.article import Text
from tests.harness.site import make_site, serving

TITLES = ("Panen raya & doa", "ꦱꦸꦒꦼꦁ ꦫꦮꦸꦃ", "<b>Tebal</b>", "Kabar 🌾", 'Kutip "dua"')


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """Give the address of a served village and the ids of its articles."""
    site = make_site(tmp_path_factory.mktemp("pembaca"), village_name="Sukamaju")
    with site.bound():
        boss = operator(site)
        ids = set()
        for title in TITLES:
            article = service.create(boss, Text(title=title, body="<p>Isi &amp; isi.</p>"))
            service.publish_now(boss, article.id)
            ids.add(f"urn:uuid:{article.id}")
    site.close()
    with serving(site) as base:
        yield base, ids


@pytest.mark.parametrize("path", ["/feed.atom", "/rss.xml"])
@pytest.mark.skipif(shutil.which("sfeed") is None, reason="sfeed is a Debian package")
def test_sfeed_reads_the_same_ids(published: tuple[str, set[str]], path: str) -> None:
    base, ids = published
    import urllib.request

    with urllib.request.urlopen(base + path, timeout=20) as answer:
        body = answer.read()
    done = subprocess.run(["sfeed"], input=body, capture_output=True, check=True, timeout=60)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert {row[5] for row in rows} == ids


@pytest.mark.parametrize("path", ["/feed.atom", "/rss.xml"])
@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is a Debian package")
def test_newsboat_reads_the_same_ids(
    published: tuple[str, set[str]], path: str, tmp_path: Path
) -> None:
    base, ids = published
    (tmp_path / "urls").write_text(f"{base}{path}\n")
    (tmp_path / "config").write_text("")
    cache = tmp_path / "cache.db"
    command = ["newsboat", "-u", tmp_path / "urls", "-c", cache, "-C", tmp_path / "config",
               "-x", "reload"]  # fmt: skip
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(command, check=True, timeout=60, env=environ, capture_output=True)
    with closing(sqlite3.connect(cache)) as connection:
        found = {row[0] for row in connection.execute("SELECT guid FROM rss_item")}
    assert found == ids
