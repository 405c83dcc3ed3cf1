"""Sessions and lockout: hashed tokens, ends by age and by hand, and nobody is locked out."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desa_web.core import db
from desa_web.core.actor import Role, operator
from desa_web.core.errors import DesaError, NotFound, TooMany
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import lockout, recovery, service, sessions
from desa_web.features.accounts.models import KnownDevice, LoginGuard, User, UserSession
from tests.harness.site import FakeClock, actor_as, client, clock_of, post_form

GOOD = "kucing hitam lompat"


@pytest.fixture
def bagus(site: Site) -> service.Person:
    return service.add(operator(site), "bagus", "Bagus", Role.ADMIN, password=GOOD)


def fail(site: Site, login: str = "bagus", times: int = 1, **more: str) -> None:
    for _n in range(times):
        with pytest.raises(sessions.SignInRefused):
            sessions.sign_in(site, login, "salah semua", **more)


def test_the_table_holds_no_token(site: Site, bagus: service.Person) -> None:
    signed_in = sessions.sign_in(site, "bagus", GOOD)
    rows = [*UserSession.select().dicts(), *KnownDevice.select().dicts()]
    assert signed_in.token not in repr(rows)
    assert signed_in.device_token not in repr(rows)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 5000, "\x00" * 40, "\ud800" * 40])
def test_a_strange_token_is_nobody(site: Site, bagus: service.Person, token: str) -> None:
    assert sessions.session_of(site, token) is None


@pytest.mark.parametrize(
    ("role", "lives_s"), [(Role.REPORTER, 90 * 86_400), (Role.EDITOR, 12 * 3600)]
)
def test_a_session_ends_after_its_idle_time(
    site: Site, clock: FakeClock, role: Role, lives_s: int
) -> None:
    person = service.add(operator(site), "nur", "Nur", role)
    token = sessions.start(site, person).token
    clock.advance(seconds=lives_s - 60)
    renewed = sessions.session_of(site, token)
    assert renewed is not None
    assert renewed.is_touched
    clock.advance(seconds=lives_s - 60)
    assert sessions.session_of(site, token) is not None
    clock.advance(seconds=lives_s + 1)
    assert sessions.session_of(site, token) is None


def test_looking_often_writes_seldom(site: Site, bagus: service.Person, clock: FakeClock) -> None:
    token = sessions.start(site, bagus).token
    touched = 0
    for _minute in range(20):
        clock.advance(seconds=60)
        found = sessions.session_of(site, token)
        assert found is not None
        touched += found.is_touched
    assert touched == 4


@pytest.mark.parametrize("wrong_ms", [0, 86_400_000, 2_145_916_800_000, 4_102_444_800_000])
def test_a_wrong_clock_ends_no_session_and_spoils_none(
    site: Site, bagus: service.Person, clock: FakeClock, wrong_ms: int
) -> None:
    right_ms = clock.at_ms
    old = sessions.start(site, bagus).token
    clock.set(wrong_ms)
    assert sessions.session_of(site, old) is not None
    started_wrong = sessions.sign_in(site, "bagus", GOOD).token
    clock.set(right_ms + 600_000)
    for token in (old, started_wrong):
        assert sessions.session_of(site, token) is not None
    clock.advance(seconds=12 * 3600 + 1)
    for token in (old, started_wrong):
        assert sessions.session_of(site, token) is None


def test_sessions_are_listed_and_ended_one_by_one(
    site: Site, bagus: service.Person, clock: FakeClock
) -> None:
    agents = ("Mozilla/5.0 (Linux; Android 10) Chrome/80", "Mozilla/5.0 (Windows NT) Firefox/99")
    tokens = []
    for agent in agents:
        tokens.append(sessions.start(site, bagus, description=agent).token)
        clock.advance(seconds=1)
    actor = service.actor_of(site, bagus.id, "test")
    lines = sessions.sessions_of(actor, bagus.id)
    assert [line.device for line in lines] == ["Firefox di Windows", "Chrome di Android"]
    sessions.revoke(actor, bagus.id, lines[1].id)
    assert sessions.session_of(site, tokens[0]) is None
    assert sessions.session_of(site, tokens[1]) is not None
    with pytest.raises(NotFound):
        sessions.revoke(actor, bagus.id, lines[1].id)


def test_nobody_ends_the_session_of_another_by_its_id(site: Site, bagus: service.Person) -> None:
    token = sessions.start(site, bagus).token
    found = sessions.session_of(site, token)
    assert found is not None
    reporter = actor_as(site, Role.REPORTER)
    with pytest.raises(NotFound):
        sessions.revoke(reporter, reporter.user_id or "", found.id)
    assert sessions.session_of(site, token) is not None


def test_signing_out_ends_the_session_for_good(site: Site, bagus: service.Person) -> None:
    token = sessions.start(site, bagus).token
    sessions.sign_out(site, token)
    sessions.sign_out(site, token)
    assert sessions.session_of(site, token) is None


def test_a_person_keeps_twenty_known_devices(
    site: Site, bagus: service.Person, clock: FakeClock
) -> None:
    tokens = []
    for _n in range(23):
        tokens.append(sessions.start(site, bagus).device_token)
        clock.advance(seconds=1)
    known = [sessions.is_known_device("bagus", token) for token in tokens]
    assert known == [False] * 3 + [True] * 20


@pytest.mark.both_databases
def test_the_delay_grows_and_ends_on_the_monotonic_clock(site: Site, clock: FakeClock) -> None:
    service.add(operator(site), "bagus", "Bagus", Role.ADMIN, password=GOOD)
    fail(site, times=5)
    delays = []
    for _n in range(4):
        with pytest.raises(TooMany) as caught:
            sessions.sign_in(site, "bagus", GOOD)
        delays.append(caught.value.retry_after_s)
        clock.monotonic += caught.value.retry_after_s - 1
        with pytest.raises(TooMany):
            sessions.sign_in(site, "bagus", GOOD)
        clock.monotonic += 1
        fail(site)
    assert delays == [10, 20, 40, 80]
    clock.monotonic += 160
    sessions.sign_in(site, "bagus", GOOD)
    fail(site, times=5)  # the right password has set the counter back


@pytest.mark.parametrize("jump_ms", [-(10**12), 10**12, 0])
def test_the_date_neither_locks_nor_unlocks(
    site: Site, bagus: service.Person, clock: FakeClock, jump_ms: int
) -> None:
    fail(site, times=5)
    clock.set(clock.at_ms + jump_ms)
    with pytest.raises(TooMany):
        sessions.sign_in(site, "bagus", GOOD)
    clock.monotonic += 10
    sessions.sign_in(site, "bagus", GOOD)


def test_after_a_restart_of_the_machine_one_try_is_free_and_the_count_goes_on(
    site: Site, bagus: service.Person
) -> None:
    fail(site, times=7 - 2)
    LoginGuard.update(boot_id="another boot").execute()
    fail(site)
    with pytest.raises(TooMany) as caught:
        sessions.sign_in(site, "bagus", GOOD)
    assert caught.value.retry_after_s == 20


def test_a_known_device_gets_in_while_strangers_hammer(site: Site, bagus: service.Person) -> None:
    phone = sessions.sign_in(site, "bagus", GOOD).device_token
    fail(site, times=5)
    for _n in range(50):
        with pytest.raises(TooMany):
            sessions.sign_in(site, "bagus", "salah semua")
    assert sessions.sign_in(site, "bagus", GOOD, device_token=phone)


def test_a_recovery_code_works_while_strangers_hammer(site: Site, bagus: service.Person) -> None:
    codes = recovery.new_recovery_codes(service.actor_of(site, bagus.id, "test"), bagus.id)
    fail(site, times=5)
    recovery.recover(site, "bagus", codes[0], "sepeda biru terbang")


def test_a_known_device_has_a_counter_of_its_own(site: Site, bagus: service.Person) -> None:
    phone = sessions.sign_in(site, "bagus", GOOD).device_token
    fail(site, times=5, device_token=phone)
    with pytest.raises(TooMany):
        sessions.sign_in(site, "bagus", GOOD, device_token=phone)
    assert sessions.sign_in(site, "bagus", GOOD)


def test_a_device_is_known_to_its_person_only(site: Site, bagus: service.Person) -> None:
    service.add(operator(site), "nur", "Nur", Role.REPORTER, password=GOOD)
    phone = sessions.sign_in(site, "nur", GOOD).device_token
    fail(site, times=5)
    with pytest.raises(TooMany):
        sessions.sign_in(site, "bagus", GOOD, device_token=phone)


def test_one_person_hammered_does_not_delay_the_neighbour(
    site: Site, bagus: service.Person
) -> None:
    service.add(operator(site), "nur", "Nur", Role.REPORTER, password=GOOD)
    fail(site, times=5)
    assert sessions.sign_in(site, "nur", GOOD)


def test_unknown_names_are_delayed_like_known_ones_in_bounded_space(
    site: Site, bagus: service.Person
) -> None:
    fail(site, "hantu", times=5)
    with pytest.raises(TooMany):
        sessions.sign_in(site, "hantu", GOOD)
    subjects = {lockout.nobody(f"hantu{n}", "salt") for n in range(20_000)}
    assert len(subjects) <= 4096


@pytest.mark.both_databases
def test_many_tries_at_once_are_many_tries(site: Site) -> None:
    service.add(operator(site), "bagus", "Bagus", Role.ADMIN, password=GOOD)
    subject, results = User.get().id, []

    def try_it() -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            try:
                lockout.claim(own, subject, "")
                results.append("judged")
            except DesaError as error:
                results.append(error.code)
        own.close()

    threads = [threading.Thread(target=try_it) for _n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("judged") == lockout.FREE_TRIES
    assert results.count("terlalu-sering") == 12 - lockout.FREE_TRIES


def test_a_quiet_day_forgives(site: Site, bagus: service.Person, clock: FakeClock) -> None:
    fail(site, times=5)
    clock.advance(days=1)
    fail(site, times=4)


@given(st.integers(min_value=0, max_value=10_000))
@hypothesis_settings(max_examples=200, derandomize=True)
def test_the_delay_never_shrinks_and_never_passes_its_limit(failures: int) -> None:
    assert lockout.delay_s(failures) <= lockout.delay_s(failures + 1) <= lockout.LONGEST_DELAY_S


@given(st.text(max_size=600))
@hypothesis_settings(
    max_examples=100,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
def test_any_browser_description_becomes_a_short_plain_name(text: str) -> None:
    name = sessions.device_name(text)
    assert 0 < len(name) <= 60
    assert "<" not in name
    assert "\x00" not in name


# --- over HTTP -------------------------------------------------------------------------------


def test_signing_in_by_form_sets_strict_cookies(site: Site, bagus: service.Person) -> None:
    web = client(site)
    answer = post_form(web, "/masuk", {"login": "bagus", "password": GOOD})
    assert (answer.status_code, answer.location) == (303, "/kelola/")
    cookies = {c.split("=")[0]: c for c in answer.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"desa_sesi", "desa_alat", "desa_pra"}
    for name in ("desa_sesi", "desa_alat"):
        assert "HttpOnly" in cookies[name]
        assert "SameSite=Lax" in cookies[name]
    assert web.get("/kelola/akun").status_code == 200


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(
    site: Site, bagus: service.Person
) -> None:
    web = client(site)
    web.get("/masuk", base_url="https://desa.test")
    shown = web.get("/masuk", base_url="https://desa.test")
    assert shown.headers["Strict-Transport-Security"]
    cookie = next(
        c for c in web.get("/masuk", base_url="https://x.test").headers.getlist("Set-Cookie")
    )
    assert cookie.startswith("__Host-desa_pra=")
    assert "Secure" in cookie


def test_a_wrong_password_keeps_the_name_and_never_shows_the_password(
    site: Site, bagus: service.Person
) -> None:
    answer = post_form(client(site), "/masuk", {"login": "bagus", "password": "salahsekali"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert 'value="bagus"' in page
    assert "salahsekali" not in page
    assert 'aria-invalid="true"' in page
    assert "Masih ada 4 kesempatan" in page


@pytest.mark.parametrize(
    ("wish", "goes_to"),
    [
        ("/kelola/akun", "/kelola/akun"),
        ("https://jahat.test/", "/kelola/"),
        ("//jahat.test/", "/kelola/"),
        ("/\\jahat.test", "/kelola/"),
        ("javascript:alert(1)", "/kelola/"),
        ("/a\r\nX: y", "/kelola/"),
    ],
)
def test_signing_in_leads_to_addresses_of_this_site_only(
    site: Site, bagus: service.Person, wish: str, goes_to: str
) -> None:
    answer = post_form(client(site), "/masuk", {"login": "bagus", "password": GOOD, "lanjut": wish})
    assert answer.location == goes_to


def test_the_desk_asks_for_signing_in_and_comes_back(site: Site) -> None:
    answer = client(site).get("/kelola/pengguna?a=1")
    assert answer.status_code == 303
    assert answer.location == "/masuk?lanjut=/kelola/pengguna%3Fa%3D1"


def test_signing_out_by_form_works_once_and_by_link_never(
    site: Site, bagus: service.Person
) -> None:
    web = client(site, service.actor_of(site, bagus.id, "test"))
    assert web.get("/keluar").status_code == 405
    assert web.get("/kelola/akun").status_code == 200
    answer = post_form(web, "/keluar", {}, page="/kelola/akun")
    assert answer.status_code == 303
    assert web.get("/kelola/akun").status_code == 303


def test_signing_in_ends_the_session_that_was_on_this_browser(
    site: Site, bagus: service.Person
) -> None:
    web = client(site, service.actor_of(site, bagus.id, "test"))
    old = UserSession.get().id
    answer = web.post("/api/v1/session", json={"login": "bagus", "password": GOOD})
    assert answer.status_code == 200
    assert old not in [row.id for row in UserSession.select()]
    assert UserSession.select().count() == 1


def test_a_flood_from_one_address_is_slowed_but_a_known_device_is_not(
    site: Site, bagus: service.Person
) -> None:
    flood, phone = client(site), client(site)
    assert post_form(phone, "/masuk", {"login": "bagus", "password": GOOD}).status_code == 303
    post_form(phone, "/keluar", {}, page="/kelola/akun")
    statuses = {
        flood.post("/api/v1/session", json={"login": f"x{n}", "password": "y"}).status_code
        for n in range(40)
    }
    assert statuses == {401, 429}
    assert post_form(phone, "/masuk", {"login": "bagus", "password": GOOD}).status_code == 303


def test_the_json_api_signs_in_tells_who_and_signs_out(site: Site, bagus: service.Person) -> None:
    web = client(site)
    assert web.get("/api/v1/session").json["error"]["code"] == "belum-masuk"
    wrong = web.post("/api/v1/session", json={"login": "bagus", "password": "x"})
    assert (wrong.status_code, wrong.json["error"]["code"]) == (401, "masuk-gagal")
    assert web.post("/api/v1/session", json={"login": 1}).status_code == 422
    right = web.post("/api/v1/session", json={"login": "bagus", "password": GOOD})
    assert right.json["user"]["role"] == "admin"
    assert web.get("/api/v1/session").json["user"]["login"] == "bagus"
    assert web.delete("/api/v1/session").status_code == 204
    assert web.get("/api/v1/session").status_code == 401


def test_a_read_only_disk_keeps_who_is_signed_in(
    site: Site, bagus: service.Person, clock: FakeClock
) -> None:
    token = sessions.start(site, bagus).token
    clock.advance(seconds=3600)
    with db.write(site.database):
        db.execute(site.database, "CREATE TEMP TABLE blocker (n INTEGER)")
    db.execute(site.database, "PRAGMA query_only = 1")
    try:
        found = sessions.session_of(site, token)
    finally:
        db.execute(site.database, "PRAGMA query_only = 0")
    assert found is not None
    assert not found.is_touched
