"""One-time codes: printed recovery codes, resets by an admin or the operator, invitations.

Every code is 80 random bits in letters that cannot be confused; only its hash is kept.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from hashlib import sha256

from desa_web.core import journal
from desa_web.core.actor import Actor, Permission, Role
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Forbidden, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.accounts import service
from desa_web.features.accounts.models import OneTimeCode, User
from desa_web.features.accounts.service import Person

RECOVERY_CODES = 8
RESET_DAYS, INVITE_DAYS = 3, 14
_LIFETIME_MS = {"reset": RESET_DAYS * DAY_MS, "invite": INVITE_DAYS * DAY_MS}
# Crockford's base 32: no I, L, O or U.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("ILO", "110")


def new_recovery_codes(actor: Actor, user_id: str, codes: Sequence[str] = ()) -> list[str]:
    """Return eight new codes to print; older ones end. For oneself, or by the operator.

    `codes` were printed already: those of `codes_of` for a secret.
    """
    if actor.user_id not in (None, user_id):
        raise Forbidden(_("Kode pemulihan hanya bisa dibuat oleh pemilik akun."))
    codes = list(codes) or [_new_code() for _number in range(RECOVERY_CODES)]
    with journal.change(actor) as change:
        row = service.find(user_id)
        _replace(row.id, "recovery", codes, change.at_ms)
        service.record(change, row, "recovery_codes")
    return codes


def codes_of(secret: str) -> list[str]:
    """Return the eight codes that belong to a secret of 256 random bits, always the same.

    They can be printed before the account exists and need not be kept anywhere until then.
    """
    found = []
    for number in range(RECOVERY_CODES):
        mac = hmac.new(secret.encode(), f"recovery code {number}".encode(), sha256).digest()
        found.append(_grouped("".join(_LETTERS[byte % 32] for byte in mac[:16])))
    return found


def codes_left(user_id: str) -> int:
    """Return how many printed recovery codes are unused."""
    where = (OneTimeCode.user_id == user_id) & (OneTimeCode.kind == "recovery")
    return int(OneTimeCode.select().where(where).count())


def reset(actor: Actor, user_id: str) -> str:
    """Return a code with which the person chooses a new password within three days."""
    actor.require(Permission.MANAGE_USERS)
    return _issue(actor, user_id, "reset")


def invite(
    actor: Actor, login: str, name: str, role: Role, initials: str = ""
) -> tuple[Person, str]:
    """Make a user and return it with the code for /undangan/<code>, valid for 14 days."""
    with journal.change(actor):
        person = service.add(actor, login, name, role, initials=initials)
        return person, _issue(actor, person.id, "invite")


def reissue_invite(actor: Actor, user_id: str) -> str:
    """Return a new invitation code for somebody who has not chosen a password yet."""
    actor.require(Permission.MANAGE_USERS)
    if service.find(user_id).password_hash:
        raise InvalidInput(_("Orang ini sudah punya kata sandi. Buat kode atur ulang saja."))
    return _issue(actor, user_id, "invite")


def invited(site: Site, code: str) -> Person:
    """Return who is invited by a code, without using it up. Raises InvalidInput."""
    return service.person_of(_owner(site, code, ("invite",)))


def accept(site: Site, code: str, password: str) -> Person:
    """Choose the first password with an invitation code."""
    row = _owner(site, code, ("invite",))
    return _set_password(site, row, code, password, "accept")


def recover(site: Site, login: str, code: str, password: str) -> Person:
    """Choose a new password with a recovery or reset code; all devices are signed out."""
    row = _owner(site, code, ("recovery", "reset", "invite"))
    if row.login != login.strip().casefold():
        raise _wrong_code()
    return _set_password(site, row, code, password, "recover")


def _issue(actor: Actor, user_id: str, kind: str) -> str:
    code = _new_code()
    with journal.change(actor) as change:
        row = service.find(user_id)
        if not row.is_active:
            raise Forbidden(_("Aktifkan dulu pengguna {login}.").format(login=row.login))
        _replace(row.id, kind, [code], change.at_ms)
        service.record(change, row, f"{kind}_code")
    return code


def _replace(user_id: str, kind: str, codes: list[str], now_ms: int) -> None:
    old = (OneTimeCode.user_id == user_id) & (OneTimeCode.kind == kind)
    OneTimeCode.delete().where(old).execute()
    for code in codes:
        OneTimeCode.create(code_hash=_hash(code), user_id=user_id, kind=kind, created_at=now_ms)


def _owner(site: Site, code: str, kinds: tuple[str, ...]) -> User:
    found = OneTimeCode.get_or_none(OneTimeCode.code_hash == _hash(code))
    if found is None or found.kind not in kinds or _has_expired(site, found):
        raise _wrong_code()
    row = service.find(found.user_id)
    if not row.is_active:
        raise _wrong_code()
    return row


def _has_expired(site: Site, code: OneTimeCode) -> bool:
    lifetime_ms = _LIFETIME_MS.get(code.kind)
    if lifetime_ms is None or site.clock.now_ms() - code.created_at <= lifetime_ms:
        return False
    return journal.clock_doubt(site) is None


def _set_password(site: Site, row: User, code: str, password: str, op: str) -> Person:
    stored = service.new_hash(site, password, row.login, row.name)
    with journal.change(Actor(site, row.id, row.name, Role(row.role), "code")) as change:
        # Two at once with one code: only one of them deletes it.
        if not OneTimeCode.delete().where(OneTimeCode.code_hash == _hash(code)).execute():
            raise _wrong_code()
        fresh = service.find(row.id)
        service.set_password(change, fresh, stored, op)
        service.forget_devices(fresh.id)
    return service.person_of(fresh)


def _new_code() -> str:
    return _grouped("".join(secrets.choice(_LETTERS) for _number in range(16)))


def _grouped(text: str) -> str:
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _hash(code: str) -> str:
    """Hash a code as people type it: small letters, spaces, O for 0."""
    letters = re.sub(r"[^A-Z0-9]", "", code[:60].upper().translate(_MISREAD))
    return sha256(f"desa-web code {letters}".encode()).hexdigest()


def _wrong_code() -> InvalidInput:
    return InvalidInput(
        fields={
            "code": _(
                "Kode belum cocok, sudah dipakai, atau sudah lewat waktunya. "
                "Periksa lagi, atau minta kode baru kepada Admin."
            )
        }
    )
