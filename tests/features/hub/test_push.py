"""Push over real sockets: everything arrives once, over a line that breaks at every byte."""

from __future__ import annotations

import gzip
import http.client
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desa_web.core import db
from desa_web.core.errors import Conflict
from desa_web.core.site import Site
from desa_web.engines.sync import Receiver, log
from desa_web.engines.sync.client import Unreachable
from desa_web.features.hub import photos, receipts, sources
from desa_web.features.sync import hubs
from desa_web.features.sync import push as pushing
from desa_web.features.sync import receipts as heard
from desa_web.features.sync.bundles import received_path
from desa_web.features.sync.hubline import HubRefused
from desa_web.features.sync.push import Pushed, push
from tests.harness.cut_line import CutLine
from tests.harness.hub import Desa, make_hub, serving_villages, view
from tests.harness.pairing import pair
from tests.harness.site import ROOT, clock_of, run_desa

_TABLES = (
    "sync_received", "sync_parked", "sync_evidence", "sync_source", "hub_item_photo", "hub_photo",
    "hub_item", "hub_upload", "hub_receipt", "hub_receipt_head",
)  # fmt: skip

# Nothing is missing there, nothing too much, no photo waits, each article has the hub's word.
EQUAL: tuple[object, ...] = ({}, {}, [], set())


