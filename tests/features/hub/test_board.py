"""The board: quiet villages stand out, trouble stands first, weeks and days are counted rightly."""

from __future__ import annotations

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.clock import DAY_MS
from desa_web.core.ids import new_id
from desa_web.core.site import Site
from desa_web.features.hub import board, sources
from desa_web.features.hub import trouble as trouble_now
from desa_web.features.hub.board import Pulse
from desa_web.features.hub.models import ItemRow
from desa_web.features.hub.source import Kind, Source
from desa_web.features.hub.trouble import Needs

pytestmark = pytest.mark.both_databases

HOUR_MS = 3_600_000


def village(hub: Site, name: str) -> Source:
    return sources.register(
        operator(hub), kind=Kind.DESA, name=name, address=f"https://{name.lower()}.desa.id"
    )


def told(source: Source, at_ms: int, *, after_ms: int = 0, kind: str = "article") -> None:
    ItemRow.create(
        id=new_id(at_ms), source_id=source.id, object_id=new_id(at_ms), op="put", rev=1,
        digest="d", title="Panen", published_at=at_ms, received_at=at_ms + after_ms, state="new",
        needs_look=False, is_lost=False, article_id=None, taken_digest="", taken_revision_id="",
        lacks_photos=False, reason="", decided_by="", decided_at=0, version=1,
        is_notice=kind == "announcement", content="{}",
    )  # fmt: skip


@pytest.fixture
def hub_clock(hub: Site) -> int:
    return hub.clock.now_ms()


def test_three_days_make_quiet_and_fourteen_make_silent(hub: Site, hub_clock: int) -> None:
    ages = {"Ada": 3, "Bela": 4, "Cipto": 14, "Dadi": 15}
    for name, days in ages.items():
        told(village(hub, name), hub_clock - days * DAY_MS)
    found = {line.source.name: line.pulse for line in board.board(hub).lines}
    assert found == {
        "Ada": Pulse.LIVELY, "Bela": Pulse.QUIET, "Cipto": Pulse.QUIET, "Dadi": Pulse.SILENT,
    }  # fmt: skip


def test_one_that_cannot_be_reached_stands_before_all_others(hub: Site, hub_clock: int) -> None:
    fresh, silent = village(hub, "Segar"), village(hub, "Diam")
    told(fresh, hub_clock)
    told(silent, hub_clock - 30 * DAY_MS)
    assert [line.source.name for line in board.board(hub).lines] == ["Diam", "Segar"]
    sql = "UPDATE hub_poll SET error_code = 'dns', error = 'Tidak dikenal.' WHERE source_id = ?"
    with db.write(hub.database):
        db.execute(hub.database, sql, fresh.id)
    assert [line.source.name for line in board.board(hub).lines] == ["Segar", "Diam"]


def struck(hub: Site, source: Source, code: str, *, ok_ms: int = 0) -> None:
    """Let the last poll of a source have ended so, and the last good one have been then."""
    sql = "UPDATE hub_poll SET error_code = ?, error = 'Kalimat.', ok_at = ? WHERE source_id = ?"
    with db.write(hub.database):
        db.execute(hub.database, sql, code, ok_ms or hub.clock.now_ms(), source.id)


@pytest.mark.parametrize("code", ["other-site", "fork", "restarted", "bad-signature"])
def test_a_log_that_stands_still_is_never_called_lively(
    hub: Site, hub_clock: int, code: str
) -> None:
    fresh, stuck, lost = village(hub, "Aman"), village(hub, "Macet"), village(hub, "Hilang")
    for source in (fresh, stuck, lost):
        told(source, hub_clock)
    struck(hub, stuck, code)
    struck(hub, lost, "dns")
    found = board.board(hub)
    assert [(line.source.name, line.pulse) for line in found.lines] == [
        ("Macet", Pulse.TROUBLE), ("Hilang", Pulse.TROUBLE), ("Aman", Pulse.LIVELY),
    ]  # fmt: skip
    trouble = found.lines[0].trouble
    assert trouble.needs is Needs.DECISION
    assert "berhenti diambil" in trouble.sentence
    assert "trust-again" not in trouble.sentence
    assert found.counts[Pulse.TROUBLE] == 2
    assert trouble_now.waiting(operator(hub)) == 2


