"""Receiving: whatever arrives, shuffled, cut or changed, the end is the village's truth."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desa_web.core import db, journal
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Op, Point, Problem, Receiver, home, log
from desa_web.engines.sync.line import Line, compact, hash_of, parse, sign, wire
from desa_web.engines.sync.shelf import MAX_PARKED_LINES
from tests.harness.site import make_site
from tests.harness.sync import Village, grown, seen

_QUICK = settings(
    max_examples=40, derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A village with 30 changes, read only."""
    site = make_site(tmp_path_factory.mktemp("village"))
    with site.bound():
        made = grown(site)
        made.lines()
    yield made
    site.close()


@pytest.fixture(scope="module")
def page(village: Village) -> bytes:
    with village.site.bound():
        return village.everything()


def forget(site: Site) -> Receiver:
    """Return a receiver that knows nothing."""
    with db.write(site.database):
        for table in ("sync_received", "sync_source", "sync_parked", "sync_evidence"):
            db.execute(site.database, f"DELETE FROM {table}")
    return Receiver(site)


def rest_of(village: Village, receiver: Receiver) -> bytes:
    have = receiver.resume(village.name).have
    with village.site.bound():
        return log.page(village.site, have).body


def ends_well(village: Village, receiver: Receiver) -> bool:
    """Ask the village for the rest, and compare."""
    outcome = receiver.receive(village.name, rest_of(village, receiver), is_live=True)
    return (
        outcome.problem is None
        and outcome.is_whole
        and seen(receiver, village.name) == village.truth()
    )


def prefixes(village: Village) -> list[dict[str, str]]:
    """Return what was public after each line."""
    found: list[dict[str, str]] = [{}]
    with village.site.bound():
        for raw in village.lines():
            fields = json.loads(raw.split(b"\t")[0])
            state = dict(found[-1])
            if fields["kind"] == "note":
                state.pop(fields["id"], None)
                if fields["op"] == "put":
                    state[fields["id"]] = fields["text"]
            found.append(state)
    return found


@pytest.mark.both_databases
def test_a_whole_page_is_the_villages_truth_and_twice_changes_nothing(
    site: Site, village: Village, page: bytes
) -> None:
    receiver = Receiver(site)
    first = receiver.receive(village.name, page)
    assert (first.problem, first.is_whole, first.more, first.duplicates) == (None, True, False, 0)
    assert len(first.accepted) == page.count(b"\n") - 1
    assert seen(receiver, village.name) == village.truth()
    assert receiver.shelf.public_count(village.name, "note") == len(village.truth())
    again = receiver.receive(village.name, page)
    assert (len(again.accepted), again.duplicates) == (0, len(first.accepted))
    assert receiver.resume(village.name).etag == log_head(village).hash


def log_head(village: Village) -> Point:
    with village.site.bound():
        last = log.head(village.site)
    assert last is not None
    return last.point


def cuts(page: bytes, step: int) -> Iterator[int]:
    """Yield cut positions: the ends of all lines, and every step-th byte."""
    yield from range(0, len(page) + 1, step)
    yield from (i + 1 for i, byte in enumerate(page) if byte == 0x0A)


def resumes_after_every_cut(site: Site, village: Village, page: bytes, step: int) -> None:
    lines = page.split(b"\n")
    for cut in sorted(set(cuts(page, step))):
        receiver = forget(site)
        outcome = receiver.receive(village.name, page[:cut])
        assert outcome.problem is None
        # Every line that was whole is kept, and is not sent again.
        whole = min(page[:cut].count(b"\n"), len(lines) - 2)
        assert len(outcome.accepted) == whole
        assert rest_of(village, receiver).count(b"\n") == len(lines) - 1 - whole
        assert ends_well(village, receiver), cut


def test_a_page_cut_anywhere_is_resumed_where_it_broke(
    site: Site, village: Village, page: bytes
) -> None:
    resumes_after_every_cut(site, village, page, 149)


