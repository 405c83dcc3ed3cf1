"""Passwords: the rules for new ones and argon2id, at most two hashes at a time.

Not here: who may change which password (service.py), counting of failures (lockout.py).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from desa_web.core.errors import Busy
from desa_web.core.i18n import _

MIN_LENGTH, MAX_LENGTH = 8, 200
# OWASP password storage: 19 MiB, two passes, one lane; 34 ms on a small server.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Two hashes take 38 MiB of a 512 MiB server; a third person waits, a crowd is sent away.
_SLOTS = threading.BoundedSemaphore(2)
_WAITING = threading.BoundedSemaphore(2)
_WAIT_S = 5.0

# Stems; digits, years and signs around them do not make them better.
_BAD_STEMS_FILE = Path(__file__).with_name("easy_passwords.txt")
_LEET = str.maketrans("013457@$!8", "oieastasib")
_ROWS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz",
         "qwertyuiop", "asdfghjkl", "zxcvbnm")  # fmt: skip


def problem(password: str, known_words: Iterable[str]) -> str | None:
    """Return the sentence that is wrong with a new password, or None.

    known_words: the person's login and name, the village's name: what a stranger tries first.
    """
    text = normal(password)
    if len(text) < MIN_LENGTH:
        return _("Kata sandi paling sedikit {n} huruf. Tiga kata acak mudah diingat.").format(
            n=MIN_LENGTH
        )
    if len(text) > MAX_LENGTH:
        return _("Kata sandi paling banyak {n} huruf.").format(n=MAX_LENGTH)
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        return _("Ada huruf yang tidak bisa dipakai di kata sandi. Ketik ulang.")
    if _is_easy(text, known_words):
        return _("Kata sandi ini mudah ditebak. Pakai tiga kata yang tidak berhubungan.")
    return None


def hashed(password: str) -> str:
    """Return the argon2id hash. Raises Busy when too many people wait."""
    with _slot():
        return _HASHER.hash(normal(password))


def matches(stored: str, password: str) -> bool:
    """Return whether the password fits; a missing hash takes the same time and fits nothing."""
    with _slot():
        try:
            _HASHER.verify(stored or _nobody(), normal(password[: MAX_LENGTH + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return bool(stored)


def is_outdated(stored: str) -> bool:
    """Return whether the hash was made with older parameters."""
    return _HASHER.check_needs_rehash(stored)


def normal(password: str) -> str:
    """Return the password as one keyboard and another write it alike (NFC)."""
    return unicodedata.normalize("NFC", password)


@contextmanager
def _slot() -> Iterator[None]:
    _nobody()
    if not _SLOTS.acquire(blocking=False):
        _wait()
    try:
        yield
    finally:
        _SLOTS.release()


def _wait() -> None:
    busy = Busy(_("Terlalu banyak orang masuk bersamaan. Coba lagi setengah menit lagi."))
    if not _WAITING.acquire(blocking=False):
        raise busy
    try:
        if not _SLOTS.acquire(timeout=_WAIT_S):
            raise busy
    finally:
        _WAITING.release()


@cache
def _nobody() -> str:
    """A hash that no person has, so that unknown names cost as much as known ones."""
    return _HASHER.hash("nobody's password, checked only for the time it takes")


def _is_easy(password: str, known_words: Iterable[str]) -> bool:
    text = password.casefold()
    plain = re.sub(r"\s+", "", text)
    if len(set(plain)) < 4 or _is_repeated(plain) or _is_row(plain) or _is_date(plain):
        return True
    stems = {_stem(plain), *_leet_stems(plain)}
    words = {re.sub(r"[\W_]+", "", word.casefold()) for word in known_words}
    words |= {part for word in known_words for part in re.findall(r"\w{4,}", word.casefold())}
    bad = _bad_stems() | {word for word in words if len(word) >= 3}
    return any(stem in bad or _is_pair(stem, bad) for stem in stems)


@cache
def _bad_stems() -> frozenset[str]:
    return frozenset(_BAD_STEMS_FILE.read_text(encoding="utf-8").split())


def _stem(text: str) -> str:
    """The letters without the digits and signs before and after them."""
    return re.sub(r"[^a-z]+", "", re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text))


def _leet_stems(text: str) -> Iterator[str]:
    """Digits read as letters, however many of the last ones are a number: r4h4s14123."""
    end = len(text)
    while True:
        yield _stem(text[:end].translate(_LEET))
        if end == 0 or text[end - 1].isalpha():
            return
        end -= 1


def _is_pair(stem: str, bad: Iterable[str]) -> bool:
    known = frozenset(bad)
    return any(stem[:i] in known and stem[i:] in known for i in range(3, len(stem) - 2))


def _is_repeated(text: str) -> bool:
    return re.fullmatch(r"(.{1,6}?)\1+.?", text) is not None


def _is_row(text: str) -> bool:
    if any(text in row or text in row[::-1] for row in _ROWS):
        return True
    letters = re.sub(r"\d+$", "", text)
    return len(letters) >= 4 and any(letters in row or letters in row[::-1] for row in _ROWS)


def _is_date(text: str) -> bool:
    """17081945, 19450817, 17-08-1945: a birthday is the first thing a neighbour tries."""
    digits = re.sub(r"[-/.]", "", text)
    if re.fullmatch(r"\d{8}", digits) is None:
        return False
    a, b, c, d = (int(digits[i : i + 2]) for i in (0, 2, 4, 6))
    return any(
        _exists(year, month, day)
        for year, month, day in ((c * 100 + d, b, a), (c * 100 + d, a, b), (a * 100 + b, c, d))
        if 1900 <= year <= 2100
    )


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
