"""The desk's library as people use it without JavaScript, and its JSON door."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from desa_web.core import db, html
from desa_web.core.actor import Role, operator
from desa_web.core.follow import once
from desa_web.core.site import Site
from desa_web.features.media import albums, api, documents, followers, library, service
from desa_web.features.media.library import Filter
from desa_web.features.media.photo import Children
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.harness.photos import pdf, photo, photo_file
from tests.harness.site import (
    SAME_ORIGIN,
    actor_as,
    client,
    hidden_fields,
    make_site,
    post_form,
)


@pytest.fixture
def web(site: Site) -> FlaskClient:
    return client(site, actor_as(site, Role.REPORTER))


def _files(*names: str) -> list[tuple[io.BytesIO, str]]:
    made = []
    for number, name in enumerate(names):
        data = pdf() if name.endswith(".pdf") else photo(number + 1)
        made.append((io.BytesIO(b"bukan" if name.startswith("rusak") else data), name))
    return made


def test_readers_and_strangers_do_not_see_the_library(site: Site) -> None:
    web = client(site)
    for path in ("/kelola/foto", "/kelola/album", "/kelola/dokumen"):
        assert web.get(path).headers["Location"].startswith("/masuk")
    assert web.get("/api/v1/media").status_code == 401


def test_one_photo_by_a_plain_form_leads_to_its_words(site: Site, web: FlaskClient) -> None:
    sent = post_form(web, "/kelola/foto", {"files": _files("DCIM/IMG 7.jpg"), "credit": "Nur"})
    assert sent.status_code == 303
    kept = library.photos(site, Filter()).photos[0]
    assert sent.headers["Location"] == f"/kelola/foto/{kept.id}"
    assert (kept.name, kept.credit) == ("IMG 7.jpg", "Nur")
    page = web.get(sent.headers["Location"]).get_data(as_text=True)
    assert f"![](foto:{kept.id})" in page
    assert page.count('name="focus"') == 9


def test_the_list_gives_each_photos_line_to_copy(site: Site, web: FlaskClient) -> None:
    reporter = actor_as(site, Role.REPORTER)
    kept = service.add(reporter, _on_disk(site))
    page = web.get(f"/kelola/foto?oleh={reporter.user_id}").get_data(as_text=True)
    assert f'value="![](foto:{kept.id})"' in page


def test_many_files_are_each_taken_or_refused_for_themselves(site: Site, web: FlaskClient) -> None:
    files = _files("a.jpg", "rusak.jpg", "perdes.pdf", "b.jpg")
    sent = post_form(web, "/kelola/foto", {"files": files})
    assert sent.status_code == 200
    page = sent.get_data(as_text=True)
    assert "bukan foto" in page
    assert page.count("![](foto:") == 2
    assert len(library.photos(site, Filter()).photos) == 2
    assert [d.title for d in documents.documents()] == ["perdes"]


def _multipart(fields: dict[str, str], size: int) -> dict[str, Any]:
    """A form as bytes: the test client would leave its file of a large one to the collector."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
        for n, v in fields.items()
    ]
    file = '--x\r\nContent-Disposition: form-data; name="files"; filename="besar.jpg"\r\n\r\n'
    body = "".join([*parts, file]).encode() + photo(1) + b"\0" * size + b"\r\n--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


def test_a_form_larger_than_a_text_is_read_only_where_photos_go(web: FlaskClient) -> None:
    # 4 MB: more than any other form of the site may be; 41 MB: more than a photo may be.
    sizes = {4_000_000: {303, 422}, 41 << 20: {413}}
    fields = hidden_fields(web.get("/kelola/foto").get_data(as_text=True))
    for size, expected in sizes.items():
        sent = web.post("/kelola/foto", headers=SAME_ORIGIN, **_multipart(fields, size))
        assert sent.status_code in expected
    elsewhere = _multipart(fields, 4_000_000)
    assert web.post("/kelola/album", headers=SAME_ORIGIN, **elsewhere).status_code == 413


def test_sending_nothing_says_what_to_do(web: FlaskClient) -> None:
    sent = post_form(web, "/kelola/foto", {"files": (io.BytesIO(b""), "")})
    assert sent.status_code == 422
    assert "Pilih fotonya" in sent.get_data(as_text=True)


def test_words_focus_and_consent_are_changed_in_one_form(site: Site, web: FlaskClient) -> None:
    kept = service.add(actor_as(site, Role.REPORTER), _on_disk(site))
    words = {
        "caption": "Panen.", "alt": "Sawah.", "credit": "Nur", "place": "Krajan", "licence": "",
        "children": "agreed", "focus": "br", "version": "1",
    }  # fmt: skip
    url = f"/kelola/foto/{kept.id}"
    assert post_form(web, url, words).status_code == 303
    after = service.get(kept.id)
    assert after is not None
    assert (after.caption, after.alt, after.place) == ("Panen.", "Sawah.", "Krajan")
    assert after.children is Children.AGREED
    assert after.focus == "br"
    stale = post_form(web, url, words)
    assert stale.status_code == 412


