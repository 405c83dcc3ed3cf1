"""Lockout: a growing delay after failed sign-ins, that cannot be used to keep somebody out.

Unknown devices of an account share one counter; a device on which the person has signed in before
has its own, so an attacker elsewhere never delays it. Nothing is counted by address: a village
shares one. Time is the monotonic clock of this boot, so a wrong date neither locks nor unlocks;
after a restart of the machine the next try is free and the count goes on.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from desa_web.core import db
from desa_web.core.disk import boot_id
from desa_web.core.errors import TooMany
from desa_web.core.i18n import _
from desa_web.features.accounts.models import LoginGuard

if TYPE_CHECKING:
    from desa_web.core.site import Site

FREE_TRIES = 5
FIRST_DELAY_S, LONGEST_DELAY_S = 10, 900
# A quiet day forgives.
FORGET_MS = 24 * 3600 * 1000
_BUCKETS = 4096


def claim(site: Site, subject: str, device: str) -> int:
    """Count a try before it is judged; return how many more come without a delay.

    Counting first means that a hundred tries at once are a hundred tries. Raises TooMany while
    the delay lasts; such a try is not counted, so hammering does not make the delay longer.
    """
    now_ms, boot = int(site.clock.monotonic_s() * 1000), boot_id()
    with db.write(site.database):
        # The first statement takes the row's lock on PostgreSQL, so two tries cannot both be first.
        LoginGuard.insert(
            subject=subject, device=device, failures=1, boot_id="", at_ms=now_ms
        ).on_conflict_ignore().execute()
        where = (LoginGuard.subject == subject) & (LoginGuard.device == device)
        LoginGuard.update(failures=LoginGuard.failures).where(where).execute()
        guard = LoginGuard.get(where)
        failures = _counted(guard, now_ms, boot)
        LoginGuard.update(failures=failures, boot_id=boot, at_ms=now_ms).where(where).execute()
    return max(0, FREE_TRIES - failures)


def forgive(subject: str, device: str) -> None:
    """Forget the failures: the right password was given. Call it inside a transaction."""
    LoginGuard.delete().where(
        (LoginGuard.subject == subject) & (LoginGuard.device == device)
    ).execute()


def nobody(login: str, salt: str) -> str:
    """Return the subject for a name that nobody has: delayed like real ones, bounded in number.

    salt: something a stranger does not know, so that names sharing a bucket cannot be found.
    """
    number = int.from_bytes(sha256(f"{salt} {login}".encode()).digest()[:4], "big") % _BUCKETS
    return f"?{number:04d}"


def delay_s(failures: int) -> int:
    """Return the pause after so many failures: none, then 10, 20, 40 … 900 seconds."""
    if failures < FREE_TRIES:
        return 0
    return int(min(FIRST_DELAY_S * 2 ** min(failures - FREE_TRIES, 20), LONGEST_DELAY_S))


def _counted(guard: LoginGuard, now_ms: int, boot: str) -> int:
    if guard.boot_id == "":
        return 1  # just inserted
    passed_ms = now_ms - guard.at_ms
    if guard.boot_id == boot and passed_ms >= 0:
        if passed_ms >= FORGET_MS:
            return 1
        left_ms = delay_s(guard.failures) * 1000 - passed_ms
        if left_ms > 0:
            raise _too_many(-(-left_ms // 1000))
    return int(guard.failures) + 1


def _too_many(seconds: int) -> TooMany:
    wait = (
        _("{n} menit").format(n=-(-seconds // 60))
        if seconds > 90
        else _("{n} detik").format(n=seconds)
    )
    return TooMany(
        _(
            "Terlalu banyak percobaan untuk nama ini. Tunggu {wait}, lalu coba lagi, "
            "atau pakai kode pemulihan yang pernah dicetak."
        ).format(wait=wait),
        retry_after_s=seconds,
    )
