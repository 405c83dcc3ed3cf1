"""The editor as the real server gives it: packed, cached, and the same text in each packing."""

from __future__ import annotations

import gzip
import urllib.request
from pathlib import Path

import pytest

from desa_web.core.site import Site
from desa_web.web import desk
from tests.browser.editor_page import STATIC
from tests.harness.browser import Chromium
from tests.harness.site import client, serving

pytestmark = pytest.mark.browser


def test_brotli_unpacks_to_the_very_file(browser: Chromium, site: Site) -> None:
    with serving(site) as url, browser.open(strict=False) as tab:
        tab.page.goto(url + "masuk")
        address = f"{url}statis/x/editor/editor.js"
        encoding, text = tab.page.evaluate(
            """async address => { const answer = await fetch(address);
            return [answer.headers.get('Content-Encoding'), await answer.text()]; }""",
            address,
        )
        assert encoding == "br"
        assert text == (STATIC / "editor" / "editor.js").read_text(encoding="utf-8")
        plain = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(plain) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.read()).decode() == text


@pytest.mark.parametrize("accepts", ["", "identity", "br;q=0"])
def test_who_takes_no_packing_gets_the_file_itself(site: Site, accepts: str) -> None:
    answer = client(site).get("/statis/x/editor/editor.js", headers={"Accept-Encoding": accepts})
    assert "Content-Encoding" not in answer.headers
    assert answer.data == (Path(desk.STATIC) / "editor" / "editor.js").read_bytes()
