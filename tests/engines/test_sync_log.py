"""The publication log: every public change once, in order, signed; pauses instead of guessing."""

from __future__ import annotations

import doctest
import json
import os
import signal
from pathlib import Path

import pytest

from desa_web.core import db, journal
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.site import Site, open_site
from desa_web.engines import sync
from desa_web.engines.sync import (
    KeyRing,
    Op,
    Point,
    Receiver,
    UnknownPoints,
    home,
    log,
    page,
    pause,
)
from desa_web.engines.sync.line import START, Line, parse, site_of
from tests.harness.site import make_site
from tests.harness.sync import Village, grown, seen


def spoken(village: Village) -> list[tuple[str, str]]:
    """Return (op, id) of all lines about notes."""
    found = [parse(line[:-1]) for line in village.lines()]
    return [(f.fields["op"], f.fields["id"]) for f in found
            if isinstance(f, Line) and f.fields["kind"] == "note"]  # fmt: skip


@pytest.mark.both_databases
def test_every_public_change_is_one_line_and_nothing_is_said_twice(site: Site) -> None:
    village = Village(site).follow()
    village.put("a", "satu")
    village.put("b", "dua")
    village.follow().follow()
    village.put("a", "tiga")
    village.take("b")
    village.take("b")
    village.follow()
    village.take("b", Op.DELETE)
    village.take("tidak-pernah-ada")
    Village(site, village.notes).follow()
    assert spoken(village) == [
        ("put", "a"), ("put", "b"), ("put", "a"), ("unpublish", "b"), ("delete", "b"),
    ]  # fmt: skip
    last = log.head(site)
    assert last is not None
    assert last.journal_seq == journal.head(site).seq


@pytest.mark.both_databases
def test_lines_are_signed_and_chained_from_the_key_that_names_the_site(site: Site) -> None:
    village = grown(site)
    public = log.keys(site)[0].public
    assert village.name == site_of(public)
    prev = START
    for seq, raw in enumerate(village.lines(), 1):
        line = parse(raw[:-1])
        assert isinstance(line, Line)
        assert line.seq == seq
        assert line.is_signed_by(public, prev)
        assert line.wire() == raw
        prev = line.hash_after(prev)
    assert prev == log.head(site).point.hash  # type: ignore[union-attr]


def test_a_late_follower_speaks_of_the_revisions_that_the_journal_names(site: Site) -> None:
    village = Village(site).follow()
    village.put("a", "lama")
    village.put("a", "baru")
    village.follow()
    texts = [json.loads(line.split(b"\t")[0])["text"] for line in village.lines()[1:]]
    assert texts == ["lama", "baru"]


@pytest.mark.both_databases
def test_pages_hold_whole_lines_within_their_limits(site: Site) -> None:
    village = grown(site, range(60))
    have: list[Point] = []
    joined = b""
    while True:
        found = page(site, have, max_lines=7, max_bytes=2500)
        lines = found.body.split(b"\n")
        assert json.loads(lines[-2]) == {"end": 1, "n": found.n, "more": found.more}
        assert found.n <= 7
        assert found.n == 1 or sum(map(len, lines[:-2])) <= 2500
        joined += b"\n".join(lines[:-2]) + b"\n"
        have = [found.end]
        if not found.more:
            break
    assert joined == b"".join(village.lines())
    assert page(site, have).n == 0


def test_who_holds_nothing_of_this_log_is_told_so(site: Site) -> None:
    grown(site)
    with pytest.raises(UnknownPoints) as refused:
        page(site, [Point("0" * 16, 3, "1" * 64)])
    assert refused.value.status == 409
    assert refused.value.details["epoch"] == log.head(site).point.epoch  # type: ignore[union-attr]
    head = log.head(site)
    assert head is not None
    with pytest.raises(UnknownPoints):
        page(site, [Point(head.point.epoch, head.point.seq, "f" * 64)])


@pytest.mark.both_databases
def test_a_renewed_journal_opens_an_epoch_that_goes_on_from_the_old_end(site: Site) -> None:
    village = grown(site)
    before = log.head(site)
    journal.renew(site)
    village.put("z", "sesudah pulih")
    village.follow()
    after = log.head(site)
    assert before is not None
    assert after is not None
    assert after.point.epoch != before.point.epoch
    found = page(site, [before.point]).body.split(b"\n")
    opener = json.loads(found[0].split(b"\t")[0])
    assert (opener["kind"], opener["seq"]) == ("epoch", 1)
    assert opener["parent"] == [before.point.epoch, before.point.seq, before.point.hash]
    assert json.loads(found[1].split(b"\t")[0])["id"] == "z"


def test_a_database_that_jumped_back_opens_an_epoch(site: Site) -> None:
    village = grown(site)
    snapshot = site.path.parent / "snapshot.db"
    db.execute(site.database, "VACUUM INTO ?", str(snapshot))
    village.put("hilang", "baris yang hilang")
    village.follow()
    lost = log.head(site)
    site.close()
    for name in ("desa.db-wal", "desa.db-shm"):
        (site.data / name).unlink(missing_ok=True)
    (site.data / "desa.db").write_bytes(snapshot.read_bytes())
    back = open_site(site.path)
    with back.bound():
        again = Village(back, village.notes)
        again.put("baru", "sesudah itu")
        again.follow()
        now = log.head(back)
        assert now is not None
        assert lost is not None
        assert now.point.epoch != lost.point.epoch
        assert now.site == lost.site
    back.close()


