"""Dates as other programs write them; what makes no sense is no date."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

_MONTHS = {
    "januari": "Jan", "februari": "Feb", "pebruari": "Feb", "maret": "Mar", "april": "Apr",
    "mei": "May", "juni": "Jun", "juli": "Jul", "agustus": "Aug", "agt": "Aug", "ags": "Aug",
    "agu": "Aug", "september": "Sep", "oktober": "Oct", "okt": "Oct", "november": "Nov",
    "nopember": "Nov", "nop": "Nov", "desember": "Dec", "des": "Dec",
}  # fmt: skip
_ZONES = {"WIB": "+0700", "WITA": "+0800", "WIT": "+0900"}
_WORD = re.compile(r"[A-Za-z]+")
_DAY = re.compile(r"^\s*[A-Za-z'’]+\s*,\s*")
_EARLIEST, _LATEST = 1990, 2100


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the moment in UTC; a text without a zone is of `zone`. None for nonsense."""
    text = " ".join(text.split())[:64]
    if not text:
        return None
    for read in (datetime.fromisoformat, _rfc822):
        try:
            found = read(text)
            found = found if found.tzinfo else found.replace(tzinfo=zone)
            return sensible(found.astimezone(UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def of_struct(parsed: object) -> datetime | None:
    """Return the moment of a time.struct_time in UTC, as feedparser gives it."""
    if not isinstance(parsed, tuple):
        return None
    try:
        return sensible(datetime.fromtimestamp(timegm(parsed), UTC))
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def sensible(found: datetime) -> datetime | None:
    """Return the moment unless it lies outside the years in which villages have sites."""
    return found if _EARLIEST <= found.year < _LATEST else None


def _rfc822(text: str) -> datetime:
    """Read RFC 822 dates, also with Indonesian names ("Sen, 12 Mei 2020 07:00:00 WIB")."""
    text = _WORD.sub(_english, _DAY.sub("", text))
    return parsedate_to_datetime(text)


def _english(match: re.Match[str]) -> str:
    return _ZONES.get(match[0]) or _MONTHS.get(match[0].lower(), match[0])
