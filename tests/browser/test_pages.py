"""Pages, menu and manual in real Chromium: phone and desktop, by keyboard, axe, targets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.clock import SystemClock
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.pages import files, menu, queries, service
from desa_web.features.pages.page import Text
from desa_web.features.portal import furnish
from tests.harness.browser import Chromium, Tab
from tests.harness.site import actor_as, make_site, serving

WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A served village with the demo's pages and menu."""
    site = make_site(tmp_path_factory.mktemp("desa"), clock=SystemClock(), village_name="Sukamaju")
    with site.bound():
        actor_as(site, Role.EDITOR, name="Laila Wardani")
        actor = operator(site)
        brought = files.import_path(actor, furnish.content_folder("demo"))
        assert [done.sentence for done in brought if done.sentence] == []
        page = queries.find("kontak")
        service.save(actor, page.id, Text(title="Kontak", body="<p>Jalan Balai Desa No. 1.</p>"))
        away = service.create(actor, Text(title="Lama"))
        service.trash(actor, away.id)
        with serving(site) as url:
            yield site, url.rstrip("/")
    site.close()


@contextmanager
def desk(
    browser: Chromium, village: tuple[Site, str], *, width: int, javascript: bool = True
) -> Iterator[Tab]:
    site, url = village
    with site.bound():
        person = accounts.user(operator(site), actor_as(site, Role.EDITOR).user_id or "")
        token = sessions.start(site, person, description="tests").token
    with browser.open(width=width, javascript=javascript) as tab:
        tab.context.add_cookies([{"name": "desa_sesi", "value": token, "url": url}])
        yield tab


@pytest.mark.parametrize("width", WIDTHS)
def test_desk_pages_and_manual_are_fit_for_everybody(
    browser: Chromium, village: tuple[Site, str], width: int
) -> None:
    site, url = village
    page, item = queries.find("kontak"), menu.items(site)[1]
    old = queries.revisions(page.id)[-1]
    paths = (
        "/kelola/halaman",
        "/kelola/halaman/baru",
        f"/kelola/halaman/{page.id}",
        f"/kelola/halaman/{page.id}/riwayat?naskah={old.id}",
        "/kelola/menu",
        f"/kelola/menu/{item.id}",
        "/bantuan/",
        "/bantuan/?q=foto",
        "/bantuan/perintah-desa",
        "/halaman/perangkat-desa",
    )
    with desk(browser, village, width=width) as tab:
        for path in paths:
            tab.page.goto(url + path)
            assert tab.axe() == [], path
            assert tab.overflow_px() == 0, path
            if path.startswith("/kelola"):
                assert tab.small_targets("button, input, select, textarea") == [], path


@pytest.mark.parametrize("javascript", [True, False])
def test_a_page_is_written_and_put_into_the_menu(
    browser: Chromium, village: tuple[Site, str], javascript: bool
) -> None:
    site, url = village
    title = "Posyandu" if javascript else "Karang Taruna"
    with desk(browser, village, width=360, javascript=javascript) as tab:
        at = tab.page
        at.goto(f"{url}/kelola/halaman/baru")
        at.get_by_label("Judul", exact=True).fill(title)
        editor = at.locator("[contenteditable=true]")
        if javascript and editor.count():
            editor.first.click()
            at.keyboard.type("Buka tiap Selasa.")
        else:
            at.locator("textarea[name=body]").fill("Buka tiap **Selasa**.")
        at.get_by_label("Di bawah halaman").select_option(label="Pemerintahan")
        at.get_by_role("button", name="Simpan dan terbitkan").click()
        assert at.get_by_text("Halaman sudah terbit.").is_visible()
        at.goto(f"{url}/kelola/menu")
        at.get_by_label("Menuju halaman").select_option(label="\u2003" + title)
        at.get_by_role("button", name="Tambah ke menu").click()
        at.goto(f"{url}/halaman/{'posyandu' if javascript else 'karang-taruna'}")
        assert at.locator("h1").inner_text() == title
        assert "Buka tiap" in at.locator(".prosa").inner_text()
        assert title in at.locator("header").inner_html()
    with site.bound():
        assert title in [i.title for i in menu.items(site)]


def test_order_changes_by_keyboard_and_the_row_stays_in_sight(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    _site, url = village
    with desk(browser, village, width=360) as tab:
        at = tab.page
        at.goto(f"{url}/kelola/menu")
        rows = at.locator(".pohon li.lapis-0 .judul-baris")
        before = rows.all_inner_texts()
        up = at.get_by_role("button", name="Naikkan Kontak")
        up.focus()
        at.keyboard.press("Enter")
        at.wait_for_url("**/kelola/menu#m-*")
        after = rows.all_inner_texts()
        place = before.index("Kontak")
        assert after[place - 1 : place + 1] == ["Kontak", before[place - 1]]
        assert at.get_by_role("button", name="Naikkan Kontak").is_visible()


def test_a_page_thrown_away_comes_back_by_one_button(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with site.bound():
        page = service.create(operator(site), Text(title="Sementara"))
    with desk(browser, village, width=1280) as tab:
        at = tab.page
        at.goto(f"{url}/kelola/halaman/{page.id}")
        at.get_by_role("button", name="Buang halaman").click()
        at.get_by_role("button", name="Batalkan").click()
        assert at.get_by_role("link", name="Sementara").is_visible()
