"""Renditions as a follower, and what pages show of photos while they are made and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from desa_web.core import html, journal
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up, once
from desa_web.core.site import Site
from desa_web.features import followers as all_followers
from desa_web.features.media import albums, followers, housekeeping, masters, service
from desa_web.features.media.followers import MAX_TRIES, RenditionFollower
from desa_web.features.media.pictures import figure_html, pictures
from desa_web.features.media.renditions import renditions
from tests.harness.photos import photo_file
from tests.harness.site import app_of, client


def _follow(site: Site) -> None:
    once(site, followers.followers(site), {})


def _show(site: Site, *ids: str) -> None:
    """Put photos into an album, so that readers may see them."""
    boss = operator(site)
    album = albums.add(boss, "Kerja bakti")
    for photo_id in ids:
        albums.set_albums_of(boss, photo_id, [album.id])


def test_a_photo_is_pending_until_the_follower_has_worked(site: Site, tmp_path: Path) -> None:
    kept = service.add(operator(site), photo_file(tmp_path, 1, (1200, 800)), alt="Sawah.")
    before = pictures(site, [kept.id])[kept.id]
    assert before.is_pending
    assert (before.width_px, before.height_px) == (1024, 683)
    _follow(site)
    after = pictures(site, [kept.id])[kept.id]
    assert not after.is_pending
    # The placeholder has taken exactly the room that the picture takes.
    assert (after.width_px, after.height_px) == (before.width_px, before.height_px)
    assert [width for _url, width in after.sources] == [320, 640, 1024, 1200]


def test_readers_get_the_picture_as_soon_as_it_is_ready(site: Site, tmp_path: Path) -> None:
    stale: list[set[str]] = []
    site.on_stale.append(stale.append)
    kept = service.add(operator(site), photo_file(tmp_path))
    _follow(site)
    assert stale == [{f"media:{kept.id}"}]
    _follow(site)
    assert len(stale) == 1


def test_no_page_of_many_photos_asks_the_database_or_the_disk_for_each(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = operator(site)
    ids = [service.add(boss, photo_file(tmp_path, n)).id for n in range(6)]
    _follow(site)
    pictures(site, ids)
    asked: list[str] = []
    real = site.database.execute_sql
    monkeypatch.setattr(
        site.database, "execute_sql", lambda sql, *a: asked.append(sql) or real(sql, *a)
    )
    opened: list[Path] = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self) or read(self))
    assert len(pictures(site, ids)) == 6
    assert len(asked) == 1
    assert opened == []


def test_everything_comes_back_after_the_cache_is_taken_away(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    ids = [service.add(boss, photo_file(tmp_path, n)).id for n in range(3)]
    _show(site, *ids)
    _follow(site)
    before = pictures(site, ids)
    shutil.rmtree(site.cache)
    assert all(p.is_pending for p in pictures(site, ids).values())
    _follow(site)
    assert pictures(site, ids) == before
    web = client(site)
    for picture in before.values():
        with web.get(picture.url) as answer:
            assert answer.status_code == 200


def test_a_rebuild_works_the_newest_photo_first_and_drops_strangers(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    ids = [service.add(boss, photo_file(tmp_path, n)).id for n in range(3)]
    stranger = renditions(site).folder_of("ab" * 32)
    stranger.mkdir(parents=True)
    order: list[set[str]] = []
    site.on_stale.append(order.append)
    catch_up(site, RenditionFollower(site))
    assert order == [{f"media:{photo_id}"} for photo_id in ids[::-1]]
    assert not stranger.exists()


def test_a_photo_that_comes_in_during_a_long_rebuild_is_next(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    old = [service.add(boss, photo_file(tmp_path, n)).id for n in range(3)]
    order: list[str] = []

    def on_ready(keys: set[str]) -> None:
        order.append(next(iter(keys)).removeprefix("media:"))
        if len(order) == 1:
            order.append(service.add(boss, photo_file(tmp_path, 9)).id + " came in")

    site.on_stale.append(on_ready)
    catch_up(site, RenditionFollower(site))
    fresh = order[1].split()[0]
    assert order == [old[2], f"{fresh} came in", fresh, old[1], old[0]]


def test_a_photo_that_fails_is_a_state_with_a_reason_and_not_tried_again(
    site: Site, tmp_path: Path
) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    path = masters.path_of(site, kept.master_sha256)
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    _follow(site)
    state = renditions(site).state(kept.master_sha256)
    assert state is not None
    assert state.reason in ("terpotong", "rusak")
    assert state.sentence
    assert pictures(site, [kept.id])[kept.id].is_pending
    path.write_bytes(whole)
    (site.cache / "renditions" / "cursor.json").unlink()
    _follow(site)
    assert renditions(site).state(kept.master_sha256) == state
    assert [s.is_ready for _id, s in housekeeping.rebuild(site, [kept.id])] == [True]
    assert not pictures(site, [kept.id])[kept.id].is_pending


def test_a_missing_master_is_named_and_does_not_stop_the_others(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    gone, fine = (service.add(boss, photo_file(tmp_path, n)) for n in (1, 2))
    masters.path_of(site, gone.master_sha256).unlink()
    _follow(site)
    state = renditions(site).state(gone.master_sha256)
    assert state is not None
    assert state.reason == "induk-hilang"
    assert not pictures(site, [fine.id])[fine.id].is_pending


def test_a_server_without_memory_gives_up_after_some_tries_and_blames_nobody(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "_PAUSE_S", 0)
    kept = service.add(operator(site), photo_file(tmp_path, 1, (2400, 1600)))
    studio = masters.studio()
    monkeypatch.setattr(studio, "_memory_bytes", 1 << 20)
    _follow(site)
    state = renditions(site).state(kept.master_sha256)
    assert state is not None
    assert (state.reason, state.tries) == ("foto-menunggu", MAX_TRIES)
    assert "Foto Anda aman" in state.sentence


def test_a_picture_emptied_by_a_power_cut_is_made_again(site: Site, tmp_path: Path) -> None:
    kept = service.add(operator(site), photo_file(tmp_path))
    _follow(site)
    state = renditions(site).state(kept.master_sha256)
    assert state is not None
    file = renditions(site).folder_of(kept.master_sha256) / state.renditions[0].name
    file.write_bytes(b"")
    (site.cache / "renditions" / "cursor.json").unlink()
    _follow(site)
    assert file.stat().st_size == state.renditions[0].size_bytes


def test_a_figure_survives_the_sanitiser_with_all_it_carries(site: Site, tmp_path: Path) -> None:
    words = {"caption": 'Pak "Slamet" & <istri>', "credit": "A < B", "alt": 'x" onload="y'}
    kept = service.add(operator(site), photo_file(tmp_path, 1, (1200, 800)), **words)
    service.describe(operator(site), kept.id, focus=(0.1, 0.9))
    body = html.normalise(f'<figure data-foto="{kept.id}"></figure>')
    for is_ready in (False, True):
        if is_ready:
            _follow(site)
        picture = pictures(site, [kept.id])[kept.id]
        rendered = html.render_body(body, lambda _id, text, p=picture: figure_html(p, text))
        assert rendered == figure_html(picture, "")
        assert "onload=" not in rendered.replace('onload="y', "").replace("onload=&quot;y", "")
        assert 'Pak "Slamet" &amp; &lt;istri&gt;' in rendered
    assert 'class="f-bl"' in rendered
    assert rendered.count("320w") == 1
    own = html.normalise(f'<figure data-foto="{kept.id}"><figcaption>Lain.</figcaption></figure>')
    shown = html.render_body(own, lambda _id, text: figure_html(picture, text))
    assert "Lain." in shown
    assert "Slamet" not in shown


def test_the_house_follows_media_through_the_registry(site: Site) -> None:
    assert "renditions" in [follower.name for follower in all_followers(site)]


def test_a_rendition_is_immutable_and_served_from_its_file(site: Site, tmp_path: Path) -> None:
    kept = service.add(operator(site), photo_file(tmp_path))
    _show(site, kept.id)
    _follow(site)
    url = pictures(site, [kept.id])[kept.id].url
    environ: dict[str, object] = {}

    def spy(env: dict[str, object], start: object) -> object:
        environ.update(env)
        answer = app_of(site).wsgi_app(env, start)
        environ.update(env)
        return answer

    from werkzeug.test import Client

    answer = Client(spy).get(url)  # type: ignore[arg-type]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Path(str(environ["desa.file"])).read_bytes() == answer.data
    keys = environ["desa.surrogate_keys"]
    album = albums.albums()[0]
    wanted = {f"media:{kept.id}", f"file:{kept.master_sha256[:20]}", f"album:{album.id}"}
    assert keys == wanted
    answer.close()
    part = Client(spy).get(url, headers={"Range": "bytes=5-9"})  # type: ignore[arg-type]
    assert (part.status_code, len(part.data)) == (206, 5)
    part.close()


def test_nothing_served_is_what_was_sent(site: Site, tmp_path: Path) -> None:
    """GPS, camera, comments: read with a real parser from every address of a photo."""
    from tests.harness.hostile_images import SECRET_CAMERA, SECRET_TEXT
    from tests.harness.photos import photo

    file = tmp_path / "a.jpg"
    file.write_bytes(photo(1, (900, 600), exif=True))
    kept = service.add(operator(site), file)
    _show(site, kept.id)
    _follow(site)
    picture = pictures(site, [kept.id])[kept.id]
    web = client(site)
    master = f"/media/{kept.master_sha256}/{kept.file_name}"
    for url in (picture.url, master, *(url for url, _width in picture.sources)):
        saved = tmp_path / "served"
        with web.get(url) as answer:
            assert answer.status_code == 200
            saved.write_bytes(answer.data)
        with Image.open(saved) as image:
            assert not image.getexif()
            assert not {"icc_profile", "xmp", "comment", "exif"} & set(image.info)
        assert SECRET_CAMERA.encode() not in saved.read_bytes()
        assert SECRET_TEXT.encode() not in saved.read_bytes()


def test_a_thrown_away_photo_answers_410_everywhere(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    kept = service.add(boss, photo_file(tmp_path))
    _follow(site)
    url = pictures(site, [kept.id])[kept.id].url
    service.trash(boss, kept.id)
    web = client(site)
    assert web.get(url).status_code == 410
    assert web.get(f"/media/{kept.master_sha256}/x.jpg").status_code == 410
    row = journal.history(site, "media", kept.id)[-1]
    assert f"file:{kept.master_sha256[:20]}" in row.keys


def test_addresses_that_nobody_made_are_not_found(site: Site, tmp_path: Path) -> None:
    kept = service.add(operator(site), photo_file(tmp_path))
    _show(site, kept.id)
    _follow(site)
    key = kept.master_sha256[:20]
    web = client(site)
    for path in (
        f"{key}/{'0' * 20}-320.webp", f"{key}/state.json", f"{key}/..%2f..%2fstate.json",
        f"{'0' * 20}/{'0' * 20}-320.webp", f"{kept.master_sha256}/x.png",
        f"{kept.master_sha256}/x.pdf", f"{kept.master_sha256.upper()}/x.jpg", "tunggu/0x5.svg",
        "tunggu/99999x5.svg", "tunggu/1x1.svg%0d", f"{key}/",
    ):  # fmt: skip
        answer = web.get(f"/media/{path}")
        assert answer.status_code == 404, path
        assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_the_placeholder_has_the_shape_of_the_photo_and_no_script(site: Site) -> None:
    answer = client(site).get("/media/tunggu/1024x683.svg")
    assert answer.mimetype == "image/svg+xml"
    assert b'viewBox="0 0 1024 683"' in answer.data
    assert b"script" not in answer.data
