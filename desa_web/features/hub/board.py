"""The status board: who publishes, who fell silent, who cannot be reached. Read only.

board(site)              every source with its state, its last fourteen days, what is wrong
past(site, source_id)    one source's last twelve weeks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desa_web.core import db, settings
from desa_web.core.clock import DAY_MS, as_utc, zone
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import sources, trouble
from desa_web.features.hub.source import Source
from desa_web.features.hub.source import State as SourceState
from desa_web.features.hub.trouble import Needs, Trouble

DAYS, WEEKS = 14, 12
QUIET_MS, SILENT_MS = 3 * DAY_MS, 14 * DAY_MS
_PHONE = re.compile(r"\+?\d[\d ().-]{6,18}\d")


class Pulse(StrEnum):
    """How a source does: shape and word, never colour alone. Trouble first."""

    TROUBLE = "trouble"
    SILENT = "silent"
    QUIET = "quiet"
    LIVELY = "lively"
    PAUSED = "paused"


WORDS = {
    Pulse.TROUBLE: "Perlu dilihat",
    Pulse.SILENT: "Diam",
    Pulse.QUIET: "Sepi",
    Pulse.LIVELY: "Lancar",
    Pulse.PAUSED: "Dijeda",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One source on the board.

    days: news of each of the last fourteen days, oldest first ("news", "notice" or "").
    """

    source: Source
    pulse: Pulse
    days: tuple[str, ...]
    month: int
    last_at: datetime | None
    trouble: Trouble
    waiting: int

    @property
    def lively_days(self) -> int:
        return sum(bool(day) for day in self.days)

    @property
    def phone(self) -> str:
        """Return the number in the contact as it is dialled, "" without one."""
        match = _PHONE.search(self.source.contact)
        digits = re.sub(r"\D", "", match[0]) if match else ""
        return "62" + digits[1:] if digits.startswith("0") else digits


@dataclass(frozen=True, slots=True)
class Past:
    """weeks: how many news in each of the last weeks, oldest first; this week is the last.

    lag_minutes: how long the newest news took from the village to here, None before any.
    """

    weeks: tuple[int, ...]
    lag_minutes: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """All sources, trouble first; counts by pulse; the districts that have any."""

    lines: tuple[Line, ...]
    counts: dict[Pulse, int]
    districts: tuple[str, ...]


def board(site: Site) -> Board:
    """Return the board (seven queries, whatever the number of sources)."""
    found = _lines(site, sources.listed(site))
    order = {pulse: n for n, pulse in enumerate(Pulse)}
    never = as_utc(0)
    found.sort(
        key=lambda line: (
            order[line.pulse], line.trouble.needs is not Needs.DECISION, not line.trouble.code,
            line.last_at or never, line.source.name,
        )
    )  # fmt: skip
    counts = {pulse: sum(line.pulse is pulse for line in found) for pulse in Pulse}
    districts = sorted({line.source.district for line in found if line.source.district})
    return Board(tuple(found), counts, tuple(districts))


def line_of(site: Site, source: Source) -> Line:
    """Return the board's line of one source (five queries)."""
    return _lines(site, [source], source.id)[0]


