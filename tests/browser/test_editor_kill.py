"""The browser is killed -9 in the middle of typing: at most the last two seconds are lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.editor_page import EditorSite, editor_site
from tests.harness.browser import Killers, Mortal, wait

pytestmark = pytest.mark.browser
READY = "'autosaveReady' in document.querySelector('#naskah').dataset"
LOST_AT_MOST_S = 2.0


@pytest.fixture
def site() -> Iterator[EditorSite]:
    with editor_site() as running:
        running.has_autosave = True
        yield running


def killed_while_typing(mortal: Mortal, chance: random.Random) -> list[str]:
    """Type until a random moment, then kill; return the words older than two seconds."""
    mortal.page.locator(".ProseMirror").click()
    typed: list[tuple[float, str]] = []
    end = time.monotonic() + chance.uniform(0.3, 4.5)
    while time.monotonic() < end:
        word = f"kata{len(typed)}"
        mortal.page.keyboard.type(word + " ", delay=chance.uniform(0, 25))
        typed.append((time.monotonic(), word))
        if chance.random() < 0.1:
            mortal.page.wait_for_timeout(chance.uniform(100, 900))
    killed_at = time.monotonic()
    mortal.kill()
    return [word for at, word in typed if killed_at - at > LOST_AT_MOST_S]


def recovered(mortal: Mortal) -> set[str]:
    """Take the offer, if there is one, and save; return the words that came back."""
    go_on = mortal.page.get_by_role("button", name="Lanjutkan menulis")
    if not go_on.count():
        return set()
    assert "Listrik sempat padam pukul" in mortal.page.locator("[data-recovery]").inner_text()
    go_on.click()
    text = mortal.page.locator("#body").input_value()
    mortal.page.get_by_role("button", name="Simpan").click()
    mortal.page.wait_for_url("**/selesai")
    wait(mortal.page, "sessionStorage.getItem('desa-terkirim') === null")
    return set(text.replace("</p>", " ").replace("<p>", "").split())


def open_form(mortal: Mortal, site: EditorSite) -> None:
    mortal.page.goto(site.url + "tulis")
    wait(mortal.page, READY)


def kill_rounds(mortals: Killers, site: EditorSite, profile: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    # The server must not be the one that saves the text.
    site.answers = [(503, {})] * 100_000
    owed: list[str] = []
    proven = 0
    for number in range(rounds + 1):
        with mortals.start(profile) as mortal:
            open_form(mortal, site)
            words = recovered(mortal)
            assert [word for word in owed if word not in words] == [], f"round {number}"
            proven += bool(owed)
            if number < rounds:
                open_form(mortal, site)
                assert mortal.page.locator("[data-recovery]").count() == 0
                owed = killed_while_typing(mortal, chance)
    assert proven >= rounds // 4  # else the schedule proves nothing


def test_kill_9_loses_at_most_two_seconds(
    mortals: Killers, site: EditorSite, tmp_path: Path
) -> None:
    kill_rounds(mortals, site, tmp_path, rounds=10, seed=20261122)


@pytest.mark.long
def test_fifty_kills_lose_at_most_two_seconds_each(
    mortals: Killers, site: EditorSite, tmp_path: Path
) -> None:
    kill_rounds(mortals, site, tmp_path, rounds=50, seed=42)