def test_what_is_wrong_comes_back_filled_in(site: Site, web: FlaskClient) -> None:
    kept = service.add(actor_as(site, Role.REPORTER), _on_disk(site))
    url = f"/kelola/foto/{kept.id}"
    sent = post_form(web, url, {"caption": "Panen raya.", "alt": "x" * 400, "version": "1"})
    assert sent.status_code == 422
    page = sent.get_data(as_text=True)
    assert "Panen raya." in page
    assert 'id="alt-galat"' in page
    assert service.get(kept.id) == kept


def test_a_missing_caption_is_written_in_the_list(site: Site, web: FlaskClient) -> None:
    kept = service.add(actor_as(site, Role.REPORTER), _on_disk(site))
    page = web.get("/kelola/foto?hanya=tanpa-keterangan").get_data(as_text=True)
    assert f'id="k-{kept.id}"' in page
    back = re.search(r'name="kembali" value="([^"]+)"', page)
    assert back is not None
    values = {"caption": "Panen.", "alt": "", "credit": "", "version": "1", "kembali": back[1]}
    sent = post_form(web, f"/kelola/foto/{kept.id}", values, page="/kelola/foto")
    assert sent.headers["Location"] == "/kelola/foto?hanya=tanpa-keterangan"
    foreign = {**values, "version": "2", "caption": "x", "kembali": "https://judi.example/"}
    sent = post_form(web, f"/kelola/foto/{kept.id}", foreign, page=f"/kelola/foto/{kept.id}")
    assert sent.headers["Location"] == f"/kelola/foto/{kept.id}"


def test_a_reporter_sees_others_photos_but_no_way_to_change_them(
    site: Site, web: FlaskClient
) -> None:
    kept = service.add(actor_as(site, Role.EDITOR), _on_disk(site))
    page = web.get(f"/kelola/foto/{kept.id}").get_data(as_text=True)
    assert 'name="caption"' not in page
    assert "/ganti" not in page
    fields = hidden_fields(page)
    for action in ("", "/buang", "/ganti", "/album"):
        data = {**fields, "caption": "x", "file": (io.BytesIO(photo(9)), "x.jpg")}
        sent = web.post(f"/kelola/foto/{kept.id}{action}", data=data, headers=SAME_ORIGIN)
        assert sent.status_code == 403, action
    assert service.get(kept.id) == kept


def test_a_reporter_is_led_to_what_readers_see_of_other_peoples_texts(
    site: Site, web: FlaskClient, tmp_path: Path
) -> None:
    editor = actor_as(site, Role.EDITOR)
    kept = service.add(actor_as(site, Role.REPORTER), photo_file(tmp_path), name="panen.jpg")
    figure = f'<p>Isi.</p><figure data-foto="{kept.id}"></figure>'
    draft = news.create(editor, Text(title="Belum untuk siapa-siapa", body=figure))
    live = news.create(editor, Text(title="Panen raya", body=figure))
    news.publish_now(operator(site), live.id)
    for path in (f"/kelola/foto/{kept.id}", "/kelola/foto"):
        page = web.get(path).get_data(as_text=True)
        assert "Belum untuk siapa-siapa" not in page
        assert f"/kelola/berita/{draft.id}" not in page
        assert f"/kelola/berita/{live.id}" not in page
    page = web.get(f"/kelola/foto/{kept.id}").get_data(as_text=True)
    assert '<a href="/berita/panen-raya">Panen raya</a>' in page
    assert "Naskah orang lain" in page
    page = client(site, editor).get(f"/kelola/foto/{kept.id}").get_data(as_text=True)
    assert f'<a href="/kelola/berita/{draft.id}">Belum untuk siapa-siapa</a>' in page


def test_replacing_by_a_form_keeps_the_page_on_a_refusal(site: Site, web: FlaskClient) -> None:
    kept = service.add(actor_as(site, Role.REPORTER), _on_disk(site))
    page = f"/kelola/foto/{kept.id}"
    bad = {"file": (io.BytesIO(b"%PDF-1.4"), "x.jpg")}
    sent = post_form(web, f"{page}/ganti", bad, page=page)
    assert sent.status_code == 422
    assert "bukan foto" in sent.get_data(as_text=True)
    good = {"file": (io.BytesIO(photo(9)), "x.jpg")}
    assert post_form(web, f"{page}/ganti", good, page=page).status_code == 303
    after = service.get(kept.id)
    assert after is not None
    assert after.master_sha256 != kept.master_sha256


