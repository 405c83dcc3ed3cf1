"""Bundles: whole, in BagIt's layout, idempotent; a hostile or changed one leaves nothing behind."""

from __future__ import annotations

import fcntl
import json
import random
import stat
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import bagit
import pytest
from PIL import Image

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.clock import as_utc
from desa_web.core.errors import Damaged, InvalidInput, NotFound
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.sync import Op, Receiver, bundle, log
from desa_web.engines.sync.errors import Tampered
from desa_web.features.media import service as media
from desa_web.features.news import service
from desa_web.features.news.article import Text
from desa_web.features.sync import bundles, sticks
from desa_web.features.sync import service as sync
from tests.harness.photos import photo_file
from tests.harness.site import make_site, run_desa
from tests.harness.sync import grown


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A village with six articles and three photos, followed."""
    folder = tmp_path_factory.mktemp("desa")
    made = make_site(folder, village_name="Sukamaju")
    with made.bound():
        boss = operator(made)
        photos = [media.add(boss, photo_file(folder, n), caption=f"Foto {n}") for n in range(3)]
        for n in range(6):
            lead = photos[n].id if n < 3 else ""
            text = Text(title=f"Kabar {n}", body="<p>Isi.</p>", lead_photo_id=lead)
            service.publish_now(boss, service.create(boss, text).id)
        catch_up(made, sync.publisher(made))
    yield made
    made.close()


@pytest.fixture(scope="module")
def file(village: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with village.bound():
        (made,) = bundles.create(operator(village), tmp_path_factory.mktemp("stik"))
    return made


def stored(site: Site) -> tuple[int, int]:
    """Return how many lines and photos of others are kept."""
    lines = db.execute(site.database, "SELECT count(*) FROM sync_received").fetchone()[0]
    photos = [p for p in (site.media / bundles.RECEIVED).rglob("*") if p.is_file()]
    return lines, len(photos)


def test_an_independent_bagit_program_finds_it_whole(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    bag = bagit.Bag(str(folder))
    bag.validate()
    assert bag.info["External-Identifier"] in folder.name
    assert (folder / "BACA-SAYA.html").read_text().startswith("<!DOCTYPE html>")


def test_a_stick_brings_all_lines_and_photos_once(site: Site, village: Site, file: Path) -> None:
    taken = bundles.take(operator(site), file)
    assert (taken.accepted, taken.photos, taken.missing_photos) == (8, 3, 0)
    again = bundles.take(operator(site), file)
    assert (again.accepted, again.known, again.photos) == (0, 8, 0)
    with village.bound():
        page = log.page(village).body
    assert Receiver(site).receive(taken.site, page).duplicates == 8
    for path in (site.media / bundles.RECEIVED).rglob("*"):
        if path.is_file():
            assert bundles.received_path(site, path.name) == path


def test_big_bundles_are_split_and_come_in_any_order(
    site: Site, village: Site, tmp_path: Path
) -> None:
    with village.bound():
        parts = bundle.create(
            village, tmp_path, lambda digest: bundles._master(village, digest), name="desa",
            at=as_utc(village.clock.now_ms()), readme="", part_bytes=16_000,
        )  # fmt: skip
    assert len(parts) > 1
    assert all(part.stat().st_size < 20_000 for part in parts)
    for part in reversed(parts):
        bundles.take(operator(site), part)
    assert stored(site) == (8, 3)


def test_what_was_published_a_moment_ago_goes_along_though_nobody_follows(tmp_path: Path) -> None:
    made = make_site(tmp_path, village_name="Sukamaju")
    with made.bound():
        boss = operator(made)
        for title in ("Kabar pertama", "Kabar kedua"):
            article = service.create(boss, Text(title=title, body="<p>Isi.</p>"))
            service.publish_now(boss, article.id)
            (tmp_path / title).mkdir()
            (file,) = bundles.create(boss, tmp_path / title)
            assert title in b"".join(bundle.changes(bundle.check(file))).decode()
    made.close()


def test_each_file_of_the_desk_is_small_enough_for_the_other_sides_browser(tmp_path: Path) -> None:
    made = make_site(tmp_path, options={"max_upload_mb": 1}, village_name="Sukamaju")
    noise = random.Random(7)
    with made.bound():
        boss = operator(made)
        for n in range(4):
            raw = Image.frombytes("L", (900, 600), noise.randbytes(900 * 600))
            raw.save(tmp_path / f"{n}.jpg", quality=80)
            lead = media.add(boss, tmp_path / f"{n}.jpg", caption=f"Foto {n}").id
            article = service.create(
                boss, Text(title=f"Kabar {n}", body="<p>Isi.</p>", lead_photo_id=lead)
            )
            service.publish_now(boss, article.id)
        catch_up(made, sync.publisher(made))
        files = sticks.prepare(boss)
        sizes = [stick.size_bytes for stick in files]
        assert sum(sizes) > 1 << 20, "the photos are too small to tell anything"
        assert max(sizes) < (1 << 20) - 10_000
    made.close()


def test_the_site_itself_takes_nothing_from_its_own_bundle(village: Site, file: Path) -> None:
    with village.bound(), pytest.raises(InvalidInput):
        bundles.take(operator(village), file)


def test_a_changed_byte_anywhere_is_found_and_nothing_is_kept(
    site: Site, file: Path, tmp_path: Path
) -> None:
    whole = file.read_bytes()
    rnd = random.Random(4)
    with zipfile.ZipFile(file) as archive:
        spans = _payload_spans(archive)
    for n in range(120):
        at = rnd.choice(spans) if n % 2 else rnd.randrange(len(whole))
        broken = tmp_path / "rusak.desa"
        broken.write_bytes(
            whole[:at] + bytes([whole[at] ^ 1 << rnd.randrange(8)]) + whole[at + 1 :]
        )
        try:
            found = bundle.check(broken)
        except (Damaged, Tampered):
            continue
        # A byte that says nothing (a date inside the zip): what comes out is what went in.
        assert found.lines == 8
        assert len(found.media) == 3
        assert at not in spans
    assert stored(site) == (0, 0)


def _payload_spans(archive: zipfile.ZipFile) -> list[int]:
    found: list[int] = []
    for entry in archive.infolist():
        start = entry.header_offset + 30 + len(entry.filename) + 20
        found += range(start, start + max(entry.compress_size - 20, 0))
    return found


@pytest.mark.parametrize("cut", [0, 10, 0.3, 0.99])
def test_a_cut_bundle_is_refused(file: Path, tmp_path: Path, cut: float) -> None:
    whole = file.read_bytes()
    short = tmp_path / "pendek.desa"
    short.write_bytes(whole[: int(cut if cut >= 1 else cut * len(whole))])
    with pytest.raises(Damaged):
        bundle.check(short)
    with pytest.raises(NotFound):
        bundle.check(tmp_path / "tidak-ada.desa")


def rewritten(file: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write the bundle again with other entries, its lists made to fit."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "desa-x/data/../../x", "data\\x", "desa-x/data/media/zz",
     "desa-x/data/fetch.txt", "desa-x/"],
)  # fmt: skip
def test_an_unknown_name_is_refused(file: Path, tmp_path: Path, name: str) -> None:
    same = rewritten(file, tmp_path / "y.desa", lambda entries: None)
    assert bundle.check(same).lines == 8
    bad = rewritten(file, tmp_path / "x.desa", lambda entries: entries.update({name: b"x"}))
    with pytest.raises(Damaged):
        bundle.check(bad)


def test_a_link_inside_is_refused(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "x.desa"
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(bad, "w") as sink:
        for entry in archive.infolist():
            data = archive.read(entry)
            if entry.filename.endswith("BACA-SAYA.html"):
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                data = b"/etc/passwd"
            sink.writestr(entry, data)
    with pytest.raises(Damaged):
        bundle.check(bad)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(file: Path, tmp_path: Path) -> None:
    def bomb(entries: dict[str, bytes]) -> None:
        name = next(n for n in entries if n.endswith("changes.ndjson"))
        entries[name] = b" " * (64 << 20)

    with pytest.raises(Damaged):
        bundle.check(rewritten(file, tmp_path / "x.desa", bomb))


def test_a_forged_line_in_a_well_made_bundle_is_refused(
    site: Site, file: Path, tmp_path: Path
) -> None:
    def forge(entries: dict[str, bytes]) -> None:
        root = next(iter(entries)).split("/")[0]
        changes = entries[f"{root}/data/changes.ndjson"].replace(b"Kabar 3", b"Kabur 3")
        entries[f"{root}/data/changes.ndjson"] = changes
        for listing in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            text = entries[f"{root}/{listing}"].decode()
            fresh = ""
            for line in text.splitlines():
                name = line.split("  ")[1]
                fresh += f"{sha256(entries[f'{root}/{name}']).hexdigest()}  {name}\n"
            entries[f"{root}/{listing}"] = fresh.encode()

    bad = rewritten(file, tmp_path / "x.desa", forge)
    with pytest.raises(Tampered) as refused:
        bundles.take(operator(site), bad)
    assert refused.value.exit_code == 4
    assert stored(site) == (0, 0)


def test_a_bundle_of_an_erased_text_is_whole(site: Site, tmp_path: Path) -> None:
    village = make_site(tmp_path / "d")
    with village.bound():
        toy = grown(village)
        toy.put("rahasia", "nomor telepon")
        toy.follow().take("rahasia", Op.ERASE)
        toy.follow()
        (made,) = bundles.create(operator(village), tmp_path)
    with zipfile.ZipFile(made) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("ndjson"))
        assert b"nomor telepon" not in archive.read(name)
    assert bundles.take(operator(site), made).accepted > 0
    village.close()


def test_a_photo_that_rotted_spoils_no_bundle_silently(tmp_path: Path) -> None:
    village = make_site(tmp_path / "d")
    with village.bound():
        boss = operator(village)
        photo = media.add(boss, photo_file(tmp_path))
        text = Text(title="Kabar", body="<p>x</p>", lead_photo_id=photo.id)
        service.publish_now(boss, service.create(boss, text).id)
        catch_up(village, sync.publisher(village))
        path = village.media / photo.master_sha256[:2] / photo.master_sha256
        path.write_bytes(b"rusak")
        with pytest.raises(Damaged):
            bundles.create(boss, tmp_path)
    assert list(tmp_path.glob("*.desa")) == []
    assert list(tmp_path.glob(".*.tmp")) == []
    village.close()


def test_the_command_makes_checks_and_takes_bundles(tmp_path: Path, file: Path) -> None:
    hub = make_site(tmp_path)
    hub.close()
    told = run_desa("--json", "sync", "bundle", "check", file)
    assert json.loads(told.stdout)["lines"] == 8
    taken = run_desa("--site", hub.path, "sync", "bundle", "import", file)
    assert (taken.returncode, "8 baris baru, 3 foto baru" in taken.stdout) == (0, True)
    listed = json.loads(run_desa("--site", hub.path, "--json", "sync", "status").stdout)
    assert [(one["source"], one["articles"], one["error"]) for one in listed][1:] == [
        ("Desa Sukamaju", 6, "")
    ]
    missing = run_desa("--site", hub.path, "sync", "bundle", "import", tmp_path / "x.desa")
    assert missing.returncode == 1
    with (hub.path / "data" / "sync.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        busy = run_desa("--site", hub.path, "sync", "bundle", "import", file)
    assert busy.returncode == 75
