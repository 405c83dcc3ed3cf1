"""Autosave in real Chromium: what is typed survives, what is said about it is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.editor_page import EditorSite, editor_site
from tests.harness.browser import Chromium, Tab, wait

pytestmark = pytest.mark.browser
STATE = "document.querySelector('[data-autosave-status]').dataset.state"
SAID = "document.querySelector('[data-autosave-status]').textContent"
READY = "'autosaveReady' in document.querySelector('#naskah').dataset"


@pytest.fixture
def site() -> Iterator[EditorSite]:
    with editor_site() as running:
        running.has_autosave = True
        yield running


@pytest.fixture
def tab(browser: Chromium, site: EditorSite) -> Iterator[Tab]:
    with browser.open(width=360) as opened:
        show(opened, site)
        yield opened


def show(tab: Tab, site: EditorSite) -> None:
    tab.page.goto(site.url + "tulis")
    tab.wait(READY)


def type_text(tab: Tab, text: str) -> None:
    tab.page.locator(".ProseMirror").click()
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(text)


def is_in(tab: Tab, state: str) -> None:
    tab.wait(f"{STATE} === '{state}'")


def offer(tab: Tab) -> str:
    return tab.page.locator("[data-recovery]").inner_text()


def value(tab: Tab) -> str:
    return tab.page.locator("#body").input_value()


# --- what is said ---------------------------------------------------------------------------


def test_typing_is_kept_here_and_then_on_the_server(tab: Tab, site: EditorSite) -> None:
    site.answers = [(200, {"saved_at": "2026-11-22T03:44:00+00:00"})]
    type_text(tab, "Kabar desa")
    is_in(tab, "here")
    assert "Tersimpan di ponsel" in tab.page.evaluate(SAID)
    is_in(tab, "there")
    assert tab.page.evaluate(SAID) == "Tersimpan di server 10.44"
    assert site.typings[-1]["body"] == "<p>Kabar desa</p>"
    assert site.typings[-1]["base_revision_id"] == "r1"
    assert not {"_token", "version", "format"} & set(site.typings[-1])


def test_nothing_typed_sends_and_says_nothing(tab: Tab, site: EditorSite) -> None:
    said = tab.page.evaluate(SAID)
    tab.page.locator(".ProseMirror").click()
    tab.page.keyboard.press("Control+b")
    tab.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    assert (tab.page.evaluate(SAID), site.typings) == (said, [])


def test_without_signal_it_waits_and_goes_on_by_itself(tab: Tab, site: EditorSite) -> None:
    tab.allow("ERR_INTERNET_DISCONNECTED")
    tab.offline()
    type_text(tab, "Tanpa sinyal")
    is_in(tab, "waiting")
    assert tab.page.evaluate(SAID).startswith("Menunggu sinyal. Tersimpan di ponsel ")
    tab.offline(False)
    is_in(tab, "there")
    assert site.typings[-1]["body"] == "<p>Tanpa sinyal</p>"


def test_a_failing_server_is_asked_again(tab: Tab, site: EditorSite) -> None:
    tab.allow("503")
    site.answers = [(503, {})]
    type_text(tab, "Ulang")
    is_in(tab, "problem")
    assert tab.page.evaluate(SAID).startswith("Perlu dicoba lagi")
    is_in(tab, "there")
    assert len(site.typings) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (409, "tekan Simpan untuk menggabungkan"),
        (412, "tekan Simpan untuk menggabungkan"),
        (401, "Tekan Simpan untuk masuk lagi"),
        (404, "aman di ponsel"),
        (422, "Kata kunci terlalu panjang."),
    ],
)
def test_a_refusal_says_what_is_safe_and_what_to_do(
    tab: Tab, site: EditorSite, status: int, words: str
) -> None:
    tab.allow(str(status))
    site.answers = [(status, {"error": {"message": "Kata kunci terlalu panjang."}})]
    type_text(tab, "Tetap ada")
    tab.wait(f"{SAID}.includes('{words}')")
    tab.page.keyboard.type(" dan terus")
    show(tab, site)
    tab.page.get_by_role("button", name="Lanjutkan menulis").click()
    assert value(tab) == "<p>Tetap ada dan terus</p>"


def test_news_of_the_same_kind_is_not_read_aloud_again(tab: Tab) -> None:
    type_text(tab, "satu")
    is_in(tab, "there")
    live = "document.querySelector('[data-autosave-status]').getAttribute('aria-live')"
    assert tab.page.evaluate(live) == "polite"
    # Another minute: the same kind of news with another time.
    tab.page.evaluate(
        "document.querySelector('#naskah').desaAutosave.say('there', 'savedThere', 0)"
    )
    assert tab.page.evaluate(live) == "off"


# --- coming back ----------------------------------------------------------------------------


def test_a_closed_page_offers_its_text_again(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Belum selesai")
    is_in(tab, "here")
    show(tab, site)
    assert "tertutup pukul" in offer(tab)
    assert "selamat sampai kata terakhir" in offer(tab)
    assert tab.axe(".pemberitahuan") == []
    tab.page.get_by_role("button", name="Lanjutkan menulis").click()
    assert value(tab) == "<p>Belum selesai</p>"
    is_in(tab, "there")
    assert site.typings[-1]["body"] == "<p>Belum selesai</p>"


def test_leaving_at_once_loses_nothing(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Langsung pergi")
    show(tab, site)
    tab.page.get_by_role("button", name="Lanjutkan menulis").click()
    assert value(tab) == "<p>Langsung pergi</p>"


def test_what_was_thrown_away_can_be_had_back(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Terbuang")
    show(tab, site)
    tab.page.get_by_role("button", name="Pakai yang tersimpan").click()
    tab.page.get_by_role("button", name="Urungkan").click()
    tab.page.get_by_role("button", name="Lanjutkan menulis").click()
    assert value(tab) == "<p>Terbuang</p>"
    tab.page.locator("#title").fill("")
    show(tab, site)
    tab.page.get_by_role("button", name="Pakai yang tersimpan").click()
    tab.page.get_by_text("Ketikan itu dibuang.").wait_for()
    show(tab, site)
    assert tab.page.locator("[data-recovery]").count() == 0


def test_a_text_taken_over_is_offered_once_only(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Satu kali")
    for _ in range(3):
        show(tab, site)
        tab.page.get_by_role("button", name="Lanjutkan menulis").click()
        assert value(tab) == "<p>Satu kali</p>"


def test_a_sent_form_is_not_offered_again(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Terkirim")
    is_in(tab, "here")
    tab.page.get_by_role("button", name="Simpan").click()
    tab.page.wait_for_url("**/selesai")
    tab.wait("sessionStorage.getItem('desa-terkirim') === null")
    # The server has the text now, as a newer version.
    site.body, site.version = "<p>Terkirim dan disunting</p>", 2
    show(tab, site)
    assert tab.page.locator("[data-recovery]").count() == 0
    assert site.posts[-1]["body"] == "<p>Terkirim</p>"


def test_a_text_that_changed_meanwhile_keeps_its_base(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Punya saya")
    is_in(tab, "here")
    site.body, site.version = "<p>Punya orang lain</p>", 5
    show(tab, site)
    assert "berubah di server" in offer(tab)
    tab.page.get_by_role("button", name="Lanjutkan menulis").click()
    tab.page.get_by_role("button", name="Simpan").click()
    tab.page.wait_for_url("**/selesai")
    sent = site.posts[-1]
    assert (sent["body"], sent["version"], sent["base_revision_id"]) == (
        "<p>Punya saya</p>", "1", "r1",
    )  # fmt: skip


def test_a_new_text_is_offered_to_its_writer_only(tab: Tab, site: EditorSite) -> None:
    site.article = ""
    show(tab, site)
    tab.page.locator("#title").fill("Judul baru")
    is_in(tab, "here")
    site.user = "u2"
    show(tab, site)
    assert tab.page.locator("[data-recovery]").count() == 0
    site.user = "u1"
    show(tab, site)
    assert "Judul: Judul baru" in offer(tab)
    assert tab.page.get_by_role("button", name="Buang").is_visible()


def test_two_tabs_keep_two_texts(tab: Tab, site: EditorSite) -> None:
    type_text(tab, "Tab satu")
    is_in(tab, "here")
    second = tab.context.new_page()
    second.goto(site.url + "tulis")
    wait(second, READY)
    # The first one lives: its text is no leftover, but both are told.
    assert second.locator("[data-recovery]").count() == 0
    second.locator("[data-other-tab]").wait_for()
    tab.page.locator("[data-other-tab]").wait_for()
    second.locator(".ProseMirror").click()
    second.keyboard.type("Tab dua")
    wait(second, f"{STATE} === 'here' || {STATE} === 'there'")
    drafts = """new Promise(done => { const r = indexedDB.open('desa-ketikan');
      r.onsuccess = () => {
        const q = r.result.transaction('naskah').objectStore('naskah').getAll();
        q.onsuccess = () => done(q.result.map(d => d.fields.body).sort()); }; })"""
    assert second.evaluate(drafts) == ["<p>Tab dua</p>", "<p>Tab satu</p>"]


def test_without_indexeddb_the_text_is_kept_all_the_same(
    browser: Chromium, site: EditorSite
) -> None:
    with browser.open(width=360) as tab:
        tab.page.add_init_script("Object.defineProperty(window, 'indexedDB', {value: null})")
        show(tab, site)
        type_text(tab, "Tanpa basis data")
        is_in(tab, "here")
        show(tab, site)
        tab.page.get_by_role("button", name="Lanjutkan menulis").click()
        assert value(tab) == "<p>Tanpa basis data</p>"


def test_when_nothing_can_be_kept_it_says_so(browser: Chromium, site: EditorSite) -> None:
    with browser.open(width=360) as tab:
        tab.page.add_init_script(
            "Object.defineProperty(window, 'indexedDB', {value: null});"
            "Storage.prototype.setItem = () => { throw new Error('penuh'); };"
        )
        site.answers = [(200, {})] * 9
        show(tab, site)
        type_text(tab, "Tidak ada tempat")
        tab.wait(f"{SAID}.startsWith('Ponsel tidak bisa menyimpan')")
