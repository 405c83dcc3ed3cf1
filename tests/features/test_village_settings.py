"""Rubrics and settings by form: who may, what is refused beside its field, what stays."""

from __future__ import annotations

from pathlib import Path

from desa_web.core import settings
from desa_web.core.actor import Role
from desa_web.core.site import Site
from desa_web.features.news import rubrics
from tests.features.test_news_desk import send, text_of, tree
from tests.features.test_news_workflow import draft
from tests.harness.site import actor_as, client, make_site, post_form


def test_rubrics_are_managed_by_admins_only(site: Site) -> None:
    admin, editor = actor_as(site, Role.ADMIN), actor_as(site, Role.EDITOR)
    assert client(site, editor).get("/kelola/rubrik").status_code == 403
    web = client(site, admin)
    assert post_form(web, "/kelola/rubrik", {"name": "Posyandu"}).status_code == 303
    assert post_form(web, "/kelola/rubrik", {"name": "Posyandu"}).status_code == 409
    page = "/kelola/rubrik"
    assert post_form(web, f"{page}/posyandu", {"name": ""}, page=page).status_code == 422
    assert post_form(web, f"{page}/posyandu", {"name": "Kesehatan"}, page=page).status_code == 303
    assert [(r.slug, r.name) for r in rubrics.rubrics()] == [("posyandu", "Kesehatan")]
    draft(admin, rubric="posyandu")
    used = post_form(web, f"{page}/posyandu/hapus", {}, page=page)
    assert (used.status_code, "masih dipakai" in text_of(used)) == (409, True)


def test_settings_are_changed_by_group_and_refused_by_field(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    assert client(site, actor_as(site, Role.EDITOR)).get("/kelola/pengaturan").status_code == 403
    for group, _label in settings.GROUPS:
        page = text_of(web.get(f"/kelola/pengaturan/{group}"))
        [form] = [f for f in tree(page).forms if group in f.action]
        same = {name: value or "" for name, value in form.form_values()}
        before = dict(settings.read(site))
        assert send(web, form.action, same).status_code == 303
        assert dict(settings.read(site)) == before
    bad = {"village_name": "", "kode_wilayah": "123", "motto": "Guyub"}
    answer = post_form(web, "/kelola/pengaturan/village", bad)
    assert answer.status_code == 422
    assert text_of(answer).count('aria-invalid="true"') == 2
    assert 'value="Guyub"' in text_of(answer)
    assert settings.read(site)["motto"] == ""


def test_a_media_centre_reads_and_gives_the_code_of_its_kabupaten(tmp_path: Path) -> None:
    hub = make_site(tmp_path, options={"role": "hub"})
    with hub.bound():
        web, page = client(hub, actor_as(hub, Role.ADMIN)), "/kelola/pengaturan/village"
        assert "kabupaten atau kota dari Kemendagri, misalnya 33.05" in text_of(web.get(page))
        same = {"village_name": "Kabupaten Kebumen", "kode_wilayah": "3305"}
        assert post_form(web, page, same).status_code == 303
        assert settings.read(hub)["kode_wilayah"] == "33.05"
        wrong = post_form(web, page, {**same, "kode_wilayah": "35.22.07.2004"})
        assert (wrong.status_code, "33.05 untuk kabupaten" in text_of(wrong)) == (422, True)


def test_colours_that_cannot_be_read_are_refused(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    answer = post_form(web, "/kelola/pengaturan/look", {"accent_green": "#ffff00"})
    assert answer.status_code == 422
    assert "sulit dibaca" in text_of(answer)
    assert settings.read(site)["accent_green"] == ""
    fine = {"accent_green": "#1F4E79", "band": "parang", "theme": "desa"}
    assert post_form(web, "/kelola/pengaturan/look", fine).status_code == 303
    assert settings.read(site)["accent_green"] == "#1f4e79"
    gone = post_form(web, "/kelola/pengaturan/look", {**fine, "theme": "../x"})
    assert gone.status_code == 422
