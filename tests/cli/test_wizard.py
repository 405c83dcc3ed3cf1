"""`desa init --wizard`, the code that `desa serve` prints, and `desa setup code`."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest

from desa_web.core import settings
from desa_web.core.actor import Role, operator
from desa_web.core.site import open_site
from desa_web.features.accounts import service
from desa_web.features.setup import guard
from tests.harness.site import run_desa, running
from tests.harness.wizard import first_day, new_start


def test_init_wizard_makes_a_site_without_people_and_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "situs"
    done = run_desa("init", folder, "--wizard", "--name", "Kapau", "--code", "13.06.07.2003")
    assert done.returncode == 0, done.stderr
    assert f"desa --site {folder} serve" in done.stdout
    assert re.search(r"\d{4}-\d{4}", done.stdout) is None
    site = open_site(folder)
    with site.bound():
        assert not service.has_users()
        assert guard.is_open(site)
        values = settings.read(site)
        assert (values["village_name"], values["kode_wilayah"]) == ("Kapau", "13.06.07.2003")
    site.close()


@pytest.mark.parametrize("option", [["--demo"], ["--admin", "bagus"], ["--admin-name", "Bagus"]])
def test_the_wizard_asks_for_the_account_itself(tmp_path: Path, option: list[str]) -> None:
    done = run_desa("init", tmp_path / "situs", "--wizard", *option)
    assert done.returncode == 2
    assert not (tmp_path / "situs").exists()


def test_a_refused_init_wizard_leaves_no_folder(tmp_path: Path) -> None:
    done = run_desa("init", tmp_path / "situs", "--wizard", "--code", "13")
    assert done.returncode == 1
    assert not (tmp_path / "situs").exists()


def test_each_serve_prints_a_new_code_and_the_front_door_leads_to_it(tmp_path: Path) -> None:
    with first_day(tmp_path) as (url, first), urllib.request.urlopen(url) as answer:
        assert answer.url == f"{url}mulai"
        assert "Kode penyiapan" in answer.read().decode()
    with new_start(tmp_path / "situs") as (_url, second):
        assert re.fullmatch(r"\d{4}-\d{4}", second)
    site = open_site(tmp_path / "situs")
    with site.bound():
        assert first != second
        assert guard.admit(site, second)
        site.close()


def test_a_person_reads_the_code_on_the_console(tmp_path: Path) -> None:
    run_desa("init", tmp_path / "situs", "--wizard")
    with running("--site", tmp_path / "situs", "serve", "--port", "0") as (_process, url):
        said = json.loads(run_desa("--site", tmp_path / "situs", "--json", "setup", "code").stdout)
        assert re.fullmatch(r"\d{4}-\d{4}", said["code"])
        assert urllib.request.urlopen(url).url.endswith("/mulai")


def test_a_site_with_people_has_no_code(tmp_path: Path) -> None:
    run_desa("init", tmp_path / "situs", "--wizard")
    site = open_site(tmp_path / "situs")
    with site.bound():
        service.add(operator(site), "bagus", "Bagus", Role.ADMIN)
    site.close()
    done = run_desa("--site", tmp_path / "situs", "setup", "code")
    assert (done.returncode, done.stdout) == (1, "")
    command = ("--json", "--site", tmp_path / "situs", "serve", "--port", "0")
    with running(*command) as (_process, url), urllib.request.urlopen(url) as answer:
        assert answer.url == url
