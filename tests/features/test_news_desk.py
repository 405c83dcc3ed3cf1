"""The news desk as plain forms: every step by the one table, what people type is never lost."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html
from werkzeug.test import TestResponse

from desa_web.core import db, due, journal, settings
from desa_web.core.actor import Role, operator
from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.news import queries, service
from desa_web.features.news.article import Article, State, Text
from desa_web.features.news.workflow import TABLE, Op
from tests.features.test_news_workflow import HANDLERS, ROLES, brought_to, draft, expected
from tests.harness.photos import photo
from tests.harness.site import SAME_ORIGIN, actor_as, client, clock_of, hidden_fields, post_form

BODY = "Warga bekerja bakti."


def address(article: Article | str) -> str:
    return f"/kelola/berita/{article if isinstance(article, str) else article.id}"


def token(web: FlaskClient) -> dict[str, str]:
    """The token that all forms of this session carry; no submission key."""
    return {"_token": hidden_fields(text_of(web.get("/kelola/tulis")))["_token"]}


def text_of(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def tree(page: str) -> Any:
    return lxml_html.document_fromstring(page)


def fields_of(page: str, form_id: str | None = "naskah") -> dict[str, str]:
    """What a browser would send of a form of the page as it is shown."""
    [form] = [f for f in tree(page).forms if f.get("id") == form_id]
    areas = {area.name for area in form.iter("textarea")}
    # A browser drops the line break after <textarea>; lxml does not.
    return {
        name: (value or "").removeprefix("\n") if name in areas else value or ""
        for name, value in form.form_values()
    }


def send(web: FlaskClient, url: str, values: dict[str, str]) -> TestResponse:
    return web.post(url, data=values, headers=SAME_ORIGIN)


def written(web: FlaskClient, **values: str) -> str:
    """Write a new article by the form; return its id."""
    first = {"title": "Jalan tani dibangun", "body": BODY, "do": "", **values}
    answer = post_form(web, "/kelola/tulis", first)
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["Location"].partition("#")[0].rsplit("/", 1)[1]


def take_by_form(web: FlaskClient, sent: dict[str, str], op: Op, article: Article) -> TestResponse:
    values = {**sent, "version": str(article.version), "do": op.value, "note": "Tambah nama"}
    if op is Op.SAVE:
        changed = {**values, "do": "", "title": "Judul lain", "body": "Isi lain."}
        return send(web, address(article), changed)
    at = as_utc(clock_of(_site_of(web)).now_ms()) + timedelta(days=1, hours=7)
    return send(web, f"{address(article)}/langkah", {**values, "at": f"{at:%Y-%m-%dT%H:%M}"})


def _site_of(web: FlaskClient) -> Site:
    return web.application.extensions["desa"].site  # type: ignore[no-any-return]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", list(State))
def test_every_form_follows_the_one_table(site: Site, role: Role, state: State) -> None:
    actor = actor_as(site, role)
    web = client(site, actor)
    sent = token(web)
    for owner in (actor, actor_as(site, Role.REPORTER, "penulis-lain")):
        for op in Op:
            article = brought_to(site, state, owner)
            before = journal.head(site).seq
            answer = take_by_form(web, sent, op, article)
            if expected(actor, op, article):
                assert answer.status_code == 303, (op, text_of(answer))
                assert (
                    queries.find(operator(site), article.id, trashed=op is Op.TRASH).state
                    is TABLE[op, state].target
                )
                assert journal.head(site).seq == before + 1
            else:
                assert answer.status_code in (403, 404, 409, 412, 422), op
                assert journal.head(site).seq == before
                assert queries.get(operator(site), article.id)[0] == article


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("approval", ["required", "four_eyes", "off"])
def test_a_page_offers_exactly_the_steps_that_work(site: Site, role: Role, approval: str) -> None:
    """Each button on an article's page is pressed on a copy of it; all of them must work."""
    settings.change(operator(site), {"approval": approval})
    actor = actor_as(site, role)
    web = client(site, actor)
    for state in State:
        for owner in (actor, actor_as(site, Role.REPORTER, "penulis-lain")):
            article = brought_to(site, state, owner)
            shown = web.get(address(article))
            if shown.status_code == 404:
                continue
            offered = steps_on(text_of(shown))
            allowed = {op.value for op in service.allowed(actor, article)} - {"save"}
            assert allowed <= offered, (state, allowed - offered)
            for step in offered:
                other = brought_to(site, state, owner)
                page = text_of(web.get(address(other)))
                form = "naskah" if 'id="naskah"' in page else "putus"
                values = {**fields_of(page, form), "do": step, "note": "Tambah nama"}
                if form == "naskah":
                    values["title"] = "Judul yang diganti"
                at = as_utc(site.clock.now_ms()) + timedelta(days=2)
                action = tree(page).get_element_by_id(form).action
                answer = send(web, action, {**values, "at": f"{at:%Y-%m-%dT%H:%M}"})
                assert answer.status_code == 303, (state, step, text_of(answer))