@pytest.mark.long
def test_a_page_cut_at_every_byte_is_resumed(site: Site, village: Village, page: bytes) -> None:
    resumes_after_every_cut(site, village, page, 1)


def survives_flips(site: Site, village: Village, page: bytes, count: int, seed: int) -> None:
    rnd = random.Random(seed)
    truths = prefixes(village)
    end_of_lines = page.rstrip(b"\n").rfind(b"\n") + 1
    for _ in range(count):
        at, bit = rnd.randrange(len(page)), 1 << rnd.randrange(8)
        broken = page[:at] + bytes([page[at] ^ bit]) + page[at + 1 :]
        receiver = forget(site)
        outcome = receiver.receive(village.name, broken)
        held = len(outcome.accepted)
        # Nothing after the changed byte is accepted, and what is held is a state that was true.
        assert held <= page[:at].count(b"\n"), at
        assert seen(receiver, village.name) == truths[held]
        assert not outcome.is_whole or outcome.parked or at >= end_of_lines
        assert ends_well(village, receiver), at


def test_a_flipped_bit_is_never_accepted(site: Site, village: Village, page: bytes) -> None:
    survives_flips(site, village, page, 250, 1)


@pytest.mark.long
def test_ten_thousand_flipped_bits_are_never_accepted(
    site: Site, village: Village, page: bytes
) -> None:
    survives_flips(site, village, page, 10_000, 2)


@_QUICK
@given(seed=st.integers(0, 1 << 32))
def test_shuffled_doubled_and_replayed_lines_end_in_the_truth(
    site: Site, village: Village, page: bytes, seed: int
) -> None:
    rnd = random.Random(seed)
    receiver = forget(site)
    lines = [line + b"\n" for line in page.split(b"\n")[:-2]]
    for _ in range(rnd.randint(1, 4)):
        some = rnd.sample(lines, rnd.randint(0, len(lines))) + rnd.choices(lines, k=5)
        rnd.shuffle(some)
        assert receiver.receive(village.name, b"".join(some)).problem is None
        assert seen(receiver, village.name) in prefixes(village)
    assert ends_well(village, receiver)


@pytest.mark.both_databases
def test_all_lines_backwards_wait_and_then_fall_into_place(
    site: Site, village: Village, page: bytes
) -> None:
    receiver = Receiver(site)
    lines = [line + b"\n" for line in page.split(b"\n")[:-2]]
    for line in reversed(lines[1:]):
        outcome = receiver.receive(village.name, line)
        assert (len(outcome.accepted), outcome.parked) == (0, 1)
    last = receiver.receive(village.name, lines[0])
    assert len(last.accepted) == len(lines)
    assert seen(receiver, village.name) == village.truth()
    assert not receiver.shelf.has_parked(village.name)


@_QUICK
@given(junk=st.binary(max_size=400))
def test_no_bytes_whatever_raise_anything(site: Site, village: Village, junk: bytes) -> None:
    receiver = forget(site)
    assert receiver.receive(village.name, junk).accepted == ()
    assert receiver.receive(village.name, junk + b"\n").accepted == ()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>masuk dulu ke wifi</html>", b"[1,2]", b'{"end":1}', b'{"end":1,"n":true,"more":0}',
        b"[" * 100_000, b'{"v":1}\tAAAA', b'{"a":NaN}\tAAAA', b"\xff\xfe",
        b'{"end":1,"n":3,"more":false}',
        b"{}\t" + b"A" * 88,
    ],
)  # fmt: skip
def test_a_captive_portal_and_other_nonsense_stop_the_page(
    site: Site, village: Village, body: bytes
) -> None:
    assert Receiver(site).receive(village.name, body + b"\n").problem is Problem.NOT_A_LINE


def test_a_strangers_park_is_bounded(site: Site, village: Village) -> None:
    receiver = Receiver(site)
    header = {"v": 1, "site": village.name, "epoch": "a" * 16, "op": "put", "kind": "note",
              "id": "x", "rev": 1}  # fmt: skip
    page = b"".join(
        wire(compact({**header, "seq": n + 5}), bytes(64)) for n in range(MAX_PARKED_LINES + 50)
    )
    outcome = receiver.receive(village.name, page)
    assert outcome.parked == MAX_PARKED_LINES
    assert outcome.accepted == ()


