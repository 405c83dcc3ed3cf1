"""The clock and the doubt about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desa_web import RELEASED_ON
from desa_web.core import clock

RELEASED = clock.to_ms(datetime(RELEASED_ON.year, RELEASED_ON.month, RELEASED_ON.day, tzinfo=UTC))
NOW = RELEASED + 100 * clock.DAY_MS


@pytest.mark.parametrize(
    ("now_ms", "newest_ms", "is_doubtful"),
    [
        (0, None, True),
        (RELEASED - 1, None, True),
        (RELEASED, None, False),
        (NOW, NOW, False),
        (NOW, NOW + clock.DAY_MS, False),
        (NOW, NOW + clock.DAY_MS + 1, True),
        (NOW + clock.JUMP_AHEAD_MS, NOW, False),
        (NOW + clock.JUMP_AHEAD_MS + 1, NOW, True),
        (2_145_916_800_000, NOW, True),
        (-5, NOW, True),
    ],
)
def test_the_clock_is_doubted_before_the_release_and_far_from_the_newest_change(
    now_ms: int, newest_ms: int | None, is_doubtful: bool
) -> None:
    sentence = clock.suspicion(now_ms, newest_ms)
    assert (sentence is not None) is is_doubtful


def test_the_sentence_for_a_dead_battery_names_the_year() -> None:
    assert "1970" in (clock.suspicion(0, None) or "")


@given(st.integers(min_value=0, max_value=253_402_300_799_000))
def test_milliseconds_survive_the_way_through_a_datetime(ms: int) -> None:
    assert clock.to_ms(clock.as_utc(ms)) == ms


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        clock.to_ms(datetime(2026, 11, 22))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(("name", "hours"), [("WIB", 7), ("WITA", 8), ("WIT", 9)])
def test_the_three_zones_have_their_offsets(name: str, hours: int) -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC).astimezone(clock.zone(name))
    assert moment.utcoffset() == timedelta(hours=hours)
    assert moment == datetime(2026, 11, 22, 12 + hours, tzinfo=timezone(timedelta(hours=hours)))


def test_the_system_clock_goes_on() -> None:
    system = clock.SystemClock()
    assert system.monotonic_s() <= system.monotonic_s()
    assert abs(system.now_ms() - datetime.now(UTC).timestamp() * 1000) < 5000
