"""The hub's side of a push without a network: lines, photos, answers; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from desa_web.core import db
from desa_web.core.errors import DesaError, DiskFull, Gone
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Receiver, log
from desa_web.features.hub import photos, push, push_media, sources
from desa_web.features.hub.push import Heard
from desa_web.features.sync.bundles import received_path
from tests.harness.hub import Desa, view
from tests.harness.pairing import pair
from tests.harness.site import clock_of


@pytest.mark.both_databases
def test_lines_and_photos_arrive_and_are_answered(hub: Site, desa: Desa) -> None:
    source_id, token = pair(hub, desa.site)
    photo = desa.add_photo()
    desa.publish("Panen raya", lead_photo_id=photo)
    desa.publish("Posyandu")
    desa.follow()
    source = push.admit(hub, token)
    first = push.take(hub, source, b"", Heard())
    assert (first["have"], first["want"], first["problem"]) == ([], [], None)
    master = desa.master(photo)
    said = push.take(hub, source, desa.page_for(hub), Heard())
    assert said["want"] == [master.name]
    with desa.site.bound():
        last = log.head(desa.site)
    assert last is not None
    assert said["have"] == [[last.point.epoch, last.point.seq, last.point.hash]]
    assert view(hub, sources.get(hub, source_id)) == desa.truth()
    data = master.read_bytes()
    made = push_media.create(hub, source, master.name, len(data))
    half = len(data) // 2
    push_media.append(hub, source, made.id, 0, data[:half])
    again = push_media.create(hub, source, master.name, len(data))
    assert (again.id, again.offset_bytes) == (made.id, half)
    done = push_media.append(
        hub, source, made.id, half, data[half:], f"sha256 {sha256(data[half:]).hexdigest()}"
    )
    assert done.is_done
    assert received_path(hub, master.name).read_bytes() == data
    with pytest.raises(Gone):
        push_media.create(hub, source, master.name, len(data))
    assert push.take(hub, source, b"", Heard(head=last.point.hash))["want"] == []
    assert push.paired(hub)[source_id] is not None


@pytest.mark.both_databases
def test_all_places_are_said_to_who_may_be_behind(hub: Site, desa: Desa) -> None:
    _source_id, token = pair(hub, desa.site)
    for n in range(9):
        desa.publish(f"Kabar {n}")
    desa.follow()
    source = push.admit(hub, token)
    lines = push.take(hub, source, desa.page_for(hub), Heard())
    assert len(lines["have"]) == 1
    newest = Receiver(hub).resume(desa.log_name).have[0].hash
    assert len(push.take(hub, source, b"", Heard(head=newest))["have"]) == 1
    assert len(push.take(hub, source, b"", Heard(head="0" * 64))["have"]) >= 4
    assert len(push.take(hub, source, b"", Heard())["have"]) >= 4


def test_a_photo_that_came_before_the_power_went_is_noted(hub: Site, desa: Desa) -> None:
    _source_id, token = pair(hub, desa.site)
    master = desa.master(desa.add_photo())
    desa.publish("Panen", lead_photo_id=desa_photo(desa, master.name))
    desa.follow()
    source = push.admit(hub, token)
    push.take(hub, source, desa.page_for(hub), Heard())
    place = received_path(hub, master.name)
    place.parent.mkdir(parents=True)
    place.write_bytes(master.read_bytes())
    with pytest.raises(Gone):
        push_media.create(hub, source, master.name, place.stat().st_size)
    assert photos.wanted(source.id) == []


def desa_photo(desa: Desa, digest: str) -> str:
    with desa.site.bound():
        sql = "SELECT id FROM photo WHERE master_sha256 = ?"
        return str(db.execute(desa.site.database, sql, digest).fetchone()[0])


def test_no_room_no_photo_and_the_news_all_the_same(
    hub: Site, desa: Desa, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id, token = pair(hub, desa.site)
    photo = desa.add_photo()
    desa.publish("Panen", lead_photo_id=photo)
    desa.follow()
    source = push.admit(hub, token)
    push.take(hub, source, desa.page_for(hub), Heard())
    monkeypatch.setattr(push_media, "free_bytes", lambda _folder: 10 << 20)
    with pytest.raises(DiskFull):
        push_media.create(hub, source, desa.master(photo).name, 1000)
    assert view(hub, sources.get(hub, source_id)) == desa.truth()


def test_an_upload_that_nobody_goes_on_with_is_forgotten(hub: Site, desa: Desa) -> None:
    _source_id, token = pair(hub, desa.site)
    first, second = desa.add_photo(), desa.add_photo()
    desa.publish("Panen", lead_photo_id=first)
    desa.publish("Rapat", lead_photo_id=second)
    desa.follow()
    source = push.admit(hub, token)
    push.take(hub, source, desa.page_for(hub), Heard())
    left = push_media.create(hub, source, desa.master(first).name, 1000)
    push_media.append(hub, source, left.id, 0, b"x" * 10)
    clock_of(hub).advance(days=8)
    push_media.create(hub, source, desa.master(second).name, 1000)
    with pytest.raises(DesaError):
        push_media.find(hub, source, left.id)
    parts = [path.name for path in (hub.media / "kiriman" / ".parts").iterdir()]
    assert left.id not in parts


def test_an_upload_belongs_to_its_village(hub: Site, desa: Desa, tmp_path: Path) -> None:
    _source_id, token = pair(hub, desa.site)
    other = Desa.make(tmp_path / "lain")
    _other_id, other_token = pair(hub, other.site)
    desa.publish("Panen", lead_photo_id=desa.add_photo())
    desa.follow()
    source, stranger = push.admit(hub, token), push.admit(hub, other_token)
    wanted = push.take(hub, source, desa.page_for(hub), Heard())["want"][0]
    made = push_media.create(hub, source, wanted, 1000)
    for deed in (
        lambda: push_media.find(hub, stranger, made.id),
        lambda: push_media.append(hub, stranger, made.id, 0, b"x"),
        lambda: push_media.create(hub, stranger, wanted, 1000),
    ):
        with pytest.raises(DesaError):
            deed()
    other.site.close()


@pytest.mark.both_databases
def test_four_pushes_of_one_village_at_once_are_one(hub: Site, desa: Desa) -> None:
    source_id, token = pair(hub, desa.site)
    for n in range(12):
        desa.publish(f"Kabar {n}")
    desa.follow()
    page = desa.page_for(hub)

    def work() -> None:
        here = open_site(hub.path, hub.clock)
        with here.bound():
            push.take(here, push.admit(here, token), page, Heard())
        here.close()

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(work) for _n in range(4)]
    assert [one.exception() for one in done] == [None] * 4
    assert view(hub, sources.get(hub, source_id)) == desa.truth()
