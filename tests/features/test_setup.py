"""The first day: the code on the console, the steps, and an end that happens once or not at all."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from desa_web.core import db, settings
from desa_web.core.actor import Role, operator
from desa_web.core.errors import TooMany
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import recovery, service, sessions
from desa_web.features.news import queries
from desa_web.features.setup import answers, guard, palettes, places, steps
from desa_web.features.setup.web import TICKET_COOKIE
from desa_web.web.accents import check_accents
from desa_web.web.forms import Form
from tests.harness.site import (
    ROOT,
    SAME_ORIGIN,
    FakeClock,
    actor_as,
    app_of,
    client,
    hidden_fields,
    make_site,
    post_form,
)

PASSWORD = "jambu kereta biru"
VILLAGE = {
    "village_term": "Nagari",
    "village_name": "Kapau",
    "kode_wilayah": "1306072003",
    "district": "Tilatang Kamang",
    "regency": "Agam",
}
CONTACT = {
    "kim_name": "KIM Kapau",
    "kim_term": "Komunitas Informasi Masyarakat",
    "whatsapp": "0812-3456-7890",
    "office_hours": "Senin: 08.00–15.00\r\nJumat: tutup",
}
LOOK = {"palette": "laut", "band": "rebung", "approval": "four_eyes"}
ACCOUNT = {"name": "Bagus Prasetyo", "login": "bagus.p", "password": PASSWORD, "again": PASSWORD}
STEPS: dict[str, Mapping[str, str]] = {
    "desa": VILLAGE, "kontak": CONTACT, "tampilan": LOOK, "akun": ACCOUNT,
}  # fmt: skip


def test_every_door_of_a_site_without_people_leads_to_the_wizard(site: Site) -> None:
    guard.open_wizard(site)
    web = client(site)
    for path in ("/", "/masuk", "/kelola", "/kelola/", "/kelola/tulis"):
        answer = web.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/mulai"), path
        assert answer.headers["Cache-Control"] == "no-store"
    assert web.get("/mulai").status_code == 200


def test_the_wizard_is_closed_once_somebody_can_sign_in(site: Site) -> None:
    guard.open_wizard(site)
    actor_as(site, Role.ADMIN)
    assert guard.open_wizard(site) is None
    web = client(site)
    for path in ("/mulai", "/mulai/desa", "/mulai/cetak"):
        answer = web.get(path)
        assert (answer.status_code, "sudah disiapkan" in answer.text) == (404, True), path
    assert web.get("/masuk").status_code == 200
    assert web.get("/").status_code == 200


def test_without_the_right_code_nothing_opens(site: Site) -> None:
    code = guard.open_wizard(site)
    web = client(site)
    wrong = "0000-0000" if code != "0000-0000" else "1111-1111"
    answer = post_form(web, "/mulai", {"code": wrong})
    assert answer.status_code == 422
    assert "Masih ada 9 kesempatan" in answer.text
    assert 'aria-invalid="true"' in answer.text
    for path in ("/mulai/desa", "/mulai/akun", "/mulai/cetak"):
        assert web.get(path).headers["Location"] == "/mulai"
    web.set_cookie(TICKET_COOKIE, "x" * 43)
    assert web.get("/mulai/desa").headers["Location"] == "/mulai"
    assert post_form(web, "/mulai", {"code": ""}).status_code == 422


def test_a_code_may_be_typed_without_its_dash(site: Site) -> None:
    code = guard.open_wizard(site) or ""
    web = client(site)
    answer = post_form(web, "/mulai", {"code": f" {code.replace('-', ' ')} "})
    assert answer.headers["Location"] == "/mulai/desa"


def test_ten_wrong_codes_use_the_code_up(site: Site, clock: FakeClock) -> None:
    code = guard.open_wizard(site) or ""
    wrong = "00000000" if code != "0000-0000" else "11111111"
    web = client(site)
    statuses = []
    for _n in range(guard.TRIES):
        clock.advance(seconds=61)
        statuses.append(post_form(web, "/mulai", {"code": wrong}).status_code)
    assert statuses == [422] * guard.TRIES
    clock.advance(seconds=61)
    answer = post_form(web, "/mulai", {"code": code})
    assert answer.status_code == 403
    assert "desa setup code" in answer.text
    fresh = guard.open_wizard(site) or ""
    assert post_form(web, "/mulai", {"code": fresh}).status_code == 303


def test_wrong_codes_wait_on_the_monotonic_clock(site: Site, clock: FakeClock) -> None:
    code = guard.open_wizard(site) or ""
    wrong = "00000000" if code != "0000-0000" else "11111111"
    web = client(site)
    for _n in range(guard.FREE_TRIES):
        assert post_form(web, "/mulai", {"code": wrong}).status_code == 422
    # Another date changes nothing, and a try while waiting is not counted.
    clock.set(clock.at_ms + 86_400_000)
    for _n in range(5):
        answer = post_form(web, "/mulai", {"code": code})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    clock.advance(seconds=2.5)
    assert post_form(web, "/mulai", {"code": code}).status_code == 303


def test_a_hundred_codes_at_once_are_a_hundred_tries(site: Site, clock: FakeClock) -> None:
    code = guard.open_wizard(site) or ""
    wrong = "00000000" if code != "0000-0000" else "11111111"
    seen: list[str] = []

    def guess() -> None:
        with site.bound():
            try:
                guard.admit(site, wrong)
            except Exception as error:
                seen.append(type(error).__name__)
            site.close()

    _together(guess, 12)
    assert seen.count("InvalidInput") == guard.FREE_TRIES
    assert seen.count(TooMany.__name__) == 12 - guard.FREE_TRIES


def test_a_new_code_ends_the_old_one(site: Site) -> None:
    old = guard.open_wizard(site) or ""
    new = guard.open_wizard(site) or ""
    assert post_form(client(site), "/mulai", {"code": old}).status_code == 422
    assert post_form(client(site), "/mulai", {"code": new}).status_code == 303
    row = db.execute(site.database, "SELECT result FROM submission WHERE key = 'kode'").fetchone()
    assert new.replace("-", "") not in row[0]


def test_a_code_ends_with_the_wizard(site: Site) -> None:
    code = guard.open_wizard(site) or ""
    _finished(site, code)
    web = client(site)
    assert web.get("/mulai").status_code == 404
    assert web.post("/mulai", data={"code": code}, headers=SAME_ORIGIN).status_code in (403, 404)


@pytest.mark.parametrize(
    ("step", "change", "field", "word"),
    [
        ("desa", {"village_name": ""}, "village_name", "Isi nama desanya"),
        ("desa", {"village_name": "x" * 81}, "village_name", "paling banyak 80"),
        ("desa", {"village_name": "Ka\x00pau"}, "village_name", "tidak bisa disimpan"),
        ("desa", {"village_term": "Kerajaan"}, "village_term", "Pilih salah satu"),
        ("desa", {"village_term": "lainnya"}, "other_term", "Tulis sebutannya"),
        ("desa", {"kode_wilayah": "13.06"}, "kode_wilayah", "35.22.07.2004"),
        ("desa", {"province": "Jawa Timur"}, "province", "Kode 13 milik Sumatera Barat"),
        ("desa", {"province": "Atlantis"}, "province", "Pilih salah satu"),
        ("desa", {"kode_wilayah": ""}, "time_zone", "Pilih zona waktunya"),
        ("desa", {"time_zone": "GMT"}, "time_zone", "Pilih salah satu"),
        ("desa", {"public_address": "https://kapau.id/x"}, "public_address", "Alamat situs"),
        ("kontak", {"whatsapp": "nomor saya"}, "whatsapp", "angka saja"),
        ("kontak", {"phone": "panggil saja"}, "phone", "Nomor telepon"),
        ("kontak", {"kim_term": "KIM"}, "kim_term", "Pilih salah satu"),
        ("kontak", {"office_hours": "x" * 1001}, "office_hours", "Terlalu panjang"),
        ("tampilan", {"palette": "pelangi"}, "palette", "Pilih salah satu warna"),
        ("tampilan", {"band": "emas"}, "band", "Pilih salah satu"),
        ("tampilan", {"approval": "raja"}, "approval", "Pilih salah satu"),
        ("akun", {"name": ""}, "name", "Isi nama lengkap"),
        ("akun", {"login": "Pak Bagus!"}, "login", "huruf kecil"),
        ("akun", {"login": "operator"}, "login", "huruf kecil"),
        ("akun", {"password": "pendek"}, "password", "paling sedikit 8"),
        ("akun", {"password": "kapau2026", "again": "kapau2026"}, "password", "mudah ditebak"),
        ("akun", {"again": "jambu kereta hijau"}, "again", "belum sama"),
        ("akun", {"password": ""}, "password", "perlu diisi"),
    ],
)  # fmt: skip
def test_a_wrong_answer_comes_back_with_its_sentence_and_all_other_answers(
    site: Site, step: str, change: dict[str, str], field: str, word: str
) -> None:
    web = _at(site, step)
    sent = {**STEPS[step], **change}
    answer = post_form(web, f"/mulai/{step}", sent)
    assert answer.status_code == 422
    problem = re.search(rf'id="{field}-galat">(.+?)</p>', answer.text, re.DOTALL)
    assert problem is not None, answer.text
    assert word in problem[1]
    for name, value in sent.items():
        if name not in change and name not in ("password", "again", "office_hours"):
            assert value in answer.text, name
    assert PASSWORD not in answer.text
    assert answers.find(site, _ticket(web)).of(step) == {}  # type: ignore[union-attr]


def test_own_colours_that_nobody_can_read_are_refused(site: Site) -> None:
    web = _at(site, "tampilan")
    pale = {"palette": "sendiri", "accent_green": "#c8e6c9", "accent_red": "#a23f26",
            "accent_gold": "#d39c3b"}  # fmt: skip
    answer = post_form(web, "/mulai/tampilan", {**LOOK, **pale})
    assert answer.status_code == 422
    assert "Warna hijau sulit dibaca" in answer.text
    own = {**pale, "accent_green": "#234f7d"}
    assert post_form(web, "/mulai/tampilan", {**LOOK, **own}).status_code == 303
    assert "--hijau:#234f7d" in web.get("/mulai/warna.css").text


def test_colours_can_be_looked_at_before_going_on(site: Site) -> None:
    web = _at(site, "tampilan")
    answer = post_form(web, "/mulai/tampilan", {**LOOK, "aksi": "lihat"})
    assert answer.headers["Location"] == "/mulai/tampilan#contoh"
    assert "--hijau:#1d4a66" in web.get("/mulai/warna.css").text
    assert '<div class="pita pita-rebung">' in web.get("/mulai/tampilan").text


@pytest.mark.parametrize("palette", palettes.PALETTES, ids=lambda palette: str(palette.key))
def test_every_shipped_palette_can_be_read(palette: palettes.Palette) -> None:
    assert check_accents(palette.accents) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"village_term": "Gampong", "kode_wilayah": "11.01.01.2001"},
         ("Gampong", "Keuchik", "Aceh", "WIB")),
        ({"village_term": "Desa", "kode_wilayah": "51.03.01.2001"},
         ("Desa", "Kepala Desa", "Bali", "WITA")),
        ({"village_term": "Kampung", "kode_wilayah": "91.03.01.2001"},
         ("Kampung", "Kepala Kampung", "Papua", "WIT")),
        ({"village_term": "lainnya", "other_term": "Kute", "province": "Aceh"},
         ("Kute", "Kepala Kute", "Aceh", "WIB")),
        ({"village_term": "Desa", "kode_wilayah": "62.01.01.2001", "head_term": "Damang",
          "time_zone": "WITA"}, ("Desa", "Damang", "Kalimantan Tengah", "WITA")),
    ],
)  # fmt: skip
def test_words_province_and_time_zone_are_guessed_from_the_code(
    values: dict[str, str], expected: tuple[str, ...]
) -> None:
    sent = {"village_name": "Contoh", **values}
    assert steps.check("desa", Form(sent), answers.Answers("")) is not None
    found = steps.settings_of(answers.Answers("", {"desa": sent}))
    names = ("village_term", "head_term", "province", "time_zone")
    assert tuple(found[name] for name in names) == expected


@pytest.mark.parametrize("code", ["35.22", "3522", "35", "35.22.07", ""])
def test_a_media_centre_may_say_the_code_of_its_kabupaten(tmp_path: Path, code: str) -> None:
    hub = make_site(tmp_path, options={"role": "hub"})
    with hub.bound():
        web = _at(hub, "desa")
        assert "misalnya 33.05" in web.get("/mulai/desa").text
        sent = {
            "village_term": "lainnya", "other_term": "Media Center", "head_term": "Kepala Dinas",
            "village_name": "Kabupaten Bengawan", "kode_wilayah": code, "time_zone": "WIB",
        }  # fmt: skip
        wrong = post_form(web, "/mulai/desa", {**sent, "kode_wilayah": "35.22.07.2004"})
        assert (wrong.status_code, "33.05 untuk kabupaten" in wrong.text) == (422, True)
        assert post_form(web, "/mulai/desa", sent).status_code == 303
        found = steps.settings_of(answers.find(hub, _ticket(web)))  # type: ignore[arg-type]
    assert found["province"] == ("Jawa Timur" if code else "")


def test_all_38_provinces_have_a_code_and_a_zone() -> None:
    assert len({province.code for province in places.PROVINCES}) == 38
    assert len({province.name for province in places.PROVINCES}) == 38
    assert {province.zone for province in places.PROVINCES} == {"WIB", "WITA", "WIT"}


def test_a_later_step_waits_for_the_earlier_ones(site: Site) -> None:
    web = _at(site, "kontak")
    assert web.get("/mulai/akun").headers["Location"] == "/mulai/kontak"
    token = hidden_fields(web.get("/mulai/kontak").text)
    answer = web.post("/mulai/akun", data={**token, **ACCOUNT}, headers=SAME_ORIGIN)
    assert answer.headers["Location"] == "/mulai/kontak"
    answer = web.post("/mulai/cetak", data=token, headers=SAME_ORIGIN)
    assert answer.headers["Location"] == "/mulai/kontak"
    assert not service.has_users()


def test_answers_stay_when_going_back_and_through_a_new_code(site: Site) -> None:
    web = _at(site, "akun")
    assert 'value="Kapau"' in web.get("/mulai/desa").text
    assert post_form(web, "/mulai/desa", {**VILLAGE, "district": "Lain"}).status_code == 303
    assert "KIM Kapau" in web.get("/mulai/kontak").text
    again = guard.open_wizard(site) or ""
    assert 'value="Lain"' in web.get("/mulai/desa").text
    phone = client(site)
    assert post_form(phone, "/mulai", {"code": again}).headers["Location"] == "/mulai/akun"
    assert 'value="Lain"' in phone.get("/mulai/desa").text


def test_codes_are_the_same_at_each_look_and_kept_nowhere(site: Site) -> None:
    web = _at(site, "cetak")
    codes = _codes(web.get("/mulai/cetak"))
    assert len(set(codes)) == recovery.RECOVERY_CODES
    assert _codes(web.get("/mulai/cetak")) == codes
    stored = str(db.execute(site.database, "SELECT * FROM submission").fetchall())
    assert not [code for code in codes if code in stored]
    assert PASSWORD not in stored
    assert _ticket(web) not in stored


def test_the_end_makes_a_whole_site_and_signs_in(site: Site) -> None:
    web = _at(site, "cetak")
    codes = _codes(web.get("/mulai/cetak"))
    answer = post_form(web, "/mulai/cetak", {})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/mulai/siap")
    assert "Situs Nagari Kapau sudah jadi" in web.get("/mulai/siap").text
    values = settings.read(site)
    assert values.full_name == "Nagari Kapau"
    assert (values["head_term"], values["time_zone"]) == ("Wali Nagari", "WIB")
    assert (values["whatsapp"], values["kode_wilayah"]) == ("6281234567890", "13.06.07.2003")
    assert (values["accent_green"], values["band"]) == ("#1d4a66", "rebung")
    assert values["approval"] == "four_eyes"
    assert values["office_hours"] == ["Senin: 08.00–15.00", "Jumat: tutup"]
    assert [item.slug for item in queries.published(site, limit=9)] == ["situs-desa-dibuka"]
    [admin] = service.users(operator(site))
    assert (admin.login, admin.name, admin.role) == ("bagus.p", "Bagus Prasetyo", Role.ADMIN)
    assert web.get("/kelola/").status_code == 200
    assert sessions.sign_in(site, "bagus.p", PASSWORD).person.id == admin.id
    assert recovery.recover(site, "bagus.p", codes[3], "tikar kopi lentera").id == admin.id
    home = client(site).get("/").text
    for word in ("Nagari Kapau", "Situs desa kini dibuka", "Profil Desa", "Pemerintahan"):
        assert word in home
    assert client(site).get("/halaman/kontak").status_code == 200
    left = db.execute(site.database, "SELECT key FROM submission WHERE scope = 'mulai'").fetchall()
    assert left == []


def test_nobody_but_the_signed_in_sees_that_it_is_ready(site: Site) -> None:
    guard.open_wizard(site)
    assert client(site).get("/mulai/siap").headers["Location"] == "/mulai"
    actor = actor_as(site, Role.ADMIN)
    assert client(site).get("/mulai/siap").headers["Location"] == "/masuk"
    assert client(site, actor).get("/mulai").headers["Location"] == "/mulai/siap"


@pytest.mark.both_databases
def test_of_two_browsers_one_wins_and_the_other_is_told(site: Site) -> None:
    code = guard.open_wizard(site) or ""
    first = _at(site, "cetak", code)
    second = _at(site, "cetak", code, login="siti")
    answers_seen = _finish_together(site, first, second)
    assert sorted(a.status_code for a in answers_seen) == [303, 409]
    [loser] = [a for a in answers_seen if a.status_code == 409]
    assert "Orang lain baru saja menyelesaikan" in loser.text
    assert len(service.users(operator(site))) == 1
    assert len(queries.published(site, limit=9)) == 1


@pytest.mark.both_databases
def test_a_second_tap_does_it_once_and_both_answers_are_signed_in(site: Site) -> None:
    web = _at(site, "cetak")
    twin = client(site)
    for name in (TICKET_COOKIE, "desa_pra"):
        cookie = web.get_cookie(name)
        assert cookie is not None
        twin.set_cookie(name, cookie.value)
    seen = _finish_together(site, web, twin)
    assert [a.headers.get("Location") for a in seen] == ["/mulai/siap"] * 2
    assert len(service.users(operator(site))) == 1
    assert len(queries.published(site, limit=9)) == 1
    assert web.get("/kelola/").status_code == twin.get("/kelola/").status_code == 200


def test_a_ticket_signs_in_again_for_two_minutes_only(site: Site, clock: FakeClock) -> None:
    web = _at(site, "cetak")
    late = client(site)
    for name in (TICKET_COOKIE, "desa_pra"):
        cookie = web.get_cookie(name)
        assert cookie is not None
        late.set_cookie(name, cookie.value)
    token = hidden_fields(late.get("/mulai/cetak").text)
    assert post_form(web, "/mulai/cetak", {}).status_code == 303
    clock.advance(seconds=121)
    answer = late.post("/mulai/cetak", data=token, headers=SAME_ORIGIN)
    assert answer.status_code == 409
    assert late.get("/kelola/").status_code == 303


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which only the last button is missing, and the ticket of its browser."""
    site = make_site(tmp_path_factory.mktemp("prepared"))
    with site.bound():
        web = _at(site, "cetak")
        ticket = _ticket(web)
    site.close()
    return site.path, ticket