def test_an_impostor_with_another_key_is_refused(site: Site, village: Village, page: bytes,
                                                 tmp_path: Path) -> None:  # fmt: skip
    receiver = Receiver(site)
    receiver.receive(village.name, page)
    other = make_site(tmp_path / "lain")
    with other.bound():
        impostor = grown(other)
        lines = impostor.everything().replace(impostor.name.encode(), village.name.encode())
        assert receiver.receive(village.name, impostor.everything()).problem is Problem.OTHER_SITE
    assert receiver.receive(village.name, lines).problem is Problem.BAD_SIGNATURE
    assert forget(site).receive(village.name, lines).problem is Problem.OTHER_SITE
    other.close()


def own_village(tmp_path: Path, name: str = "desa") -> Village:
    site = make_site(tmp_path / name)
    with site.bound():
        return grown(site)


def copy_of(village: Village, folder: Path) -> Village:
    """Return a clone: the same database and keys in another folder, told that it is at home."""
    clone = make_site(folder)
    clone.close()
    village.site.close()
    (clone.data / "desa.db").unlink()
    for extra in clone.data.glob("desa.db-*"):
        extra.unlink()
    with village.site.bound():
        db.execute(village.site.database, "VACUUM INTO ?", str(clone.data / "desa.db"))
    for file in (village.site.data / "keys").iterdir():
        (clone.data / "keys" / file.name).write_bytes(file.read_bytes())
    from desa_web.engines.sync import home as home_
    from tests.harness.sync import Notes

    notes = Notes()
    notes.texts, notes.live = dict(village.notes.texts), dict(village.notes.live)
    with clone.bound():
        home_.settle(clone)
    return Village(clone, notes)


@pytest.mark.both_databases
def test_a_restored_village_opens_an_epoch_and_the_lost_news_are_named(
    site: Site, tmp_path: Path
) -> None:
    village = own_village(tmp_path)
    backup = copy_of(village, tmp_path / "cadangan")
    with village.site.bound():
        village.put("hilang", "sesudah cadangan")
        village.put("n0", "diubah sesudah cadangan")
        page = village.follow().everything()
    receiver = Receiver(site)
    receiver.receive(village.name, page)
    with backup.site.bound():
        journal.renew(backup.site)
        home.forget(backup.site)
        backup.put("baru", "sesudah pulih")
        backup.follow()
    assert ends_well(backup, receiver)
    assert receiver.shelf.lost(village.name) == [("note", "hilang"), ("note", "n0")]
    before = seen(receiver, village.name)
    # The old machine's pages come once more, by stick: nothing changes.
    assert receiver.receive(village.name, page).problem is None
    assert seen(receiver, village.name) == before
    close(village, backup)


def close(*villages: Village) -> None:
    for village in villages:
        village.site.close()


def test_lines_of_the_old_epoch_that_come_late_are_kept_aside(site: Site, tmp_path: Path) -> None:
    village = own_village(tmp_path)
    backup = copy_of(village, tmp_path / "cadangan")
    receiver = Receiver(site)
    with village.site.bound():
        receiver.receive(village.name, village.everything())
        village.put("terlambat", "di stik yang tertinggal")
        late = village.follow().lines()[-1]
    with backup.site.bound():
        journal.renew(backup.site)
        home.forget(backup.site)
        backup.put("baru", "sesudah pulih")
        backup.follow()
    assert ends_well(backup, receiver)
    outcome = receiver.receive(village.name, late)
    assert (outcome.problem, outcome.accepted) == (None, ())
    assert receiver.shelf.lost(village.name) == [("note", "terlambat")]
    assert ends_well(backup, receiver)
    close(village, backup)