@dataclass
class Pair:
    """A village that is paired with a served hub; `line` breaks where a test says."""

    hub: Site
    desa: Desa
    line: CutLine
    source_id: str
    token: str

    def push(self) -> Pushed:
        self.desa.follow()
        with self.desa.site.bound():
            return push(self.desa.site)

    def forget(self) -> None:
        """Let the hub and the village forget that anything was ever sent."""
        with self.hub.bound(), db.write(self.hub.database):
            for table in _TABLES:
                db.execute(self.hub.database, f"DELETE FROM {table}")
        for file in (self.hub.media / "kiriman").rglob("*"):
            if file.is_file():
                file.unlink()
        with self.desa.site.bound(), db.write(self.desa.site.database):
            db.execute(self.desa.site.database, "DELETE FROM sync_receipt")
            sql = "UPDATE sync_hub SET head = '', born = 0, n = 0, part_bytes = 65536"
            db.execute(self.desa.site.database, sql)

    def difference(self) -> tuple[object, ...]:
        """Compare what the hub holds with what the village shows; and its words that came back."""
        with self.hub.bound():
            source = sources.get(self.hub, self.source_id)
            lacks = photos.wanted(source.id)
        with self.desa.site.bound():
            said = {w.object_id for w in heard.newest(self.desa.site, 1000)}
        truth, seen = self.desa.truth(), view(self.hub, source)
        here = {name: one for name, one in truth.items() if seen.get(name) != one}
        there = {name: one for name, one in seen.items() if truth.get(name) != one}
        return here, there, lacks, set(truth) - said

    def ask(
        self, method: str, path: str, body: bytes = b"", /, token: str | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send one request to the hub by hand."""
        parts = urlsplit(self.line.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        known = {"Authorization": f"Bearer {self.token if token is None else token}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/sync/v1/{path}", body, {**known, **named})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data, answer.headers


def connected(hub: Site, desa: Desa, line: CutLine) -> Pair:
    source_id, token = pair(hub, desa.site)
    with hub.bound():
        own = log.head(hub)
    assert own is not None
    with desa.site.bound(), db.write(desa.site.database):
        hubs.begin(
            desa.site, own.site, name="Media Center", address=line.url, token=token,
            state="paired", keys="",
        )  # fmt: skip
    return Pair(hub, desa, line, source_id, token)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One hub behind `desa serve` in its own process, and one village, for the whole module."""
    folder = tmp_path_factory.mktemp("dorong")
    hub, desa = make_hub(folder / "hub"), Desa.make(folder / "desa")
    served = Desa(hub)
    with (
        serving_villages([served], {"DESA_FOLLOW": "0"}),
        CutLine(urlsplit(served.url).port or 0) as line,
    ):
        made = connected(hub, desa, line)
        photo = desa.add_photo()
        desa.publish("Panen raya", "<p>Warga panen.</p>", lead_photo_id=photo)
        gone = desa.publish("Kabar lama")
        desa.publish("Posyandu", "<p>" + "Balita ditimbang. " * 40 + "</p>")
        desa.withdraw(gone)
        yield made
    hub.close()
    desa.site.close()


@pytest.fixture(autouse=True)
def fresh(two: Pair) -> None:
    two.line.cut()
    two.forget()


def test_everything_arrives_and_the_second_push_is_small(two: Pair) -> None:
    first = two.push()
    assert (first.photos, first.is_end) == (1, True)
    assert two.difference() == EQUAL
    two.line.cut()
    again = two.push()
    assert (again.lines, again.photos, again.receipts) == (0, 0, 0)
    assert two.line.up + two.line.down <= 800, (two.line.up, two.line.down)


def test_a_new_article_costs_no_more_than_its_line(two: Pair) -> None:
    two.push()
    two.desa.publish("Kabar baru", "<p>" + " ".join(f"kata{n}" for n in range(250)) + "</p>")
    two.line.cut()
    assert two.push().lines == 1
    assert two.difference() == EQUAL
    assert two.line.up + two.line.down <= 2560, (two.line.up, two.line.down)


def test_changes_and_withdrawals_follow(two: Pair) -> None:
    two.push()
    made = two.desa.publish("Rapat desa")
    two.push()
    two.desa.edit(made, title="Rapat desa ditunda")
    two.desa.move(made, "rapat-baru")
    two.push()
    assert two.difference() == EQUAL
    two.desa.withdraw(made)
    two.push()
    assert two.difference() == EQUAL
    two.desa.erase(made)
    two.push()
    assert two.difference() == EQUAL
    held = b"".join(p.read_bytes() for p in two.hub.data.glob("desa.db*"))
    assert b"Rapat desa ditunda" not in held


def test_a_long_log_goes_in_small_parts(two: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "LARGEST_BYTES", pushing.SMALLEST_BYTES)
    for n in range(30):
        two.desa.publish(f"Kabar {n}", f"<p>{'isi berita ' * 200}</p>")
    two.desa.follow()
    parts: list[int] = []
    with two.desa.site.bound():
        done = push(two.desa.site, lambda event: parts.append(event.get("bytes", 0)))
    assert done.is_end
    assert len(parts) >= 6
    assert two.difference() == EQUAL


def cuts(total: int, count: int, seed: int) -> list[int]:
    """Return `count` places in 1..total, spread over the whole, with both ends."""
    rnd = random.Random(seed)
    step = max(total / count, 1)
    return sorted({1, total, *(int(n * step + rnd.random() * step) + 1 for n in range(count))})


def broken_push(two: Pair, **where: int) -> None:
    """Push over a line that breaks once, as often as a village would, until it is through."""
    two.line.cut(**where)
    for _try in range(4):
        try:
            two.push()
        except Unreachable:
            continue
        break
    assert two.difference() == EQUAL, where


def measured(two: Pair) -> tuple[int, int]:
    two.line.cut()
    two.push()
    found = two.line.up, two.line.down
    two.forget()
    return found


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_cut_at_any_byte_loses_and_doubles_nothing(two: Pair, way: str) -> None:
    up, down = measured(two)
    for at in cuts(up if way == "up" else down, 30, seed=11):
        two.forget()
        broken_push(two, **{way: at})


@pytest.mark.long
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_cut_at_every_byte_loses_and_doubles_nothing(two: Pair, way: str) -> None:
    up, down = measured(two)
    for at in range(1, (up if way == "up" else down) + 1):
        two.forget()
        broken_push(two, **{way: at})


def test_what_was_sent_of_a_photo_is_not_sent_again(
    two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "SMALLEST_BYTES", 4096)
    monkeypatch.setattr(pushing, "LARGEST_BYTES", 4096)
    with two.desa.site.bound():
        size = max(path.stat().st_size for path in two.desa.site.media.glob("??/*"))
    whole = measured(two)[0]
    two.forget()
    sent = 0
    for part in range(1, 5):
        two.line.cut(up=whole * part // 6)
        with suppress(Unreachable):
            two.push()
        sent += two.line.up
    two.line.cut()
    two.push()
    assert two.difference() == EQUAL
    assert sent + two.line.up < whole + size // 2 + 40_000


def test_a_page_that_is_replayed_changes_nothing(two: Pair) -> None:
    two.desa.follow()
    page = two.desa.page_for(two.hub)
    lines = [line + b"\n" for line in page.split(b"\n")[:-2]]
    for body in (page, page, b"".join(lines[::-1]), lines[1], page[: len(page) // 2]):
        status, data, _headers = two.ask("POST", "push", body)
        assert status == 200, data
    two.push()
    assert two.difference() == EQUAL
    with two.hub.bound():
        name = two.desa.log_name
        held = Receiver(two.hub).shelf.source(name)
        assert held.number == len(lines)
        said = receipts.of_source(two.hub, two.source_id)
    assert len(said) == len({one.object_id for one in said})


def test_no_changed_byte_of_a_push_is_taken(two: Pair) -> None:
    two.desa.follow()
    page, rnd = two.desa.page_for(two.hub), random.Random(5)
    with two.desa.site.bound():
        true = {raw for raw in page.split(b"\n") if b"\t" in raw}
    for _n in range(120):
        changed = bytearray(page)
        changed[rnd.randrange(len(page))] ^= 1 << rnd.randrange(8)
        two.ask("POST", "push", bytes(changed))
        with two.hub.bound():
            sql = "SELECT body FROM sync_received WHERE body IS NOT NULL"
            held = {row[0].encode() for row in db.execute(two.hub.database, sql)}
        assert held <= {raw.partition(b"\t")[0] for raw in true}
    two.push()
    assert two.difference() == EQUAL


def test_a_token_is_for_its_own_village(two: Pair, tmp_path: Path) -> None:
    other = Desa.make(tmp_path / "lain")
    other.publish("Berita palsu atas nama tetangga")
    other.follow()
    two.push()
    page = other.page_for(two.hub)
    status, data, _headers = two.ask("POST", "push", page)
    assert status == 200
    assert b"other-site" in data
    with two.hub.bound():
        assert Receiver(two.hub).shelf.source(other.log_name).is_new
    assert two.difference() == EQUAL
    other.site.close()


@pytest.mark.parametrize("token", ["", "x" * 43, "Bearer", "a b", "é" * 10])
def test_without_a_token_nothing_is_taken(two: Pair, token: str) -> None:
    two.desa.follow()
    page = two.desa.page_for(two.hub)
    for method, path in (
        ("POST", "push"), ("GET", "receipts"), ("POST", "unpair"), ("POST", "uploads"),
        ("PATCH", "uploads/x"),
    ):  # fmt: skip
        status, data, _headers = two.ask(
            method, path, page, token=token.encode("latin-1", "replace").decode("latin-1"),
            Tus_Resumable="1.0.0",
        )  # fmt: skip
        assert status == 403, (path, data)
        assert b"belum-tersambung" in data
    with two.hub.bound():
        assert Receiver(two.hub).shelf.source(two.desa.log_name).is_new


def test_bodies_are_bounded_packed_or_not(two: Pair) -> None:
    bomb = gzip.compress(b"x" * (64 << 20), 9)
    status, data, _headers = two.ask("POST", "push", bomb, Content_Encoding="gzip")
    assert (status, b"terlalu-besar" in data) == (413, True)
    for broken in (bomb[:-20], b"\x1f\x8b junk", gzip.compress(b"x")[:-4]):
        status, data, _headers = two.ask("POST", "push", broken, Content_Encoding="gzip")
        assert status in (413, 422), data
    status, _data, _headers = two.ask("POST", "pair", b"{" * 200_000)
    assert status in (413, 422)
    two.push()
    assert two.difference() == EQUAL


def tus(digest: str, size: int) -> dict[str, str]:
    import base64

    name = base64.b64encode(digest.encode()).decode()
    return {
        "Tus_Resumable": "1.0.0", "Upload_Length": str(size), "Upload_Metadata": f"sha256 {name}"
    }  # fmt: skip


def piece_headers(offset: int) -> dict[str, str]:
    return {
        "Tus_Resumable": "1.0.0", "Upload_Offset": str(offset),
        "Content_Type": "application/offset+octet-stream",
    }  # fmt: skip


def test_only_wanted_photos_with_the_right_bytes_are_kept(two: Pair) -> None:
    two.desa.follow()
    two.ask("POST", "push", two.desa.page_for(two.hub))
    with two.hub.bound():
        [wanted] = photos.wanted(two.source_id)
    status, data, _headers = two.ask("POST", "uploads", **tus("0" * 64, 10))
    assert status == 410, data
    status, _data, headers = two.ask("POST", "uploads", **tus(wanted.ref, 10))
    assert status == 201
    place = headers["Location"].removeprefix("/sync/v1/")
    assert two.ask("PATCH", place, b"12345", **piece_headers(5))[0] == 409
    assert two.ask("PATCH", place, b"x" * 11, **piece_headers(0))[0] == 413
    wrong = {"Upload_Checksum": "sha256 AAAA"}
    assert two.ask("PATCH", place, b"12345", **piece_headers(0), **wrong)[0] == 460
    assert two.ask("PATCH", place, b"12345", **piece_headers(0))[0] == 204
    assert two.ask("HEAD", place, Tus_Resumable="1.0.0")[2]["Upload-Offset"] == "5"
    assert two.ask("PATCH", place, b"67890", **piece_headers(5))[0] == 460
    assert two.ask("HEAD", place, Tus_Resumable="1.0.0")[0] == 404
    assert two.ask("PATCH", "uploads/../../x", b"1", **piece_headers(0))[0] in (403, 404)
    with two.hub.bound():
        assert not received_path(two.hub, wanted.ref).exists()
    assert not [p for p in (two.hub.media / "kiriman").rglob("*") if p.is_file()]
    two.push()
    assert two.difference() == EQUAL


def test_a_photo_that_the_village_lost_is_not_asked_for_for_ever(two: Pair) -> None:
    with two.desa.site.bound():
        [master] = list(two.desa.site.media.glob("??/*"))
    data = master.read_bytes()
    master.unlink()
    try:
        done = two.push()
        assert done.gone == [master.name]
        with two.hub.bound():
            assert photos.wanted(two.source_id) == []
    finally:
        master.write_bytes(data)


def test_a_paused_source_waits_and_a_revoked_one_is_told(two: Pair, tmp_path: Path) -> None:
    from desa_web.core.actor import operator
    from desa_web.features.hub import pairing

    with two.hub.bound():
        sources.pause(operator(two.hub), two.source_id)
    with pytest.raises(HubRefused, match="menjeda"):
        two.push()
    with two.desa.site.bound():
        waits = hubs.current(two.desa.site)
        assert waits is not None
        assert waits.next_ms >= clock_of(two.desa.site).at_ms + 3_600_000
    with two.hub.bound():
        sources.resume(operator(two.hub), two.source_id)
    two.push()
    kept = two.token
    with two.hub.bound():
        pairing.revoke(operator(two.hub), two.source_id)
    with pytest.raises(HubRefused, match="diputus"):
        two.push()
    with two.desa.site.bound():
        assert hubs.current(two.desa.site) is None
    with pytest.raises(Conflict):
        two.push()
    again = connected(two.hub, two.desa, two.line)
    two.token = again.token
    assert kept != again.token
    two.push()
    assert two.difference() == EQUAL


def test_two_pushes_at_once_are_one(two: Pair) -> None:
    from desa_web.core.disk import locked

    with locked(two.desa.site.data / "push.lock", "x"):
        done = run_desa("--site", two.desa.site.path, "sync", "push")
    assert done.returncode == 75, done.stderr


MOMENTS = pytest.mark.parametrize("moments", [5, pytest.param(250, marks=pytest.mark.long)])


def wait_for(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@MOMENTS
def test_a_village_killed_at_any_moment_goes_on(two: Pair, moments: int) -> None:
    """`desa sync push` dies by SIGKILL as soon as so many bytes have passed."""
    for n in range(6):
        two.desa.publish(f"Kabar {n}", f"<p>{'isi berita ' * 300}</p>")
    two.desa.follow()
    total = measured(two)[0]
    for at in cuts(total, moments, seed=4):
        two.forget()
        two.line.cut()
        child = subprocess.Popen(
            [sys.executable, "-m", "desa_web.cli", "--site", str(two.desa.site.path), "sync",
             "push"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(lambda at=at, c=child: two.line.up >= at or c.poll() is not None)
        child.kill()
        child.wait()
    two.push()
    assert two.difference() == EQUAL


@MOMENTS
def test_a_hub_killed_at_any_moment_holds_what_it_answered(tmp_path: Path, moments: int) -> None:
    hub, desa = make_hub(tmp_path / "hub"), Desa.make(tmp_path / "desa")
    served = Desa(hub)
    with (
        serving_villages([served], {"DESA_FOLLOW": "0"}) as servers,
        CutLine(urlsplit(served.url).port or 0) as line,
    ):
        two = connected(hub, desa, line)
        photo = desa.add_photo()
        for n in range(5):
            desa.publish(f"Kabar {n}", f"<p>{'isi berita ' * 200}</p>", lead_photo_id=photo)
        total = measured(two)[0]
        for at in cuts(total, moments, seed=9):
            two.forget()
            line.cut(up=at)
            # The last bytes of a photo are asked for and mended in the same run.
            with suppress(Unreachable):
                two.push()
            servers.kill(served)
            with pytest.raises(Unreachable):
                two.push()
            servers.start(served)
            line.aim(urlsplit(served.url).port or 0)
            line.cut()
            two.push()
            assert two.difference() == EQUAL, at
    hub.close()
    desa.site.close()


def test_the_command_says_how_it_went(two: Pair) -> None:
    done = run_desa("--site", two.desa.site.path, "--json", "sync", "push")
    assert done.returncode == 0, done.stderr
    assert '"event": "pushed"' in done.stdout
    with two.desa.site.bound():
        hub = hubs.current(two.desa.site)
        assert hub is not None
        hubs.store(two.desa.site, hub.site, address="http://127.0.0.1:9")
    try:
        done = run_desa("--site", two.desa.site.path, "sync", "push")
    finally:
        with two.desa.site.bound():
            hubs.store(two.desa.site, hub.site, address=two.line.url)
    assert done.returncode == 3
    assert "tidak menjawab" in done.stderr
