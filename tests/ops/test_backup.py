"""Backups: what is called good can be restored; any flipped byte is found; the old site stays."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from desa_web.core import db, follow, journal, migrate
from desa_web.core.actor import Role, operator
from desa_web.core.disk import FileLock
from desa_web.core.errors import Busy, Conflict, Damaged, DesaError, NewerSchema, NotFound
from desa_web.core.site import Site, open_site
from desa_web.features.media import service as media
from desa_web.features.news import queries, service
from desa_web.features.news.article import Text
from desa_web.ops import backup, upgrade
from tests.harness.site import actor_as, clock_of, run_desa


@pytest.fixture
def filled(site: Site, tmp_path: Path) -> Site:
    """A site with an article, a photo, a session and a theme of its own."""
    picture = tmp_path / "foto.jpg"
    Image.effect_noise((640, 480), 60).save(picture, "JPEG")
    boss = operator(site)
    media.add(boss, picture, caption="Sawah")
    service.publish_now(boss, service.create(boss, Text(title="Panen", body="<p>x</p>")).id)
    actor_as(site, Role.ADMIN)
    (site.path / "themes" / "kita").mkdir()
    (site.path / "themes" / "kita" / "theme.toml").write_text('title = "Kita"\n')
    (site.path / "data" / "keys" / "signing.key").write_bytes(b"rahasia")
    (site.path / "data" / "keys" / "signing.enc").write_bytes(b"terkunci")
    return site


def test_a_restored_site_goes_on_with_a_new_journal(filled: Site, tmp_path: Path) -> None:
    made = backup.create(filled)
    before = journal.head(filled)
    target = tmp_path / "pulih"
    assert backup.restore(made.file, target) is None
    restored = open_site(target, clock_of(filled))
    try:
        with restored.bound():
            after = journal.head(restored)
            assert (after.seq, after.journal_id != before.journal_id) == (before.seq, True)
            assert [i.title for i in queries.published(restored)] == ["Panen"]
            photo = next(iter(restored.media.glob("??/*")))
            assert (
                photo.read_bytes() == (filled.media / photo.parent.name / photo.name).read_bytes()
            )
            boss = operator(restored)
            service.create(boss, Text(title="Sesudah"))
            assert journal.head(restored).seq == before.seq + 1
            assert (
                db.execute(restored.database, "SELECT count(*) FROM user_session").fetchone()[0]
                == 0
            )
    finally:
        restored.close()


def test_the_old_site_is_kept_beside_the_restored_one(filled: Site) -> None:
    made = backup.create(filled)
    service.create(operator(filled), Text(title="Hilang"))
    filled.close()
    old = backup.restore(made.file, filled.path)
    assert old is not None
    with (kept := open_site(old)).bound():
        assert any(i.title == "Hilang" for i in queries.desk(operator(kept)))
    kept.close()


def test_keys_go_along_only_encrypted(filled: Site) -> None:
    names = zipfile.ZipFile(backup.create(filled).file).namelist()
    assert "data/keys/signing.enc" in names
    assert "data/keys/signing.key" not in names
    assert not [n for n in names if n.startswith("cache/")]


def test_any_flipped_byte_is_found(filled: Site) -> None:
    file = backup.create(filled).file
    whole = file.read_bytes()
    rnd = random.Random(7)
    places = [0, 1, len(whole) - 1, len(whole) - 40, len(whole) - 70]
    places += [rnd.randrange(len(whole)) for _ in range(40)]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(Damaged, match="tidak utuh"):
            backup.verify(file)
    file.write_bytes(whole)
    assert backup.verify(file).head == journal.head(filled).seq


@pytest.mark.parametrize("cut", [0, 1, 21, 100, 0.5, -1])
def test_a_cut_backup_is_refused(filled: Site, cut: float) -> None:
    file = backup.create(filled).file
    whole = file.read_bytes()
    file.write_bytes(whole[: int(cut * len(whole)) if isinstance(cut, float) else cut])
    with pytest.raises(Damaged):
        backup.verify(file)


def test_a_backup_that_holds_more_than_it_says_is_refused(filled: Site, tmp_path: Path) -> None:
    file = backup.create(filled).file
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../../jahat.txt", "x")
    with pytest.raises(Damaged):
        backup.verify(file)
    assert not (tmp_path.parent / "jahat.txt").exists()


def test_a_missing_file_and_an_existing_target_get_sentences(filled: Site, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        backup.verify(tmp_path / "tidak-ada.zip")
    made = backup.create(filled)
    with pytest.raises(Conflict):
        backup.create(filled, made.file)


def test_a_site_that_is_served_is_not_replaced(filled: Site) -> None:
    made = backup.create(filled)
    lock = FileLock(filled.data / "worker.lock")
    assert lock.try_acquire()
    try:
        with pytest.raises(Busy, match="Hentikan"):
            backup.restore(made.file, filled.path)
    finally:
        lock.release()


def test_a_failed_restore_touches_nothing(filled: Site) -> None:
    file = backup.create(filled).file
    file.write_bytes(file.read_bytes()[:-9])
    before = sorted(p.name for p in filled.path.parent.iterdir())
    with pytest.raises(DesaError):
        backup.restore(file, filled.path)
    assert sorted(p.name for p in filled.path.parent.iterdir()) == before
    assert queries.published(filled)


def test_followers_rebuild_after_a_restore(filled: Site, tmp_path: Path) -> None:
    class Titles:
        name = "titles"

        def __init__(self) -> None:
            self.file = follow.CursorFile(tmp_path / "titles.cursor")
            self.rebuilt = 0

        def cursor(self) -> journal.Cursor | None:
            return self.file.read()

        def apply(self, _rows: object, cursor: journal.Cursor) -> None:
            self.file.write(cursor)

        def rebuild(self, cursor: journal.Cursor) -> None:
            self.rebuilt += 1
            self.file.write(cursor)

    titles = Titles()
    follow.catch_up(filled, titles)
    made = backup.create(filled)
    filled.close()
    backup.restore(made.file, filled.path)
    with (restored := open_site(filled.path)).bound():
        follow.catch_up(restored, titles)
    restored.close()
    assert titles.rebuilt == 2


def test_the_command_makes_verifies_and_restores(filled: Site, tmp_path: Path) -> None:
    file = tmp_path / "c.zip"
    made = run_desa("--site", filled.path, "backup", "create", "--to", file)
    assert (made.returncode, "terbukti" in made.stdout) == (0, True)
    assert run_desa("backup", "verify", file).returncode == 0
    restored = run_desa("--site", tmp_path / "lain", "backup", "restore", file, "--yes")
    assert restored.returncode == 0, restored.stderr
    assert run_desa("--site", tmp_path / "lain", "news", "list").stdout.count("panen") == 1
    file.write_bytes(b"PK")
    refused = run_desa("backup", "verify", file)
    assert (refused.returncode, "tidak utuh" in refused.stderr) == (1, True)


def test_an_upgrade_keeps_a_copy_and_a_newer_schema_is_refused(site: Site) -> None:
    assert upgrade.upgrade(site).applied == ()
    newest = len(migrate.migrations())
    sql = "INSERT INTO schema_version (number, name, program) VALUES (?, 'nanti', '9.9')"
    db.execute(site.database, sql, newest + 1)
    with pytest.raises(NewerSchema, match="lebih baru"):
        upgrade.upgrade(site)
