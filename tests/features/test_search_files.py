"""Words inside files and around photos: PDF text, captions, albums; hostile files hurt nobody."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.features.media import albums, documents, masters
from desa_web.features.media import service as media
from desa_web.features.news import service
from desa_web.features.news.article import Article, Text
from desa_web.features.news.workflow import Op
from desa_web.features.search import pdf, shelf
from desa_web.features.search.follower import followers
from tests.features.test_search import addresses, followed, page_of, published, suggested


def pdf_with(*pages: str, extra: bytes = b"") -> bytes:
    """Return a small PDF whose pages say `pages`."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("latin-1")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out, offsets = bytearray(b"%PDF-1.4\n" + extra), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def uploaded(site: Site, folder: Path, *pages: str, title: str = "Peraturan desa") -> str:
    """Put a PDF into the library and return its address."""
    file = folder / "perdes.pdf"
    file.write_bytes(pdf_with(*pages))
    return documents.add(operator(site), file, title=title).url


def linking(site: Site, url: str, title: str = "Perdes baru") -> Article:
    text = Text(title=title, body=f'<p>Unduh <a href="{url}">naskahnya</a>.</p>')
    return service.create(operator(site), text)


@pytest.mark.both_databases
def test_the_text_of_a_linked_pdf_is_found_with_its_passage(site: Site, tmp_path: Path) -> None:
    url = uploaded(site, tmp_path, "Pasal satu", "Pungutan kambium retribusi pasar")
    article = linking(site, url)
    followed(site)
    assert addresses(page_of(site, "retribusi")) == []
    service.publish_now(operator(site), article.id)
    followed(site)
    page = page_of(site, "retribusi pasar")
    assert addresses(page) == [url]
    assert "<mark>retribusi</mark> <mark>pasar</mark>" in page
    assert "Dokumen" in page_of(site, "perdes peraturan")


def test_a_pdf_of_a_draft_stays_unknown(site: Site, tmp_path: Path) -> None:
    linking(site, uploaded(site, tmp_path, "rahasia kambium", title="Naskah tertutup"))
    followed(site)
    shelf.ask_for_rebuild(site)
    followed(site)
    for word in ("kambium", "tertutup"):
        assert addresses(page_of(site, word)) == []
        assert suggested(site, word[:4]) == []


@pytest.mark.parametrize("by", ["withdraw", "trash"])
def test_a_pdf_is_gone_with_the_text_that_linked_to_it(site: Site, tmp_path: Path, by: str) -> None:
    boss = operator(site)
    url = uploaded(site, tmp_path, "retribusi kambium")
    article = service.publish_now(boss, linking(site, url).id)
    followed(site)
    assert addresses(page_of(site, "kambium")) == [url]
    if by == "withdraw":
        service.act(boss, Op.WITHDRAW, article.id, version=article.version, note="keliru")
    else:
        found = documents.by_hash(url.split("/")[2])
        assert found is not None
        documents.trash(boss, found.id)
    assert addresses(page_of(site, "kambium")) == []
    followed(site)
    # Not only hidden: the index itself has let it go.
    assert shelf.index_of(site).status().documents == (0 if by == "withdraw" else 1)
    shelf.ask_for_rebuild(site)
    followed(site)
    assert suggested(site, "kambi") == []


def test_a_text_waits_for_an_index_that_is_damaged(site: Site, tmp_path: Path) -> None:
    published(site, "Panen padi")
    followed(site)
    service.publish_now(operator(site), linking(site, uploaded(site, tmp_path, "kambium")).id)
    index, texts = followers(site)
    catch_up(site, index)
    (shelf.folder(site) / "state.json").write_bytes(b"{}")
    catch_up(site, texts)
    assert [kept.suffix for kept in shelf.texts_folder(site).glob("*.*") if kept.stem != "cursor"]
    catch_up(site, index)
    catch_up(site, texts)
    assert len(addresses(page_of(site, "kambium"))) == 1