@pytest.mark.both_databases
def test_of_two_restores_the_site_itself_says_which_goes_on(site: Site, tmp_path: Path) -> None:
    village = own_village(tmp_path)
    first, second = (copy_of(village, tmp_path / name) for name in ("pulih-1", "pulih-2"))
    for restored, note in ((first, "satu"), (second, "dua")):
        with restored.site.bound():
            journal.renew(restored.site)
            home.forget(restored.site)
            restored.put(note, "sesudah pulih")
            restored.follow()
    receiver = Receiver(site)
    assert ends_well(first, receiver)
    # A file with the other epoch may be older or newer than what we follow: a person decides.
    with second.site.bound():
        stick = second.everything()
    assert receiver.receive(village.name, stick).problem is Problem.RESTARTED
    assert seen(receiver, village.name) == first.truth()
    assert ends_well(second, receiver)
    assert receiver.shelf.lost(village.name) == [("note", "satu")]
    with first.site.bound():
        stale = first.everything()
    assert receiver.receive(village.name, stale).problem is None
    assert seen(receiver, village.name) == second.truth()
    assert ends_well(first, receiver)
    close(village, first, second)


@pytest.mark.both_databases
def test_a_cloned_village_is_found_and_nothing_more_is_taken(site: Site, tmp_path: Path) -> None:
    village = own_village(tmp_path)
    clone = copy_of(village, tmp_path / "salinan")
    with village.site.bound():
        village.put("x", "dari yang asli")
        page = village.follow().everything()
    with clone.site.bound():
        clone.put("y", "dari salinan")
        clone.follow()
    receiver = Receiver(site)
    receiver.receive(village.name, page)
    before = seen(receiver, village.name)
    outcome = receiver.receive(village.name, rest_of(clone, receiver))
    assert outcome.problem is Problem.FORK
    assert outcome.accepted == ()
    proof = db.execute(site.database, "SELECT line FROM sync_evidence").fetchall()
    assert "dari salinan" in proof[0][0]
    with village.site.bound():
        village.put("z", "lagi dari yang asli")
        more = village.follow().everything()
    assert receiver.receive(village.name, more).problem is Problem.FORK
    assert seen(receiver, village.name) == before
    close(village, clone)


def test_a_flipped_bit_is_no_fork(site: Site, village: Village, page: bytes) -> None:
    receiver = Receiver(site)
    receiver.receive(village.name, page)
    at = page.index(b"Kabar")
    broken = page[:at] + b"R" + page[at + 1 :]
    assert receiver.receive(village.name, broken).problem is Problem.BAD_SIGNATURE
    assert receiver.shelf.source(village.name).state == "ok"


def test_a_village_that_starts_over_with_its_old_key_is_not_believed(
    site: Site, tmp_path: Path
) -> None:
    village = own_village(tmp_path)
    receiver = Receiver(site)
    with village.site.bound():
        receiver.receive(village.name, village.everything())
    fresh = make_site(tmp_path / "baru")
    for file in (village.site.data / "keys").glob("*.key"):
        (fresh.data / "keys" / file.name).write_bytes(file.read_bytes())
    with fresh.bound():
        again = grown(fresh, range(3))
        assert again.name == village.name
        outcome = receiver.receive(village.name, again.everything())
    assert outcome.problem is Problem.RESTARTED
    assert receiver.receive(village.name, b"").problem is None
    close(village, again)


