"""The library's rules: what comes in, who may change it, what is kept and what goes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from desa_web.core import db, journal
from desa_web.core.actor import Role, operator
from desa_web.core.checks import Level, run
from desa_web.core.due import tick
from desa_web.core.errors import (
    Conflict,
    Damaged,
    DiskFull,
    Forbidden,
    InvalidInput,
    NotFound,
    StaleVersion,
    TooLarge,
)
from desa_web.core.site import Site
from desa_web.engines.images import PhotoRefused
from desa_web.features import due_handlers
from desa_web.features.media import (
    albums,
    checks,
    documents,
    housekeeping,
    library,
    masters,
    service,
)
from desa_web.features.media.library import Filter, Show
from desa_web.features.media.photo import Children
from desa_web.features.media.uses import Uses, uses
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.harness.hostile_images import SECRET_CAMERA, SECRET_TEXT
from tests.harness.photos import pdf, photo, photo_file
from tests.harness.site import FakeClock, actor_as, make_site


def _journal_ops(site: Site) -> list[tuple[str, str]]:
    return [(row.kind, row.op) for row in journal.read(site, 0) if row.kind != "user"]


@pytest.mark.both_databases
def test_a_photo_becomes_a_master_under_its_hash_without_any_metadata(
    site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "IMG_2041.jpg"
    file.write_bytes(photo(exif=True))
    kept = service.add(operator(site), file, caption="  Kerja\nbakti. ", credit="Nur Aini")
    master = masters.path_of(site, kept.master_sha256)
    assert master == site.media / kept.master_sha256[:2] / kept.master_sha256
    data = master.read_bytes()
    assert SECRET_CAMERA.encode() not in data
    assert SECRET_TEXT.encode() not in data
    with Image.open(io.BytesIO(data)) as image:
        assert not image.getexif()
    assert (kept.caption, kept.credit, kept.name) == ("Kerja bakti.", "Nur Aini", "IMG_2041.jpg")
    assert str(kept.taken_on) == "2026-11-19"
    assert _journal_ops(site) == [("media", "add")]


@pytest.mark.both_databases
def test_the_same_file_again_is_the_same_photo_and_fills_only_what_is_empty(
    site: Site, tmp_path: Path
) -> None:
    boss, file = operator(site), photo_file(tmp_path)
    first = service.add(boss, file, caption="Pertama.")
    second = service.add(boss, file, caption="Kedua.", alt="Sawah.")
    third = service.add(boss, masters.path_of(site, first.master_sha256))
    assert first.id == second.id == third.id
    assert (second.caption, second.alt) == ("Pertama.", "Sawah.")
    assert _journal_ops(site) == [("media", "add"), ("media", "describe")]


def test_what_a_photographer_wrote_into_the_file_fills_empty_words(
    site: Site, tmp_path: Path
) -> None:
    from desa_web.engines.images import PressMetadata, write_press_metadata

    file = tmp_path / "pers.jpg"
    words = PressMetadata(caption="Panen raya.", byline="Siti Rahayu")
    write_press_metadata(photo_file(tmp_path), file, words)
    kept = service.add(operator(site), file)
    assert (kept.caption, kept.credit) == ("Panen raya.", "Siti Rahayu")


def test_a_refused_photo_leaves_nothing_behind(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "shell.jpg"
    file.write_bytes(b"<?php system($_GET['c']); ?>")
    with pytest.raises(PhotoRefused):
        service.add(operator(site), file)
    assert [p for p in site.media.rglob("*") if p.is_file()] == []
    assert _journal_ops(site) == []


def test_a_photo_that_changed_on_its_way_is_not_kept(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        service.add(operator(site), photo_file(tmp_path), sha256="0" * 64)
    assert _journal_ops(site) == []


def test_a_failed_transaction_leaves_an_orphan_that_gc_removes(site: Site, tmp_path: Path) -> None:
    boss = operator(site)

    def add_and_fail() -> None:
        with journal.change(boss):
            service.add(boss, photo_file(tmp_path))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    orphan = next(iter(masters.files(site)))
    assert housekeeping.gc(site) == []  # it may belong to a transaction that is open now
    assert [one.name for one in housekeeping.gc(site, is_dry_run=True, settled_s=-1)] == [
        str(orphan.relative_to(site.path))
    ]
    assert orphan.exists()
    housekeeping.gc(site, settled_s=-1)
    assert not orphan.exists()


def test_a_full_quota_stops_new_photos_and_says_what_to_do(tmp_path: Path) -> None:
    site = make_site(tmp_path, options={"media_quota_mb": 1})
    with site.bound():
        boss = operator(site)
        service.add(boss, photo_file(tmp_path))
        with db.write(site.database):
            db.execute(site.database, "UPDATE photo SET size_bytes = ?", (1 << 20) - 100)
        with pytest.raises(DiskFull, match="Jatah ruang foto"):
            service.add(boss, photo_file(tmp_path, seed=2))
        assert [f.level for f in checks.room(site)] == [Level.WARNING]
    site.close()


def test_the_reserve_of_the_disk_is_never_touched(tmp_path: Path) -> None:
    site = make_site(tmp_path, options={"free_space_reserve_mb": 1 << 40})
    with site.bound(), pytest.raises(DiskFull, match="Ruang server hampir habis"):
        service.add(operator(site), photo_file(tmp_path))
    site.close()


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    site = make_site(tmp_path, options={"max_upload_mb": 1})
    file = tmp_path / "besar.jpg"
    with file.open("wb") as big:
        big.truncate((1 << 20) + 1)
    with site.bound(), pytest.raises(TooLarge):
        service.add(operator(site), file)
    site.close()


def test_originals_are_kept_only_on_wish_and_only_for_this_user(tmp_path: Path) -> None:
    site = make_site(tmp_path, options={"keep_originals": True})
    with site.bound():
        file = photo_file(tmp_path)
        service.add(operator(site), file)
        kept = [p for p in (site.media / "originals").rglob("*") if p.is_file()]
        assert [p.read_bytes() for p in kept] == [file.read_bytes()]
        assert kept[0].stat().st_mode & 0o777 == 0o600
        assert housekeeping.orphans(site, settled_s=-1) == []
    site.close()


@pytest.mark.both_databases
def test_a_reporter_changes_own_photos_only(site: Site, tmp_path: Path) -> None:
    nur, ani = (actor_as(site, Role.REPORTER, login) for login in ("nur", "ani"))
    mine = service.add(nur, photo_file(tmp_path))
    assert service.describe(nur, mine.id, alt="Sawah.").alt == "Sawah."
    with pytest.raises(Forbidden):
        service.describe(ani, mine.id, alt="Laut.")
    with pytest.raises(Forbidden):
        service.replace(ani, mine.id, photo_file(tmp_path, seed=2))
    with pytest.raises(Forbidden):
        service.trash(ani, mine.id)
    with pytest.raises(Forbidden):
        albums.add(nur, "Panen")
    editor = actor_as(site, Role.EDITOR)
    assert service.describe(editor, mine.id, alt="Sawah hijau.").alt == "Sawah hijau."


@pytest.mark.both_databases
def test_two_people_cannot_overwrite_each_other(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    service.describe(boss, kept.id, caption="Satu.", version=kept.version)
    with pytest.raises(StaleVersion):
        service.describe(boss, kept.id, caption="Dua.", version=kept.version)
    assert service.get(kept.id).caption == "Satu."  # type: ignore[union-attr]


def test_words_that_cannot_be_stored_or_are_too_long_are_refused(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    for words in ({"caption": "a\x00b"}, {"alt": "x" * 301}, {"credit": "\ud800"}):
        with pytest.raises(InvalidInput):
            service.describe(boss, kept.id, **words)
    with pytest.raises(InvalidInput):
        service.describe(boss, kept.id, focus=(0.5, 1.5))


@pytest.mark.both_databases
def test_replacing_changes_the_picture_everywhere_and_keeps_the_words(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    before = service.add(boss, photo_file(tmp_path), caption="Balai desa.")
    after = service.replace(boss, before.id, photo_file(tmp_path, seed=2))
    assert after.id == before.id
    assert after.caption == "Balai desa."
    assert after.master_sha256 != before.master_sha256
    row = journal.history(site, "media", before.id)[-1]
    assert row.op == "replace"
    assert {f"media:{before.id}", f"file:{before.master_sha256[:20]}"} <= set(row.keys)
    other = service.add(boss, photo_file(tmp_path, seed=3))
    with pytest.raises(Conflict):
        service.replace(boss, other.id, photo_file(tmp_path, seed=2))


@pytest.mark.both_databases
def test_a_used_photo_cannot_be_thrown_away(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    body = f'<p>Halo.</p><figure data-foto="{kept.id}"></figure>'
    article = news.create(boss, Text(title="Panen raya", body=body))
    with pytest.raises(Conflict, match="Panen raya"):
        service.trash(boss, kept.id)
    assert [u.title for u in uses(site).of(kept.id)] == ["Panen raya"]
    news.save(boss, article.id, Text(title="Panen raya", body="<p>Halo.</p>"))
    assert uses(site).of(kept.id) == []
    service.trash(boss, kept.id)
    assert service.get(kept.id) is None


@pytest.mark.both_databases
def test_the_trash_gives_back_for_thirty_days_and_then_forgets(
    site: Site, clock: FakeClock, tmp_path: Path
) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    service.trash(boss, kept.id)
    assert service.photos([kept.id]) == {}
    assert service.restore(boss, kept.id).id == kept.id
    service.trash(boss, kept.id)
    clock.advance(days=29)
    tick(site, due_handlers(site))
    assert library.get(kept.id) is not None
    clock.advance(days=2)
    tick(site, due_handlers(site))
    assert library.get(kept.id) is None
    assert len(housekeeping.gc(site, settled_s=-1)) == 1


def test_sending_a_trashed_photo_again_takes_it_back(site: Site, tmp_path: Path) -> None:
    boss, file = operator(site), photo_file(tmp_path)
    kept = service.add(boss, file)
    service.trash(boss, kept.id)
    assert service.add(boss, file).id == kept.id
    assert service.get(kept.id) is not None
    sql = "SELECT count(*) FROM due WHERE kind = 'media.purge'"
    assert db.execute(site.database, sql).fetchone()[0] == 0


@pytest.mark.both_databases
def test_the_library_finds_by_word_year_person_and_what_is_missing(
    site: Site, clock: FakeClock, tmp_path: Path
) -> None:
    nur, boss = actor_as(site, Role.REPORTER, "nur"), operator(site)
    one = service.add(nur, photo_file(tmp_path, 1), caption="Panen padi.", alt="Sawah.")
    clock.advance(days=60)
    two = service.add(boss, photo_file(tmp_path, 2), credit="Nur")
    body = f'<figure data-foto="{two.id}"></figure>'
    news.create(boss, Text(title="Kabar", body=body))

    def found(**wanted: object) -> list[str]:
        return [p.id for p in library.photos(site, Filter(**wanted)).photos]  # type: ignore[arg-type]

    assert found() == [two.id, one.id]
    assert found(query="panen PADI") == [one.id]
    assert found(query="laut") == []
    assert found(show=Show.NO_CAPTION) == [two.id]
    assert found(show=Show.NO_ALT) == [two.id]
    assert found(show=Show.UNUSED) == [one.id]
    assert found(year=2026) == [one.id]
    assert found(year=2027) == [two.id]
    assert found(uploader_id=nur.user_id) == [one.id]
    assert library.years(site) == [2027, 2026]
    assert library.uploaders(site) == [(nur.user_id, "Nur")]
    assert library.counts(site)[Show.NO_CAPTION] == 1


def test_pages_of_the_library_hold_every_photo_once(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    ids = [service.add(boss, photo_file(tmp_path, n)).id for n in range(7)]
    for show in (Show.ALL, Show.UNUSED):
        seen, after = [], ""
        while True:
            page = library.photos(site, Filter(show=show), after=after, limit=3)
            seen += [p.id for p in page.photos]
            after = page.next_key
            if not after:
                break
        assert seen == ids[::-1]


def test_near_duplicates_are_a_hint(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    one = service.add(boss, photo_file(tmp_path, 1, (192, 128)))
    two = service.add(boss, photo_file(tmp_path, 1, (96, 64)))
    service.add(boss, photo_file(tmp_path, 40, (128, 192)))
    assert one.id != two.id
    assert two.id in [p.id for p in library.near_duplicates(site, one)]


def test_children_without_consent_stay_out_of_albums_for_readers(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    album = albums.add(boss, "Sekolah")
    albums.set_albums_of(boss, kept.id, [album.id])
    assert albums.get(album.slug).count == 1
    service.describe(boss, kept.id, children=Children.UNASKED)
    assert albums.photos(album.id) == []
    assert albums.get(album.slug).count == 0
    assert [p.id for p in albums.photos(album.id, include_private=True)] == [kept.id]


@pytest.mark.both_databases
def test_an_album_keeps_its_order_and_its_address(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    ids = [service.add(boss, photo_file(tmp_path, n)).id for n in range(3)]
    album = albums.add(boss, "Panen Raya 2026")
    assert album.slug == "panen-raya-2026"
    assert albums.add(boss, "Panen Raya 2026").slug != album.slug
    for photo_id in ids:
        albums.set_albums_of(boss, photo_id, [album.id])
    order = [ids[2], ids[0]]
    changed = albums.change(boss, album.id, title="Panen", intro="", order=order)
    assert changed.slug == "panen-raya-2026"
    assert [p.id for p in albums.photos(album.id)] == order
    albums.remove(boss, album.id)
    with pytest.raises(NotFound):
        albums.get(album.slug)
    assert service.get(ids[0]) is not None


def test_a_document_is_a_whole_pdf(site: Site, tmp_path: Path) -> None:
    boss, file = operator(site), tmp_path / "Perdes No. 3.pdf"
    file.write_bytes(pdf())
    kept = documents.add(boss, file)
    assert (kept.title, kept.name) == ("Perdes No. 3", "perdes-no-3.pdf")
    assert documents.add(boss, file).id == kept.id
    file.write_bytes(pdf()[:-20])
    with pytest.raises(InvalidInput, match="terpotong"):
        documents.add(boss, file)
    file.write_bytes(b"<html>" + pdf())
    with pytest.raises(InvalidInput, match="bukan PDF"):
        documents.add(boss, file)


def test_doctor_names_a_master_that_is_gone_or_changed(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    gone, changed, fine = (service.add(boss, photo_file(tmp_path, n)) for n in range(3))
    masters.path_of(site, gone.master_sha256).unlink()
    path = masters.path_of(site, changed.master_sha256)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with db.write(site.database):
        sql = "UPDATE photo SET caption = 'judi online' WHERE id = ?"
        db.execute(site.database, sql, fine.id)
    said = [f.sentence for f in run(site, checks.CHECKS) if f.level is Level.BAD]
    assert len(said) == 3
    assert any(gone.name in s and "hilang" in s for s in said)
    assert any(changed.name in s and "berubah" in s for s in said)
    assert any(fine.name in s and "Keterangan" in s for s in said)


def test_an_exported_name_is_readable_unique_and_stable(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    file = tmp_path / "balai-desa.jpg"
    file.write_bytes(photo())
    kept = service.add(boss, file)
    name = service.export(kept, tmp_path / "photos")
    assert name == f"photos/balai-desa-{kept.master_sha256[:8]}.jpg"
    exported = tmp_path / name
    assert exported.read_bytes() == masters.path_of(site, kept.master_sha256).read_bytes()
    # Brought in again under that name it does not grow a second mark.
    assert service.add(boss, exported).id == kept.id
    other = service.replace(boss, kept.id, photo_file(tmp_path, 2))
    assert other.file_name == f"balai-desa-{other.master_sha256[:8]}.jpg"


def test_where_photos_are_used_is_learnt_in_one_statement_a_feature(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    body = f'<p>Isi.</p><figure data-foto="{kept.id}"></figure>'
    for number in range(12):
        made = news.create(boss, Text(title=f"Kabar {number}", body=body))
        if number % 2:
            news.publish_now(boss, made.id)
    asked: list[str] = []
    real = site.database.execute_sql
    monkeypatch.setattr(
        site.database, "execute_sql", lambda sql, *a, **k: asked.append(sql) or real(sql, *a, **k)
    )
    assert len(Uses().follow(site).of(kept.id)) == 12
    assert len([sql for sql in asked if "revision" in sql]) == 2
