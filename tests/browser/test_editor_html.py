"""The writing form and what the editor writes are valid HTML for the Nu checker."""

from __future__ import annotations

import pytest

from tests.browser.editor_page import editor_site
from tests.harness.browser import Chromium
from tests.harness.htmlcheck import messages, messages_of

pytestmark = pytest.mark.browser


def test_the_checker_finds_what_is_wrong() -> None:
    wrong = "<!DOCTYPE html><html lang=id><title>x</title><p><div>y</div></p><img src=z>"
    assert any("alt" in line for line in messages(wrong))


def test_page_and_editor_are_valid(browser: Chromium) -> None:
    with editor_site() as site, browser.open(width=360) as tab:
        site.body = "<p>Halo</p><table><tbody><tr><td>1</td></tr></tbody></table>"
        site.has_autosave = True
        tab.page.goto(site.url + "tulis")
        tab.page.get_by_role("button", name="Alat lainnya").click()
        tab.page.locator(".ProseMirror").click()
        tab.page.keyboard.press("Control+k")
        tab.page.get_by_label("Alamat tautan").wait_for()
        shown = "<!DOCTYPE html>" + tab.page.evaluate("document.documentElement.outerHTML")
        found = messages_of({"as sent": site.url + "tulis", "with the editor": shown})
    assert found == {"as sent": [], "with the editor": []}
