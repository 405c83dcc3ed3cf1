"""Photos by hash: only what the log holds public, resumable at every byte, sent in parts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from werkzeug.datastructures import Headers

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, log
from desa_web.engines.sync.client import Client, Reason, Unreachable
from desa_web.engines.sync.pull import MEDIA
from desa_web.engines.sync.upload import MIN_PART_BYTES, upload
from desa_web.features.media import masters
from desa_web.features.media import service as media
from desa_web.features.media.photo import Photo
from desa_web.features.news import service as news
from desa_web.features.news.article import Article, Text
from desa_web.features.news.workflow import Op, act
from desa_web.features.sync import service as sync
from tests.harness.bad_net import BadNet
from tests.harness.photos import photo_file
from tests.harness.site import client as web_client
from tests.harness.site import make_site, serving


def follow(site: Site) -> None:
    catch_up(site, sync.publisher(site))


def with_photo(
    site: Site, folder: Path, size: tuple[int, int] = (192, 128)
) -> tuple[Photo, Article]:
    """Publish an article with a photo and follow."""
    boss = operator(site)
    photo = media.add(boss, photo_file(folder, size=size), caption="Warga panen", credit="Aini")
    text = Text(title="Panen", body="<p>Isi.</p>", lead_photo_id=photo.id)
    article = news.publish_now(boss, news.create(boss, text).id)
    follow(site)
    return photo, article


def got(site: Site, digest: str, **headers: str) -> tuple[int, bytes, Headers]:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    with web_client(site).get(MEDIA + digest, headers=named) as answer:
        return answer.status_code, answer.data, answer.headers


def status(site: Site, digest: str) -> int:
    return got(site, digest)[0]


def test_a_master_is_given_while_its_article_is_public(site: Site, tmp_path: Path) -> None:
    photo, article = with_photo(site, tmp_path)
    found, data, headers = got(site, photo.master_sha256)
    assert (found, sha256(data).hexdigest()) == (200, photo.master_sha256)
    assert headers["ETag"] == f'"{photo.master_sha256}"'
    assert headers["Cache-Control"] == "no-store"
    act(operator(site), Op.WITHDRAW, article.id)
    follow(site)
    assert status(site, photo.master_sha256) == 410
    with_photo(site, tmp_path)
    assert status(site, photo.master_sha256) == 200


def test_a_photo_that_no_public_line_names_is_unknown(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    follow(site)
    photo = media.add(boss, photo_file(tmp_path))
    text = Text(title="Rahasia", body="<p>x</p>", lead_photo_id=photo.id)
    article = news.create(boss, text)
    follow(site)
    assert status(site, photo.master_sha256) == 404
    news.send_to_kominfo(boss, article.id, False)
    news.publish_now(boss, article.id)
    follow(site)
    assert status(site, photo.master_sha256) == 404
    for odd in ("x", "0" * 63, "0" * 64, "A" * 64, "..%2fdesa.toml", "0" * 65):
        assert status(site, odd) == 404


def test_a_photo_in_two_articles_stays_until_the_last_one_goes(site: Site, tmp_path: Path) -> None:
    photo, first = with_photo(site, tmp_path)
    boss = operator(site)
    text = Text(title="Lagi", body="<p>y</p>", lead_photo_id=photo.id)
    second = news.publish_now(boss, news.create(boss, text).id)
    follow(site)
    act(boss, Op.WITHDRAW, first.id)
    follow(site)
    assert status(site, photo.master_sha256) == 200
    news.save(boss, second.id, Text(title="Lagi", body="<p>y</p>"))
    news.publish_now(boss, second.id)
    follow(site)
    assert status(site, photo.master_sha256) == 410


def test_an_erased_articles_photo_is_given_to_nobody(site: Site, tmp_path: Path) -> None:
    photo, article = with_photo(site, tmp_path)
    assert status(site, photo.master_sha256) == 200
    news.erase(operator(site), article.id)
    follow(site)
    assert status(site, photo.master_sha256) in (404, 410)
    # A server that starts now reads no trace of it in the log.
    site.__dict__.pop("_test_app", None)
    assert status(site, photo.master_sha256) in (404, 410)


def test_a_copy_of_the_folder_answers_for_its_own_log_only(site: Site, tmp_path: Path) -> None:
    photo, article = with_photo(site, tmp_path)
    assert status(site, photo.master_sha256) == 200
    act(operator(site), Op.WITHDRAW, article.id)
    with db.write(site.database):
        log.abandon(site)
        log.begin(site, KeyRing(site.data / "keys"))
    assert status(site, photo.master_sha256) == 404


def test_a_master_that_is_lost_is_not_called_withdrawn(site: Site, tmp_path: Path) -> None:
    """It may come back from a backup: the hub asks again."""
    photo, _article = with_photo(site, tmp_path)
    masters.path_of(site, photo.master_sha256).unlink()
    assert status(site, photo.master_sha256) == 404


def test_ranges_follow_if_range(site: Site, tmp_path: Path) -> None:
    photo, _article = with_photo(site, tmp_path)
    _status, whole, _headers = got(site, photo.master_sha256)
    own, other = f'"{photo.master_sha256}"', f'"{"0" * 64}"'
    found, data, headers = got(site, photo.master_sha256, Range="bytes=100-", If_Range=own)
    assert (found, data) == (206, whole[100:])
    assert headers["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    found, data, _ = got(site, photo.master_sha256, Range="bytes=100-", If_Range=other)
    assert (found, data) == (200, whole)
    past = f"bytes={len(whole)}-"
    assert got(site, photo.master_sha256, Range=past, If_Range=own)[0] == 416


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[bytes, int]]:
    """The bytes of a village's photo, and the port of the village's real server."""
    folder = tmp_path_factory.mktemp("desa")
    site = make_site(folder / "desa")
    with site.bound():
        photo, _article = with_photo(site, folder, size=(24, 16))
        data = masters.path_of(site, photo.master_sha256).read_bytes()
    with serving(site) as url:
        port = urlsplit(url).port
        assert port is not None
        yield data, port
    site.close()


def test_a_photo_comes_whole_after_a_cut_at_every_byte(
    served: tuple[bytes, int], tmp_path: Path
) -> None:
    data, port = served
    digest = sha256(data).hexdigest()

    async def run() -> None:
        async with BadNet(port) as net:

            async def fetch() -> int:
                (tmp_path / "foto").unlink(missing_ok=True)
                url = f"{net.url}{MEDIA}{digest}"
                async with Client(allow_private=True) as client:
                    came = await client.download(
                        url, tmp_path / "foto", size=len(data), sha256=digest
                    )
                assert (tmp_path / "foto").read_bytes() == data
                return came

            net.strike(times=0)
            assert await fetch() == len(data)
            size = net.down
            assert size > len(data)
            for at in range(size):
                net.strike(cut_after=at)
                net.is_reset = bool(at % 3 == 0)
                # What had come was not asked for again, unless a reset threw it away.
                came = await fetch()
                assert came == len(data) or net.is_reset, at
                assert net.times == 0

    asyncio.run(run())
    assert [path.name for path in tmp_path.iterdir()] == ["foto"]


def test_a_photo_with_a_flipped_bit_gets_no_name(served: tuple[bytes, int], tmp_path: Path) -> None:
    data, port = served
    digest = sha256(data).hexdigest()

    async def run() -> int:
        refused = 0
        async with BadNet(port) as net:
            url = f"{net.url}{MEDIA}{digest}"
            net.strike(times=0)
            async with Client(allow_private=True) as client:
                await client.get(url)
            for at in range(0, net.down, 3):
                net.strike(flip=at)
                file = tmp_path / str(at)
                async with Client(allow_private=True, stall_s=0.3) as client:
                    with suppress(Unreachable):
                        await client.download(url, file, size=len(data), sha256=digest)
                assert net.times == 0
                refused += not file.exists()
                assert not file.exists() or file.read_bytes() == data
        return refused

    assert asyncio.run(run()) > len(data) // 8


class Tus:
    """A tus 1.0 server of few lines, after the protocol's text: keeps one upload."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.size = -1
        self.name = 0
        self.parts: list[int] = []
        self.tokens: set[str] = set()
        self.refuse_next = 0

    def app(self) -> web.Application:
        made = web.Application()
        made.router.add_post("/kirim", self._create)
        made.router.add_route("HEAD", "/kirim/{name}", self._head)
        made.router.add_patch("/kirim/{name}", self._patch)
        return made

    async def _create(self, request: web.Request) -> web.Response:
        self._note(request)
        self.size = int(request.headers["Upload-Length"])
        self.data.clear()
        self.name += 1
        return web.Response(status=201, headers={"Location": f"/kirim/{self.name}"})

    async def _head(self, request: web.Request) -> web.Response:
        self._note(request)
        if request.match_info["name"] != str(self.name):
            return web.Response(status=404)
        told = {"Upload-Offset": str(len(self.data)), "Upload-Length": str(self.size)}
        return web.Response(headers={**told, "Cache-Control": "no-store"})

    async def _patch(self, request: web.Request) -> web.Response:
        self._note(request)
        if request.match_info["name"] != str(self.name):
            return web.Response(status=404)
        assert request.headers["Content-Type"] == "application/offset+octet-stream"
        if int(request.headers["Upload-Offset"]) != len(self.data):
            return web.Response(status=409)
        part = await request.read()
        kind, _, given = request.headers["Upload-Checksum"].partition(" ")
        is_right = base64.b64decode(given) == sha256(part).digest()
        if kind != "sha256" or not is_right or self.refuse_next:
            self.refuse_next = max(0, self.refuse_next - 1)
            return web.Response(status=460)
        self.data += part
        self.parts.append(len(part))
        return web.Response(status=204, headers={"Upload-Offset": str(len(self.data))})

    def _note(self, request: web.Request) -> None:
        assert request.headers["Tus-Resumable"] == "1.0.0"
        self.tokens.add(request.headers.get("Authorization", ""))


