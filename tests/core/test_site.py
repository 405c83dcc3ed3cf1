"""A site is one folder: made once, opened read-only too, never overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desa_web.core import db, journal, settings
from desa_web.core.actor import operator
from desa_web.core.errors import Busy, Conflict, Damaged, InvalidInput, NotFound, ReadOnly
from desa_web.core.site import FOLDERS, Site, create, open_site
from tests.harness.site import ROOT, FakeClock, make_site


def test_a_new_site_has_its_folders_and_private_keys(site: Site) -> None:
    for name in FOLDERS:
        assert (site.path / name).is_dir()
    assert (site.data / "keys").stat().st_mode & 0o777 == 0o700
    assert (site.path / "desa.toml").is_file()


@pytest.mark.parametrize("what", ["file inside", "is a file", "twice"])
def test_nothing_is_ever_overwritten(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "situs"
    if what == "is a file":
        folder.write_text("mine")
    elif what == "file inside":
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    else:
        create(folder).close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises((Conflict, InvalidInput)):
        create(folder)
    assert before == {path: path.read_bytes() for path in before}


def test_a_folder_without_a_site_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="desa init"):
        open_site(tmp_path)


def test_wal_is_set_once_and_every_commit_is_synced(site: Site) -> None:
    def pragma(name: str) -> object:
        return db.execute(site.database, f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("foreign_keys") == 1
    assert pragma("trusted_schema") == 0


def test_two_sites_in_one_process_keep_apart(tmp_path: Path) -> None:
    one, two = (make_site(tmp_path / name, village_name=name.title()) for name in ("satu", "dua"))
    with one.bound():
        assert settings.read(one)["village_name"] == "Satu"
        with two.bound():
            assert db.current() is two.database
        assert db.current() is one.database
    one.close()
    two.close()


def test_without_a_bound_site_models_say_so() -> None:
    result: list[str] = []

    def ask() -> None:
        try:
            db.current()
        except RuntimeError as error:
            result.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert result == ["no site is bound to this context"]


def test_a_writer_that_read_first_waits_instead_of_failing(site: Site) -> None:
    """BEGIN IMMEDIATE: a deferred transaction would fail at once here."""
    errors: list[BaseException] = []

    def count_up() -> None:
        own = open_site(site.path, FakeClock())
        try:
            with own.bound():
                for _n in range(20):
                    with journal.change(operator(own)) as change:
                        seq = journal.head(own).seq
                        change.record("n", str(seq), "save")
        except Exception as error:
            errors.append(error)
        own.close()

    threads = [threading.Thread(target=count_up) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [row.object_id for row in journal.read(site, 0)] == [str(n) for n in range(60)]


def test_a_busy_database_is_a_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_S", 0.05)
    other = open_site(site.path, FakeClock())
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with site.bound(), db.write(site.database):
            holding.set()
            release.wait(10)
        site.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    try:
        with other.bound(), pytest.raises(Busy), journal.change(operator(other)) as change:
            change.record("a", "b", "c")
    finally:
        release.set()
        thread.join()
        other.close()


def test_a_damaged_database_is_a_sentence(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.close()
    file = site.data / "desa.db"
    file.write_bytes(b"x" * 8192)
    with pytest.raises(Damaged):
        open_site(site.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_a_site_that_may_only_be_read_is_read_and_says_so_to_writers(tmp_path: Path) -> None:
    """As another user, who may read the folder and write nothing, with no -wal file there."""
    site = make_site(tmp_path, village_name="Sukamaju")
    site.close()
    for path in (site.data / "desa.db-wal", site.data / "desa.db-shm"):
        path.unlink(missing_ok=True)
    for parent in (site.path, *site.path.parents):
        if parent == Path("/"):
            break
        parent.chmod(parent.stat().st_mode | 0o055)
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from desa_web.core import settings; from desa_web.core.actor import operator\n"
        "from desa_web.core.errors import ReadOnly; from desa_web.core.site import open_site\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "site = open_site(Path(sys.argv[1]))\n"
        "with site.bound():\n"
        "    print(settings.read(site).full_name)\n"
        "    try: settings.change(operator(site), {'motto': 'x'})\n"
        "    except ReadOnly as error: print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(site.path)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["Desa Sukamaju", ReadOnly.code], done.stderr


def test_a_full_disk_refuses_the_change_whole(site: Site) -> None:
    """SQLite's own page limit stands for the disk: the statement fails inside the transaction."""
    from desa_web.core.errors import DiskFull

    pages = db.execute(site.database, "PRAGMA page_count").fetchone()[0]
    db.execute(site.database, f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(DiskFull):
        _record_much(site)
    assert journal.head(site).seq == 0
    db.execute(site.database, f"PRAGMA max_page_count = {pages + 1000}")
    settings.change(operator(site), {"motto": "Guyub rukun"})
    assert settings.read(site)["motto"] == "Guyub rukun"


def _record_much(site: Site) -> None:
    with journal.change(operator(site)) as change:
        for number in range(200):
            change.record("article", str(number), "save", note="x" * 1000)
