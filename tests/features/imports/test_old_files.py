"""Where pictures and documents of the old site stood: 301 to ours, 410 when they are gone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.clock import zone
from desa_web.core.site import Site
from desa_web.features.imports import opensid, wordpress
from desa_web.features.imports.item import Done, Outcome
from desa_web.features.media import documents
from desa_web.features.media.models import PhotoRow
from desa_web.features.news import queries
from desa_web.features.news import service as news
from tests.features.imports import sources
from tests.harness.photos import pdf
from tests.harness.site import client

WIB = zone("WIB")
UPLOADS = "/wp-content/uploads/2020/05"


@pytest.fixture
def moved(site: Site, tmp_path: Path) -> Done:
    """A village that has moved in: one text with a picture and a document."""
    folder = sources.write_uploads(tmp_path)
    (folder / "2020/05/apbdes.pdf").write_bytes(pdf("APBDes"))
    text = f"""<p>Isi.</p><img src="{sources.HOME}{UPLOADS}/foto-1-300x200.jpg">
<p><a href="{sources.HOME}{UPLOADS}/apbdes.pdf">APBDes</a></p>
<img src="https://lain.example{UPLOADS}/foto-2.jpg">"""
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, text)])
    (done,) = sources.bring(site, wordpress.open_export(file, WIB), folder)
    return done


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "old",
    [
        f"{UPLOADS}/foto-1-300x200.jpg", f"{UPLOADS}/foto-1.jpg", f"{UPLOADS}/foto-1-1024x768.jpg",
        f"{UPLOADS}/FOTO-1-scaled.jpg?ssl=1", f"/blog{UPLOADS}/foto-1.jpg",
    ],
)  # fmt: skip
def test_a_picture_leads_to_where_it_lives_now(site: Site, moved: Done, old: str) -> None:
    answer = client(site).get(old)
    assert answer.status_code == 301
    with closing(client(site).get(answer.location)) as shown:
        assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")


def test_a_document_leads_to_where_it_lives_now(site: Site, moved: Done) -> None:
    web, (document,) = client(site), documents.documents()
    assert web.get(f"{UPLOADS}/apbdes.pdf").location == document.url
    documents.trash(operator(site), document.id)
    assert web.get(f"{UPLOADS}/apbdes.pdf").status_code == 410


def test_what_never_came_and_what_is_a_strangers_stay_unknown(site: Site, moved: Done) -> None:
    web = client(site)
    for old in (f"{UPLOADS}/foto-2.jpg", f"{UPLOADS}/lain.jpg", "/wp-content/uploads/", "/x.jpg"):
        assert web.get(old).status_code == 404, old


def test_an_erased_photo_is_gone_and_its_name_with_it(site: Site, moved: Done) -> None:
    news.erase(operator(site), moved.object_id)
    assert PhotoRow.select().count() == 0
    answer = client(site).get(f"{UPLOADS}/foto-1.jpg")
    assert answer.status_code == 410
    assert "Foto ini sudah ditarik" in answer.get_data(as_text=True)
    assert "default-src" in answer.headers["Content-Security-Policy"]
    for table in ("alias", "import_photo", "journal"):
        found = db.execute(site.database, f"SELECT * FROM {table}").fetchall()
        assert "foto-1" not in repr(found), table


def test_who_moved_in_before_gets_the_addresses_with_the_next_run(
    site: Site, tmp_path: Path
) -> None:
    folder = sources.write_uploads(tmp_path)
    shown = f'<img src="{sources.HOME}{UPLOADS}/foto-1.jpg">'
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, shown)])
    export = wordpress.open_export(file, WIB)
    sources.bring(site, export, folder)
    with db.write(site.database):
        db.execute(site.database, "DELETE FROM alias WHERE path LIKE 'berkas:%'")
    (again,) = sources.bring(site, export, folder)
    assert again.outcome is Outcome.UNCHANGED
    assert client(site).get(f"{UPLOADS}/foto-1.jpg").status_code == 301


def test_pictures_of_opensid_lead_on_in_every_size(site: Site, tmp_path: Path) -> None:
    sources.write_sid_uploads(tmp_path)
    file = sources.write_dump(tmp_path / "x.sql", [sources.sid_article(1)])
    sources.bring(site, opensid.open_dump(file, WIB), tmp_path / "upload")
    web = client(site)
    for size in ("sedang_", "kecil_", ""):
        answer = web.get(f"/desa/upload/artikel/{size}foto-1.jpg")
        assert answer.status_code == 301, size
        with closing(web.get(answer.location)) as shown:
            assert shown.status_code == 200
    assert queries.find(operator(site), "musyawarah-1") is not None
