"""Moving from a feed, over the network and from a file; pictures only from where one may ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from desa_web.core import journal
from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.engines.feeds.read import FeedUnreadable
from desa_web.engines.sync.client import Unreachable
from desa_web.features.imports import feed
from desa_web.features.imports.item import Done, Outcome
from desa_web.features.imports.notes import Topic
from desa_web.features.media.models import PhotoRow
from desa_web.features.news import queries
from desa_web.features.news.models import ArticleRow
from tests.features.imports import sources
from tests.harness.photos import photo
from tests.harness.site import client, make_site, run_desa


@contextmanager
def old_site(posts: int = 25, per_page: int = 10) -> Iterator[tuple[str, list[str]]]:
    """Serve an old WordPress on a free port; give its address and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            parts = urlsplit(self.path)
            if parts.path == "/feed":
                page = int(parse_qs(parts.query).get("paged", ["1"])[0])
                body = document(home, page, posts, per_page)
                self.answer(200 if body else 404, "application/rss+xml", body)
            elif parts.path == "/pindah":
                self.send_response(302)
                self.send_header("Location", parts.query)
                self.end_headers()
            elif parts.path.endswith(".jpg"):
                self.answer(200, "image/jpeg", photo(len(parts.path)))
            else:
                self.answer(404, "text/html", b"")

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    home = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield home, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def document(home: str, page: int, posts: int, per_page: int) -> bytes:
    numbers = range(1 + (page - 1) * per_page, 1 + min(posts, page * per_page))
    if not numbers:
        return b""
    items = "".join(
        f"<item><title>Kabar {n}</title><link>{home}/kabar-{n}/</link><guid>{home}/?p={n}</guid>"
        f"<pubDate>Tue, 12 May 2020 07:{n % 60:02d}:00 +0700</pubDate><category>Kegiatan</category>"
        f"<description><![CDATA[<p>Isi {n}</p><img src='/foto-{'x' * (n % 3)}.jpg' alt='Warga'>"
        f"<p>485 Dilihat</p>]]></description></item>"
        for n in numbers
    )
    return (
        '<rss version="2.0"><channel><title>Lama</title><generator>https://wordpress.org/?v=6'
        f"</generator><link>{home}</link>{items}</channel></rss>"
    ).encode()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = make_site(tmp_path, options={"allow_private_sources": True})
    with made.bound():
        yield made
    made.close()


def bring(site: Site, address: str, *, dry: bool = False) -> list[Done]:
    with feed.opened(operator(site), address) as found:
        return sources.bring(site, found, None, fetches=True, dry=dry)


def test_all_pages_of_a_feed_come_with_their_pictures_once(site: Site) -> None:
    with old_site() as (home, asked):
        done = bring(site, f"{home}/feed")
        assert [d.outcome for d in done] == [Outcome.CREATED] * 25
        assert sum(path.endswith(".jpg") for path in asked) == 3
        before = journal.head(site).seq
        again = bring(site, f"{home}/feed")
        assert {d.outcome for d in again} == {Outcome.UNCHANGED}
        assert journal.head(site).seq == before
        assert sum(path.endswith(".jpg") for path in asked) == 3
    article = queries.find(operator(site), "kabar-7")
    text = queries.get(operator(site), article.id)[1].text
    assert "<p>Isi 7</p>" in text.body
    assert "Dilihat" not in text.body
    assert "<figure data-foto=" in text.body
    assert PhotoRow.select().count() == 3
    assert client(site).get("/?p=7").location == "/berita/kabar-7"
    assert client(site).get("/kabar-7/").location == "/berita/kabar-7"


def test_a_dry_run_fetches_no_picture(site: Site) -> None:
    with old_site(5) as (home, asked):
        done = bring(site, f"{home}/feed", dry=True)
    assert [d.photos for d in done] == [1] * 5
    assert not [path for path in asked if path.endswith(".jpg")]
    assert ArticleRow.select().count() == 0


def test_addresses_inside_are_refused_for_feeds_and_pictures(tmp_path: Path) -> None:
    with old_site(2) as (home, asked):
        careful = make_site(tmp_path)
        with careful.bound():
            with pytest.raises(Unreachable) as refused:
                bring(careful, f"{home}/feed")
            assert refused.value.is_security
            file = tmp_path / "lama.xml"
            inside = [
                "http://169.254.169.254/latest.jpg",
                "http://10.0.0.1/a.jpg",
                f"{home}/e.jpg",
                "http://[::1]/b.jpg",
                "http://localhost/c.jpg",
                "http://0/d.jpg",
            ]
            pictures = "".join(f"<img src='{url}'>" for url in inside)
            file.write_text(
                "<rss version='2.0'><channel><item><title>Satu</title><guid>1</guid><description>"
                f"<![CDATA[<p>Isi</p>{pictures}]]></description></item></channel></rss>"
            )
            (done,) = bring(careful, str(file))
            assert done.outcome is Outcome.CREATED
            assert (done.photos, len(done.notes)) == (0, len(inside))
        careful.close()
        assert asked == []


def test_a_picture_that_leads_elsewhere_is_followed_or_told(site: Site, tmp_path: Path) -> None:
    with old_site() as (home, _asked):
        item = (
            f"<item><title>Satu</title><guid>1</guid><description><![CDATA[<img src='{home}/pindah?"
            f"{home}/a.jpg'><img src='{home}/tidak-ada.png'><p>Isi</p>]]></description></item>"
        )
        file = tmp_path / "lama.xml"
        file.write_text(f"<rss version='2.0'><channel>{item}</channel></rss>")
        (done,) = bring(site, str(file))
    assert done.photos == 1
    assert [(note.topic, note.what) for note in done.notes] == [(Topic.PHOTO, "tidak-ada.png")]


def test_what_is_no_feed_is_refused_with_the_next_step(site: Site, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<!doctype html><link rel=alternate type='application/rss+xml' href='/feed'>")
    with pytest.raises(FeedUnreadable):
        bring(site, str(page))
    result = run_desa("--site", site.path, "import", "feed", "tidak-ada.xml")
    assert result.returncode == 1
    assert "https://" in result.stderr


def test_two_imports_of_one_site_bring_each_text_once(site: Site, tmp_path: Path) -> None:
    with old_site(3) as (home, _asked):
        bring(site, f"{home}/feed")
        data = json.loads(json.dumps({"version": "1", "title": "Lain", "items": [
            {"id": "lain-1", "url": f"{home}/kabar-1/", "title": "Kabar 1", "content_text": "Isi"},
            {"id": "lain-9", "url": f"{home}/kabar-9/", "title": "Kabar 9", "content_text": "Isi"},
        ]}))  # fmt: skip
        file = tmp_path / "lama.json"
        file.write_text(json.dumps(data))
        done = bring(site, str(file))
    assert [d.outcome for d in done] == [Outcome.SKIPPED, Outcome.CREATED]
