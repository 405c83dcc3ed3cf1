"""What to look at before a text goes to readers: length, photos, private numbers, new addresses.

Advice, not rules: nothing here refuses anything, and nothing reads or writes the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desa_web.core import html
from desa_web.core.i18n import _
from desa_web.features.media.photo import Photo
from desa_web.features.news.article import Text

TITLE_ADVICE = 70
# Sixteen digits (Permendagri 72/2022: NIK), also written in groups.
_NIK = re.compile(r"(?<!\d)\d(?:[ .-]?\d){15}(?!\d)")
_PHONE = re.compile(r"(?<![\d.])(?:\+?62|0)[ .-]?8[1-9](?:[ .-]?\d){7,10}(?!\d)")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at; `hint` says what to do when it is not good."""

    is_good: bool
    sentence: str
    hint: str = ""


def checklist(text: Text, photos: Sequence[Photo], new_domains: Iterable[str]) -> list[Point]:
    """Return all points, also the good ones: a person sees what was looked at."""
    return [
        _title(text.title),
        _body(text.body),
        *_photos(photos),
        _private_numbers(text),
        *_domains(new_domains),
    ]


def private_numbers(text: Text) -> tuple[list[str], list[str]]:
    """Return the NIK-like and the phone-like numbers in the text, as written."""
    running = "\n".join((text.title, text.standfirst, html.plain_text(text.body)))
    niks = [match[0] for match in _NIK.finditer(running)]
    phones = [match[0] for match in _PHONE.finditer(_NIK.sub("", running))]
    return niks, phones


def _title(title: str) -> Point:
    if len(title) <= TITLE_ADVICE:
        return Point(True, _("Judul cukup pendek"))
    sentence = _("Judul {n} huruf").format(n=len(title))
    return Point(False, sentence, _("Sebaiknya paling banyak 70, supaya utuh di layar ponsel."))


def _body(body: str) -> Point:
    if body:
        return Point(True, _("Isi berita sudah ada"))
    return Point(False, _("Isi berita masih kosong"), _("Tulis siapa, apa, di mana, dan kapan."))


def _photos(photos: Sequence[Photo]) -> list[Point]:
    if not photos:
        hint = _("Satu foto membuat berita lebih sering dibaca. Boleh tanpa foto.")
        return [Point(False, _("Belum ada foto"), hint)]
    points = []
    for number, photo in enumerate(photos, 1):
        if not photo.caption:
            sentence = _("Foto {n} belum ada keterangan").format(n=number)
            points.append(Point(False, sentence, _("Tulis siapa, sedang apa, dan di mana.")))
        if not photo.alt:
            sentence = _("Foto {n} belum diceritakan").format(n=number)
            hint = _("Isi “Apa yang terlihat?” untuk orang yang tidak bisa melihat foto.")
            points.append(Point(False, sentence, hint))
    return points or [Point(True, _("Semua foto punya keterangan"))]


def _private_numbers(text: Text) -> Point:
    niks, phones = private_numbers(text)
    if not niks and not phones:
        return Point(True, _("Tidak ada NIK atau nomor telepon"))
    found = ", ".join(dict.fromkeys([*niks, *phones]))
    kind = _("Ada angka seperti NIK") if niks else _("Ada nomor telepon")
    hint = _("Hapus bila milik pribadi: {found}").format(found=found)
    return Point(False, kind, hint)


def _domains(domains: Iterable[str]) -> list[Point]:
    return [
        Point(
            False,
            _("Tautan ke situs yang belum pernah dipakai: {domain}").format(domain=domain),
            _("Buka dan periksa dulu. Iklan judi sering bersembunyi di tautan."),
        )
        for domain in domains
    ]
