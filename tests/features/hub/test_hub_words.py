"""A media centre is no village: none of a village's own words stand on its pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from desa_web.core import settings
from desa_web.core.actor import Role
from desa_web.core.site import Site, open_site
from tests.harness.site import actor_as, client, make_site, run_desa

# Whom and what only a village has.
_VILLAGE = re.compile(
    r"Admin Desa|Kantor Desa|Kantor Media Center|Kepala Desa|Nama desa|Tentang desa|Sebutan desa"
    r"|Lambang desa|Desa Baru|Nama KIM|Kontributor KIM|ke Kominfo|dengan Kominfo|petugas Kominfo"
)
DESK = ["/kelola/", "/kelola/tulis", "/kelola/berita", "/kelola/pengguna", "/kelola/pengguna/baru",
        "/kelola/akun", "/kelola/plh", "/kelola/sinkron", "/kelola/foto", "/kelola/rubrik",
        "/kelola/halaman", "/kelola/menu", "/kelola/lambang", "/kelola/desa", "/kelola/kiriman",
        "/kelola/undang", "/kelola/ekspor"]  # fmt: skip
PUBLIC = ["/", "/berita/", "/desa/", "/cari?q=panen", "/galeri/", "/media-kit/", "/pengumuman/",
          "/halaman/kontak", "/halaman/tentang", "/tidak-ada"]  # fmt: skip


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A media centre as `desa init` makes it."""
    folder = tmp_path_factory.mktemp("hub") / "situs"
    made = run_desa("init", folder, "--role", "hub", "--name", "Media Center Bengawan")
    assert made.returncode == 0, made.stderr
    return folder


def village_words(site: Site, paths: list[str], *, desk: bool) -> dict[str, list[str]]:
    web = client(site, actor_as(site, Role.ADMIN, "rina") if desk else None)
    found = {}
    for path in paths:
        with web.get(path) as answer:
            page = html.document_fromstring(answer.get_data(as_text=True))
        for one in page.xpath("//script|//style"):
            one.drop_tree()
        words = " ".join(page.xpath("//text()|//@aria-label|//@placeholder|//@alt"))
        if said := sorted({match[0] for match in _VILLAGE.finditer(words)}):
            found[path] = said
    return found


def test_the_desk_of_a_centre_speaks_of_a_centre(centre: Path) -> None:
    site = open_site(centre)
    with site.bound():
        groups = [f"/kelola/pengaturan/{name}" for name, _label in settings.GROUPS]
        assert village_words(site, [*DESK, *groups], desk=True) == {}
    site.close()


def test_readers_of_a_centre_see_a_centre(centre: Path) -> None:
    site = open_site(centre)
    with site.bound():
        assert village_words(site, PUBLIC, desk=False) == {}
        footer = html.document_fromstring(client(site).get("/").text).xpath("//footer")[0]
        assert footer.text_content().count("Media Center") == 1
        assert "Redaksi Media Center Bengawan" in footer.text_content()
    site.close()


def test_a_village_keeps_its_words(tmp_path: Path) -> None:
    site = make_site(tmp_path, village_name="Sukamaju")
    with site.bound():
        web = client(site, actor_as(site, Role.ADMIN))
        assert "Admin Desa" in web.get("/kelola/").text
        page = web.get("/kelola/pengaturan/words").text
        assert "Sebutan kepala desa" in page
        assert "Kirim berita ke Kominfo" in web.get("/kelola/pengaturan/work").text
        assert "Kantor Desa" in client(site).get("/").text
    site.close()