def steps_on(page: str) -> set[str]:
    root = tree(page)
    values = {str(button.get("value")) for button in root.xpath("//button[@name='do']")}
    known = {op.value for op in Op} | {"publish_now", "approve_schedule"}
    return values & known


def test_a_reporter_writes_and_hands_in_with_one_button(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    article_id = written(client(site, reporter), body="Satu **dua**.\n\n- tiga", do="submit")
    article, revision = queries.get(reporter, article_id)
    assert article.state is State.SUBMITTED
    assert revision.text.body == "<p>Satu <strong>dua</strong>.</p><ul><li>tiga</li></ul>"
    page = text_of(client(site, reporter).get(address(article)))
    assert "https://wa.me/?text=Mohon%20periksa" in page
    assert f"/kelola/periksa/{article_id}" in page


def test_an_approver_returns_with_a_note_and_the_reporter_reads_it(site: Site) -> None:
    reporter, approver = actor_as(site, Role.REPORTER), actor_as(site, Role.APPROVER)
    article_id = written(client(site, reporter), do="submit")
    web = client(site, approver)
    page = text_of(web.get("/kelola/periksa"))
    values = {**fields_of(page, "putus"), "do": "return"}
    refused = send(web, f"{address(article_id)}/langkah", values)
    assert refused.status_code == 422
    assert "apa yang perlu ditambah" in text_of(refused)
    assert 'id="note"' in text_of(refused)
    assert 'aria-invalid="true"' in text_of(refused)
    done = send(web, f"{address(article_id)}/langkah", {**values, "note": "Tambah nama relawan"})
    assert done.headers["Location"] == "/kelola/periksa"
    assert "Tambah nama relawan" in text_of(client(site, reporter).get(address(article_id)))
    assert "Tidak ada yang menunggu" in text_of(web.get("/kelola/periksa"))


def test_the_badge_counts_what_waits(site: Site) -> None:
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    page = tree(text_of(client(site, actor_as(site, Role.APPROVER)).get("/kelola/")))
    assert {b.text for b in page.find_class("bilah")} == {"1"}
    assert "1 berita" in page.text_content()
    reporter = text_of(client(site, actor_as(site, Role.REPORTER)).get("/kelola/"))
    assert "bilah" not in reporter
    assert article.state is State.SUBMITTED


def test_review_shows_what_changed_since_it_was_published(site: Site) -> None:
    editor = actor_as(site, Role.EDITOR)
    article = service.publish_now(operator(site), draft(editor).id)
    changed = Text(title="Jalan tani selesai", body="<p>Warga bekerja bakti sampai sore.</p>")
    article = service.save(editor, article.id, changed, version=article.version).article
    service.act(editor, Op.SUBMIT, article.id)
    page = text_of(client(site, actor_as(site, Role.APPROVER)).get(f"/kelola/periksa/{article.id}"))
    assert "<ins>sampai sore</ins>" in re.sub(r"<ins>\s+", "<ins>", page)
    assert "<del>Jalan tani dibangun</del>" in page
    assert "Yang terbit sekarang" in page


def test_a_schedule_is_in_the_villages_zone(site: Site) -> None:
    settings.change(operator(site), {"time_zone": "WIT"})
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    web = client(site, actor_as(site, Role.APPROVER))
    values = fields_of(text_of(web.get(f"/kelola/periksa/{article.id}")), "putus")
    wish = {"do": "approve_schedule", "at": "2026-11-23T07:00"}
    assert send(web, f"{address(article)}/langkah", {**values, **wish}).status_code == 303
    found = queries.get(operator(site), article.id)[0]
    assert found.scheduled_at is not None
    assert found.scheduled_at.isoformat() == "2026-11-22T22:00:00+00:00"
    clock_of(site).advance(days=1)
    assert due.tick(site, HANDLERS) == 1


@pytest.mark.parametrize("at", ["", "besok", "2020-01-01T07:00", "2026-13-45T99:00", "\x00"])
def test_a_moment_that_is_none_is_refused_and_nothing_happens(site: Site, at: str) -> None:
    article = brought_to(site, State.APPROVED, actor_as(site, Role.REPORTER))
    web = client(site, actor_as(site, Role.APPROVER))
    values = fields_of(text_of(web.get(address(article))), "putus")
    answer = send(web, f"{address(article)}/langkah", {**values, "do": "schedule", "at": at})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text_of(answer)
    assert queries.get(operator(site), article.id)[0] == article


def test_the_tick_for_kominfo_is_kept_with_the_step(site: Site) -> None:
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    web = client(site, actor_as(site, Role.ADMIN))
    values = fields_of(text_of(web.get(f"/kelola/periksa/{article.id}")), "putus")
    assert values.pop("sends") == "1"
    answer = send(web, f"{address(article)}/langkah", {**values, "do": "publish_now"})
    assert answer.status_code == 303
    found = queries.get(operator(site), article.id)[0]
    assert (found.state, found.sends_to_kominfo) == (State.PUBLISHED, False)


def test_the_same_form_sent_twice_works_once(site: Site) -> None:
    editor = actor_as(site, Role.EDITOR)
    web = client(site, editor)
    values = {**fields_of(text_of(web.get("/kelola/tulis"))), "title": "Sekali", "body": BODY}
    answers = [send(web, "/kelola/tulis", {**values, "do": "submit"}) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(queries.desk(editor)) == 1
    page = web.get(address(queries.desk(editor)[0].id))
    values = {**fields_of(text_of(page)), "title": "Sekali saja", "do": "recall"}
    answers = [send(web, address(queries.desk(editor)[0].id), values) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert queries.desk(editor)[0].state is State.DRAFT


def test_two_people_writing_different_paragraphs_are_merged(site: Site) -> None:
    one, two = actor_as(site, Role.EDITOR), actor_as(site, Role.ADMIN)
    webs = client(site, one), client(site, two)
    article_id = written(webs[0], body="Satu.\n\nDua.\n\nTiga.")
    forms = [fields_of(text_of(web.get(address(article_id)))) for web in webs]
    first = send(webs[0], address(article_id), {**forms[0], "body": "Satu A.\n\nDua.\n\nTiga."})
    second = send(webs[1], address(article_id), {**forms[1], "body": "Satu.\n\nDua.\n\nTiga B."})
    assert (first.status_code, second.status_code) == (303, 303)
    assert queries.get(one, article_id)[1].text.body == "<p>Satu A.</p><p>Dua.</p><p>Tiga B.</p>"


def test_the_text_that_lost_a_race_is_kept_and_shown(site: Site) -> None:
    one, two = actor_as(site, Role.EDITOR), actor_as(site, Role.ADMIN)
    webs = client(site, one), client(site, two)
    article_id = written(webs[0], body="Awal mula.")
    forms = [fields_of(text_of(web.get(address(article_id)))) for web in webs]
    send(webs[0], address(article_id), {**forms[0], "body": "Naskah pertama yang panjang sekali."})
    lost = {**forms[1], "body": "Naskah kedua, dengan *jerih payah*.", "do": "submit"}
    answer = send(webs[1], address(article_id), lost)
    page = text_of(answer)
    assert answer.status_code == 412
    again = fields_of(page)
    assert again["body"] == "Naskah kedua, dengan *jerih payah*."
    assert "Naskah pertama yang panjang sekali" in tree(page).text_content()
    kept = [r.text.body for r in service.revisions_of(one, article_id)]
    assert "<p>Naskah kedua, dengan <em>jerih payah</em>.</p>" in kept
    article, revision = queries.get(one, article_id)
    assert (article.state, revision.text.body) == (
        State.DRAFT,
        "<p>Naskah pertama yang panjang sekali.</p>",
    )
    # Sent once more by an impatient thumb: the same page, no third copy.
    count = len(kept)
    assert send(webs[1], address(article_id), lost).status_code == 412
    assert len(service.revisions_of(one, article_id)) == count
    # Saving what is shown now is a decision.
    assert send(webs[1], address(article_id), again).status_code == 303
    assert queries.get(one, article_id)[1].text.body.startswith("<p>Naskah kedua")


def test_a_step_on_an_old_page_is_refused_with_a_sentence(site: Site) -> None:
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    web = client(site, actor_as(site, Role.APPROVER))
    values = fields_of(text_of(web.get(f"/kelola/periksa/{article.id}")), "putus")
    service.act(operator(site), Op.APPROVE, article.id)
    answer = send(web, f"{address(article)}/langkah", {**values, "do": "return", "note": "Ulangi"})
    assert answer.status_code == 412
    assert "sudah berubah sejak Anda membukanya" in text_of(answer)
    assert "Ulangi" in text_of(answer)


BAD = [
    ({"title": ""}, "title"),
    ({"title": "x" * 161}, "title"),
    ({"title": "a\x00b"}, "title"),
    ({"title": "rusak \ufffd"}, "title"),
    ({"rubric": "tidak-ada"}, "rubric"),
    ({"standfirst": "y" * 321}, "standfirst"),
    ({"tags": ",".join(f"kata{n}" for n in range(13))}, "tags"),
    ({"byline": "n" * 121}, "byline"),
    ({"initials": "i" * 25}, "initials"),
    ({"expires_on": "besok"}, "expires_on"),
    ({"corrected_on": "31-12-2026", "correction": "Salah tulis."}, "corrected_on"),
    ({"kind": "lain"}, "kind"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD, ids=[f"{i}-{f}" for i, (_w, f) in enumerate(BAD)])
def test_bad_input_comes_back_in_the_form(site: Site, wrong: dict[str, str], field: str) -> None:
    web = client(site, actor_as(site, Role.EDITOR))
    typed = {"title": "Judul", "body": "Kata *yang* diketik", "kind": "announcement", **wrong}
    answer = post_form(web, "/kelola/tulis", typed)
    assert answer.status_code == 422
    page = text_of(answer)
    assert fields_of(page)["body"] == "Kata *yang* diketik"
    assert "Belum tersimpan" in page
    # What a field of this form cannot cause is said above it.
    if field not in ("rubric", "corrected_on"):
        shown = tree(page).get_element_by_id(field)
        assert shown.get("aria-invalid") == "true"
        assert f"{field}-galat" in shown.get("aria-describedby", "")
    assert queries.desk(operator(site)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"version": "-3"}, {"version": "x"}, {"version": "9" * 40}, {"base_revision_id": "x" * 9},
        {"do": "meledak"}, {"do": "insert:../../x"}, {"do": "remove:\u202e"}, {"format": "exe"},
        {"lead_photo_id": "tidak-ada"}, {"lead_photo_id": "' OR 1=1 --"}, {"sends": "ya" * 99},
        {"body": "x" * 1_100_000}, {"body": "<p>" * 5000, "format": "html"},
    ],
    ids=lambda v: next(iter(v.items()))[0] + "-" + next(iter(v.values()))[:8],
)  # fmt: skip
def test_no_form_ends_in_a_stack_trace(site: Site, values: dict[str, str]) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    article_id = written(web)
    sent = {**fields_of(text_of(web.get(address(article_id)))), **values}
    for url in (address(article_id), f"{address(article_id)}/langkah", "/kelola/tulis"):
        answer = send(web, url, {**sent, "title": "Judul"})
        assert answer.status_code < 500, (url, text_of(answer))
        assert "Traceback" not in text_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/kelola/berita/x", "/kelola/berita/x/riwayat", "/kelola/berita/x/pratinjau",
        "/kelola/berita/x/pratinjau/isi", "/kelola/berita/x/banding?dari=1&ke=2",
        "/kelola/periksa/x", "/kelola/pengaturan/lain",
    ],
)  # fmt: skip
def test_what_is_not_there_says_so(site: Site, path: str) -> None:
    answer = client(site, actor_as(site, Role.ADMIN)).get(path)
    assert answer.status_code == 404
    assert "tidak ada" in text_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/kelola/berita?sebelum=x", "/kelola/berita?sebelum=99999999999999~x",
        "/kelola/berita?tab=lain", "/kelola/berita?cari=%00", "/kelola/berita?cari=%25_!",
        "/kelola/berita?sebelum=1~%00", "/kelola/tulis?jenis=x",
    ],
)  # fmt: skip
def test_odd_addresses_of_lists_are_answered(site: Site, path: str) -> None:
    assert client(site, actor_as(site, Role.ADMIN)).get(path).status_code == 200


