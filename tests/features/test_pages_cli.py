"""`desa page …`: real processes, exit codes, the same rules as in the browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from desa_web.core.actor import Role
from desa_web.features.pages import menu, queries
from desa_web.features.portal import furnish
from tests.harness.site import actor_as, make_site, run_desa


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with the starter's pages and one reporter; nobody changes it."""
    site = make_site(tmp_path_factory.mktemp("halaman"))
    with site.bound():
        actor_as(site, Role.REPORTER, "nur")
    site.close()
    done = run_desa("--site", site.path, "page", "import", furnish.content_folder("starter"))
    assert done.returncode == 0, done.stdout + done.stderr
    return site.path


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of that site for one test."""
    return Path(shutil.copytree(filled, tmp_path / "situs"))


def test_pages_are_listed_shown_moved_thrown_away_and_taken_back(folder: Path) -> None:
    def desa(*words: str) -> list[dict[str, object]]:
        done = run_desa("--json", "--site", folder, "page", *words)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return found if isinstance(found, list) else [found]

    listed = desa("list")
    assert len(listed) == len(list((furnish.content_folder("starter") / "pages").glob("*.md")))
    assert [p["slug"] for p in listed if p["depth"] == 0][:2] == ["profil-desa", "pemerintahan"]
    moved = desa("move", "potensi", "--slug", "usaha-warga", "--parent", "-", "--position", "1")
    assert moved[0]["slug"] == "usaha-warga"
    assert desa("list")[0]["slug"] == "usaha-warga"
    assert desa("show", "usaha-warga")[0]["aliases"] == ["potensi"]
    desa("trash", "usaha-warga")
    assert [p["slug"] for p in desa("list", "--trash")] == ["usaha-warga"]
    desa("restore", "usaha-warga")
    assert desa("list", "--trash") == []


def test_importing_twice_says_so_and_a_wrong_file_fails(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "baik.md").write_text("---\ntitle: Baik\n---\n\nIsi.\n", encoding="utf-8")
    (tmp_path / "rusak.md").write_text("tanpa kepala", encoding="utf-8")
    done = run_desa("--site", folder, "page", "import", tmp_path)
    assert done.returncode == 1
    assert "rusak.md: " in done.stdout
    again = run_desa("--site", folder, "page", "import", tmp_path / "baik.md")
    assert (again.returncode, again.stdout.strip()) == (0, "baik.md: tidak berubah")


def test_an_export_never_writes_over_files(folder: Path, tmp_path: Path) -> None:
    done = run_desa("--site", folder, "page", "export", tmp_path / "keluar")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "keluar" / "menu.toml").is_file()
    assert run_desa("--site", folder, "page", "export", tmp_path / "keluar").returncode == 1


@pytest.mark.parametrize("words", [("trash", "kontak"), ("move", "kontak", "--slug", "x")])
def test_a_reporter_may_not(folder: Path, words: tuple[str, ...]) -> None:
    done = run_desa("--site", folder, "--as", "nur", "page", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Mintalah bantuan Admin." in done.stderr


@pytest.mark.parametrize("words", [("show", "tidak-ada"), ("restore", "kontak"), ("move", "x")])
def test_what_is_not_there_is_said(folder: Path, words: tuple[str, ...]) -> None:
    done = run_desa("--site", folder, "page", *words)
    assert done.returncode == 1
    assert "tidak ada" in done.stderr


def test_the_menu_came_in_with_the_pages(folder: Path) -> None:
    from desa_web.core.site import open_site

    site = open_site(folder)
    with site.bound():
        titles = [item.title for item in menu.items(site)]
        slugs = {node.slug for node in queries.tree(site)}
    site.close()
    assert titles[:3] == ["Beranda", "Profil Desa", "Pemerintahan"]
    assert "kontak" in slugs
