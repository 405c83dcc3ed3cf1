"""Dates, numbers and money as an Indonesian reader expects them.

"Sabtu, 21 November 2026", "10.42 WIB", "1.250.000", "Rp1.250.000", "18,4 MB". Zones are WIB, WITA
and WIT by name: Indonesia has no daylight saving, so a fixed offset is exact and needs no zone
database on the machine. Nothing here reads the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Literal

from desa_web.core.i18n import SHORT_MONTHS

Zone = Literal["WIB", "WITA", "WIT"]

# Keppres 41/1987: UTC+7, +8 and +9.
OFFSET_HOURS: Mapping[Zone, int] = MappingProxyType({"WIB": 7, "WITA": 8, "WIT": 9})

_ZONES = {name: timezone(timedelta(hours=n), name) for name, n in OFFSET_HOURS.items()}

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]


def local(at: datetime, zone: Zone) -> datetime:
    """Return the moment in the village's own time; a naive datetime is refused."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(_ZONES[zone])


def long_date(day: date) -> str:
    """Return "Sabtu, 21 November 2026"."""
    return f"{DAYS[day.weekday()]}, {full_date(day)}"


def full_date(day: date) -> str:
    """Return "21 November 2026"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def medium_date(day: date) -> str:
    """Return "21 Nov 2026"."""
    return f"{short_date(day)} {day.year}"


def short_date(day: date) -> str:
    """Return "21 Nov"."""
    return f"{day.day} {short_month(day)}"


def short_month(day: date) -> str:
    """Return "Nov"."""
    return SHORT_MONTHS[day.month - 1]


def month_name(day: date) -> str:
    """Return "November 2026"."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    """Return "Sabtu"."""
    return DAYS[day.weekday()]


def clock_time(at: datetime) -> str:
    """Return "10.42": of the datetime as it stands, so pass a local one."""
    return f"{at.hour:02d}.{at.minute:02d}"


def number(value: int | float, decimals: int = 0) -> str:
    """Return "1.250.000" or, with decimals, "2,5"."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,"))


def rupiah(amount_rp: int) -> str:
    """Return "Rp1.250.000", "−Rp5.000" when negative."""
    return f"{'−' if amount_rp < 0 else ''}Rp{number(abs(amount_rp))}"


def short_rupiah(amount_rp: int) -> str:
    """Return "Rp498 juta", "Rp1,5 miliar": what a headline can hold, half rounded up."""
    sign, amount = ("−" if amount_rp < 0 else ""), abs(amount_rp)
    for unit, name in ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (10**3, "ribu")):
        # Integers: 1,25 juta is 1,3 juta to a reader; and 999.999.999 is 1 miliar, not 1.000 juta.
        tenths = (amount * 10 + unit // 2) // unit
        if tenths >= 10:
            return f"{sign}Rp{number(tenths / 10, 1).removesuffix(',0')} {name}"
    return rupiah(amount_rp)


def rupiah_of(part_rp: int, whole_rp: int) -> tuple[str, str]:
    """Return the two sides of "Rp498 dari 640 juta", the unit said once when both share it."""
    part, whole = short_rupiah(part_rp), short_rupiah(whole_rp)
    if part.split()[1:] == whole.split()[1:] and " " in part:
        return part.split()[0], whole.removeprefix("Rp")
    return part, whole


def file_size(size_bytes: int) -> str:
    """Return "84 KB", "18,4 MB": decimal units, as phones count them."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    for unit, name, decimals in ((10**3, "KB", 0), (10**6, "MB", 1), (10**9, "GB", 1)):
        if round(size_bytes / unit, decimals) < 1000:
            return f"{number(size_bytes / unit, decimals)} {name}"
    return f"{number(size_bytes / 10**12, 1)} TB"
