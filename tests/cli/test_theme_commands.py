"""`desa theme`, colours by `desa config set`, and what doctor says of both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desa_web.core import checks, settings
from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.features.portal.checks import CHECKS
from tests.harness.site import make_site, run_desa


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = make_site(tmp_path_factory.mktemp("tema"))
    site.close()
    return site.path


def test_a_new_theme_is_listed_and_found_good(folder: Path) -> None:
    made = run_desa("--site", folder, "theme", "new", "batik")
    assert made.returncode == 0, made.stderr
    listed = json.loads(run_desa("--json", "--site", folder, "theme", "list").stdout)
    assert {theme["name"] for theme in listed} >= {"batik", "desa", "pesisir"}
    assert [theme["name"] for theme in listed if theme["is_used"]] == ["desa"]
    good = run_desa("--json", "--site", folder, "theme", "check", "batik")
    assert (good.returncode, json.loads(good.stdout)) == (0, [])
    assert run_desa("theme", "check", folder / "themes" / "batik").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ("new", "../luar"),
        ("new", "Besar"),
        ("new", "lain", "--extends", "tidak-ada"),
        ("check", "tidak-ada"),
    ],
)
def test_wrong_names_are_refused_with_a_sentence(folder: Path, words: tuple[str, ...]) -> None:
    done = run_desa("--site", folder, "theme", *words)
    assert done.returncode == 1
    assert "ema" in done.stderr
    assert not (folder / "themes" / "lain").exists()


def test_a_broken_template_is_named_by_check_and_doctor(site: Site) -> None:
    theme = site.path / "themes" / "rusak"
    (theme / "templates").mkdir(parents=True)
    (theme / "theme.toml").write_text('title = "Rusak"\nextends = "desa"\n')
    (theme / "templates" / "article.html").write_text("{{ page.apa }}")
    settings.change(operator(site), {"theme": "rusak"})
    done = run_desa("--json", "--site", site.path, "theme", "check", "rusak")
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["path"] == "article.html"
    found = [f for f in checks.run(site, CHECKS) if f.level is not checks.Level.GOOD]
    assert [f.subject for f in found] == ["tema"]
    assert "article.html" in found[0].sentence


def test_unreadable_colours_are_refused_and_found(site: Site) -> None:
    done = run_desa("--site", site.path, "config", "set", "accent_green", "#ffee00")
    assert done.returncode == 1
    assert "hijau" in done.stderr
    assert settings.read(site)["accent_green"] == ""
    settings.change(operator(site), {"accent_green": "#ffee00"})
    found = [f for f in checks.run(site, CHECKS) if f.level is not checks.Level.GOOD]
    assert {f.subject for f in found} == {"warna"}
