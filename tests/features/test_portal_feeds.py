"""The site's feeds: what readers get after publishing, correcting, withdrawing; kept and fresh."""

from __future__ import annotations

import json
from pathlib import Path

import feedparser
import pytest
from werkzeug.test import Client

from desa_web.app import page_store
from desa_web.core import due, journal
from desa_web.core.actor import operator
from desa_web.core.clock import as_utc
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.pages import PageMiddleware
from desa_web.features.media import service as media
from desa_web.features.media.followers import RenditionFollower
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Article, Kind, Text
from desa_web.features.news.due import purge
from desa_web.features.news.workflow import Op, act
from tests.harness.feed_rules import STONES, atom_problems, json_problems, parsed, rss_problems
from tests.harness.photos import photo_file
from tests.harness.site import FakeClock, app_of, client, make_site

BASE = "https://sukamaju.example"
FEEDS = ("/feed.atom", "/feed.json", "/rss.xml")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path, options={"base_url": BASE}, village_name="Sukamaju")
    with made.bound():
        yield made
    made.close()


def publish(site: Site, title: str = "Panen raya", **fields: object) -> Article:
    text = Text(**{"title": title, "body": "<p>Warga panen.</p>", **fields})  # type: ignore[arg-type]
    article = service.create(operator(site), text)
    return service.publish_now(operator(site), article.id)


def atom_of(site: Site, path: str = "/feed.atom") -> bytes:
    answer = client(site).get(path)
    assert answer.status_code == 200, answer.status
    assert atom_problems(answer.data) == []
    return answer.data


def ids_in(body: bytes) -> list[str]:
    return [entry.id.removeprefix("urn:uuid:") for entry in feedparser.parse(body).entries]


def test_all_formats_keep_the_rules_and_name_the_same_ids(site: Site) -> None:
    rubrics.add_defaults(operator(site))
    articles = [
        publish(site, f"Kabar {n}", rubric="Budaya", tags=("ꦗꦮ", "tari"), byline="Nur Aini")
        for n in range(3)
    ]
    wanted = [article.id for article in reversed(articles)]
    web = client(site)
    assert ids_in(atom_of(site)) == wanted
    assert ids_in(web.get("/rss.xml").data) == wanted
    items = json.loads(web.get("/feed.json").data)["items"]
    assert [item["id"].removeprefix("urn:uuid:") for item in items] == wanted
    assert rss_problems(web.get("/rss.xml").data) == []
    assert json_problems(web.get("/feed.json").data) == []
    assert web.get("/feed.json").content_type.startswith("application/feed+json")


def test_rubric_and_tag_have_feeds_of_their_own(site: Site) -> None:
    rubrics.add_defaults(operator(site))
    inside = publish(site, "Tari", rubric="Budaya", tags=("Kesenian",))
    publish(site, "Jalan", rubric="Pembangunan")
    feeds = [atom_of(site, p) for p in ("/rubrik/budaya/feed.atom", "/tag/kesenian/feed.atom")]
    assert [ids_in(body) for body in feeds] == [[inside.id], [inside.id]]
    names = {parsed(body).findtext("{*}id") for body in (*feeds, atom_of(site))}
    assert len(names) == 3
    web = client(site)
    assert web.get("/rubrik/tidak-ada/feed.atom").status_code == 404
    assert web.get("/tag/tidak-ada/feed.atom").status_code == 404
    assert b'href="/tag/kesenian/feed.atom"' in web.get("/tag/kesenian").data


def test_a_correction_moves_updated_and_keeps_id_and_published(site: Site, tmp_path: Path) -> None:
    article = publish(site)
    before = feedparser.parse(atom_of(site)).entries[0]
    clock(site).advance(days=1)
    text = Text(title="Panen besar", body="<p>Ralat.</p>", correction="Bukan tiga.")
    saved = service.save(operator(site), article.id, text)
    assert feedparser.parse(atom_of(site)).entries[0].updated == before.updated
    service.publish_now(operator(site), saved.article.id)
    after = feedparser.parse(atom_of(site)).entries[0]
    assert (after.id, after.published) == (before.id, before.published)
    assert after.updated > before.updated
    assert "Bukan tiga." in after.content[0].value


def test_a_new_address_is_in_the_feed_and_the_id_stays(site: Site) -> None:
    article = publish(site)
    service.move(operator(site), article.id, "alamat-baru")
    entry = feedparser.parse(atom_of(site)).entries[0]
    assert entry.link == f"{BASE}/berita/alamat-baru"
    assert entry.id == f"urn:uuid:{article.id}"


def test_withdrawn_and_deleted_articles_leave_tombstones(site: Site) -> None:
    boss = operator(site)
    gone, deleted, back = publish(site, "A"), publish(site, "B"), publish(site, "C")
    for article in (gone, deleted, back):
        act(boss, Op.WITHDRAW, article.id)
    act(boss, Op.TRASH, deleted.id)
    clock(site).advance(days=31)
    due.tick(site, {"news.purge": purge})
    service.save(boss, back.id, Text(title="C lagi", body="<p>C.</p>"))
    service.publish_now(boss, back.id)
    body = atom_of(site)
    stones = {
        e.get("ref").removeprefix("urn:uuid:") for e in parsed(body).iter(f"{STONES}deleted-entry")
    }
    assert stones == {gone.id, deleted.id}
    assert ids_in(body) == [back.id]


