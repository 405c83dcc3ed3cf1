"""/cari in real Chromium: with JavaScript and without, by keyboard, at every width, judged."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from desa_web.core.actor import operator
from desa_web.core.clock import SystemClock
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Text
from desa_web.features.search.follower import followers
from tests.harness.browser import Chromium
from tests.harness.site import make_site, serving

SEARCHES = {
    "hits": "/cari?q=posyandu",
    "corrected": "/cari?q=pelatihan+posiandu",
    "filtered": "/cari?q=posyandu&rubrik=kesehatan",
    "nothing": "/cari?q=helikopter",
    "start": "/cari",
    "long": "/cari?q=" + "kerjabaktigotongroyong" * 20,
    "hostile": "/cari?q=" + quote('"><img src=x onerror=alert(1)>'),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served village with news that can be searched."""
    site = make_site(tmp_path_factory.mktemp("desa"), clock=SystemClock(), village_name="Sukamaju")
    with site.bound():
        _fill(site)
        with serving(site) as address:
            yield address.rstrip("/")
    site.close()


def _fill(site: Site) -> None:
    boss = operator(site)
    rubrics.add_defaults(boss)
    for number in range(14):
        rubric = ("kesehatan", "kegiatan")[number % 2]
        body = "<p>Dua puluh kader posyandu mengikuti pelatihan di balai desa hari Selasa.</p>"
        text = Text(title=f"Kader posyandu dilatih angkatan {number}", body=body, rubric=rubric)
        service.publish_now(boss, service.create(boss, text).id)
    for follower in followers(site):
        catch_up(site, follower)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("width", [320, 1280])
def test_every_state_of_the_page_is_right(
    browser: Chromium, url: str, name: str, width: int
) -> None:
    with browser.open(width=width, dark=width == 1280) as tab:
        tab.page.goto(url + SEARCHES[name])
        assert tab.axe() == []
        assert tab.overflow_px() == 0
        expect(tab.page.locator("main a").first).to_be_visible()


def test_the_html_is_right(url: str) -> None:
    from tests.browser.budgets import nu

    assert {name: found for name, found in nu(url, SEARCHES).items() if found} == {}


def test_a_reader_without_javascript_finds_filters_and_pages(browser: Chromium, url: str) -> None:
    with browser.open(width=360, javascript=False) as tab:
        page = tab.page
        page.goto(url + "/cari")
        page.get_by_label("Kata yang dicari").fill("pelatihan posiandu")
        page.get_by_role("button", name="Cari").click()
        expect(page.get_by_text("Menampilkan hasil untuk")).to_be_visible()
        expect(page.locator("ul.hasil > li")).to_have_count(10)
        expect(page.locator("ul.hasil mark").first).to_be_visible()
        page.get_by_role("link", name="Hasil berikutnya").click()
        expect(page.locator("ul.hasil > li")).to_have_count(4)
        page.get_by_role("link", name="Hasil sebelumnya").click()
        page.get_by_role("complementary").get_by_role("link", name="Kesehatan").click()
        expect(page.locator("ul.hasil > li")).to_have_count(7)
        page.get_by_role("link", name="Cari “pelatihan posiandu” persis").click()
        expect(page.get_by_text("Menampilkan hasil untuk")).to_have_count(0)


def test_suggestions_by_keyboard(browser: Chromium, url: str) -> None:
    with browser.open(width=1280) as tab:
        page = tab.page
        page.goto(url + "/cari")
        box = page.get_by_role("combobox", name="Kata yang dicari")
        expect(box).to_have_attribute("aria-expanded", "false")
        box.press_sequentially("posy")
        options = page.get_by_role("option")
        expect(options.first).to_have_text("posyandu")
        expect(box).to_have_attribute("aria-expanded", "true")
        assert tab.axe() == []
        box.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        named = box.get_attribute("aria-activedescendant")
        assert named == options.first.get_attribute("id")
        box.press("Escape")
        expect(page.get_by_role("listbox")).to_be_hidden()
        expect(box).to_have_value("posy")
        box.press_sequentially("a")
        expect(options.first).to_be_visible()
        box.press("ArrowUp")
        box.press("Enter")
        expect(page.locator("ul.hasil mark").first).to_be_visible()
        assert "q=posyandu" in page.url


def test_suggestions_by_touch_and_away(browser: Chromium, url: str) -> None:
    with browser.open(width=360) as tab:
        page = tab.page
        page.goto(url + "/cari")
        box = page.get_by_role("combobox")
        box.press_sequentially("balai de")
        option = page.get_by_role("option", name="balai desa")
        expect(option).to_be_visible()
        assert option.bounding_box()["height"] >= 44  # type: ignore[index]
        assert tab.overflow_px() == 0
        option.tap()
        expect(page.locator("ul.hasil > li").first).to_be_visible()
        box.press_sequentially(" pos")
        expect(page.get_by_role("listbox")).to_be_visible()
        page.get_by_role("heading", name="Cari", exact=True).click()
        box.blur()
        expect(page.get_by_role("listbox")).to_be_hidden()


def test_typing_goes_on_when_suggestions_fail(browser: Chromium, url: str) -> None:
    with browser.open(width=360) as tab:
        page = tab.page
        tab.allow(r"saran|ERR_FAILED|Failed to load")
        page.route("**/cari/saran**", lambda route: route.abort())
        page.goto(url + "/cari")
        box = page.get_by_role("combobox")
        box.press_sequentially("posyandu")
        box.press("Enter")
        expect(page.locator("ul.hasil > li")).to_have_count(10)


def test_the_script_stays_small(browser: Chromium, url: str) -> None:
    with browser.open(width=360) as tab:
        with tab.page.expect_response(lambda r: "saran" in r.url) as found:
            tab.page.goto(url + "/cari")
        assert len(found.value.body()) <= 2048