def test_a_new_key_is_followed_and_the_old_one_signs_no_more(site: Site, tmp_path: Path) -> None:
    village = own_village(tmp_path)
    ring = KeyRing(village.site.data / "keys")
    with village.site.bound():
        old = ring.find(log.keys(village.site)[0].public)
        with db.write(village.site.database):
            writer = log.Writer.open(village.site, ring)
            assert writer is not None
            assert old is not None
            last = writer.head
            writer.rotate(ring)
            writer.move_to(journal.Cursor(last.journal_id, last.journal_seq))
        village.put("x", "kunci baru")
        page = village.follow().everything()
        head = log.head(village.site)
    receiver = Receiver(site)
    assert receiver.receive(village.name, page).problem is None
    assert seen(receiver, village.name) == village.truth()
    assert receiver.receive(village.name, page).problem is None
    assert head is not None
    place = {"epoch": head.point.epoch, "seq": head.point.seq + 1}
    fields = {"v": 1, "site": village.name, **place, "op": "put", "kind": "note", "id": "palsu",
              "rev": 1, "text": "dari pencuri"}  # fmt: skip
    body = compact(fields)
    stolen = wire(body, sign(old, head.point.hash, body))
    assert receiver.receive(village.name, stolen).problem is Problem.BAD_SIGNATURE
    close(village)


@pytest.mark.both_databases
@pytest.mark.parametrize("knows_before", [True, False])
def test_an_erased_text_goes_everywhere_and_the_chain_holds(
    site: Site, tmp_path: Path, knows_before: bool
) -> None:
    village = own_village(tmp_path)
    receiver = Receiver(site)
    with village.site.bound():
        village.put("rahasia", "nomor telepon")
        village.put("lain", "tetap")
        before = village.follow().everything()
        if knows_before:
            assert receiver.receive(village.name, before).problem is None
        village.take("rahasia", Op.ERASE)
        village.put("sesudah", "hapus")
        page = village.follow().everything()
    outcome = receiver.receive(village.name, page)
    assert outcome.problem is None
    stored = db.execute(site.database, "SELECT body FROM sync_received").fetchall()
    assert not any("nomor telepon" in (row[0] or "") for row in stored)
    assert seen(receiver, village.name) == village.truth()
    # An old page from a stick does not bring it back.
    assert receiver.receive(village.name, before).problem is None
    stored = db.execute(site.database, "SELECT body FROM sync_received").fetchall()
    assert not any("nomor telepon" in (row[0] or "") for row in stored)
    close(village)


@pytest.mark.both_databases
def test_a_line_said_to_be_erased_without_proof_is_asked_for_again(
    site: Site, village: Village, page: bytes
) -> None:
    lines = page.split(b"\n")
    victim = next(i for i, raw in enumerate(lines) if b"Kabar 7" in raw)
    line = parse(lines[victim])
    assert isinstance(line, Line)
    prev = "0" * 64
    for raw in lines[:victim]:
        prev = hash_of(prev, raw.split(b"\t")[0])
    blank = {"v": 1, "site": line.site, "epoch": line.epoch, "seq": line.seq,
             "hash": line.hash_after(prev), "erased_by": [line.epoch, 9999]}  # fmt: skip
    lied = b"\n".join([*lines[:victim], compact(blank), *lines[victim + 1 :]])
    receiver = Receiver(site)
    outcome = receiver.receive(village.name, lied)
    assert outcome.problem is Problem.UNPROVEN_ERASURE
    assert receiver.resume(village.name).etag == ""
    assert all(point.seq < line.seq for point in receiver.resume(village.name).have)
    assert ends_well(village, receiver)
    assert receiver.resume(village.name).etag == log_head(village).hash


def test_a_blank_with_a_wrong_hash_breaks_the_chain(
    site: Site, village: Village, page: bytes
) -> None:
    lines = page.split(b"\n")
    line = parse(lines[4])
    assert isinstance(line, Line)
    blank = {"v": 1, "site": line.site, "epoch": line.epoch, "seq": line.seq,
             "hash": "e" * 64, "erased_by": [line.epoch, 9999]}  # fmt: skip
    lied = b"\n".join([*lines[:4], compact(blank), *lines[5:]])
    receiver = Receiver(site)
    assert receiver.receive(village.name, lied).problem is Problem.BAD_SIGNATURE
    assert ends_well(village, receiver)


