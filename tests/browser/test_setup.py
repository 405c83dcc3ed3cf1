"""Journey 1 in real Chromium: from the code on the console to a site with one published article.

Phone and desktop, with JavaScript and without, by keyboard alone; each step is judged by axe and
the Nu HTML checker, for targets and overflow; CSP and third parties by the harness itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Chromium, Tab
from tests.harness.wizard import first_day

pytestmark = pytest.mark.browser
WIDTHS = (360, 1280)
PASSWORD = "jambu kereta biru"
JAR = Path(__file__).parent / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
Look = Callable[[str], None]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("javascript", [True, False], ids=["js", "plain"])
def test_the_first_day_ends_with_a_site_that_has_news(
    browser: Chromium, tmp_path: Path, width: int, javascript: bool
) -> None:
    with (
        first_day(tmp_path) as (url, code),
        browser.open(width=width, javascript=javascript) as tab,
    ):
        tab.allow("422")  # Chromium logs it: a refused answer
        pages: dict[str, str] = {}

        def look(name: str) -> None:
            if javascript:
                _judge(tab, name)
                pages[name] = tab.context.request.get(tab.page.url).text()

        _walk(tab.page, url, code, look)
        assert _html_problems(pages, tmp_path) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_step_is_readable_at_night(browser: Chromium, tmp_path: Path, width: int) -> None:
    with first_day(tmp_path) as (url, code), browser.open(width=width, dark=True) as tab:
        tab.allow("422")
        _walk(tab.page, url, code, lambda name: _judge(tab, name), palette="Ungu manggis")


def test_the_whole_wizard_goes_by_keyboard_alone(browser: Chromium, tmp_path: Path) -> None:
    with first_day(tmp_path) as (url, code), browser.open(width=1280) as tab:
        page = tab.page
        page.goto(url)
        _type(page, "code", code)
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/desa")
        _type(page, "village_name", "Sukamaju")
        _type(page, "kode_wilayah", "35.22.07.2004")
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/kontak")
        _type(page, "kim_name", "KIM Sukamaju")
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/tampilan")
        _tab_to(page, "document.activeElement.name === 'palette'")
        page.keyboard.press("ArrowDown")
        assert page.locator("input[name=palette]:checked").get_attribute("value") == "laut"
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/akun")
        for name, text in (
            ("name", "Bagus Prasetyo"), ("login", "bagus.p"),
            ("password", PASSWORD), ("again", PASSWORD),
        ):  # fmt: skip
            _type(page, name, text)
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/cetak")
        _tab_to(page, "document.activeElement.textContent === 'Saya sudah mencetak'")
        page.keyboard.press("Enter")
        page.wait_for_url("**/mulai/siap")
        _tab_to(page, "document.activeElement.textContent.trim() === 'Lihat situs'")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Situs desa kini dibuka untuk warga")).to_be_visible()


def test_the_recovery_codes_fit_on_one_sheet(browser: Chromium, tmp_path: Path) -> None:
    with first_day(tmp_path) as (url, code), browser.open(width=1280) as tab:
        page = tab.page
        _answer_all(page, url, code, _silent)
        codes = page.locator(".lembar-kode li").all_inner_texts()
        assert len(set(codes)) == 8
        page.reload()
        assert page.locator(".lembar-kode li").all_inner_texts() == codes
        expect(page.get_by_role("button", name="Cetak", exact=True)).to_be_visible()
        page.emulate_media(media="print", color_scheme="light")
        for hidden in (".awal-muka", ".selesai", ".awal-isi > h1", ".ke-berapa"):
            expect(page.locator(hidden)).to_be_hidden()
        for shown in (".lembar-kode", "text=Desa Sukamaju", "text=bagus.p", "text=/pulihkan"):
            expect(page.locator(f"main >> {shown}").first).to_be_visible()
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A5"))) == 1


def test_the_back_button_loses_nothing(browser: Chromium, tmp_path: Path) -> None:
    with first_day(tmp_path) as (url, code), browser.open(width=360) as tab:
        page = tab.page
        _answer_all(page, url, code, _silent)
        for path, field, value in (
            ("akun", "login", "bagus.p"),
            ("tampilan#contoh", "", ""),
            ("tampilan", "", ""),
            ("kontak", "kim_name", "KIM Sukamaju"),
            ("desa", "village_name", "Sukamaju"),
        ):
            page.go_back()
            page.wait_for_url(f"**/mulai/{path}")
            if field:
                expect(page.locator(f"#{field}")).to_have_value(value)
        page.locator("#village_name").fill("Sukasari")
        _next(page)
        page.goto(f"{url}mulai")
        page.wait_for_url("**/mulai/cetak")
        expect(page.locator("#lembar-judul")).to_have_text("Desa Sukasari")
        page.get_by_role("button", name="Saya sudah mencetak").click()
        page.wait_for_url("**/mulai/siap")
        page.go_back()
        page.goto(f"{url}mulai/cetak")
        page.wait_for_url("**/mulai/siap")


def _walk(page: Page, url: str, code: str, look: Look, palette: str = "Biru laut") -> None:
    """Journey 1, with one mistake in it."""
    _answer_all(page, url, code, look, palette)
    look("cetak")
    page.get_by_role("button", name="Saya sudah mencetak").click()
    page.wait_for_url("**/mulai/siap")
    expect(page.get_by_role("heading", level=1)).to_have_text("Situs Desa Sukamaju sudah jadi")
    look("siap")
    page.get_by_role("link", name="Lihat situs").click()
    page.get_by_role("link", name="Situs desa kini dibuka untuk warga").first.click()
    page.wait_for_url("**/berita/situs-desa-dibuka")
    expect(page.get_by_role("heading", level=1)).to_have_text("Situs desa kini dibuka untuk warga")
    page.goto(f"{url}mulai/siap")
    page.get_by_role("link", name="Tulis berita pertama").click()
    expect(page.get_by_label("Judul", exact=True)).to_be_visible()


def _answer_all(page: Page, url: str, code: str, look: Look, palette: str = "Biru laut") -> None:
    page.goto(url)
    page.wait_for_url("**/mulai")
    look("kode")
    page.get_by_label("Kode penyiapan").fill(code)
    page.get_by_role("button", name="Mulai").click()
    page.wait_for_url("**/mulai/desa")
    look("desa")
    page.get_by_label("Nama desa").fill("Sukamaju")
    page.get_by_label("Kode wilayah").fill("3522072004")
    page.get_by_label("Kecamatan").fill("Kalitidu")
    page.get_by_label("Kabupaten atau kota").fill("Bojonegoro")
    _next(page)
    page.wait_for_url("**/mulai/kontak")
    look("kontak")
    page.get_by_label("Nama KIM").fill("KIM Sukamaju")
    page.get_by_label("WhatsApp").fill("0812-3456-7890")
    _next(page)
    page.wait_for_url("**/mulai/tampilan")
    page.get_by_label(palette).check()
    page.get_by_label("Parang").check()
    page.get_by_role("button", name="Lihat contohnya dulu").click()
    expect(page.locator("#contoh .pita-parang")).to_be_visible()
    look("tampilan")
    _next(page)
    page.wait_for_url("**/mulai/akun")
    page.get_by_label("Nama lengkap").fill("Bagus Prasetyo")
    page.get_by_label("Nama pengguna").fill("bagus.p")
    if look is not _silent:
        page.get_by_label("Kata sandi", exact=True).fill("sukamaju1")
        page.get_by_label("Ulangi kata sandi").fill("sukamaju1")
        _next(page)
        expect(page.locator("#password-galat")).to_contain_text("mudah ditebak")
        expect(page.locator("#login")).to_have_value("bagus.p")
        look("akun")
    page.get_by_label("Kata sandi", exact=True).fill(PASSWORD)
    page.get_by_label("Ulangi kata sandi").fill(PASSWORD)
    _next(page)
    page.wait_for_url("**/mulai/cetak")


def _silent(_name: str) -> None:
    """Look at nothing, and make no mistake."""


def _next(page: Page) -> None:
    page.get_by_role("button", name="Simpan dan lanjut").click()


def _judge(tab: Tab, name: str) -> None:
    assert tab.axe() == [], name
    assert tab.small_targets() == [], name
    assert tab.overflow_px() == 0, name


def _type(page: Page, field: str, text: str) -> None:
    _tab_to(page, f"document.activeElement.id === '{field}'")
    page.keyboard.type(text)


def _tab_to(page: Page, condition: str) -> None:
    for _n in range(60):
        if page.evaluate(condition):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to: {condition}")


def _html_problems(pages: dict[str, str], folder: Path) -> list[str]:
    """Return what the Nu HTML checker says, errors and warnings."""
    if not pages:
        return []
    assert JAR.exists(), "the HTML checker is missing: run `npm ci` in tests/browser"
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    files = [str(folder / f"{name}.html") for name in pages]
    done = subprocess.run(
        ["java", "-Xss8m", "-jar", str(JAR), "--format", "json", "--no-langdetect", *files],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    found = json.loads(done.stderr)["messages"]
    return [f"{Path(m['url']).stem}: {m['message']} (line {m.get('lastLine')})" for m in found]