def test_captions_belong_to_the_article_and_follow_their_changes(site: Site) -> None:
    boss = operator(site)
    photo = media.add(boss, photo_file(site), caption="Mbah Surip memetik kambil")
    article = published(site, "Panen kelapa", lead_photo_id=photo.id)
    followed(site)
    assert addresses(page_of(site, "kambil")) == [f"/berita/{article.slug}"]
    media.describe(boss, photo.id, caption="Mbah Surip memetik degan")
    followed(site)
    assert addresses(page_of(site, "degan")) == [f"/berita/{article.slug}"]
    assert addresses(page_of(site, "kambil", persis=1)) == []


def test_albums_are_found_by_their_captions(site: Site) -> None:
    boss = operator(site)
    photo = media.add(boss, photo_file(site), caption="Jaranan di lapangan")
    album = albums.add(boss, "Bersih desa", "Foto warga")
    followed(site)
    assert addresses(page_of(site, "jaranan")) == []
    albums.set_albums_of(boss, photo.id, [album.id])
    followed(site)
    assert addresses(page_of(site, "jaranan")) == [f"/galeri/{album.slug}"]


HOSTILE = {
    "empty": b"",
    "not a pdf": b"%PDF-1.4\nhalo\n%%EOF",
    "cut": pdf_with("kambium")[:300],
    "page tree in a circle": pdf_with("kambium").replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"),
    "contents in a circle": pdf_with("kambium").replace(b"/Contents 5 0 R", b"/Contents 4 0 R"),
    "root in a circle": pdf_with("kambium").replace(b"/Pages 2 0 R", b"/Pages 1 0 R"),
    "a million pages": pdf_with("kambium").replace(b"/Count 1 ", b"/Count 1000000 "),
    "deep brackets": pdf_with("kambium", extra=b"[" * 200_000 + b"]" * 200_000),
    "wrong offsets": pdf_with("kambium").replace(b"00000 n", b"99999 n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pdf_gives_a_text_or_none_within_bounds(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(HOSTILE[name])
    began = time.monotonic()
    assert len(pdf.text_of(file)) < 1000
    assert time.monotonic() - began < 60


def test_a_flate_bomb_ends_at_the_child_s_limits(tmp_path: Path) -> None:
    import zlib

    packed = zlib.compress(b" " * 700_000_000, 9)
    bomb = pdf_with("kambium").replace(
        b"/Length ", b"/Filter /FlateDecode /Length %d /X " % len(packed), 1
    )
    start = bomb.index(b"stream\n") + 7
    bomb = bomb[:start] + packed + bomb[bomb.index(b"\nendstream") :]
    file = tmp_path / "bom.pdf"
    file.write_bytes(bomb)
    assert len(pdf.text_of(file)) < 1000


def test_one_endless_page_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "lebar.pdf"
    file.write_bytes(pdf_with("kata " * 600_000, "akhir"))
    assert len(pdf.text_of(file)) <= pdf.MOST_CHARACTERS + 1


def test_a_long_pdf_is_read_up_to_a_bound(tmp_path: Path) -> None:
    file = tmp_path / "panjang.pdf"
    file.write_bytes(pdf_with(*(f"halaman nomor {n} " + "kata " * 100 for n in range(400))))
    text = pdf.text_of(file)
    assert "halaman nomor 0 " in text
    assert "halaman nomor 299 " in text
    assert "halaman nomor 300 " not in text


def photo_file(site: Site) -> Path:
    from PIL import Image

    file = site.path / "contoh.jpg"
    Image.effect_noise((400, 300), 60).convert("RGB").save(file, "JPEG")
    return file


def test_lost_files_do_not_stop_the_follower(site: Site, tmp_path: Path) -> None:
    url = uploaded(site, tmp_path, "kambium")
    masters.path_of(site, url.split("/")[2]).unlink()
    service.publish_now(operator(site), linking(site, url).id)
    followed(site)
    assert url in addresses(page_of(site, "peraturan"))
