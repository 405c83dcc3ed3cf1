"""What a media centre hands on: tables, ninjs and kits hold what was chosen, and name its owner."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest

from desa_web.core import db, settings
from desa_web.core.actor import Role, operator
from desa_web.core.clock import as_utc
from desa_web.core.errors import NotFound
from desa_web.core.site import Site
from desa_web.features.hub import exports, inbox, items, sources
from desa_web.features.hub.exports import Choice
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Source
from desa_web.features.media import service as media
from desa_web.features.news import service as news
from desa_web.features.news.workflow import Op
from tests.features.test_media_kit import _schema_errors
from tests.harness.hub import Desa
from tests.harness.site import actor_as, client

WORDS = ("Panen raya", "Irigasi & pintu <air>", "Tari ꦗꦮ 🎋", "=1+1", "Pos, ronda; “malam”")


@pytest.fixture
def published(hub: Site, desa: Desa, source: Source) -> list[str]:
    """Five articles of the village, published; our ids of them."""
    boss = operator(hub)
    settings.change(boss, {"public_address": "https://media.example.id"})
    sources.change(boss, source.id, name="Desa Sukamaju", address="https://a.desa.id")
    lead = desa.add_photo(caption="Panen.", credit="Siti")
    for n, title in enumerate(WORDS):
        desa.publish(title, rubric="kesehatan", byline="Nur", lead_photo_id="" if n else lead)
    desa.sync(hub)
    return [inbox.publish(boss, one.id).article_id or "" for one in items.listing(Shelf.NEW)]


def rows_of(hub: Site, chosen: Choice) -> list[dict[str, str]]:
    text = "".join(exports.table(hub, chosen))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_table_holds_every_item_of_a_shelf_once(hub: Site, published: list[str]) -> None:
    rows = rows_of(hub, Choice(Shelf.PUBLISHED))
    assert len(rows) == exports.count(hub, Choice(Shelf.PUBLISHED)) == len(WORDS)
    assert {row["judul"].removeprefix("'") for row in rows} == set(WORDS)
    first = next(row for row in rows if row["judul"] == "Panen raya")
    assert (first["desa"], first["penulis"], first["rak"]) == ("Desa Sukamaju", "Nur", "terbit")
    assert first["naskah_asli"] == "https://a.desa.id/berita/panen-raya"
    assert first["terbit_di_sini"] == "https://media.example.id/berita/panen-raya"
    assert first["foto"] == "1"
    assert rows_of(hub, Choice(Shelf.NEW)) == []


def test_no_cell_is_a_formula(hub: Site, published: list[str]) -> None:
    said = "".join(exports.table(hub, Choice()))
    assert "'=1+1" in said
    for text in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1"):
        assert exports.cell(text) == f"'{text}"
    assert exports.cell("Panen = raya") == "Panen = raya"


def test_a_long_table_is_read_in_parts_without_a_gap_or_a_double(
    hub: Site, desa: Desa, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_AT_ONCE", 3)
    for n in range(10):
        desa.publish(f"Kabar {n}")
    desa.sync(hub)
    # Ten that were received in one moment: only the id keeps them apart.
    with db.write(hub.database):
        db.execute(hub.database, "UPDATE hub_item SET received_at = 5000")
    rows = rows_of(hub, Choice(Shelf.NEW))
    assert sorted(row["judul"] for row in rows) == sorted(f"Kabar {n}" for n in range(10))


def test_days_are_those_of_the_centre_and_both_count(hub: Site, published: list[str]) -> None:
    # 21 November, 18.00 UTC is the 22nd in WIB.
    at_ms = 1_795_284_000_000
    assert as_utc(at_ms).date() == date(2026, 11, 21)
    with db.write(hub.database):
        db.execute(hub.database, "UPDATE hub_item SET received_at = ?", at_ms)
    day = date(2026, 11, 22)
    whole, before, after = (
        exports.count(hub, Choice(Shelf.PUBLISHED, "", since, until))
        for since, until in (
            (day, day),
            (None, day - timedelta(days=1)),
            (day + timedelta(days=1), None),
        )
    )
    assert (whole, before, after) == (len(WORDS), 0, 0)


def test_a_village_alone_is_chosen(hub: Site, source: Source, published: list[str]) -> None:
    assert exports.count(hub, Choice(Shelf.PUBLISHED, source.id)) == len(WORDS)
    assert exports.count(hub, Choice(Shelf.PUBLISHED, "lain")) == 0


def test_ninjs_holds_against_the_schema_and_names_the_village(
    hub: Site, published: list[str]
) -> None:
    found: list[dict[str, Any]] = json.loads(exports.ninjs(hub, Choice()))
    assert {one["uri"] for one in found} == {f"urn:uuid:{one}" for one in published}
    assert {one["title"] for one in found} == set(WORDS)
    assert {one["copyrightHolder"] for one in found} == {"Desa Sukamaju"}
    assert {one["infoSources"][0]["name"] for one in found} == {"Desa Sukamaju"}
    for one in found:
        assert _schema_errors(one) == []


def test_one_zip_holds_a_folder_for_each_article_with_its_photos(
    hub: Site, published: list[str]
) -> None:
    with zipfile.ZipFile(exports.kits(hub, Choice())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    folders = {name.partition("/")[0] for name in names}
    assert len(folders) == len(WORDS)
    assert len(names) == len(set(names))
    assert {f"{folder}/naskah.txt" for folder in folders} <= set(names)
    assert sum("/foto/" in name for name in names) == len(media.photos(_leads(hub))) == 1


def test_a_kit_names_the_village_and_its_licence_not_the_centre(
    hub: Site, desa: Desa, source: Source, published: list[str]
) -> None:
    settings.change(operator(hub), {"village_name": "Media Center", "licence": "Hak cipta"})
    with zipfile.ZipFile(exports.kits(hub, Choice())) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    for name, text in texts.items():
        if name.endswith("LISENSI.txt"):
            assert "Sebut nama pemotret dan Desa Sukamaju." in text.decode()
            assert "CC BY 4.0" in text.decode()
        assert b"Media Center" not in text, name
        assert b"Hak cipta" not in text, name


def test_what_was_withdrawn_is_handed_on_no_more(hub: Site, published: list[str]) -> None:
    for article_id in published:
        assert len(json.loads(exports.ninjs(hub, Choice()))) > 0
        news.act(operator(hub), Op.WITHDRAW, article_id)
    assert json.loads(exports.ninjs(hub, Choice())) == []
    with pytest.raises(NotFound):
        exports.kits(hub, Choice())
    assert {row["terbit_di_sini"] for row in rows_of(hub, Choice())} == {""}


@pytest.mark.parametrize("shape", ["csv", "ninjs", "kit"])
def test_only_an_officer_takes_exports(hub: Site, published: list[str], shape: str) -> None:
    path = f"/kelola/ekspor?bentuk={shape}"
    answer = client(hub, actor_as(hub, Role.OFFICER)).get(path, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client(hub, actor_as(hub, Role.REPORTER)).get(path).status_code == 403
    assert client(hub).get(path).status_code in (302, 303, 401)


def test_a_kit_of_nothing_published_is_said_on_the_page(hub: Site, source: Source) -> None:
    answer = client(hub, actor_as(hub, Role.OFFICER)).get("/kelola/ekspor?rak=new&bentuk=kit")
    assert answer.status_code == 422
    said = answer.get_data(as_text=True)
    assert "Belum ada berita yang terbit dalam pilihan ini." in said
    assert "<h1>Ekspor</h1>" in said


def test_a_bent_choice_is_said_beside_its_field(hub: Site, source: Source) -> None:
    web = client(hub, actor_as(hub, Role.OFFICER))
    for query, sentence in (
        ({"dari": "kemarin"}, "Tanggal ditulis seperti 2026-11-21."),
        ({"sampai": "9999-12-31"}, "Tanggal ditulis seperti 2026-11-21."),
        ({"rak": "x"}, "Pilih salah satu yang ada di daftar."),
    ):
        answer = web.get("/kelola/ekspor", query_string=query)
        assert answer.status_code == 422
        assert sentence in answer.text


def _leads(hub: Site) -> list[str]:
    sql = "SELECT lead_photo_id FROM revision WHERE lead_photo_id IS NOT NULL"
    return [row[0] for row in db.execute(hub.database, sql).fetchall()]
