"""The desk's home: how old the backup is, and the clock that an admin confirms."""

from __future__ import annotations

import os

import pytest

from desa_web.core import journal
from desa_web.core.actor import Role
from desa_web.core.clock import DAY_MS
from desa_web.core.site import Site
from desa_web.features.news.desk_lists import health_lines
from tests.harness.site import SAME_ORIGIN, FakeClock, actor_as, client, hidden_fields

JUMP_MS = 500 * DAY_MS


def test_home_says_how_old_the_backup_is(site: Site, clock: FakeClock) -> None:
    admin = actor_as(site, Role.ADMIN)
    assert (health_lines(admin)[-1].words, health_lines(admin)[-1].is_good) == ("belum ada", False)
    file = site.path / "backups" / "situs-20261122-080000.zip"
    file.write_bytes(b"x")
    (site.path / "backups" / "sebelum-versi-9.db").write_bytes(b"x")
    os.utime(file, (clock.at_ms / 1000, clock.at_ms / 1000))
    assert (health_lines(admin)[-1].words, health_lines(admin)[-1].is_good) == ("08.00", True)
    clock.advance(days=9)
    assert (health_lines(admin)[-1].words, health_lines(admin)[-1].is_good) == (
        "22 Nov 08.00",
        False,
    )
    assert len(health_lines(actor_as(site, Role.REPORTER))) == 2


def test_an_admin_confirms_the_clock_with_one_tap(site: Site, clock: FakeClock) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    assert "Betul, pakai jam ini" not in web.get("/kelola/").get_data(as_text=True)
    clock.set(clock.at_ms + JUMP_MS)
    page = web.get("/kelola/").get_data(as_text=True)
    assert "Jam server menunjukkan" in page
    sent = web.post("/kelola/jam", data=hidden_fields(page), headers=SAME_ORIGIN)
    assert sent.status_code == 303
    assert journal.clock_doubt(site) is None
    assert "Betul, pakai jam ini" not in web.get("/kelola/").get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.REPORTER])
def test_only_an_admin_confirms_it(site: Site, clock: FakeClock, role: Role) -> None:
    web = client(site, actor_as(site, role))
    clock.set(clock.at_ms + JUMP_MS)
    page = web.get("/kelola/").get_data(as_text=True)
    assert "Mintalah Admin menyetel" in page
    sent = web.post("/kelola/jam", data=hidden_fields(page), headers=SAME_ORIGIN)
    assert sent.status_code == 403
    assert journal.clock_doubt(site) is not None


def test_a_year_before_the_program_cannot_be_confirmed(site: Site, clock: FakeClock) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    clock.set(0)
    page = web.get("/kelola/").get_data(as_text=True)
    assert "Jam server menunjukkan" in page
    assert "Betul, pakai jam ini" not in page
    sent = web.post("/kelola/jam", data=hidden_fields(page), headers=SAME_ORIGIN)
    assert sent.status_code == 409
