"""Users and roles: who may change whom, the last admin, what the journal keeps."""

from __future__ import annotations

import threading

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission, Role, operator
from desa_web.core.checks import Level
from desa_web.core.errors import Conflict, DesaError, Forbidden, InvalidInput, NotFound
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import health, recovery, service, sessions
from desa_web.features.accounts.models import User
from tests.harness.site import actor_as, clock_of

GOOD = "kucing hitam lompat"
pytestmark = pytest.mark.both_databases


def admin(site: Site, login: str = "bagus") -> Actor:
    person = service.add(operator(site), login, login.title(), Role.ADMIN, password=GOOD)
    return service.actor_of(site, person.id, via="test")


def test_there_is_no_default_account(site: Site) -> None:
    assert not service.has_users()
    with pytest.raises(sessions.SignInRefused):
        sessions.sign_in(site, "admin", "admin")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_manages_people(site: Site, role: Role) -> None:
    boss, other = admin(site), actor_as(site, role)
    attempts = (
        lambda: service.users(other),
        lambda: service.add(other, "baru", "Baru", Role.ADMIN),
        lambda: service.set_role(other, other.user_id or "", Role.ADMIN),
        lambda: service.change(other, other.user_id or "", name="X", initials="", role=Role.ADMIN),
        lambda: service.disable(other, boss.user_id or ""),
        lambda: service.rename(other, boss.user_id or "", "Lain", ""),
        lambda: recovery.reset(other, boss.user_id or ""),
        lambda: recovery.invite(other, "baru", "Baru", Role.ADMIN),
        lambda: recovery.new_recovery_codes(other, boss.user_id or ""),
        lambda: sessions.sessions_of(other, boss.user_id or ""),
        lambda: sessions.revoke_all(other, boss.user_id or ""),
    )
    before = journal.head(site)
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert journal.head(site) == before
    assert service.actor_of(site, other.user_id or "", "test").role is role