def test_an_erased_article_leaves_a_tombstone_and_an_erased_draft_none(site: Site) -> None:
    boss = operator(site)
    public, draft = publish(site, "Nama korban"), service.create(boss, Text(title="Draf"))
    service.erase(boss, public.id)
    service.erase(boss, draft.id)
    stones = parsed(atom_of(site)).findall(f"{STONES}deleted-entry")
    assert [stone.get("ref") for stone in stones] == [f"urn:uuid:{public.id}"]


def test_a_draft_never_was_in_a_feed_and_leaves_no_tombstone(site: Site) -> None:
    draft = service.create(operator(site), Text(title="Rahasia", body="<p>x</p>"))
    act(operator(site), Op.TRASH, draft.id)
    notice = service.create(operator(site), Text(title="Rapat", body="<p>x</p>"),
                            kind=Kind.ANNOUNCEMENT)  # fmt: skip
    service.publish_now(operator(site), notice.id)
    act(operator(site), Op.WITHDRAW, notice.id)
    body = atom_of(site)
    assert ids_in(body) == []
    assert b"deleted-entry" not in body


def test_feed_and_archives_together_hold_every_article(site: Site) -> None:
    made = set()
    for days in range(0, 100, 2):
        clock(site).advance(days=2)
        made.add(publish(site, f"Kabar {days}").id)
    url, seen, hops = "/feed.atom", set(), 0
    while url:
        body = atom_of(site, url.removeprefix(BASE))
        seen |= set(ids_in(body))
        links = {e.get("rel"): e.get("href") for e in parsed(body).findall("{*}link")}
        assert hops == 0 or links["current"] == f"{BASE}/feed.atom"
        url, hops = links.get("prev-archive", ""), hops + 1
    assert seen == made
    assert 2 < hops < 9
    assert client(site).get("/arsip/1999-01.atom").status_code == 404


def test_photos_are_enclosures_with_their_true_length(site: Site, tmp_path: Path) -> None:
    photo = media.add(operator(site), photo_file(tmp_path), caption="Warga & sawah", credit="Aini")
    publish(site, lead_photo_id=photo.id)
    assert "enclosures" not in json.dumps(feedparser.parse(atom_of(site)).entries[0].links)
    catch_up(site, RenditionFollower(site))
    entry = feedparser.parse(atom_of(site)).entries[0]
    (file,) = entry.enclosures
    assert file.href.startswith(f"{BASE}/media/")
    with client(site).get(file.href.removeprefix(BASE)) as served:
        assert (served.status_code, len(served.data)) == (200, int(file.length))
        assert served.content_type == file.type == "image/jpeg"
    assert f'src="{file.href}"' in entry.content[0].value
    assert "Warga &amp; sawah" in entry.content[0].value
    item = json.loads(client(site).get("/feed.json").data)["items"][0]
    assert item["image"] == item["attachments"][0]["url"] == file.href
    assert rss_problems(client(site).get("/rss.xml").data) == []


def test_kept_feeds_answer_304_until_news_comes(site: Site) -> None:
    publish(site)
    app = app_of(site)
    web = Client(PageMiddleware(app, page_store(app)))
    for path in FEEDS:
        first = web.get(path)
        assert first.headers["ETag"]
        assert first.headers["Last-Modified"]
        again = web.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert page_store(app).get(path) is not None
    tags = {path: web.get(path).headers["ETag"] for path in FEEDS}
    publish(site, "Kabar kedua")
    for path in FEEDS:
        assert page_store(app).get(path) is None
        changed = web.get(path, headers={"If-None-Match": tags[path]})
        assert changed.status_code == 200
        assert b"Kabar kedua" in changed.data


def test_the_same_state_gives_the_same_bytes(site: Site) -> None:
    publish(site, tags=("a", "b"))
    web = client(site)
    first = [web.get(path).data for path in FEEDS]
    clock(site).advance(days=3)
    assert [web.get(path).data for path in FEEDS] == first


def test_without_an_address_the_host_stands_in_and_nothing_is_kept(tmp_path: Path) -> None:
    site = make_site(tmp_path / "tanpa", village_name="Sukamaju")
    with site.bound():
        publish(site)
        app = app_of(site)
        web = Client(PageMiddleware(app, page_store(app)))
        first = web.get("/feed.atom", base_url="http://192.168.1.7:8080")
        assert b"http://192.168.1.7:8080/berita/panen-raya" in first.data
        assert page_store(app).get("/feed.atom") is None
        other = web.get("/feed.atom", base_url="http://desa.local")
        assert b"192.168.1.7" not in other.data
        tag = {"If-None-Match": other.headers["ETag"]}
        assert web.get("/feed.atom", base_url="http://desa.local", headers=tag).status_code == 304
    site.close()


def test_a_feeds_id_survives_another_name_address_and_journal(site: Site) -> None:
    publish(site)
    before = parsed(atom_of(site)).findtext("{*}id")
    from desa_web.core import settings

    settings.change(operator(site), {"village_name": "Sukamaju Baru"})
    journal.renew(site)
    assert parsed(atom_of(site)).findtext("{*}id") == before


def test_the_news_sitemap_is_announced(site: Site) -> None:
    publish(site, "Panen & pesta")
    web = client(site)
    body = web.get("/sitemap/kabar.xml").data
    assert [e.text for e in parsed(body).iter("{*}loc")] == [f"{BASE}/berita/panen-pesta"]
    assert f"{BASE}/sitemap/kabar.xml".encode() in web.get("/sitemap.xml").data


def clock(site: Site) -> FakeClock:
    assert isinstance(site.clock, FakeClock)
    assert as_utc(site.clock.now_ms()).year >= 2026
    return site.clock
