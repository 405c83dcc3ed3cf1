"""Passwords: the rules, argon2id, at most two hashes at a time, changing and recovering."""

from __future__ import annotations

import statistics
import threading
import time

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.errors import Busy, Conflict, Forbidden, InvalidInput
from desa_web.core.site import Site
from desa_web.features.accounts import passwords, recovery, service, sessions
from desa_web.features.accounts.models import OneTimeCode, User
from tests.harness.site import FakeClock

GOOD, BETTER = "kucing hitam lompat", "sepeda biru terbang"
WORDS = ("bagus.p", "Bagus Prayitno", "Sukamaju")


EASY = (
    "password Password123 12345678 123456789012 87654321 qwertyuiop asdfghjkl aaaaaaaa abababab "
    "abcabcabc sukamaju Sukamaju2026 desasukamaju DESASUKAMAJU! bagusprayitno Prayitno99 bagus.p1 "
    "admin123 admin2026! p4ssw0rd r4h4s14123 indonesia45 17081945 1945-08-17 17-08-1945 bismillah "
    "sayangku99 katasandi1 admindesa2026 pendek1 abcdefghij kominfodesa"
)


@pytest.mark.parametrize("easy", EASY.split())
def test_a_password_that_a_neighbour_would_guess_is_refused(easy: str) -> None:
    assert passwords.problem(easy, WORDS) is not None


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        "xK9#mPq2",
        "tigakataacak sungguh",
        "ꦱꦸꦒꦼꦁꦫꦮꦸꦃ",
        "a" * 3 + "bcQ7 zebra",
        "日本語のパスワード",
    ],
)
def test_any_other_password_of_eight_letters_is_accepted(good: str) -> None:
    assert passwords.problem(good, WORDS) is None


@pytest.mark.parametrize("odd", ["", "x" * 201, "kucing\x00hitam", "kucing\nhitam"])
def test_odd_passwords_get_a_sentence(odd: str) -> None:
    assert passwords.problem(odd, WORDS)


def test_the_same_letters_from_another_keyboard_fit() -> None:
    stored = passwords.hashed("cafe\u0301 di kampung")
    assert passwords.matches(stored, "caf\u00e9 di kampung")


def test_hashes_are_argon2id_with_19_mib() -> None:
    stored = passwords.hashed(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(stored)


def test_a_missing_or_broken_hash_fits_nothing() -> None:
    assert not passwords.matches("", GOOD)
    assert not passwords.matches("not a hash", GOOD)


def test_two_hash_two_wait_and_the_others_are_sent_away() -> None:
    passwords.matches("", "warm")
    release, inside = threading.Event(), threading.Semaphore(0)
    results: list[str] = []

    def hold() -> None:
        with passwords._slot():
            inside.release()
            release.wait(10)

    def hurry() -> None:
        try:
            passwords.matches("", "x")
            results.append("served")
        except Busy:
            results.append("away")

    holders = [threading.Thread(target=hold) for _n in range(2)]
    for thread in holders:
        thread.start()
    for _n in range(2):
        assert inside.acquire(timeout=10)
    crowd = [threading.Thread(target=hurry) for _n in range(8)]
    for thread in crowd:
        thread.start()
    deadline = time.monotonic() + 10
    while results.count("away") < 6 and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    release.set()
    for thread in holders + crowd:
        thread.join()
    assert (results.count("away"), results.count("served")) == (6, 2)


def test_unknown_disabled_and_known_names_cost_the_same(site: Site) -> None:
    boss = operator(site)
    for login in ("ada", "mati"):
        service.add(boss, login, login.title(), Role.REPORTER, password=GOOD)
    service.disable(boss, service.user(boss, "mati").id)
    recovery.invite(boss, "baru", "Baru", Role.REPORTER)

    def cost(login: str) -> float:
        start = time.thread_time()
        with pytest.raises(sessions.SignInRefused):
            sessions.sign_in(site, login, "salah semua")
        return time.thread_time() - start

    cost("pemanasan")
    costs = {login: statistics.median(cost(login) for _n in range(4)) for login in
             ("ada", "tidak-ada", "mati", "baru")}  # fmt: skip
    assert max(costs.values()) < 1.6 * min(costs.values()), costs


def test_a_refusal_says_the_same_for_unknown_and_known_names(site: Site) -> None:
    service.add(operator(site), "ada", "Ada", Role.REPORTER, password=GOOD)
    sentences = []
    for login in ("ada", "tidak-ada"):
        with pytest.raises(sessions.SignInRefused) as caught:
            sessions.sign_in(site, login, "salah semua")
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(site: Site) -> None:
    person = service.add(operator(site), "bagus", "Bagus", Role.EDITOR, password=GOOD)
    actor = service.actor_of(site, person.id, "test")
    here, elsewhere = (sessions.sign_in(site, "bagus", GOOD) for _n in range(2))
    this = sessions.session_of(site, here.token)
    assert this is not None
    with pytest.raises(InvalidInput) as caught:
        service.change_password(actor, "salah semua", BETTER)
    assert "old" in caught.value.fields
    with pytest.raises(InvalidInput) as caught:
        service.change_password(actor, GOOD, "12345678")
    assert "new" in caught.value.fields
    service.change_password(actor, GOOD, BETTER, keep_session=this.id)
    assert sessions.session_of(site, here.token) is not None
    assert sessions.session_of(site, elsewhere.token) is None
    sessions.sign_in(site, "bagus", BETTER)


def test_an_older_hash_is_renewed_at_the_next_sign_in(site: Site) -> None:
    from argon2 import PasswordHasher

    from desa_web.core import journal

    person = service.add(operator(site), "bagus", "Bagus", Role.EDITOR, password=GOOD)
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD)
    User.update(password_hash=weak).execute()
    sessions.sign_in(site, "bagus", GOOD)
    row = User.get_by_id(person.id)
    assert not passwords.is_outdated(row.password_hash)
    assert journal.history(site, "user", person.id)[-1].digest == service.state_digest(row)


