"""A log that stands still is told to the village, too: by every way that receipts take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.checks import Level
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Outcome, Problem, Receiver, log, receipt
from desa_web.engines.sync.shelf import Source
from desa_web.features.hub import checks, intake, log_words, push, receipts, sources
from desa_web.features.sync import hubs, log_notice
from desa_web.features.sync import receipts as heard
from desa_web.features.sync import service as sync
from tests.harness.htmlcheck import messages_of
from tests.harness.hub import Desa
from tests.harness.pairing import follow, pair
from tests.harness.site import actor_as, client, clock_of, post_form


@pytest.fixture
def known(hub: Site, desa: Desa) -> str:
    """The two are paired; gives the source's id."""
    follow(hub)
    source_id, token = pair(hub, desa.site)
    own = log.head(hub)
    assert own is not None
    with desa.site.bound():
        hubs.begin(
            desa.site, own.site, name="Media Center Bengawan", address="https://mc.example",
            token=token, state="paired",
        )  # fmt: skip
    return source_id


@pytest.fixture
def clone(hub: Site, desa: Desa, known: str, tmp_path: Path) -> Iterator[Desa]:
    """A copy of the paired village that signs with the same key; the hub has seen both."""
    desa.publish("Bersama")
    take(hub, known, desa)
    folder = tmp_path / "salinan"
    shutil.copytree(desa.site.path, folder)
    made = Desa(open_site(folder, clock_of(desa.site)), photo_seed=900)
    with made.site.bound():
        sync.moved(made.actor)
    desa.publish("Dari yang asli")
    made.publish("Dari salinan")
    take(hub, known, desa)
    assert take(hub, known, made) is Problem.FORK
    yield made
    made.site.close()


def take(hub: Site, source_id: str, desa: Desa) -> Problem | None:
    """Give the hub the village's whole log, as it stands."""
    desa.follow()
    with desa.site.bound():
        page = log.page(desa.site, max_lines=1000).body
    with hub.bound():
        return intake.taken(hub, source_id, page, is_live=True).problem


def carry(hub: Site, source_id: str, desa: Desa) -> int:
    """Bring the hub's words to the village; return how many were new there."""
    own = hubs_name(desa)
    with desa.site.bound():
        born, n = heard.place(desa.site, own)
    with hub.bound():
        page = receipts.letter(hub, source_id, born, n)
    if not page:
        return 0
    with desa.site.bound():
        return heard.take(desa.site, own, page).new


def hubs_name(desa: Desa) -> str:
    with desa.site.bound():
        hub = hubs.newest(desa.site)
    assert hub is not None
    return hub.site


def notice(desa: Desa) -> log_notice.Notice | None:
    with desa.site.bound():
        return log_notice.notice(desa.site)


@pytest.mark.both_databases
def test_both_machines_with_one_key_are_told_in_plain_words(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    assert notice(desa) is None
    for village in (desa, clone):
        assert carry(hub, known, village) > 0
        found = notice(village)
        assert found is not None
        assert (found.code, found.hub) == ("fork", "Media Center Bengawan")
        assert "dua situs" in found.why
        assert len(found.steps) == 3
    with desa.site.bound():
        words = {word.object_id for word in heard.newest(desa.site, 100)}
    assert not any(word.startswith(receipt.LOG) for word in words), "it is no article"


@pytest.mark.both_databases
def test_it_is_said_once_however_often_the_hub_asks(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    carry(hub, known, desa)
    for _round in range(3):
        assert take(hub, known, desa) is Problem.FORK
    assert carry(hub, known, desa) == 0


@pytest.mark.both_databases
def test_the_notice_ends_when_the_officer_has_decided(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    carry(hub, known, desa)
    with clone.site.bound():
        sync.became_copy(clone.actor)
        assert log_notice.notice(clone.site) is None, "the copy is another site now"
    with hub.bound():
        sources.trust_again(operator(hub), known)
    assert carry(hub, known, desa) > 0
    assert notice(desa) is None
    assert take(hub, known, desa) is None


def test_the_desk_shows_it_on_sinkron_at_home_and_in_the_doctor(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    admin = actor_as(clone.site, Role.ADMIN)
    carry(hub, known, clone)
    with clone.site.bound():
        web = client(clone.site, admin)
        title = "Media Center Bengawan berhenti mengambil kabar desa ini."
        home = web.get("/kelola/").get_data(as_text=True)
        assert title in home
        assert 'href="/kelola/sinkron"' in home
        page = web.get("/kelola/sinkron").get_data(as_text=True)
        assert title in page
        assert "Telepon petugas Media Center Bengawan" in page
        said = messages_of({"sinkron": page, "home": home})
        assert {name: found for name, found in said.items() if found} == {}
        (finding,) = log_notice.log_is_taken(clone.site)
        assert finding.level is Level.WARNING
        assert title in finding.sentence
        reporter = client(clone.site, actor_as(clone.site, Role.REPORTER))
        assert title not in reporter.get("/kelola/").get_data(as_text=True)
        post_form(
            web, "/kelola/sinkron/rumah", {"answer": "copy", "sure": "1"}, page="/kelola/sinkron"
        )
        assert title not in web.get("/kelola/sinkron").get_data(as_text=True)


def test_the_hubs_doctor_names_a_log_that_stands_still(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    found = [finding.sentence for finding in checks.sources_answer(hub)]
    assert len(found) == 1
    assert "Papan desa" in found[0]


def test_a_push_without_news_hears_of_the_fork_in_the_villages_words(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    reply = push.take(hub, sources.get(hub, known), b"", push.Heard())
    assert reply["problem"]["code"] == "fork"
    assert "trust-again" not in reply["problem"]["message"]
    assert "Telepon petugas" in reply["problem"]["message"]


def test_a_new_beginning_is_told_and_taken_back_when_the_log_goes_on(
    hub: Site, desa: Desa, known: str
) -> None:
    desa.publish("Satu")
    take(hub, known, desa)
    carry(hub, known, desa)
    held = Receiver(hub).shelf.source(desa.log_name)

    def came(before: Source, outcome: Outcome, *, is_live: bool) -> int:
        """Let the hub follow a page; return how many words were new at the village."""
        with hub.bound(), journal.change(operator(hub)):
            log_words.follow(hub, known, before, outcome, is_live=is_live)
        return carry(hub, known, desa)

    broken = Outcome(problem=Problem.RESTARTED)
    assert came(held, broken, is_live=False) == 0, "an old stick proves nothing"
    assert came(held, broken, is_live=True) == 1
    found = notice(desa)
    assert found is not None
    assert (found.code, len(found.steps)) == ("restarted", 2)
    assert came(replace(held, problem="restarted"), Outcome(), is_live=True) == 1
    assert notice(desa) is None


def test_an_older_village_reads_the_page_as_any_other(
    hub: Site, desa: Desa, known: str, clone: Desa
) -> None:
    """Nothing of the format is new: the fields of a line, and a status of the four."""
    page = receipts.letter(hub, known, 0, 0)
    lines = [json.loads(line.split(b"\t")[0]) for line in page.splitlines()]
    fields = {"n", "id", "rev", "status", "reason", "address", "received_at", "at"}
    (word,) = [line for line in lines if str(line.get("id", "")).startswith(receipt.LOG)]
    assert set(word) == fields
    assert word["status"] in receipt.STATUSES
    assert "dua situs" in word["reason"]
