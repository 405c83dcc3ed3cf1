"""What is typed on a new sheet or a page is kept on the server, for its writer alone, and once."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Conflict, NotFound, TooLarge
from desa_web.core.site import Site
from desa_web.features.news import queries, service
from desa_web.features.news.article import Text
from desa_web.features.news.workflow import Op
from desa_web.features.pages import queries as pages
from desa_web.web import typing
from tests.harness.site import SAME_ORIGIN, FakeClock, actor_as, client, hidden_fields

KEY = "kunci-lembar-1"
_SHEET = re.compile(r'name="sheet" value="([^"]+)"')


def sheet_of(page: str) -> dict[str, str]:
    """Return the hidden fields of a new sheet: token, submission and its own key."""
    found = _SHEET.search(page)
    assert found is not None
    return {**hidden_fields(page), "sheet": found[1]}


def put(web: FlaskClient, sheet: str, fields: Mapping[str, object]) -> TestResponse:
    return web.put(f"/api/v1/typing/{sheet}", json=fields, headers={"X-Desa": "1"})


def titles(site: Site) -> list[str]:
    return [item.title for item in queries.desk(operator(site), limit=50)]


@pytest.mark.both_databases
def test_the_first_pause_of_typing_keeps_a_new_article(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    sheet = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
    before = journal.head(site)
    typed = {"title": "Jembatan", "body": "<p>Baru <strong>setengah</strong></p>", "tags": "jalan"}
    answer = put(web, f"tulis/{sheet['sheet']}", typed)
    assert answer.status_code == 200
    assert answer.get_json()["saved_at"].startswith("2026-11-22T")
    # It is no content yet: no article, no journal row.
    assert (titles(site), journal.head(site)) == ([], before)
    offered = web.get("/kelola/tulis").get_data(as_text=True)
    assert f'data-server-typing="{sheet["sheet"]}"' in offered
    assert "Judul: Jembatan" in offered
    again = web.get(f"/kelola/tulis?lanjut={sheet['sheet']}").get_data(as_text=True)
    assert sheet_of(again)["sheet"] == sheet["sheet"]
    assert "Baru **setengah**" in again
    assert "data-server-typing" not in again


@pytest.mark.both_databases
def test_saving_the_sheet_ends_its_typing_and_makes_one_article(site: Site) -> None:
    web = client(site, actor_as(site, Role.REPORTER))
    fields = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
    put(web, f"tulis/{fields['sheet']}", {"title": "Jembatan"})
    values = {**fields, "title": "Jembatan", "body": "Selesai.", "format": "markdown"}
    for _ in range(2):
        assert web.post("/kelola/tulis", data=values, headers=SAME_ORIGIN).status_code == 303
    assert titles(site) == ["Jembatan"]
    assert "data-server-typing" not in web.get("/kelola/tulis").get_data(as_text=True)
    for key, is_saved in ((fields["sheet"], True), (KEY, False)):
        state = web.get(f"/api/v1/typing/tulis/{key}").get_json()
        assert state == {"is_saved": is_saved}
    # A request that was still under way brings nothing back.
    assert put(web, f"tulis/{fields['sheet']}", {"title": "Jemb"}).status_code == 409
    assert "data-server-typing" not in web.get("/kelola/tulis").get_data(as_text=True)


def test_a_sheet_sent_again_with_other_words_changes_its_article(site: Site) -> None:
    """The back button of a browser that keeps the page: the same sheet, the same keys."""
    web = client(site, actor_as(site, Role.REPORTER))
    fields = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
    for body in ("Satu.", "Satu dan dua.", "Satu."):
        values = {**fields, "title": "Jembatan", "body": body, "format": "markdown"}
        assert web.post("/kelola/tulis", data=values, headers=SAME_ORIGIN).status_code == 303
    assert titles(site) == ["Jembatan"]


def test_the_same_words_on_a_fresh_sheet_are_no_twin(site: Site) -> None:
    """The back button of a browser that asks anew and fills in what was typed."""
    web = client(site, actor_as(site, Role.REPORTER))
    for _ in range(2):
        fields = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
        values = {**fields, "title": "Jembatan", "body": "Isi.", "format": "markdown"}
        assert web.post("/kelola/tulis", data=values, headers=SAME_ORIGIN).status_code == 303
    assert titles(site) == ["Jembatan"]


def test_a_sheet_whose_article_went_on_is_refused_with_its_words(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    fields = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
    values = {**fields, "title": "Jembatan", "body": "Isi.", "format": "markdown"}
    web.post("/kelola/tulis", data={**values, "do": "submit"}, headers=SAME_ORIGIN)
    service.act(operator(site), Op.APPROVE, queries.desk(operator(site))[0].id)
    again = web.post("/kelola/tulis", data={**values, "body": "Kata baru."}, headers=SAME_ORIGIN)
    assert again.status_code in (403, 409)
    assert "Kata baru." in again.get_data(as_text=True)
    assert len(titles(site)) == 1


def test_typing_is_its_writers_alone(site: Site) -> None:
    reporter, editor = actor_as(site, Role.REPORTER), actor_as(site, Role.EDITOR)
    typing.keep(reporter, f"tulis/{KEY}", {"title": "Rahasia"})
    assert typing.kept(editor, f"tulis/{KEY}") is None
    shown = client(site, editor).get(f"/kelola/tulis?lanjut={KEY}").get_data(as_text=True)
    assert "Rahasia" not in shown
    client(site, editor).delete(f"/api/v1/typing/tulis/{KEY}", headers={"X-Desa": "1"})
    assert typing.kept(reporter, f"tulis/{KEY}") is not None
    assert put(client(site), f"tulis/{KEY}", {"title": "x"}).status_code == 401


def test_it_can_be_thrown_away_by_a_plain_form(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    web = client(site, reporter)
    typing.keep(reporter, f"tulis/{KEY}", {"title": "Sisa"})
    page = hidden_fields(web.get("/kelola/tulis").get_data(as_text=True))
    sent = web.post(f"/kelola/tulis/{KEY}/buang", data=page, headers=SAME_ORIGIN)
    assert sent.status_code == 303
    assert typing.kept(reporter, f"tulis/{KEY}") is None


@pytest.mark.parametrize(
    "sheet", ["tulis/x", "lain/kunci-lembar-1", "tulis/" + "x" * 99, "tulis/a b c d e"]
)
def test_a_strange_sheet_is_refused(site: Site, sheet: str) -> None:
    with pytest.raises(NotFound):
        typing.keep(actor_as(site, Role.REPORTER), sheet, {})


@pytest.mark.both_databases
def test_there_is_a_limit_of_size_and_number_and_age(site: Site, clock: FakeClock) -> None:
    reporter = actor_as(site, Role.REPORTER)
    with pytest.raises(TooLarge):
        typing.keep(reporter, f"tulis/{KEY}", {"body": "x" * 2_000_001})
    for n in range(40):
        clock.advance(seconds=1)
        typing.keep(reporter, f"tulis/lembar-ke-{n:02d}", {"title": str(n)})
    assert typing.kept(reporter, "tulis/lembar-ke-09") is None
    assert typing.kept(reporter, "tulis/lembar-ke-10") is not None
    clock.advance(days=61)
    typing.keep(reporter, f"tulis/{KEY}", {"title": "baru"})
    assert [kept.key for kept in typing.all_kept(reporter, "tulis")] == [KEY]
    # A clock that jumped ahead forgets nothing.
    clock.set(clock.at_ms + 500 * DAY_MS)
    # A sheet that was only opened and sent empty is nothing to go on with.
    empty = {"title": " ", "body": "<p></p>", "byline": "Nur Aini"}
    typing.keep(reporter, "tulis/lembar-kosong", empty)
    typing.keep(reporter, "tulis/lembar-lain", {"title": "x"})
    assert len(typing.all_kept(reporter, "tulis")) == 2


def test_a_saved_sheet_takes_no_more_typing(site: Site) -> None:
    web = client(site, reporter := actor_as(site, Role.REPORTER))
    fields = sheet_of(web.get("/kelola/tulis").get_data(as_text=True))
    web.post("/kelola/tulis", data={**fields, "title": "A"}, headers=SAME_ORIGIN)
    with pytest.raises(Conflict):
        typing.keep(reporter, f"tulis/{fields['sheet']}", {"title": "B"})


def test_a_page_keeps_its_typing_until_it_is_saved(site: Site) -> None:
    admin = actor_as(site, Role.ADMIN)
    web = client(site, admin)
    fields = sheet_of(web.get("/kelola/halaman/baru").get_data(as_text=True))
    typed = {"title": "Sejarah", "body": "<p>Dahulu kala</p>"}
    assert put(web, f"halaman/{fields['sheet']}", typed).status_code == 200
    again = web.get(f"/kelola/halaman/baru?lanjut={fields['sheet']}").get_data(as_text=True)
    assert "Dahulu kala" in again
    values = {**fields, "title": "Sejarah", "body": "Dahulu kala.", "format": "markdown"}
    for body in ("Dahulu kala.", "Dahulu kala.", "Dahulu sekali."):
        sent = web.post("/kelola/halaman/baru", data={**values, "body": body}, headers=SAME_ORIGIN)
        assert sent.status_code == 303
    (node,) = pages.tree(site)
    assert pages.get(node.id)[1].text.body == "<p>Dahulu sekali.</p>"
    sheet = f"halaman/{node.id}"
    typed = {"title": "Sejarah", "body": "<p>Belum disimpan</p>", "version": str(node.version)}
    assert put(web, sheet, typed).status_code == 200
    shown = web.get(f"/kelola/halaman/{node.id}").get_data(as_text=True)
    assert "data-server-typing" in shown
    assert "Belum disimpan" in web.get(f"/kelola/halaman/{node.id}?pulih=1").get_data(as_text=True)
    values = {**sheet_of(shown), **typed, "body": "Disimpan.", "format": "markdown"}
    sent = web.post(f"/kelola/halaman/{node.id}", data=values, headers=SAME_ORIGIN)
    assert sent.status_code == 303
    assert typing.kept(admin, sheet) is None


def test_a_saved_article_is_found_by_its_own_words_only(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    text = Text(title="Sama", body="<p>Isi.</p>")
    first = service.start(reporter, text)
    assert service.start(reporter, text).id == first.id
    other = service.start(reporter, Text(title="Sama", body="<p>Lain.</p>"))
    assert other.id != first.id
    assert service.start(actor_as(site, Role.EDITOR), text).id not in (first.id, other.id)
    service.act(reporter, Op.SUBMIT, first.id)
    assert service.start(reporter, text).id != first.id
