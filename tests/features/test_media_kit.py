"""Kits for newsrooms: whole, deterministic, readable by the tools that journalists use."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from desa_web.core import settings
from desa_web.core.actor import operator
from desa_web.core.errors import NotFound
from desa_web.core.follow import once
from desa_web.core.site import Site
from desa_web.features.media import albums, followers, kit, kit_sources, masters, service
from desa_web.features.media.photo import Children
from desa_web.features.news import rubrics
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.harness.photos import photo_file
from tests.harness.site import client

SCHEMAS = Path(
    os.environ.get("DESA_SCHEMAS", Path(__file__).parents[3] / "shared" / "data" / "schemas")
)


@pytest.fixture
def article(site: Site, tmp_path: Path) -> str:
    """A published article with a lead photo, one in the text, and one of unasked children."""
    boss = operator(site)
    rubrics.add_defaults(boss)
    village = {
        "village_name": "Sukamaju", "district": "Danderejo", "province": "Jawa Timur",
        "kim_name": "KIM Sukamaju", "public_address": "https://sukamaju.desa.id",
        "description": "Desa di tepi kali.", "facts": ["Penduduk: 4.210 jiwa"],
    }  # fmt: skip
    settings.change(boss, village)
    lead = service.add(
        boss, photo_file(tmp_path, 1), caption="=Panen, raya", credit="Nur Aini/KIM Sukamaju"
    )
    inside = service.add(boss, photo_file(tmp_path, 2), caption="Pustaka.", alt="Dua orang.")
    child = service.add(boss, photo_file(tmp_path, 3), caption="Anak.")
    service.describe(boss, child.id, children=Children.UNASKED)
    body = (
        "<p>Panen <strong>raya</strong> di Krajan.</p>"
        f'<figure data-foto="{inside.id}"><figcaption>Di sini &amp; kini.</figcaption></figure>'
        f'<figure data-foto="{child.id}"></figure><p>Selesai.</p>'
    )
    made = news.create(
        boss,
        Text(
            title="Panen <raya> & pesta",
            standfirst="Ringkas.",
            body=body,
            rubric="pembangunan",
            tags=("padi", "panen"),
            byline="Nur Aini",
            dateline="Bojonegoro, Desa Sukamaju",
            initials="nur",
            lead_photo_id=lead.id,
        ),
    )
    news.publish_now(boss, made.id)
    return made.slug


def _open(made: kit.KitFile) -> tuple[zipfile.ZipFile, dict[str, bytes]]:
    archive = zipfile.ZipFile(made.path)
    files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    archive.close()
    return archive, files


def test_a_kit_holds_text_photos_captions_licence_and_ninjs(site: Site, article: str) -> None:
    made = kit.of_article(site, article)
    assert made.photo_count == 2
    _archive, files = _open(made)
    photos = sorted(name for name in files if name.startswith("foto/"))
    assert sorted(files) == sorted(
        [*photos, "naskah.txt", "naskah.html", "captions.csv", "LISENSI.txt", "ninjs.json"]
    )
    assert len(photos) == 2
    text = files["naskah.txt"].decode()
    assert text.startswith("PANEN <RAYA> & PESTA\n")
    assert "Bojonegoro, Desa Sukamaju – Panen raya di Krajan." in text
    assert "Penulis: Nur Aini, KIM Sukamaju" in text
    assert "Alamat: https://sukamaju.desa.id/berita/" in text
    assert "Di sini & kini." in text
    assert "CC BY 4.0" in files["LISENSI.txt"].decode()


def test_the_html_of_a_kit_finds_its_pictures_beside_it_and_escapes_all_else(
    site: Site, article: str
) -> None:
    _archive, files = _open(kit.of_article(site, article))
    page = files["naskah.html"].decode()
    assert "<h1>Panen &lt;raya&gt; &amp; pesta</h1>" in page
    sources = [part.partition('"')[0] for part in page.split('src="')[1:]]
    assert len(sources) == 2
    assert set(sources) <= set(files)


def test_captions_are_a_table_that_spreadsheets_read_and_do_not_run(
    site: Site, article: str
) -> None:
    _archive, files = _open(kit.of_article(site, article))
    rows = list(csv.DictReader(io.StringIO(files["captions.csv"].decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == [n for n in files if n.startswith("foto/")]
    assert rows[0]["caption"] == "'=Panen, raya"
    assert rows[1]["caption"] == "Di sini & kini."
    assert rows[1]["alt"] == "Dua orang."
    assert rows[0]["licence"] == "CC BY 4.0"


def test_photos_of_a_kit_are_the_masters_with_words_that_exiftool_reads(
    site: Site, article: str, tmp_path: Path
) -> None:
    made = kit.of_article(site, article)
    _archive, files = _open(made)
    by_caption = {}
    for name in (n for n in files if n.startswith("foto/")):
        path = tmp_path / name.partition("/")[2]
        path.write_bytes(files[name])
        digest = name.rsplit("-", 1)[1].removesuffix(".jpg")
        master = next(p for p in masters.files(site) if p.name.startswith(digest))
        with Image.open(path) as ours, Image.open(master) as kept:
            assert ours.tobytes() == kept.tobytes()
        if shutil.which("exiftool") is None:
            pytest.skip("exiftool is not installed")
        said = subprocess.run(
            ["exiftool", "-j", "-G1", "-charset", "iptc=utf8", str(path)],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        found = json.loads(said)[0]
        by_caption[found["XMP-dc:Description"]] = found
        assert found["IPTC:Caption-Abstract"] == found["XMP-dc:Description"]
        assert found["IFD0:ImageDescription"] == found["XMP-dc:Description"]
        assert not [key for key in found if "GPS" in key]
    lead = by_caption["=Panen, raya"]
    assert lead["IPTC:By-line"] == "Nur Aini"
    assert lead["IPTC:Credit"] == "KIM Sukamaju"
    assert lead["XMP-photoshop:Headline"] == "Panen <raya> & pesta"
    assert lead["IPTC:Keywords"] == ["padi", "panen"]
    assert lead["IPTC:City"] == "Sukamaju"
    assert "CC BY 4.0" in lead["XMP-dc:Rights"]
    assert by_caption["Di sini & kini."]["IPTC:Credit"] == "Desa Sukamaju"


def test_the_same_article_gives_the_same_bytes(site: Site, article: str) -> None:
    first = kit.of_article(site, article)
    data = first.path.read_bytes()
    assert kit.of_article(site, article).path == first.path
    shutil.rmtree(site.cache)
    again = kit.of_article(site, article)
    assert again.path.name == first.path.name
    assert again.path.read_bytes() == data


def test_a_changed_caption_gives_another_kit_and_removes_the_old_file(
    site: Site, article: str
) -> None:
    boss = operator(site)
    first = kit.of_article(site, article)
    lead = next(i for i in first.keys if i.startswith("media:")).removeprefix("media:")
    for one in service.photos([lead]).values():
        service.describe(boss, one.id, credit="Orang lain")
    second = kit.of_article(site, article)
    assert second.etag != first.etag
    assert [p.name for p in (site.cache / "kits").iterdir()] == [second.path.name]


def test_the_size_that_is_announced_is_the_size_that_comes(site: Site, article: str) -> None:
    source = kit_sources.source()
    assert source is not None
    (one,) = source.kit_articles(site, before=None, limit=2)
    announced = kit.size_of(site, one)
    assert not list((site.cache / "kits").glob("*.zip"))
    assert kit.of_article(site, article).size_bytes == announced


def test_a_png_of_a_kit_says_what_it_shows_and_who_made_it(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    Image.new("RGBA", (300, 200), (10, 90, 40, 128)).save(tmp_path / "peta.png")
    chart = service.add(boss, tmp_path / "peta.png", caption="Peta dusun.", credit="Nur Aini")
    assert chart.mime == "image/png"
    made = news.create(boss, Text(title="Peta baru", body="<p>Isi.</p>", lead_photo_id=chart.id))
    news.publish_now(boss, made.id)
    _archive, files = _open(kit.of_article(site, made.slug))
    (name,) = [n for n in files if n.endswith(".png")]
    (tmp_path / "out.png").write_bytes(files[name])
    listing = subprocess.run(
        ["exiftool", "-j", tmp_path / "out.png"], capture_output=True, check=True
    )
    (tags,) = json.loads(listing.stdout)
    assert tags["Description"] == "Peta dusun."
    assert tags["Creator"] == "Nur Aini"


def test_a_draft_has_no_kit(site: Site) -> None:
    made = news.create(operator(site), Text(title="Rahasia"))
    for name in (made.slug, made.id, "tidak-ada"):
        with pytest.raises(NotFound):
            kit.of_article(site, name)
    assert client(site).get(f"/media-kit/berita/{made.slug}.zip").status_code == 404


def _schema_errors(value: Any) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    file = SCHEMAS / "ninjs-3.1.json"
    if not file.exists():
        pytest.skip(f"{file} is absent: set DESA_SCHEMAS to the folder with ninjs-3.1.json")
    schema = json.loads(file.read_text())
    geo = json.loads((SCHEMAS / "GeoJSON.json").read_text())
    resource = referencing.Resource.from_contents(
        geo, default_specification=referencing.jsonschema.DRAFT7
    )
    registry = referencing.Registry().with_resources(
        [("https://geojson.org/schema/GeoJSON.json", resource)]
    )
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, registry=registry, format_checker=checker)
    return [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(value)]


@pytest.mark.parametrize("address", ["https://sukamaju.desa.id", ""])
def test_ninjs_holds_against_the_schema_of_the_iptc(site: Site, article: str, address: str) -> None:
    settings.change(operator(site), {"public_address": address})
    _archive, files = _open(kit.of_article(site, article))
    value = json.loads(files["ninjs.json"])
    assert _schema_errors(value) == []
    assert _schema_errors({**value, "judul": "x"})  # the schema does refuse what it does not know
    assert value["uri"].startswith("urn:uuid:")
    assert [a["type"] for a in value["associations"]] == ["picture", "picture"]
    names = {a["renditions"][0]["title"] for a in value["associations"]}
    assert names == {name for name in files if name.startswith("foto/")}


def test_the_kit_of_the_village_has_emblem_facts_and_the_press_album(
    site: Site, article: str, tmp_path: Path
) -> None:
    boss = operator(site)
    _archive, files = _open(kit.of_village(site))
    assert "lambang.svg" in files
    assert "Penduduk: 4.210 jiwa" in files["profil.txt"].decode()
    assert len([n for n in files if n.startswith("foto/")]) == 1
    chosen = service.add(boss, photo_file(tmp_path, 8), caption="Balai desa.")
    album = albums.add(boss, "Foto pers")
    albums.set_albums_of(boss, chosen.id, [album.id])
    _archive, files = _open(kit.of_village(site))
    assert [n for n in files if n.startswith("foto/")] == [f"foto/{chosen.file_name}"]


def test_a_village_without_anything_still_has_a_kit(site: Site) -> None:
    _archive, files = _open(kit.of_village(site))
    assert "profil.txt" in files


@pytest.mark.both_databases
def test_the_page_offers_kits_and_hides_children_without_consent(site: Site, article: str) -> None:
    once(site, followers.followers(site), {})
    web = client(site)
    page = web.get("/media-kit/")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert f"/media-kit/berita/{article}.zip" in text
    assert "/media-kit/desa.zip" in text
    assert "2 foto asli" in text
    with web.get(f"/media-kit/berita/{article}.zip") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "application/zip"
        assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    gallery = web.get("/galeri/").get_data(as_text=True)
    assert "Anak." not in gallery
    assert "=Panen, raya" in gallery


def test_a_withdrawn_article_leaves_gallery_and_kits(site: Site, article: str) -> None:
    boss = operator(site)
    web = client(site)
    assert article in web.get("/galeri/").get_data(as_text=True)
    found = news.act(boss, news.Op.WITHDRAW, _id_of(site, article), note="Keliru.")
    assert found.state == "withdrawn"
    assert article not in web.get("/galeri/").get_data(as_text=True)
    assert article not in web.get("/media-kit/").get_data(as_text=True)
    assert web.get(f"/media-kit/berita/{article}.zip").status_code == 404


def test_the_gallery_goes_on_where_a_page_ended(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    rubrics.add_defaults(boss)
    for n in range(27):
        kept = service.add(boss, photo_file(tmp_path, n), caption=f"Foto ke-{n:02}.")
        body = f'<figure data-foto="{kept.id}"></figure>'
        made = news.create(boss, Text(title=f"Kabar {n}", body=body, rubric="pembangunan"))
        news.publish_now(boss, made.id)
    web = client(site)
    first = web.get("/galeri/").get_data(as_text=True)
    assert first.count("<figcaption>") == 24
    older = first.partition("/galeri/?setelah=")[2].partition('"')[0]
    second = web.get(f"/galeri/?setelah={older}").get_data(as_text=True)
    assert second.count("<figcaption>") == 3
    assert "Foto ke-26." in first
    assert "Foto ke-00." in second


def _id_of(site: Site, slug: str) -> str:
    from desa_web.features.news import queries

    return queries.find(operator(site), slug).id
