"""The time, and the doubt about it.

Village machines have dead batteries: after a power cut the clock may say 1970 or 2038. Order is
therefore never taken from the clock (the journal has `seq`), and `suspicion` says when the clock
must not be trusted with due work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Protocol

from desa_web import RELEASED_ON
from desa_web.core.i18n import _

DAY_MS = 86_400_000
# Longer than any holiday on which a village machine is switched off, shorter than a wrong year.
JUMP_AHEAD_MS = 400 * DAY_MS
# Keppres 41/1987. No daylight saving: a fixed offset is exact and needs no zone database.
_ZONES = {"WIB": 7, "WITA": 8, "WIT": 9}
_RELEASED_MS = int(
    datetime(RELEASED_ON.year, RELEASED_ON.month, RELEASED_ON.day, tzinfo=UTC).timestamp() * 1000
)


class Clock(Protocol):
    def now_ms(self) -> int: ...

    def monotonic_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds since the machine started: survives a wrong date and a restarted program."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def suspicion(now_ms: int, newest_ms: int | None) -> str | None:
    """Return why `now_ms` cannot be right (an Indonesian sentence), or None.

    `newest_ms` is the time of the newest journal row.
    """
    if now_ms < _RELEASED_MS:
        return _(
            "Jam server menunjukkan tahun {year}. Setel jam komputer, "
            "atau sambungkan ke internet sebentar supaya jam betul sendiri."
        ).format(year=as_utc(now_ms).year)
    if newest_ms is None:
        return None
    if now_ms < newest_ms - DAY_MS:
        return _(
            "Jam server mundur dari kegiatan terakhir. Setel tanggal komputer; "
            "bila sudah betul, jalankan: desa doctor --trust-clock."
        )
    if now_ms > newest_ms + JUMP_AHEAD_MS:
        return _(
            "Jam server melompat jauh ke depan. Setel tanggal komputer; "
            "bila sudah betul, jalankan: desa doctor --trust-clock."
        )
    return None


def zone(name: str) -> tzinfo:
    """Return the time zone for WIB, WITA or WIT. Raises KeyError for other names."""
    return timezone(timedelta(hours=_ZONES[name]), name)


def zone_names() -> tuple[str, ...]:
    return tuple(_ZONES)


def as_utc(ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware UTC time, clamped to what datetime can hold."""
    return datetime.fromtimestamp(min(max(ms, 0), 253_402_300_799_000) / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Return milliseconds since 1970. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return round(moment.timestamp() * 1000)
