"""`desa user`: the same services from the command line, as the operator or as somebody."""

from __future__ import annotations

import json

import pytest

from desa_web.cli import main
from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.accounts import recovery, service, sessions
from tests.harness.site import actor_as, run_desa

GOOD = "kucing hitam lompat"


def desa(site: Site, *arguments: str) -> int:
    """Run the command in this process: quick, and the same code as the program's."""
    return main(["--site", str(site.path), *arguments])


def test_a_person_is_added_invited_shown_and_listed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ("user", "add", "nur", "--name", "Nur Aini", "--role", "reporter", "--initials", "nur")
    assert desa(site, "--json", *add) == 0
    code = json.loads(capsys.readouterr().out)["code"]
    assert recovery.invited(site, code).login == "nur"
    assert desa(site, "--json", "user", "list") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["login"], listed["role"], listed["password"]) == ("nur", "reporter", False)
    assert desa(site, "user", "show", "nur") == 0
    assert "Nur Aini" in capsys.readouterr().out
    assert desa(site, "--json", "user", "invite", "nur") == 0
    again = json.loads(capsys.readouterr().out)["code"]
    recovery.accept(site, again, GOOD)
    assert desa(site, "user", "invite", "nur") == 1


def test_a_password_may_come_from_standard_input(site: Site) -> None:
    add = ("--site", site.path, "user", "add", "bagus", "--name", "B", "--role", "admin")
    done = run_desa(*add, "--password-stdin", input=GOOD + "\n")
    assert done.returncode == 0, done.stderr
    assert GOOD not in done.stdout
    assert sessions.sign_in(site, "bagus", GOOD)
    weak = run_desa("--site", site.path, "user", "add", "x1", "--name", "B", "--role", "editor",
                    "--password-stdin", input="12345678\n")  # fmt: skip
    assert weak.returncode == 1


def test_reset_prints_a_code_that_opens_the_account(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    service.add(operator(site), "bagus", "Bagus", Role.ADMIN, password=GOOD)
    assert desa(site, "--json", "user", "reset", "bagus") == 0
    code = json.loads(capsys.readouterr().out)["code"]
    recovery.recover(site, "bagus", code, "sepeda biru terbang")


def test_roles_and_states_change_and_the_journal_says_who(site: Site) -> None:
    actor_as(site, Role.REPORTER, "nur")
    assert desa(site, "user", "role", "nur", "editor") == 0
    assert desa(site, "user", "disable", "nur") == 0
    assert desa(site, "user", "enable", "nur") == 0
    rows = journal.history(site, "user", service.find("nur").id)
    assert [(row.op, row.actor) for row in rows[1:]] == [
        ("role", "operator"), ("disable", "operator"), ("enable", "operator"),
    ]  # fmt: skip


def test_sessions_are_listed_and_revoked(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    person = service.add(operator(site), "nur", "Nur", Role.REPORTER)
    token = sessions.start(site, person, description="Firefox Linux").token
    assert desa(site, "--json", "user", "sessions", "nur") == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert line["device"] == "Firefox di Linux"
    assert desa(site, "user", "sessions", "nur", "--revoke", line["id"]) == 0
    assert sessions.session_of(site, token) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "list"),
        ("user", "add", "x1", "--name", "X", "--role", "admin"),
        ("user", "role", "reporter", "admin"),
        ("user", "reset", "admin"),
        ("user", "disable", "admin"),
        ("config", "set", "motto", "x"),
        ("config", "set", "port", "1"),
    ],
)
def test_as_a_reporter_the_command_line_refuses_what_the_form_refuses(
    site: Site, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    actor_as(site, Role.REPORTER)
    actor_as(site, Role.ADMIN)
    before = journal.head(site)
    assert desa(site, "--as", "reporter", *arguments) == 1
    assert "Mintalah bantuan Admin." in capsys.readouterr().err
    assert journal.head(site) == before


def test_nobody_acts_as_an_unknown_or_disabled_user(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    actor = actor_as(site, Role.EDITOR)
    service.disable(operator(site), actor.user_id or "")
    for login in ("editor", "siapa"):
        assert desa(site, "--as", login, "user", "list") == 1
        assert login in capsys.readouterr().err
