"""A photo's own address lives as long as something public shows it; the page store in front."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client

from desa_web.app import page_store
from desa_web.core.actor import Role, operator
from desa_web.core.follow import once
from desa_web.core.site import Site
from desa_web.engines.pages import PageMiddleware
from desa_web.features.media import albums, followers, service
from desa_web.features.media.photo import Children, Photo
from desa_web.features.media.pictures import pictures
from desa_web.features.news import service as news
from desa_web.features.news.article import Article, Text
from desa_web.features.news.workflow import Op, act
from desa_web.web import auth
from tests.harness.photos import photo_file
from tests.harness.site import actor_as, app_of, client


@pytest.fixture
def reader(site: Site) -> Client:
    """A reader whose requests pass the page store, as in a real server."""
    app = app_of(site)
    return Client(PageMiddleware(app, page_store(app), private_cookies=auth.PRIVATE_COOKIES))


def _photo(site: Site, folder: Path) -> Photo:
    kept = service.add(operator(site), photo_file(folder, 1, (900, 600)))
    once(site, followers.followers(site), {})
    return kept


def _addresses(site: Site, photo: Photo) -> list[str]:
    picture = pictures(site, [photo.id])[photo.id]
    master = f"/media/{photo.master_sha256}/{photo.file_name}"
    return [picture.url, master, *(url for url, _width in picture.sources)]


def _article(site: Site, photo: Photo) -> Article:
    text = Text(title="Jalan tani", body=f'<p>Warga.</p><figure data-foto="{photo.id}"></figure>')
    return news.create(operator(site), text)


def _statuses(reader: Client, urls: list[str]) -> set[int]:
    found = set()
    for url in urls:
        with reader.get(url) as answer:
            found.add(answer.status_code)
            if answer.status_code != 200:
                assert "immutable" not in answer.headers.get("Cache-Control", "")
    return found


def test_a_photo_that_nothing_public_shows_is_not_for_readers(
    site: Site, reader: Client, tmp_path: Path
) -> None:
    photo = _photo(site, tmp_path)
    urls = _addresses(site, photo)
    assert _statuses(reader, urls) == {410}
    made = _article(site, photo)
    assert _statuses(reader, urls) == {410}
    news.publish_now(operator(site), made.id)
    assert _statuses(reader, urls) == {200}


def test_a_withdrawn_article_takes_its_photos_along(
    site: Site, reader: Client, tmp_path: Path
) -> None:
    photo = _photo(site, tmp_path)
    urls = _addresses(site, photo)
    made = _article(site, photo)
    news.publish_now(operator(site), made.id)
    # Twice: the second time the page store answers.
    assert _statuses(reader, urls * 2) == {200}
    act(operator(site), Op.WITHDRAW, made.id, note="salah")
    assert _statuses(reader, urls) == {410}


def test_a_photo_of_two_articles_stays_until_both_are_gone(
    site: Site, reader: Client, tmp_path: Path
) -> None:
    photo = _photo(site, tmp_path)
    urls = _addresses(site, photo)
    first, second = _article(site, photo), _article(site, photo)
    for one in (first, second):
        news.publish_now(operator(site), one.id)
    assert _statuses(reader, urls) == {200}
    act(operator(site), Op.WITHDRAW, first.id, note="salah")
    assert _statuses(reader, urls) == {200}
    act(operator(site), Op.WITHDRAW, second.id, note="salah")
    assert _statuses(reader, urls) == {410}


def test_a_photo_leaves_with_its_album_and_with_the_parents_consent(
    site: Site, reader: Client, tmp_path: Path
) -> None:
    boss = operator(site)
    photo = _photo(site, tmp_path)
    urls = _addresses(site, photo)
    album = albums.add(boss, "Posyandu")
    albums.set_albums_of(boss, photo.id, [album.id])
    assert _statuses(reader, urls) == {200}
    service.describe(boss, photo.id, children=Children.UNASKED)
    assert _statuses(reader, urls) == {410}
    service.describe(boss, photo.id, children=Children.AGREED)
    assert _statuses(reader, urls) == {200}
    albums.remove(boss, album.id)
    assert _statuses(reader, urls) == {410}


def test_the_desk_sees_every_photo_and_its_answer_is_not_shared(
    site: Site, reader: Client, tmp_path: Path
) -> None:
    photo = _photo(site, tmp_path)
    urls = _addresses(site, photo)
    desk = client(site, actor_as(site, Role.REPORTER))
    for url in urls:
        with desk.get(url) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"].startswith("private")
    assert _statuses(reader, urls) == {410}