def test_an_editor_makes_albums_and_a_reporter_does_not(site: Site, web: FlaskClient) -> None:
    editor = client(site, actor_as(site, Role.EDITOR))
    made = post_form(editor, "/kelola/album", {"title": "Panen", "intro": "Foto panen."})
    assert made.status_code == 303
    album = albums.albums()[0]
    kept = service.add(operator(site), _on_disk(site), caption="Padi.")
    url = f"/kelola/foto/{kept.id}"
    assert post_form(editor, f"{url}/album", {"album": album.id}, page=url).status_code == 303
    page = client(site).get("/galeri/panen").get_data(as_text=True)
    assert "Padi." in page
    assert "Foto panen." in page
    where = f"/kelola/album/{album.id}"
    kept_order = {"title": "Panen", "intro": "", "foto": kept.id, f"urut-{kept.id}": "1"}
    assert post_form(editor, where, kept_order).status_code == 303
    assert post_form(web, "/kelola/album", {"title": "Lain"}).status_code == 403
    assert post_form(editor, where, {"hapus": "1"}).status_code == 303
    assert client(site).get("/galeri/panen").status_code == 404


def test_a_document_is_offered_as_a_download_in_a_sandbox(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "Perdes.pdf"
    file.write_bytes(pdf())
    boss = operator(site)
    kept = documents.add(boss, file)
    web = client(site)
    with web.get(kept.url) as answer:
        assert answer.status_code == 200
        assert answer.data == pdf()
        assert answer.headers["Content-Disposition"] == 'attachment; filename="perdes.pdf"'
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    documents.trash(boss, kept.id)
    assert web.get(kept.url).status_code == 410


def test_the_api_lists_and_describes_with_a_guard_against_losing_words(
    site: Site, web: FlaskClient
) -> None:
    mine = service.add(actor_as(site, Role.REPORTER), _on_disk(site, 1))
    service.add(operator(site), _on_disk(site, 2))
    once(site, followers.followers(site), {})
    found = web.get("/api/v1/media?mine=1").get_json()["photos"]
    assert [p["id"] for p in found] == [mine.id]
    assert found[0]["markdown"] == f"![](foto:{mine.id})"
    assert found[0]["thumb"].startswith("/media/")
    one = web.get(f"/api/v1/media/{mine.id}")
    assert one.headers["ETag"] == '"1"'
    url = f"/api/v1/media/{mine.id}"
    done = web.patch(url, json={"alt": "Sawah.", "focus": "tl"}, headers={"If-Match": '"1"'})
    assert done.status_code == 200
    assert done.get_json()["alt"] == "Sawah."
    again = web.patch(url, json={"alt": "Laut."}, headers={"If-Match": '"1"'})
    assert again.status_code == 412
    for wrong in ({"alt": 5}, {"children": "x"}, {"focus": "q"}, {"caption": "a\x00"}):
        assert web.patch(url, json=wrong).status_code == 422, wrong
    form = web.post("/api/v1/uploads", data={"a": "b"}, headers={"Tus-Resumable": "1.0.0"})
    assert form.status_code == 403


def _on_disk(site: Site, seed: int = 1) -> Path:
    return photo_file(site.path.parent, seed)


def test_a_document_is_linked_in_a_text_by_the_line_that_is_offered(
    site: Site, web: FlaskClient, tmp_path: Path
) -> None:
    boss = operator(site)
    (tmp_path / "p.pdf").write_bytes(pdf())
    kept = documents.add(boss, tmp_path / "p.pdf", title="Perdes [4] & lampiran")
    page = unescape(web.get("/kelola/dokumen").get_data(as_text=True))
    line = api.document_line(kept)
    assert f'value="{line}"' in page
    made = news.create(boss, Text(title="Perdes", body=html.from_markdown(f"Unduh:\n\n{line}")))
    news.publish_now(boss, made.id)
    shown = client(site).get(f"/berita/{made.slug}").get_data(as_text=True)
    assert f'href="{kept.url}"' in shown
    assert "Perdes [4] &amp; lampiran</a> (PDF)" in shown


def test_the_library_warns_before_the_quota_is_full(tmp_path: Path) -> None:
    site = make_site(tmp_path / "sempit", options={"media_quota_mb": 1})
    with site.bound():
        service.add(operator(site), photo_file(tmp_path))
        web = client(site, actor_as(site, Role.REPORTER))
        assert "Ruang foto hampir habis" not in web.get("/kelola/foto").get_data(as_text=True)
        with db.write(site.database):
            db.execute(site.database, "UPDATE photo SET size_bytes = ?", 960_000)
        page = web.get("/kelola/foto").get_data(as_text=True)
        assert "Ruang foto hampir habis" in page
        assert "Terpakai 92 persen dari jatah" in page
    site.close()
