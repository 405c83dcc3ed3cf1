"""Kominfo's morning (journey 7) in real Chromium: the board, the inbox, a kit for a newsroom.

Phone and desktop, with JavaScript and without; every page of the media centre is judged.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.hub import inbox, items, sources
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Kind
from desa_web.features.news import rubrics
from tests.browser.desk_site import desk, press
from tests.harness.browser import Chromium
from tests.harness.htmlcheck import messages_of
from tests.harness.hub import Desa, make_hub
from tests.harness.site import actor_as, client, serving

SHAPES = [(360, True), (360, False), (1280, True), (1280, False)]
LOGIN = "officer"


@dataclass(frozen=True, slots=True)
class Centre:
    """A served media centre with one real village that writes, and two that are in trouble."""

    site: Site
    url: str
    desa: Desa
    source_id: str
    updated_id: str
    held_id: str

    def paths(self) -> dict[str, str]:
        desk_paths = {
            "beranda kerja": "/kelola/", "kotak": "/kelola/kiriman",
            "berubah": "/kelola/kiriman?rak=berubah", "hampa": "/kelola/kiriman?cari=zzz",
            "satu": f"/kelola/kiriman/{self.held_id}", "beda": f"/kelola/kiriman/{self.updated_id}",
            "papan": "/kelola/desa", "sumber": f"/kelola/desa/{self.source_id}",
            "tambah": "/kelola/desa/baru", "ekspor": "/kelola/ekspor",
            "ekspor keliru": "/kelola/ekspor?dari=kemarin",
        }  # fmt: skip
        slug = sources.get(self.site, self.source_id).slug
        return desk_paths | {
            "depan": "/", "desa": "/desa/", "satu desa": f"/desa/{slug}/",
            "kecamatan": "/kecamatan/danderejo/", "berita": "/berita/panen-raya",
        }  # fmt: skip


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("pusat")
    hub, desa = make_hub(folder / "hub"), Desa.make(folder / "desa")
    with hub.bound():
        boss = operator(hub)
        actor_as(hub, Role.OFFICER, name="Ratna Dewi")
        rubrics.add_defaults(boss)
        source = desa.known_to(hub, district="Danderejo", contact="Nur, 0812-0000-1111")
        sources.register(
            boss, kind=Kind.FEED, name="Kelurahan Karangsari", address="https://k.example/rss"
        )
        for title in ("Panen raya", "Pasar pindah", "Posyandu buka lagi"):
            desa.publish(title, lead_photo_id=desa.add_photo(caption="Warga."))
        desa.sync(hub)
        first, second, third = items.listing(Shelf.NEW)[::-1]
        for one in (first, second):
            inbox.publish(boss, one.id)
        desa.edit(second.object_id, body="<p>Pasar pindah sampai Maret.</p>")
        for n in range(8):
            desa.publish(f"Kabar nomor {n}")
        desa.sync(hub)
        with serving(hub) as url:
            yield Centre(hub, url.rstrip("/"), desa, source.id, second.id, third.id)
    desa.site.close()
    hub.close()


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_every_page_holds_before_axe_targets_and_a_small_screen(
    browser: Chromium, centre: Centre, width: int, dark: bool
) -> None:
    with desk(browser, (centre.site, centre.url), LOGIN, width=width, dark=dark) as tab:
        found = {}
        for name, path in centre.paths().items():
            answer = tab.page.goto(centre.url + path)
            assert answer is not None
            if answer.status == 422:
                tab.allow("422")
            small = tab.small_targets() if path.startswith("/kelola") else []
            wide = [f"{n} px too wide" for n in [tab.overflow_px()] if n]
            if wrong := [*tab.axe(), *small, *wide]:
                found[name] = wrong
        assert found == {}


def test_the_html_checker_finds_nothing(centre: Centre) -> None:
    web = client(centre.site, actor_as(centre.site, Role.OFFICER))
    pages = {path: web.get(path).text for path in centre.paths().values()}
    assert {path: said for path, said in messages_of(pages).items() if said} == {}


@pytest.mark.parametrize(("width", "javascript"), SHAPES)
def test_an_officer_reads_publishes_and_takes_it_back(
    browser: Chromium, centre: Centre, width: int, javascript: bool
) -> None:
    title = f"Kabar nomor {SHAPES.index((width, javascript))}"
    person = desk(browser, (centre.site, centre.url), LOGIN, width=width, javascript=javascript)
    with person as tab:
        tab.page.goto(centre.url + "/kelola/")
        tab.page.locator("a.tunggu", has_text="Kotak masuk").click()
        tab.page.get_by_role("link", name=title, exact=True).click()
        press(tab.page, "Terbitkan")
        assert f"Terbit: {title}" in tab.page.locator(".kabar").inner_text()
        assert title in client(centre.site).get("/berita/").text
        press(tab.page, "Batalkan")
        assert title not in client(centre.site).get("/berita/").text


def test_many_are_published_at_once_and_taken_back_at_once(
    browser: Chromium, centre: Centre
) -> None:
    titles = ["Kabar nomor 6", "Kabar nomor 7"]
    with desk(browser, (centre.site, centre.url), LOGIN, width=360) as tab:
        tab.page.goto(centre.url + "/kelola/kiriman")
        for title in titles:
            tab.page.get_by_label(f"{title}: Pilih").check()
        press(tab.page, "Terbitkan yang dipilih")
        assert "2 kabar terbit." in tab.page.locator(".kabar").inner_text()
        shown = client(centre.site).get("/berita/").text
        assert all(title in shown for title in titles)
        press(tab.page, "Batalkan")
        shown = client(centre.site).get("/berita/").text
        assert not any(title in shown for title in titles)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_reason_is_asked_for_before_something_goes_back(
    browser: Chromium, centre: Centre, javascript: bool
) -> None:
    """The page comes back at the field that is missing, not at the notice far above it."""
    with desk(browser, (centre.site, centre.url), LOGIN, width=360, javascript=javascript) as tab:
        tab.allow("422")
        tab.page.goto(f"{centre.url}/kelola/kiriman/{centre.held_id}")
        press(tab.page, "Kembalikan ke desa")
        said = tab.page.locator("#reason-galat")
        assert "Tulis alasan" in said.inner_text()
        expect(tab.page.locator("#reason")).to_be_focused()
        expect(said).to_be_in_viewport()
        assert items.get(centre.site, centre.held_id).item.state == "new"


def test_a_newsroom_gets_its_kit(browser: Chromium, centre: Centre, tmp_path: Path) -> None:
    with desk(browser, (centre.site, centre.url), LOGIN, width=1280, javascript=False) as tab:
        tab.page.goto(centre.url + "/kelola/ekspor")
        with tab.page.expect_download() as waiting:
            press(tab.page, "Media kit (ZIP)")
        file = tmp_path / "kit.zip"
        waiting.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        assert "panen-raya/naskah.txt" in archive.namelist()
