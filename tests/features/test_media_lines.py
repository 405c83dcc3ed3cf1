"""Uploads over bad lines, to the real server in its own process: cuts, 2 KB/s, kill -9."""

from __future__ import annotations

import base64
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desa_web.core.actor import Role
from desa_web.core.disk import digest_of
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.media import library, masters, service
from desa_web.features.media.library import Filter
from tests.harness import tus_client
from tests.harness.photos import photo
from tests.harness.site import actor_as, make_site, running, serving
from tests.harness.slow_link import SlowLink

BASE = "/api/v1/uploads"


def _sign_in(site: Site) -> str:
    """Return the cookie of a reporter."""
    actor = actor_as(site, Role.REPORTER)
    assert actor.user_id is not None
    person = accounts.user(actor_as(site, Role.ADMIN), actor.user_id)
    return f"desa_sesi={sessions.start(site, person, description='tests').token}"


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Site, str, str]]:
    """A site on the real clock, the cookie of a reporter, and the server's address."""
    from desa_web.core.clock import SystemClock

    site = make_site(tmp_path, clock=SystemClock())  # type: ignore[arg-type]
    with site.bound():
        cookie = _sign_in(site)
        with serving(site) as url:
            yield site, cookie, url
    site.close()


def _cut_upload(served: tuple[Site, str, str], tmp_path: Path, cuts: int, seed: int) -> None:
    site, cookie, url = served
    rnd = random.Random(seed)
    file = tmp_path / f"foto-{cuts}.jpg"
    file.write_bytes(photo(seed, (1600, 1100)))
    size = file.stat().st_size
    # Parts so small that some arrive between two cuts; a cut falls into headers and parts alike.
    chunk = size // (3 * cuts)
    places = [rnd.randrange(900, 2 * size // cuts - 900) for _ in range(cuts)]
    words = {"filename": file.name, "sha256": digest_of(file), "caption": "Dari ladang."}
    with SlowLink(_port(url), cut_after=places) as link:
        sender = tus_client.upload(
            f"http://127.0.0.1:{link.port}{BASE}", file, cookie, words, chunk
        )
        done = tus_client.outcome(sender)
        assert done["ok"], done
        assert link.cuts_done == cuts
    found = [p for p in library.photos(site, Filter()).photos if p.name == file.name]
    assert len(found) == 1
    assert found[0].caption == "Dari ladang."
    assert (found[0].width_px, found[0].height_px) == (1600, 1100)
    path = masters.path_of(site, found[0].master_sha256)
    assert digest_of(path) == found[0].master_sha256


@pytest.mark.skipif(not tus_client.is_possible(), reason="node and npm are not installed")
@pytest.mark.parametrize("cuts", [8, pytest.param(50, marks=pytest.mark.long)])
def test_a_foreign_sender_finishes_through_cuts_at_random_bytes(
    served: tuple[Site, str, str], tmp_path: Path, cuts: int
) -> None:
    _cut_upload(served, tmp_path, cuts, seed=cuts)


@pytest.mark.skipif(not tus_client.is_possible(), reason="node and npm are not installed")
def test_a_foreign_sender_sends_the_whole_file_in_one_part(
    served: tuple[Site, str, str], tmp_path: Path
) -> None:
    site, cookie, url = served
    file = tmp_path / "utuh.jpg"
    file.write_bytes(photo(3, (1600, 1100)))
    sender = tus_client.upload(f"{url.rstrip('/')}{BASE}", file, cookie, {"filename": "utuh.jpg"})
    done = tus_client.outcome(sender)
    assert done == {"ok": True, "errors": 0, "url": done["url"]}
    assert [p.name for p in library.photos(site, Filter()).photos] == ["utuh.jpg"]


class _Sender:
    """A patient sender of our own making, as a phone is: small parts, asks, goes on."""

    def __init__(self, address: Callable[[], int], cookie: str, data: bytes, part: int) -> None:
        self._address = address
        self._cookie = cookie
        self._data = data
        self._part = part
        self.url = ""
        self.acked = 0
        self.sent_bytes = 0

    def run(self, until_s: float) -> dict[str, object]:
        """Send until the server says that it is a photo; return the server's word."""
        deadline = time.monotonic() + until_s
        while time.monotonic() < deadline:
            if (state := self.try_once()) is not None:
                return state
        raise AssertionError(f"only {self.acked} of {len(self._data)} bytes arrived")

    def try_once(self) -> dict[str, object] | None:
        """Go on until the line or the server fails (None), or to the end."""
        try:
            if not self.url:
                self._create()
            offset = int(self._ask("HEAD", self.url)[0]["Upload-Offset"])
            # What was acknowledged is there, whatever happened since.
            assert offset >= self.acked
            while offset < len(self._data):
                offset = self._send(offset)
                self.acked = offset
            state: dict[str, object] = json.loads(self._ask("GET", self.url)[1])
        except (OSError, http.client.HTTPException):
            return None
        return state

    def _create(self) -> None:
        digest = base64.b64encode(sha256(self._data).hexdigest().encode()).decode()
        name = base64.b64encode(b"lambat.jpg").decode()
        words = {
            "Upload-Length": str(len(self._data)),
            "Upload-Metadata": f"filename {name},sha256 {digest}",
        }
        self.url = self._ask("POST", BASE, words)[0]["Location"]

    def _send(self, offset: int) -> int:
        part = self._data[offset : offset + self._part]
        headers = {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer, _body = self._ask("PATCH", self.url, headers, part)
        return int(answer["Upload-Offset"])

    def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._address(), timeout=60)
        self.sent_bytes += len(body)
        try:
            always = {"Tus-Resumable": "1.0.0", "Cookie": self._cookie}
            connection.request(method, path, body, always | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 500 or answer.status == 409:
            raise OSError(f"{method} {answer.status}")
        assert answer.status < 300, (answer.status, content)
        return answer.headers, content


@pytest.mark.parametrize(
    ("size", "cuts"), [((192, 128), 2), pytest.param((900, 600), 8, marks=pytest.mark.long)]
)
def test_a_photo_arrives_over_two_kilobytes_a_second_with_cuts(
    served: tuple[Site, str, str], size: tuple[int, int], cuts: int
) -> None:
    _site, cookie, url = served
    data = photo(7, size)
    rnd = random.Random(len(data))
    places = [rnd.randrange(1200, len(data) // cuts) for _ in range(cuts)]
    part = 2048 if cuts == 2 else 16 * 1024
    with SlowLink(_port(url), bytes_per_s=2000, cut_after=places) as link:
        sender = _Sender(lambda: link.port, cookie, data, part)
        state = sender.run(until_s=60 + 3 * len(data) / 2000)
        assert link.cuts_done == cuts
    photo_id = state["photo"]["id"]  # type: ignore[index]
    assert service.get(photo_id) is not None
    # A cut costs at most the part that was under way.
    assert sender.sent_bytes <= len(data) + cuts * part


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.long)])
def test_kill_9_at_any_moment_of_an_upload_loses_nothing_acknowledged(
    tmp_path: Path, kills: int
) -> None:
    from desa_web.core.clock import SystemClock

    site = make_site(tmp_path, clock=SystemClock())  # type: ignore[arg-type]
    rnd = random.Random(kills)
    sent: list[str] = []
    with site.bound():
        cookie = _sign_in(site)
        sender = _Sender(lambda: 0, cookie, photo(11, (1600, 1100)), 16 * 1024)
        for kill in range(kills + 1):
            with running("--site", site.path, "serve", "--port", "0") as (process, url):
                port = _port(url)
                sender._address = lambda port=port: port  # type: ignore[misc]
                if kill == kills:
                    sent.append(sender.run(60)["photo"]["id"])  # type: ignore[index]
                    break
                killer = threading.Timer(rnd.uniform(0.0, 0.5), process.kill)
                killer.start()
                while process.poll() is None:
                    state = sender.try_once()
                    if state is not None:
                        # Acknowledged: it is there from now on. On with the next photo.
                        sent.append(state["photo"]["id"])  # type: ignore[index]
                        data = photo(100 + kill * 50 + len(sent), (800, 600))
                        sender = _Sender(sender._address, cookie, data, 16 * 1024)
                killer.join()
        assert len(set(sent)) == len(sent)
        for photo_id in sent:
            kept = service.get(photo_id)
            assert kept is not None
            assert digest_of(masters.path_of(site, kept.master_sha256)) == kept.master_sha256
        assert {p.id for p in library.photos(site, Filter(), limit=1000).photos} == set(sent)
    site.close()