def test_a_lost_database_keeps_the_sites_name(tmp_path: Path) -> None:
    first = make_site(tmp_path / "a")
    with first.bound():
        name = grown(first).name
        seen_before = home.witness(first)
    second = make_site(tmp_path / "b")
    for file in (first.data / "keys").iterdir():
        (second.data / "keys" / file.name).write_bytes(file.read_bytes())
    with second.bound():
        home.settle(second)
        village = grown(second)
        assert village.name == name
        assert seen_before is not None
        parent = json.loads(village.lines()[0].split(b"\t")[0])["parent"]
        assert parent == [seen_before.epoch, seen_before.seq, seen_before.hash]
    first.close()
    second.close()


def test_a_copied_folder_signs_nothing_until_somebody_answered(site: Site) -> None:
    village = grown(site)
    before = len(village.lines())
    (site.data / "keys" / "home.json").write_text('{"machine": "lain", "path": "/lain"}')
    village.put("x", "dari salinan")
    village.follow()
    assert pause(site) is not None
    assert "desa sync home" in str(pause(site))
    assert len(village.lines()) == before
    home.settle(site)
    village.follow()
    assert len(village.lines()) == before + 1


def test_keys_are_for_the_owner_only_and_the_code_brings_one_back(site: Site) -> None:
    village = grown(site)
    keys = site.data / "keys"
    ring = KeyRing(keys)
    public = log.keys(site)[-1].public
    key = ring.find(public)
    assert key is not None
    assert [f for f in keys.glob("*.key") if f.stat().st_mode & 0o077] == []
    code = ring.lock(key)
    assert len(code.replace("-", "")) == 25
    for file in keys.glob("*.key"):
        assert bytes(key).hex() not in (keys / "signing.enc").read_text()
        file.unlink()
    village.put("x", "menunggu kunci")
    village.follow()
    assert "desa sync unlock" in str(pause(site))
    with pytest.raises(InvalidInput):
        ring.unlock("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")
    ring.unlock(f"  {code.lower().replace('-', ' ')} ".replace("0", "o").replace("1", "l"))
    assert pause(site) is None
    assert "x" in [note for _op, note in spoken(village.follow())]


def test_without_a_locked_key_there_is_nothing_to_unlock(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        KeyRing(tmp_path).unlock("x")
    (tmp_path / "signing.enc").write_text("{rusak")
    with pytest.raises(InvalidInput):
        KeyRing(tmp_path).unlock("x")


@pytest.mark.both_databases
def test_a_new_key_is_signed_into_the_log_by_the_old_one(site: Site) -> None:
    village = grown(site)
    ring = KeyRing(site.data / "keys")
    with db.write(site.database):
        writer = log.Writer.open(site, ring)
        assert writer is not None
        last = writer.head
        writer.rotate(ring)
        writer.move_to(journal.Cursor(last.journal_id, last.journal_seq))
    village.put("x", "dengan kunci baru")
    village.follow()
    old, new = (key.public for key in log.keys(site))
    *_rest, rotation, newest = (parse(raw[:-1]) for raw in village.lines())
    assert isinstance(rotation, Line)
    assert isinstance(newest, Line)
    assert rotation.is_signed_by(old, last.point.hash)
    prev = rotation.hash_after(last.point.hash)
    assert newest.is_signed_by(new, prev)
    assert not newest.is_signed_by(old, prev)


@pytest.mark.both_databases
def test_an_erased_text_leaves_every_line_and_says_so(site: Site) -> None:
    village = grown(site)
    village.put("rahasia", "nomor telepon")
    village.put("rahasia", "nomor telepon lagi")
    village.put("lain", "tetap")
    village.follow()
    village.take("rahasia", Op.ERASE)
    village.follow()
    assert b"nomor telepon" not in village.everything()
    erase = json.loads(village.lines()[-1].split(b"\t")[0])
    assert erase["op"] == "erase"
    assert len(erase["lines"]) == 2
    village.put("rahasia", "kembali")
    village.follow()
    assert b"kembali" not in village.everything()


def test_a_follower_killed_between_any_two_lines_loses_and_doubles_nothing(site: Site) -> None:
    """Kill after the n-th statement of the transaction, for n = 1, 2, … until it comes through."""
    village = Village(site).follow()
    for n in range(4):
        village.put(f"n{n}", f"kabar {n}")
    before = len(village.lines())
    for n in range(1, 200):
        if _killed_after(site, village, n):
            assert len(village.lines()) in (before, before + 4)
        else:
            break
    else:
        raise AssertionError("it never came through")
    assert n > 8
    village.follow()
    assert spoken(village) == [("put", f"n{i}") for i in range(4)]
    with site.bound():
        receiver = Receiver(site)
        assert receiver.receive(village.name, village.everything()).problem is None
        assert seen(receiver, village.name) == village.truth()


def _killed_after(site: Site, village: Village, statements: int) -> bool:
    """Follow in a child that dies at its n-th statement; True when it died."""
    site.close()
    child = os.fork()
    if child == 0:
        _follow_and_die(site.path, village, statements)
    _pid, status = os.waitpid(child, 0)
    site.database.connect()
    return os.WIFSIGNALED(status)


def _follow_and_die(path: Path, village: Village, statements: int) -> None:
    try:
        site = open_site(path)
        left = statements
        real = site.database.execute_sql

        def counted(sql, *args, **kwargs):  # type: ignore[no-untyped-def]
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(sql, *args, **kwargs)

        with site.bound():
            site.database.execute_sql = counted
            Village(site, village.notes).follow()
    finally:
        os._exit(0)


def test_the_example_of_the_package_holds() -> None:
    assert doctest.testmod(sync).failed == 0
