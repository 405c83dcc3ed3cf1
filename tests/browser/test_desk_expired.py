"""A session that ends while somebody writes: one page to sign in, one tap, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.news import queries
from tests.browser.desk_site import PASSWORD, desk, fill_body, press, served_village
from tests.harness.browser import Chromium


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with served_village(tmp_path_factory.mktemp("desa")) as (site, url):
        boss = operator(site)
        accounts.add(boss, "laila", "Laila Nur", Role.EDITOR, password=PASSWORD)
        yield site, url


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "plain"])
@pytest.mark.parametrize("width", [360, 1280])
def test_an_ended_session_costs_one_page_and_one_tap(
    browser: Chromium, village: tuple[Site, str], width: int, javascript: bool
) -> None:
    site, url = village
    title = f"Sesi habis {width} {javascript}"
    with desk(browser, village, "laila", width=width, javascript=javascript) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/tulis")
        if javascript:
            page.locator("form[data-autosave-ready]").wait_for()
        sessions.revoke_all(operator(site), accounts.user(operator(site), "laila").id)
        tab.allow("401")  # the browser logs it
        page.get_by_label("Judul", exact=True).fill(title)
        fill_body(page, "Ditulis sampai akhir.", javascript)
        press(page, "Simpan")
        page.get_by_role("heading", name="Masuk sebentar, lalu lanjut").wait_for()
        if javascript:
            assert [*tab.axe(), *tab.small_targets()] == []
        assert tab.overflow_px() == 0
        page.get_by_label("Nama pengguna").fill("laila")
        page.get_by_label("Kata sandi").fill("keliru sekali")
        press(page, "Masuk")
        assert "belum cocok" in page.locator(".galat").inner_text()
        page.get_by_label("Kata sandi").fill(PASSWORD)
        press(page, "Masuk")
        if javascript:
            assert [*tab.axe(), *tab.small_targets()] == []
        press(page, "Kirim isian saya")
        page.wait_for_url("**/kelola/berita/*")
        assert "Tersimpan" in page.locator(".kabar").inner_text()
        if javascript:
            tab.wait("sessionStorage.getItem('desa-terkirim') === null")
            page.goto(f"{url}/kelola/tulis")
            page.locator("form[data-autosave-ready]").wait_for()
            assert page.get_by_text(title).count() == 0
    (made,) = [i for i in queries.desk(operator(site), limit=50) if i.title == title]
    body = queries.get(operator(site), made.id)[1].text.body
    assert body == "<p>Ditulis sampai akhir.</p>"


def test_a_person_who_turns_back_finds_the_text_again(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with desk(browser, village, "laila", width=360) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/tulis")
        page.locator("form[data-autosave-ready]").wait_for()
        sessions.revoke_all(operator(site), accounts.user(operator(site), "laila").id)
        tab.allow("401")
        page.get_by_label("Judul", exact=True).fill("Berbalik")
        fill_body(page, "Tidak jadi dikirim.", True)
        press(page, "Simpan")
        page.get_by_label("Nama pengguna").fill("laila")
        page.get_by_label("Kata sandi").fill(PASSWORD)
        press(page, "Masuk")
        page.get_by_role("link", name="Jangan kirim, ke meja kerja").click()
        page.goto(f"{url}/kelola/tulis")
        page.get_by_role("button", name="Lanjutkan menulis").click()
        assert page.locator("#body").input_value() == "<p>Tidak jadi dikirim.</p>"
    assert [i for i in queries.desk(operator(site), limit=50) if i.title == "Berbalik"] == []