def test_a_village_that_only_pushes_is_seen_when_its_log_forks(hub: Site, hub_clock: int) -> None:
    made = sources.register(operator(hub), kind=Kind.DESA, name="Dorong", site="a" * 26)
    told(made, hub_clock)
    with db.write(hub.database):
        db.execute(
            hub.database,
            "INSERT INTO sync_source (site, public, epoch, seq, hash, number, state, problem, "
            "ok_at) VALUES (?, '', 'e', 1, 'h', 1, 'fork', 'fork', 0)", "a" * 26,
        )  # fmt: skip
    (line,) = board.board(hub).lines
    assert (line.pulse, line.trouble.code) == (Pulse.TROUBLE, "fork")
    assert trouble_now.waiting(operator(hub)) == 1


def test_what_heals_by_itself_needs_nobody_for_a_day(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Putus")
    told(made, hub_clock)
    for code, age_ms, pulse in (
        ("putus", HOUR_MS, Pulse.LIVELY),
        ("putus", DAY_MS + HOUR_MS, Pulse.TROUBLE),
        ("dns", HOUR_MS, Pulse.TROUBLE),
        ("", 2 * DAY_MS, Pulse.LIVELY),
    ):
        struck(hub, made, code, ok_ms=hub_clock - age_ms)
        (line,) = board.board(hub).lines
        assert (code, line.pulse) == (code, pulse)
        assert trouble_now.waiting(operator(hub)) == (pulse is Pulse.TROUBLE)


def test_a_paused_one_is_neither_quiet_nor_in_trouble(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Jeda")
    told(made, hub_clock - 30 * DAY_MS)
    with db.write(hub.database):
        db.execute(hub.database, "UPDATE hub_poll SET error = 'x' WHERE source_id = ?", made.id)
    sources.pause(operator(hub), made.id)
    (line,) = board.board(hub).lines
    assert (line.pulse, line.trouble.code) == (Pulse.PAUSED, "")


def test_days_end_at_midnight_of_the_centre(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Malam")
    midnight = hub_clock - hub_clock % DAY_MS - 7 * HOUR_MS  # 00.00 WIB
    midnight += DAY_MS if hub_clock - midnight >= DAY_MS else 0
    told(made, midnight)
    told(made, midnight - 1, kind="announcement")
    (line,) = board.board(hub).lines
    assert line.days[-2:] == ("notice", "news")
    assert line.lively_days == 2


def test_weeks_begin_on_monday(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Pekan")
    local_day = (hub_clock + 7 * HOUR_MS) // DAY_MS
    monday = (local_day - (local_day + 3) % 7) * DAY_MS - 7 * HOUR_MS
    told(made, monday)
    told(made, monday - 1)
    told(made, monday - 1 - 70 * DAY_MS)
    told(made, monday - 1 - 77 * DAY_MS)  # before the first of the twelve weeks
    past = board.past(hub, made.id)
    assert len(past.weeks) == board.WEEKS
    assert past.weeks[-2:] == (1, 1)
    assert past.weeks[0] == 1
    assert sum(past.weeks) == 3


def test_the_lag_is_that_of_the_newest_news(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Lambat")
    assert board.past(hub, made.id).lag_minutes is None
    told(made, hub_clock - DAY_MS, after_ms=5 * HOUR_MS)
    told(made, hub_clock, after_ms=25 * 60_000)
    assert board.past(hub, made.id).lag_minutes == 25
    # A village whose clock is ahead was not here before it was written.
    told(made, hub_clock + HOUR_MS, after_ms=-HOUR_MS)
    assert board.past(hub, made.id).lag_minutes == 0
