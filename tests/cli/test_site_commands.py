"""`desa init`, `serve`, `follow`, `config`, `doctor`: real processes, exit codes, sentences."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from desa_web.cli import setup
from desa_web.core import db, migrate, settings
from desa_web.core.actor import operator
from desa_web.core.console import Console
from desa_web.core.errors import InvalidInput
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import recovery
from tests.harness.site import ROOT, make_site, run_desa, running, serving


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A site made by the command, and what the command said."""
    folder = tmp_path_factory.mktemp("init") / "situs"
    done = run_desa("--json", "init", folder, "--name", "Sukamaju", "--code", "35.22.07.2004")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_init_asks_nothing_when_given_options_and_prints_codes_once(
    made: tuple[Path, dict[str, object]],
) -> None:
    folder, said = made
    site = open_site(folder)
    with site.bound():
        assert settings.read(site)["kode_wilayah"] == "35.22.07.2004"
        assert recovery.invited(site, str(said["setup_code"])).role == "admin"
    site.close()
    codes = said["recovery_codes"]
    assert isinstance(codes, list)
    assert len(codes) == recovery.RECOVERY_CODES


@pytest.mark.parametrize(
    ("code", "kept"),
    [("33.05", "33.05"), ("33", "33"), ("33.05.01", "33.05.01"), ("3305", "33.05")],
)
def test_a_media_centre_has_the_code_of_its_kabupaten_province_or_kecamatan(
    tmp_path: Path, code: str, kept: str
) -> None:
    folder = tmp_path / "hub"
    made = setup.Wishes(
        name="Kebumen", code=code, role="hub", login="ana", person="", password=None,
        database_url="",
    )  # fmt: skip
    setup.create(Console(None, None, True, lambda *_: None), folder, made, is_demo=False)
    site = open_site(folder)
    with site.bound():
        assert settings.read(site)["kode_wilayah"] == kept
        # A village's code is nobody's at a hub; the sentence shows the right one.
        with pytest.raises(InvalidInput, match=r"33\.05 untuk kabupaten"):
            settings.change(operator(site), {"kode_wilayah": "35.22.07.2004"})
    site.close()


@pytest.mark.parametrize("code", ["33.05", "33", "33.05.01"])
def test_a_village_needs_a_villages_code(site: Site, code: str) -> None:
    with pytest.raises(InvalidInput, match=r"seperti 35\.22\.07\.2004"):
        settings.change(operator(site), {"kode_wilayah": code})
    assert settings.change(operator(site), {"kode_wilayah": "3522072004"})["kode_wilayah"] == (
        "35.22.07.2004"
    )


def test_init_says_how_a_hubs_code_is_written(tmp_path: Path) -> None:
    done = run_desa("init", tmp_path / "hub", "--role", "hub", "--name", "X", "--code", "Kebumen")
    assert (done.returncode, "seperti 33.05" in done.stderr) == (1, True)
    assert not (tmp_path / "hub").exists()


def test_init_never_overwrites(made: tuple[Path, dict[str, object]]) -> None:
    done = run_desa("init", made[0], "--name", "Lain")
    assert (done.returncode, done.stdout) == (1, "")
    assert "sudah berisi" in done.stderr


@pytest.mark.parametrize(
    "options", [["--code", "35.22"], ["--name", "x" * 81], ["--admin", "TIDAK BOLEH"]]
)
def test_a_refused_init_leaves_no_folder(tmp_path: Path, options: list[str]) -> None:
    done = run_desa("init", tmp_path / "situs", "--name", "Sukamaju", *options)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "situs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["nonsense"], 2, "nonsense"),
        (["user", "role", "nur", "king"], 2, "king"),
        (["--site", "/nowhere", "user", "list"], 1, "desa init"),
        (["user", "list"], 1, "--site"),
        ([], 2, "Pemakaian"),
    ],
)
def test_exit_codes_tell_usage_from_refusal(arguments: list[str], code: int, word: str) -> None:
    done = run_desa(*arguments)
    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_config_options_and_settings_are_listed_read_and_set(site: Site) -> None:
    here = ("--site", site.path)
    listed = json.loads(run_desa(*here, "--json", "config", "list").stdout)
    kinds = {entry["name"]: entry["kind"] for entry in listed}
    assert kinds["port"] == "option"
    assert kinds["village_name"] == "setting"
    assert run_desa(*here, "config", "set", "port", "9000").returncode == 0
    assert run_desa(*here, "config", "set", "follow", "tidak").returncode == 0
    assert run_desa(*here, "config", "set", "motto", "Guyub rukun").returncode == 0
    again = open_site(site.path)
    assert (again.config.number("port"), again.config.flag("follow")) == (9000, False)
    assert settings.read(again)["motto"] == "Guyub rukun"
    wrong = run_desa(*here, "config", "set", "port", "x")
    assert (wrong.returncode, "port" in wrong.stderr) == (1, True)
    assert run_desa(*here, "config", "get", "tidak_ada").returncode == 1


