"""The filters of themes: dates, numbers and money as an Indonesian reader expects them, safe HTML.

Moments are shown in the village's own time, which `in_zone` says for the length of a page. Nothing
here reads a context of Jinja, so macros may be imported without one: with it every page made all of
them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from types import MappingProxyType

from markupsafe import Markup, escape

from desa_web.core.i18n import _
from desa_web.web import dates
from desa_web.web.dates import Zone

_zone: ContextVar[Zone] = ContextVar("zone", default="WIB")


@contextmanager
def in_zone(zone: Zone) -> Iterator[None]:
    """Show moments in this zone inside the block."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def shown_zone() -> Zone:
    """Return the zone in which moments are shown."""
    return _zone.get()


def _local(value: date) -> date:
    return dates.local(value, _zone.get()) if isinstance(value, datetime) else value


def _day_filter(show: Callable[[date], str]) -> Callable[[date], str]:
    return lambda value: show(_local(value))


def _moment(value: datetime) -> str:
    at = dates.local(value, _zone.get())
    return f"{dates.long_date(at)}, {dates.clock_time(at)} {_zone.get()}"


def _clock_time(value: datetime) -> str:
    return dates.clock_time(dates.local(value, _zone.get()))


def _iso(value: date) -> str:
    at = _local(value)
    return at.isoformat(timespec="minutes") if isinstance(at, datetime) else at.isoformat()


def _region(number: int) -> str:
    """Return the opening of a table's region; two with one name would confuse a screen reader."""
    first, more = _("Tabel, bisa digeser"), _("Tabel {n}, bisa digeser").format(n=number)
    label = escape(first if number == 1 else more)
    return f'<div class="tabel" role="region" tabindex="0" aria-label="{label}">'


def _prose(body: Markup, dateline: str = "") -> Markup:
    """Return safe HTML with tables that scroll and the dateline before the first words."""
    # As plain text: each step on Markup would make, and escape, a Markup of its own.
    before, *tables = str(body).split("<table")
    text = before + "".join(
        f"{_region(number)}<table{rest}" for number, rest in enumerate(tables, 1)
    )
    text = text.replace("</table>", "</table></div>")
    if dateline:
        named = escape(dateline.rstrip(" –-"))  # whoever typed the dash does not get two
        place = f'<p><b class="tempat">{named} –</b> '
        begun = text.lstrip()
        is_plain = begun.startswith("<p>")
        text = place + begun[len("<p>") :] if is_plain else f"{place}</p>{text}"
    return Markup(text)  # noqa: S704 - the body is safe, all else is ours or escaped


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "long_date": _day_filter(dates.long_date),
        "full_date": _day_filter(dates.full_date),
        "medium_date": _day_filter(dates.medium_date),
        "short_date": _day_filter(dates.short_date),
        "short_month": _day_filter(dates.short_month),
        "month_name": _day_filter(dates.month_name),
        "weekday": _day_filter(dates.weekday),
        "day_number": _day_filter(lambda day: str(day.day)),
        "moment": _moment,
        "clock_time": _clock_time,
        "iso": _iso,
        "number": dates.number,
        "rupiah": dates.rupiah,
        "short_rupiah": dates.short_rupiah,
        "rupiah_of": dates.rupiah_of,
        "file_size": dates.file_size,
        "prose": _prose,
    }
)
