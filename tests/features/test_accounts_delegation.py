"""Deputies ("Plh"): who appoints whom, when it holds, what it allows, and what the history says."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from desa_web.cli import main
from desa_web.core import db, journal, settings
from desa_web.core.actor import LENT, PERMISSIONS, Actor, Permission, Role, operator
from desa_web.core.checks import Level
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from desa_web.core.site import Site
from desa_web.features.accounts import delegation, health, service
from desa_web.features.accounts.delegation import Delegation, Stage
from desa_web.features.news import desk_view, queries
from desa_web.features.news import service as news
from desa_web.features.news.article import Article, State, Text
from desa_web.features.news.workflow import TABLE, Op, Who, act
from tests.harness.site import FakeClock, actor_as, client, post_form

TODAY = date(2026, 11, 22)
ROLES = (Role.ADMIN, Role.EDITOR, Role.APPROVER, Role.REPORTER)


def days(first: int, last: int) -> tuple[date, date]:
    return TODAY + timedelta(days=first), TODAY + timedelta(days=last)


def lend(site: Site, first: int = 0, last: int = 6, by: Actor | None = None) -> Delegation:
    """The approver appoints the editor; both are made when nobody is there yet."""
    giver, _deputy = actor_as(site, Role.APPROVER), actor_as(site, Role.EDITOR)
    return delegation.appoint(by or giver, "approver", "editor", *days(first, last))


def deputy(site: Site) -> Actor:
    """The editor as they act now."""
    return service.actor_of(site, "editor", "test")


def submitted(site: Site, author: Actor | None = None) -> Article:
    author = author or actor_as(site, Role.REPORTER)
    made = news.create(author, Text(title="Jalan tani", body="<p>Warga bekerja bakti.</p>"))
    return act(author, Op.SUBMIT, made.id)


@pytest.mark.both_databases
def test_a_deputy_approves_and_returns_while_the_dates_hold(site: Site, clock: FakeClock) -> None:
    lend(site, first=1, last=2)
    assert not deputy(site).may(Permission.REVIEW)
    with pytest.raises(Forbidden):
        act(deputy(site), Op.APPROVE, submitted(site).id)
    clock.advance(days=1)
    assert act(deputy(site), Op.APPROVE, submitted(site).id).state is State.APPROVED
    assert act(deputy(site), Op.RETURN, submitted(site).id, note="Lagi").state is State.RETURNED
    clock.advance(days=1)
    assert deputy(site).may(Permission.REVIEW)
    clock.advance(days=1)
    assert not deputy(site).may(Permission.REVIEW)


@pytest.mark.parametrize(("zone", "hours"), [("WIB", 7), ("WITA", 8), ("WIT", 9)])
def test_the_days_are_those_of_the_village(
    site: Site, clock: FakeClock, zone: str, hours: int
) -> None:
    settings.change(operator(site), {"time_zone": zone})
    lend(site, first=1, last=1)
    midnight = datetime(2026, 11, 23, tzinfo=UTC) - timedelta(hours=hours)
    for offset_ms, is_lent in ((-1, False), (0, True), (DAY_MS - 1, True), (DAY_MS, False)):
        clock.set(round(midnight.timestamp() * 1000) + offset_ms)
        assert deputy(site).may(Permission.REVIEW) is is_lent, offset_ms


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("is_own", [True, False], ids=["own", "foreign"])
def test_a_deputy_may_what_the_table_gives_an_editor_and_a_reviewer(
    site: Site, state: State, is_own: bool
) -> None:
    lend(site)
    actor = deputy(site)
    owner = actor if is_own else actor_as(site, Role.REPORTER)
    boss = operator(site)
    way = {
        State.DRAFT: (), State.SUBMITTED: (Op.SUBMIT,), State.RETURNED: (Op.SUBMIT, Op.RETURN),
        State.APPROVED: (Op.SUBMIT, Op.APPROVE),
        State.SCHEDULED: (Op.SUBMIT, Op.APPROVE, Op.SCHEDULE),
        State.PUBLISHED: (Op.SUBMIT, Op.APPROVE, Op.PUBLISH),
        State.WITHDRAWN: (Op.SUBMIT, Op.APPROVE, Op.PUBLISH, Op.WITHDRAW),
    }  # fmt: skip
    tomorrow = datetime.fromtimestamp(site.clock.now_ms() / 1000, UTC) + timedelta(days=1)
    for op in Op:
        if op in (Op.SAVE, Op.RESTORE):
            continue
        made = news.create(owner, Text(title="Jalan tani", body="<p>Isi.</p>"))
        for step in way[state]:
            made = act(boss, step, made.id, note="x", at=tomorrow)
        rule = TABLE.get((op, state))
        fits = rule is not None and not rule.only_without_approval
        if (op is Op.WITHDRAW and not made.is_live) or (op is Op.TRASH and made.is_live):
            fits = False
        before = journal.head(site).seq
        if not fits or rule is None:
            with pytest.raises(Conflict):
                act(actor, op, made.id, note="x", at=tomorrow)
            continue
        assert act(actor, op, made.id, note="x", at=tomorrow).state is rule.target
        (row,) = journal.read(site, before)
        giver = f" for user:{actor_as(site, Role.APPROVER).user_id}"
        assert row.actor == actor.label + (giver if rule.who is Who.REVIEWER else "")


@pytest.mark.both_databases
def test_only_who_may_approve_by_role_or_an_admin_appoints(site: Site) -> None:
    approver, editor = actor_as(site, Role.APPROVER), actor_as(site, Role.EDITOR)
    other = actor_as(site, Role.APPROVER, "sekdes")
    refused = (other, editor, actor_as(site, Role.REPORTER))
    for actor in refused:
        with pytest.raises(Forbidden):
            delegation.appoint(actor, "approver", "editor", *days(0, 1))
    for actor in (approver, actor_as(site, Role.ADMIN), operator(site)):
        made = delegation.appoint(actor, "approver", "editor", *days(0, 1))
        for stranger in refused:
            with pytest.raises(Forbidden):
                delegation.end(stranger, made.id)
        delegation.end(actor, made.id)


def test_what_is_lent_cannot_be_lent_on(site: Site) -> None:
    lend(site)
    actor_as(site, Role.EDITOR, "kedua")
    with pytest.raises(Forbidden):
        delegation.appoint(deputy(site), "approver", "kedua", *days(0, 1))
    with pytest.raises(Forbidden):
        delegation.appoint(deputy(site), "editor", "kedua", *days(0, 1))
    with pytest.raises(InvalidInput):
        delegation.appoint(operator(site), "editor", "kedua", *days(0, 1))
    assert delegation.givers(deputy(site)) == []


@pytest.mark.parametrize("role", [Role.REPORTER, Role.APPROVER, Role.ADMIN, Role.OFFICER])
def test_only_an_editor_can_be_a_deputy(site: Site, role: Role) -> None:
    actor_as(site, Role.APPROVER)
    actor_as(site, role, "calon")
    with pytest.raises(InvalidInput) as caught:
        delegation.appoint(operator(site), "approver", "calon", *days(0, 1))
    assert set(caught.value.fields) == {"deputy"}


def test_a_reporter_never_approves_even_with_a_row_in_the_table(site: Site) -> None:
    lend(site)
    service.set_role(operator(site), deputy(site).user_id or "", Role.REPORTER)
    assert deputy(site).permissions == PERMISSIONS[Role.REPORTER]


def test_nothing_is_lent_that_the_giver_lost(site: Site) -> None:
    made = lend(site)
    giver = actor_as(site, Role.APPROVER).user_id or ""
    service.set_role(operator(site), giver, Role.EDITOR)
    assert not deputy(site).may(Permission.REVIEW)
    assert delegation.delegations(operator(site))[0].is_idle
    service.set_role(operator(site), giver, Role.APPROVER)
    assert deputy(site).may(Permission.REVIEW)
    service.disable(operator(site), giver)
    assert not deputy(site).may(Permission.REVIEW)
    assert made.stage is Stage.NOW


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(3, 2, "last_on"), (-9, -1, "last_on"), (0, 366, "last_on"), (0, 365, ""), (-5, 0, "")],
)
def test_wrong_days_are_said_beside_the_field(
    site: Site, first: int, last: int, field: str
) -> None:
    if not field:
        assert lend(site, first, last).stage is Stage.NOW
        return
    with pytest.raises(InvalidInput) as caught:
        lend(site, first, last)
    assert set(caught.value.fields) == {field}
    assert delegation.delegations(operator(site)) == []


@pytest.mark.both_databases
def test_one_giver_has_one_deputy_at_a_time(site: Site) -> None:
    made = lend(site, 2, 5)
    for first, last in ((0, 2), (3, 4), (5, 9), (1, 8)):
        with pytest.raises(Conflict, match="sudah punya Plh"):
            lend(site, first, last)
    lend(site, 0, 1)
    delegation.end(operator(site), made.id)
    assert lend(site, 3, 4).first_on == TODAY + timedelta(days=3)


def test_it_can_be_ended_early_once(site: Site) -> None:
    made = lend(site)
    ended = delegation.end(actor_as(site, Role.APPROVER), made.id)
    assert (ended.stage, ended.was_ended_early) == (Stage.OVER, True)
    assert not deputy(site).may(Permission.REVIEW)
    with pytest.raises(Conflict):
        delegation.end(operator(site), made.id)
    with pytest.raises(NotFound):
        delegation.end(operator(site), "tidak-ada")


@pytest.mark.parametrize("wrong_ms", [0, 86_400_000 * 365 * 90], ids=["1970", "2060"])
def test_a_doubtful_clock_starts_and_ends_nothing(
    site: Site, clock: FakeClock, wrong_ms: int
) -> None:
    lend(site, 0, 3)
    right = clock.at_ms
    clock.set(wrong_ms)
    assert deputy(site).may(Permission.REVIEW)
    assert act(deputy(site), Op.APPROVE, submitted(site).id).state is State.APPROVED
    clock.set(right + 4 * DAY_MS)
    journal.confirm_clock(operator(site))
    assert not deputy(site).may(Permission.REVIEW)
    lend(site, 10, 12)
    clock.set(wrong_ms)
    assert not deputy(site).may(Permission.REVIEW)


def test_four_eyes_hold_for_a_deputy_too(site: Site) -> None:
    settings.change(operator(site), {"approval": "four_eyes"})
    lend(site)
    own = submitted(site, deputy(site))
    with pytest.raises(Forbidden, match="orang lain"):
        act(deputy(site), Op.APPROVE, own.id)


def test_appointing_and_ending_are_in_the_journal_and_silent_changes_are_found(site: Site) -> None:
    before = journal.head(site).seq
    made = lend(site)
    delegation.end(operator(site), made.id)
    rows = [row for row in journal.read(site, before) if row.kind == "delegation"]
    assert [(row.op, row.object_id) for row in rows] == [("appoint", made.id), ("end", made.id)]
    assert list(health.unchanged_deputies(site)) == []
    with db.write(site.database):
        db.execute(site.database, "UPDATE delegation SET ended_at = NULL, last_on = '2099-01-01'")
    (found,) = health.unchanged_deputies(site)
    assert found.level is Level.BAD


def test_the_history_names_both(site: Site) -> None:
    actor_as(site, Role.APPROVER, name="Hartini")
    actor_as(site, Role.EDITOR, name="Laila")
    lend(site)
    article = submitted(site)
    act(deputy(site), Op.APPROVE, article.id)
    newest = desk_view.history(site, article.id, desk_view.Moments(site))[0]
    assert (newest.who, newest.what) == ("Laila (Plh, atas nama Hartini)", "menyetujui")


def test_only_what_is_lent_is_lent(site: Site) -> None:
    lend(site)
    assert deputy(site).permissions == PERMISSIONS[Role.EDITOR] | LENT
    assert actor_as(site, Role.APPROVER).permissions == PERMISSIONS[Role.APPROVER]


def test_the_desk_shows_queue_badge_and_in_whose_name(site: Site) -> None:
    actor_as(site, Role.APPROVER, name="Hartini Lestari")
    article = submitted(site)
    web = client(site, actor_as(site, Role.EDITOR))
    assert web.get("/kelola/periksa").status_code == 403
    lend(site)
    for path in ("/kelola/", "/kelola/periksa", f"/kelola/periksa/{article.id}"):
        assert "Hartini Lestari" in web.get(path).get_data(as_text=True), path
    page = f"/kelola/periksa/{article.id}"
    done = post_form(
        web,
        f"/kelola/berita/{article.id}/langkah",
        {"do": "approve", "version": article.version},
        page=page,
    )
    assert done.status_code == 303
    assert queries.get(operator(site), article.id)[0].state is State.APPROVED


def test_a_phone_appoints_and_ends_by_plain_forms(site: Site) -> None:
    approver, editor = actor_as(site, Role.APPROVER), actor_as(site, Role.EDITOR, name="Laila")
    web = client(site, approver)
    values = {"giver": approver.user_id, "deputy": editor.user_id, "first_on": "2026-11-22"}
    wrong = post_form(web, "/kelola/plh", {**values, "last_on": "besok"})
    assert wrong.status_code == 422
    assert "Tanggal ditulis seperti" in wrong.get_data(as_text=True)
    assert post_form(web, "/kelola/plh", {**values, "last_on": "2026-11-28"}).status_code == 303
    shown = web.get("/kelola/plh").get_data(as_text=True)
    assert "22 November 2026 sampai 28 November 2026" in shown
    assert "Laila menjadi Plh" in client(site, actor_as(site, Role.ADMIN)).get(
        "/kelola/pengguna"
    ).get_data(as_text=True)
    end = re.search(r'action="(/kelola/plh/[^"]+/akhiri)"', shown)
    assert end is not None
    assert post_form(web, end[1], {}, page="/kelola/plh").status_code == 303
    assert "diakhiri" in web.get("/kelola/plh").get_data(as_text=True)


def test_twice_sent_appoints_once(site: Site) -> None:
    approver, editor = actor_as(site, Role.APPROVER), actor_as(site, Role.EDITOR)
    web = client(site, approver)
    page = web.get("/kelola/plh").get_data(as_text=True)
    hidden = dict(re.findall(r'name="(_token|_submission)" value="([^"]+)"', page))
    days = {"first_on": "2026-11-22", "last_on": "2026-11-23"}
    values = {"giver": approver.user_id, "deputy": editor.user_id, **days}
    for _ in range(2):
        sent = web.post("/kelola/plh", data={**hidden, **values},
                        headers={"Sec-Fetch-Site": "same-origin"})  # fmt: skip
        assert sent.status_code == 303
    assert len(delegation.delegations(approver)) == 1


def test_a_reporter_sees_no_form_and_is_refused(site: Site) -> None:
    approver = actor_as(site, Role.APPROVER)
    web = client(site, actor_as(site, Role.REPORTER))
    values = {"giver": approver.user_id, "deputy": "x", "first_on": "2026-11-22"}
    assert "Tunjuk Plh" not in web.get("/kelola/plh").get_data(as_text=True)
    sent = post_form(web, "/kelola/plh", {**values, "last_on": "2026-11-23"})
    assert sent.status_code in (403, 404)


def test_the_api_honours_it(site: Site) -> None:
    article = submitted(site)
    lend(site)
    web = client(site, actor_as(site, Role.EDITOR))
    me = web.get("/api/v1/session").get_json()["user"]
    assert "review" in me["permissions"]
    assert me["in_name_of"] == "Approver"
    sent = web.post(
        f"/api/v1/articles/{article.id}/approve",
        json={},
        headers={"If-Match": str(article.version)},
    )
    assert (sent.status_code, sent.get_json()["state"]) == (200, "approved")


def test_the_command_appoints_lists_and_ends(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    actor_as(site, Role.APPROVER)
    actor_as(site, Role.EDITOR)
    desa = ["--site", str(site.path), "--json", "user"]
    span = ["--from", "2030-12-01", "--until", "2030-12-07"]
    assert main([*desa, "delegate", "approver", "editor", *span]) == 0
    made = json.loads(capsys.readouterr().out)
    assert main([*desa, "delegations"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["stage"]) == (made["id"], "coming")
    assert main([*desa, "undelegate", made["id"]]) == 0
    capsys.readouterr()
    assert main([*desa, "undelegate", made["id"]]) == 1
    as_editor = ["--site", str(site.path), "--as", "editor", "user"]
    assert main([*as_editor, "delegate", "approver", "editor", *span]) == 1
