"""Pages as readers and as the desk see them: one address, the branch beside it, plain forms."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from werkzeug.test import Client
from werkzeug.wrappers import Response

from desa_web.app import page_store
from desa_web.core import settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.site import Site
from desa_web.engines.pages import PageMiddleware
from desa_web.features.pages import menu, queries, service
from desa_web.features.pages.page import Page, Text
from desa_web.web import auth
from tests.harness.site import SAME_ORIGIN, actor_as, app_of, client, hidden_fields, post_form
from tests.harness.xss import VECTORS, dangers_in_page


@pytest.fixture
def editor(site: Site) -> Actor:
    return actor_as(site, Role.EDITOR)


@pytest.fixture
def profile(site: Site, editor: Actor) -> Page:
    """A branch of two: Profil Desa and Sejarah under it."""
    page = service.create(editor, Text(title="Profil Desa", body="<p>Desa kami.</p>"))
    service.create(editor, Text(title="Sejarah", body="<p>Dulu hutan.</p>"), parent_id=page.id)
    return page


def test_a_page_shows_its_text_its_branch_and_the_way_back(site: Site, profile: Page) -> None:
    shown = client(site).get("/halaman/sejarah")
    text = shown.get_data(as_text=True)
    assert shown.status_code == 200
    assert "<p>Dulu hutan.</p>" in text
    assert '<a href="/halaman/profil-desa">' in text
    assert re.search(r'href="/halaman/sejarah"[^>]*aria-current="page"', text)
    assert "22 November 2026" in text
    head = client(site).get("/halaman/profil-desa").get_data(as_text=True)
    assert 'href="/halaman/sejarah"' in head


def test_old_addresses_redirect_and_thrown_away_ones_are_gone(
    site: Site, editor: Actor, profile: Page
) -> None:
    service.place(editor, profile.id, slug="tentang")
    web = client(site)
    moved = web.get("/halaman/profil-desa")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/halaman/tentang")
    history = queries.find("sejarah")
    service.trash(editor, history.id)
    assert web.get("/halaman/sejarah").status_code == 410
    assert web.get("/halaman/tidak-ada").status_code == 404


def test_the_menu_stands_on_every_page_and_the_sitemap_names_pages(
    site: Site, editor: Actor, profile: Page
) -> None:
    menu.add(editor, "Tentang kami", page_id=profile.id)
    settings.change(operator(site), {"public_address": "https://sukamaju.example.id"})
    web = client(site)
    assert "Tentang kami" in web.get("/").get_data(as_text=True)
    sitemap = web.get("/sitemap/umum.xml").get_data(as_text=True)
    assert "<loc>https://sukamaju.example.id/halaman/sejarah</loc><lastmod>2026-11-22" in sitemap


@pytest.mark.parametrize("role", [Role.REPORTER, Role.APPROVER])
def test_the_desk_is_closed_to_who_may_not_manage_pages(
    site: Site, profile: Page, role: Role
) -> None:
    web = client(site, actor_as(site, role))
    for path in ("halaman", "halaman/baru", f"halaman/{profile.id}", "menu"):
        assert web.get(f"/kelola/{path}").status_code == 403


def test_a_page_is_written_changed_and_brought_back_by_plain_forms(
    site: Site, editor: Actor, profile: Page
) -> None:
    web = client(site, editor)
    fields = {
        "title": "Layanan",
        "body": "**Gratis**\n\n| Surat | Waktu |\n|---|---|\n| KTP | 1 hari |",
    }
    made = post_form(web, "/kelola/halaman/baru", {**fields, "parent": profile.id})
    assert made.status_code == 303, made.get_data(as_text=True)
    assert "Belum ada di menu situs" in web.get(made.headers["Location"]).get_data(as_text=True)
    page, revision = queries.get(queries.find("layanan").id)
    assert page.parent_id == profile.id
    assert "<strong>Gratis</strong>" in revision.text.body
    assert "<table>" in revision.text.body
    address = f"/kelola/halaman/{page.id}"
    values = _form_values(web.get(address).get_data(as_text=True))
    assert values["body"].startswith("**Gratis**")
    saved = post_form(web, address, {**values, "body": "Berbayar", "parent": "", "slug": "surat"})
    assert saved.status_code == 303
    changed, now = queries.get(page.id)
    assert (changed.slug, changed.parent_id, now.text.body) == ("surat", None, "<p>Berbayar</p>")
    past = web.get(f"{address}/riwayat?naskah={revision.id}").get_data(as_text=True)
    assert "<ins>" in past
    token = {"_token": hidden_fields(past)["_token"]}
    web.post(f"{address}/riwayat/{revision.id}", data=token, headers=SAME_ORIGIN)
    assert queries.get(page.id)[1].text == revision.text


def test_a_refused_form_comes_back_with_all_that_was_typed(
    site: Site, editor: Actor, profile: Page
) -> None:
    web = client(site, editor)
    taken = {"title": "Judul saya", "body": "Isi saya", "slug": "sejarah"}
    refused = post_form(web, "/kelola/halaman/baru", taken)
    text = refused.get_data(as_text=True)
    assert refused.status_code == 409
    assert "Judul saya" in text
    assert "Isi saya" in text
    empty = post_form(web, "/kelola/halaman/baru", {"title": "", "body": "Isi saya"})
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.get_data(as_text=True)


def test_an_old_sheet_shows_the_others_changes_before_it_may_overwrite(
    site: Site, editor: Actor, profile: Page
) -> None:
    web = client(site, editor)
    address = f"/kelola/halaman/{profile.id}"
    mine = _form_values(web.get(address).get_data(as_text=True))
    boss = actor_as(site, Role.ADMIN, name="Bu Kades")
    service.save(boss, profile.id, Text(title="Profil Desa", body="<p>Desa mereka.</p>"))
    stale = post_form(web, address, {**mine, "body": "Desa saya"})
    shown = stale.get_data(as_text=True)
    assert stale.status_code == 412
    assert "Bu Kades" in shown
    assert "Desa saya" in shown
    again = _form_values(shown)
    assert again["body"].strip() == "Desa saya"
    assert post_form(web, address, again).status_code == 303
    assert queries.get(profile.id)[1].text.body == "<p>Desa saya</p>"


def test_the_same_form_twice_makes_one_page(site: Site, editor: Actor) -> None:
    web = client(site, editor)
    page = web.get("/kelola/halaman/baru").get_data(as_text=True)
    fields = {**hidden_fields(page), "title": "Kontak", "body": "x", "format": "markdown"}
    for _n in range(2):
        sent = web.post("/kelola/halaman/baru", data=fields, headers=SAME_ORIGIN)
        assert sent.status_code == 303
    assert [node.slug for node in queries.tree(site)] == ["kontak"]


def test_a_photo_comes_in_with_the_form(site: Site, editor: Actor, profile: Page) -> None:
    web = client(site, editor)
    address = f"/kelola/halaman/{profile.id}"
    values = _form_values(web.get(address).get_data(as_text=True))
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "#557755").save(file, "JPEG")
    file.seek(0)
    sent = post_form(web, address, {**values, "photo": (file, "balai.jpg")})
    assert sent.status_code == 303, sent.get_data(as_text=True)
    assert queries.get(profile.id)[1].text.lead_photo_id
    assert "foto" in client(site).get("/halaman/profil-desa").get_data(as_text=True)


def test_rows_move_are_thrown_away_and_taken_back_by_buttons(
    site: Site, editor: Actor, profile: Page
) -> None:
    contact = service.create(editor, Text(title="Kontak"))
    web = client(site, editor)

    def press(action: str) -> None:
        url = f"/kelola/halaman/{contact.id}/{action}"
        assert post_form(web, url, {}, page="/kelola/halaman").status_code == 303

    press("naik")
    assert [node.title for node in queries.tree(site)] == ["Kontak", "Profil Desa", "Sejarah"]
    press("buang")
    assert "/pulihkan" in web.get("/kelola/halaman").get_data(as_text=True)
    press("pulihkan")
    assert len(queries.tree(site)) == 3
    assert (
        post_form(
            web, f"/kelola/halaman/{contact.id}/terbang", {}, page="/kelola/halaman"
        ).status_code
        == 404
    )


def test_the_menu_is_made_by_plain_forms(site: Site, editor: Actor, profile: Page) -> None:
    web = client(site, editor)
    assert post_form(web, "/kelola/menu", {"page": profile.id}).status_code == 303
    assert post_form(web, "/kelola/menu", {"title": "Kabar", "path": "/berita/"}).status_code == 303
    refused = post_form(web, "/kelola/menu", {"title": "Luar", "path": "https://jahat.example"})
    assert refused.status_code == 422
    top, news = menu.items(site)
    assert (top.title, news.url) == ("Profil Desa", "/berita/")
    values = {"title": "Warta", "path": "/berita/", "page": "", "parent": top.id}
    assert post_form(web, f"/kelola/menu/{news.id}", values).status_code == 303
    assert [c.title for c in menu.items(site)[0].children] == ["Warta"]
    away = f"/kelola/menu/{news.id}/hapus"
    assert post_form(web, away, {}, page="/kelola/menu").status_code == 303
    assert menu.items(site)[0].children == ()


@pytest.mark.parametrize("vector", VECTORS[::80])
def test_nothing_that_runs_reaches_a_reader(site: Site, editor: Actor, vector: str) -> None:
    if "\x00" in vector or any("\ud800" <= c <= "\udfff" for c in vector):
        pytest.skip("refused at the door, see test_pages.py")
    title = re.sub(r"\s+", " ", vector).strip()[:100] or "x"
    page = service.create(editor, Text(title=title, standfirst=title, body=vector))
    menu.add(editor, title[:60], page_id=page.id)
    shown = client(site).get(page.url).get_data(as_text=True)
    assert dangers_in_page(shown) == []


def test_kept_pages_change_at_once_with_what_they_show(
    site: Site, editor: Actor, profile: Page
) -> None:
    """Through the page store, as `desa serve` answers."""
    app = app_of(site)
    store = PageMiddleware(app, page_store(app), private_cookies=auth.PRIVATE_COOKIES)
    reader = Client(store, Response)

    def shown(path: str) -> str:
        return reader.get(path).get_data(as_text=True)

    sister = "/halaman/profil-desa"
    for path in ("/", sister, "/halaman/sejarah", "/bantuan/"):
        assert shown(path) == shown(path)
    history = queries.find("sejarah")
    service.save(editor, history.id, Text(title="Asal-usul", body="<p>Dulu rawa.</p>"))
    assert "Dulu rawa." in shown("/halaman/sejarah")
    assert "Asal-usul" in shown(sister)
    item = menu.add(editor, "Asal", page_id=history.id)
    assert all(">Asal<" in shown(path) for path in ("/", sister, "/bantuan/"))
    menu.remove(editor, item)
    assert ">Asal<" not in shown("/")
    service.trash(editor, history.id)
    assert reader.get("/halaman/sejarah").status_code == 410
    assert "Asal-usul" not in shown(sister)


def _form_values(page: str) -> dict[str, str]:
    """Return what the sheet's fields hold, as a browser would send them."""
    from html import unescape

    found = {}
    for name in ("title", "slug", "version", "format", "lead_photo_id"):
        match = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', page)
        found[name] = unescape(match[1]) if match else ""
    for name in ("body", "standfirst"):
        match = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
        found[name] = unescape(match[1]) if match else ""
    selected = re.search(r'id="parent".*?<option value="([^"]*)" selected', page, re.DOTALL)
    return {**found, "parent": selected[1] if selected else ""}