def test_everybody_may_change_their_own_name_and_initials(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    service.rename(reporter, reporter.user_id or "", "Nur  Aini", "nur")
    person = service.user(reporter, reporter.user_id or "")
    assert (person.name, person.initials) == ("Nur Aini", "nur")
    assert service.initials_of(person.id) == "nur"


@pytest.mark.parametrize("change", ["role", "disable", "both"])
def test_the_last_active_admin_stays(site: Site, change: str) -> None:
    boss = admin(site)
    me = boss.user_id or ""
    recovery.invite(operator(site), "kedua", "Belum Masuk", Role.ADMIN)
    before = journal.head(site)
    attempts = {
        "role": lambda: service.set_role(boss, me, Role.EDITOR),
        "disable": lambda: service.disable(operator(site), me),
        "both": lambda: service.change(boss, me, name="X", initials="", role=Role.REPORTER),
    }
    with pytest.raises(Conflict):
        attempts[change]()
    person = service.user(operator(site), me)
    assert (person.role, person.is_active, person.name) == (Role.ADMIN, True, "Bagus")
    assert journal.head(site) == before


def test_an_admin_beside_another_may_go(site: Site) -> None:
    boss, other = admin(site), admin(site, "sri")
    service.disable(boss, other.user_id or "")
    service.enable(boss, other.user_id or "")
    service.set_role(other, boss.user_id or "", Role.EDITOR)
    assert service.user(other, "bagus").role is Role.EDITOR


def test_two_admins_who_disable_each_other_at_once_leave_one(site: Site) -> None:
    first, second = admin(site), admin(site, "sri")
    barrier, results = threading.Barrier(2), []

    def disable(login: str) -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            barrier.wait()
            try:
                service.disable(operator(own), login)
                results.append("done")
            except DesaError as error:
                results.append(error.code)
        own.close()

    threads = [threading.Thread(target=disable, args=(who,)) for who in ("bagus", "sri")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # PostgreSQL may find the two waiting for each other and send one away: "sedang-sibuk".
    assert sorted(results) in (["done", "sudah-berubah"], ["done", "sedang-sibuk"])
    left = [p for p in service.users(operator(site)) if p.is_active]
    assert len(left) == 1
    assert {first.user_id, second.user_id} >= {left[0].id}


@pytest.mark.parametrize(
    ("login", "name", "initials", "field"),
    [
        ("A b", "Nama", "", "login"),
        ("x", "Nama", "", "login"),
        ("operator", "Nama", "", "login"),
        ("../etc", "Nama", "", "login"),
        ("baik", "", "", "name"),
        ("baik", "N" * 81, "", "name"),
        ("baik", "a\x00b", "", "name"),
        ("baik", "a\u202eb", "", "name"),
        ("baik", "Nama", "n n", "initials"),
        ("baik", "Nama", "sembilan9", "initials"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(
    site: Site, login: str, name: str, initials: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        service.add(operator(site), login, name, Role.EDITOR, initials=initials)
    assert set(caught.value.fields) == {field}
    assert not service.has_users()


def test_a_login_exists_once_whatever_its_case(site: Site) -> None:
    service.add(operator(site), "Nur", "Nur Satu", Role.EDITOR)
    with pytest.raises(Conflict):
        service.add(operator(site), "nUR", "Nur Dua", Role.EDITOR)


def test_an_unknown_user_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound):
        service.user(operator(site), "siapa")


def test_a_disabled_user_is_out_at_once_on_every_path(site: Site) -> None:
    boss = admin(site)
    person = service.add(boss, "nur", "Nur", Role.REPORTER, password=GOOD)
    signed_in = sessions.sign_in(site, "nur", GOOD)
    code = recovery.reset(boss, person.id)
    service.disable(boss, person.id)
    assert sessions.session_of(site, signed_in.token) is None
    with pytest.raises(sessions.SignInRefused):
        sessions.sign_in(site, "nur", GOOD)
    with pytest.raises(InvalidInput):
        recovery.recover(site, "nur", code, "sepeda biru terbang")
    with pytest.raises(Forbidden):
        service.actor_of(site, "nur", via="cli")


def test_another_role_means_signing_in_again(site: Site) -> None:
    boss = admin(site)
    person = service.add(boss, "nur", "Nur", Role.REPORTER, password=GOOD)
    signed_in = sessions.sign_in(site, "nur", GOOD)
    service.set_role(boss, person.id, Role.EDITOR)
    assert sessions.session_of(site, signed_in.token) is None


def test_users_are_journaled_and_sessions_are_not(site: Site) -> None:
    boss = admin(site)
    before = journal.head(site).seq
    signed_in = sessions.sign_in(site, "bagus", GOOD)
    sessions.sign_out(site, signed_in.token)
    assert journal.head(site).seq == before
    service.rename(boss, boss.user_id or "", "Bagus Prayitno", "bgs")
    row = journal.history(site, "user", boss.user_id or "")[-1]
    assert (row.op, row.actor, row.keys) == ("rename", f"user:{boss.user_id}", ())
    assert row.digest == service.state_digest(service.find("bagus"))


def test_renaming_to_the_same_name_leaves_no_trace(site: Site) -> None:
    boss = admin(site)
    before = journal.head(site)
    service.rename(boss, boss.user_id or "", "Bagus", "")
    assert journal.head(site) == before


@pytest.mark.parametrize("column", ["role", "password_hash", "is_active", "login"])
def test_doctor_names_a_row_that_was_changed_behind_the_program(site: Site, column: str) -> None:
    admin(site)
    assert [f.level for f in health.unchanged_users(site)] == [Level.GOOD]
    value: object = {"role": "editor", "password_hash": "x", "is_active": 0, "login": "lain"}[
        column
    ]
    with db.write(site.database):
        db.execute(site.database, f"UPDATE user_account SET {column} = ?", value)
    found = list(health.unchanged_users(site))
    assert [f.level for f in found] == [Level.BAD]
    assert User.get().login in found[0].sentence


def test_doctor_says_when_no_admin_can_sign_in(site: Site) -> None:
    recovery.invite(operator(site), "bagus", "Bagus", Role.ADMIN)
    assert [f.level for f in health.somebody_can_sign_in(site)] == [Level.WARNING]


def test_listing_users_is_one_query(site: Site) -> None:
    actor = operator(site)
    for number in range(5):
        service.add(actor, f"warga{number}", f"Warga {number}", Role.REPORTER)
    statements: list[str] = []
    original = site.database.execute_sql

    def counted(sql: str, *rest: object) -> object:
        statements.append(sql)
        return original(sql, *rest)

    site.database.execute_sql = counted
    try:
        assert len(service.users(actor)) == 5
        names = service.names_of([person.id for person in service.users(actor)])
    finally:
        del site.database.execute_sql
    assert len(names) == 5
    assert len(statements) == 3


def test_permissions_are_one_table(site: Site) -> None:
    assert actor_as(site, Role.REPORTER).may(Permission.WRITE)
    assert not actor_as(site, Role.REPORTER).may(Permission.PUBLISH)
    assert not actor_as(site, Role.EDITOR).may(Permission.MANAGE_USERS)