def test_a_foreign_draft_is_seen_by_no_page(site: Site) -> None:
    article = draft(actor_as(site, Role.REPORTER, "nur"))
    for role in (Role.REPORTER, Role.APPROVER):
        web = client(site, actor_as(site, role))
        for tail in ("", "/riwayat", "/pratinjau", "/pratinjau/isi"):
            assert web.get(address(article) + tail).status_code == 404
        assert article.id not in text_of(web.get("/kelola/berita"))
    assert client(site).get(f"{address(article)}/pratinjau/isi").status_code == 303


def test_a_preview_is_the_real_page_and_kept_nowhere(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    article = draft(reporter, "Belum boleh dibaca", byline="Nur Aini")
    answer = client(site, reporter).get(f"{address(article)}/pratinjau/isi")
    page = text_of(answer)
    assert "Belum boleh dibaca" in page
    assert "Nur Aini" in page
    assert answer.headers["Cache-Control"] == "no-store"
    frame = text_of(client(site, reporter).get(f"{address(article)}/pratinjau"))
    assert 'sandbox="allow-same-origin"' in frame
    assert client(site).get(f"/berita/{article.slug}").status_code == 404


def test_trash_can_be_taken_back_from_the_notice(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    article_id = written(web)
    values = {**fields_of(text_of(web.get(address(article_id)))), "do": "trash"}
    answer = web.post(address(article_id), data=values, headers=SAME_ORIGIN, follow_redirects=True)
    page = tree(text_of(answer))
    [undo] = [f for f in page.forms if "Batalkan" in f.text_content()]
    assert queries.desk(reporter) == []
    send(web, undo.action, dict(undo.form_values()))
    assert [i.id for i in queries.desk(reporter)] == [article_id]
    trash = text_of(web.get("/kelola/berita?tab=sampah"))
    assert "Sampah kosong" in trash


def test_unsaved_typing_is_offered_and_can_be_dropped(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    article_id = written(web)
    article, revision = queries.get(reporter, article_id)
    fields = {"title": "Judul", "body": "<p>Sampai <strong>kata</strong> terakhir</p>"}
    service.autosave(reporter, article_id, fields, revision.id)
    page = text_of(web.get(address(article_id)))
    assert "Tulisan Anda selamat sampai kata terakhir" in page
    again = fields_of(text_of(web.get(f"{address(article_id)}?pulih=1")))
    assert again["body"].strip() == "Sampai **kata** terakhir"
    assert send(web, address(article_id), again).status_code == 303
    assert queries.get(reporter, article_id)[1].text.body == fields["body"]
    service.autosave(reporter, article_id, {"title": "x"}, revision.id)
    send(web, f"{address(article_id)}/ketikan", token(web))
    assert service.typing_of(reporter, article_id) is None
    assert article.state is State.DRAFT


def test_typing_on_an_older_text_is_merged_not_forced(site: Site) -> None:
    editor, admin = actor_as(site, Role.EDITOR), actor_as(site, Role.ADMIN)
    web = client(site, editor)
    article_id = written(web, body="Satu.\n\nDua.")
    base = fields_of(text_of(web.get(address(article_id))))["base_revision_id"]
    typed = {"title": "Jalan tani dibangun", "body": "<p>Satu.</p><p>Dua oleh editor.</p>"}
    service.autosave(editor, article_id, typed, base)
    service.save(admin, article_id, Text(title="Jalan tani dibangun",
                                         body="<p>Satu oleh admin.</p><p>Dua.</p>"))  # fmt: skip
    again = fields_of(text_of(web.get(f"{address(article_id)}?pulih=1")))
    assert send(web, address(article_id), again).status_code == 303
    body = queries.get(editor, article_id)[1].text.body
    assert body == "<p>Satu oleh admin.</p><p>Dua oleh editor.</p>"


def test_a_held_pen_is_said_and_can_be_taken_over(site: Site) -> None:
    one, two = actor_as(site, Role.EDITOR), actor_as(site, Role.ADMIN, name="Pak Bagus")
    article_id = written(client(site, one))
    assert "sedang menulis" not in text_of(client(site, two).get(address(article_id)))
    page = text_of(client(site, one).get(address(article_id)))
    assert "Pak Bagus sedang menulis di sini" in page
    send(client(site, one), f"{address(article_id)}/pena", token(client(site, one)))
    web = client(site, one)
    send(web, f"{address(article_id)}/pena", token(web))
    assert "sedang menulis" not in text_of(web.get(address(article_id)))


def test_a_sheet_of_an_older_session_goes_on_with_one_tap(site: Site) -> None:
    """Signed in again in another tab meanwhile; the door itself is in tests/web/test_csrf.py."""
    reporter = actor_as(site, Role.REPORTER)
    values = fields_of(text_of(client(site, reporter).get("/kelola/tulis")))
    web = client(site, reporter)
    answer = send(web, "/kelola/tulis", {**values, "title": "Judul", "body": "Tiga jam menulis"})
    assert answer.status_code == 403
    kept = fields_of(text_of(answer), None)
    assert (kept["title"], kept["body"]) == ("Judul", "Tiga jam menulis")
    assert send(web, "/kelola/tulis", kept).status_code == 303
    [saved] = queries.desk(operator(site))
    assert queries.get(operator(site), saved.id)[1].text.body == "<p>Tiga jam menulis</p>"


def test_a_photo_comes_with_the_form_and_its_words_are_kept(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    values = {**fields_of(text_of(web.get("/kelola/tulis"))), "title": "Foto", "body": BODY}
    file = (BytesIO(photo(1)), "IMG_1.jpg")
    answer = web.post("/kelola/tulis", data={**values, "do": "photo", "photo": file},
                      headers=SAME_ORIGIN)  # fmt: skip
    assert answer.headers["Location"].endswith("#foto")
    article_id = answer.headers["Location"].partition("#")[0].rsplit("/", 1)[1]
    lead = queries.get(reporter, article_id)[1].text.lead_photo_id
    assert media.get(lead) is not None
    form = fields_of(text_of(web.get(address(article_id))))
    assert form["lead_photo_id"] == lead
    words = {f"foto-{lead}-caption": "Warga di sawah", f"foto-{lead}-alt": "Empat orang"}
    again = {**form, **words, "do": "photo", "photo": (BytesIO(photo(2)), "IMG_2.jpg")}
    assert web.post(address(article_id), data=again, headers=SAME_ORIGIN).status_code == 303
    kept = media.get(lead)
    assert kept is not None
    assert (kept.caption, kept.alt) == ("Warga di sawah", "Empat orang")
    [second] = media.photo_ids(queries.get(reporter, article_id)[1].text.body)
    form = fields_of(text_of(web.get(address(article_id))))
    send(web, address(article_id), {**form, "do": f"remove:{second}"})
    assert media.photo_ids(queries.get(reporter, article_id)[1].text.body) == []


def test_several_photos_come_with_one_plain_form(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    page = text_of(web.get("/kelola/tulis"))
    assert 'name="photo" accept="image/*" multiple' in page
    values = {**fields_of(page), "title": "Foto", "body": BODY, "do": "photo"}
    files = [(BytesIO(photo(n)), f"IMG_{n}.jpg") for n in (1, 2, 3)]
    answer = web.post("/kelola/tulis", data={**values, "photo": files}, headers=SAME_ORIGIN)
    article_id = answer.headers["Location"].partition("#")[0].rsplit("/", 1)[1]
    text = queries.get(reporter, article_id)[1].text
    names = [found.name for i in (text.lead_photo_id, *media.photo_ids(text.body))
             if (found := media.get(i))]  # fmt: skip
    assert names == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]
    bad = [(BytesIO(photo(4)), "IMG_4.jpg"), (BytesIO(b"bukan"), "catatan.jpg")]
    refused = web.post("/kelola/tulis", data={**values, "photo": bad}, headers=SAME_ORIGIN)
    assert refused.status_code == 422
    assert "catatan.jpg: Berkas ini bukan foto" in text_of(refused)


def test_a_broken_photo_is_refused_and_the_text_stays(site: Site) -> None:
    web = client(site, actor_as(site, Role.REPORTER))
    values = {**fields_of(text_of(web.get("/kelola/tulis"))), "title": "Foto", "body": BODY}
    file = (BytesIO(b"<?php evil()"), "a.jpg")
    answer = web.post("/kelola/tulis", data={**values, "do": "photo", "photo": file},
                      headers=SAME_ORIGIN)  # fmt: skip
    assert 400 <= answer.status_code < 500
    assert fields_of(text_of(answer))["body"].strip() == BODY


def test_a_correction_carries_todays_date(site: Site) -> None:
    admin = actor_as(site, Role.ADMIN)
    web = client(site, admin)
    article_id = written(web, do="publish_now")
    form = fields_of(text_of(web.get(address(article_id))))
    send(web, address(article_id), {**form, "correction": "Panjangnya 640 meter.",
                                    "do": "publish_now"})  # fmt: skip
    text = queries.get(admin, article_id)[1].text
    assert (text.correction, text.corrected_on) == ("Panjangnya 640 meter.", "2026-11-22")
    slug = queries.find(admin, article_id).slug
    assert "Panjangnya 640 meter." in text_of(client(site).get(f"/berita/{slug}"))


def test_earlier_texts_are_compared_and_brought_back(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER, name="Nur Aini")
    web = client(site, reporter)
    article_id = written(web, body="Naskah lama.")
    form = fields_of(text_of(web.get(address(article_id))))
    send(web, address(article_id), {**form, "body": "Naskah baru."})
    newest, oldest = service.revisions_of(reporter, article_id)
    page = text_of(web.get(f"{address(article_id)}/riwayat"))
    assert "Naskah 2" in page
    assert "Nur Aini" in page
    assert "menulis draf pertama" in page
    compared = text_of(web.get(f"{address(article_id)}/banding?dari={oldest.id}&ke={newest.id}"))
    assert "<del>lama</del>" in compared
    assert "<ins>baru</ins>" in compared
    send(web, f"{address(article_id)}/revisi/{oldest.id}/pulihkan", token(web))
    assert queries.get(reporter, article_id)[1].text.body == "<p>Naskah lama.</p>"


def test_the_list_is_paged_by_key_and_searched_by_title(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    for n in range(33):
        clock_of(site).advance(seconds=1)
        draft(reporter, f"Berita ke-{n:02d}")
    web = client(site, reporter)
    seen, url = [], "/kelola/berita"
    while url:
        page = text_of(web.get(url))
        seen += re.findall(r"Berita ke-\d\d", page)
        more = re.search(r'href="(/kelola/berita\?[^"]*sebelum[^"]*)"', page)
        url = unescape(more[1]) if more else ""
    assert seen == [f"Berita ke-{n:02d}" for n in reversed(range(33))]
    assert re.findall(r"Berita ke-\d\d", text_of(web.get("/kelola/berita?cari=KE-07"))) == [
        "Berita ke-07"
    ]
    assert "Tidak ada judul" in text_of(web.get("/kelola/berita?cari=zzz"))


def test_where_writing_is_impossible_the_text_can_still_be_read(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    article_id = written(web)
    web.get(address(article_id))
    db.execute(site.database, "PRAGMA query_only = 1")
    try:
        answer = web.get(address(article_id))
    finally:
        db.execute(site.database, "PRAGMA query_only = 0")
    assert answer.status_code == 503
    assert BODY in text_of(answer)
