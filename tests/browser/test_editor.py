"""The writing surface in real Chromium, under the product's own policy."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core.html import normalise
from tests.browser.editor_page import STATIC, EditorSite, editor_site
from tests.harness.browser import Chromium, Tab

pytestmark = pytest.mark.browser
CORPUS = sorted((Path(__file__).parents[1] / "corpus" / "paste").glob("*.expected.html"))
RICH = (
    "<p>Halo <strong>warga</strong> <em>desa</em></p><h2>Sub</h2><ul><li>satu<ul><li>dua</li></ul>"
    '</li></ul><blockquote><p>Kata</p><p>Kita</p></blockquote><figure data-foto="p1"></figure>'
    "<table><thead><tr><th>A</th><th>B</th></tr></thead>"
    "<tbody><tr><td>1</td><td></td></tr></tbody></table>"
)
REL = 'rel="nofollow ugc noopener"'
EDITOR = "document.querySelector('#body').desaEditor"


@pytest.fixture(scope="module")
def site() -> Iterator[EditorSite]:
    with editor_site() as running:
        yield running


@pytest.fixture
def tab(browser: Chromium, site: EditorSite) -> Iterator[Tab]:
    """The form with an empty text, at phone width."""
    site.body, site.markdown = "", ""
    with browser.open(width=360) as opened:
        show(opened, site)
        yield opened


def show(tab: Tab, site: EditorSite, body: str = "") -> None:
    site.body, site.markdown = body, "teks Markdown"
    tab.page.goto(site.url + "tulis")
    tab.page.locator(".ProseMirror").wait_for()


def value(tab: Tab) -> str:
    """What the form would send."""
    return tab.page.locator("#body").input_value()


def press(tab: Tab, name: str) -> None:
    tab.page.get_by_role("button", name=name, exact=True).click()


def type_lines(tab: Tab, *lines: str) -> None:
    tab.page.locator(".ProseMirror").click()
    for at, line in enumerate(lines):
        if at:
            tab.page.keyboard.press("Enter")
        tab.page.keyboard.type(line)


def select_all(tab: Tab) -> None:
    tab.page.keyboard.press("Control+a")
    tab.wait(f"!{EDITOR}.view.state.selection.empty")


# --- what is opened and saved is the same ---------------------------------------------------


def test_opening_and_saving_changes_no_byte(browser: Chromium, site: EditorSite) -> None:
    assert len(CORPUS) > 10
    with browser.open(width=360) as tab:
        for text in CORPUS:
            canonical = text.read_text(encoding="utf-8").strip("\n")
            show(tab, site, canonical)
            assert value(tab) == canonical, text.name
            # What the editor itself would write, not only what it left alone.
            assert tab.page.evaluate(f"{EDITOR}.html()") == canonical, text.name


def test_what_is_typed_is_canonical_for_the_server(tab: Tab) -> None:
    type_lines(tab, "Kabut  belum terangkat ", "", "Dua & <tiga>", "", "")
    press(tab, "Tebal")
    tab.page.keyboard.type(" tebal ")
    press(tab, "Tebal")
    tab.page.keyboard.type("biasa")
    written = value(tab)
    assert "<strong>tebal</strong> biasa" in written
    assert normalise(written) == written


def test_ten_thousand_words_stay_quick_and_whole(browser: Chromium, site: EditorSite) -> None:
    body = "".join(f"<p>{f'kata{n} ' * 49}akhir</p>" for n in range(200))
    with browser.open(width=1280) as tab:
        show(tab, site, body)
        tab.page.evaluate(f"{EDITOR}.focus()")
        tab.page.keyboard.press("Control+End")
        tab.page.keyboard.type("Selesai")
        assert value(tab) == body[: -len("</p>")] + "Selesai</p>"


def test_nothing_typed_sends_what_the_server_gave(tab: Tab, site: EditorSite) -> None:
    show(tab, site, RICH)
    with tab.page.expect_navigation():
        press(tab, "Simpan")
    assert (site.posts[-1]["body"], site.posts[-1]["format"]) == (RICH, "html")


def test_an_emptied_text_is_sent_as_empty(tab: Tab, site: EditorSite) -> None:
    show(tab, site, "<p>Salah tulis</p>")
    tab.page.locator(".ProseMirror").click()
    select_all(tab)
    tab.page.keyboard.press("Delete")
    assert value(tab) == ""


def test_a_text_the_editor_cannot_hold_stays_a_plain_field(tab: Tab, site: EditorSite) -> None:
    tab.page.add_init_script(
        "DOMParser.prototype.parseFromString = () => document.implementation.createHTMLDocument('')"
    )
    site.body, site.markdown = "<p>Utuh</p>", "Utuh"
    tab.page.goto(site.url + "tulis")
    tab.page.wait_for_load_state()
    assert tab.page.locator("textarea#body").is_visible()
    assert (value(tab), tab.page.locator("[name=format]").input_value()) == ("Utuh", "markdown")


def test_without_javascript_the_form_is_markdown(browser: Chromium, site: EditorSite) -> None:
    site.body, site.markdown = "<p><strong>Halo</strong></p>", "**Halo**"
    with browser.open(width=360, javascript=False) as tab:
        tab.page.goto(site.url + "tulis")
        tab.page.locator("#body").fill("**Halo** warga")
        tab.page.locator("button.tombol").click()
        tab.page.wait_for_url("**/selesai")
    assert (site.posts[-1]["body"], site.posts[-1]["format"]) == ("**Halo** warga", "markdown")


# --- toolbar and keys -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("button", "key", "expected"),
    [
        ("Tebal", "Control+b", "<p><strong>Kata</strong></p>"),
        ("Miring", "Control+i", "<p><em>Kata</em></p>"),
        ("Subjudul", "Control+Alt+2", "<h2>Kata</h2>"),
        ("Daftar", "Control+Shift+8", "<ul><li>Kata</li></ul>"),
        ("Kutipan", "Control+Shift+9", "<blockquote><p>Kata</p></blockquote>"),
    ],
)
def test_each_tool_works_by_tap_and_key_and_back(
    tab: Tab, button: str, key: str, expected: str
) -> None:
    type_lines(tab, "Kata")
    node = tab.page.get_by_role("button", name=button, exact=True)
    for act in (lambda: node.click(), lambda: tab.page.keyboard.press(key)):
        select_all(tab)
        act()
        assert value(tab) == expected
        assert node.get_attribute("aria-pressed") == "true"
        act()
        assert value(tab) == "<p>Kata</p>"
        assert node.get_attribute("aria-pressed") == "false"
    assert "Ctrl+" in (node.get_attribute("title") or "")


def test_a_heading_turns_into_a_list_at_one_tap(tab: Tab) -> None:
    type_lines(tab, "Kata")
    press(tab, "Subjudul")
    press(tab, "Daftar")
    assert value(tab) == "<ul><li>Kata</li></ul>"


def test_lists_nest_and_end_as_people_expect(tab: Tab) -> None:
    tab.page.locator(".ProseMirror").click()
    press(tab, "Daftar")
    tab.page.keyboard.type("satu")
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Control+]")
    tab.page.keyboard.type("dua")
    assert value(tab) == "<ul><li>satu<ul><li>dua</li></ul></li></ul>"
    for _ in range(3):  # a new empty item, out of the inner list, out of the outer one
        tab.page.keyboard.press("Enter")
    tab.page.keyboard.type("biasa")
    assert value(tab) == "<ul><li>satu<ul><li>dua</li></ul></li></ul><p>biasa</p>"


def test_a_list_changes_its_kind(tab: Tab) -> None:
    type_lines(tab, "satu")
    press(tab, "Daftar")
    press(tab, "Alat lainnya")
    press(tab, "Daftar bernomor")
    assert value(tab) == "<ol><li>satu</li></ol>"


def test_undo_and_redo_by_button_and_key(tab: Tab) -> None:
    press(tab, "Alat lainnya")
    type_lines(tab, "Kata")
    press(tab, "Urungkan")
    assert value(tab) == ""
    assert tab.page.get_by_role("button", name="Urungkan").get_attribute("aria-disabled") == "true"
    press(tab, "Ulangi")
    assert value(tab) == "<p>Kata</p>"
    tab.page.keyboard.press("Control+z")
    assert value(tab) == ""


def test_another_document_cannot_be_undone_into_the_last(tab: Tab) -> None:
    type_lines(tab, "Rahasia")
    tab.page.evaluate(f"{EDITOR}.open('<p>Lain</p>')")
    tab.page.locator(".ProseMirror").click()
    tab.page.keyboard.press("Control+z")
    assert value(tab) == "<p>Lain</p>"


def test_a_table_is_made_filled_and_grown(tab: Tab) -> None:
    tab.page.locator(".ProseMirror").click()
    press(tab, "Alat lainnya")
    press(tab, "Tabel")
    tab.page.keyboard.type("Bidang")
    press(tab, "Tambah kolom")
    press(tab, "Hapus baris")
    assert value(tab) == (
        "<table><tbody><tr><td></td><td></td><td></td></tr><tr><td></td><td></td><td></td></tr>"
        "</tbody></table>"
    )
    press(tab, "Baris judul")
    assert value(tab).startswith("<table><thead><tr><th></th>")
    press(tab, "Hapus tabel")
    assert value(tab) == ""


def test_tab_leaves_the_text_and_shift_tab_the_toolbar(tab: Tab) -> None:
    type_lines(tab, "Kata")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Simpan"
    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.press("Shift+Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert tab.page.evaluate(focused) == "Tebal"
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.evaluate(focused) == "Miring"
    tab.page.keyboard.press("End")
    assert tab.page.evaluate(focused) == "Alat lainnya"
    assert value(tab) == "<p>Kata</p>"


# --- links and photos -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "href"),
    [
        ("kabupaten.id/b?id=7", f'href="https://kabupaten.id/b?id=7" {REL}'),
        ("https://contoh.id", f'href="https://contoh.id" {REL}'),
        ("kader@desa.id", 'href="mailto:kader@desa.id"'),
        ("0812 3456 7890", 'href="tel:081234567890"'),
        ("/berita/rapat", 'href="/berita/rapat"'),
    ],
)  # fmt: skip
def test_a_link_is_set_and_taken_off(tab: Tab, typed: str, href: str) -> None:
    type_lines(tab, "Kata")
    select_all(tab)
    press(tab, "Tautan")
    tab.page.get_by_label("Alamat tautan").fill(typed)
    tab.page.keyboard.press("Enter")
    assert value(tab) == f"<p><a {href}>Kata</a></p>"
    assert normalise(value(tab)) == value(tab)
    tab.page.keyboard.press("Control+k")
    press(tab, "Lepas tautan")
    assert value(tab) == "<p>Kata</p>"


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "data:text/html,x", "dua kata", "", "kata"]
)
def test_a_doubtful_address_is_asked_for_again(tab: Tab, typed: str) -> None:
    type_lines(tab, "Kata")
    select_all(tab)
    press(tab, "Tautan")
    tab.page.get_by_label("Alamat tautan").fill(typed)
    press(tab, "Pasang")
    assert tab.page.get_by_role("alert").filter(has_text="belum lengkap").is_visible()
    tab.page.keyboard.press("Escape")
    assert value(tab) == "<p>Kata</p>"


def test_a_link_without_a_selection_brings_its_words(tab: Tab) -> None:
    type_lines(tab, "Lihat ")
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_label("Kata yang ditautkan").fill("jadwal")
    tab.page.get_by_label("Alamat tautan").fill("/agenda")
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.type(" ya")
    assert value(tab) == '<p>Lihat <a href="/agenda">jadwal</a> ya</p>'


def test_an_arrived_photo_goes_into_the_text(tab: Tab) -> None:
    type_lines(tab, "Satu", "Dua")
    taken = tab.page.evaluate(
        """document.querySelector('#naskah').dispatchEvent(new CustomEvent('desa:foto', {
          bubbles: true, cancelable: true,
          detail: {id: 'p9', caption: 'Panen', alt: 'Padi', thumb: '/foto.gif'}}))"""
    )
    assert taken is False  # preventDefault: the uploader need not write Markdown
    tab.page.keyboard.type("Tiga")
    assert value(tab) == '<p>Satu</p><p>Dua</p><figure data-foto="p9"></figure><p>Tiga</p>'
    assert tab.page.locator(".foto-isi figcaption").inner_text() == "Panen"


def test_a_photo_moves_takes_a_caption_and_goes(tab: Tab, site: EditorSite) -> None:
    show(tab, site, '<p>Satu</p><figure data-foto="p1"></figure>')
    # The words come with the photo's facts, a moment after the figure itself.
    tab.page.wait_for_selector('.foto-isi img[alt="Warga duduk"]')
    press(tab, "Naikkan foto")
    assert value(tab) == '<figure data-foto="p1"></figure><p>Satu</p>'
    press(tab, "Tulis keterangan foto")
    tab.page.get_by_label("Keterangan foto di tulisan ini").fill("Rapat & doa")
    tab.page.keyboard.press("Enter")
    figure = '<figure data-foto="p1"><figcaption>Rapat &amp; doa</figcaption></figure>'
    assert value(tab) == f"{figure}<p>Satu</p>"
    press(tab, "Lepas foto dari tulisan")
    assert value(tab) == "<p>Satu</p>"


# --- composition (keyboards of phones) ------------------------------------------------------


def test_composed_words_arrive_once(tab: Tab) -> None:
    tab.page.locator(".ProseMirror").click()
    keyboard = tab.context.new_cdp_session(tab.page)
    for text in ("m", "me", "mer", "merah"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    keyboard.send("Input.insertText", {"text": "merah "})
    keyboard.send("Input.insertText", {"text": "putih"})
    tab.wait(f"!{EDITOR}.view.composing")
    tab.wait("document.querySelector('#body').value === '<p>merah putih</p>'")


def test_composing_inside_bold_keeps_it_bold(tab: Tab) -> None:
    tab.page.locator(".ProseMirror").click()
    press(tab, "Tebal")
    keyboard = tab.context.new_cdp_session(tab.page)
    keyboard.send(
        "Input.imeSetComposition", {"text": "kab", "selectionStart": 3, "selectionEnd": 3}
    )
    keyboard.send("Input.insertText", {"text": "kabar"})
    tab.wait("document.querySelector('#body').value === '<p><strong>kabar</strong></p>'")


# --- form and weight ------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_surface_is_accessible_large_enough_and_fits(
    browser: Chromium, site: EditorSite, width: int, dark: bool
) -> None:
    with browser.open(width=width, dark=dark) as tab:
        show(tab, site, RICH)
        press(tab, "Alat lainnya")
        tab.page.locator(".ProseMirror td").first.click()
        tab.page.get_by_role("button", name="Hapus tabel").wait_for()
        assert tab.axe(".editor") == []
        assert tab.small_targets(".editor button") == []
        press(tab, "Tautan")
        assert tab.axe(".editor") == []
        assert tab.small_targets(".editor button, .editor input") == []
        assert tab.overflow_px() == 0


def test_the_editor_is_named_and_its_hint_is_gone(tab: Tab) -> None:
    box = tab.page.get_by_role("textbox", name="Isi")
    assert box.get_attribute("aria-multiline") == "true"
    assert not tab.page.locator("[data-editor-hint]").is_visible()
    tab.page.locator("label[for=body]").click()
    assert tab.page.evaluate("document.activeElement.className").startswith("ProseMirror")


def test_editor_autosave_and_styles_weigh_at_most_98_kb() -> None:
    files = [p for p in (STATIC / "editor").iterdir() if p.suffix in (".js", ".css")]
    assert sum(len(gzip.compress(p.read_bytes(), 9)) for p in files) <= 98_000


def test_the_writing_surface_comes_in_few_requests(tab: Tab) -> None:
    assert len([url for url in tab.watch.requests if "/editor/" in url]) <= 6
