"""The whole public site as machines and readers meet it: what is found, kept, dropped, gone."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from desa_web.app import create_app, page_store
from desa_web.core import settings
from desa_web.core.actor import operator
from desa_web.core.site import Site, open_site
from desa_web.engines.pages import PageMiddleware, PageStore, render_through
from desa_web.features.news import queries, rubrics, service
from desa_web.features.news.article import Kind, Text
from desa_web.web.baking import PageFollower
from desa_web.web.theming import Theme, shipped_themes
from tests.harness.site import FakeClock, app_of, clock_of, make_site

BASE = "https://sukamaju.desa.id"
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def village(tmp_path: Path) -> Any:
    site = make_site(tmp_path, options={"base_url": BASE}, village_name="Sukamaju",
                     regency="Bengawan", phone="0353 000111")  # fmt: skip
    with site.bound():
        boss = operator(site)
        rubrics.add_defaults(boss)
        for number in range(6):
            rubric = "kesehatan" if number % 2 else "budaya"
            publish(site, f"Kabar {number}", rubric=rubric, tags=("posyandu",))
        publish(site, "Rapat warga", kind=Kind.ANNOUNCEMENT, expires_on="2026-12-31")
        yield site
    site.close()


def publish(site: Site, title: str, *, kind: Kind = Kind.ARTICLE, **fields: Any) -> str:
    """Publish an article an hour after the last one and return its address."""
    clock_of(site).advance(seconds=3600)
    text = Text(title=title, body="<p>Warga berkumpul di balai.</p><p>Selesai.</p>", **fields)
    boss = operator(site)
    made = service.create(boss, text, kind=kind)
    return f"/berita/{service.publish_now(boss, made.id).slug}"


def get(site: Site, path: str) -> Any:
    return app_of(site).test_client().get(path, base_url=BASE)


def head(site: Site, path: str) -> dict[str, str]:
    """Return what the head of a page says: title, canonical, robots, properties and names."""
    html = get(site, path).text
    found = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', html))
    found["title"] = re.search(r"<title>(.*?)</title>", html)[1]  # type: ignore[index]
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', html)
    return {**found, "canonical": canonical[1] if canonical else ""}


def graph(site: Site, path: str) -> dict[str, dict[str, Any]]:
    html = get(site, path).text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    return {part["@type"]: part for part in json.loads(block[1])["@graph"]}


def test_each_page_says_its_own_title_address_and_card(village: Site) -> None:
    seen = set()
    for path in ("/", "/berita/", "/berita/kabar-3", "/rubrik/kesehatan", "/tag/posyandu",
                 "/pengumuman/", "/berita/rapat-warga", "/berita/2026/11/"):  # fmt: skip
        found = head(village, path)
        assert found["canonical"] == found["og:url"] == BASE + path
        assert "Desa Sukamaju" in found["title"]
        assert found["og:title"]
        assert "robots" not in found
        seen.add(found["title"])
    assert len(seen) == 8, "two pages share a title"
    assert head(village, "/berita/kabar-3")["og:type"] == "article"
    assert head(village, "/berita/kabar-3")["description"].startswith("Warga berkumpul")


def test_an_article_is_a_news_article_of_the_village(village: Site) -> None:
    found = graph(village, "/berita/kabar-3")
    article = found["NewsArticle"]
    assert article["headline"] == "Kabar 3"
    assert article["mainEntityOfPage"] == f"{BASE}/berita/kabar-3"
    assert article["datePublished"].endswith("+07:00")
    assert article["publisher"]["@type"] == "GovernmentOrganization"
    assert article["publisher"]["name"] == "Desa Sukamaju"
    trail = [step["item"] for step in found["BreadcrumbList"]["itemListElement"]]
    assert trail == [f"{BASE}/", f"{BASE}/berita/", f"{BASE}/berita/kabar-3"]
    assert graph(village, "/")["GovernmentOrganization"]["telephone"] == "0353000111"


def test_structured_data_cannot_be_left_by_a_title(village: Site) -> None:
    path = publish(village, "</script><script>alert(1)</script>")
    assert graph(village, path)["NewsArticle"]["headline"] == "</script><script>alert(1)</script>"
    assert "<script>alert" not in get(village, path).text


def test_related_articles_are_older_ones_of_the_same_rubric(village: Site) -> None:
    html = get(village, "/berita/kabar-5").text
    section = html[html.index("Baca juga") :]
    assert "/berita/kabar-3" in section
    assert "/berita/kabar-1" in section
    assert "/berita/kabar-2" not in section


def test_sharing_works_without_a_script_and_copies_with_one(village: Site) -> None:
    html = get(village, "/berita/kabar-3").text
    assert 'href="https://wa.me/?text=Kabar%203%20https%3A%2F%2Fsukamaju.desa.id' in html
    assert f'data-salin="{BASE}/berita/kabar-3"' in html


def test_the_sitemaps_name_every_live_page_once_and_nothing_else(village: Site) -> None:
    boss = operator(village)
    draft = service.create(boss, Text(title="Masih draf", body="<p>Rahasia.</p>"))
    index = ET.fromstring(get(village, "/sitemap.xml").text)
    parts = [node.text for node in index.findall("s:sitemap/s:loc", NAMES)]
    assert all(part and part.startswith(f"{BASE}/sitemap/") for part in parts)
    listed: list[str] = []
    for part in parts:
        assert part is not None
        answer = get(village, part.removeprefix(BASE))
        assert answer.status_code == 200
        if "kabar.xml" in part:
            continue  # the newest once more, for news engines
        tree = ET.fromstring(answer.text)
        listed += [node.text or "" for node in tree.findall("s:url/s:loc", NAMES)]
    assert len(listed) == len(set(listed))
    articles = {f"{BASE}/berita/kabar-{n}" for n in range(6)} | {f"{BASE}/berita/rapat-warga"}
    assert articles <= set(listed)
    assert draft.slug not in " ".join(listed)
    for address in listed:
        assert get(village, address.removeprefix(BASE)).status_code == 200, address


def test_robots_may_read_all_but_the_desk(village: Site) -> None:
    text = get(village, "/robots.txt").text
    assert f"Sitemap: {BASE}/sitemap.xml" in text
    for closed in ("/kelola", "/masuk", "/api/", "/cari"):
        assert f"Disallow: {closed}\n" in text
    assert "Disallow: /\n" not in text


def test_a_site_without_an_address_offers_no_sitemap(site: Site) -> None:
    web = app_of(site).test_client()
    assert web.get("/sitemap.xml").status_code == 404
    assert "Sitemap" not in web.get("/robots.txt").text


def test_feeds_are_announced_on_every_page(village: Site) -> None:
    html = get(village, "/rubrik/kesehatan").text
    offered = re.findall(r'<link rel="alternate" type="([^"]+)" [^>]*href="([^"]+)"', html)
    assert ("application/atom+xml", "/feed.atom") in offered
    assert ("application/atom+xml", "/rubrik/kesehatan/feed.atom") in offered
    for _kind, path in offered:
        assert get(village, path).status_code == 200, path


def test_a_withdrawn_article_is_gone_and_an_unknown_one_not_found(village: Site) -> None:
    boss = operator(village)
    service.act(boss, service.Op.WITHDRAW, queries.find(boss, "kabar-4").id)
    gone = get(village, "/berita/kabar-4")
    assert gone.status_code == 410
    assert "ditarik" in gone.text
    assert 'name="robots" content="noindex"' in gone.text
    missing = get(village, "/berita/tak-pernah-ada")
    assert missing.status_code == 404
    assert "noindex" in missing.text


class Kept:
    """A site whose pages are baked, and what is dropped from them."""

    def __init__(self, site: Site) -> None:
        self.app: Flask = app_of(site)
        self.store: PageStore = page_store(self.app)
        self.wsgi = PageMiddleware(self.app, self.store)
        self.follower = PageFollower(site, self.store, self.wsgi)

    def bake(self, *paths: str) -> None:
        render = render_through(self.wsgi, BASE)
        for path in paths:
            assert render(path), path
            assert self.store.get(path) is not None, f"{path} is not kept"

    def missing(self, *paths: str) -> set[str]:
        return {path for path in paths if self.store.get(path) is None}


PAGES = ("/", "/berita/", "/berita/2026/11/", "/rubrik/kesehatan", "/rubrik/budaya",
         "/tag/posyandu", "/pengumuman/", "/berita/rapat-warga", "/feed.atom", "/robots.txt",
         *(f"/berita/kabar-{n}" for n in range(6)))  # fmt: skip


def test_publishing_one_article_takes_only_the_pages_that_show_it(village: Site) -> None:
    kept = Kept(village)
    kept.bake(*PAGES)
    assert kept.missing(*PAGES) == set()
    new = publish(village, "Paling baru", rubric="kesehatan", tags=("sawah",))
    gone = kept.missing(*PAGES)
    # Links to related articles are frozen when a page is baked.
    lists = [path for path in PAGES if not path.startswith("/berita/kabar-")]
    shows = {path for path in lists if new in get(village, path).text}
    assert {"/", "/berita/", "/berita/2026/11/", "/rubrik/kesehatan", "/feed.atom"} <= shows
    assert shows <= gone, "a page that shows it is still the old one"
    assert not any(path.startswith("/berita/kabar-") for path in gone), "articles never change"
    assert gone <= shows | {"/rubrik/budaya"}, f"baked again for nothing: {gone - shows}"


def test_a_withdrawn_article_is_gone_from_every_page_at_once(village: Site) -> None:
    boss = operator(village)
    kept = Kept(village)
    kept.bake(*PAGES)
    service.act(boss, service.Op.WITHDRAW, queries.find(boss, "kabar-3").id)
    still = [path for path in PAGES
             if (page := kept.store.get(path)) and b"/berita/kabar-3" in page.body]  # fmt: skip
    assert still == []


def test_a_changed_setting_takes_every_page(village: Site) -> None:
    kept = Kept(village)
    kept.bake(*PAGES)
    settings.change(operator(village), {"village_name": "Sukamakmur"})
    assert kept.missing(*PAGES) == set(PAGES)
    assert "Desa Sukamakmur" in get(village, "/").text


def test_office_hours_are_never_called_closed_for_being_written_freely(village: Site) -> None:
    lines = "Senin sampai Kamis jam 8-3\nJumat: 08.00–11.00\nMinggu: tutup\nHari besar: libur"
    settings.change(operator(village), {"office_hours": lines})
    rows = re.findall(r"<tr[ >].*?</tr>", get(village, "/").get_data(as_text=True))
    assert len(rows) == 4
    assert "Senin sampai Kamis jam 8-3" in rows[0]
    assert ["Tutup" in row for row in rows] == [False, False, True, False]
    assert "Hari besar: libur" in rows[3]


def test_a_village_without_a_district_has_a_whole_description(site: Site) -> None:
    settings.change(operator(site), {"village_name": "Sukamaju", "district": "", "regency": ""})
    said = get(site, "/").get_data(as_text=True)
    assert '<meta name="description" content="Kabar dan layanan Desa Sukamaju.">' in said


def test_pages_of_another_theme_are_not_used_after_a_start(village: Site) -> None:
    kept = Kept(village)
    kept.bake("/", "/berita/")
    kept.store.close()
    again = page_store(create_app(open_site(village.path, FakeClock())))
    assert again.get("/") is not None
    again.close()
    own = village.path / "themes" / "desa"
    (own / "templates").mkdir(parents=True)
    (own / "theme.toml").write_text('title = "Kita"\nextends = "desa"\n')
    extra = "{# kaki #}<p>Tema kita</p>"
    (own / "templates" / "_footer_extra.html").write_text(extra)
    changed = create_app(open_site(village.path, FakeClock()))
    assert page_store(changed).get("/") is None
    assert "Tema kita" in changed.test_client().get("/").text
    page_store(changed).close()


def test_a_theme_without_any_working_template_still_says_a_sentence(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "tema"
    shutil.copytree(shipped_themes(), broken)
    for template in (broken / "desa" / "templates").glob("*.html"):
        template.write_text("{{ page.no_such_thing.at_all }}")
    monkeypatch.setattr("desa_web.web.theme_layers.shipped_themes", lambda: broken)
    app = create_app(site)
    for path, status in (("/", 500), ("/tidak-ada", 404)):
        answer = app.test_client().get(path)
        assert answer.status_code == status
        assert "<h1>" in answer.text
        assert "Traceback" not in answer.text
    # And when not even the program's own template can be used.
    app.jinja_env.globals.clear()
    app.jinja_loader = None
    monkeypatch.setattr("desa_web.web.errors.render_template", _fails)
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert "Belum berhasil" in answer.text
    assert Theme.load("desa").problems == []


def _fails(*_arguments: object, **_named: object) -> str:
    raise RuntimeError("no template")
