"""Pasting from Word, Google Docs, Excel, WhatsApp and web pages: clean before it is seen.

The corpus is the one of core/html; what the editor holds differently on purpose is in paste_js.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core.html import normalise, plain_text
from tests.browser.editor_page import EditorSite, editor_site
from tests.harness.browser import Chromium, Tab

pytestmark = pytest.mark.browser
CORPUS = Path(__file__).parents[1] / "corpus"
PASTES = [p for p in sorted((CORPUS / "paste").iterdir()) if p.suffix in (".html", ".txt")]
PASTES = [p for p in PASTES if ".expected." not in p.name]
PASTE = """([text, html, isPlain]) => {
  const editor = document.querySelector('#body').desaEditor;
  editor.focus();
  const data = new DataTransfer();
  if (text) data.setData('text/plain', text);
  if (html) data.setData('text/html', html);
  if (isPlain) editor.view.input.shiftKey = true;
  editor.view.dom.dispatchEvent(
    new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
  editor.view.input.shiftKey = false;
  return document.querySelector('#body').value;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[EditorSite]:
    with editor_site() as running:
        yield running


@pytest.fixture
def tab(browser: Chromium, site: EditorSite) -> Iterator[Tab]:
    site.body = ""
    with browser.open(width=360) as opened:
        opened.page.goto(site.url + "tulis")
        opened.page.locator(".ProseMirror").wait_for()
        yield opened


def paste(tab: Tab, *, text: str = "", html: str = "", plain: bool = False) -> str:
    """Paste at the cursor; return what the form would send."""
    return str(tab.page.evaluate(PASTE, [text, html, plain]))


def expected(source: Path) -> str:
    name = f"{source.name.split('.')[0]}.expected.html"
    own = CORPUS / "paste_js" / name
    return (own if own.exists() else CORPUS / "paste" / name).read_text(encoding="utf-8").strip()


def test_every_paste_of_the_corpus_comes_out_clean(tab: Tab) -> None:
    assert len(PASTES) > 10
    for source in PASTES:
        tab.page.evaluate("document.querySelector('#body').desaEditor.open('')")
        kind = "text" if source.suffix == ".txt" else "html"
        got = paste(tab, **{kind: source.read_text(encoding="utf-8")})
        assert got == expected(source), source.name
        assert normalise(got) == got, source.name


def test_a_paste_lands_where_the_cursor_is(tab: Tab) -> None:
    tab.page.locator(".ProseMirror").click()
    tab.page.keyboard.type("awal  akhir")
    for _ in range(6):
        tab.page.keyboard.press("ArrowLeft")
    tab.wait("document.querySelector('#body').desaEditor.view.state.selection.from === 6")
    assert paste(tab, text="tengah") == "<p>awal tengah akhir</p>"


def test_pasting_as_plain_text_reads_no_marks(tab: Tab) -> None:
    assert paste(tab, text="*bukan tebal*\n- bukan daftar", plain=True) == (
        "<p>*bukan tebal*</p><p>- bukan daftar</p>"
    )


def test_arithmetic_and_snake_case_are_no_marks(tab: Tab) -> None:
    text = "2*3*4 = 24, nama_berkas_ini.txt, * bintang *"
    assert paste(tab, text=text) == f"<p>{text}</p>"


def test_copied_inside_the_editor_comes_back_the_same(tab: Tab) -> None:
    body = (
        '<p>Satu <a href="/x">dua</a></p><ul><li>tiga<ul><li>empat</li></ul></li></ul>'
        '<figure data-foto="p1"><figcaption>Lima</figcaption></figure>'
        "<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    )
    copied = tab.page.evaluate(
        """html => {
          const {view} = document.querySelector('#body').desaEditor;
          document.querySelector('#body').desaEditor.open(html);
          const state = view.state;
          const found = view.serializeForClipboard(state.doc.slice(0, state.doc.content.size));
          return found.dom.innerHTML;
        }""",
        body,
    )
    tab.page.evaluate("document.querySelector('#body').desaEditor.open('')")
    assert paste(tab, html=copied) == body


def test_scripts_and_handlers_never_run(tab: Tab) -> None:
    tab.page.evaluate("window.berjalan = 0")
    attack = (
        '<img src=x onerror="berjalan=1"><svg onload="berjalan=1"></svg>'
        '<p style="background:url(https://jahat.example/x)" onclick="berjalan=1">Isi'
        '<a href="javascript:berjalan=1">klik</a></p>'
        '<iframe srcdoc="<script>top.berjalan=1</script>">'
    )
    assert paste(tab, html=attack) == "<p>Isiklik</p>"
    assert tab.page.evaluate("window.berjalan") == 0


def test_ten_thousand_words_from_word_arrive_whole(tab: Tab) -> None:
    html = "".join(
        f"<p class=MsoNormal style='margin:0cm'><span lang=IN style='font-size:12pt'>"
        f"{'kata ' * 49}ke{n}<o:p></o:p></span></p>"
        for n in range(200)
    )
    got = paste(tab, html=html)
    assert len(plain_text(got).split()) == 200 * 50
    assert normalise(got) == got
