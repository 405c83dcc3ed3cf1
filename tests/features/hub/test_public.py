"""What readers see at a media centre: villages, kecamatan, feeds, and whose text it is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from desa_web.app import create_app
from desa_web.core import settings
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.features.hub import inbox, items, sources
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Kind, Source
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.news.workflow import Op
from desa_web.features.search import follower
from tests.harness.hub import Desa


@pytest.fixture
def web(hub: Site) -> FlaskClient:
    words = {"village_term": "Media Center", "village_name": "Bengawan"}
    settings.change(operator(hub), {"public_address": "https://media.example.id", **words})
    return create_app(hub).test_client()


@pytest.fixture
def sukamaju(hub: Site, desa: Desa) -> Source:
    made = desa.known_to(hub, district="Danderejo")
    return sources.change(operator(hub), made.id, name="Desa Sukamaju", address="https://a.desa.id")


def publish_all(hub: Site, desa: Desa) -> list[str]:
    """Publish what waits and return our articles of it."""
    desa.sync(hub)
    ids = [item.id for item in items.listing(Shelf.NEW)]
    return [inbox.publish(operator(hub), one).article_id or "" for one in ids]


def body_of(web: FlaskClient, path: str) -> str:
    answer = web.get(path)
    assert answer.status_code == 200, path
    return answer.text.partition("<main")[2].partition("</main>")[0]


def url_of(web: FlaskClient, title: str) -> str:
    found = re.search(rf'href="(/berita/[^"]+)">{title}<', web.get("/berita/").text)
    assert found is not None
    return found[1]


def test_villages_are_listed_by_kecamatan_and_lead_to_their_news(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    publish_all(hub, desa)
    listed = body_of(web, "/desa/")
    assert '<a href="/kecamatan/danderejo/">Kecamatan Danderejo</a>' in listed
    assert f'<a href="/desa/{sukamaju.slug}/">Desa Sukamaju</a>' in listed
    for path in (f"/desa/{sukamaju.slug}/", "/kecamatan/danderejo/"):
        assert "Panen raya" in body_of(web, path)


def test_a_village_nobody_confirmed_is_not_shown_before_it_has_news(
    hub: Site, web: FlaskClient
) -> None:
    made = sources.register(
        operator(hub), kind=Kind.DESA, name="Desa Entah", address="https://entah.desa.id"
    )
    assert "Desa Entah" not in body_of(web, "/desa/")
    assert web.get(f"/desa/{made.slug}/").status_code == 404


def test_an_unknown_village_and_kecamatan_are_not_found(web: FlaskClient) -> None:
    assert web.get("/desa/tidak-ada/").status_code == 404
    assert web.get("/kecamatan/tidak-ada/").status_code == 404
    assert web.get("/desa/tidak-ada/feed.atom").status_code == 404


def test_an_article_says_whose_it_is_and_links_to_the_original(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    publish_all(hub, desa)
    shown = body_of(web, url_of(web, "Panen raya"))
    line = shown.partition('<p class="asal">')[2].partition("</p>")[0]
    assert line.startswith("Sumber: ")
    assert f'<a href="/desa/{sukamaju.slug}/">Desa Sukamaju</a>' in line
    assert 'href="https://a.desa.id/berita/panen-raya"' in line
    assert "nofollow ugc noopener" in line


def test_one_that_was_edited_here_says_so(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    (article_id,) = publish_all(hub, desa)
    boss = operator(hub)
    news.save(boss, article_id, Text(title="Panen raya", body="<p>Disunting.</p>"))
    news.publish_now(boss, article_id)
    shown = body_of(web, url_of(web, "Panen raya"))
    assert "Disunting Media Center Bengawan; asli: " in shown


def test_our_own_articles_carry_no_such_line(hub: Site, web: FlaskClient) -> None:
    boss = operator(hub)
    made = news.create(boss, Text(title="Kabar kantor", body="<p>Isi.</p>"))
    news.publish_now(boss, made.id)
    assert 'class="asal"' not in body_of(web, f"/berita/{made.slug}")


def test_a_name_that_is_markup_stays_text(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    sources.change(operator(hub), sukamaju.id, name="<b>Desa</b>{x}", district="<i>K</i>")
    desa.publish("Panen raya")
    publish_all(hub, desa)
    for path in ("/", "/desa/", f"/desa/{sukamaju.slug}/", url_of(web, "Panen raya")):
        shown = body_of(web, path)
        assert "<b>Desa</b>" not in shown
        assert "<i>K</i>" not in shown
    assert "&lt;b&gt;Desa&lt;/b&gt;{x}" in body_of(web, "/desa/")


def test_what_is_withdrawn_leaves_every_list(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    made = desa.publish("Panen raya")
    publish_all(hub, desa)
    desa.withdraw(made)
    desa.sync(hub)
    for path in ("/", f"/desa/{sukamaju.slug}/", "/kecamatan/danderejo/"):
        assert "Panen raya" not in body_of(web, path)
    assert "Panen raya" not in web.get(f"/desa/{sukamaju.slug}/feed.atom").text


def test_a_removed_village_keeps_its_page_while_its_news_is_published(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    (article_id,) = publish_all(hub, desa)
    sources.remove(operator(hub), sukamaju.id)
    assert "Panen raya" in body_of(web, f"/desa/{sukamaju.slug}/")
    news.act(operator(hub), Op.WITHDRAW, article_id)
    assert web.get(f"/desa/{sukamaju.slug}/").status_code == 404


def test_feeds_of_a_village_and_of_its_kecamatan_hold_its_news_only(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    (article_id,) = publish_all(hub, desa)
    boss = operator(hub)
    own = news.create(boss, Text(title="Kabar kantor", body="<p>Isi.</p>"))
    news.publish_now(boss, own.id)
    for base in (f"/desa/{sukamaju.slug}/", "/kecamatan/danderejo/"):
        found = json.loads(web.get(f"{base}feed.json").data)
        assert [one["id"] for one in found["items"]] == [f"urn:uuid:{article_id}"]
        for name in ("feed.atom", "rss.xml"):
            said = web.get(base + name).text
            assert "Panen raya" in said
            assert "Kabar kantor" not in said


def test_two_feeds_have_two_ids(hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient) -> None:
    desa.publish("Panen raya")
    publish_all(hub, desa)
    paths = ("/feed.atom", f"/desa/{sukamaju.slug}/feed.atom", "/kecamatan/danderejo/feed.atom")
    ids = [re.search(r"<id>(.*?)</id>", web.get(path).text) for path in paths]
    assert len({one[1] for one in ids if one is not None}) == 3


def test_the_sitemap_names_villages_that_have_news_and_their_kecamatan(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    empty = sources.register(
        operator(hub), kind=Kind.DESA, name="Sepi", address="https://s.desa.id", is_confirmed=True
    )
    desa.publish("Panen raya")
    publish_all(hub, desa)
    said = web.get("/sitemap/umum.xml").text
    for path in ("/desa/", "/kecamatan/danderejo/", f"/desa/{sukamaju.slug}/"):
        assert f"<loc>https://media.example.id{path}</loc>" in said
    assert f"/desa/{empty.slug}/" not in said


def test_long_lists_go_on_by_key_without_a_gap_or_a_double(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    for n in range(23):
        desa.publish(f"Kabar nomor {n}")
    publish_all(hub, desa)
    path, seen = f"/desa/{sukamaju.slug}/", []
    while path:
        shown = body_of(web, path)
        seen += re.findall(r">Kabar nomor (\d+)<", shown)
        older = re.search(r'href="([^"]+)" rel="next"', shown)
        path = older[1].replace("&amp;", "&") if older else ""
    assert sorted(map(int, seen)) == list(range(23))


@pytest.mark.parametrize("place", ["x", "~", "1~\x00", "9" * 40, "-1~a", "١~a"])
def test_a_bent_place_in_a_list_starts_at_the_top(
    hub: Site, sukamaju: Source, web: FlaskClient, place: str
) -> None:
    answer = web.get(f"/desa/{sukamaju.slug}/", query_string={"sebelum": place})
    assert answer.status_code == 200


def test_search_finds_what_a_village_wrote_by_its_name(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    publish_all(hub, desa)
    for one in follower.followers(hub):
        catch_up(hub, one)
    shown = web.get("/cari?q=sukamaju").text
    assert "Panen raya" in re.sub(r"</?mark>", "", shown)


def asked(web: FlaskClient, hub: Site, path: str) -> int:
    """Return how many statements a page takes."""
    database, said = hub.database, []
    run = database.execute_sql

    def listening(sql: str, *rest: Any, **more: Any) -> Any:
        said.append(sql)
        return run(sql, *rest, **more)

    database.execute_sql = listening
    try:
        assert web.get(path).status_code == 200
    finally:
        del database.execute_sql
    return len(said)


def test_the_pages_ask_the_same_number_of_questions_for_many_villages(
    hub: Site, desa: Desa, sukamaju: Source, web: FlaskClient
) -> None:
    desa.publish("Panen raya")
    publish_all(hub, desa)
    paths = ("/", "/desa/", f"/desa/{sukamaju.slug}/", "/kecamatan/danderejo/")
    for path in paths:
        web.get(path)
    few = [asked(web, hub, path) for path in paths]
    for n in range(40):
        sources.register(
            operator(hub), kind=Kind.DESA, name=f"Desa {n}", address=f"https://d{n}.desa.id",
            district="Danderejo", is_confirmed=True,
        )  # fmt: skip
    # The first page after a change reads settings and menu again, whatever the change was.
    web.get("/")
    assert [asked(web, hub, path) for path in paths] == few
