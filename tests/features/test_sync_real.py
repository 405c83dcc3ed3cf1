"""A real village process and a hub that pulls over a real socket: cut, resumed, told of changes."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.engines.sync import Receiver, log
from desa_web.features.news import service
from desa_web.features.news.article import Text
from desa_web.features.news.workflow import Op, act
from tests.harness.site import make_site, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A village with articles, served by `desa serve` in its own process."""
    village = make_site(tmp_path_factory.mktemp("desa"), village_name="Sukamaju")
    with village.bound():
        for n in range(12):
            publish(village, f"Kabar {n}", words=300)
    with serving(village) as url:
        yield village, url
    village.close()


def publish(village: Site, title: str, words: int = 30) -> str:
    body = "<p>" + " ".join(f"{title}-{n}" for n in range(words)) + "</p>"
    article = service.create(operator(village), Text(title=title, body=body))
    service.publish_now(operator(village), article.id)
    return article.id


def pulled(
    url: str, receiver: Receiver, source: str, *, cut: int | None = None
) -> tuple[int, int, bytes]:
    """Pull once like a hub: status, bytes of the body that came, lines as received."""
    resume = receiver.resume(source)
    have = ",".join(f"{p.epoch}.{p.seq}.{p.hash[:32]}" for p in resume.have)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    headers = {"Accept-Encoding": "gzip"}
    if resume.etag:
        headers["If-None-Match"] = f'"{resume.etag[:32]}"'
    connection.request("GET", f"/sync/v1/changes?have={have}", headers=headers)
    answer = connection.getresponse()
    body = answer.read() if cut is None else answer.read(cut)
    connection.close()
    lines = body
    if answer.headers.get("Content-Encoding") == "gzip":
        lines = zlib.decompressobj(31).decompress(body)
    return answer.status, len(body), lines


def wait_for(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def titles(receiver: Receiver, source: str) -> set[str]:
    found = set()
    for (kind, _id), held in receiver.shelf.view(source).items():
        fields = json.loads(held.body or "{}")
        if kind == "article" and fields.get("op") == "put":
            found.add(fields["title"])
    return found


def test_a_hub_gets_everything_over_a_line_that_breaks(
    site: Site, served: tuple[Site, str]
) -> None:
    village, url = served
    with village.bound():
        head = log.head(village)
    assert head is not None, "followers run once before the socket opens"
    receiver = Receiver(site)
    fetched = whole = 0
    for cut in (100, 700, 1500, 2600, None):
        status, size, lines = pulled(url, receiver, head.site, cut=cut)
        assert status == 200
        outcome = receiver.receive(head.site, lines, is_live=True)
        assert outcome.problem is None
        fetched += size
        whole += outcome.is_whole
    assert whole == 1
    assert titles(receiver, head.site) == {f"Kabar {n}" for n in range(12)}
    # Nothing that had arrived whole was sent again.
    assert fetched < len_of_all(url) * 2
    assert pulled(url, receiver, head.site)[0] == 304


def len_of_all(url: str) -> int:
    with urlopen(f"{url}sync/v1/changes", timeout=20) as answer:
        return len(gzip.compress(answer.read(), 6))


def test_a_poll_without_news_is_260_bytes_at_most(served: tuple[Site, str]) -> None:
    village, url = served
    with village.bound():
        digest = log.head(village).point.hash  # type: ignore[union-attr]
    parts = urlsplit(url)
    ask = (
        f"GET /sync/v1/changes HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f'If-None-Match: "{digest[:32]}"\r\n\r\n'
    ).encode()
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20) as wire:
        wire.sendall(ask)
        said = b""
        while b"\r\n\r\n" not in said:
            said += wire.recv(65536)
    assert said.startswith(b"HTTP/1.1 304 ")
    assert len(ask) + len(said) <= 260, said


def test_what_changes_while_the_village_serves_arrives(
    site: Site, served: tuple[Site, str]
) -> None:
    village, url = served
    with village.bound():
        name = log.head(village).site  # type: ignore[union-attr]
        before = log.counts(village)["lines"]
        made = publish(village, "Baru saja")
        wait_for(lambda: log.counts(village)["lines"] == before + 1)
    receiver = Receiver(site)
    receiver.receive(name, pulled(url, receiver, name)[2], is_live=True)
    assert "Baru saja" in titles(receiver, name)
    with village.bound():
        act(operator(village), Op.WITHDRAW, made)
        wait_for(lambda: log.counts(village)["lines"] == before + 2)
    status, size, lines = pulled(url, receiver, name)
    assert (status, lines.count(b"\n")) == (200, 2)
    assert size < 600
    receiver.receive(name, lines, is_live=True)
    assert "Baru saja" not in titles(receiver, name)
