"""A served village for browser tests of the desk, and how a person sits down at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from desa_web.core import settings
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, create
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.news import rubrics
from tests.harness.browser import Chromium, Tab
from tests.harness.site import actor_as, serving

PASSWORD = "kucing hitam lompat"
PEOPLE = {
    Role.ADMIN: "Bagus Prasetya",
    Role.APPROVER: "Hartini Lestari",
    Role.REPORTER: "Nur Aini",
}


@contextmanager
def served_village(folder: Path) -> Iterator[tuple[Site, str]]:
    """Give a bound site with people and rubrics, and the address where it is served."""
    site = create(folder / "situs")
    with site.bound():
        settings.change(operator(site), {"village_name": "Sukamaju"})
        for role, name in PEOPLE.items():
            actor_as(site, role, name=name)
        rubrics.add_defaults(operator(site))
        with serving(site) as url:
            yield site, url.rstrip("/")
    site.close()


@contextmanager
def desk(
    browser: Chromium,
    village: tuple[Site, str],
    login: str,
    *,
    width: int,
    javascript: bool = True,
    dark: bool = False,
) -> Iterator[Tab]:
    """Give a tab of a person who is signed in."""
    site, url = village
    person = accounts.user(operator(site), login)
    token = sessions.start(site, person, description="tests").token
    with browser.open(width=width, javascript=javascript, dark=dark) as tab:
        tab.context.add_cookies([{"name": "desa_sesi", "value": token, "url": url}])
        yield tab


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def fill_body(page: Page, text: str, javascript: bool) -> None:
    """Write the text: with JavaScript in the editor, otherwise in the plain field."""
    if javascript:
        page.locator("[contenteditable=true]").click()
        page.keyboard.type(text)
    else:
        page.locator("#body").fill(text)
