"""Words for people: gettext with Indonesian as the source language, and the village's dates.

`_("Berita sudah diterbitkan.")` returns the sentence in the language of the person who is
served (a context variable set at the edge); without a catalogue the Indonesian msgid stands.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

SHORT_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des",
)  # fmt: skip
_language: ContextVar[str] = ContextVar("language", default="id")
_LOCALES = Path(__file__).with_name("locale")


def _(msgid: str) -> str:
    """Return the sentence in the current language; the Indonesian msgid is the fallback."""
    language = _language.get()
    return msgid if language == "id" else _catalogue(language).gettext(msgid)


def ngettext(one: str, many: str, n: int) -> str:
    """Return `one` or `many` for n in the current language (Indonesian has one form)."""
    language = _language.get()
    return many if language == "id" else _catalogue(language).ngettext(one, many, n)


def short_moment(at: datetime, zone: tzinfo) -> str:
    """Return "22 Nov 2026 14.05": the moment as a clock in that zone shows it."""
    here = at.astimezone(zone)
    return f"{short_day(here)} {here.hour:02d}.{here.minute:02d}"


def short_day(day: date) -> str:
    """Return "22 Nov 2026"."""
    return f"{day.day} {SHORT_MONTHS[day.month - 1]} {day.year}"


def current_language() -> str:
    """Return the code of the language that is spoken now."""
    return _language.get()


@contextmanager
def language(code: str) -> Iterator[None]:
    """Speak `code` ("id", "en") inside the block."""
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


@lru_cache(maxsize=8)
def _catalogue(code: str) -> _gettext.NullTranslations:
    return _gettext.translation("desa", _LOCALES, languages=[code], fallback=True)
