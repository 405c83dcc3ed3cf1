"""The village's emblem: sent in the settings, shown on every page, in the kit, never as sent."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from desa_web.core import settings
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Conflict, Forbidden, InvalidInput
from desa_web.core.follow import once
from desa_web.core.site import Site
from desa_web.engines.images import PhotoRefused
from desa_web.features.media import emblem, followers, kit, service
from tests.harness.hostile_images import SVG
from tests.harness.photos import photo_file
from tests.harness.site import actor_as, client, post_form


def _emblem(folder: Path) -> Path:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "RahasiaKomputer")
    image = Image.new("RGBA", (600, 700), (0, 0, 0, 0))
    image.paste((200, 30, 40, 255), (100, 100, 500, 600))
    image.save(folder / "lambang.png", pnginfo=words)
    return folder / "lambang.png"


def test_the_emblem_stands_in_the_header_and_the_tab_of_every_page(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    web = client(site)
    assert "/tema/" in web.get("/").get_data(as_text=True).partition('rel="icon"')[2][:80]
    kept = emblem.choose(boss, _emblem(tmp_path), "lambang.png")
    address = emblem.url(kept)
    for path in ("/", "/berita/", "/media-kit/"):
        page = web.get(path).get_data(as_text=True)
        assert f'<link rel="icon" href="{address}"' in page
        assert f'class="lambang" src="{address}"' in page
    # Before and after its renditions are made.
    with web.get(address) as before:
        assert (before.status_code, before.mimetype) == (200, "image/png")
    once(site, followers.followers(site), {})
    with web.get(address) as after:
        assert (after.status_code, after.mimetype) == (200, "image/webp")
        shown = Image.open(io.BytesIO(after.data))
        assert (max(shown.size), shown.mode) == (320, "RGBA")
        assert b"RahasiaKomputer" not in after.data
    emblem.drop(boss)
    assert web.get(address).status_code == 404


def test_only_the_chosen_picture_has_the_emblems_address(site: Site, tmp_path: Path) -> None:
    other = service.add(operator(site), photo_file(tmp_path))
    assert client(site).get(emblem.url(other)).status_code == 404
    emblem.choose(operator(site), _emblem(tmp_path), "lambang.png")
    for key in (other.master_sha256[:20], "", "0" * 20):
        assert client(site).get(f"/media/lambang/{key}.webp").status_code == 404


def test_the_kit_of_the_village_holds_its_emblem(site: Site, tmp_path: Path) -> None:
    def names() -> set[str]:
        with zipfile.ZipFile(kit.of_village(site).path) as archive:
            return {name.partition("/")[2] for name in archive.namelist()}

    assert "lambang.svg" in names()
    emblem.choose(operator(site), _emblem(tmp_path), "lambang.png")
    assert {"lambang.png"} <= names()
    assert "lambang.svg" not in names()


def test_the_emblem_is_not_thrown_away_or_replaced_by_accident(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    kept = emblem.choose(boss, _emblem(tmp_path), "lambang.png")
    with pytest.raises(Conflict):
        service.trash(boss, kept.id)
    with pytest.raises(Conflict):
        service.replace(boss, kept.id, photo_file(tmp_path))
    emblem.drop(boss)
    service.trash(boss, kept.id)


def test_who_runs_the_site_sends_the_emblem_and_nobody_else(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        emblem.choose(actor_as(site, Role.REPORTER), _emblem(tmp_path), "lambang.png")
    address = "/kelola/pengaturan/lambang"
    assert client(site, actor_as(site, Role.EDITOR)).get(address).status_code == 403
    web = client(site, actor_as(site, Role.ADMIN))
    for name, data, said in (("", b"", "Pilih dulu"), ("lambang.svg", SVG, "Simpan sebagai JPEG")):
        answer = post_form(web, address, {"file": (io.BytesIO(data), name)})
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    data = _emblem(tmp_path).read_bytes()
    assert post_form(web, address, {"file": (io.BytesIO(data), "lambang.png")}).status_code == 303
    assert settings.read(site)["emblem"]
    assert address in web.get("/kelola/pengaturan/look").get_data(as_text=True)
    assert post_form(web, address, {"bawaan": "1"}).status_code == 303
    assert settings.read(site)["emblem"] == ""


def test_a_broken_emblem_leaves_the_old_one(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    kept = emblem.choose(boss, _emblem(tmp_path), "lambang.png")
    (tmp_path / "rusak.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    with pytest.raises(PhotoRefused):
        emblem.choose(boss, tmp_path / "rusak.png", "rusak.png")
    assert settings.read(site)["emblem"] == kept.master_sha256


def test_contacts_for_the_press_stand_on_the_page_and_in_the_kit(site: Site) -> None:
    people = ["Bagus Prasetya: Sekretaris Desa", "Nur Aini: KIM Sukamaju: 0812 3456 7890"]
    settings.change(operator(site), {"media_contacts": people})
    page = client(site).get("/media-kit/").get_data(as_text=True)
    assert "<span>Bagus Prasetya <small>Sekretaris Desa</small>" in page
    number = "<small>0812 3456 7890</small>"
    assert f'<a href="tel:081234567890">Nur Aini, KIM Sukamaju {number}' in page
    with zipfile.ZipFile(kit.of_village(site).path) as archive:
        name = next(n for n in archive.namelist() if n.endswith("profil.txt"))
        assert "Nur Aini, KIM Sukamaju, 0812 3456 7890" in archive.read(name).decode()
    with pytest.raises(InvalidInput):
        settings.change(operator(site), {"media_contacts": ["Nur: KIM: panggil saja"]})
