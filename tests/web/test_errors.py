"""Every refusal becomes a plain sentence, in HTML or JSON; a bug becomes a number and a log."""

from __future__ import annotations

import errno
import logging
import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from desa_web.core import errors
from desa_web.core.actor import Role
from desa_web.core.site import Site
from tests.harness.site import actor_as, app_of, client, make_site

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DesaError)
]


def app_raising(site: Site, error: BaseException) -> Flask:
    app = app_of(site)

    def fail() -> str:
        raise error

    for address in ("/uji", "/api/uji", "/kelola/uji"):
        app.add_url_rule(address, f"fail{address}", fail)
    return app


def test_error_codes_are_unique_and_statuses_are_client_or_storage() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))
    assert all(400 <= kind.status < 600 for kind in KINDS)
    assert {kind.exit_code for kind in KINDS} <= {1, 75}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_its_status_and_code_in_html_and_json(
    site: Site, kind: type[errors.DesaError]
) -> None:
    web = app_raising(site, kind("Kalimat <i>untuk</i> orang.")).test_client()
    for address in ("/uji", "/kelola/uji"):
        shown = web.get(address)
        if kind is errors.NotSignedIn:
            assert shown.status_code == 303
            continue
        assert shown.status_code == kind.status
        assert "Kalimat &lt;i&gt;untuk&lt;/i&gt; orang." in shown.text
        assert shown.headers["Cache-Control"] == "no-store"
    read = web.get("/api/uji")
    assert read.status_code == kind.status
    assert read.json["error"]["code"] == kind.code
    assert read.json["error"]["message"] == "Kalimat <i>untuk</i> orang."
    assert web.get("/uji", headers={"Accept": "application/json"}).is_json


def test_fields_and_details_reach_programs(site: Site) -> None:
    error = errors.InvalidInput(fields={"title": "Judul perlu diisi."}, version=3)
    found = app_raising(site, error).test_client().get("/api/uji").json["error"]
    assert found["fields"] == {"title": "Judul perlu diisi."}
    assert found["version"] == 3


def test_too_often_and_busy_say_when_to_come_back(site: Site) -> None:
    web = app_raising(site, errors.TooMany("Pelan.", retry_after_s=7)).test_client()
    assert web.get("/uji").headers["Retry-After"] == "7"


def test_a_bug_shows_a_number_that_is_in_the_log_and_nothing_else(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    web = app_raising(site, ZeroDivisionError("secret detail")).test_client()
    with caplog.at_level(logging.ERROR):
        shown = web.get("/api/uji")
    number = shown.json["error"]["id"]
    assert shown.status_code == 500
    assert "secret detail" not in shown.text
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)
    assert "secret detail" not in web.get("/uji").text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "no space"), 507),
        (OSError(errno.EROFS, "read-only"), 503),
        (OSError(errno.EIO, "io"), 500),
        (sqlite3.OperationalError("database or disk is full"), 507),
        (sqlite3.OperationalError("attempt to write a readonly database"), 503),
        (sqlite3.OperationalError("database is locked"), 503),
        (sqlite3.DatabaseError("database disk image is malformed"), 500),
    ],
)
def test_a_failing_disk_is_a_sentence_and_never_a_trace(
    site: Site, error: Exception, status: int
) -> None:
    shown = app_raising(site, error).test_client().get("/kelola/uji")
    assert shown.status_code == status
    assert "Traceback" not in shown.text
    assert "nomor" not in shown.text


def test_an_error_page_needs_no_database(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    with site.bound():
        web = client(site)
        assert web.get("/masuk").status_code == 200
    site.close()
    (site.data / "desa.db").write_bytes(b"this is no database at all" * 100)
    for name in ("desa.db-wal", "desa.db-shm"):
        (site.data / name).unlink(missing_ok=True)
    shown = web.get("/masuk")
    assert shown.status_code in (500, 503)
    assert "doctor" in shown.text or "Server" in shown.text
    site.close()


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/tidak/ada", 404),
        ("get", "/api/v1/tidak", 404),
        ("put", "/masuk", 403),
        ("get", "/keluar", 405),
        ("get", "/statis/x/../../app.py", 404),
        ("get", "/statis/x/%2e%2e/%2e%2e/app.py", 404),
        ("get", "/statis/x/desk/", 404),
    ],
)
def test_wrong_addresses_get_a_page_with_a_next_step(
    site: Site, method: str, address: str, status: int
) -> None:
    answer = getattr(client(site), method)(address)
    assert answer.status_code == status
    assert answer.is_json or "<h1>" in answer.text


def test_a_body_of_five_megabytes_is_refused_with_a_sentence(site: Site) -> None:
    web = client(site, actor_as(site, Role.EDITOR))
    answer = web.post("/kelola/akun/nama", data={"name": "x" * 5_000_000})
    assert answer.status_code == 413
    assert "besar" in answer.text
    read = web.post("/api/v1/session", json={"login": "x" * 5_000_000})
    assert (read.status_code, read.is_json) == (413, True)


def test_every_answer_carries_the_constant_headers(site: Site) -> None:
    web = client(site)
    for address in ("/masuk", "/sehat", "/tidak-ada", "/api/v1/session", "/kelola/"):
        answer = web.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers
    assert web.get("/masuk").headers["Cache-Control"] == "no-store"


def test_health_tells_no_secrets_and_turns_red_without_a_worker(site: Site) -> None:
    from desa_web.core import follow

    web = client(site)
    dark = web.get("/sehat")
    assert (dark.status_code, dark.json["ok"]) == (503, False)
    follow.beat(site)
    bright = web.get("/sehat")
    assert (bright.status_code, bright.json["ok"]) == (200, True)
    assert str(site.path) not in bright.text
    assert set(bright.json) == {
        "ok", "version", "schema", "schema_current", "journal", "worker_age_s", "disk_free_mb",
        "writable", "clock_ok",
    }  # fmt: skip


def test_pages_of_the_desk_have_no_inline_script_or_style(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    for address in ("/kelola/", "/kelola/akun", "/kelola/pengguna", "/kelola/pengguna/baru"):
        page = web.get(address).text.lower()
        assert re.findall(r"<script(?![^>]* src=)", page) == []
        assert "style=" not in page
        assert " on" + "click" not in page
        assert "http://" not in page.replace("http://localhost", "")


def test_static_files_are_immutable_under_their_hash_only(site: Site) -> None:
    from desa_web.web import desk

    web = client(site)
    with app_of(site).test_request_context():
        address = desk.static_url("desk/kelola.css")
    right = web.get(address)
    assert "immutable" in right.headers["Cache-Control"]
    assert right.mimetype == "text/css"
    wrong = web.get("/statis/000000000000/desk/kelola.css")
    assert "immutable" not in wrong.headers.get("Cache-Control", "")