@pytest.mark.both_databases
def test_an_invitation_is_used_once_and_looking_does_not_use_it(site: Site) -> None:
    person, code = recovery.invite(operator(site), "nur", "Nur", Role.REPORTER, "nur")
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("0", "O")):
        assert recovery.invited(site, typed).id == person.id
    with pytest.raises(InvalidInput):
        recovery.accept(site, code, "12345678")
    recovery.accept(site, code, GOOD)
    for attempt in (
        lambda: recovery.accept(site, code, BETTER),
        lambda: recovery.invited(site, code),
    ):
        with pytest.raises(InvalidInput):
            attempt()
    assert sessions.sign_in(site, "nur", GOOD).person.initials == "nur"


@pytest.mark.both_databases
def test_each_recovery_code_works_once_and_signs_all_devices_out(site: Site) -> None:
    boss = operator(site)
    person = service.add(boss, "bagus", "Bagus", Role.ADMIN, password=GOOD)
    codes = recovery.new_recovery_codes(service.actor_of(site, person.id, "test"), person.id)
    assert len(set(codes)) == recovery.RECOVERY_CODES == recovery.codes_left(person.id)
    old = sessions.sign_in(site, "bagus", GOOD)
    recovery.recover(site, "Bagus", codes[0], BETTER)
    assert sessions.session_of(site, old.token) is None
    assert recovery.codes_left(person.id) == recovery.RECOVERY_CODES - 1
    with pytest.raises(InvalidInput):
        recovery.recover(site, "bagus", codes[0], GOOD)
    recovery.recover(site, "bagus", codes[1], GOOD)
    sessions.sign_in(site, "bagus", GOOD)


def test_new_recovery_codes_end_the_old_ones(site: Site) -> None:
    person = service.add(operator(site), "bagus", "Bagus", Role.ADMIN, password=GOOD)
    actor = service.actor_of(site, person.id, "test")
    old = recovery.new_recovery_codes(actor, person.id)
    recovery.new_recovery_codes(actor, person.id)
    with pytest.raises(InvalidInput):
        recovery.recover(site, "bagus", old[0], BETTER)


def test_a_code_of_one_person_does_not_open_another_account(site: Site) -> None:
    boss = operator(site)
    service.add(boss, "bagus", "Bagus", Role.ADMIN, password=GOOD)
    service.add(boss, "nur", "Nur", Role.REPORTER, password=GOOD)
    code = recovery.reset(boss, service.user(boss, "nur").id)
    with pytest.raises(InvalidInput):
        recovery.recover(site, "bagus", code, BETTER)
    recovery.recover(site, "nur", code, BETTER)


def test_codes_are_kept_as_hashes_only(site: Site) -> None:
    _person, code = recovery.invite(operator(site), "nur", "Nur", Role.REPORTER)
    kept = OneTimeCode.get()
    assert code not in repr(kept.__data__)
    assert code.replace("-", "") not in repr(kept.__data__)


@pytest.mark.parametrize(("kind", "days"), [("reset", 3), ("invite", 14)])
def test_reset_and_invitation_codes_end_by_age(
    site: Site, clock: FakeClock, kind: str, days: int
) -> None:
    boss = operator(site)
    if kind == "reset":
        person = service.add(boss, "nur", "Nur", Role.REPORTER, password=GOOD)
        code = recovery.reset(boss, person.id)
    else:
        _person, code = recovery.invite(boss, "nur", "Nur", Role.REPORTER)
    clock.advance(days=days, seconds=1)
    with pytest.raises(InvalidInput):
        recovery.recover(site, "nur", code, BETTER)


def test_a_wrong_clock_does_not_end_a_code(site: Site, clock: FakeClock) -> None:
    boss = operator(site)
    _person, code = recovery.invite(boss, "nur", "Nur", Role.REPORTER)
    clock.set(2_145_916_800_000)  # 2038
    recovery.accept(site, code, GOOD)


def test_an_invitation_is_not_for_who_has_a_password(site: Site) -> None:
    boss = operator(site)
    person = service.add(boss, "nur", "Nur", Role.REPORTER, password=GOOD)
    with pytest.raises(InvalidInput):
        recovery.reissue_invite(boss, person.id)


def test_the_operator_has_no_password_here(site: Site) -> None:
    with pytest.raises(Forbidden):
        service.change_password(operator(site), GOOD, BETTER)


def test_a_refused_invitation_leaves_no_user(site: Site) -> None:
    boss = operator(site)
    recovery.invite(boss, "nur", "Nur", Role.REPORTER)
    with pytest.raises(Conflict):
        recovery.invite(boss, "nur", "Nur Lain", Role.REPORTER)
    assert len(service.users(boss)) == 1