def test_a_blank_put_at_the_end_is_dropped_again(site: Site, village: Village, page: bytes) -> None:
    head = log_head(village)
    blank = {"v": 1, "site": village.name, "epoch": head.epoch, "seq": head.seq + 1,
             "hash": "e" * 64, "erased_by": [head.epoch, head.seq + 2]}  # fmt: skip
    receiver = Receiver(site)
    receiver.receive(village.name, page)
    lied = compact(blank) + b'\n{"end":1,"n":1,"more":false}\n'
    assert receiver.receive(village.name, lied).problem is Problem.UNPROVEN_ERASURE
    assert receiver.resume(village.name).etag == head.hash
    assert ends_well(village, receiver)


def test_an_old_stick_is_not_to_blame_for_a_proof_that_is_still_to_come(
    site: Site, tmp_path: Path
) -> None:
    village, receiver = own_village(tmp_path), Receiver(site)
    with village.site.bound():
        old = village.follow().everything()
        village.put("rahasia", "nomor telepon")
        village.take("rahasia", Op.ERASE)
        lines = village.follow().everything().splitlines(keepends=True)
    # The line was cut between what is blank and the erase line behind it.
    assert receiver.receive(village.name, b"".join(lines[:-2]), is_live=True).problem is None
    assert receiver.shelf.first_unproven(village.name) is not None
    assert receiver.receive(village.name, old).problem is None
    assert ends_well(village, receiver)
    close(village)


@pytest.mark.parametrize("is_live", [True, False])
def test_an_erased_line_whose_hash_was_flipped_on_its_way_heals(
    site: Site, tmp_path: Path, is_live: bool
) -> None:
    village, receiver = own_village(tmp_path), Receiver(site)
    with village.site.bound():
        village.put("rahasia", "nomor telepon")
        village.take("rahasia", Op.ERASE)
        village.put("sesudah", "tetap")
        lines = village.follow().everything().splitlines(keepends=True)
    at = next(n for n, raw in enumerate(lines) if b'"hash"' in raw)
    start = lines[at].index(b'"hash":"') + 8
    other = b"0" if lines[at][start : start + 1] != b"0" else b"1"
    flipped = lines[at][:start] + other + lines[at][start + 1 :]
    for page in (
        b"".join([*lines[:at], flipped]),
        b"".join([*lines[:at], flipped, *lines[at + 1 :]]),
    ):
        receiver.receive(village.name, page, is_live=is_live)
        assert ends_well(village, receiver)
    close(village)


def test_a_log_from_before_the_new_key_is_not_gone_back_to(site: Site, tmp_path: Path) -> None:
    """Whoever stole the old key and the old pages cannot turn the site's log back."""
    village = own_village(tmp_path)
    old = copy_of(village, tmp_path / "lama")
    with old.site.bound():
        old.put("lama", "dari cabang lama")
        branch = old.follow().everything()
    with village.site.bound():
        journal.renew(village.site)
        village.follow()
    receiver = Receiver(site)
    receiver.receive(village.name, branch)
    assert ends_well(village, receiver)
    with village.site.bound():
        ring = KeyRing(village.site.data / "keys")
        with db.write(village.site.database):
            writer = log.Writer.open(village.site, ring)
            assert writer is not None
            last = writer.head
            writer.rotate(ring)
            writer.move_to(journal.Cursor(last.journal_id, last.journal_seq))
    assert ends_well(village, receiver)
    outcome = receiver.receive(village.name, branch, is_live=True)
    assert outcome.problem is Problem.RESTARTED
    assert seen(receiver, village.name) == village.truth()
    close(village, old)


def test_points_reach_back_to_the_first_line_in_few_steps(site: Site, tmp_path: Path) -> None:
    origin = make_site(tmp_path / "panjang")
    with origin.bound():
        village = grown(origin, range(400))
        receiver = Receiver(site)
        assert receiver.receive(village.name, village.everything()).problem is None
    have = receiver.resume(village.name).have
    seqs = [point.seq for point in have]
    assert seqs == sorted(seqs, reverse=True)
    assert seqs[-1] == 1
    assert len(seqs) <= 12
    assert [seqs[0] - seq for seq in seqs[:5]] == [0, 1, 2, 4, 8]
    close(village)
