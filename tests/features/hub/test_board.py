"""The board: quiet villages stand out, trouble stands first, weeks and days are counted rightly."""

from __future__ import annotations

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.clock import DAY_MS
from desa_web.core.ids import new_id
from desa_web.core.site import Site
from desa_web.features.hub import board, sources
from desa_web.features.hub.board import Pulse
from desa_web.features.hub.models import ItemRow
from desa_web.features.hub.source import Kind, Source

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
        content=f'{{"type": "{kind}"}}',
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


def test_a_paused_one_is_neither_quiet_nor_in_trouble(hub: Site, hub_clock: int) -> None:
    made = village(hub, "Jeda")
    told(made, hub_clock - 30 * DAY_MS)
    with db.write(hub.database):
        db.execute(hub.database, "UPDATE hub_poll SET error = 'x' WHERE source_id = ?", made.id)
    sources.pause(operator(hub), made.id)
    (line,) = board.board(hub).lines
    assert (line.pulse, line.problem) == (Pulse.PAUSED, "")


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
