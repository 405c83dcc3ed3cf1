"""A button pressed without a signal keeps the page, the words and the chosen photos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Route

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.news import queries
from tests.browser.desk_site import PASSWORD, desk, fill_body, press, served_village
from tests.harness.browser import Chromium
from tests.harness.photos import photo_file


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with served_village(tmp_path_factory.mktemp("desa")) as (site, url):
        accounts.add(operator(site), "laila", "Laila Nur", Role.EDITOR, password=PASSWORD)
        yield site, url


def test_a_button_pressed_without_signal_loses_nothing_and_works_later(
    browser: Chromium, village: tuple[Site, str], tmp_path: Path
) -> None:
    site, url = village
    with desk(browser, village, "laila", width=360) as tab:
        page = tab.page
        tab.allow("ERR_INTERNET_DISCONNECTED")
        page.goto(f"{url}/kelola/tulis")
        page.locator("form[data-autosave-ready]").wait_for()
        page.get_by_label("Judul", exact=True).fill("Tanpa sinyal")
        # What sends photos is there a moment after the page itself.
        tab.wait("performance.getEntriesByType('resource').some(e => e.name.includes('kirim'))")
        tab.offline()
        fill_body(page, "Ditulis di sawah.", True)
        page.locator("main input[type=file]").first.set_input_files(photo_file(tmp_path))
        press(page, "Simpan")
        ribbon = page.locator("[data-offline]")
        page.get_by_text("Belum terkirim").wait_for()
        assert ribbon.is_visible()
        assert page.url.endswith("/kelola/tulis")
        assert page.get_by_label("Judul", exact=True).input_value() == "Tanpa sinyal"
        tab.offline(False)
        ribbon.wait_for(state="hidden")
        page.locator('[name="lead_photo_id"]:not([value=""])').wait_for(state="attached")
        press(page, "Simpan")
        page.wait_for_url("**/kelola/berita/*")
    (made,) = [i for i in queries.desk(operator(site), limit=50) if i.title == "Tanpa sinyal"]
    text = queries.get(operator(site), made.id)[1].text
    assert (text.title, text.body) == ("Tanpa sinyal", "<p>Ditulis di sawah.</p>")
    assert text.lead_photo_id != ""


def test_photos_on_their_way_are_not_dropped_by_the_first_press(
    browser: Chromium, village: tuple[Site, str], tmp_path: Path
) -> None:
    site, url = village
    with desk(browser, village, "laila", width=360) as tab:
        page = tab.page
        waiting: list[Route] = []
        page.route("**/api/v1/uploads/*", lambda route: waiting.append(route))
        page.goto(f"{url}/kelola/tulis")
        page.locator("form[data-autosave-ready]").wait_for()
        page.get_by_label("Judul", exact=True).fill("Dua foto")
        fill_body(page, "Isi.", True)
        photos = [photo_file(tmp_path, 1), photo_file(tmp_path, 2)]
        page.locator("main input[type=file]").first.set_input_files(photos)
        press(page, "Simpan")
        page.get_by_text("Foto masih dikirim, sisa 2").wait_for()
        assert page.url.endswith("/kelola/tulis")
        page.unroute("**/api/v1/uploads/*")
        for route in waiting:
            with suppress(Error):  # Playwright may have let it go already
                route.continue_()
        page.get_by_text("Foto masih dikirim").wait_for(state="detached")
        press(page, "Simpan")
        page.wait_for_url("**/kelola/berita/*")
        page.locator("form[data-autosave-ready]").wait_for()
        # Told once, a second press goes on without.
        page.route("**/api/v1/uploads/*", lambda route: waiting.append(route))
        page.locator("main input[type=file]").first.set_input_files(photo_file(tmp_path, 3))
        press(page, "Simpan")
        page.get_by_text("Foto masih dikirim, sisa 1").wait_for()
        press(page, "Simpan")
        page.locator(".kabar").wait_for()
        page.unroute_all(behavior="ignoreErrors")
    (made,) = [i for i in queries.desk(operator(site), limit=50) if i.title == "Dua foto"]
    assert queries.get(operator(site), made.id)[1].text.lead_photo_id != ""


def test_a_site_on_the_laptop_itself_needs_no_network_at_all(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with desk(browser, village, "laila", width=1280) as tab:
        page = tab.page
        # So says Chromium on a machine without any network, whose own server answers all the same.
        page.add_init_script("Object.defineProperty(navigator, 'onLine', {get: () => false})")
        page.goto(f"{url}/kelola/tulis")
        page.locator("form[data-autosave-ready]").wait_for()
        page.get_by_label("Judul", exact=True).fill("Tanpa jaringan")
        fill_body(page, "Isi.", True)
        assert not page.locator("[data-offline]").is_visible()
        press(page, "Simpan")
        page.wait_for_url("**/kelola/berita/*")
    assert "Tanpa jaringan" in [item.title for item in queries.desk(operator(site), limit=50)]