def test_the_environment_names_the_site(site: Site) -> None:
    done = run_desa("--json", "user", "list", environ={"DESA_SITE": str(site.path)})
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_doctor_is_content_with_a_new_site_and_exits_1_when_something_is_broken(
    site: Site,
) -> None:
    here = ("--site", site.path)
    good = run_desa(*here, "doctor", "--json")
    assert good.returncode == 0, good.stdout
    assert "rusak" not in {line["level"] for line in json.loads(good.stdout)}
    with db.write(site.database):
        db.execute(site.database, "DELETE FROM journal_head")
        db.execute(site.database, "INSERT INTO journal_head VALUES (1, 7, 0, 'x')")
    broken = run_desa(*here, "doctor")
    assert broken.returncode == 1
    assert "rusak" in broken.stdout
    assert "Traceback" not in broken.stdout + broken.stderr


def test_doctor_names_keys_that_others_can_read(site: Site) -> None:
    (site.data / "keys").chmod(0o755)
    done = run_desa("--site", site.path, "doctor")
    assert done.returncode == 1
    assert "chmod" in done.stdout


def test_serve_says_where_it_is_answers_and_stops_cleanly(site: Site) -> None:
    with running("--site", site.path, "serve", "--port", "0") as (process, url):
        with urllib.request.urlopen(url + "sehat") as answer:
            state = json.load(answer)
        assert state["ok"]
        assert state["worker_age_s"] < 30
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_a_port_in_use_is_a_sentence(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run_desa("--site", site.path, "serve", "--port", port)
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def older(site: Site) -> Site:
    """A site as the first version of the schema left it."""
    site.close()
    file = site.data / "desa.db"
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in migrate.migrations()[0].statements(sqlite=True):
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version VALUES (1, 'ground', '0')")
    connection.execute("INSERT INTO journal_head VALUES (1, 0, 0, 'x')")
    connection.commit()
    connection.close()
    return site


def test_serve_brings_an_older_schema_up_to_date(older: Site) -> None:
    with serving(older) as url, urllib.request.urlopen(url + "sehat") as answer:
        assert json.load(answer)["schema_current"]


def test_other_commands_refuse_an_older_schema_and_upgrade_mends_it(older: Site) -> None:
    here = ("--site", older.path)
    for command in (["user", "list"], ["follow", "--once"], ["config", "list"]):
        done = run_desa(*here, *command)
        assert (done.returncode, "desa upgrade" in done.stderr) == (1, True)
    assert run_desa(*here, "doctor").returncode == 1
    mended = run_desa(*here, "--json", "upgrade")
    assert json.loads(mended.stdout)["applied"][0] == migrate.migrations()[1].name
    assert run_desa(*here, "user", "list").returncode == 0


def test_a_command_and_the_server_work_on_one_site_together(site: Site) -> None:
    with serving(site) as url:
        done = run_desa("--site", site.path, "user", "add", "nur", "--name", "Nur",
                        "--role", "reporter")  # fmt: skip
        assert done.returncode == 0, done.stderr
        with urllib.request.urlopen(url + "sehat") as answer:
            assert json.load(answer)["journal"] >= 2


def test_follow_once_twice_changes_nothing(site: Site) -> None:
    settings.change(operator(site), {"motto": "Guyub"})
    first = run_desa("--site", site.path, "follow", "--once")
    second = run_desa("--site", site.path, "--json", "follow", "--once")
    assert (first.returncode, second.returncode) == (0, 0)
    assert json.loads(second.stdout) == {"rows": 0}


def test_a_reader_that_leaves_early_is_no_error(site: Site) -> None:
    command = f"{sys.executable} -m desa_web.cli --site {site.path} config list | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""


def test_json_may_stand_behind_the_command(made: tuple[Path, dict[str, object]]) -> None:
    before = run_desa("--site", made[0], "--json", "sync", "status")
    behind = run_desa("--site", made[0], "sync", "status", "--json")
    assert (behind.returncode, behind.stdout) == (0, before.stdout)
    assert [one["last_seq"] for one in json.loads(behind.stdout)] == [0]


def test_json_after_two_dashes_is_a_word(made: tuple[Path, dict[str, object]]) -> None:
    done = run_desa("--site", made[0], "news", "show", "--", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "tidak ada" in done.stderr


def test_the_doctor_of_an_unreadable_database_says_what_to_do(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.close()
    (site.path / "data" / "desa.db").write_bytes(b"rusak" * 1000)
    said = run_desa("--site", site.path, "doctor")
    assert said.returncode == 1
    assert "desa backup restore" in said.stdout
    assert "desa doctor" not in said.stdout + said.stderr


def test_a_new_demo_tells_no_password_that_is_changed_a_moment_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(None, None, is_json=False, find_actor=lambda *_: None)  # type: ignore[arg-type]
    setup.create_demo(console, tmp_path / "demo")
    said = capsys.readouterr().out
    assert "demo" in said
    assert not re.search(r"[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}", said)
    site = open_site(tmp_path / "demo")
    with site.bound():
        assert len(setup.renew_demo_passwords(site)) == 6
    site.close()
