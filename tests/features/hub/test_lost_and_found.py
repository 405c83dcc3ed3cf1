"""Villages that were restored, copied, or lost their key; a hub that lost its database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Problem, Receiver
from desa_web.features.hub import giving_back, inbox, intake, items, sources
from desa_web.features.hub.item import Look
from desa_web.features.hub.source import Source, Trust
from desa_web.features.news import importer
from desa_web.features.news.models import ArticleRow
from desa_web.features.sync import service as sync
from desa_web.ops import backup
from tests.harness.hub import Desa, make_hub, view
from tests.harness.site import clock_of

HUB_TABLES = ("sync_received", "sync_source", "sync_parked", "sync_evidence", "hub_item",
              "hub_item_photo", "hub_photo", "hub_receipt", "hub_receipt_head")  # fmt: skip


def item_of(source: Source, object_id: str) -> str:
    found = items.of_object(source.id, object_id)
    assert found is not None
    return found.id


def restored(desa: Desa, file: Path, folder: Path) -> Desa:
    """Restore a backup of a village elsewhere, with its key opened by the printed code."""
    backup.restore(file, folder)
    made = Desa(open_site(folder, clock_of(desa.site)), photo_seed=desa.photo_seed + 500)
    return made


@pytest.fixture
def kept(desa: Desa, tmp_path: Path) -> tuple[Path, str]:
    """A backup of the village with two articles, and the recovery code of its key."""
    with desa.site.bound():
        desa.publish("Sebelum cadangan")
        desa.publish("Akan dibetulkan")
        desa.follow()
        code = sync.new_recovery_code(desa.actor)
        made = backup.create(desa.site, tmp_path / "cadangan.zip")
    return made.file, code


def test_a_restored_village_is_offered_what_it_lost_and_readers_keep_it(
    hub: Site, desa: Desa, source: Source, kept: tuple[Path, str], tmp_path: Path
) -> None:
    lost = desa.publish("Sesudah cadangan")
    corrected = next(i for i, seen in desa.truth().items() if seen[0] == "Akan dibetulkan")
    desa.edit(corrected, title="Sudah dibetulkan")
    desa.sync(hub)
    for object_id in (lost, corrected):
        inbox.publish(operator(hub), item_of(source, object_id))
    sources.trust(operator(hub), source.id, Trust.AUTO)
    again = restored(desa, kept[0], tmp_path / "pulih")
    with again.site.bound():
        sync.unlock(again.actor, kept[1])
    new = again.publish("Sesudah pulih")
    outcome = again.sync(hub)
    assert outcome.problem is None
    assert view(hub, source) == again.truth()
    # Nobody withdrew it: the disk did. Readers keep it, and an officer can give it back.
    assert [one.object_id for one in items.lost(source.id)] == [lost]
    full = items.get(hub, item_of(source, lost))
    assert (full.look, full.content.title) == (Look.LOST, "Sesudah cadangan")
    article = ArticleRow.get_by_id(full.item.article_id)
    assert article.live_revision_id is not None
    # An older text than ours is for a person to look at as well.
    assert items.get(hub, item_of(source, corrected)).look is Look.UPDATED
    waiting = {done.item_id for done in inbox.work_off(hub)}
    assert not waiting & {item_of(source, corrected), full.item.id}
    assert items.of_object(source.id, new) is not None
    inbox.settle(operator(hub), full.item.id)
    assert items.get(hub, full.item.id).look is Look.NONE
    assert items.lost(source.id) != []
    again.site.close()


def test_what_a_village_lost_is_given_back_and_known_again(
    hub: Site, desa: Desa, source: Source, kept: tuple[Path, str], tmp_path: Path
) -> None:
    lead, inside = desa.add_photo(caption="Panen."), desa.add_photo()
    body = f'<p>Warga panen.</p><figure data-foto="{inside}">Di sawah.</figure>'
    lost = desa.publish("Panen raya", body, lead_photo_id=lead, rubric="kesehatan", tags=("padi",))
    desa.sync(hub)
    item_id = item_of(source, lost)
    done = inbox.publish(operator(hub), item_id)
    again = restored(desa, kept[0], tmp_path / "pulih")
    with again.site.bound():
        sync.unlock(again.actor, kept[1])
    again.sync(hub)
    folder = tmp_path / "stik"
    (file,) = giving_back.write(operator(hub), source.id, folder)
    with pytest.raises(InvalidInput):
        giving_back.write(operator(hub), source.id, folder)
    with again.site.bound():
        (taken,) = importer.import_path(again.actor, folder)
        assert (taken.outcome, taken.sentence) == (importer.Outcome.CREATED, ""), file
    again.sync(hub)
    assert view(hub, source) == again.truth()
    full = items.get(hub, item_id)
    assert (full.item.is_lost, full.item.article_id) == (False, done.article_id)
    assert full.item.object_id == taken.object_id
    assert items.lost(source.id) == []
    assert giving_back.write(operator(hub), source.id, folder) == []
    titles = [row.title for row in items.public_of(source.id)]
    assert titles.count("Panen raya") == 1
    assert len(full.content.pictures) == 2
    assert "Di sawah." in full.content.body
    again.site.close()


def test_a_copied_village_is_a_fork_until_an_officer_has_spoken_with_it(
    hub: Site, desa: Desa, source: Source, tmp_path: Path
) -> None:
    first = desa.publish("Bersama")
    desa.sync(hub)
    folder = tmp_path / "salinan"
    shutil.copytree(desa.site.path, folder)
    clone = Desa(open_site(folder, clock_of(desa.site)), photo_seed=900)
    with clone.site.bound():
        assert sync.status(clone.site).pause is not None
        # Somebody answers wrongly: both sign with one key now.
        sync.moved(clone.actor)
    desa.publish("Dari yang asli")
    clone.publish("Dari salinan")
    assert desa.sync(hub).problem is None
    # As the copy's log stands, whoever asks it from the beginning gets another line at a place
    # that is taken.
    clone.follow()
    with clone.site.bound():
        from desa_web.engines.sync import log

        page = log.page(clone.site, max_lines=1000).body
    with hub.bound():
        outcome = intake.taken(hub, source.id, page, is_live=True)
    assert outcome.problem is Problem.FORK
    assert desa.sync(hub).problem is Problem.FORK
    truth = desa.truth()
    assert view(hub, source) == truth
    # The copy becomes a site of its own; the officer lets the original be read afresh.
    with clone.site.bound():
        sync.became_copy(clone.actor)
    assert clone.log_name != desa.log_name
    inbox.publish(operator(hub), item_of(source, first))
    sources.trust_again(operator(hub), source.id)
    desa.publish("Sesudah bicara")
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()
    assert items.lost(source.id) == []
    assert items.get(hub, item_of(source, first)).item.article_id is not None
    clone.site.close()


def test_a_village_that_lost_its_key_is_succeeded_by_its_new_log(
    hub: Site, desa: Desa, source: Source
) -> None:
    first, second = desa.publish("Satu"), desa.publish("Dua")
    desa.sync(hub)
    inbox.publish(operator(hub), item_of(source, first))
    old = desa.log_name
    with desa.site.bound():
        sync.became_copy(desa.actor)
    desa.edit(first, title="Satu baru")
    desa.delete(second)
    new = desa.log_name
    assert new != old
    with pytest.raises(Conflict):
        sources.trust_again(operator(hub), source.id, site="bukan")
    sources.trust_again(operator(hub), source.id, site=new)
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()
    # The same article as before, with its decision, although another key speaks of it.
    full = items.get(hub, item_of(source, first))
    assert (full.item.article_id is not None, full.look) == (True, Look.UPDATED)
    assert [one.object_id for one in items.lost(source.id)] == [second]


def test_a_rotated_key_changes_nothing_for_the_hub(hub: Site, desa: Desa, source: Source) -> None:
    desa.publish("Satu")
    desa.sync(hub)
    with desa.site.bound():
        sync.rotate(desa.actor)
    desa.publish("Dua")
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()
    with hub.bound():
        assert len(Receiver(hub).shelf.source(source.site or "").publics) == 2


def test_a_hub_that_lost_its_database_reads_all_from_the_start(
    hub: Site, desa: Desa, source: Source
) -> None:
    for n in range(3):
        desa.publish(f"Kabar {n}")
    with desa.site.bound():
        sync.rotate(desa.actor)
    desa.withdraw(next(iter(desa.truth())))
    desa.sync(hub)
    with db.write(hub.database):
        for table in HUB_TABLES:
            db.execute(hub.database, f"DELETE FROM {table}")
    assert view(hub, source) == {}
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()


def test_a_hub_restored_from_an_older_backup_catches_up(
    hub: Site, desa: Desa, source: Source, tmp_path: Path
) -> None:
    first = desa.publish("Satu")
    desa.sync(hub)
    made = backup.create(hub, tmp_path / "hub.zip")
    desa.edit(first, title="Satu baru")
    desa.publish("Dua")
    desa.sync(hub)
    backup.restore(made.file, tmp_path / "hub-pulih")
    again = open_site(tmp_path / "hub-pulih", clock_of(hub))
    assert view(again, source) != desa.truth()
    assert desa.sync(again).problem is None
    assert view(again, source) == desa.truth()
    again.close()


def test_what_was_erased_stays_erased_when_a_hubs_backup_is_restored(
    hub: Site, desa: Desa, source: Source, tmp_path: Path
) -> None:
    made = desa.publish("Rahasia")
    desa.sync(hub)
    inbox.publish(operator(hub), item_of(source, made))
    kept = backup.create(hub, tmp_path / "hub.zip")
    desa.erase(made)
    desa.sync(hub)
    hub.close()
    backup.restore(kept.file, hub.path)
    again = open_site(hub.path, clock_of(hub))
    for _n in range(2):
        # At once, and still when the village is asked again.
        with again.bound():
            live = ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False))
            assert live.count() == 0
            for table in ("hub_item", "sync_received", "revision", "article_slug", "hub_receipt"):
                rows = db.execute(again.database, f"SELECT * FROM {table}").fetchall()
                assert "ahasia" not in repr(rows), table
        assert desa.sync(again).problem is None
        assert view(again, source) == desa.truth()
    again.close()


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_ten_years_wrong_on_either_side_loses_nothing(
    hub: Site, desa: Desa, source: Source, years: int
) -> None:
    jump = round(years * 365.25 * 86_400_000)
    right = hub.clock.now_ms()
    desa.publish("Jam betul")
    clock_of(desa.site).set(right + jump)
    strange = desa.publish("Jam desa salah")
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()
    # What lies ahead would stand above everything for ten years: it counts as arrived now.
    shown = items.of_object(source.id, strange)
    assert shown is not None
    assert shown.published_at.timestamp() * 1000 <= right + 86_400_000
    clock_of(hub).set(right + jump)
    desa.publish("Jam hub salah")
    assert desa.sync(hub).problem is None
    clock_of(hub).set(right)
    desa.publish("Betul lagi")
    assert desa.sync(hub).problem is None
    assert view(hub, source) == desa.truth()


def test_the_hubs_own_news_that_comes_round_is_not_taken(hub: Site, tmp_path: Path) -> None:
    """A hub that reads another hub which reads the first: news goes round once."""
    other = Desa(make_hub(tmp_path / "lain"), photo_seed=77)
    made = other.publish("Dari provinsi")
    source = other.known_to(hub)
    other.sync(hub)
    inbox.publish(operator(hub), item_of(source, made))
    ours = Desa(hub)
    with pytest.raises(InvalidInput):
        ours.known_to(hub)
    back = ours.known_to(other.site)
    ours.sync(other.site)
    assert view(other.site, back) == {}
    # A third hub that asks both takes it from where it was written.
    third = make_hub(tmp_path / "ketiga")
    direct, round_about = other.known_to(third), ours.known_to(third)
    ours.sync(third)
    other.sync(third)
    assert view(third, round_about) == {}
    assert view(third, direct) == other.truth()
    for made_site in (third, other.site):
        made_site.close()
