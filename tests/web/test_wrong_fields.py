"""A form that comes back leads to its first wrong field: by focus and by links, without scripts."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from desa_web.core.actor import Actor, Role, operator
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.news.workflow import Op
from tests.harness.photos import photo
from tests.harness.site import actor_as, client, post_form


@pytest.fixture
def admin(site: Site) -> Actor:
    return actor_as(site, Role.ADMIN)


@pytest.fixture
def web(site: Site, admin: Actor) -> FlaskClient:
    return client(site, admin)


def check(answer: TestResponse, field: str) -> None:
    """The wrong field alone has the focus and says why; the notice above leads to each one."""
    assert answer.status_code == 422
    page = html.document_fromstring(answer.get_data(as_text=True))
    (focused,) = page.xpath("//*[@autofocus]")
    assert focused.get("name") == field
    assert focused.get("aria-invalid") == "true"
    told = [page.get_element_by_id(i) for i in focused.get("aria-describedby").split()]
    assert any(one.get("id") == f"{field}-galat" and one.text_content().strip() for one in told)
    links = page.xpath("//*[@role='alert']//a/@href")
    assert f"#{field}-galat" in links
    for link in links:
        assert page.get_element_by_id(link.removeprefix("#")).text_content().strip()


FORMS = [
    (
        "/kelola/pengaturan/village",
        "/kelola/pengaturan/village",
        {"kode_wilayah": "35"},
        "kode_wilayah",
    ),
    (
        "/kelola/pengguna/baru",
        "/kelola/pengguna/baru",
        {"login": "", "name": "", "role": "reporter"},
        "name",
    ),
    ("/kelola/halaman/baru", "/kelola/halaman/baru", {"title": ""}, "title"),
    ("/kelola/tulis", "/kelola/tulis", {"title": "", "do": "save"}, "title"),
    ("/kelola/rubrik", "/kelola/rubrik", {"name": ""}, "name"),
    ("/kelola/akun/nama", "/kelola/akun", {"name": ""}, "name"),
]


@pytest.mark.parametrize(("url", "page", "wrong", "field"), FORMS, ids=[f[0] for f in FORMS])
def test_the_first_wrong_field_has_the_focus_and_a_link(
    web: FlaskClient, url: str, page: str, wrong: dict[str, str], field: str
) -> None:
    check(post_form(web, url, wrong, page=page), field)


def test_returning_without_a_reason_leads_to_the_reason(
    site: Site, web: FlaskClient, admin: Actor
) -> None:
    reporter = actor_as(site, Role.REPORTER)
    article = news.create(reporter, Text(title="Panen", body="<p>Warga panen.</p>"))
    news.act(reporter, Op.SUBMIT, article.id)
    page = f"/kelola/periksa/{article.id}"
    shown = post_form(
        web, f"/kelola/berita/{article.id}/langkah", {"do": "return", "from": "periksa"}, page=page
    )
    check(shown, "note")


def test_a_photo_that_cannot_be_read_leads_to_the_file(site: Site, web: FlaskClient) -> None:
    file = site.path / "foto.jpg"
    file.write_bytes(photo(7))
    made = media.add(operator(site), file, credit="Nur", alt="Padi")
    page = f"/kelola/foto/{made.id}"
    values = {"file": (io.BytesIO(b"bukan foto"), "foto.jpg")}
    answer = post_form(web, f"{page}/ganti", values, page=page)
    check(answer, "file")


def test_a_page_that_is_right_takes_no_focus(web: FlaskClient) -> None:
    assert "autofocus" not in web.get("/kelola/pengaturan/village").get_data(as_text=True)
