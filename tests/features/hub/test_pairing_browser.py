"""Journey 6 in real browsers: a village without JavaScript on a phone, an officer at a desk.

Two real processes, five steps, no terminal: invite, type, compare, confirm, read "Diterima".
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from desa_web.core.actor import Role, operator
from desa_web.core.clock import SystemClock
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from tests.harness.browser import Chromium, Tab, chromium
from tests.harness.hub import Desa, make_hub, serving_villages
from tests.harness.site import actor_as, make_site


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desa, Desa]]:
    """A served hub and a served village."""
    folder = tmp_path_factory.mktemp("perjalanan")
    hub = Desa(make_hub(folder / "hub", clock=SystemClock()))  # type: ignore[arg-type]
    site = make_site(
        folder / "desa", clock=SystemClock(), village_name="Sukamaju",  # type: ignore[arg-type]
        kode_wilayah="35.22.07.2004", district="Dander",
    )  # fmt: skip
    desa = Desa(site)
    desa.publish("Kader Posyandu dilatih mengukur tinggi badan balita")
    with serving_villages([hub, desa]):
        yield hub, desa
    hub.site.close()
    desa.site.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as running:
        yield running


@contextmanager
def signed_in(
    browser: Chromium, at: Desa, role: Role, *, width: int, **options: bool
) -> Iterator[Tab]:
    with at.site.bound():
        person = accounts.user(operator(at.site), actor_as(at.site, role).user_id or "")
        token = sessions.start(at.site, person, description="tests").token
    with browser.open(width=width, **options) as tab:
        tab.context.add_cookies([{"name": "desa_sesi", "value": token, "url": at.url}])
        yield tab


def words(tab: Tab) -> list[str]:
    return tab.page.locator(".empat li").all_inner_texts()


def press(tab: Tab, name: str) -> None:
    tab.page.get_by_role("button", name=name).click()


def look_until(tab: Tab, url: str, pattern: str) -> None:
    """Load a page until it says so."""
    deadline = time.monotonic() + 40
    while tab.page.goto(url) and not re.search(pattern, tab.page.content()):
        assert time.monotonic() < deadline, tab.page.inner_text("main")
        time.sleep(0.3)


def looked_at(browser: Chromium, at: Desa, role: Role, path: str) -> None:
    """A page is accessible, as wide as its window, and easy to tap: phone, desk, dark."""
    for width, dark in ((320, False), (360, True), (1280, False), (1280, True)):
        with signed_in(browser, at, role, width=width, dark=dark) as tab:
            tab.page.goto(f"{at.url.rstrip('/')}{path}")
            assert tab.axe() == [], (path, width, dark)
            assert tab.overflow_px() == 0, (path, width)
            assert tab.small_targets() == [], (path, width)


def test_a_village_is_connected_and_reads_that_its_news_was_received(
    browser: Chromium, both: tuple[Desa, Desa]
) -> None:
    hub, desa = both
    sinkron, undang = f"{desa.url}kelola/sinkron", f"{hub.url}kelola/undang"
    with (
        signed_in(browser, hub, Role.OFFICER, width=1280) as officer,
        signed_in(browser, desa, Role.ADMIN, width=360, javascript=False) as villager,
    ):
        officer.page.goto(undang)
        officer.page.get_by_label("Untuk desa mana?").fill("Desa Sukamaju")
        press(officer, "Buat kode")
        sentence = officer.page.inner_text(".salin")
        qr = officer.page.locator(".qr svg path")
        expect(qr).to_have_count(1)
        invitation = officer.page.url
        villager.page.goto(sinkron)
        villager.page.get_by_label("Kode undangan").fill(sentence)
        press(villager, "Sambungkan")
        spoken = words(villager)
        assert len(spoken) == 4
        officer.page.get_by_role("link", name="Desa sudah mengetiknya").click()
        assert words(officer) == spoken
        assert "35.22.07.2004" in officer.page.inner_text("main")
        assert officer.axe() == []
        press(officer, "Sama persis, sambungkan")
        expect(officer.page.get_by_role("status")).to_contain_text("Desa Sukamaju tersambung")
        officer.page.goto(invitation)
        assert "tersambung" in officer.page.inner_text("main")
        look_until(villager, sinkron, "Diterima Kominfo")
        assert "Media Center Kabupaten" in villager.page.inner_text("main")
        villager.page.goto(f"{desa.url}kelola/berita")
        assert "Diterima Kominfo" in villager.page.inner_text("main")
    looked_at(browser, desa, Role.ADMIN, "/kelola/sinkron")
    looked_at(browser, hub, Role.OFFICER, "/kelola/undang")


def test_the_invitation_and_the_card_behind_the_qr_code_are_for_every_screen(
    browser: Chromium, both: tuple[Desa, Desa]
) -> None:
    hub, _desa = both
    with signed_in(browser, hub, Role.OFFICER, width=360) as officer:
        officer.page.goto(f"{hub.url}kelola/undang")
        press(officer, "Buat kode")
        path = officer.page.url.removeprefix(hub.url.rstrip("/"))
        code = officer.page.inner_text(".sandi").replace(" ", "")
    looked_at(browser, hub, Role.OFFICER, path)
    with browser.open(width=360) as phone:
        phone.page.goto(f"{hub.url}pasangkan/{code}")
        assert code[:4] in phone.page.inner_text(".salin")
        assert phone.axe() == []
        assert phone.overflow_px() == 0
    with browser.open(width=360, strict=False) as phone:
        answer = phone.page.goto(f"{hub.url}pasangkan/1234")
        assert answer is not None
        assert answer.status == 404


def test_a_village_alone_sees_how_to_begin(
    browser: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sendiri")
    site: Site = make_site(folder, clock=SystemClock(), village_name="Baru")  # type: ignore[arg-type]
    alone = Desa(site)
    with serving_villages([alone]):
        looked_at(browser, alone, Role.ADMIN, "/kelola/sinkron")
    site.close()
