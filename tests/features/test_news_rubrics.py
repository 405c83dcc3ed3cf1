"""Rubrics in the village's own order: moved by plain buttons, seen by readers at once."""

from __future__ import annotations

import pytest

from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Forbidden
from desa_web.core.site import Site
from desa_web.features.news import rubrics
from tests.harness.site import SAME_ORIGIN, actor_as, client, hidden_fields


def order() -> list[str]:
    return [found.slug for found in rubrics.rubrics()]


@pytest.mark.both_databases
def test_a_rubric_changes_places_with_its_neighbour(site: Site) -> None:
    boss = operator(site)
    for name in ("Satu", "Dua", "Tiga"):
        rubrics.add(boss, name)
    rubrics.shift(boss, "tiga", up=True)
    assert order() == ["satu", "tiga", "dua"]
    rubrics.shift(boss, "satu", up=False)
    assert order() == ["tiga", "satu", "dua"]
    newest = journal.read(site, journal.head(site).seq - 1)[0]
    assert (newest.kind, newest.op, newest.keys) == ("rubric", "move", ("rubrics",))
    before = journal.head(site)
    rubrics.shift(boss, "tiga", up=True)
    rubrics.shift(boss, "dua", up=False)
    assert (order(), journal.head(site)) == (["tiga", "satu", "dua"], before)


def test_equal_places_are_put_right(site: Site) -> None:
    boss = operator(site)
    for name in ("Satu", "Dua", "Tiga"):
        rubrics.add(boss, name)
    rubrics.remove(boss, "satu")
    rubrics.add(boss, "Empat")  # counts anew: the same place as "Tiga"
    assert len({found.position for found in rubrics.rubrics()}) == 2
    rubrics.shift(boss, order()[-1], up=True)
    assert [found.position for found in rubrics.rubrics()] == [1, 2, 3]


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.REPORTER])
def test_only_an_admin_orders_rubrics(site: Site, role: Role) -> None:
    rubrics.add(operator(site), "Satu")
    with pytest.raises(Forbidden):
        rubrics.shift(actor_as(site, role), "satu", up=False)


def test_the_buttons_of_the_desk_move_and_readers_see_it(site: Site) -> None:
    boss = operator(site)
    for name in ("Satu", "Dua"):
        rubrics.add(boss, name)
    web = client(site, actor_as(site, Role.ADMIN))
    fields = hidden_fields(web.get("/kelola/rubrik").get_data(as_text=True))
    sent = web.post("/kelola/rubrik/dua/naik", data=fields, headers=SAME_ORIGIN)
    assert sent.headers["Location"].endswith("/kelola/rubrik#rb-dua")
    assert order() == ["dua", "satu"]
    shown = web.get("/kelola/tulis").get_data(as_text=True)
    assert shown.index('value="dua"') < shown.index('value="satu"')
    assert (
        web.post("/kelola/rubrik/dua/miring", data=fields, headers=SAME_ORIGIN).status_code == 404
    )