Use = Callable[[Client, str, Tus, BadNet], Any]


def with_tus(use: Use) -> None:
    async def run() -> None:
        tus = Tus()
        runner = web.AppRunner(tus.app(), access_log=None)
        await runner.setup()
        listener = web.TCPSite(runner, "127.0.0.1", 0)
        await listener.start()
        port = runner.addresses[0][1]
        try:
            async with BadNet(port) as net, Client(allow_private=True) as client:
                net.strike(times=0)
                await use(client, f"{net.url}/kirim", tus, net)
        finally:
            await runner.cleanup()

    asyncio.run(run())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "foto.jpg"
    made.write_bytes(bytes(range(256)) * 3000)
    return made


def digest_of(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def test_parts_grow_on_a_good_line_and_carry_the_token(file: Path) -> None:
    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        kept: list[str] = []
        told: list[int] = []
        address = await upload(
            client, url, file, sha256=digest_of(file), headers={"Authorization": "Bearer t"},
            keep=kept.append, progress=lambda sent, _size: told.append(sent),
        )  # fmt: skip
        assert bytes(tus.data) == file.read_bytes()
        assert kept == [address]
        assert tus.tokens == {"Bearer t"}
        assert tus.parts[:4] == [32 << 10, 64 << 10, 128 << 10, 256 << 10]
        assert told[-1] == file.stat().st_size
        again = await upload(client, url, file, sha256=digest_of(file), known=address)
        assert again == address

    with_tus(use)


def test_an_upload_goes_on_where_the_other_side_is(file: Path) -> None:
    """Begun yesterday, partly there: nothing is sent twice; forgotten there: from the start."""

    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        data = file.read_bytes()
        tus.name, tus.size, tus.data = 5, len(data), bytearray(data[:500_001])
        await upload(client, url, file, sha256=digest_of(file), known="/kirim/5")
        assert bytes(tus.data) == data
        assert sum(tus.parts) == len(data) - 500_001
        address = await upload(client, url, file, sha256=digest_of(file), known="/kirim/99")
        assert address.endswith("/kirim/6")
        assert bytes(tus.data) == data

    with_tus(use)


def test_an_upload_survives_cuts_and_a_spoiled_part(file: Path) -> None:
    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        for at in (0, 40, 150, 300):
            tus.parts.clear()
            net.strike(cut_after=at)
            tus.refuse_next = int(at == 300)
            try:
                await upload(client, url, file, sha256=digest_of(file))
            except Unreachable as error:
                # The creation itself was cut: whether it was heard is found out next time.
                assert error.reason is Reason.CUT  # noqa: PT017 - both ways are right
                await upload(client, url, file, sha256=digest_of(file))
            assert bytes(tus.data) == file.read_bytes(), at
            assert min(tus.parts[:-1]) >= MIN_PART_BYTES

    with_tus(use)


def test_a_dead_line_is_given_up_and_nothing_is_lost(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection dies after the creation's answer."""
    from desa_web.engines.sync import upload as module

    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        kept: list[str] = []
        monkeypatch.setattr(module, "_IDLE", 1)

        def keep(address: str) -> None:
            kept.append(address)
            net.strike(cut_after=0, times=10**6)
            connector: Any = client._open._session.connector
            connector._conns.clear()

        with pytest.raises(Unreachable):
            await upload(client, url, file, sha256=digest_of(file), keep=keep)
        net.strike(times=0)
        await upload(client, url, file, sha256=digest_of(file), known=kept[0])
        assert bytes(tus.data) == file.read_bytes()

    with_tus(use)


def test_a_file_that_changed_is_not_sent(file: Path) -> None:
    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        with pytest.raises(Unreachable) as caught:
            await upload(client, url, file, sha256="0" * 64)
        assert caught.value.reason is Reason.CORRUPT
        assert tus.size == -1

    with_tus(use)


@pytest.mark.parametrize("known", ["http://127.0.0.1:9/kirim/1", "//jahat.example/x", "ftp://x/"])
def test_a_token_goes_to_no_other_site(file: Path, known: str) -> None:
    async def use(client: Client, url: str, tus: Tus, net: BadNet) -> None:
        with pytest.raises(Unreachable) as caught:
            await upload(client, url, file, sha256=digest_of(file), known=known)
        assert caught.value.reason in (Reason.MOVED, Reason.STRANGER)

    with_tus(use)
