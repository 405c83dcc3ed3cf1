"""A new media centre: its first pages, its menu, its words; nothing that only a village has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from desa_web.app import create_app
from desa_web.core.site import open_site
from desa_web.features.setup import guard
from tests.harness.site import make_site, run_desa

PAGES = ("/halaman/tentang", "/halaman/cara-bergabung", "/halaman/pedoman", "/halaman/kontak")
VILLAGE_WORDS = ("Kepala Desa", "Perangkat Desa", "BPD", "Visi &amp; Misi", "Layanan")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("hub") / "situs"
    done = run_desa(
        "init", folder, "--role", "hub", "--name", "Kabupaten Bengawan", "--admin", "ratna"
    )
    assert done.returncode == 0, done.stderr
    assert "Sebagian isi awal belum masuk" not in done.stdout
    site = open_site(folder)
    with site.bound():
        yield create_app(site).test_client()
    site.close()


def test_it_is_called_media_center(web: FlaskClient) -> None:
    home = web.get("/").text
    assert ">Media Center Kabupaten Bengawan</b>" in home
    assert "Desa Kabupaten" not in home


def test_its_menu_leads_to_the_villages_and_every_entry_opens(web: FlaskClient) -> None:
    home = web.get("/").text
    menu = home.partition('aria-label="Menu utama"')[2].partition("</nav>")[0]
    found = re.findall(r'href="([^"]+)"', menu)
    assert "/desa/" in found
    assert {url: web.get(url).status_code for url in found} == dict.fromkeys(found, 200)


@pytest.mark.parametrize("path", PAGES)
def test_its_pages_open_and_every_link_in_them_leads_somewhere(web: FlaskClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    for url in re.findall(r'href="(/[^"]*)"', main):
        assert web.get(url).status_code == 200, url


def test_it_has_nothing_that_only_a_village_has(web: FlaskClient) -> None:
    for path in ("/", "/desa/", *PAGES):
        main = web.get(path).text
        assert [word for word in VILLAGE_WORDS if word in main] == [], path


def test_a_village_keeps_its_own_first_content(tmp_path: Path) -> None:
    folder = tmp_path / "desa"
    assert run_desa("init", folder, "--name", "Sukamaju", "--admin", "bagus").returncode == 0
    site = open_site(folder)
    with site.bound():
        web = create_app(site).test_client()
        assert web.get("/halaman/kepala-desa").status_code == 200
        assert web.get("/desa/").status_code == 404
    site.close()


def test_the_wizard_of_a_media_centre_asks_in_its_own_words(tmp_path: Path) -> None:
    site = make_site(tmp_path / "hub", options={"role": "hub"})
    with site.bound():
        code = guard.open_wizard(site)
        assert code is not None
        web = create_app(site).test_client()
        shown = _asked(web, code)
        assert "Media center mana ini?" in shown
        assert "Nama kabupaten atau kota" in shown
        # Its own code is that of a kabupaten, never a village's ten digits.
        assert "misalnya 33.05" in shown
        assert "35.22.07.2004" not in shown
        token = re.search(r'name="_token" value="([^"]+)"', shown)
        assert token is not None
        sent = dict(re.findall(r'type="hidden" name="([^_][^"]*)" value="([^"]*)"', shown))
        answer = web.post(
            "/mulai/desa",
            data={
                **sent, "_token": token[1], "village_name": "Kabupaten Bengawan",
                "province": "Jawa Timur", "regency": "Bengawan",
            },
            headers={"Sec-Fetch-Site": "same-origin"},
        )  # fmt: skip
        assert answer.status_code == 303, answer.text
        following = web.get(answer.headers["Location"]).text
        assert "Media Center Kabupaten Bengawan" in following
        assert "Nama KIM" not in following
    site.close()


def _asked(web: FlaskClient, code: str) -> str:
    token = re.search(r'name="_token" value="([^"]+)"', web.get("/mulai").text)
    assert token is not None
    answer = web.post(
        "/mulai", data={"_token": token[1], "code": code},
        headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    return web.get(answer.headers["Location"]).text
