"""The public pages of the demo village keep their budgets; `budgets.py` measures more of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import budgets
from tests.harness.browser import Chromium
from tests.harness.site import run_desa, running


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served demo village, one of its articles withdrawn, all pictures ready."""
    folder = tmp_path_factory.mktemp("demo") / "situs"
    made = run_desa("init", folder, "--demo")
    assert made.returncode == 0, made.stderr
    gone = run_desa("--site", folder, "news", "withdraw", GONE)
    assert gone.returncode == 0, gone.stderr
    with running("--site", folder, "serve", "--port", "0", timeout_s=120) as (_process, url):
        yield url.rstrip("/")


GONE = "tangki-air-datang-tiap-dua-hari-ke-sidomulyo"


@pytest.fixture(scope="module")
def pages(village: str) -> dict[str, str]:
    return budgets.addresses(village, {"410": f"/berita/{GONE}"})


def test_the_demo_village_has_every_kind_of_page(pages: dict[str, str]) -> None:
    missing = {"home", "list", "month", "article", "announcement", "rubric", "tag", "board",
               "page", "gallery", "media kit"} - set(pages)  # fmt: skip
    assert missing == set()


def test_the_nu_checker_has_nothing_to_say(village: str, pages: dict[str, str]) -> None:
    said = budgets.nu(village, pages)
    assert {kind: lines for kind, lines in said.items() if lines} == {}


@pytest.mark.parametrize("kind", ["home", "article", "list", "gallery", "search", "404"])
def test_a_phone_loads_little(
    browser: Chromium, village: str, pages: dict[str, str], kind: str
) -> None:
    measured = budgets.measure(browser, village, kind, pages[kind], [])
    assert measured.failures() == []


def test_home_and_article_show_their_largest_part_early_on_slow_3g(
    browser: Chromium, village: str, pages: dict[str, str]
) -> None:
    for kind in ("home", "article"):
        seconds = budgets.largest_paint_s(browser, village + pages[kind])
        assert 0 < seconds < budgets.LARGEST_PAINT_S, kind


def test_no_page_is_wider_than_a_small_phone_and_axe_finds_nothing(
    browser: Chromium, village: str, pages: dict[str, str]
) -> None:
    found = {}
    for kind, path in pages.items():
        with browser.open(width=320, strict=False) as tab:
            tab.page.goto(village + path)
            problems = [p for p in tab.watch.problems() if "status of 4" not in p]
            found[kind] = [*tab.axe(), *problems, *[f"{tab.overflow_px()} px"][: tab.overflow_px()]]
    assert {kind: lines for kind, lines in found.items() if lines} == {}


def test_letters_twice_as_large_fit_a_phone(
    browser: Chromium, village: str, pages: dict[str, str]
) -> None:
    # WCAG 2.2, 1.4.4 and 1.4.10, as a browser's own setting for letters does it.
    found = {}
    for kind, path in pages.items():
        with browser.open(width=360, strict=False) as tab:
            tab.page.goto(village + path)
            tab.page.evaluate("document.documentElement.style.fontSize = '200%'")
            found[kind] = tab.overflow_px()
    assert {kind: px for kind, px in found.items() if px} == {}


def test_axe_finds_nothing_in_the_dark_on_a_desktop(
    browser: Chromium, village: str, pages: dict[str, str]
) -> None:
    for kind in ("home", "article", "page"):
        with browser.open(width=1280, dark=True) as tab:
            tab.page.goto(village + pages[kind])
            assert tab.axe() == [], kind


def test_pages_can_be_read_without_css_and_without_javascript(
    browser: Chromium, village: str, pages: dict[str, str]
) -> None:
    for kind in ("home", "article", "list", "search"):
        assert budgets.bare(browser, village + pages[kind]) == [], kind


def test_an_article_prints_on_paper_without_the_menu(
    browser: Chromium, village: str, pages: dict[str, str], tmp_path: Path
) -> None:
    with browser.open(width=800, touch=False) as tab:
        budgets.printed(tab.page, village + pages["article"], tmp_path / "berita.pdf")
        tab.page.emulate_media(media="print")
        assert tab.page.locator("h1").is_visible()
        for hidden in ("nav.nav", ".bagikan", "details.menu"):
            assert not tab.page.locator(hidden).first.is_visible(), hidden
    assert (tmp_path / "berita.pdf").read_bytes().startswith(b"%PDF")