def past(site: Site, source_id: str) -> Past:
    """Return how a source did in the last weeks (two queries)."""
    now_ms = site.clock.now_ms()
    offset_ms = _offset_ms(site, now_ms)
    # Weeks begin on Monday; 1 January 1970 was a Thursday.
    this_week = ((now_ms + offset_ms) // DAY_MS + 3) // 7
    first = this_week - WEEKS + 1
    sql = (
        "SELECT ((published_at + ?) / ? + 3) / 7, count(*) FROM hub_item "
        "WHERE op = 'put' AND source_id = ? AND published_at >= ? GROUP BY 1"
    )
    since_ms = (first * 7 - 3) * DAY_MS - offset_ms
    rows = db.execute(site.database, sql, offset_ms, DAY_MS, source_id, since_ms).fetchall()
    counted = {int(week): int(n) for week, n in rows}
    sql = (
        "SELECT published_at, received_at FROM hub_item WHERE op = 'put' AND source_id = ? "
        "ORDER BY published_at DESC LIMIT 1"
    )
    newest = db.execute(site.database, sql, source_id).fetchone()
    lag_ms = max(newest[1] - newest[0], 0) if newest else None
    weeks = tuple(counted.get(first + n, 0) for n in range(WEEKS))
    return Past(weeks, None if lag_ms is None else lag_ms // 60_000)


def table(lines: Iterable[Line]) -> list[Sequence[object]]:
    """Return the board as rows for a spreadsheet, the head first."""
    head = ("desa", "kode_wilayah", "kecamatan", "keadaan", "kabar_30_hari", "terakhir",
            "menunggu", "masalah", "narahubung", "alamat")  # fmt: skip
    rows: list[Sequence[object]] = [head]
    for line in lines:
        one = line.source
        last = line.last_at.isoformat(timespec="seconds") if line.last_at else ""
        rows.append(
            (one.name, one.kode_wilayah, one.district, _(WORDS[line.pulse]), line.month, last,
             line.waiting, line.trouble.sentence, one.contact, one.address)
        )  # fmt: skip
    return rows


def advice(line: Line) -> str:
    """Return what an officer can do about a source, "" when nothing is needed."""
    if line.source.state is SourceState.PAUSED:
        return _("Dijeda. Lanjutkan bila desa sudah siap.")
    if line.trouble.code:
        return line.trouble.sentence
    if line.pulse is Pulse.SILENT:
        return _("Lama tidak ada kabar. Sapa operator atau KIM-nya.")
    return ""


def _lines(site: Site, known: Sequence[Source], source_id: str = "") -> list[Line]:
    """Return the lines of these sources; with `source_id` only its rows are asked for."""
    now_ms = site.clock.now_ms()
    offset_ms = _offset_ms(site, now_ms)
    today = (now_ms + offset_ms) // DAY_MS
    days = _days(site, source_id, today, offset_ms)
    months = _counts(site, source_id, now_ms - 30 * DAY_MS)
    waiting, last = _waiting(site, source_id), _last(site, source_id)
    logs = trouble.stopped(site)
    return [
        _line(
            one, days.get(one.id, {}), today, months, waiting, last, now_ms,
            trouble.trouble_of(one, logs, now_ms),
        )
        for one in known
    ]  # fmt: skip


def _line(
    source: Source,
    days: dict[int, str],
    today: int,
    months: dict[str, int],
    waiting: dict[str, int],
    last: dict[str, int],
    now_ms: int,
    wrong: Trouble,
) -> Line:
    last_ms = last.get(source.id)
    since_ms = now_ms - (last_ms if last_ms else round(source.created_at.timestamp() * 1000))
    if source.state is SourceState.PAUSED:
        pulse = Pulse.PAUSED
    elif wrong.needs_somebody:
        pulse = Pulse.TROUBLE
    elif since_ms > SILENT_MS:
        pulse = Pulse.SILENT
    else:
        pulse = Pulse.QUIET if since_ms > QUIET_MS else Pulse.LIVELY
    return Line(
        source=source,
        pulse=pulse,
        days=tuple(days.get(today - back, "") for back in range(DAYS - 1, -1, -1)),
        month=months.get(source.id, 0),
        last_at=as_utc(last_ms) if last_ms else None,
        trouble=wrong,
        waiting=waiting.get(source.id, 0),
    )


def _offset_ms(site: Site, now_ms: int) -> int:
    """Return how far the centre's own zone is ahead of UTC: days are counted there."""
    offset = as_utc(now_ms).astimezone(zone(settings.read(site)["time_zone"])).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def _days(site: Site, source_id: str, today: int, offset_ms: int) -> dict[str, dict[int, str]]:
    only, values = _only(source_id)
    sql = (
        "SELECT source_id, (published_at + ?) / ?, min(is_notice) "  # noqa: S608 - fragments of our own
        f"FROM hub_item WHERE op = 'put' AND published_at >= ?{only} GROUP BY 1, 2"
    )
    since_ms = (today - DAYS + 1) * DAY_MS - offset_ms
    found: dict[str, dict[int, str]] = {}
    rows = db.execute(site.database, sql, offset_ms, DAY_MS, since_ms, *values)
    for one, day, is_notice in rows.fetchall():
        found.setdefault(one, {})[int(day)] = "notice" if is_notice else "news"
    return found


def _counts(site: Site, source_id: str, since_ms: int) -> dict[str, int]:
    only, values = _only(source_id)
    sql = (
        "SELECT source_id, count(*) FROM hub_item WHERE op = 'put' AND published_at >= ?"  # noqa: S608 - fragments of our own
        f"{only} GROUP BY source_id"
    )
    return dict(db.execute(site.database, sql, since_ms, *values).fetchall())


def _waiting(site: Site, source_id: str) -> dict[str, int]:
    only, values = _only(source_id)
    sql = (
        "SELECT source_id, count(*) FROM hub_item WHERE ((state = 'new' AND op = 'put') "  # noqa: S608 - fragments of our own
        f"OR needs_look = 1){only} GROUP BY source_id"
    )
    return dict(db.execute(site.database, sql, *values).fetchall())


def _last(site: Site, source_id: str) -> dict[str, int]:
    only, values = _only(source_id)
    sql = (
        "SELECT source_id, max(published_at) FROM hub_item WHERE op = 'put'"  # noqa: S608 - fragments of our own
        f"{only} GROUP BY source_id"
    )
    return dict(db.execute(site.database, sql, *values).fetchall())


def _only(source_id: str) -> tuple[str, list[str]]:
    return (" AND source_id = ?", [source_id]) if source_id else ("", [])
