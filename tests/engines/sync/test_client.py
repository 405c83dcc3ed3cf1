"""The client is bounded: in addresses, bytes, time, hops and connections; failures have words."""

from __future__ import annotations

import asyncio
import gzip
import socket
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pytest

from desa_web.core.errors import Busy
from desa_web.engines.sync.addresses import may_be_asked
from desa_web.engines.sync.client import Client, Reason, Unreachable
from desa_web.engines.sync.quick import Reading, request_of
from tests.harness import certificates
from tests.harness.lying_site import LyingSite, Say, always, answer
from tests.harness.site import ROOT, FakeClock, make_site

T = TypeVar("T")


def asked(say: Say, use: Callable[[Client, str], Awaitable[T]], **options: Any) -> T:
    """Run `use` with a client and the address of a site that answers as `say` does."""

    async def run() -> T:
        async with LyingSite(say) as site, Client(allow_private=True, **options) as client:
            return await use(client, site.url)

    return asyncio.run(run())


def refusal(say: Say, **options: Any) -> Unreachable:
    """Return why a get() fails: the same for a poll and in the ordinary way."""

    async def use(client: Client, url: str) -> Unreachable:
        found = []
        for ask in (client.get, partial(client.send, "GET")):
            with pytest.raises(Unreachable) as caught:
                await ask(url, **options)
            found.append(caught.value)
        assert found[0].reason is found[1].reason
        assert found[0].http_status == found[1].http_status
        return found[0]

    return asked(say, use, stall_s=0.3, connect_s=2)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "198.18.0.1", "198.19.255.255", "192.0.2.7",
        "198.51.100.1", "203.0.113.200", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2001:db8::1",
        "2001::1", "2002:7f00:1::", "3fff::1", "4000::1", "::127.0.0.1", "localhost", "", "1.2.3",
        "0x7f.1", "2130706433",
    ],
)  # fmt: skip
def test_the_inside_is_closed_whatever_it_is_called(address: str) -> None:
    assert not may_be_asked(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "103.10.66.1", "172.32.0.1", "172.15.255.255", "100.128.0.1", "198.20.0.1",
     "223.255.255.255", "2404:6800:4003::1", "::ffff:103.10.66.1", "64:ff9b::103.10.66.1"],
)  # fmt: skip
def test_the_open_internet_is_open(address: str) -> None:
    assert may_be_asked(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.7", "10.0.0.9", "::1", "fd12::1"])
def test_an_operator_may_open_the_house(address: str) -> None:
    assert may_be_asked(address, allow_private=True)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "0.0.0.0",
     "::ffff:169.254.169.254", "224.0.0.1", "fe80::1"],
)  # fmt: skip
def test_even_then_nobody_asks_a_cloud_for_its_secrets(address: str) -> None:
    assert not may_be_asked(address, allow_private=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0"])
def test_no_connection_is_made_to_an_address_inside(host: str) -> None:
    """Not only refused: nothing arrives at the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        async def use() -> Unreachable:
            async with Client() as client:
                with pytest.raises(Unreachable) as caught:
                    await client.get(f"http://{host}:{port}/")
                return caught.value

        error = asyncio.run(use())
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert error.reason in (Reason.PRIVATE, Reason.ADDRESS, Reason.DNS, Reason.NETWORK)
    assert error.is_security == (error.reason is Reason.PRIVATE)


def test_a_redirect_leads_into_no_cloud() -> None:
    moved = answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    error = refusal(lambda _request: moved)
    assert error.reason is Reason.PRIVATE
    assert error.is_security


@pytest.mark.parametrize(
    "url",
    ["", "desa.id", "ftp://desa.id/", "file:///etc/passwd", "http://", "http://a:b@desa.id/",
     "http://desa.id:22/", "http://desa.id:25/", "https://desa.id:99999/", "http://[::1/",
     "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_of_a_site_is_not_asked(url: str) -> None:
    async def use() -> Reason:
        async with Client() as client:
            with pytest.raises(Unreachable) as caught:
                await client.get(url)
            return caught.value.reason

    assert asyncio.run(use()) is Reason.ADDRESS


def test_redirects_are_followed_and_told_and_end() -> None:
    def say(request: str) -> bytes:
        if request.startswith("GET /lama "):
            return answer(status=301, headers={"Location": "/baru?x=1"})
        if request.startswith("GET /baru?x=1 "):
            return answer(b"isi")
        return answer(status=307, headers={"Location": "/putar"})

    async def use(client: Client, url: str) -> tuple[str, bytes, Reason]:
        found = await client.get(f"{url}/lama")
        with pytest.raises(Unreachable) as caught:
            await client.get(f"{url}/putar")
        return found.url.removeprefix(url), found.body, caught.value.reason

    assert asked(say, use) == ("/baru?x=1", b"isi", Reason.MOVED)


def test_a_token_is_not_carried_to_another_site() -> None:
    async def use(client: Client, url: str) -> list[bool]:
        async with LyingSite(always(answer(b"x"))) as other:
            moved = LyingSite(always(answer(status=302, headers={"Location": other.url})))
            async with moved as first:
                headers = {"Authorization": "Bearer rahasia"}
                await client.get(first.url, headers=headers)
                return ["rahasia" in site.requests[0] for site in (first, other)]

    assert asked(always(b""), use) == [True, False]


def test_what_is_sent_goes_to_no_other_address() -> None:
    async def use(client: Client, url: str) -> Unreachable:
        with pytest.raises(Unreachable) as caught:
            await client.send("POST", url, b"x", headers={"Authorization": "Bearer rahasia"})
        return caught.value

    moved = answer(status=307, headers={"Location": "http://127.0.0.1:9/curi"})
    error = asked(lambda _request: moved, use)
    assert error.reason is Reason.MOVED
    assert "http://127.0.0.1:9/curi" in error.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "ditolak"), (401, "ditolak"), (403, "ditolak"), (404, "hilang"), (410, "hilang"),
     (429, "sibuk"), (503, "sibuk"), (500, "galat"), (502, "galat"), (504, "lambat"),
     (511, "bukan-desa"), (302, "galat")],
)  # fmt: skip
def test_each_status_has_its_reason(status: int, reason: str) -> None:
    error = refusal(lambda _request: answer(b"<html>", status))
    assert (error.reason, error.http_status) == (reason, status)


def test_a_site_that_asks_to_wait_is_heard() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(days=3650), usegmt=True)
    for text, low, high in (("120", 120, 120), (later, 280, 300), (past, 0, 0),
                            ("99999999999999", 86_400, 86_400), ("besok", 0, 0), ("-5", 0, 0),
                            ("Thu, 99 Foo 2020", 0, 0), ("²", 0, 0)):  # fmt: skip
        said = f"HTTP/1.1 503 X\r\nRetry-After: {text}\r\nContent-Length: 0\r\n\r\n".encode()
        error = refusal(always(said))
        assert low <= error.retry_after_s <= high, text


def test_a_body_is_unpacked_and_a_bomb_ends_at_the_limit() -> None:
    bomb = gzip.compress(bytes(200 << 20))
    assert len(bomb) < 300_000

    def say(request: str) -> bytes:
        body = bomb if "/bom" in request else gzip.compress(b"isi" * 1000)
        return answer(body, headers={"Content-Encoding": "gzip"})

    async def use(client: Client, url: str) -> tuple[bytes, Reason, int]:
        good = await client.get(url)
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable) as caught:
                await client.get(f"{url}/bom", max_bytes=1 << 20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return good.body, caught.value.reason, peak

    body, reason, peak = asked(say, use)
    assert body == b"isi" * 1000
    assert reason is Reason.TOO_LARGE
    assert peak < 8 << 20


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "aes"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    said = answer(b"x" * 50, headers={"Content-Encoding": encoding})
    assert refusal(lambda _request: said).reason is Reason.STRANGER


async def endless() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + bytes(65536) + b"\r\n"


def test_a_body_without_end_ends_at_the_limit() -> None:
    assert refusal(lambda _request: endless()).reason is Reason.TOO_LARGE
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    assert refusal(lambda _request: huge).reason is Reason.TOO_LARGE


def test_an_answer_reads_the_same_however_it_is_cut_up() -> None:
    said = answer(b"isi " * 20, headers={"ETag": '"x"', "X-Kosong": " "}) + b"HTTP/1.1 lagi"
    whole = Reading(1000)
    whole.feed(said)
    assert whole.answer is not None
    assert (whole.answer.status, whole.answer.body) == (200, b"isi " * 20)
    assert whole.answer.headers["etag"] == '"x"'
    for size in (1, 2, 3, 7, 50):
        reading = Reading(1000)
        for at in range(0, len(said), size):
            reading.feed(said[at : at + size])
        assert reading.answer == whole.answer
    for end in range(len(said) - len(b"HTTP/1.1 lagi")):
        reading = Reading(1000)
        reading.feed(said[:end])
        reading.cut()
        assert reading.answer is not None
        assert whole.answer.body.startswith(reading.answer.body)
        assert reading.answer.missing > 0


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK",
     b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
     b"HTTP/1.1 200 OK\r\nContent-Length: -1", b"HTTP/1.1 200 OK\r\nContent-Length: +1",
     b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n x: folded", b"HTTP/1.1 99 OK", b"ICY 200 OK",
     b"HTTP/1.1 302 Found\r\nContent-Length: 0", b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK\rX",
     b"HTTP/1.1 200 OK\r\nContent-Length: 1001", b"HTTP/1.1 200 OK\r\nname : x", b"x" * 20_000],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_ordinary_way(head: bytes) -> None:
    reading = Reading(1000)
    reading.feed(head + b"\r\n\r\n")
    assert (reading.is_done, reading.answer) == (True, None)


def test_a_chunked_answer_is_read_all_the_same() -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nisi\r\n0\r\n\r\n"

    async def use(client: Client, url: str) -> bytes:
        return (await client.get(url)).body

    assert asked(always(said), use) == b"isi"


def test_no_header_carries_a_second_request() -> None:
    with pytest.raises(ValueError, match="line break"):
        request_of("GET", "/", "desa.id", {"If-None-Match": '"x"\r\nX-Curi: 1'})


async def hanging(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    await asyncio.Event().wait()


async def dribbling() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        yield b"x"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "pieces",
    [(), (b"HTTP/1.1 200",), (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",),
     (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"x" * 99)],
)  # fmt: skip
def test_a_stall_costs_the_slot_and_nothing_else(pieces: tuple[bytes, ...]) -> None:
    assert refusal(lambda _request: hanging(*pieces)).reason is Reason.SLOW


def test_a_dribble_has_no_for_ever() -> None:
    assert refusal(lambda _request: dribbling(), timeout_s=0.5).reason is Reason.SLOW


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nkurang",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nkuran",
     b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConte"],
)  # fmt: skip
def test_a_cut_is_a_cut(said: bytes) -> None:
    assert refusal(lambda _request: said).reason is Reason.CUT


def test_what_is_no_http_is_a_stranger() -> None:
    assert refusal(lambda _request: b"SSH-2.0-OpenSSH_9.2\r\n\r\n").reason is Reason.STRANGER


def test_a_part_is_kept_only_for_who_asks_for_it() -> None:
    packed = gzip.compress(b"".join(b"baris %d\n" % n for n in range(5000)))
    said = answer(packed, headers={"Content-Encoding": "gzip"})[: -len(packed) // 2]

    async def use(client: Client, url: str) -> tuple[bytes, Reason | None]:
        with pytest.raises(Unreachable):
            await client.get(url)
        found = await client.get(url, keep_part=True)
        assert not found.is_whole
        return found.body, found.cut

    body, cut = asked(lambda _request: said, use)
    assert cut is Reason.CUT
    assert body.startswith(b"baris 0\nbaris 1\n")
    assert zlib.decompressobj(31).decompress(packed).startswith(body)


def test_where_nobody_listens_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def use() -> Reason:
        async with Client(allow_private=True) as client:
            with pytest.raises(Unreachable) as caught:
                await client.get(f"http://127.0.0.1:{port}/")
            return caught.value.reason

    assert asyncio.run(use()) is Reason.CLOSED


def test_a_name_that_nobody_has_is_said_to_be_that() -> None:
    async def use() -> Unreachable:
        async with Client() as client:
            with pytest.raises(Unreachable) as caught:
                await client.get("http://tidak-ada.invalid/")
            return caught.value

    error = asyncio.run(use())
    assert error.reason in (Reason.DNS, Reason.NETWORK)
    assert not error.is_security


def test_a_certificate_is_checked_and_a_wrong_clock_is_named(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)

    async def reason(server: Any, client: Client) -> Reason:
        async with LyingSite(lambda _request: answer(b"x"), tls=server) as site, client:
            found = []
            for stays in (False, True):
                with pytest.raises(Unreachable) as caught:
                    await client.get(site.url, stays=stays)
                found.append(caught.value.reason)
        assert found[0] is found[1]
        return found[0]

    async def use() -> None:
        def new(**options: Any) -> Client:
            return Client(allow_private=True, **options)

        trusting = new(tls=made.client)
        async with LyingSite(lambda _request: answer(b"x"), tls=made.good) as site, trusting:
            for stays in (False, True):
                assert (await trusting.get(site.url, stays=stays)).body == b"x"
        assert await reason(made.good, new()) is Reason.CERTIFICATE
        assert await reason(made.good, new(clock=FakeClock(1000))) is Reason.CLOCK
        assert await reason(made.future, new(tls=made.client)) is Reason.CLOCK

    asyncio.run(use())


def test_one_host_is_asked_one_thing_at_a_time_and_all_together_within_a_limit() -> None:
    gate = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await gate.wait()
        yield answer(b"x")

    async def use() -> tuple[list[int], int]:
        sites = [LyingSite(lambda _request: slow()) for _n in range(5)]
        for site in sites:
            await site.__aenter__()
        async with Client(allow_private=True, max_open=3) as client:
            tasks = [asyncio.create_task(client.get(site.url)) for site in sites for _n in range(4)]
            while sum(len(site.requests) for site in sites) < 3:
                await asyncio.sleep(0)
            for _n in range(200):
                await asyncio.sleep(0)
            together = sum(len(site.requests) for site in sites)
            gate.set()
            await asyncio.gather(*tasks)
            assert client._open.turns.hosts == {}
        for site in sites:
            await site.__aexit__(None, None, None)
        return [site.most for site in sites], together

    most, together = asyncio.run(use())
    assert most == [1] * 5
    assert together == 3


def test_a_poll_leaves_no_connection_behind() -> None:
    """Ten thousand polled villages must not be ten thousand open sockets."""

    async def use(client: Client, url: str) -> int:
        await client.get(url)
        await client.get(url, accept=(304,))
        connector: Any = client._open._session.connector
        return sum(len(idle) for idle in connector._conns.values())

    def say(_request: str) -> bytes:
        return b"HTTP/1.1 304 Not Modified\r\n\r\n" if len(seen) else answer(b"x")

    seen: list[int] = []
    assert asked(say, use) == 0
    seen.append(1)
    assert asked(say, use) == 0


def served(data: bytes, digest: str) -> Callable[[str], bytes]:
    """Answer like a village: whole, or from a byte on when If-Range names the hash."""

    def say(request: str) -> bytes:
        headers = {"ETag": f'"{digest}"'}
        _, found, rest = request.partition("\r\nRange: bytes=")
        if not found or f'If-Range: "{digest}"' not in request:
            return answer(data, headers=headers)
        start = int(rest.partition("-")[0])
        if start >= len(data):
            return answer(status=416)
        told = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return answer(data[start:], 206, {**headers, "Content-Range": told})

    return say


DATA = bytes(range(256)) * 200
DIGEST = sha256(DATA).hexdigest()


def fetched(say: Say, folder: Path, **options: Any) -> int:
    async def use(client: Client, url: str) -> int:
        wanted = {"size": len(DATA), "sha256": DIGEST, **options}
        return await client.download(url, folder / "foto", **wanted)

    return asked(say, use, stall_s=0.3)


def test_a_download_goes_on_at_the_byte_where_an_earlier_one_ended(tmp_path: Path) -> None:
    (tmp_path / "foto.part").write_bytes(DATA[:30_000])
    assert fetched(served(DATA, DIGEST), tmp_path) == len(DATA) - 30_000
    assert (tmp_path / "foto").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["foto"]


def test_a_source_that_knows_no_ranges_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "foto.part").write_bytes(DATA[:30_000])
    assert fetched(lambda _request: answer(DATA), tmp_path) == len(DATA)
    assert (tmp_path / "foto").read_bytes() == DATA


@pytest.mark.parametrize("piece", [b"rusak" * 100, DATA + b"x", bytes(len(DATA))])
def test_a_spoiled_piece_on_the_disk_is_thrown_away(tmp_path: Path, piece: bytes) -> None:
    (tmp_path / "foto.part").write_bytes(piece)
    fetched(served(DATA, DIGEST), tmp_path)
    assert (tmp_path / "foto").read_bytes() == DATA


def test_a_whole_piece_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "foto.part").write_bytes(DATA)
    assert fetched(lambda _request: b"", tmp_path) == 0
    assert (tmp_path / "foto").read_bytes() == DATA


@pytest.mark.parametrize(
    ("body", "reason"),
    [(bytes(len(DATA)), Reason.CORRUPT), (DATA[:-1], Reason.CORRUPT), (b"", Reason.CORRUPT),
     (DATA + b"x", Reason.TOO_LARGE)],
)  # fmt: skip
def test_what_the_hash_does_not_say_gets_no_name(
    tmp_path: Path, body: bytes, reason: Reason
) -> None:
    with pytest.raises(Unreachable) as caught:
        fetched(lambda _request: answer(body), tmp_path)
    assert caught.value.reason is reason
    assert not (tmp_path / "foto").exists()
    with suppress(FileNotFoundError):
        assert (tmp_path / "foto.part").stat().st_size <= len(DATA)
    fetched(served(DATA, DIGEST), tmp_path)
    assert (tmp_path / "foto").read_bytes() == DATA


def test_a_range_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "foto.part").write_bytes(DATA[:1000])
    for told in ("bytes 0-51199/51200", "bytes 999-51199/51200", "", "bytes x"):
        said = answer(DATA[1000:], 206, {"Content-Range": told})
        with pytest.raises(Unreachable) as caught:
            fetched(always(said), tmp_path)
        assert caught.value.reason is Reason.STRANGER
    assert (tmp_path / "foto.part").read_bytes() == DATA[:1000]


def test_a_gone_file_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    for status in (404, 410):
        with pytest.raises(Unreachable) as caught:
            fetched(always(answer(b"", status)), tmp_path)
        assert (caught.value.reason, caught.value.http_status) == (Reason.GONE, status)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_without_a_hash_is_bounded_and_never_pieced_together(tmp_path: Path) -> None:
    unknown = {"size": None, "sha256": None}
    assert fetched(lambda _request: answer(DATA), tmp_path, **unknown) == len(DATA)
    assert (tmp_path / "foto").read_bytes() == DATA
    with pytest.raises(Unreachable) as caught:
        fetched(lambda _request: endless(), tmp_path / "", **unknown, max_bytes=100_000)
    assert caught.value.reason is Reason.TOO_LARGE
    assert [path.name for path in tmp_path.iterdir()] == ["foto"]


def test_two_never_write_one_file(tmp_path: Path) -> None:
    async def use(client: Client, url: str) -> list[object]:
        options: dict[str, Any] = {"size": len(DATA), "sha256": DIGEST}
        other = url.replace("127.0.0.1", "localhost")
        return await asyncio.gather(
            *(client.download(u, tmp_path / "foto", **options) for u in (url, other)),
            return_exceptions=True,
        )

    results = asked(served(DATA, DIGEST), use)
    assert [type(result) for result in results if result != len(DATA)] == [Busy]
    assert (tmp_path / "foto").read_bytes() == DATA


def test_a_village_that_only_answers_never_loads_the_client(tmp_path: Path) -> None:
    """The whole app and the command's help, in a process of its own."""
    site = make_site(tmp_path)
    site.close()
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from desa_web.app import create_app\n"
        "from desa_web.cli import main\n"
        "from desa_web.core.site import open_site\n"
        "main(['sync', '--help'])\n"
        f"create_app(open_site(Path({str(site.path)!r}))).test_client().get('/')\n"
        "print('loaded', 'aiohttp' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "loaded False" in done.stdout, done.stdout + done.stderr