# Kills its own process with SIGKILL at the n-th statement, or when the commit has just returned.
_FINISH = """
import os, signal, sys
from pathlib import Path
from desa_web.core.site import open_site
from desa_web.features.setup import service
folder, ticket, moment = sys.argv[1:]
site = open_site(Path(folder))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with site.bound():
    seen = []
    if moment == "committed":
        site.on_commit.append(die)
    else:
        def count(_sql):
            seen.append(1)
            if len(seen) == int(moment):
                die()
        site.database.connection().set_trace_callback(count)
    service.finish(site, ticket)
    print(len(seen))
"""


def test_a_kill_at_any_statement_leaves_the_wizard_open(
    prepared: tuple[Path, str], tmp_path: Path
) -> None:
    whole = _run_finish(prepared, tmp_path, "1000000")
    assert whole.returncode == 0, whole.stderr
    last = int(whole.stdout)
    assert last > 100
    for moment in (3, last // 4, last // 2, 3 * last // 4, last):
        done = _run_finish(prepared, tmp_path, str(moment))
        assert done.returncode == -signal.SIGKILL, done.stderr
        site = open_site(tmp_path / str(moment))
        with site.bound():
            assert guard.is_open(site), moment
            assert settings.read(site)["village_name"] == "Desa Baru"
            assert queries.published(site, limit=9) == []
            assert db.execute(site.database, "SELECT count(*) FROM journal").fetchone()[0] == 0
            found = answers.find(site, prepared[1])
            assert found is not None
            assert found.next_step == ""
            if moment == last // 2:
                assert _finish_over_http(site, prepared[1]).status_code == 303
        site.close()


def test_killed_between_commit_and_answer_the_person_can_sign_in(
    prepared: tuple[Path, str], tmp_path: Path
) -> None:
    done = _run_finish(prepared, tmp_path, "committed")
    assert done.returncode == -signal.SIGKILL, done.stderr
    site = open_site(tmp_path / "committed")
    with site.bound():
        assert not guard.is_open(site)
        assert sessions.sign_in(site, "bagus.p", PASSWORD).person.role is Role.ADMIN
        assert len(queries.published(site, limit=9)) == 1
        [admin] = service.users(operator(site))
        assert recovery.codes_left(admin.id) == recovery.RECOVERY_CODES
        assert client(site).get("/").status_code == 200
    site.close()


def _run_finish(
    prepared: tuple[Path, str], tmp_path: Path, moment: str
) -> subprocess.CompletedProcess[str]:
    folder = tmp_path / moment
    shutil.copytree(prepared[0], folder)
    return subprocess.run(
        [sys.executable, "-c", _FINISH, str(folder), prepared[1], moment],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip


def _finish_over_http(site: Site, ticket: str) -> TestResponse:
    web = client(site)
    web.set_cookie(TICKET_COOKIE, ticket)
    return post_form(web, "/mulai/cetak", {})


def _at(site: Site, step: str, code: str = "", login: str = "") -> FlaskClient:
    """Return a browser that has answered everything before `step`."""
    web = client(site)
    answer = post_form(web, "/mulai", {"code": code or guard.open_wizard(site) or ""})
    assert answer.status_code == 303
    for name, values in STEPS.items():
        if name == step:
            return web
        sent = {**values, "login": login} if login and name == "akun" else values
        answer = post_form(web, f"/mulai/{name}", sent)
        assert answer.status_code == 303, answer.text
    assert step == "cetak"
    return web


def _finished(site: Site, code: str) -> FlaskClient:
    web = _at(site, "cetak", code)
    assert post_form(web, "/mulai/cetak", {}).status_code == 303
    return web


def _finish_together(site: Site, *browsers: FlaskClient) -> list[TestResponse]:
    tokens = [hidden_fields(web.get("/mulai/cetak").text) for web in browsers]
    app_of(site)
    seen: list[TestResponse] = []

    def finish(web: FlaskClient, token: dict[str, str]) -> None:
        seen.append(web.post("/mulai/cetak", data=token, headers=SAME_ORIGIN))
        site.close()

    pairs = zip(browsers, tokens, strict=True)
    _together_each([partial(finish, web, token) for web, token in pairs])
    return seen


def _together(work: Callable[[], None], times: int) -> None:
    _together_each([work] * times)


def _together_each(jobs: list[Callable[[], None]]) -> None:
    start = threading.Barrier(len(jobs))
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        start.wait()
        try:
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def _codes(answer: TestResponse) -> list[str]:
    return re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</li>", answer.text)


def _ticket(web: FlaskClient) -> str:
    cookie = web.get_cookie(TICKET_COOKIE)
    assert cookie is not None
    return cookie.value
