"""The server is killed -9 while somebody writes a new article: two seconds are lost at most."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, create
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.news import queries
from tests.browser.desk_site import press
from tests.browser.test_desk_sheets import READY, of_title
from tests.harness.browser import Killers, Mortal, wait
from tests.harness.site import actor_as, running

pytestmark = pytest.mark.browser
LOST_AT_MOST_S = 2.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def typed_until(page: Page, chance: random.Random, seconds: float) -> list[tuple[float, str]]:
    """Type words for a while; return each with its moment."""
    typed: list[tuple[float, str]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        word = f"kata{chance.randrange(10**6)}"
        page.keyboard.type(word + " ", delay=chance.uniform(0, 25))
        typed.append((time.monotonic(), word))
        if chance.random() < 0.15:
            page.wait_for_timeout(chance.uniform(100, 2500))
    return typed


def kill_rounds(mortals: Killers, site: Site, profile: Path, rounds: int, seed: int) -> None:
    """Kill the server, or server and browser at once, while a new article is written."""
    chance = random.Random(seed)
    reporter = accounts.user(operator(site), "reporter")
    token = sessions.start(site, reporter, description="tests").token
    port = free_port()
    serve = ("--site", site.path, "serve", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    cookie: SetCookieParam = {"name": "desa_sesi", "value": token, "url": url}
    for number in range(rounds):
        with mortals.start(profile) as mortal:
            page = mortal.page
            page.context.add_cookies([cookie])
            with running(*serve) as (process, _address):
                open_sheet(mortal, url)
                page.get_by_label("Judul", exact=True).fill(f"Putus {number}")
                page.locator(".ProseMirror").click()
                typed = typed_until(page, chance, chance.uniform(0.3, 4))
                process.kill()
                is_both = chance.random() < 0.5
                if not is_both:
                    typed += typed_until(page, chance, chance.uniform(0.3, 3))
                killed_at = time.monotonic()
                mortal.kill()
        owed = {word for at, word in typed if killed_at - at > LOST_AT_MOST_S}
        with mortals.start(profile) as mortal, running(*serve):
            page = mortal.page
            page.context.add_cookies([cookie])
            open_sheet(mortal, url)
            go_on = page.get_by_role("button", name="Lanjutkan menulis").or_(
                page.get_by_role("link", name="Lanjutkan menulis")
            )
            if not go_on.count():
                assert owed == set(), number
                continue
            go_on.first.click()
            wait(page, READY)
            assert owed <= set(page.locator(".ProseMirror").inner_text().split()), number
            page.get_by_label("Judul", exact=True).fill(f"Putus {number}")
            press(page, "Simpan")
            page.wait_for_url("**/kelola/berita/*")
            wait(page, "sessionStorage.getItem('desa-terkirim') === null")
            open_sheet(mortal, url)
            assert page.get_by_text("Lanjutkan menulis").count() == 0, number
        (made,) = of_title(site, f"Putus {number}")
        body = queries.get(operator(site), made)[1].text.body
        assert all(word in body for word in owed), number


def open_sheet(mortal: Mortal, url: str) -> None:
    mortal.page.goto(f"{url}/kelola/tulis")
    wait(mortal.page, READY)


@pytest.fixture
def unserved(tmp_path: Path) -> Iterator[Site]:
    """A site on the disk with a reporter; the test starts its server."""
    site = create(tmp_path / "situs")
    with site.bound():
        actor_as(site, Role.REPORTER)
        yield site
    site.close()


def test_a_killed_server_loses_at_most_two_seconds(
    mortals: Killers, unserved: Site, tmp_path: Path
) -> None:
    kill_rounds(mortals, unserved, tmp_path / "profil", rounds=4, seed=20261122)


@pytest.mark.long
def test_fifty_killed_servers_lose_at_most_two_seconds_each(
    mortals: Killers, unserved: Site, tmp_path: Path
) -> None:
    kill_rounds(mortals, unserved, tmp_path / "profil", rounds=50, seed=7)
